//! Rows written, read, changed and removed one by one.

use repo_core::{Error, Patch, schema};
use uuid::Uuid;

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{Fixture, NOBODY, acme, bolt};

pub(crate) async fn a_created_row_is_found(fixture: Fixture) {
    let (db, _clock) = fixture.with_clock(&schema![Ticket]).await;
    let tickets = acme(&db).correlation("request 7").repo::<Ticket>();
    let created = tickets.create(ticket("A-1")).await.unwrap();
    assert_eq!(created.code, "A-1");
    assert_eq!(created.tenant_id, crate::fixture::ACME);
    assert_eq!((created.version, created.weight, created.queue.as_str()), (1, 1, "inbox"));
    assert_eq!(created.correlation_id.as_deref(), Some("request 7"));
    assert_eq!(created.created_at, crate::fixture::moment("2026-01-31T12:00:00.123456Z"));
    assert_eq!((created.updated_at, created.deleted_at), (created.created_at, None));
    assert_eq!(tickets.find(created.id).await.unwrap(), Some(created.clone()));
    assert_eq!(tickets.get(created.id).await.unwrap(), created);
    assert!(tickets.exists(created.id).await.unwrap());
}

pub(crate) async fn a_default_is_taken_unless_it_is_set(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    let tickets = acme(&db).repo::<Ticket>();
    let draft = ticket("A-1").weight(7).queue("support").number(3).reporter("eve@x.org".to_owned());
    let created = tickets.create(draft).await.unwrap();
    assert_eq!((created.weight, created.queue.as_str(), created.number), (7, "support", Some(3)));
    assert_eq!(created.reporter.as_deref(), Some("eve@x.org"));
    assert_eq!(tickets.get(created.id).await.unwrap(), created);
}

pub(crate) async fn a_missing_row_is_not_found(fixture: Fixture) {
    let db = fixture.with(&schema![Item, Counter]).await;
    let items = db.session().repo::<Item>();
    assert_eq!(items.find(NOBODY).await.unwrap(), None);
    assert!(!items.exists(NOBODY).await.unwrap());
    let id = NOBODY.to_string();
    let is_nobody =
        |error: &Error| matches!(error, Error::NotFound { entity: "Item", id: of } if *of == id);
    let unsaved = Item { id: NOBODY, name: "x".to_owned(), size: None, shelf: None };
    for error in [
        items.get(NOBODY).await.expect_err("got"),
        items.update(&unsaved).await.expect_err("updated"),
        items.patch(NOBODY, ItemPatch::new().size(1)).await.expect_err("patched"),
        items.patch(NOBODY, ItemPatch::new()).await.expect_err("patched"),
        items.delete(NOBODY).await.expect_err("deleted"),
    ] {
        assert!(is_nobody(&error) && error.is_not_found(), "{error:?}");
    }
    let counters = db.session().repo::<Counter>();
    assert_error!(counters.get(-1).await, Error::NotFound { entity: "Counter", id } if id == "-1");
}

pub(crate) async fn an_empty_table_answers_every_read(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    let items = db.session().repo::<Item>();
    assert_eq!(items.all().await.unwrap(), []);
    assert_eq!(items.count().await.unwrap(), 0);
    assert_eq!(items.first().await.unwrap(), None);
    assert!(!items.query().exists().await.unwrap());
    assert_eq!(items.query().at_most_one().await.unwrap(), None);
    assert_error!(items.query().one().await, Error::NoMatch { entity: "Item" });
    assert_eq!(items.get_many([]).await.unwrap(), []);
    assert_eq!(items.get_many([NOBODY]).await.unwrap(), [None]);
    assert_eq!(items.create_many(Vec::<NewItem>::new()).await.unwrap(), []);
}

pub(crate) async fn rows_come_by_id_unless_ordered(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    let items = db.session().repo::<Item>();
    let mut created = Vec::new();
    for name in ["c", "a", "b"] {
        created.push(items.create(item(name)).await.unwrap());
    }
    assert_eq!(items.all().await.unwrap(), created, "ids made later sort later");
    assert_eq!(items.first().await.unwrap().as_ref(), created.first());
    assert_eq!(items.count().await.unwrap(), 3);
    assert_eq!(items.query().limit(2).all().await.unwrap(), created[..2]);
    assert_eq!(items.query().offset(1).all().await.unwrap(), created[1..]);
    assert_eq!(items.query().limit(1).offset(1).all().await.unwrap(), created[1..2]);
    assert_eq!(items.query().limit(0).all().await.unwrap(), []);
    assert_eq!(items.query().limit(u64::MAX).offset(u64::MAX).all().await.unwrap(), []);
    assert_eq!(items.query().limit(1).count().await.unwrap(), 3, "whatever the limit");
}

