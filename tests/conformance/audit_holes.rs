//! Ways in which a change could come to be stored and its entry not, or the other way round: transactions
//! that are undone in part, futures that are dropped, SQL by hand that ends a transaction.

use std::future::{IntoFuture as _, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

use chrono::TimeDelta;
use repo_core::audit::Chain;
use repo_core::{Action, AuditEntry, Database, Error, NoTenant, Session, Tenant, schema};
use uuid::Uuid;

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{ACME, Fixture, acme, by_hand, moment};

fn alice(db: &Database) -> Session<Tenant<Uuid>> {
    acme(db).actor("alice")
}

/// The codes of the claims that have an entry, in its order; the chain is whole.
async fn recorded_codes(db: &Database) -> Vec<String> {
    let chain = db.audit_chain(Chain::tenant(&ACME).unwrap());
    let verification = chain.verify().await.unwrap();
    assert!(verification.is_intact(), "{verification}");
    let entries = acme(db).audit().query().order_by(AuditEntry::SEQ.asc()).all().await.unwrap();
    let code = |entry: &AuditEntry| match entry.after.as_ref()?.get("code")? {
        repo_core::audit::ImageValue::Text(code) => Some(code),
        _ => None,
    };
    entries.iter().filter_map(code).collect()
}

pub(crate) async fn what_was_recorded_outlives_a_nested_transaction_that_is_undone(
    fixture: Fixture,
) {
    let db = fixture.with(&schema![Claim]).await;
    let done: Result<(), Error> = alice(&db)
        .transaction(async |tx| {
            let claims = tx.repo::<Claim>();
            claims.create(claim("before")).await?;
            let kept = tx.begin().await?;
            kept.repo::<Claim>().create(claim("kept")).await?;
            let undone = kept.begin().await?;
            undone.repo::<Claim>().create(claim("undone")).await?;
            // Who reads the trail sees all of it, so what waits is appended now.
            assert_eq!(undone.audit().count().await?, 3);
            undone.rollback().await?;
            assert_eq!(kept.audit().count().await?, 2);
            kept.commit().await?;
            claims.create(claim("after")).await.map(drop)
        })
        .await;
    done.unwrap();
    assert_eq!(recorded_codes(&db).await, ["before", "kept", "after"]);
}

pub(crate) async fn a_batch_that_is_undone_takes_no_entry_of_before_along(fixture: Fixture) {
    let db = fixture.with(&schema![Claim]).await;
    let done: Result<(), Error> = alice(&db)
        .transaction(async |tx| {
            tx.repo::<Claim>().create(claim("before")).await?;
            let undone = tx.begin().await?;
            let many = (0..1_500).map(|n| claim(&n.to_string()));
            undone.repo::<Claim>().create_many(many).await?;
            undone.rollback().await
        })
        .await;
    done.unwrap();
    assert_eq!(recorded_codes(&db).await, ["before"]);
}

/// Goes on with `change` until `other`, which waits for its turn, had it. That is between the change and its
/// entry, where these are not one.
async fn dropped_when_the_other_is_done(
    mut change: Pin<&mut impl Future>,
    mut other: Pin<&mut impl Future>,
) {
    while poll_fn(|cx| Poll::Ready(change.as_mut().poll(cx).is_pending())).await {
        if poll_fn(|cx| Poll::Ready(other.as_mut().poll(cx).is_ready())).await {
            return;
        }
        tokio::task::yield_now().await;
    }
}

pub(crate) async fn a_change_whose_recording_is_cancelled_is_not_committed(fixture: Fixture) {
    let db = fixture.with(&schema![Claim]).await;
    let session = alice(&db);
    let id = session.repo::<Claim>().create(claim("C-1")).await.unwrap().id;
    let tx = session.begin().await.unwrap();
    let claims = tx.repo::<Claim>();
    let note = ClaimPatch::new().note(Some("changed".to_owned()));
    {
        let mut patch = pin!(claims.patch(id, note).into_future());
        let mut other = pin!(claims.count());
        dropped_when_the_other_is_done(patch.as_mut(), other.as_mut()).await;
    }
    let _ = tx.commit().await;
    let is_changed = session.repo::<Claim>().get(id).await.unwrap().note.is_some();
    let updates = session.audit().filter(AuditEntry::ACTION.eq(Action::Update));
    assert_eq!(updates.count().await.unwrap() == 1, is_changed);
}

pub(crate) async fn a_nested_change_whose_recording_is_cancelled_is_undone_alone(fixture: Fixture) {
    let db = fixture.with(&schema![Claim]).await;
    let session = alice(&db);
    let tx = session.begin().await.unwrap();
    tx.repo::<Claim>().create(claim("before")).await.unwrap();
    let inner = tx.begin().await.unwrap();
    {
        let claims = inner.repo::<Claim>();
        let mut create = pin!(claims.create_many([claim("a"), claim("b")]));
        let mut other = pin!(claims.count());
        dropped_when_the_other_is_done(create.as_mut(), other.as_mut()).await;
    }
    inner.rollback().await.unwrap();
    tx.repo::<Claim>().create(claim("after")).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(recorded_codes(&db).await, ["before", "after"]);
}

pub(crate) async fn a_change_beside_a_nested_transaction_has_its_entry(fixture: Fixture) {
    let db = fixture.with(&schema![Claim]).await;
    let tx = alice(&db).begin().await.unwrap();
    let claims = tx.repo::<Claim>();
    // The savepoint comes between the row and its entry.
    let nested = async {
        let nested = tx.begin().await?;
        nested.repo::<Claim>().count().await?;
        nested.rollback().await
    };
    let both = futures_util::future::join(claims.create(claim("C-2")), nested).await;
    let _ = tx.commit().await;
    let rows = acme(&db).repo::<Claim>().query().order_by(Claim::CODE.asc()).all().await.unwrap();
    let codes: Vec<_> = rows.into_iter().map(|row| row.code).collect();
    assert_eq!(recorded_codes(&db).await, codes, "{both:?}");
}

pub(crate) async fn nothing_is_committed_amid_a_change(fixture: Fixture) {
    let db = fixture.with(&schema![Claim]).await;
    let tx = alice(&db).begin().await.unwrap();
    let claims = tx.repo::<Claim>();
    let (created, _) = futures_util::future::join(claims.create(claim("C-1")), tx.commit()).await;
    let rows = acme(&db).repo::<Claim>().count().await.unwrap();
    assert_eq!(recorded_codes(&db).await.len() as u64, rows, "{created:?}");
}

pub(crate) async fn sql_by_hand_ends_no_transaction(fixture: Fixture) {
    let db = fixture.with(&schema![Claim]).await;
    let session = alice(&db);
    let ends = [
        "COMMIT",
        " ;commit;",
        "/* /* a */ */ -- b\n END",
        "/* /* a */end",
        "ROLLBACK",
        "savepoint a",
    ];
    for end in ends {
        let tx = session.begin().await.unwrap();
        tx.repo::<Claim>().create(claim("C-1")).await.unwrap();
        let written = tx.unchecked_sql("a test").execute(end).await;
        assert_error!(written, Error::InvalidInput { .. });
        let read = tx.unchecked_sql("a test").fetch(end, |_| Ok(())).await;
        assert_error!(read, Error::InvalidInput { .. });
        tx.rollback().await.unwrap();
        assert_eq!(session.repo::<Claim>().count().await.unwrap(), 0, "{end}");
    }
    let alone = session.unchecked_sql("a test").execute("COMMIT").await;
    assert_error!(alone, Error::InvalidInput { .. });
    assert_eq!(recorded_codes(&db).await, [""; 0]);
}

pub(crate) async fn each_actor_who_looks_at_all_tenants_is_recorded(fixture: Fixture) {
    let db = fixture.with(&schema![Claim]).await;
    let session = db.all_tenants("the nightly report");
    for actor in ["alice", "bob"] {
        session.clone().actor(actor).repo::<Claim>().count().await.unwrap();
    }
    let alice = session.actor("alice");
    alice.clone().because("a complaint").repo::<Claim>().count().await.unwrap();
    let without_reason = db.all_tenants(" ").actor("eve").repo::<Claim>().count().await;
    assert_error!(without_reason, Error::InvalidInput { .. });
    let without_name = db.all_tenants("a look").actor(" ").repo::<Claim>().count().await;
    assert_error!(without_name, Error::MissingActor { .. });
    let looks = looks(&db.session()).await;
    assert_eq!(
        looks,
        [
            ("user:alice".to_owned(), Some("the nightly report".to_owned())),
            ("user:bob".to_owned(), Some("the nightly report".to_owned())),
            ("user:alice".to_owned(), Some("a complaint".to_owned())),
        ]
    );
}

async fn looks(session: &Session<NoTenant>) -> Vec<(String, Option<String>)> {
    let looks = session.audit().filter(AuditEntry::ACTION.eq(Action::Access));
    let looks = looks.order_by(AuditEntry::SEQ.asc()).all().await.unwrap();
    looks.into_iter().map(|entry| (entry.actor.to_string(), entry.reason)).collect()
}

pub(crate) async fn a_forged_entry_outside_of_the_chain_tells_nothing_of_a_row_in_it(
    fixture: Fixture,
) {
    let db = fixture.with(&schema![Claim]).await;
    let session = alice(&db);
    let id = session.repo::<Claim>().create(claim("C-1")).await.unwrap().id;
    // Who may only add rows to the trail needs no hash for these.
    let forged = format!(
        "INSERT INTO repo_audit (tenant, seq, entity, entity_id, action, actor, at, before, after) \
         SELECT tenant, {}, entity, entity_id, 'update', 'user:bob', at, \
         '{{\"note\":null}}', '{{\"note\":\"forged\"}}' FROM repo_audit",
        (1_i64 << 62) + 7
    );
    let mut raw = by_hand(&db).await;
    raw.execute_script(&forged).await.unwrap();
    raw.commit().await.unwrap();
    assert_eq!(session.audit().history::<Claim>(id).count().await.unwrap(), 1);
    let now = db.audit_chain(Chain::Shared).checkpoint().await.unwrap().at;
    let as_it_was = session.audit().as_of::<Claim>(id, now).await.unwrap().unwrap();
    assert_eq!(as_it_was.entity.note, None);
}

pub(crate) async fn a_row_as_of_a_moment_is_one_that_it_was(fixture: Fixture) {
    let (db, clock) = fixture.with_clock(&schema![Claim]).await;
    let session = alice(&db);
    let claims = session.repo::<Claim>();
    let id = claims.create(claim("C-1")).await.unwrap().id;
    clock.advance(TimeDelta::seconds(10));
    claims.patch(id, ClaimPatch::new().note(Some("first".to_owned()))).await.unwrap();
    // Another one began before, and had to wait.
    clock.advance(TimeDelta::seconds(-5));
    claims.patch(id, ClaimPatch::new().code("C-2".to_owned())).await.unwrap();
    for (second, code, note) in [(7, "C-1", None), (11, "C-2", Some("first"))] {
        let then = moment(&format!("2026-01-31T12:00:{second:02}Z"));
        let was = session.audit().as_of::<Claim>(id, then).await.unwrap().unwrap().entity;
        assert_eq!((&*was.code, was.note.as_deref()), (code, note));
    }
}

pub(crate) async fn entries_at_the_end_of_all_numbers_keep_nobody_from_recording(fixture: Fixture) {
    let db = fixture.with(&schema![Visit]).await;
    let session = alice(&db);
    let visits = session.repo::<Visit>();
    let page = |page: &str| NewVisit { page: page.to_owned() };
    visits.create(page("a")).await.unwrap();
    for seq in [i64::MAX, i64::MAX - 2] {
        let forged = format!(
            "INSERT INTO repo_audit (tenant, seq, entity, entity_id, action, actor, at, after) \
             SELECT tenant, {seq}, entity, entity_id, action, 'user:bob', at, after FROM repo_audit \
             WHERE seq = 4611686018427387904"
        );
        let mut raw = by_hand(&db).await;
        raw.execute_script(&forged).await.unwrap();
        raw.commit().await.unwrap();
        visits.create(page("b")).await.unwrap();
        visits.create_many([page("c"), page("d"), page("e"), page("f")]).await.unwrap();
    }
    let recorded = session.audit().by_actor("alice").order_by(AuditEntry::SEQ.asc());
    assert_eq!(recorded.count().await.unwrap(), 11);
}

/// Runs SQL on the trail as who may write it.
async fn tamper(db: &Database, sql: &str) {
    let mut raw = by_hand(db).await;
    raw.execute_script(sql).await.unwrap();
    raw.commit().await.unwrap();
}

/// Each way to append entries is refused, by an error of the trail and not of the row.
async fn assert_nothing_is_recorded(db: &Database, of: &[Claim], case: &str) {
    let session = alice(db);
    let claims = session.repo::<Claim>();
    let [live, deleted] = of else { panic!("two claims") };
    let before = claims.query().with_deleted().count().await.unwrap();
    let note = || ClaimPatch::new().note(Some("changed".to_owned()));
    let in_transaction = session.transaction(async |tx| {
        let claims = tx.repo::<Claim>();
        claims.patch(live.id, note()).await?;
        claims.create(claim("in a transaction")).await.map(drop)
    });
    let all = [
        claims.create(claim("one")).await.map(drop),
        claims.create_many(["two", "three"].map(claim)).await.map(drop),
        claims.create_many((0..9).map(|n| claim(&format!("of many {n}")))).await.map(drop),
        claims.create_or_get(Claim::CODE, claim("four")).await.map(drop),
        claims.upsert(Claim::CODE, claim("five")).await.map(drop),
        claims.patch(live.id, note()).await.map(drop),
        claims.query().patch_all(note()).await.map(drop),
        claims.delete(live.id).await.map(drop),
        claims.restore(deleted.id).await.map(drop),
        claims.purge(deleted.id).await.map(drop),
        in_transaction.await,
    ];
    for (way, done) in all.into_iter().enumerate() {
        let words = done.as_ref().map_or_else(ToString::to_string, |()| String::new());
        assert!(words.contains("verify the trail"), "{case}, way {way}: {words}");
        assert_error!(&done, Error::Backend(_));
    }
    assert_eq!(claims.query().with_deleted().count().await.unwrap(), before);
    assert_eq!(claims.get(live.id).await.unwrap().note, None);
}

pub(crate) async fn a_head_that_is_not_the_end_is_no_conflict_of_the_row(fixture: Fixture) {
    let db = fixture.with(&schema![Claim]).await;
    let claims = alice(&db).repo::<Claim>();
    let of = claims.create_many(["C-1", "C-2"].map(claim)).await.unwrap();
    claims.delete(of[1].id).await.unwrap();
    let last = (1_i64 << 62) - 1;
    let forged = "INSERT INTO repo_audit SELECT tenant, seq + 1, entity, entity_id, action, actor, \
        correlation_id, reason, at, before, after, hash, hash FROM repo_audit WHERE seq = 3";
    let head = |seq: i64| format!("UPDATE repo_audit_heads SET seq = {seq}");
    for change in [
        head(2),
        head(0),
        head(last),
        head(last + 1),
        head(i64::MAX - 1),
        head(i64::MAX),
        "DELETE FROM repo_audit_heads".to_owned(),
    ] {
        tamper(&db, &change).await;
        assert_nothing_is_recorded(&db, &of, &change).await;
        let was = "DELETE FROM repo_audit_heads; INSERT INTO repo_audit_heads \
            SELECT tenant, seq, prev_hash, hash FROM repo_audit WHERE seq = 3";
        tamper(&db, was).await;
    }
    claims.create(claim("C-3")).await.unwrap();
    assert_eq!(recorded_codes(&db).await, ["C-1", "C-2", "C-3"]);
    tamper(&db, &forged.replace("seq = 3", "seq = 4")).await;
    assert_nothing_is_recorded(&db, &of, "a forged entry").await;
}

pub(crate) async fn the_last_number_of_a_chain_is_given(fixture: Fixture) {
    let db = fixture.with(&schema![Claim]).await;
    let claims = alice(&db).repo::<Claim>();
    let last = (1_i64 << 62) - 1;
    let far = |seq: i64| format!("UPDATE repo_audit_heads SET seq = {seq}");
    claims.create(claim("C-1")).await.unwrap();
    tamper(&db, &far(last - 1)).await;
    claims.create(claim("C-2")).await.unwrap();
    tamper(&db, &far(last - 9)).await;
    claims.create_many((0..8).map(|n| claim(&format!("M-{n}")))).await.unwrap();
    tamper(&db, &far(last - 1)).await;
    let beyond = claims.create_many(["C-3", "C-4", "C-5"].map(claim)).await;
    assert_error!(beyond, Error::Backend(_));
    let numbers = acme(&db).audit().query().order_by(AuditEntry::SEQ.asc()).all().await.unwrap();
    let numbers: Vec<_> = numbers.iter().map(|entry| entry.seq).collect();
    assert_eq!(numbers.len(), 10);
    assert_eq!((numbers[0], numbers[1], numbers[9]), (1, last - 8, last));
}

pub(crate) async fn a_tenant_whose_name_no_index_holds_is_refused(fixture: Fixture) {
    let db = fixture.with(&schema![Claim]).await;
    let longest = "x".repeat(1_000);
    let session = db.tenant(longest.clone()).actor("alice");
    let nothing = "UPDATE claims SET note = NULL WHERE 1 = 0";
    session.unchecked_sql("a test").execute(nothing).await.unwrap();
    assert_eq!(session.audit().query().one().await.unwrap().tenant, longest);
    let session = db.tenant(longest + "x").actor("alice");
    let written = session.unchecked_sql("a test").execute(nothing).await;
    assert_error!(written, Error::InvalidInput { column, reason }
        if column == "tenant" && reason == "is longer than 1000 bytes");
    assert_error!(session.audit().count().await, Error::InvalidInput { column, .. }
        if column == "tenant");
}
