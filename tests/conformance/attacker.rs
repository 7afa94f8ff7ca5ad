//! What somebody can do who writes the database and knows how entries are hashed.
//!
//! The tables are copied first, which leaves their keys and guards behind.

use std::sync::Arc;

use repo_core::backend::{Effect, Reach, Statement};
use repo_core::{AuditEntry, Database, Entity as _, TransactionOptions, Value};
use sha2::{Digest as _, Sha256};

use crate::fixture::{ACME, BOLT, acme, backend};

/// Makes the last entry of the tenant the head of its chain.
pub(crate) const HEAD_IS_NOW: &str = "DELETE FROM repo_audit_heads WHERE tenant = 'ACME'; \
    INSERT INTO repo_audit_heads SELECT tenant, seq, prev_hash, hash FROM repo_audit \
    WHERE tenant = 'ACME' AND seq = (SELECT max(seq) FROM repo_audit WHERE tenant = 'ACME')";

/// Copies of the tables: without keys, checks and triggers.
pub(crate) async fn unguard(db: &Database) {
    for table in ["repo_audit", "repo_audit_heads"] {
        let script = format!(
            "CREATE TABLE copied AS SELECT * FROM {table}; DROP TABLE {table}; \
             ALTER TABLE copied RENAME TO {table}"
        );
        run(db, &script).await;
    }
}

/// Runs SQL in which the names of the tenants stand for them.
pub(crate) async fn run(db: &Database, script: &str) {
    let script = script.replace("ACME", &ACME.to_string()).replace("BOLT", &BOLT.to_string());
    // Row-level security would show a part of the trail.
    let backend = backend(db).within(&Reach::All).unwrap_or_else(|| Arc::clone(backend(db)));
    let mut connection = backend.begin(TransactionOptions::new()).await.unwrap();
    connection.execute_script(&script).await.unwrap();
    connection.commit().await.unwrap();
}

/// Keeps the trail as it is, for tamperings that each start from the same one.
pub(crate) async fn keep(db: &Database) {
    run(
        db,
        "CREATE TABLE kept AS SELECT * FROM repo_audit; \
         CREATE TABLE kept_heads AS SELECT * FROM repo_audit_heads",
    )
    .await;
}

/// Puts the trail back as it was kept.
pub(crate) async fn put_back(db: &Database) {
    run(
        db,
        "DELETE FROM repo_audit; INSERT INTO repo_audit SELECT * FROM kept; \
         DELETE FROM repo_audit_heads; INSERT INTO repo_audit_heads SELECT * FROM kept_heads",
    )
    .await;
}

/// Gives these entries of the chain new hashes, each following the one before it.
pub(crate) async fn restamp(db: &Database, numbers: std::ops::RangeInclusive<i64>) {
    let entries = acme(db).audit().query().order_by(AuditEntry::SEQ.asc()).all().await.unwrap();
    let mut prev_hash = vec![0; 32];
    for entry in entries {
        if numbers.contains(&entry.seq) {
            let hash = hash(&entry, &prev_hash);
            set_hashes(db, entry.seq, &prev_hash, &hash).await;
            prev_hash = hash;
        } else {
            prev_hash = entry.hash.unwrap();
        }
    }
}

async fn set_hashes(db: &Database, seq: i64, prev_hash: &[u8], hash: &[u8]) {
    let dialect = db.dialect();
    let mut places = Vec::new();
    for index in 1..=2 {
        let mut place = String::new();
        dialect.placeholder(&mut place, index);
        places.push(place);
    }
    let sql = format!(
        "UPDATE repo_audit SET prev_hash = {}, hash = {} WHERE tenant = '{ACME}' AND seq = {seq}",
        places[0], places[1]
    );
    let params = [Value::Bytes(prev_hash.into()), Value::Bytes(hash.into())];
    let statement =
        Statement { sql: &sql, params: &params, effect: Effect::Update, table: AuditEntry::TABLE };
    assert_eq!(backend(db).run(statement, &mut |_| Ok(())).await.unwrap(), 1);
}

/// As `docs/audit-format.md` has it.
fn hash(entry: &AuditEntry, prev_hash: &[u8]) -> Vec<u8> {
    let at = entry.at.format("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string();
    let actor = entry.actor.to_string();
    let images = [&entry.before, &entry.after].map(|image| image.as_ref().map(|i| i.as_str()));
    let texts = [
        Some("repo-audit-1"),
        Some(&*entry.tenant),
        Some(&*entry.entity),
        Some(entry.action.as_str()),
        Some(&*actor),
        entry.correlation_id.as_deref(),
        entry.reason.as_deref(),
        Some(&*at),
        Some(&*entry.entity_id),
        images[0],
        images[1],
    ];
    let seq = entry.seq.to_be_bytes();
    let fields = texts.iter().map(|text| text.map(str::as_bytes));
    let mut sha = Sha256::new();
    for field in fields.chain([Some(&seq[..]), Some(prev_hash)]) {
        let length = field.map_or(u32::MAX, |field| u32::try_from(field.len()).unwrap());
        sha.update(length.to_be_bytes());
        sha.update(field.unwrap_or_default());
    }
    sha.finalize().to_vec()
}
