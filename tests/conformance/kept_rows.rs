//! What a removal of old rows does about rows that cannot go.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use repo_core::testing::{Event as Noted, FixedClock, Recorder};
use repo_core::{Action, Actor, AuditEntry, Clock, Database, Error, Purged, Repository, schema};
use uuid::Uuid;

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{ACME, BOLT, Fixture, acme, backend, bolt, by_hand};

/// What can be deleted, though not removed while somebody assessed it.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "dossiers", tenant, soft_delete, audited)]
struct Dossier {
    id: Uuid,
    tenant_id: Uuid,
    #[repository(references = Dossier)]
    follows: Option<Uuid>,
    deleted_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "verdicts", tenant, immutable, audited)]
struct Verdict {
    id: Uuid,
    tenant_id: Uuid,
    #[repository(references = Dossier)]
    dossier_id: Uuid,
}

/// What goes with a dossier, and keeps another one.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "annexes", tenant)]
struct Annex {
    id: Uuid,
    tenant_id: Uuid,
    #[repository(references = Dossier, on_delete = cascade)]
    dossier_id: Uuid,
    #[repository(references = Dossier)]
    copied_from: Uuid,
}

fn purged(rows: u64, below: u64, kept: u64) -> Purged {
    let mut purged = Purged::default();
    (purged.rows, purged.below, purged.kept) = (rows, below, kept);
    purged
}

fn later(clock: &FixedClock) -> DateTime<Utc> {
    clock.now() + TimeDelta::days(1)
}

pub(crate) async fn a_row_that_is_referred_to_stays_and_the_others_go(fixture: Fixture) {
    let (db, clock) = fixture.with_clock(&projects()).await;
    let session = acme(&db).actor("alice");
    let (persons, tasks) = (session.repo::<Person>(), session.repo::<Task>());
    let project = session.repo::<Project>().create(project("a")).await.unwrap();
    for (chunk, is_inside) in [(1, false), (2, true), (3, false), (1_000, true)] {
        let mut kept = Vec::new();
        for name in ["a", "b", "c", "d", "e", "f", "g"] {
            let person = persons.create(NewPerson { name: name.to_owned() }).await.unwrap();
            if ["a", "c", "d"].contains(&name) {
                let new = task(&format!("{chunk}-{name}"), &project);
                kept.push(
                    tasks.create(NewTask { owner_id: Some(person.id), ..new }).await.unwrap(),
                );
            }
            persons.delete(person.id).await.unwrap();
            clock.advance(TimeDelta::seconds(1));
        }
        let later = later(&clock);
        let would = persons.purge_deleted_before(later).chunk(chunk).dry_run().await.unwrap();
        assert_eq!(would, purged(4, 0, 3), "{chunk}");
        let removed = if is_inside {
            let run = async |tx: &repo_core::Session<_>| {
                tx.repo::<Person>().purge_deleted_before(later).chunk(chunk).await
            };
            let run: Result<Purged, Error> = session.transaction(run).await;
            run.unwrap()
        } else {
            persons.purge_deleted_before(later).chunk(chunk).await.unwrap()
        };
        assert_eq!(removed, would, "{chunk}");
        let left = persons.query().only_deleted().all().await.unwrap();
        assert_eq!(left.iter().map(|it| &*it.name).collect::<Vec<_>>(), ["a", "c", "d"]);
        let again = persons.purge_deleted_before(later).chunk(chunk).await.unwrap();
        assert_eq!(again, purged(0, 0, 3), "{chunk}");
        for task in kept {
            tasks.delete(task.id).await.unwrap();
            tasks.purge(task.id).await.unwrap();
        }
        let last = persons.purge_deleted_before(later).chunk(chunk).await.unwrap();
        assert_eq!(last, purged(3, 0, 0), "{chunk}");
    }
}

pub(crate) async fn no_tenant_waits_for_a_row_of_another(fixture: Fixture) {
    let (db, clock) = fixture.with_clock(&schema![Dossier, Verdict, Annex]).await;
    let mut held = Vec::new();
    for session in [acme(&db).actor("alice"), bolt(&db).actor("eve")] {
        let dossiers = session.repo::<Dossier>();
        for number in 0..3 {
            let dossier = dossiers.create(NewDossier { follows: None }).await.unwrap();
            if number == 0 {
                let verdict = NewVerdict { dossier_id: dossier.id };
                session.repo::<Verdict>().create(verdict).await.unwrap();
                held.push(dossier.id);
            }
            dossiers.delete(dossier.id).await.unwrap();
            clock.advance(TimeDelta::seconds(1));
        }
    }
    let job = db.all_tenants("retention").actor(Actor::System("cleanup"));
    let dossiers = job.repo::<Dossier>();
    let would = dossiers.purge_deleted_before(later(&clock)).chunk(1).dry_run().await.unwrap();
    assert_eq!(would, purged(4, 0, 2));
    let removed = dossiers.purge_deleted_before(later(&clock)).chunk(1).await.unwrap();
    assert_eq!(removed, would);
    let left = dossiers.query().only_deleted().all().await.unwrap();
    assert_eq!(left.iter().map(|row| row.id).collect::<Vec<_>>(), held);
    for (session, tenant) in [(acme(&db), ACME), (bolt(&db), BOLT)] {
        let purges = session.audit().filter(AuditEntry::ACTION.eq(Action::Purge));
        let purges = purges.all().await.unwrap();
        assert_eq!(purges.len(), 2, "of what went, and of nothing else");
        assert!(purges.iter().all(|entry| entry.tenant == tenant.to_string()));
    }
}

