//! Versions: a stale write is an error, and every change counts.

use chrono::TimeDelta;
use repo_core::{Error, Isolation, TransactionOptions, schema};

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{Fixture, acme, backend};

pub(crate) async fn every_change_bumps_the_version_and_the_time(fixture: Fixture) {
    let (db, clock) = fixture.with_clock(&schema![Ticket]).await;
    let tickets = acme(&db).repo::<Ticket>();
    let created = tickets.create(ticket("A-1")).await.unwrap();
    clock.advance(TimeDelta::seconds(1));
    let patched = tickets.patch(created.id, TicketPatch::new().title("b")).await.unwrap();
    let now = created.created_at + TimeDelta::seconds(1);
    let expected = Ticket { title: "b".to_owned(), version: 2, updated_at: now, ..created.clone() };
    assert_eq!(patched, expected);
    clock.advance(TimeDelta::seconds(1));
    let updated = tickets.update(&Ticket { weight: 5, ..patched }).await.unwrap();
    let now = now + TimeDelta::seconds(1);
    assert_eq!(updated, Ticket { weight: 5, version: 3, updated_at: now, ..expected });
    assert_eq!(tickets.get(created.id).await.unwrap(), updated);
}

pub(crate) async fn an_update_of_a_stale_row_is_a_conflict(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    let tickets = acme(&db).repo::<Ticket>();
    let first = tickets.create(ticket("A-1")).await.unwrap();
    let changed = Ticket { weight: 7, ..first.clone() };
    let second = tickets.update(&changed).await.unwrap();
    let stale = tickets.update(&Ticket { title: "lost".to_owned(), ..first.clone() }).await;
    let id = first.id.to_string();
    assert_error!(
        stale,
        Error::VersionConflict { entity: "Ticket", id: of, expected: 1, actual: Some(2) } if of == id
    );
    let future = tickets.update(&Ticket { version: 9, ..first }).await;
    assert_error!(future, Error::VersionConflict { expected: 9, actual: Some(2), .. });
    assert_eq!(tickets.get(second.id).await.unwrap(), second);
}

pub(crate) async fn a_patch_compares_the_version_only_if_it_is_told(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    let tickets = acme(&db).repo::<Ticket>();
    let id = tickets.create(ticket("A-1")).await.unwrap().id;
    let patch = |weight| TicketPatch::new().weight(weight);
    assert_eq!(tickets.patch(id, patch(2)).await.unwrap().version, 2);
    assert_eq!(tickets.patch(id, patch(3)).if_version(2).await.unwrap().version, 3);
    let stale = tickets.patch(id, patch(4)).if_version(2).await;
    assert_error!(stale, Error::VersionConflict { expected: 2, actual: Some(3), .. });
    assert_eq!(tickets.get(id).await.unwrap().version, 3);
}

pub(crate) async fn a_version_conflict_inside_a_transaction_is_survived(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    let session = acme(&db);
    let created = session.repo::<Ticket>().create(ticket("A-1")).await.unwrap();
    let done: Result<Ticket, Error> = session
        .transaction(async |tx| {
            let tickets = tx.repo::<Ticket>();
            let stale = tickets.patch(created.id, TicketPatch::new().weight(2)).if_version(7).await;
            assert_error!(stale, Error::VersionConflict { expected: 7, actual: Some(1), .. });
            tickets.patch(created.id, TicketPatch::new().weight(3)).await
        })
        .await;
    assert_eq!(done.unwrap().weight, 3);
}

pub(crate) async fn of_many_writers_of_one_version_one_wins(fixture: Fixture) {
    let db = fixture.with(&schema![Counter]).await;
    let created = db.session().repo::<Counter>().create(counter("hits")).await.unwrap();
    let tasks: Vec<_> = (1..=20)
        .map(|value| {
            let (db, read) = (db.clone(), created.clone());
            tokio::spawn(async move {
                db.session().repo::<Counter>().update(&Counter { value, ..read }).await
            })
        })
        .collect();
    let mut won = Vec::new();
    for task in tasks {
        match task.await.unwrap() {
            Ok(row) => won.push(row),
            Err(error) => assert!(error.is_version_conflict(), "{error:?}"),
        }
    }
    assert_eq!(won.len(), 1);
    assert_eq!(db.session().repo::<Counter>().get(created.id).await.unwrap(), won[0]);
}

