//! An entry of the audit trail by hand: its images, and its hash in the chain, as `docs/audit-format.md` has
//! them. Repositories verify the chain that comes out.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::by_hand::moment;
use crate::entity::Ticket;

/// Who changes tickets.
pub const ACTOR: &str = "alice";
/// The same, as the trail stores it.
pub const STORED_ACTOR: &str = "user:alice";
/// The hash before the first entry.
pub const ZERO: [u8; 32] = [0; 32];

/// An entry that can be appended after `seq` and `prev_hash`.
#[derive(Debug)]
pub struct Entry {
    /// The tenant, as text.
    pub tenant: String,
    /// The id of the row, as text.
    pub id: String,
    /// When.
    pub at: DateTime<Utc>,
    /// The columns that changed, before.
    pub before: String,
    /// The same, after.
    pub after: String,
}

impl Entry {
    /// What changed from one row to the other.
    pub fn of(before: &Ticket, after: &Ticket, at: DateTime<Utc>) -> Self {
        let (old, new) = images(before, after);
        Self {
            tenant: after.tenant_id.to_string(),
            id: Uuid::to_string(&after.id),
            at,
            before: old,
            after: new,
        }
    }

    /// The hash as the entry number `seq`.
    pub fn hash(&self, seq: i64, prev_hash: &[u8]) -> [u8; 32] {
        let mut hasher = Sha256::new();
        let mut field = |bytes: Option<&[u8]>| match bytes {
            Some(bytes) => {
                hasher.update(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
                hasher.update(bytes);
            }
            None => hasher.update([0xff; 4]),
        };
        field(Some(b"repo-audit-1"));
        field(Some(self.tenant.as_bytes()));
        field(Some(b"audited_tickets"));
        field(Some(b"update"));
        field(Some(STORED_ACTOR.as_bytes()));
        field(None);
        field(None);
        field(Some(moment(self.at).as_bytes()));
        field(Some(self.id.as_bytes()));
        field(Some(self.before.as_bytes()));
        field(Some(self.after.as_bytes()));
        field(Some(&seq.to_be_bytes()));
        field(Some(prev_hash));
        hasher.finalize().into()
    }
}

/// The columns that a patch can change, as objects of JSON: those that differ.
fn images(before: &Ticket, after: &Ticket) -> (String, String) {
    let (mut old, mut new) = (String::with_capacity(128), String::with_capacity(128));
    let mut member = |name: &str, was: &str, is: &str| {
        for (image, value) in [(&mut old, was), (&mut new, is)] {
            let start = if image.is_empty() { '{' } else { ',' };
            // None of the values has a character that JSON escapes.
            let _ = write!(image, "{start}\"{name}\":\"{value}\"");
        }
    };
    if before.status != after.status {
        member("status", before.status.as_str(), after.status.as_str());
    }
    if before.attempts != after.attempts {
        member("attempts", &before.attempts.to_string(), &after.attempts.to_string());
    }
    member("version", &before.version.to_string(), &after.version.to_string());
    member("updated_at", &moment(before.updated_at), &moment(after.updated_at));
    old.push('}');
    new.push('}');
    (old, new)
}
