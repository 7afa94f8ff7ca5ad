//! What somebody who can write the database does to the trail, and what verification says of it.

use repo_core::audit::{BadEntry, Chain, Checkpoint, Fault, Tail, Verification};
use repo_core::{Database, Error, schema};
use uuid::Uuid;

use crate::attacker::{HEAD_IS_NOW, keep, put_back, restamp, run, unguard};
use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{ACME, BOLT, Fixture, acme, bolt};

/// A trail of seven entries of one tenant and three of another, which anybody may change.
async fn trail(fixture: &Fixture) -> Database {
    let db = fixture.with(&schema![Claim]).await;
    let claims = acme(&db).actor("alice").because("a call").repo::<Claim>();
    let id = claims.create(claim("C-1")).await.unwrap().id;
    for number in 2..=7 {
        let patch = ClaimPatch::new().note(Some(format!("note {number}")));
        claims.patch(id, patch).await.unwrap();
    }
    let others = ["D-1", "D-2", "D-3"].map(claim);
    bolt(&db).actor("bob").repo::<Claim>().create_many(others).await.unwrap();
    db
}

/// A trail that was tampered with.
async fn tampered(fixture: &Fixture, script: &str) -> Database {
    let db = trail(fixture).await;
    unguard(&db).await;
    run(&db, script).await;
    db
}

fn chain_of(tenant: Uuid) -> Chain {
    Chain::tenant(&tenant).unwrap()
}

async fn verify(db: &Database, tenant: Uuid) -> Verification {
    db.audit_chain(chain_of(tenant)).verify().await.unwrap()
}

async fn verify_against(db: &Database, checkpoint: &Checkpoint) -> Verification {
    let chain = db.audit_chain(checkpoint.chain.clone());
    chain.verify().against(checkpoint.clone()).await.unwrap()
}

/// The number of the first bad entry, and what is wrong with it.
fn finding(verification: &Verification) -> Option<(i64, Fault)> {
    verification.first_bad.as_ref().map(|BadEntry { seq, fault, .. }| (*seq, fault.clone()))
}

async fn found(db: &Database, tenant: Uuid) -> Option<(i64, Fault)> {
    finding(&verify(db, tenant).await)
}

pub(crate) async fn a_session_verifies_the_chain_of_its_own_rows(fixture: Fixture) {
    let db = tampered(&fixture, "UPDATE repo_audit SET actor = 'user:mallory' WHERE seq = 2").await;
    for session in [acme(&db), bolt(&db)] {
        let chain = session.audit().chain().unwrap();
        assert_eq!(chain.chain(), &chain_of(*session.scope().id()));
        let found = finding(&chain.verify().await.unwrap());
        assert_eq!(found, Some((2, Fault::Content)));
    }
    let shared = db.session().audit().chain();
    assert_eq!(shared.chain(), &Chain::Shared);
    assert!(shared.verify().await.unwrap().is_intact());
}

pub(crate) async fn an_untouched_chain_is_intact(fixture: Fixture) {
    let db = trail(&fixture).await;
    let chains = db.audit_chains().await.unwrap();
    assert_eq!(chains, [chain_of(ACME), chain_of(BOLT)]);
    let verification = verify(&db, ACME).await;
    assert!(verification.is_intact());
    assert_eq!((verification.entries, verification.tail), (7, Tail::Unproven));
    assert_eq!(
        verification.to_string(),
        format!("the chain of tenant {ACME}: 7 entries are right; tail: unproven")
    );
    let checkpoint = db.audit_chain(chain_of(ACME)).checkpoint().await.unwrap();
    assert_eq!((checkpoint.seq, checkpoint.hash), (7, verification.end.hash));
    let proven = verify_against(&db, &checkpoint).await;
    assert_eq!((proven.is_intact(), proven.tail), (true, Tail::ProvenTo(7)));
    assert!(proven.to_string().ends_with("tail: proven by checkpoint seq 7"), "{proven}");

    let nothing = db.audit_chain(Chain::Shared).verify().await.unwrap();
    assert_eq!((nothing.is_intact(), nothing.entries, nothing.end.seq), (true, 0, 0));
    let start = db.audit_chain(Chain::Shared).checkpoint().await.unwrap();
    assert_eq!((start.seq, start.hash), (0, [0; 32]));
    assert!(verify_against(&db, &start).await.is_intact());
}

