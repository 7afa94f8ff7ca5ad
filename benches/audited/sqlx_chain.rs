//! A trail by hand whose entries are a chain, on Postgres: each has the hash of the one before it, and its own.
//!
//! The end of the chain is read and locked, the hash made here, and the entry and the new end written: two statements more
//! than a trail without a chain.

use benches::Result;
use benches::by_hand::now;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::engine::{ACTOR, TENANT};

/// The entries with the same index as the trail without a chain, and the ends of the chains.
pub(crate) const CREATE: &str = "CREATE TABLE audit_chain (tenant_id uuid NOT NULL, seq bigint NOT NULL, \
    entity text NOT NULL, entity_id uuid NOT NULL, action text NOT NULL, actor text NOT NULL, \
    correlation_id text, reason text, at timestamptz NOT NULL, before text, after text, \
    prev_hash bytea NOT NULL, hash bytea NOT NULL, PRIMARY KEY (tenant_id, seq)); \
    CREATE INDEX audit_chain_rows ON audit_chain (tenant_id, entity, entity_id); \
    CREATE TABLE audit_ends (tenant_id uuid PRIMARY KEY, seq bigint NOT NULL, hash bytea NOT NULL)";
pub(crate) const ENTRIES: &str = "SELECT count(*) FROM audit_chain";
pub(crate) const NEWEST: &str = "SELECT before, after FROM audit_chain ORDER BY seq DESC LIMIT 1";

/// The end of a chain, locked. Parameters: tenant, 32 zeros.
const END: &str = "INSERT INTO audit_ends (tenant_id, seq, hash) VALUES ($1, 0, $2) \
    ON CONFLICT (tenant_id) DO UPDATE SET seq = audit_ends.seq RETURNING seq, hash";
const APPEND: &str = "INSERT INTO audit_chain \
    (tenant_id, seq, entity, entity_id, action, actor, at, before, after, prev_hash, hash) \
    VALUES ($1, $2, 'tickets', $3, $4, $5, $6, $7, $8, $9, $10)";
const SET_END: &str = "UPDATE audit_ends SET seq = $2, hash = $3 WHERE tenant_id = $1";

pub(crate) async fn append(
    connection: &mut PgConnection,
    id: Uuid,
    action: &str,
    before: Option<Map<String, Value>>,
    after: Map<String, Value>,
) -> Result<()> {
    let before = before.map(|before| serde_json::to_string(&before)).transpose()?;
    let (after, at) = (serde_json::to_string(&after)?, now());
    let end = sqlx::query_as::<_, (i64, Vec<u8>)>(END).bind(TENANT).bind(&[0_u8; 32][..]);
    let (last, previous) = end.fetch_one(&mut *connection).await?;
    let seq = last + 1;
    let mut hasher = Sha256::new();
    let mut field = |bytes: &[u8]| {
        hasher.update(bytes.len().to_be_bytes());
        hasher.update(bytes);
    };
    field(TENANT.as_bytes());
    field(&seq.to_be_bytes());
    field(b"tickets");
    field(id.as_bytes());
    field(action.as_bytes());
    field(ACTOR.as_bytes());
    field(&at.timestamp_micros().to_be_bytes());
    field(before.as_deref().unwrap_or_default().as_bytes());
    field(after.as_bytes());
    field(&previous);
    let hash = hasher.finalize();
    let entry = sqlx::query(APPEND)
        .bind(TENANT)
        .bind(seq)
        .bind(id)
        .bind(action)
        .bind(ACTOR)
        .bind(at)
        .bind(before)
        .bind(after)
        .bind(previous)
        .bind(&hash[..]);
    entry.execute(&mut *connection).await?;
    let end = sqlx::query(SET_END).bind(TENANT).bind(seq).bind(&hash[..]);
    end.execute(connection).await?;
    Ok(())
}
