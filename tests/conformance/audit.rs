//! The audit trail: an entry for each change, in the transaction of the change.

use std::sync::Arc;

use chrono::TimeDelta;
use repo_core::testing::{Event as Noted, Recorder};
use repo_core::{Action, Actor, AuditEntry, Database, Error, Session, Tenant, schema};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{ACME, Fixture, acme, backend, bolt};

/// A session of a tenant in which alice acts.
fn alice(db: &Database) -> Session<Tenant<Uuid>> {
    acme(db).actor("alice")
}

/// The entries of the tenant, in order.
async fn trail(session: &Session<Tenant<Uuid>>) -> Vec<AuditEntry> {
    session.audit().query().order_by(AuditEntry::SEQ.asc()).all().await.unwrap()
}

fn text(image: &Option<repo_core::audit::Image>) -> &str {
    image.as_ref().map_or("-", |image| image.as_str())
}

pub(crate) async fn every_change_of_a_row_is_an_entry(fixture: Fixture) {
    let (db, clock) = fixture.with_clock(&schema![Claim]).await;
    let session = alice(&db).correlation("request-1").because("a call");
    let claims = session.repo::<Claim>();
    let id = claims.create(claim("C-1")).await.unwrap().id;
    clock.advance(TimeDelta::seconds(1));
    claims.patch(id, ClaimPatch::new().note(Some("n".to_owned())).account(None)).await.unwrap();
    clock.advance(TimeDelta::seconds(1));
    let row = claims.get(id).await.unwrap();
    claims.update(&Claim { amount: Decimal::new(250, 2), ..row }).await.unwrap();
    clock.advance(TimeDelta::seconds(1));
    claims.delete(id).await.unwrap();
    claims.restore(id).await.unwrap();
    claims.delete(id).await.unwrap();
    claims.purge(id).await.unwrap();

    let trail = trail(&session).await;
    let told: Vec<_> = trail.iter().map(|entry| (entry.seq, entry.action)).collect();
    let actions = [
        (1, Action::Create),
        (2, Action::Update),
        (3, Action::Update),
        (4, Action::Delete),
        (5, Action::Restore),
        (6, Action::Delete),
        (7, Action::Purge),
    ];
    assert_eq!(told, actions);
    for entry in &trail {
        assert_eq!((&*entry.tenant, &*entry.entity), (&*ACME.to_string(), "claims"));
        assert_eq!(entry.entity_id, id.to_string());
        assert_eq!(entry.actor, Actor::User("alice".to_owned()));
        assert_eq!(entry.correlation_id.as_deref(), Some("request-1"));
        assert_eq!(entry.reason.as_deref(), Some("a call"));
        assert_eq!(entry.hash.as_ref().map(Vec::len), Some(32));
    }
    let whole = |version: i64, amount: &str, note: &str, updated: &str, deleted: &str| {
        format!(
            "{{\"id\":\"{id}\",\"tenant_id\":\"{ACME}\",\"code\":\"C-1\",\"status\":\"new\",\
             \"amount\":\"{amount}\",\"note\":{note},\"account\":{{\"redacted\":true}},\
             \"version\":\"{version}\",\"created_at\":\"2026-01-31T12:00:00.123456+00:00\",\
             \"updated_at\":\"2026-01-31T12:00:0{updated}.123456+00:00\",\"deleted_at\":{deleted}}}"
        )
    };
    let at = |second: i64| format!("\"2026-01-31T12:00:0{second}.123456+00:00\"");
    assert_eq!(text(&trail[0].before), "-");
    assert_eq!(text(&trail[0].after), whole(1, "1.10", "null", "0", "null"));
    assert_eq!(
        text(&trail[1].before),
        format!(
            "{{\"note\":null,\"account\":{{\"redacted\":true}},\"version\":\"1\",\"updated_at\":{}}}",
            at(0)
        )
    );
    assert_eq!(
        text(&trail[1].after),
        format!(
            "{{\"note\":\"n\",\"account\":{{\"redacted\":true}},\"version\":\"2\",\
             \"updated_at\":{}}}",
            at(1)
        )
    );
    assert_eq!(
        text(&trail[2].before),
        format!("{{\"amount\":\"1.10\",\"version\":\"2\",\"updated_at\":{}}}", at(1))
    );
    assert_eq!(text(&trail[3].before), whole(3, "2.50", "\"n\"", "2", "null"));
    assert_eq!(
        text(&trail[3].after),
        format!("{{\"version\":\"4\",\"updated_at\":{0},\"deleted_at\":{0}}}", at(3))
    );
    assert_eq!(text(&trail[4].before), format!("{{\"version\":\"4\",\"deleted_at\":{}}}", at(3)));
    assert_eq!(text(&trail[6].before), whole(6, "2.50", "\"n\"", "3", &at(3)));
    assert_eq!(text(&trail[6].after), "-");
}

