//! The order of rows: by several keys, with NULL where it was asked for, text by its bytes.

use repo_core::{Error, Order, PageRequest, SortKeys, WindowRequest, schema};

use crate::entities::*;
use crate::expect::assert_error;
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

/// `nulls` says where they come, `size` leaves it to the direction, and `place` is two orders.
fn sort_keys() -> SortKeys<Item> {
    SortKeys::new()
        .key("name", Item::NAME.asc())
        .key("size", Item::SIZE.asc())
        .key("nulls", Item::SIZE.asc().nulls_last())
        .key("newest", Item::ID.desc())
        .key("place", [Item::SHELF.desc().nulls_last(), Item::NAME.asc()])
}

pub(crate) async fn a_client_sorts_by_what_is_listed(fixture: Fixture) {
    let items = stocked(&fixture).await;
    let keys = sort_keys();
    for (text, expected) in [
        ("", "abcde"),
        ("name", "abcde"),
        ("-name", "edcba"),
        ("newest", "edcba"),
        ("-newest", "abcde"),
        ("size", "cadbe"),
        ("-size", "ebdac"),
        ("nulls,name", "cadbe"),
        ("-nulls,name", "adcbe"),
        ("-nulls,-name", "daceb"),
        ("place", "bdace"),
        ("-place", "adbec"),
        ("size,-name,newest", "cdaeb"),
    ] {
        let query = || items.query().order_by(keys.parse(text).unwrap());
        let all = query().all().await.unwrap();
        let names: String = all.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(names, expected, "{text}");
        let page = query().page(PageRequest::number(2).size(2)).await.unwrap();
        assert_eq!((&page.items[..], page.total), (&all[2..4], 5), "{text}");
        let mut walked = query().window(WindowRequest::first(2)).await.unwrap();
        let mut seen = walked.items.clone();
        while let Some(next) = walked.next_cursor() {
            walked = query().window(WindowRequest::first(2).after(next)).await.unwrap();
            seen.extend(walked.items.clone());
        }
        assert_eq!(seen, all, "{text}");
    }
    let none: Option<Order<Item>> = None;
    let unsorted = items.query().order_by(none).order_by([Item::NAME.desc()]);
    assert_eq!(unsorted.first().await.unwrap().unwrap().name, "e");
}

pub(crate) async fn a_client_sorts_by_what_a_row_refers_to(fixture: Fixture) {
    let db = fixture.with(&library()).await;
    let session = acme(&db);
    let (authors, books) = (session.repo::<Author>(), session.repo::<Book>());
    for (name, titles) in [("Bea", ["a", "d"]), ("Ada", ["c", "b"])] {
        let writer = authors.create(author(name)).await.unwrap();
        for title in titles {
            books.create(book(title, &writer)).await.unwrap();
        }
    }
    let keys = SortKeys::new()
        .key("author", Book::author().column(Author::NAME).asc())
        .key("title", Book::TITLE.asc());
    for (text, expected) in [("author,title", "bcad"), ("-author,title", "adbc")] {
        let query = || books.query().order_by(keys.parse(text).unwrap());
        let titles: String =
            query().all().await.unwrap().into_iter().map(|book| book.title).collect();
        assert_eq!(titles, expected);
        let start = query().window(WindowRequest::first(3)).await.unwrap().next_cursor().unwrap();
        let rest = query().window(WindowRequest::first(3).after(start)).await.unwrap();
        assert_eq!(rest.items[0].title, expected[3..]);
    }
}

pub(crate) async fn a_cursor_of_another_sort_is_refused(fixture: Fixture) {
    let items = stocked(&fixture).await;
    let keys = sort_keys();
    let sorted = |text| items.query().order_by(keys.parse(text).unwrap());
    let cursor = sorted("size").window(WindowRequest::first(2)).await.unwrap().end.unwrap();
    for other in ["", "-size", "name", "size,name"] {
        let next = WindowRequest::first(2).after(cursor.clone());
        assert_error!(sorted(other).window(next).await, Error::InvalidCursor { .. });
    }
    let next = WindowRequest::first(2).after(cursor);
    assert_eq!(sorted("size").window(next).await.unwrap().items.len(), 2);
}

pub(crate) async fn a_client_sorts_by_nothing_that_is_not_listed(fixture: Fixture) {
    let items = stocked(&fixture).await;
    let keys = SortKeys::<Item>::new().key("title", Item::SIZE.asc());
    let keys = keys.key("size", Item::SIZE.asc()).key("title", Item::NAME.desc());
    let first = items.query().order_by(keys.parse("title").unwrap()).first().await.unwrap();
    assert_eq!(first.unwrap().name, "e", "the later of two");
    let long = "x".repeat(100);
    let cut = format!("`sort` has no key `{}..`: there are `size`, `title`", "x".repeat(64));
    for (text, said) in [
        ("titel", "`sort` has no key `titel`: there are `size`, `title`"),
        ("size,shelf", "`sort` has no key `shelf`: there are `size`, `title`"),
        ("Size", "`sort` has no key `Size`: there are `size`, `title`"),
        ("--size", "`sort` has no key `-size`: there are `size`, `title`"),
        ("size, title", "`sort` has no key ` title`: there are `size`, `title`"),
        ("a\nb", "`sort` has no key `a\u{fffd}b`: there are `size`, `title`"),
        ("size,-size", "`sort` has `size` more than once: there are `size`, `title`"),
        ("size,", "`sort` has an empty key: there are `size`, `title`"),
        ("-", "`sort` has an empty key: there are `size`, `title`"),
        (&long, &cut),
    ] {
        let refused = keys.parse(text).unwrap_err();
        assert_eq!(refused.to_string(), said);
        assert!(matches!(&refused, Error::InvalidInput { column, .. } if column == "sort"));
    }
    let refused = SortKeys::<Item>::new().parse("size").unwrap_err().to_string();
    assert_eq!(refused, "`sort` has no key `size`: there are none");
}
