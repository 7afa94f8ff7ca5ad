//! A recorded entity, and what is done to its rows.

use chrono::{DateTime, Utc};
use repo_core::Repository;
use uuid::Uuid;

/// Every policy, a unique column and a secret.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "parcels", tenant, soft_delete, versioned, timestamps, audited)]
pub(crate) struct Parcel {
    pub(crate) id: Uuid,
    pub(crate) tenant_id: i64,
    #[repository(unique)]
    pub(crate) code: String,
    pub(crate) amount: i64,
    pub(crate) note: Option<String>,
    #[repository(sensitive)]
    pub(crate) secret: Option<String>,
    pub(crate) version: i64,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    pub(crate) deleted_at: Option<DateTime<Utc>>,
}

/// The columns of a parcel that are given.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Given {
    pub(crate) code: String,
    pub(crate) amount: i64,
    pub(crate) note: Option<String>,
    pub(crate) secret: Option<String>,
}

/// New values for some of them.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) code: Option<String>,
    pub(crate) amount: Option<i64>,
    pub(crate) note: Option<Option<String>>,
    pub(crate) secret: Option<Option<String>>,
}

/// A row among all that were ever added, and the version that it is to have.
#[derive(Debug, Clone)]
pub(crate) struct Pick {
    pub(crate) index: usize,
    pub(crate) version: Option<i64>,
}

#[derive(Debug, Clone)]
pub(crate) enum Operation {
    Create(Given),
    CreateMany(Vec<Given>),
    CreateOrGet(Given),
    /// By `update` of the whole entity, or by `patch`.
    Change {
        pick: Pick,
        change: Change,
        is_whole: bool,
    },
    Delete(Pick),
    Restore(Pick),
    Purge(Pick),
    PurgeOld {
        chunk: u32,
    },
    /// Of the rows with this amount, to which more is added, unless that is nothing.
    PatchAll {
        amount: i64,
        change: Change,
        more: i64,
    },
    DeleteAll {
        amount: i64,
    },
    DeleteMany(Vec<Pick>),
    Upsert(Given),
    Transaction {
        is_kept: bool,
        work: Vec<Operation>,
    },
}

impl Change {
    pub(crate) fn apply(&self, given: &mut Given) {
        let Change { code, amount, note, secret } = self.clone();
        given.code = code.unwrap_or_else(|| given.code.clone());
        given.amount = amount.unwrap_or(given.amount);
        given.note = note.unwrap_or_else(|| given.note.clone());
        given.secret = secret.unwrap_or_else(|| given.secret.clone());
    }

    pub(crate) fn patch(&self) -> ParcelPatch {
        let Change { code, amount, note, secret } = self.clone();
        let patch = ParcelPatch::new();
        let patch = if let Some(code) = code { patch.code(code) } else { patch };
        let patch = if let Some(amount) = amount { patch.amount(amount) } else { patch };
        let patch = if let Some(note) = note { patch.note(note) } else { patch };
        if let Some(secret) = secret { patch.secret(secret) } else { patch }
    }
}

impl Operation {
    /// Whether an error undoes it alone, and its transaction goes on.
    pub(crate) fn is_a_savepoint(&self) -> bool {
        matches!(
            self,
            Self::PatchAll { .. } | Self::DeleteAll { .. } | Self::DeleteMany(_) | Self::Upsert(_)
        )
    }
}

impl Pick {
    /// Its number among so many; where there is none, one that no row has.
    pub(crate) fn number(&self, added: usize) -> usize {
        if added == 0 { usize::MAX } else { self.index % added }
    }
}