pub(crate) async fn rows_that_keep_each_other_go_in_any_chunks(fixture: Fixture) {
    let (db, clock) = fixture.with_clock(&schema![Dossier, Verdict, Annex]).await;
    let session = acme(&db).actor("alice");
    let (dossiers, annexes) = (session.repo::<Dossier>(), session.repo::<Annex>());
    for chunk in [1, 2, 1_000] {
        // Each is followed by the next, which is deleted after it.
        let (mut last, mut made) = (None, Vec::new());
        for _ in 0..5 {
            let dossier = dossiers.create(NewDossier { follows: last }).await.unwrap();
            last = Some(dossier.id);
            made.push(dossier.id);
        }
        // The last one has an annex that keeps the first.
        let annex = NewAnnex { dossier_id: made[4], copied_from: made[0] };
        annexes.create(annex).await.unwrap();
        let is_held = chunk == 1_000;
        if is_held {
            let verdict = NewVerdict { dossier_id: made[1] };
            session.repo::<Verdict>().create(verdict).await.unwrap();
        }
        for id in &made {
            dossiers.delete(*id).await.unwrap();
            clock.advance(TimeDelta::seconds(1));
        }
        let expected = if is_held { purged(3, 1, 2) } else { purged(5, 1, 0) };
        let later = later(&clock);
        let would = dossiers.purge_deleted_before(later).chunk(chunk).dry_run().await.unwrap();
        assert_eq!(would, expected, "{chunk}");
        let removed = dossiers.purge_deleted_before(later).chunk(chunk).await.unwrap();
        assert_eq!(removed, expected, "{chunk}");
        // What is held holds what it follows.
        let left = dossiers.query().only_deleted().all().await.unwrap();
        let expected = if is_held { &made[..2] } else { &[] };
        assert_eq!(left.iter().map(|row| row.id).collect::<Vec<_>>(), expected);
    }
}

pub(crate) async fn rows_that_later_ones_keep_are_set_aside_at_once(fixture: Fixture) {
    let (db, clock) = fixture.with_clock(&schema![Dossier, Verdict, Annex]).await;
    let recorder = Recorder::new(Arc::clone(backend(&db)));
    let db = Database::new(Arc::new(recorder.clone())).with_clock(clock.clone());
    db.register(&schema![Dossier, Verdict, Annex]).unwrap();
    let session = acme(&db).actor("alice");
    let dossiers = session.repo::<Dossier>();
    let (mut last, mut made) = (None, Vec::new());
    for _ in 0..32 {
        let dossier = dossiers.create(NewDossier { follows: last }).await.unwrap();
        last = Some(dossier.id);
        made.push(dossier.id);
    }
    for id in &made {
        dossiers.delete(*id).await.unwrap();
        clock.advance(TimeDelta::seconds(1));
    }
    let later = later(&clock);
    let would = dossiers.purge_deleted_before(later).chunk(16).dry_run().await.unwrap();
    assert_eq!(would, purged(32, 0, 0));
    recorder.clear();
    let removed = dossiers.purge_deleted_before(later).chunk(16).await.unwrap();
    assert_eq!(removed, would);
    let begun = recorder.events().into_iter().filter(|it| matches!(it, Noted::Begin));
    assert_eq!(begun.count(), 3, "the first half is refused once, and goes after the second");
}

pub(crate) async fn what_refers_by_a_key_of_the_application_keeps_a_row(fixture: Fixture) {
    let (db, clock) = fixture.with_clock(&schema![Marker]).await;
    let markers = db.session().repo::<Marker>();
    for number in 0..5 {
        let marker = markers.create(NewMarker { number }).await.unwrap();
        markers.delete(marker.id).await.unwrap();
        clock.advance(TimeDelta::seconds(1));
    }
    let mut raw = by_hand(&db).await;
    raw.execute_script("CREATE TABLE flags (of BIGINT REFERENCES markers (id))").await.unwrap();
    raw.execute_script("INSERT INTO flags SELECT id FROM markers WHERE number IN (1, 3)")
        .await
        .unwrap();
    raw.commit().await.unwrap();
    let would = markers.purge_deleted_before(later(&clock)).dry_run().await.unwrap();
    assert_eq!(would, purged(5, 0, 0), "nobody told of the flags");
    let removed = markers.purge_deleted_before(later(&clock)).await.unwrap();
    assert_eq!(removed, purged(3, 0, 2));
    let left = markers.query().only_deleted().all().await.unwrap();
    assert_eq!(left.iter().map(|row| row.number).collect::<Vec<_>>(), [1, 3]);
}

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "markers", soft_delete)]
struct Marker {
    id: i64,
    number: i32,
    deleted_at: Option<DateTime<Utc>>,
}

pub(crate) async fn a_look_over_all_tenants_at_what_refers_is_somebodys(fixture: Fixture) {
    let (db, clock) = fixture.with_clock(&schema![Dossier, Verdict, Annex]).await;
    let nobody = db.all_tenants("retention").repo::<Dossier>();
    for refused in [
        nobody.purge_deleted_before(later(&clock)).await,
        nobody.purge_deleted_before(later(&clock)).dry_run().await,
    ] {
        assert_error!(refused, Error::MissingActor { .. });
    }
}