pub(crate) async fn a_verification_goes_on_from_a_checkpoint(fixture: Fixture) {
    let db = trail(&fixture).await;
    let chain = db.audit_chain(chain_of(ACME));
    let first = verify(&db, ACME).await.end;
    let kept: Checkpoint = first.sign(b"a key").unwrap().to_string().parse().unwrap();
    assert!(kept.is_signed_with(b"a key") && !kept.is_signed_with(b"another"));
    let claims = acme(&db).actor("alice").repo::<Claim>();
    claims.create_many(["C-2", "C-3"].map(claim)).await.unwrap();
    let next = chain.verify().from(kept.clone()).await.unwrap();
    assert!(next.is_intact());
    assert_eq!((next.entries, next.end.seq, next.tail), (3, 9, Tail::ProvenTo(7)));
    assert!(next.to_string().ends_with("seq 7, unproven after it"), "{next}");
    let of_another = db.audit_chain(chain_of(BOLT)).verify().from(kept).await;
    assert_error!(of_another, Error::InvalidInput { column, .. } if column == "checkpoint");
}

pub(crate) async fn a_changed_entry_is_named(fixture: Fixture) {
    let db = tampered(&fixture, "SELECT 1").await;
    keep(&db).await;
    for change in [
        "after = '{\"note\":\"another\"}'",
        "before = NULL",
        "actor = 'user:mallory'",
        "action = 'create'",
        "action = 'something'",
        "entity = 'others'",
        "entity_id = ''",
        "reason = NULL",
        "correlation_id = ''",
        "at = (SELECT at FROM repo_audit WHERE seq = 1 AND tenant = 'BOLT')",
        "hash = prev_hash",
        "prev_hash = hash",
        "hash = NULL",
        "prev_hash = NULL",
    ] {
        put_back(&db).await;
        run(&db, &format!("UPDATE repo_audit SET {change} WHERE tenant = 'ACME' AND seq = 4"))
            .await;
        let verification = verify(&db, ACME).await;
        assert_eq!(finding(&verification), Some((4, Fault::Content)), "{change}");
        assert_eq!((verification.entries, verification.end.seq), (3, 3));
        assert_eq!(found(&db, BOLT).await, None);
    }
}

pub(crate) async fn a_moment_in_another_spelling_is_a_changed_entry(fixture: Fixture) {
    let db = tampered(&fixture, "SELECT 1").await;
    keep(&db).await;
    // As text alone a moment has spellings, which compare as others.
    let spellings: &[&str] = match db.system() {
        "sqlite" => &[
            "strftime('%Y-%m-%dT%H:%M:', at, '+11 hours') || substr(at, 18, 9) || '+11:00'",
            "replace(at, 'T', ' ')",
            "replace(at, 'T', 't')",
            "replace(at, '+00:00', 'Z')",
            "replace(at, '+00:00', '-00:00')",
            "replace(at, '+00:00', '')",
            "replace(at, '+00:00', '4+00:00')",
            "at || ' '",
        ],
        _ => &["at + interval '1 microsecond'"],
    };
    for spelling in spellings {
        put_back(&db).await;
        let change = format!("UPDATE repo_audit SET at = {spelling}");
        run(&db, &format!("{change} WHERE tenant = 'ACME' AND seq = 4")).await;
        assert_eq!(found(&db, ACME).await, Some((4, Fault::Content)), "{spelling}");
    }
}

pub(crate) async fn a_changed_entry_with_a_new_hash_breaks_the_link(fixture: Fixture) {
    let db = tampered(&fixture, "SELECT 1").await;
    keep(&db).await;
    for (seq, expected) in [(4, (5, Fault::Link)), (7, (7, Fault::Head))] {
        put_back(&db).await;
        let sql = "UPDATE repo_audit SET actor = 'user:mallory' WHERE tenant = 'ACME' AND seq =";
        run(&db, &format!("{sql} {seq}")).await;
        restamp(&db, seq..=seq).await;
        assert_eq!(found(&db, ACME).await, Some(expected));
    }
}

