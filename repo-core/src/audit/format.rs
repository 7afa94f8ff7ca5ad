//! The bytes that are hashed: version 1 of the format, which the project's guide specifies in `docs/audit-format.md`.
//!
//! `SHA-256(known ‖ entity_id ‖ before ‖ after ‖ seq ‖ prev_hash)`, where `known` is the version of the
//! format, tenant, entity, action, actor, correlation id, reason and time. Each field is its length as four
//! bytes, big-endian, and its bytes; NULL is the length `ff ff ff ff` and no bytes. What a database adds
//! comes last, so that one that hashes by itself is given `known` ready-made.

use chrono::{DateTime, SecondsFormat, Utc};
use sha2::{Digest as _, Sha256};

/// The version of the format.
pub(crate) const VERSION: &str = "repo-audit-1";

/// The hash before the first entry.
pub(crate) const ZERO: [u8; 32] = [0; 32];

/// What is known of an entry before the database is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known<'a> {
    pub(crate) tenant: &'a str,
    pub(crate) entity: &'a str,
    pub(crate) action: &'a str,
    pub(crate) actor: &'a str,
    pub(crate) correlation_id: Option<&'a str>,
    pub(crate) reason: Option<&'a str>,
    pub(crate) at: DateTime<Utc>,
}

impl Known<'_> {
    /// The bytes.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(192);
        field(&mut bytes, VERSION.as_bytes());
        field(&mut bytes, self.tenant.as_bytes());
        field(&mut bytes, self.entity.as_bytes());
        field(&mut bytes, self.action.as_bytes());
        field(&mut bytes, self.actor.as_bytes());
        optional(&mut bytes, self.correlation_id);
        optional(&mut bytes, self.reason);
        field(&mut bytes, moment(self.at).as_bytes());
        bytes
    }
}

/// The hash of an entry.
pub(crate) fn hash(
    known: &[u8],
    entity_id: &str,
    before: Option<&str>,
    after: Option<&str>,
    seq: i64,
    prev_hash: &[u8],
) -> [u8; 32] {
    Sha256::digest(encode(known, entity_id, before, after, seq, prev_hash)).into()
}

/// The bytes that are hashed.
pub(crate) fn encode(
    known: &[u8],
    entity_id: &str,
    before: Option<&str>,
    after: Option<&str>,
    seq: i64,
    prev_hash: &[u8],
) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(
        known.len() + 96 + before.map_or(0, str::len) + after.map_or(0, str::len),
    );
    bytes.extend_from_slice(known);
    field(&mut bytes, entity_id.as_bytes());
    optional(&mut bytes, before);
    optional(&mut bytes, after);
    field(&mut bytes, &seq.to_be_bytes());
    field(&mut bytes, prev_hash);
    bytes
}

/// A moment as it is hashed: `2026-01-31T23:59:59.000001+00:00`.
pub(crate) fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, false)
}

fn optional(bytes: &mut Vec<u8>, text: Option<&str>) {
    match text {
        Some(text) => field(bytes, text.as_bytes()),
        None => bytes.extend_from_slice(&[0xff; 4]),
    }
}

fn field(bytes: &mut Vec<u8>, field: &[u8]) {
    // No database stores a text of 4 GiB: Postgres stops at 1, SQLite at 2.
    let length = u32::try_from(field.len()).unwrap_or(u32::MAX - 1);
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(field);
}