pub(crate) async fn a_race_in_a_snapshot_is_a_version_conflict_as_well(fixture: Fixture) {
    let db = fixture.with(&schema![Counter]).await;
    let counters = db.session().repo::<Counter>();
    let row = counters.create(counter("hits")).await.unwrap();
    if db.system() == "sqlite" {
        // Writers stand in line there: no snapshot is older than what it writes on.
        return;
    }
    let options = TransactionOptions::new().isolation(Isolation::RepeatableRead);
    let tx = db.session().begin_with(options).await.unwrap();
    let seen = tx.repo::<Counter>().get(row.id).await.unwrap();
    counters.patch(row.id, CounterPatch::new().value(1)).await.unwrap();
    let lost = tx.repo::<Counter>().update(&Counter { value: 2, ..seen }).await;
    assert_error!(lost, Error::VersionConflict { expected: 1, actual: None, .. });
    tx.rollback().await.unwrap();
}

pub(crate) async fn a_fixed_column_is_never_changed(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    let tickets = acme(&db).repo::<Ticket>();
    let created = tickets.create(ticket("A-1").queue("q")).await.unwrap();
    let moved = Ticket { queue: "other".to_owned(), title: "b".to_owned(), ..created.clone() };
    assert_error!(tickets.update(&moved).await, Error::InvalidInput { column, .. } if column == "queue");
    assert_eq!(tickets.get(created.id).await.unwrap(), created);
    let stale = Ticket { version: 7, ..moved };
    let refused = tickets.update(&stale).await;
    assert_error!(refused, Error::VersionConflict { expected: 7, actual: Some(1), .. });
}

pub(crate) async fn managed_columns_are_not_taken_from_the_entity(fixture: Fixture) {
    let (db, _clock) = fixture.with_clock(&schema![Ticket]).await;
    let tickets = acme(&db).correlation("first").repo::<Ticket>();
    let created = tickets.create(ticket("A-1")).await.unwrap();
    let forged = Ticket {
        created_at: created.created_at - TimeDelta::days(1),
        updated_at: created.created_at - TimeDelta::days(1),
        deleted_at: Some(created.created_at),
        correlation_id: None,
        weight: 7,
        ..created.clone()
    };
    let updated = acme(&db).correlation("second");
    let updated = updated.repo::<Ticket>().update(&forged).await.unwrap();
    assert_eq!(updated, Ticket { version: 2, weight: 7, ..created });
}

pub(crate) async fn a_version_that_cannot_grow_is_an_error(fixture: Fixture) {
    let db = fixture.with(&schema![Counter]).await;
    let counters = db.session().repo::<Counter>();
    let row = counters.create(counter("hits")).await.unwrap();
    let mut raw = backend(&db).begin(TransactionOptions::new()).await.unwrap();
    let most = format!("UPDATE counters SET version = {}", i64::MAX);
    raw.execute_script(&most).await.unwrap();
    raw.commit().await.unwrap();
    let patched = counters.patch(row.id, CounterPatch::new().value(1)).await;
    assert!(patched.is_err(), "{patched:?}");
    let row = counters.get(row.id).await.unwrap();
    assert_eq!((row.version, row.value), (i64::MAX, 0));
}

pub(crate) async fn what_changes_nothing_bumps_nothing(fixture: Fixture) {
    let (db, clock) = fixture.with_clock(&schema![Ticket, Counter]).await;
    let tickets = acme(&db).repo::<Ticket>();
    let created = tickets.create(ticket("A-1")).await.unwrap();
    clock.advance(TimeDelta::seconds(1));
    assert_eq!(tickets.update(&created).await.unwrap(), created);
    let same = TicketPatch::new().title(created.title.clone()).owner(None);
    assert_eq!(tickets.patch(created.id, same).if_version(1).await.unwrap(), created);
    let stale = tickets.patch(created.id, TicketPatch::new().weight(1)).if_version(7).await;
    assert_error!(stale, Error::VersionConflict { expected: 7, actual: Some(1), .. });
    let counters = db.session().repo::<Counter>();
    let row = counters.create(counter("hits")).await.unwrap();
    assert_eq!(counters.patch(row.id, CounterPatch::new().value(0)).await.unwrap(), row);
    tickets.delete(created.id).await.unwrap();
    let gone = tickets.patch(created.id, TicketPatch::new().weight(1)).await;
    assert_error!(gone, Error::NotFound { .. });
}