pub(crate) async fn a_removed_entry_is_missed(fixture: Fixture) {
    let db = trail(&fixture).await;
    let end = verify(&db, ACME).await.end;
    unguard(&db).await;
    keep(&db).await;
    for (removed, expected) in [
        ("seq = 1", (1, Fault::Gap)),
        ("seq = 4", (4, Fault::Gap)),
        ("seq IN (3, 4)", (3, Fault::Gap)),
        ("seq > 5", (6, Fault::Truncated)),
        ("seq > 0", (1, Fault::Truncated)),
    ] {
        put_back(&db).await;
        run(&db, &format!("DELETE FROM repo_audit WHERE tenant = 'ACME' AND {removed}")).await;
        let verification = verify_against(&db, &end).await;
        assert_eq!(finding(&verification), Some(expected), "{removed}");
        assert_eq!(verification.tail, Tail::Unproven);
    }
}

pub(crate) async fn a_cut_end_is_seen_by_a_checkpoint_alone(fixture: Fixture) {
    let db = trail(&fixture).await;
    let end = verify(&db, ACME).await.end;
    unguard(&db).await;
    for (kept, first_missing) in [(5, 6), (0, 1)] {
        let cut = format!("DELETE FROM repo_audit WHERE tenant = 'ACME' AND seq > {kept}");
        run(&db, &format!("{cut}; {HEAD_IS_NOW}")).await;
        let unaware = verify(&db, ACME).await;
        assert_eq!((unaware.is_intact(), unaware.tail), (true, Tail::Unproven));
        assert_eq!(unaware.entries, kept);
        let aware = verify_against(&db, &end).await;
        assert_eq!(finding(&aware), Some((first_missing, Fault::Truncated)));
        let resumed = db.audit_chain(end.chain.clone()).verify().from(end.clone()).await.unwrap();
        assert_eq!(finding(&resumed), Some((first_missing, Fault::Truncated)));
    }
}

pub(crate) async fn swapped_entries_are_named(fixture: Fixture) {
    let swap = "UPDATE repo_audit SET seq = 8 - seq WHERE tenant = 'ACME' AND seq IN (3, 5)";
    let db = tampered(&fixture, swap).await;
    assert_eq!(found(&db, ACME).await, Some((3, Fault::Content)));
    restamp(&db, 3..=5).await;
    assert_eq!(found(&db, ACME).await, Some((6, Fault::Link)));
}

pub(crate) async fn a_forged_entry_is_named_or_unproven(fixture: Fixture) {
    let db = trail(&fixture).await;
    let end = verify(&db, ACME).await.end;
    unguard(&db).await;
    keep(&db).await;
    let forge = |seq: &str| {
        format!(
            "INSERT INTO repo_audit SELECT tenant, {seq}, entity, entity_id, action, actor, \
             correlation_id, reason, at, before, after, hash, hash FROM repo_audit \
             WHERE tenant = 'ACME' AND seq = 7"
        )
    };
    for (seq, expected) in [
        ("0", (0, Fault::Content)),
        ("-5", (-5, Fault::Content)),
        ("4", (4, Fault::Duplicate)),
        ("7", (7, Fault::Duplicate)),
        ("8", (8, Fault::Content)),
        ("9000", (9000, Fault::Content)),
    ] {
        put_back(&db).await;
        run(&db, &forge(seq)).await;
        assert_eq!(found(&db, ACME).await, Some(expected));
    }
    put_back(&db).await;
    run(&db, &forge("8")).await;
    restamp(&db, 8..=8).await;
    assert_eq!(found(&db, ACME).await, Some((8, Fault::Head)));
    run(&db, HEAD_IS_NOW).await;
    let unaware = verify_against(&db, &end).await;
    assert_eq!((unaware.is_intact(), unaware.tail), (true, Tail::ProvenTo(7)));
    assert_eq!(unaware.end.seq, 8);
}

pub(crate) async fn a_chain_that_was_written_anew_is_seen_by_a_checkpoint_alone(fixture: Fixture) {
    let db = trail(&fixture).await;
    let end = verify(&db, ACME).await.end;
    unguard(&db).await;
    run(&db, "UPDATE repo_audit SET actor = 'user:mallory' WHERE tenant = 'ACME'").await;
    restamp(&db, 1..=7).await;
    run(&db, HEAD_IS_NOW).await;
    let unaware = verify(&db, ACME).await;
    assert_eq!((unaware.is_intact(), unaware.tail), (true, Tail::Unproven));
    let aware = verify_against(&db, &end).await;
    assert_eq!(finding(&aware), Some((7, Fault::Checkpoint)));
    let resumed = db.audit_chain(end.chain.clone()).verify().from(end.clone()).await.unwrap();
    assert_eq!(finding(&resumed), Some((7, Fault::Checkpoint)));
}

