//! Creating a row once by its key, however often it is asked for.

use std::collections::BTreeSet;

use repo_core::{Error, Repository, schema};
use uuid::Uuid;

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{Fixture, acme, bolt};

fn payment(key: &str, cents: i64) -> NewPayment {
    NewPayment { key: key.to_owned(), source: "web".to_owned(), number: cents, cents }
}

pub(crate) async fn of_many_at_once_one_adds_the_row(fixture: Fixture) {
    let db = fixture.with(&schema![Payment, Claim]).await;
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let session = acme(&db).actor("alice");
            tokio::spawn(async move {
                let repo = session.repo::<Payment>();
                let payment = repo.create_or_get(Payment::KEY, payment("k", 5)).await?;
                let claims = session.repo::<Claim>();
                let claim = claims.create_or_get(Claim::CODE, claim("C-1")).await?;
                Ok::<_, Error>((payment, claim))
            })
        })
        .collect();
    let (mut ids, mut made) = (BTreeSet::new(), (0, 0));
    for task in tasks {
        let (payment, claim) = task.await.unwrap().unwrap();
        made.0 += u32::from(payment.is_new());
        made.1 += u32::from(claim.is_new());
        ids.insert((payment.entity.id, claim.entity.id));
    }
    assert_eq!((ids.len(), made), (1, (1, 1)));
    assert_eq!(acme(&db).repo::<Payment>().count().await.unwrap(), 1);
    let entries = acme(&db).audit().all().await.unwrap();
    assert_eq!(entries.len(), 2, "each row was recorded once");
}

pub(crate) async fn who_adds_a_row_at_once_may_meet_at_any_of_its_keys(fixture: Fixture) {
    let db = fixture.with(&schema![Payment]).await;
    for round in 0..20 {
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let session = acme(&db).actor("alice");
                tokio::spawn(async move {
                    let new = payment(&format!("k-{round}"), round);
                    session.repo::<Payment>().create_or_get(Payment::KEY, new).await
                })
            })
            .collect();
        let mut made = 0;
        for task in tasks {
            made += u32::from(task.await.unwrap().unwrap().is_new());
        }
        assert_eq!(made, 1, "in round {round}");
    }
}

pub(crate) async fn another_key_that_is_taken_is_a_conflict_in_a_transaction_too(fixture: Fixture) {
    let db = fixture.with(&schema![Payment]).await;
    let payments = acme(&db).actor("alice").repo::<Payment>();
    let first = payments.create_or_get(Payment::KEY, payment("a", 5)).await.unwrap();
    let tx = acme(&db).actor("alice").begin().await.unwrap();
    let within = tx.repo::<Payment>();
    let again = within.create_or_get(Payment::KEY, payment("a", 5)).await.unwrap();
    assert_eq!((again.is_new(), &again.entity), (false, &first.entity));
    let taken = within.create_or_get(Payment::KEY, payment("b", 5)).await;
    assert_error!(taken, Error::Conflict { columns, .. } if columns == ["source", "number"]);
    tx.rollback().await.unwrap();
}

/// A number that only one tenant has, for ever.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "plates", tenant, immutable, unique(global, number))]
struct Plate {
    id: Uuid,
    tenant_id: Uuid,
    number: i64,
}

/// The same until it is given back.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "lockers", tenant, unique(global, number))]
struct Locker {
    id: Uuid,
    tenant_id: Uuid,
    number: i64,
}

pub(crate) async fn a_key_of_another_tenant_fails_the_transaction(fixture: Fixture) {
    let db = fixture.with(&schema![Plate, Locker]).await;
    let bolts = bolt(&db);
    bolts.repo::<Plate>().create(NewPlate { number: 5 }).await.unwrap();
    bolts.repo::<Locker>().create(NewLocker { number: 5 }).await.unwrap();
    for is_plate in [true, false] {
        let tx = acme(&db).begin().await.unwrap();
        let taken = if is_plate {
            let new = NewPlate { number: 5 };
            tx.repo::<Plate>().create_or_get(Plate::NUMBER, new).await.map(drop)
        } else {
            let new = NewLocker { number: 5 };
            tx.repo::<Locker>().create_or_get(Locker::NUMBER, new).await.map(drop)
        };
        assert_error!(taken, Error::Conflict { columns, .. } if columns == ["number"]);
        let counted = tx.repo::<Plate>().query().count().await;
        assert_error!(counted, Error::TransactionFailed { .. });
        assert_error!(tx.commit().await, Error::TransactionFailed { .. });
        let alone = if is_plate {
            let new = NewPlate { number: 5 };
            acme(&db).repo::<Plate>().create_or_get(Plate::NUMBER, new).await.map(drop)
        } else {
            let new = NewLocker { number: 5 };
            acme(&db).repo::<Locker>().create_or_get(Locker::NUMBER, new).await.map(drop)
        };
        assert_error!(alone, Error::Conflict { columns, .. } if columns == ["number"]);
    }
}

