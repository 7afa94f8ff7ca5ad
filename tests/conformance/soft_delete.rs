//! Marked rows: what sees them, what brings them back, what removes them for good.

use chrono::TimeDelta;
use repo_core::{Error, PageRequest, WindowRequest, schema};

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{Fixture, acme};

pub(crate) async fn a_deleted_row_is_seen_by_no_read(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    let tickets = acme(&db).repo::<Ticket>();
    let live = tickets.create(ticket("A-1")).await.unwrap();
    let gone = tickets.create(ticket("A-2").queue("q").number(1)).await.unwrap();
    tickets.delete(gone.id).await.unwrap();
    let only_live = std::slice::from_ref(&live);
    assert_eq!(tickets.find(gone.id).await.unwrap(), None);
    assert_error!(tickets.get(gone.id).await, Error::NotFound { entity: "Ticket", .. });
    assert!(!tickets.exists(gone.id).await.unwrap());
    assert_eq!(tickets.get_many([gone.id, live.id]).await.unwrap(), [None, Some(live.clone())]);
    assert_eq!(tickets.find_by_code("A-2").await.unwrap(), None);
    assert_eq!(tickets.find_by_queue_and_number("q", 1).await.unwrap(), None);
    assert_eq!(tickets.list_by_status(Status::New).await.unwrap(), only_live);
    assert_eq!(tickets.all().await.unwrap(), only_live);
    assert_eq!(tickets.count().await.unwrap(), 1);
    assert_eq!(tickets.query().count().await.unwrap(), 1);
    assert!(!tickets.filter(Ticket::ID.eq(gone.id)).exists().await.unwrap());
    let page = tickets.query().page(PageRequest::number(1)).await.unwrap();
    assert_eq!((page.items.as_slice(), page.total), (only_live, 1));
    let window = tickets.query().window(WindowRequest::first(10)).await.unwrap();
    assert_eq!(window.items, only_live);
    assert_eq!(tickets.query().one().await.unwrap(), live);
}

pub(crate) async fn visibility_is_asked_for_query_by_query(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    let tickets = acme(&db).repo::<Ticket>();
    let live = tickets.create(ticket("A-1")).await.unwrap();
    let gone = tickets.create(ticket("A-2")).await.unwrap();
    tickets.delete(gone.id).await.unwrap();
    let ids = |rows: Vec<Ticket>| rows.into_iter().map(|row| row.id).collect::<Vec<_>>();
    let with = || tickets.query().with_deleted();
    let only = || tickets.query().only_deleted();
    assert_eq!(ids(with().all().await.unwrap()), [live.id, gone.id]);
    assert_eq!(ids(only().all().await.unwrap()), [gone.id]);
    assert_eq!((with().count().await.unwrap(), only().count().await.unwrap()), (2, 1));
    assert!(only().filter(Ticket::CODE.eq("A-2")).exists().await.unwrap());
    assert!(!only().filter(Ticket::CODE.eq("A-1")).exists().await.unwrap());
    let page = only().page(PageRequest::number(1)).await.unwrap();
    assert_eq!((ids(page.items), page.total), (vec![gone.id], 1));
    assert_eq!(with().page(PageRequest::number(1)).await.unwrap().total, 2);
    let window = with().window(WindowRequest::last(1)).await.unwrap();
    assert_eq!(ids(window.items), [gone.id]);
    assert_eq!(with().only_deleted().count().await.unwrap(), 1, "the last word counts");
}

pub(crate) async fn a_deletion_marks_bumps_and_times(fixture: Fixture) {
    let (db, clock) = fixture.with_clock(&schema![Ticket]).await;
    let tickets = acme(&db).repo::<Ticket>();
    let created = tickets.create(ticket("A-1")).await.unwrap();
    clock.advance(TimeDelta::microseconds(1));
    tickets.delete(created.id).await.unwrap();
    let now = created.created_at + TimeDelta::microseconds(1);
    let expected = Ticket { version: 2, updated_at: now, deleted_at: Some(now), ..created };
    assert_eq!(tickets.query().only_deleted().one().await.unwrap(), expected);
}

pub(crate) async fn a_second_deletion_finds_nothing_and_moves_nothing(fixture: Fixture) {
    let (db, clock) = fixture.with_clock(&schema![Ticket]).await;
    let tickets = acme(&db).repo::<Ticket>();
    let id = tickets.create(ticket("A-1")).await.unwrap().id;
    tickets.delete(id).await.unwrap();
    let deleted = tickets.query().only_deleted().one().await.unwrap();
    clock.advance(TimeDelta::seconds(1));
    assert_error!(tickets.delete(id).await, Error::NotFound { entity: "Ticket", .. });
    assert_error!(tickets.delete(id).if_version(2).await, Error::NotFound { .. });
    assert_eq!(tickets.query().only_deleted().one().await.unwrap(), deleted);
}