pub(crate) async fn an_entry_of_another_tenant_is_traced(fixture: Fixture) {
    let db = tampered(&fixture, "SELECT 1").await;
    keep(&db).await;
    let moved = |from: i64, to: i64| {
        format!(
            "UPDATE repo_audit SET tenant = 'BOLT', seq = {to} WHERE tenant = 'ACME' AND seq = {from}"
        )
    };
    let foreign = |seq| Fault::Foreign { chain: chain_of(ACME), seq };
    for (from, to, left) in [
        (4, 4, (4, Fault::Gap)),
        (4, 9000, (4, Fault::Gap)),
        (1, 4, (1, Fault::Gap)),
        (7, 4, (7, Fault::Truncated)),
    ] {
        put_back(&db).await;
        run(&db, &moved(from, to)).await;
        assert_eq!(found(&db, ACME).await, Some(left));
        assert_eq!(found(&db, BOLT).await, Some((to, foreign(from))));
    }
    put_back(&db).await;
    let instead = "DELETE FROM repo_audit WHERE tenant = 'BOLT' AND seq = 2";
    run(&db, &format!("{instead}; {}", moved(4, 2))).await;
    assert_eq!(found(&db, BOLT).await, Some((2, foreign(4))));
    let words = verify(&db, BOLT).await.to_string();
    assert!(
        words.contains(&format!("entry 2: foreign: it is entry 4 of the chain of tenant {ACME}"))
    );
}

pub(crate) async fn a_number_that_none_follows_hides_no_verdict(fixture: Fixture) {
    let db = tampered(&fixture, "SELECT 1").await;
    let forge = |tenant: &str, seq: i64, hashes: &str, of: i64| {
        format!(
            "INSERT INTO repo_audit SELECT {tenant}, {seq}, entity, entity_id, action, \
             'user:mallory', correlation_id, reason, at, before, after, {hashes} FROM repo_audit \
             WHERE tenant = 'ACME' AND seq = {of}"
        )
    };
    // What seems to be before the bad entry, and what seems to come after it.
    run(&db, &forge("tenant", 8, "hash, prev_hash", 7)).await;
    run(&db, &forge("'elsewhere'", i64::MAX, "hash, hash", 7)).await;
    run(&db, &forge("'nowhere'", i64::MIN + 1, "prev_hash, prev_hash", 7)).await;
    run(&db, "UPDATE repo_audit SET seq = seq - 1 WHERE tenant = 'nowhere'").await;
    assert_eq!(found(&db, ACME).await, Some((8, Fault::Content)));
}

pub(crate) async fn an_entry_with_a_hash_is_in_the_chain_whatever_its_number(fixture: Fixture) {
    let db = trail(&fixture).await;
    let end = verify(&db, ACME).await.end;
    let chain = db.audit_chain(chain_of(ACME));
    unguard(&db).await;
    keep(&db).await;
    let gap = Some((8, Fault::Gap));
    let outside = 1_i64 << 62;
    for seq in [outside, outside + 7, i64::MAX] {
        put_back(&db).await;
        run(&db, &stray("ACME", seq, "NULL, NULL")).await;
        assert_eq!(found(&db, ACME).await, None);
        for hashes in ["prev_hash, hash", "hash, NULL", "NULL, hash"] {
            put_back(&db).await;
            run(&db, &stray("ACME", seq, hashes)).await;
            assert_eq!(found(&db, ACME).await, gap, "{seq} {hashes}");
            for verify in [chain.verify().from(end.clone()), chain.verify().against(end.clone())] {
                let beside = verify.await.unwrap();
                assert_eq!((finding(&beside), beside.tail), (gap.clone(), Tail::ProvenTo(7)));
            }
        }
        put_back(&db).await;
        run(&db, &stray("ACME", seq, "prev_hash, hash")).await;
        restamp(&db, seq..=seq).await;
        assert_eq!(found(&db, ACME).await, gap);
        run(&db, HEAD_IS_NOW).await;
        assert_eq!(found(&db, ACME).await, gap);
        // A checkpoint of what the head said then is none to go on from.
        let astray = chain.checkpoint().await.unwrap();
        for verify in [chain.verify().from(astray.clone()), chain.verify().against(astray.clone())]
        {
            let beside = verify.await.unwrap();
            assert_eq!((finding(&beside), beside.tail), (gap.clone(), Tail::Unproven));
        }
        put_back(&db).await;
        let resumed = chain.verify().from(astray).await.unwrap();
        assert_eq!(finding(&resumed), Some((8, Fault::Truncated)));
    }
    put_back(&db).await;
    run(&db, &stray("ACME", outside, "hash, hash")).await;
    run(&db, "DELETE FROM repo_audit WHERE tenant = 'ACME' AND seq IN (6, 7)").await;
    let resumed = chain.verify().from(end).await.unwrap();
    assert_eq!(finding(&resumed), Some((6, Fault::Gap)));
}