pub(crate) async fn one_row_is_neither_none_nor_two(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    let items = db.session().repo::<Item>();
    let a = items.create(item("a")).await.unwrap();
    items.create(item("b")).await.unwrap();
    assert_eq!(items.filter(Item::NAME.eq("a")).one().await.unwrap(), a);
    assert_error!(items.query().one().await, Error::MoreThanOne { entity: "Item" });
    assert_error!(items.query().at_most_one().await, Error::MoreThanOne { entity: "Item" });
    assert_error!(items.filter(Item::NAME.eq("c")).one().await, Error::NoMatch { entity: "Item" });
}

pub(crate) async fn many_are_got_in_the_order_of_their_ids(fixture: Fixture) {
    let db = fixture.with(&schema![Item, Counter]).await;
    let items = db.session().repo::<Item>();
    let a = items.create(item("a")).await.unwrap();
    let b = items.create(item("b")).await.unwrap();
    let found = items.get_many([b.id, NOBODY, a.id, b.id, NOBODY]).await.unwrap();
    assert_eq!(found, [Some(b.clone()), None, Some(a), Some(b), None]);

    let counters = db.session().repo::<Counter>();
    let one = counters.create(counter("one")).await.unwrap();
    let two = counters.create(counter("two")).await.unwrap();
    let found = counters.get_many([two.id, i64::MAX, one.id, two.id]).await.unwrap();
    assert_eq!(found, [Some(two.clone()), None, Some(one), Some(two)]);
}

pub(crate) async fn forty_thousand_ids_are_got_at_once(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    let items = db.session().repo::<Item>();
    let a = items.create(item("a")).await.unwrap();
    let mut ids: Vec<Uuid> = (0..40_000).map(|n| Uuid::from_u128(n + 1)).collect();
    ids.push(a.id);
    let found = items.get_many(ids).await.unwrap();
    assert_eq!(found.len(), 40_001);
    assert_eq!(found.iter().flatten().collect::<Vec<_>>(), [&a]);
    assert_eq!(found[40_000].as_ref(), Some(&a));
}

pub(crate) async fn an_update_writes_the_whole_entity(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    let items = db.session().repo::<Item>();
    let created = items.create(NewItem { size: Some(1), ..item("a") }).await.unwrap();
    let other = items.create(item("b")).await.unwrap();
    let changed =
        Item { name: "A".to_owned(), size: None, shelf: Some("top".to_owned()), ..created };
    assert_eq!(items.update(&changed).await.unwrap(), changed);
    assert_eq!(items.get(changed.id).await.unwrap(), changed);
    assert_eq!(items.get(other.id).await.unwrap(), other, "no other row");
}

pub(crate) async fn a_patch_changes_only_what_it_sets(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    let items = db.session().repo::<Item>();
    let new = NewItem { size: Some(1), shelf: Some("top".to_owned()), ..item("a") };
    let created = items.create(new).await.unwrap();
    let other = items.create(item("b")).await.unwrap();

    let patched = items.patch(created.id, ItemPatch::new().name("A")).await.unwrap();
    assert_eq!(patched, Item { name: "A".to_owned(), ..created.clone() });
    let patched = items.patch(created.id, ItemPatch::new().size(None)).await.unwrap();
    assert_eq!(patched.size, None);
    assert_eq!(patched.shelf.as_deref(), Some("top"), "not set is not NULL");
    let twice = ItemPatch::new().size(5).shelf(None).size(6);
    let patched = items.patch(created.id, twice).await.unwrap();
    assert_eq!((patched.size, patched.shelf.as_ref()), (Some(6), None));
    assert_eq!(items.get(created.id).await.unwrap(), patched);
    assert_eq!(items.get(other.id).await.unwrap(), other, "no other row");
    let whole: Patch<Item> = ItemPatch::new().size(7).into();
    assert_eq!(items.patch(created.id, whole).await.unwrap().size, Some(7));
}

pub(crate) async fn an_empty_patch_changes_nothing(fixture: Fixture) {
    let (db, clock) = fixture.with_clock(&schema![Ticket]).await;
    let tickets = acme(&db).repo::<Ticket>();
    let created = tickets.create(ticket("A-1")).await.unwrap();
    clock.advance(chrono::TimeDelta::seconds(1));
    assert_eq!(tickets.patch(created.id, TicketPatch::new()).await.unwrap(), created);
    assert_eq!(tickets.get(created.id).await.unwrap(), created);
    let stale = tickets.patch(created.id, TicketPatch::new()).if_version(9).await;
    assert_error!(stale, Error::VersionConflict { expected: 9, actual: Some(1), .. });
}

