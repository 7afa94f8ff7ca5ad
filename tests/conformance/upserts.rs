//! Rows that are added, or changed where their key is there.

use chrono::TimeDelta;
use repo_core::{Action, Database, Error, Keyed, Outcome, Session, Tenant, schema};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{Fixture, acme, bolt};

fn alice(db: &Database) -> Session<Tenant<Uuid>> {
    acme(db).actor("alice")
}

fn of(code: &str, amount: i64) -> NewClaim {
    NewClaim { amount: Decimal::new(amount, 2), ..claim(code) }
}

fn outcomes<E>(upserted: &[Keyed<E>]) -> Vec<Outcome> {
    upserted.iter().map(|it| it.outcome).collect()
}

pub(crate) async fn a_row_is_added_changed_or_left(fixture: Fixture) {
    let (db, clock) = fixture.with_clock(&schema![Claim]).await;
    let session = alice(&db);
    let claims = session.repo::<Claim>();
    let created = claims.upsert(Claim::CODE, of("a", 100)).await.unwrap();
    assert_eq!((created.outcome, created.entity.version), (Outcome::Created, 1));
    clock.advance(TimeDelta::seconds(1));
    let updated = claims.upsert(Claim::CODE, of("a", 200)).await.unwrap();
    let expected = Claim {
        amount: Decimal::new(200, 2),
        version: 2,
        updated_at: created.entity.updated_at + TimeDelta::seconds(1),
        ..created.entity.clone()
    };
    assert_eq!(updated, Keyed { entity: expected.clone(), outcome: Outcome::Updated });
    clock.advance(TimeDelta::seconds(1));
    let same = claims.upsert(Claim::CODE, of("a", 200)).await.unwrap();
    assert_eq!(same, Keyed { entity: expected.clone(), outcome: Outcome::Unchanged });
    assert_eq!(claims.all().await.unwrap(), [expected]);
    let history = session.audit().history::<Claim>(created.entity.id).all().await.unwrap();
    let actions: Vec<_> = history.iter().map(|entry| entry.action).collect();
    assert_eq!(actions, [Action::Create, Action::Update]);
    let after = history[1].after.as_ref().unwrap().as_str();
    assert!(after.contains(r#""amount":"2.00""#) && !after.contains("code"), "{after}");
}

pub(crate) async fn only_the_live_row_of_the_tenant_has_the_key(fixture: Fixture) {
    let db = fixture.with(&schema![Claim]).await;
    let claims = alice(&db).repo::<Claim>();
    let theirs = bolt(&db).actor("bob").repo::<Claim>();
    let other = theirs.create(of("a", 1)).await.unwrap();
    let first = claims.upsert(Claim::CODE, of("a", 2)).await.unwrap();
    assert_eq!(first.outcome, Outcome::Created);
    claims.delete(first.entity.id).await.unwrap();
    let second = claims.upsert(Claim::CODE, of("a", 3)).await.unwrap();
    assert_eq!(second.outcome, Outcome::Created);
    assert_ne!(second.entity.id, first.entity.id);
    let deleted = claims.query().only_deleted().one().await.unwrap();
    assert_eq!((deleted.amount, deleted.version), (Decimal::new(2, 2), 2));
    assert_eq!(theirs.get(other.id).await.unwrap(), other);
    assert_error!(claims.restore(first.entity.id).await, Error::RestoreConflict { .. });
}

pub(crate) async fn many_rows_are_upserted_in_their_order(fixture: Fixture) {
    let db = fixture.with(&schema![Claim]).await;
    let session = alice(&db);
    let claims = session.repo::<Claim>();
    claims.create_many([of("b", 1), of("d", 1)]).await.unwrap();
    let rows = [of("c", 2), of("b", 1), of("a", 2), of("d", 2)];
    let upserted = claims.upsert_many(Claim::CODE, rows).await.unwrap();
    use Outcome::{Created, Unchanged, Updated};
    assert_eq!(outcomes(&upserted), [Created, Unchanged, Created, Updated]);
    let codes: Vec<_> = upserted.iter().map(|it| it.entity.code.as_str()).collect();
    assert_eq!(codes, ["c", "b", "a", "d"]);
    assert_eq!(session.audit().query().count().await.unwrap(), 5);
    let twice = claims.upsert_many(Claim::CODE, [of("x", 1), of("y", 1), of("x", 2)]).await;
    assert_error!(twice, Error::InvalidInput { column, reason }
        if column == "code" && reason.contains("0 and 2"));
    let bad = NewClaim { amount: Decimal::new(1, 3), ..claim("z") };
    let bad = claims.upsert_many(Claim::CODE, [of("x", 1), bad]).await;
    assert_error!(bad, Error::InvalidInput { column, .. } if column == "amount");
    assert_eq!(claims.query().count().await.unwrap(), 4, "all or none");
    let none = claims.upsert_many(Claim::CODE, Vec::<NewClaim>::new()).await;
    assert_eq!(none.unwrap(), []);
}

pub(crate) async fn an_upsert_has_an_actor_and_a_key(fixture: Fixture) {
    let db = fixture.with(&schema![Claim, Ticket]).await;
    let nobody = acme(&db).repo::<Claim>().upsert(Claim::CODE, of("a", 1)).await;
    assert_error!(nobody, Error::MissingActor { .. });
    let no_key = alice(&db).repo::<Claim>().upsert(Claim::AMOUNT, of("a", 1)).await;
    assert_error!(no_key, Error::InvalidInput { column, .. } if column == "amount");
    assert!(alice(&db).repo::<Claim>().all().await.unwrap().is_empty());
}

pub(crate) async fn of_many_upserts_at_once_one_adds_the_row(fixture: Fixture) {
    let db = fixture.with(&schema![Claim]).await;
    let tasks: Vec<_> = (0..20)
        .map(|amount| {
            let claims = alice(&db).repo::<Claim>();
            tokio::spawn(async move { claims.upsert(Claim::CODE, of("a", amount)).await })
        })
        .collect();
    let mut created = 0;
    for task in tasks {
        let upserted = task.await.unwrap().unwrap();
        created += usize::from(upserted.outcome == Outcome::Created);
    }
    assert_eq!(created, 1);
    let row = alice(&db).repo::<Claim>().query().one().await.unwrap();
    let entries = alice(&db).audit().history::<Claim>(row.id).count().await.unwrap();
    assert_eq!(entries, u64::try_from(row.version).unwrap());
}

pub(crate) async fn an_upsert_is_part_of_its_transaction(fixture: Fixture) {
    let db = fixture.with(&schema![Claim]).await;
    let session = alice(&db);
    let undone = session
        .transaction(async |tx| {
            let claims = tx.repo::<Claim>();
            claims.upsert(Claim::CODE, of("a", 1)).await?;
            let again = claims.upsert(Claim::CODE, of("a", 2)).await?;
            assert_eq!((again.outcome, again.entity.version), (Outcome::Updated, 2));
            Err::<(), _>(Error::NoMatch { entity: "stop" })
        })
        .await;
    assert_error!(undone, Error::NoMatch { .. });
    assert!(session.repo::<Claim>().all().await.unwrap().is_empty());
    assert_eq!(session.audit().query().count().await.unwrap(), 0);
}