pub(crate) async fn a_chain_without_numbers_of_its_own_is_listed(fixture: Fixture) {
    let db = tampered(&fixture, "DELETE FROM repo_audit_heads WHERE tenant = 'BOLT'").await;
    run(&db, "DELETE FROM repo_audit WHERE tenant = 'BOLT'").await;
    run(&db, &stray("BOLT", 1 << 62, "NULL, NULL")).await;
    assert_eq!(db.audit_chains().await.unwrap(), [chain_of(ACME)]);
    run(&db, &stray("BOLT", (1 << 62) + 1, "hash, hash")).await;
    assert_eq!(db.audit_chains().await.unwrap(), [chain_of(ACME), chain_of(BOLT)]);
    assert_eq!(found(&db, BOLT).await, Some((1, Fault::Gap)));
}

pub(crate) async fn a_tenant_that_is_no_text_is_told_as_such(fixture: Fixture) {
    let lost = "UPDATE repo_audit SET tenant = NULL WHERE tenant = 'ACME' AND seq = 7";
    let db = tampered(&fixture, lost).await;
    assert_error!(db.audit_chains().await, Error::Decode { column, .. } if column == "tenant");
    assert_eq!(found(&db, ACME).await, Some((7, Fault::Truncated)));
    assert_eq!(found(&db, BOLT).await, None);
}

/// Adds an entry like the last one of `ACME`, with these hashes of it.
fn stray(tenant: &str, seq: i64, hashes: &str) -> String {
    format!(
        "INSERT INTO repo_audit SELECT '{tenant}', {seq}, entity, entity_id, action, actor, \
         correlation_id, reason, at, before, after, {hashes} FROM repo_audit \
         WHERE tenant = 'ACME' AND seq = 7"
    )
}

pub(crate) async fn entries_added_below_a_shortened_chain_are_named(fixture: Fixture) {
    let db = trail(&fixture).await;
    let chain = db.audit_chain(chain_of(ACME));
    let end = verify(&db, ACME).await.end;
    let from_end = async || chain.verify().from(end.clone()).await.unwrap();
    unguard(&db).await;
    keep(&db).await;
    let shorten = "DELETE FROM repo_audit WHERE tenant = 'ACME' AND seq < 7";
    for (seq, found) in [
        (1, (6, Fault::Gap)),
        (5, (6, Fault::Gap)),
        (6, (6, Fault::Content)),
        (0, (0, Fault::Content)),
    ] {
        put_back(&db).await;
        run(&db, shorten).await;
        let shortened = from_end().await;
        assert_eq!((finding(&shortened), shortened.entries), (None, 1));
        run(&db, &stray("ACME", seq, "prev_hash, hash")).await;
        let forged = from_end().await;
        assert_eq!((finding(&forged), forged.tail), (Some(found), Tail::Unproven));
    }
    // One that is right by itself.
    put_back(&db).await;
    run(&db, shorten).await;
    run(&db, &stray("ACME", 6, "prev_hash, hash")).await;
    restamp(&db, 6..=6).await;
    assert_eq!(finding(&from_end().await), Some((7, Fault::Link)));
    // What was not removed may stay.
    put_back(&db).await;
    let whole = from_end().await;
    assert_eq!((finding(&whole), whole.entries), (None, 1));
}

