//! Deleting in chunks what a series no longer keeps.

use chrono::{DateTime, TimeDelta, Utc};
use repo_core::{Action, AuditEntry, Database, Error, Query, Session, Tenant, schema};
use uuid::Uuid;

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{Fixture, acme, bolt, moment};

fn alice(db: &Database) -> Session<Tenant<Uuid>> {
    acme(db).actor("alice")
}

fn start() -> DateTime<Utc> {
    moment("2026-01-01T00:00:00Z")
}

fn old(session: &Session<Tenant<Uuid>>) -> Query<Measure, Tenant<Uuid>> {
    session.repo::<Measure>().filter(Measure::AT.lt(start() + TimeDelta::hours(7)))
}

pub(crate) async fn what_is_old_is_deleted_in_chunks(fixture: Fixture) {
    let db = fixture.with(&schema![Measure]).await;
    let hour = |n| NewMeasure {
        at: start() + TimeDelta::hours(n),
        ..measure("a", "2026-01-01T00:00:00Z")
    };
    for session in [acme(&db), bolt(&db)] {
        session.repo::<Measure>().create_many((0..10).map(hour)).await.unwrap();
    }
    for chunk in [1, 3, 7, 1_000] {
        assert_eq!(old(&acme(&db)).delete_in_chunks(chunk).dry_run().await.unwrap(), 7, "{chunk}");
    }
    let measures = acme(&db).repo::<Measure>();
    assert_eq!(measures.count().await.unwrap(), 10);
    assert_eq!(old(&acme(&db)).delete_in_chunks(3).await.unwrap(), 7);
    assert_eq!(measures.count().await.unwrap(), 3);
    assert_eq!(measures.query().only_deleted().count().await.unwrap(), 7);
    assert_eq!(old(&acme(&db)).delete_in_chunks(3).dry_run().await.unwrap(), 0);
    assert_eq!(old(&acme(&db)).delete_in_chunks(3).await.unwrap(), 0);
    assert_eq!(bolt(&db).repo::<Measure>().count().await.unwrap(), 10);
}

pub(crate) async fn each_row_of_a_chunk_is_an_entry(fixture: Fixture) {
    let db = fixture.with(&schema![Claim]).await;
    let session = alice(&db).because("they are old");
    let claims = session.repo::<Claim>();
    let made = claims.create_many(["a", "b", "c", "d", "e"].map(claim)).await.unwrap();
    let nobody = acme(&db).repo::<Claim>().query().delete_in_chunks(2).await;
    assert_error!(nobody, Error::MissingActor { entity: "Claim" });
    let deleted = claims.filter(Claim::CODE.ne("c")).delete_in_chunks(2).await.unwrap();
    assert_eq!(deleted, 4);
    let entries = session.audit().filter(AuditEntry::ACTION.eq(Action::Delete));
    let entries = entries.order_by(AuditEntry::SEQ.asc()).all().await.unwrap();
    let told: Vec<_> = entries.iter().map(|entry| entry.entity_id.clone()).collect();
    assert_eq!(told, [0, 1, 3, 4].map(|row| made[row].id.to_string()));
    let gone = claims.query().only_deleted().all().await.unwrap();
    assert!(gone.iter().all(|row| row.version == 2));
}

pub(crate) async fn a_chunk_that_fails_leaves_those_before_it(fixture: Fixture) {
    let db = fixture.with(&schema![Member, Team, Country]).await;
    let session = acme(&db);
    let (teams, members) = (session.repo::<Team>(), session.repo::<Member>());
    let made = teams.create_many(["a", "b", "c", "d", "e"].map(team)).await.unwrap();
    let kept = members.create(member("eve", &made[3])).await.unwrap();
    let deleted = teams.query().delete_in_chunks(2).await;
    assert_error!(deleted, Error::ForeignKey { entity: "Team", .. });
    assert_eq!(teams.all().await.unwrap(), made[2..]);
    members.delete(kept.id).await.unwrap();
    assert_eq!(teams.query().delete_in_chunks(2).await.unwrap(), 3);
    assert_eq!(teams.count().await.unwrap(), 0);
}

pub(crate) async fn what_goes_along_with_a_chunk_is_deleted_too(fixture: Fixture) {
    let db = fixture.with(&projects()).await;
    let session = alice(&db);
    let (projects, tasks) = (session.repo::<Project>(), session.repo::<Task>());
    let mut parent = None;
    for number in 0..4 {
        let project = projects.create(project(&number.to_string())).await.unwrap();
        let below = NewTask { parent_id: parent, ..task(&number.to_string(), &project) };
        parent = Some(tasks.create(below).await.unwrap().id);
    }
    let would = tasks.query().delete_in_chunks(1).dry_run().await.unwrap();
    assert_eq!(tasks.query().delete_in_chunks(1).await.unwrap(), would, "each row is counted");
    assert_eq!(would, 4);
    let project = projects.first().await.unwrap().unwrap();
    tasks.create(task("more", &project)).await.unwrap();
    assert_eq!(projects.query().delete_in_chunks(3).await.unwrap(), 4);
    assert_eq!(tasks.count().await.unwrap(), 0);
}

pub(crate) async fn what_cannot_be_done_in_chunks_is_refused(fixture: Fixture) {
    let db = fixture.with(&schema![Measure]).await;
    let measures = acme(&db).repo::<Measure>();
    let refused = "delete_in_chunks";
    measures.create(measure("a", "2026-01-01T00:00:00Z")).await.unwrap();
    let none = measures.query().delete_in_chunks(0).await;
    assert_error!(none, Error::InvalidInput { column, .. } if column == refused);
    let limited = measures.query().limit(1).delete_in_chunks(5).dry_run().await;
    assert_error!(limited, Error::InvalidInput { column, .. } if column == refused);
    let deleted = measures.query().with_deleted().delete_in_chunks(5).await;
    assert_error!(deleted, Error::InvalidInput { column, .. } if column == refused);
    let tx = acme(&db).begin().await.unwrap();
    let inside = tx.repo::<Measure>();
    let deleted = inside.query().delete_in_chunks(5).await;
    assert_error!(deleted, Error::InvalidInput { column, .. } if column == refused);
    assert_eq!(inside.query().delete_all().await.unwrap(), 1);
    tx.commit().await.unwrap();
    assert_eq!(measures.count().await.unwrap(), 0);
}