pub(crate) async fn a_deleted_row_without_soft_delete_is_gone(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    let items = db.session().repo::<Item>();
    let a = items.create(item("a")).await.unwrap();
    let b = items.create(item("b")).await.unwrap();
    items.delete(a.id).await.unwrap();
    assert_eq!(items.all().await.unwrap(), [b]);
    assert_error!(items.delete(a.id).await, Error::NotFound { entity: "Item", .. });
    items.create(item("a")).await.unwrap();
}

pub(crate) async fn rows_that_never_change_are_added_and_read(fixture: Fixture) {
    let db = fixture.with(&schema![Event]).await;
    let request = Uuid::from_u128(42);
    let events = db.tenant(Org(7)).correlation(request).repo::<Event>();
    let payload = Payload { words: vec!["🦀".to_owned()], amount: Some(1e16) };
    let new = NewEvent { payload: payload.clone(), note: Some(payload), ..event("a") };
    let created = events.create(new).await.unwrap();
    assert_eq!((created.org, created.request), (Org(7), request));
    assert_eq!(events.get(created.id).await.unwrap(), created);
    assert_eq!(events.find_by_key("a").await.unwrap(), Some(created));
    assert_error!(events.create(event("a")).await, Error::Conflict { .. });
}

pub(crate) async fn finders_find_by_unique_and_indexed_columns(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    let tickets = acme(&db).repo::<Ticket>();
    let one = tickets.create(ticket("A-1").queue("q").number(1)).await.unwrap();
    let owned = NewTicket { owner: Some("eve".to_owned()), ..ticket("A-2") };
    let two = tickets.create(owned).await.unwrap();
    assert_eq!(tickets.find_by_code("A-1").await.unwrap(), Some(one.clone()));
    assert_eq!(tickets.find_by_code("A-3").await.unwrap(), None);
    assert_eq!(tickets.find_by_queue_and_number("q", 1).await.unwrap(), Some(one.clone()));
    assert_eq!(tickets.find_by_queue_and_number("q", 2).await.unwrap(), None);
    assert_eq!(tickets.list_by_owner("eve").await.unwrap(), std::slice::from_ref(&two));
    assert_eq!(tickets.list_by_status(Status::New).await.unwrap(), [one, two]);
    assert_eq!(tickets.list_by_status(Status::Done).await.unwrap(), []);
    let others = bolt(&db).repo::<Ticket>();
    assert_eq!(others.find_by_code("A-1").await.unwrap(), None);
    assert_eq!(others.list_by_status(Status::New).await.unwrap(), []);
}

pub(crate) async fn identities_are_made_by_the_database(fixture: Fixture) {
    let db = fixture.with(&schema![Counter, Event]).await;
    let counters = db.session().repo::<Counter>();
    let one = counters.create(counter("one")).await.unwrap();
    let two = counters.create(counter("two")).await.unwrap();
    assert!(one.id > 0 && two.id > one.id, "{one:?} {two:?}");
    counters.delete(two.id).await.unwrap();
    let three = counters.create(counter("three")).await.unwrap();
    assert!(three.id > two.id, "an identity is not used again");

    let session = |org| db.tenant(Org(org)).correlation(Uuid::from_u128(1));
    let first = session(1).repo::<Event>().create(event("a")).await.unwrap();
    let second = session(2).repo::<Event>().create(event("a")).await.unwrap();
    assert!(second.id > first.id);
    assert_eq!(session(2).repo::<Event>().find(first.id).await.unwrap(), None);
}

pub(crate) async fn hostile_text_is_only_text(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    let items = db.session().repo::<Item>();
    let hostile = [
        "'; DROP TABLE items; --",
        "\"; DELETE FROM \"items\"; --",
        "' OR '1'='1",
        "\\'; SELECT 1; /*",
        "$1 ?1 %s {} \u{2019}",
    ];
    for name in hostile {
        let new = NewItem { shelf: Some(name.to_owned()), ..item(name) };
        let created = items.create(new).await.unwrap();
        assert_eq!(items.find_by_name(name).await.unwrap(), Some(created.clone()));
        let filter = Item::SHELF.contains(name) & Item::NAME.in_list([name]);
        assert_eq!(items.filter(filter).all().await.unwrap(), [created]);
    }
    assert_eq!(items.count().await.unwrap(), hostile.len() as u64);
}