pub(crate) async fn the_same_key_with_another_payload_is_a_mismatch(fixture: Fixture) {
    let db = fixture.with(&schema![Payment]).await;
    let payments = acme(&db).actor("alice").repo::<Payment>();
    let first = payments.create_or_get(Payment::KEY, payment("k", 5)).await.unwrap();
    assert!(first.is_new());
    let again = payments.create_or_get(Payment::KEY, payment("k", 5)).await.unwrap();
    assert_eq!((again.is_new(), &again.entity), (false, &first.entity));
    let other = payments.create_or_get(Payment::KEY, payment("k", 6)).await;
    assert_error!(
        other,
        Error::IdempotencyMismatch { entity: "Payment", columns } if columns == ["key"]
    );
    let theirs = bolt(&db).actor("bob").repo::<Payment>();
    assert!(theirs.create_or_get(Payment::KEY, payment("k", 6)).await.unwrap().is_new());
}

pub(crate) async fn a_key_may_have_several_columns_and_must_be_one(fixture: Fixture) {
    let db = fixture.with(&schema![Payment]).await;
    let payments = acme(&db).actor("alice").repo::<Payment>();
    let key = || (Payment::SOURCE, Payment::NUMBER);
    let first = payments.create_or_get(key(), payment("a", 5)).await.unwrap();
    assert_eq!(payments.create_or_get(key(), payment("a", 5)).await.unwrap().entity, first.entity);
    let taken = payments.create_or_get(key(), payment("a", 6)).await;
    assert_error!(taken, Error::Conflict { columns, .. } if columns == ["key"]);
    let odd = payments.create_or_get(Payment::CENTS, payment("b", 5)).await;
    assert_error!(odd, Error::InvalidInput { column, .. } if column == "cents");
    let tickets = acme(&db).repo::<Ticket>();
    let missing = tickets.create_or_get((Ticket::QUEUE, Ticket::NUMBER), ticket("A-1")).await;
    assert_error!(missing, Error::InvalidInput { column, .. } if column == "number");
}

pub(crate) async fn a_deleted_row_does_not_have_the_key(fixture: Fixture) {
    let db = fixture.with(&schema![Claim]).await;
    let claims = acme(&db).actor("alice").repo::<Claim>();
    let first = claims.create_or_get(Claim::CODE, claim("C-1")).await.unwrap();
    claims.delete(first.entity.id).await.unwrap();
    let second = claims.create_or_get(Claim::CODE, claim("C-1")).await.unwrap();
    assert!(second.is_new() && second.entity.id != first.entity.id);
}

pub(crate) async fn it_is_part_of_its_transaction(fixture: Fixture) {
    let db = fixture.with(&schema![Payment]).await;
    let session = acme(&db).actor("alice");
    let undone: Result<(), Error> = session
        .transaction(async |tx| {
            let payments = tx.repo::<Payment>();
            assert!(payments.create_or_get(Payment::KEY, payment("k", 5)).await?.is_new());
            assert!(!payments.create_or_get(Payment::KEY, payment("k", 5)).await?.is_new());
            let other = payments.create_or_get(Payment::KEY, payment("k", 6)).await;
            assert_error!(other, Error::IdempotencyMismatch { .. });
            payments.count().await?;
            Err(Error::TransactionEnded)
        })
        .await;
    assert_error!(undone, Error::TransactionEnded);
    assert_eq!(session.repo::<Payment>().count().await.unwrap(), 0);
    assert_eq!(session.audit().count().await.unwrap(), 0);
}
