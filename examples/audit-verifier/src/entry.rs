//! An entry as SQL gives it, and its hash as the specification has it.

use sha2::{Digest as _, Sha256};

/// The columns in the order of [`Entry`]; the time is asked for as each database writes it.
pub(crate) const COLUMNS: [&str; 9] = [
    "tenant",
    "entity",
    "action",
    "actor",
    "correlation_id",
    "reason",
    "entity_id",
    "before",
    "after",
];

/// What is of the chain: an entry with a number from 2^62 on is not, unless it has a hash.
pub(crate) const IN_CHAIN: &str =
    "(seq < 4611686018427387904 OR prev_hash IS NOT NULL OR hash IS NOT NULL)";

/// Of the [`COLUMNS`], those that may be `NULL`.
const NULLABLE: [&str; 4] = ["correlation_id", "reason", "before", "after"];

/// What `at` looks like, with a 0 for each digit.
const MOMENT: &str = "0000-00-00T00:00:00.000000+00:00";

/// One row of `repo_audit`. What is `None` is `NULL`; of a row that holds what the table does not allow, all but the
/// number is.
#[derive(Debug, Default)]
pub(crate) struct Entry {
    pub(crate) seq: i64,
    /// As `2026-01-31T23:59:59.000001+00:00`.
    pub(crate) at: Option<String>,
    /// The [`COLUMNS`].
    pub(crate) texts: [Option<String>; 9],
    pub(crate) prev_hash: Option<Vec<u8>>,
    pub(crate) hash: Option<Vec<u8>>,
}

/// One row of `repo_audit_heads`.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) seq: i64,
    pub(crate) prev_hash: Vec<u8>,
    pub(crate) hash: Vec<u8>,
}

impl Entry {
    /// Whether the hash is that of the fields, and each of them what the table allows.
    pub(crate) fn is_right(&self) -> bool {
        let mut texts = COLUMNS.iter().zip(&self.texts);
        texts.all(|(name, text)| text.is_some() || NULLABLE.contains(name))
            && self.at.as_deref().is_some_and(is_moment)
            && self.prev_hash.as_ref().is_some_and(|hash| hash.len() == 32)
            && self.hash == Some(self.computed())
    }

    /// The SHA-256 of the fields, each behind its length.
    pub(crate) fn computed(&self) -> Vec<u8> {
        let [tenant, entity, action, actor, correlation_id, reason, entity_id, before, after] =
            self.texts.each_ref().map(|text| text.as_deref().map(str::as_bytes));
        let seq = self.seq.to_be_bytes();
        let fields = [
            Some(&b"repo-audit-1"[..]),
            tenant,
            entity,
            action,
            actor,
            correlation_id,
            reason,
            self.at.as_deref().map(str::as_bytes),
            entity_id,
            before,
            after,
            Some(&seq[..]),
            self.prev_hash.as_deref(),
        ];
        let mut hash = Sha256::new();
        for field in fields {
            let length = field.map_or(u32::MAX, |field| field.len() as u32);
            hash.update(length.to_be_bytes());
            hash.update(field.unwrap_or_default());
        }
        hash.finalize().to_vec()
    }
}

fn is_moment(text: &str) -> bool {
    text.replace(|digit: char| digit.is_ascii_digit(), "0") == MOMENT
}
