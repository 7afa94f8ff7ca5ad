//! Many rows at once: all or none, in the order they were given.

use repo_core::{Error, schema};
use uuid::Uuid;

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{Fixture, acme, bolt, moment};

pub(crate) async fn ten_thousand_rows_come_back_in_order(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    let tickets = acme(&db).repo::<Ticket>();
    let rows = (0..10_000).rev().map(|n| ticket(&format!("T-{n:05}")).weight(n));
    let created = tickets.create_many(rows).await.unwrap();
    assert_eq!(created.len(), 10_000);
    assert!(created.iter().zip((0..10_000).rev()).all(|(row, n)| row.weight == n));
    assert_eq!(tickets.all().await.unwrap(), created);
    assert_eq!(bolt(&db).repo::<Ticket>().count().await.unwrap(), 0);
}

pub(crate) async fn each_identity_belongs_to_its_row(fixture: Fixture) {
    let db = fixture.with(&schema![Counter]).await;
    let counters = db.session().repo::<Counter>();
    let rows = (0..10_000).map(|value| NewCounter { value, ..counter(&value.to_string()) });
    let created = counters.create_many(rows).await.unwrap();
    assert!(created.is_sorted_by(|a, b| a.id < b.id));
    assert_eq!(counters.all().await.unwrap(), created);
    let one = counters.create(counter("one more")).await.unwrap();
    assert!(one.id > created[9_999].id);
}

pub(crate) async fn identities_belong_to_their_rows_beside_other_writers(fixture: Fixture) {
    let db = fixture.with(&schema![Counter]).await;
    let tasks: Vec<_> = (0..4)
        .map(|task| {
            let counters = db.session().repo::<Counter>();
            tokio::spawn(async move {
                let rows = (0..500).map(|n| counter(&format!("{task} {n}")));
                let created = counters.create_many(rows).await.unwrap();
                let stored = counters.get_many(created.iter().map(|row| row.id)).await.unwrap();
                assert_eq!(stored, created.into_iter().map(Some).collect::<Vec<_>>());
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(db.session().repo::<Counter>().count().await.unwrap(), 2_000);
}

pub(crate) async fn a_conflict_in_the_middle_leaves_nothing(fixture: Fixture) {
    let db = fixture.with(&schema![Counter, Item, Ticket]).await;
    let rows = |name: fn(usize) -> String| (0..1_000).map(name);
    let twice: fn(usize) -> String = |n| if n == 500 { "0".to_owned() } else { n.to_string() };
    let counters = db.session().repo::<Counter>();
    let created = counters.create_many(rows(twice).map(|name| counter(&name))).await;
    assert_error!(
        created,
        Error::Conflict { entity: "Counter", constraint, columns }
            if constraint == "counters_name_key" && columns == ["name"]
    );
    assert_eq!(counters.count().await.unwrap(), 0);
    let items = db.session().repo::<Item>();
    let created = items.create_many(rows(twice).map(|name| item(&name))).await;
    assert_error!(
        created,
        Error::Conflict { entity: "Item", constraint, columns }
            if constraint == "items_name_key" && columns == ["name"]
    );
    assert_eq!(items.count().await.unwrap(), 0);

    let tickets = acme(&db).repo::<Ticket>();
    bolt(&db).repo::<Ticket>().create(ticket("7")).await.unwrap();
    let all = || (0..10).map(|n| ticket(&n.to_string()));
    let taken = tickets.create(ticket("7")).await.unwrap();
    assert_error!(tickets.create_many(all()).await, Error::Conflict { .. });
    assert_eq!(tickets.count().await.unwrap(), 1);
    tickets.delete(taken.id).await.unwrap();
    tickets.create_many(all()).await.unwrap();
}

pub(crate) async fn a_row_that_does_not_fit_leaves_nothing(fixture: Fixture) {
    let db = fixture.with(&schema![Item, Counter]).await;
    let items = db.session().repo::<Item>();
    let mut rows: Vec<_> = (0..100).map(|n| item(&n.to_string())).collect();
    rows[70].shelf = Some("\0".to_owned());
    assert_error!(items.create_many(rows).await, Error::InvalidInput { column, .. } if column == "shelf");
    assert_eq!(items.count().await.unwrap(), 0);
    items.create(item("a")).await.unwrap();
}

pub(crate) async fn a_batch_is_part_of_its_transaction(fixture: Fixture) {
    let db = fixture.pool_of_one(&schema![Item, Counter]).await;
    let tx = db.session().begin().await.unwrap();
    tx.repo::<Item>().create_many((0..100).map(|n| item(&n.to_string()))).await.unwrap();
    tx.repo::<Counter>().create_many((0..100).map(|n| counter(&n.to_string()))).await.unwrap();
    assert_eq!(tx.repo::<Item>().count().await.unwrap(), 100);
    tx.rollback().await.unwrap();
    assert_eq!(db.session().repo::<Item>().count().await.unwrap(), 0);
    assert_eq!(db.session().repo::<Counter>().count().await.unwrap(), 0);

    let tx = db.session().begin().await.unwrap();
    tx.repo::<Item>().create_many([item("a"), item("b")]).await.unwrap();
    assert_error!(
        tx.repo::<Item>().create_many([item("c"), item("b")]).await,
        Error::Conflict { .. }
    );
    assert_error!(tx.commit().await, Error::TransactionFailed { .. });
    assert_eq!(db.session().repo::<Item>().count().await.unwrap(), 0);
}

pub(crate) async fn wide_rows_fit_in_any_number(fixture: Fixture) {
    let db = fixture.with(&schema![Optional, Sample]).await;
    let optional = db.session().repo::<Optional>();
    let rows = (0..3_000).map(|n| NewOptional {
        large: (n % 2 == 0).then_some(n),
        moment: Some(moment("2026-01-31T00:00:00.123456789Z")),
        uuid: Some(Uuid::from_u128(n as u128)),
        text: Some("🦀\t\\N\n\"".to_owned()),
        ..nothing(&n.to_string())
    });
    let created = optional.create_many(rows).await.unwrap();
    assert_eq!(created[0].moment, Some(moment("2026-01-31T00:00:00.123456Z")));
    assert_eq!(optional.all().await.unwrap(), created);
    let samples = db.session().repo::<Sample>();
    let text = "x".repeat(100_000);
    let rows = (0..50).map(|_| NewSample { text: text.clone(), ..sample() });
    let created = samples.create_many(rows).await.unwrap();
    assert_eq!(samples.all().await.unwrap(), created);
}

pub(crate) async fn one_row_is_a_batch(fixture: Fixture) {
    let db = fixture.with(&schema![Counter, Event]).await;
    let counters = db.session().repo::<Counter>();
    let created = counters.create_many([counter("a")]).await.unwrap();
    assert_eq!(counters.all().await.unwrap(), created);
    let session = db.tenant(Org(1)).correlation(Uuid::from_u128(1));
    let created = session.repo::<Event>().create_many([event("a"), event("b")]).await.unwrap();
    assert_eq!(session.repo::<Event>().all().await.unwrap(), created);
}