pub(crate) async fn an_entry_is_the_same_by_itself_and_in_a_transaction(fixture: Fixture) {
    let (db, _clock) = fixture.with_clock(&schema![Recorded]).await;
    let session = db.session().actor(Actor::System("import"));
    let work = async |session: &Session<repo_core::NoTenant>| {
        let rows = session.repo::<Recorded>();
        let row = rows.create(recorded()).await?;
        let patch = RecordedPatch::new()
            .double(2.0)
            .text("b".to_owned())
            .small(Some(-5))
            .uuid(None)
            .json(serde_json::json!({ "z": 1, "a": [] }))
            .moment(crate::fixture::moment("9999-12-31T23:59:59.999999Z"));
        rows.patch(row.id, patch).await?;
        rows.delete(row.id).await?;
        Ok::<_, Error>(row.id)
    };
    let alone = work(&session).await.unwrap();
    let inside = session.transaction(async |tx| work(tx).await).await.unwrap();
    let many = session.repo::<Recorded>().create_many([recorded(), recorded()]).await.unwrap();
    let audit = session.audit();
    let images = async |id: i64| {
        let entries = audit
            .filter(AuditEntry::ENTITY_ID.eq(id.to_string()))
            .order_by(AuditEntry::SEQ.asc())
            .all()
            .await
            .unwrap();
        let id = format!("\"id\":\"{id}\"");
        let image = |image| text(image).replace(&id, "\"id\":\"?\"");
        entries.iter().map(|e| (e.action, image(&e.before), image(&e.after))).collect::<Vec<_>>()
    };
    let expected = images(alone).await;
    assert_eq!(expected.len(), 3);
    assert_eq!(images(inside).await, expected);
    assert_eq!(images(many[1].id).await, expected[..1]);
    assert_eq!(
        expected[0].2,
        "{\"id\":\"?\",\"flag\":true,\"small\":null,\"medium\":\"-1\",\
         \"large\":\"9223372036854775807\",\"single\":\"3dcccccd\",\"double\":\"3fd3333333333334\",\
         \"the 'text' \\\"\\\\ of it\":\"\\\"quoted\\\" \\\\ \\n\\t\\u0001\u{7f} ünï 🦀 '\",\
         \"bytes\":\"00ff\",\"uuid\":\"00000000-0000-0000-0000-000000000007\",\
         \"moment\":\"0001-01-01T00:00:00.000001+00:00\",\"date\":\"9999-12-31\",\
         \"time\":\"23:59:59.999999\",\"price\":\"-1.1000\",\
         \"json\":\"{\\\"a\\\": {\\\"z\\\": \\\"\\\\\\\"x\\\\\\\"\\\", \\\"long\\\": true}, \
         \\\"bb\\\": [1, 2.5, null]}\",\"status\":\"in_progress\"}"
    );
}

pub(crate) async fn what_changes_nothing_is_no_entry(fixture: Fixture) {
    let db = fixture.with(&schema![Claim]).await;
    let session = alice(&db);
    let claims = session.repo::<Claim>();
    let created = claims.create(claim("C-1")).await.unwrap();
    assert_eq!(claims.update(&created).await.unwrap(), created);
    let same = || ClaimPatch::new().note(None).status(Status::New);
    assert_eq!(claims.patch(created.id, same()).await.unwrap(), created);
    assert_eq!(claims.patch(created.id, ClaimPatch::new()).await.unwrap(), created);
    let inside: Result<Claim, Error> = session
        .transaction(async |tx| tx.repo::<Claim>().patch(created.id, same()).if_version(1).await)
        .await;
    assert_eq!(inside.unwrap(), created);
    assert_eq!(trail(&session).await.len(), 1);
}