pub(crate) async fn a_chain_shortened_beside_a_verification_is_no_alarm(fixture: Fixture) {
    let db = trail(&fixture).await;
    let old = verify(&db, ACME).await.end;
    let claims = acme(&db).actor("alice").repo::<Claim>();
    claims.create_many((0..1_500).map(|number| claim(&format!("E-{number}")))).await.unwrap();
    let chain = db.audit_chain(chain_of(ACME));
    unguard(&db).await;
    keep(&db).await;
    for round in 0..6 {
        put_back(&db).await;
        let (chain, old) = (chain.clone(), old.clone());
        let verification = tokio::spawn(async move { chain.verify().from(old).await });
        tokio::time::sleep(std::time::Duration::from_millis(3 * round)).await;
        run(&db, "DELETE FROM repo_audit WHERE tenant = 'ACME' AND seq < 1400").await;
        match verification.await.unwrap() {
            // It read them all, or began when they were gone.
            Ok(read) => assert!([None, Some((7, Fault::Gap))].contains(&finding(&read)), "{read}"),
            Err(error) => assert!(error.is_retryable(), "{error}"),
        }
    }
}

pub(crate) async fn a_changed_head_is_named(fixture: Fixture) {
    let db = tampered(&fixture, "SELECT 1").await;
    keep(&db).await;
    let head = "UPDATE repo_audit_heads SET";
    let another = "INSERT INTO repo_audit_heads SELECT tenant, seq, prev_hash, hash \
        FROM repo_audit WHERE tenant = 'ACME' AND seq = 7";
    let of_acme = "WHERE tenant = 'ACME'";
    for (change, expected) in [
        (format!("DELETE FROM repo_audit_heads {of_acme}"), (1, Fault::Head)),
        (format!("{head} hash = prev_hash {of_acme}"), (7, Fault::Head)),
        (format!("{head} prev_hash = hash {of_acme}"), (7, Fault::Head)),
        (format!("{head} seq = 6 {of_acme}"), (7, Fault::Head)),
        (another.to_owned(), (7, Fault::Head)),
        (format!("{head} hash = prev_hash {of_acme}; {another}"), (7, Fault::Head)),
        (format!("{head} seq = 8 {of_acme}"), (8, Fault::Truncated)),
        (format!("{head} seq = 4611686018427387904 {of_acme}"), (8, Fault::Truncated)),
    ] {
        put_back(&db).await;
        run(&db, &change).await;
        assert_eq!(found(&db, ACME).await, Some(expected), "{change}");
    }
    put_back(&db).await;
    run(&db, &format!("{head} seq = NULL {of_acme}; {another}")).await;
    assert!(matches!(found(&db, ACME).await, Some((_, Fault::Head))));
}

pub(crate) async fn a_long_chain_is_verified_to_its_end(fixture: Fixture) {
    let db = trail(&fixture).await;
    let many: Vec<_> = (0..1_200).map(|n| claim(&format!("M-{n}"))).collect();
    acme(&db).actor("alice").repo::<Claim>().create_many(many).await.unwrap();
    let verification = verify(&db, ACME).await;
    assert_eq!((verification.is_intact(), verification.entries), (true, 1_207));
    unguard(&db).await;
    keep(&db).await;
    for seq in [500, 501, 502, 1_000, 1_207] {
        put_back(&db).await;
        run(
            &db,
            &format!(
                "INSERT INTO repo_audit SELECT * FROM kept WHERE tenant = 'ACME' AND seq = {seq}"
            ),
        )
        .await;
        assert_eq!(found(&db, ACME).await, Some((seq, Fault::Duplicate)));
        run(&db, &format!("DELETE FROM repo_audit WHERE tenant = 'ACME' AND seq = {seq}")).await;
        let fault = if seq == 1_207 { Fault::Truncated } else { Fault::Gap };
        assert_eq!(found(&db, ACME).await, Some((seq, fault)));
    }
}

pub(crate) async fn writers_beside_a_verification_are_no_alarm(fixture: Fixture) {
    let db = trail(&fixture).await;
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let claims = acme(&db).actor("alice").repo::<Claim>();
            tokio::spawn(async move {
                for number in 0..25 {
                    claims.create(claim(&format!("{writer}-{number}"))).await.unwrap();
                }
            })
        })
        .collect();
    let mut end = verify(&db, ACME).await.end;
    while end.seq < 107 {
        let verification = verify(&db, ACME).await;
        assert!(verification.is_intact(), "{verification}");
        assert!(verification.end.seq >= end.seq);
        end = verification.end;
        tokio::task::yield_now().await;
    }
    for writer in writers {
        writer.await.unwrap();
    }
}