pub(crate) async fn a_deleted_row_is_never_changed(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    let tickets = acme(&db).repo::<Ticket>();
    let id = tickets.create(ticket("A-1")).await.unwrap().id;
    tickets.delete(id).await.unwrap();
    let deleted = tickets.query().only_deleted().one().await.unwrap();
    let patch = TicketPatch::new().title("changed");
    assert_error!(tickets.patch(id, patch).await, Error::NotFound { .. });
    let patch = TicketPatch::new().title("changed");
    assert_error!(tickets.patch(id, patch).if_version(2).await, Error::NotFound { .. });
    assert_error!(tickets.patch(id, TicketPatch::new()).await, Error::NotFound { .. });
    assert_error!(tickets.update(&deleted).await, Error::NotFound { .. });
    let live = Ticket { deleted_at: None, ..deleted.clone() };
    assert_error!(tickets.update(&live).await, Error::NotFound { .. });
    assert_eq!(tickets.query().only_deleted().one().await.unwrap(), deleted);
}

pub(crate) async fn a_restored_row_is_live_again(fixture: Fixture) {
    let (db, clock) = fixture.with_clock(&schema![Ticket]).await;
    let tickets = acme(&db).repo::<Ticket>();
    let created = tickets.create(ticket("A-1")).await.unwrap();
    tickets.delete(created.id).await.unwrap();
    clock.advance(TimeDelta::seconds(1));
    let restored = tickets.restore(created.id).await.unwrap();
    let now = created.created_at + TimeDelta::seconds(1);
    assert_eq!(restored, Ticket { version: 3, updated_at: now, ..created });
    assert_eq!(tickets.get(restored.id).await.unwrap(), restored);
}

pub(crate) async fn a_live_row_is_neither_restored_nor_purged(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    let tickets = acme(&db).repo::<Ticket>();
    let live = tickets.create(ticket("A-1")).await.unwrap();
    let id = live.id.to_string();
    let is_live = |error: &Error| matches!(error, Error::NotDeleted { entity: "Ticket", id: of } if *of == id);
    let error = tickets.restore(live.id).await.expect_err("restored");
    assert!(is_live(&error), "{error:?}");
    let error = tickets.restore(live.id).if_version(1).await.expect_err("restored");
    assert!(is_live(&error), "{error:?}");
    let error = tickets.purge(live.id).await.expect_err("purged");
    assert!(is_live(&error), "{error:?}");
    assert_eq!(tickets.get(live.id).await.unwrap(), live);
}

pub(crate) async fn a_purged_row_is_gone_for_good(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    let tickets = acme(&db).repo::<Ticket>();
    let id = tickets.create(ticket("A-1")).await.unwrap().id;
    let other = tickets.create(ticket("A-2")).await.unwrap();
    tickets.delete(id).await.unwrap();
    tickets.delete(other.id).await.unwrap();
    tickets.purge(id).await.unwrap();
    assert_eq!(tickets.query().with_deleted().one().await.unwrap().id, other.id);
    assert_error!(tickets.purge(id).await, Error::NotFound { .. });
    assert_error!(tickets.restore(id).await, Error::NotFound { .. });
}

pub(crate) async fn the_value_of_a_deleted_row_is_free(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    let tickets = acme(&db).repo::<Ticket>();
    for _ in 0..3 {
        let id = tickets.create(ticket("A-1")).await.unwrap().id;
        tickets.delete(id).await.unwrap();
    }
    assert_eq!(tickets.query().only_deleted().count().await.unwrap(), 3);
}

pub(crate) async fn a_restore_that_collides_leaves_the_row_deleted(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    let tickets = acme(&db).repo::<Ticket>();
    let old = tickets.create(ticket("A-1")).await.unwrap();
    tickets.delete(old.id).await.unwrap();
    let deleted = tickets.query().only_deleted().one().await.unwrap();
    let new = tickets.create(ticket("A-1")).await.unwrap();
    let error = tickets.restore(old.id).await.expect_err("restored");
    assert!(error.is_conflict());
    match error {
        Error::RestoreConflict { entity, columns } => {
            assert_eq!((entity, columns), ("Ticket", vec!["code".to_owned()]));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(tickets.query().only_deleted().one().await.unwrap(), deleted, "state intact");
    assert_eq!(tickets.get(new.id).await.unwrap(), new);
    tickets.delete(new.id).await.unwrap();
    tickets.restore(old.id).await.unwrap();
}

pub(crate) async fn a_version_guards_deletion_and_restoration(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    let tickets = acme(&db).repo::<Ticket>();
    let id = tickets.create(ticket("A-1")).await.unwrap().id;
    let stale = tickets.delete(id).if_version(2).await;
    assert_error!(stale, Error::VersionConflict { expected: 2, actual: Some(1), .. });
    tickets.delete(id).if_version(1).await.unwrap();
    let stale = tickets.restore(id).if_version(1).await;
    assert_error!(stale, Error::VersionConflict { expected: 1, actual: Some(2), .. });
    assert_eq!(tickets.restore(id).if_version(2).await.unwrap().version, 3);
}