pub(crate) async fn nobody_changes_what_is_recorded(fixture: Fixture) {
    let db = fixture.with(&schema![Claim]).await;
    let recorder = Recorder::new(Arc::clone(backend(&db)));
    let recorded = Database::new(Arc::new(recorder.clone()));
    let claims = acme(&recorded).repo::<Claim>();
    let id = Uuid::from_u128(1);
    assert_error!(claims.create(claim("C-1")).await, Error::MissingActor { entity: "Claim" });
    assert_error!(claims.create_many([claim("C-1")]).await, Error::MissingActor { .. });
    let patch = ClaimPatch::new().note(None);
    assert_error!(claims.patch(id, patch).await, Error::MissingActor { .. });
    assert_error!(claims.delete(id).await, Error::MissingActor { .. });
    assert_error!(claims.restore(id).await, Error::MissingActor { .. });
    assert_error!(claims.purge(id).await, Error::MissingActor { .. });
    let empty = acme(&recorded).actor("").repo::<Claim>();
    assert_error!(empty.create(claim("C-1")).await, Error::MissingActor { .. });
    assert!(recorder.events().is_empty(), "{:?}", recorder.events());
    let row = alice(&db).repo::<Claim>().create(claim("C-1")).await.unwrap();
    assert_error!(claims.update(&row).await, Error::MissingActor { .. });
    let odd = acme(&db).actor("a\0b").repo::<Claim>().create(claim("C-2")).await;
    assert_error!(odd, Error::InvalidInput { column, .. } if column == "actor");
}

