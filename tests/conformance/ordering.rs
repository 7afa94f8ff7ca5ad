//! The order of rows: by several keys, with NULL where it was asked for, text by its bytes.

use repo_core::{Order, schema};

use crate::entities::*;
use crate::fixture::{Fixture, acme};

type Items = ItemRepository<repo_core::NoTenant>;

async fn names(items: &Items, orders: &[Order<Item>]) -> Vec<String> {
    let query = orders.iter().fold(items.query(), |query, order| query.order_by(*order));
    query.all().await.unwrap().into_iter().map(|row| row.name).collect()
}

async fn stocked(fixture: &Fixture) -> Items {
    let db = fixture.with(&schema![Item]).await;
    let items = db.session().repo::<Item>();
    for (name, size, shelf) in [
        ("a", Some(2), Some("x")),
        ("b", None, Some("y")),
        ("c", Some(1), None),
        ("d", Some(2), Some("y")),
        ("e", None, None),
    ] {
        let shelf = shelf.map(str::to_owned);
        items.create(NewItem { size, shelf, ..item(name) }).await.unwrap();
    }
    items
}

pub(crate) async fn null_ranks_above_every_value(fixture: Fixture) {
    let items = stocked(&fixture).await;
    assert_eq!(names(&items, &[Item::SIZE.asc()]).await, ["c", "a", "d", "b", "e"]);
    assert_eq!(names(&items, &[Item::SIZE.desc()]).await, ["e", "b", "d", "a", "c"]);
}

pub(crate) async fn null_stands_where_it_is_put(fixture: Fixture) {
    let items = stocked(&fixture).await;
    let order = Item::SIZE.asc().nulls_first();
    assert_eq!(names(&items, &[order]).await, ["b", "e", "c", "a", "d"]);
    let order = Item::SIZE.asc().nulls_last();
    assert_eq!(names(&items, &[order]).await, ["c", "a", "d", "b", "e"]);
    let order = Item::SIZE.desc().nulls_first();
    assert_eq!(names(&items, &[order]).await, ["e", "b", "d", "a", "c"]);
    let order = Item::SIZE.desc().nulls_last();
    assert_eq!(names(&items, &[order]).await, ["d", "a", "c", "e", "b"]);
}

pub(crate) async fn several_keys_count_one_after_the_other(fixture: Fixture) {
    let items = stocked(&fixture).await;
    let orders = [Item::SIZE.desc().nulls_last(), Item::SHELF.asc(), Item::NAME.desc()];
    assert_eq!(names(&items, &orders).await, ["a", "d", "c", "b", "e"]);
    let orders = [Item::SHELF.asc().nulls_first(), Item::SIZE.desc().nulls_last()];
    assert_eq!(names(&items, &orders).await, ["c", "e", "a", "d", "b"]);
}

pub(crate) async fn the_id_decides_among_equals(fixture: Fixture) {
    let items = stocked(&fixture).await;
    assert_eq!(names(&items, &[Item::ID.desc()]).await, ["e", "d", "c", "b", "a"]);
    let orders = [Item::SIZE.asc(), Item::ID.desc()];
    assert_eq!(names(&items, &orders).await, ["c", "d", "a", "e", "b"]);
    let first = items.query().order_by(Item::SIZE.desc()).first().await.unwrap();
    assert_eq!(first.unwrap().name, "e");
}

pub(crate) async fn text_is_ordered_by_its_bytes(fixture: Fixture) {
    let db = fixture.with(&schema![Item, Ticket]).await;
    let items = db.session().repo::<Item>();
    let mut expected = vec![
        "", " ", "\"", "%", "-", "10", "9", "A", "Z", "_", "a", "a b", "ab", "a\u{301}", "z", "É",
        "é", "ß", "日", "\u{ffff}", "🦀",
    ];
    expected.sort_unstable();
    for name in expected.iter().rev() {
        items.create(item(name)).await.unwrap();
    }
    assert_eq!(names(&items, &[Item::NAME.asc()]).await, expected);
    expected.reverse();
    assert_eq!(names(&items, &[Item::NAME.desc()]).await, expected);
    for (index, name) in expected.iter().enumerate() {
        let above = items.filter(Item::NAME.gt(*name)).count().await.unwrap();
        assert_eq!(above, index as u64, "{name:?}");
    }
    let tickets = acme(&db).repo::<Ticket>();
    for name in ["b", "B", "a"] {
        tickets.create(ticket(name)).await.unwrap();
    }
    let ordered = tickets.query().order_by(Ticket::CODE.asc()).all().await.unwrap();
    assert_eq!(ordered.iter().map(|row| row.code.as_str()).collect::<Vec<_>>(), ["B", "a", "b"]);
}

pub(crate) async fn an_enum_is_ordered_by_its_stored_name(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    let tickets = acme(&db).repo::<Ticket>();
    for (code, status) in [("1", Status::New), ("2", Status::Done), ("3", Status::InProgress)] {
        tickets.create(NewTicket { status, ..ticket(code) }).await.unwrap();
    }
    let ordered = tickets.query().order_by(Ticket::STATUS.asc()).all().await.unwrap();
    let codes: Vec<_> = ordered.iter().map(|row| row.code.as_str()).collect();
    assert_eq!(codes, ["2", "3", "1"], "done, in_progress, new");
}