pub(crate) async fn what_is_undone_leaves_no_entry(fixture: Fixture) {
    let db = fixture.with(&schema![Claim]).await;
    let session = alice(&db);
    let failed: Result<(), Error> = session
        .transaction(async |tx| {
            tx.repo::<Claim>().create(claim("C-1")).await?;
            Err(Error::TransactionEnded)
        })
        .await;
    assert_error!(failed, Error::TransactionEnded);
    assert_eq!(trail(&session).await.len(), 0);
    let kept: Result<(), Error> = session
        .transaction(async |tx| {
            tx.repo::<Claim>().create(claim("C-1")).await?;
            let inner: Result<(), Error> = tx
                .transaction(async |inner| {
                    inner.repo::<Claim>().create(claim("C-2")).await?;
                    Err(Error::TransactionEnded)
                })
                .await;
            assert_error!(inner, Error::TransactionEnded);
            tx.transaction(async |inner| {
                inner.repo::<Claim>().create(claim("C-3")).await.map(drop)
            })
            .await?;
            let seen = trail(tx).await;
            assert_eq!(seen.len(), 2, "who reads the trail sees what the transaction did");
            tx.repo::<Claim>().create(claim("C-4")).await.map(drop)
        })
        .await;
    kept.unwrap();
    let trail = trail(&session).await;
    assert_eq!(trail.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(text(&trail[1].after).contains("\"C-3\""));
    assert!(session.repo::<Claim>().create(claim("C-1")).await.unwrap_err().is_conflict());
    assert_eq!(session.audit().count().await.unwrap(), 3);
}

pub(crate) async fn each_row_of_a_batch_has_its_entry(fixture: Fixture) {
    let db = fixture.with(&schema![Claim]).await;
    let session = alice(&db);
    let codes = (0..2_500).map(|n| claim(&format!("C-{n}")));
    let created = session.repo::<Claim>().create_many(codes).await.unwrap();
    let trail = trail(&session).await;
    assert_eq!(trail.len(), 2_500);
    for (at, (row, entry)) in created.iter().zip(&trail).enumerate() {
        assert_eq!(entry.seq, i64::try_from(at).unwrap() + 1);
        assert_eq!(entry.entity_id, row.id.to_string());
    }
    for pair in trail.windows(2) {
        assert_eq!(pair[1].prev_hash, pair[0].hash);
    }
    let clash = session.repo::<Claim>().create_many([claim("new"), claim("C-7")]).await;
    assert!(clash.unwrap_err().is_conflict());
    assert_eq!(session.audit().count().await.unwrap(), 2_500);
}

pub(crate) async fn each_tenant_has_its_own_trail(fixture: Fixture) {
    let db = fixture.with(&schema![Claim, Recorded]).await;
    alice(&db).repo::<Claim>().create(claim("C-1")).await.unwrap();
    let theirs = bolt(&db).actor("bob");
    theirs.repo::<Claim>().create(claim("C-1")).await.unwrap();
    theirs.repo::<Recorded>().create(recorded()).await.unwrap();
    assert_eq!(trail(&alice(&db)).await.len(), 1);
    let entries = trail(&theirs).await;
    assert_eq!(entries.len(), 1);
    assert_eq!((entries[0].seq, entries[0].actor.to_string()), (1, "user:bob".to_owned()));
    let shared = db.session().audit().all().await.unwrap();
    assert_eq!(shared.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [1]);
    assert_eq!(shared[0].tenant, "");
    assert!(acme(&db).audit().find(2).await.unwrap().is_none());
}

pub(crate) async fn an_unchained_entry_stands_alone(fixture: Fixture) {
    let db = fixture.with(&schema![Visit]).await;
    let session = alice(&db);
    let visits = session.repo::<Visit>();
    let page = |page: &str| NewVisit { page: page.to_owned() };
    visits.create(page("a")).await.unwrap();
    visits.create_many([page("b"), page("c"), page("d")]).await.unwrap();
    let done: Result<(), Error> =
        session.transaction(async |tx| tx.repo::<Visit>().create(page("e")).await.map(drop)).await;
    done.unwrap();
    let trail = trail(&session).await;
    let pages: Vec<_> = trail.iter().map(|e| text(&e.after)[..].contains("\"page\"")).collect();
    assert_eq!(pages, [true; 5]);
    assert!(trail.iter().all(|entry| entry.seq >= 1 << 62 && entry.hash.is_none()));
    assert!(trail.windows(2).all(|pair| pair[0].seq < pair[1].seq));
}

pub(crate) async fn a_recorded_change_costs_few_statements(fixture: Fixture) {
    let db = fixture.with(&schema![Claim]).await;
    let recorder = Recorder::new(Arc::clone(backend(&db)));
    let session = alice(&Database::new(Arc::new(recorder.clone())));
    let claims = session.repo::<Claim>();
    let is_postgres = db.system() == "postgres";
    let cost = |what: &str, on_sqlite: &[&str]| {
        let events: Vec<_> = recorder.events().iter().map(word).collect();
        let expected: &[&str] = if is_postgres { &["WITH"] } else { on_sqlite };
        assert_eq!(events, expected, "{what}");
        recorder.clear();
    };
    let change = ["begin", "SELECT", "UPDATE", "SELECT", "insert", "INSERT", "commit"];
    let row = claims.create(claim("C-1")).await.unwrap();
    cost("create", &["begin", "INSERT", "SELECT", "insert", "INSERT", "commit"]);
    claims.patch(row.id, ClaimPatch::new().status(Status::InProgress)).await.unwrap();
    cost("patch", &change);
    claims.delete(row.id).await.unwrap();
    cost("delete", &change);
    claims.restore(row.id).await.unwrap();
    cost("restore", &change);
    claims.delete(row.id).await.unwrap();
    recorder.clear();
    claims.purge(row.id).await.unwrap();
    cost("purge", &["begin", "DELETE", "SELECT", "insert", "INSERT", "commit"]);
}

/// What an event is, in a word.
fn word(event: &Noted) -> String {
    match event {
        Noted::Statement { sql, .. } => sql.split(' ').next().unwrap_or_default().to_owned(),
        Noted::Insert { .. } => "insert".to_owned(),
        Noted::Begin => "begin".to_owned(),
        Noted::Commit => "commit".to_owned(),
        other => format!("{other:?}"),
    }
}
