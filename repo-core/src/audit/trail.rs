//! Reading the audit trail.

use std::fmt;
use std::ops::Deref;

use super::entry::AuditEntry;
use crate::repo::Repo;
use crate::scope::Scope;

/// The entries of the audit trail that a session reaches.
///
/// It derefs to [`Repo`]: entries are read, filtered, paged and counted as the rows of any entity.
pub struct Audit<S: Scope> {
    repo: Repo<AuditEntry, S>,
}

impl<S: Scope> Audit<S> {
    pub(crate) fn new(repo: Repo<AuditEntry, S>) -> Self {
        Self { repo }
    }
}

impl<S: Scope> Deref for Audit<S> {
    type Target = Repo<AuditEntry, S>;

    fn deref(&self) -> &Self::Target {
        &self.repo
    }
}

impl<S: Scope> fmt::Debug for Audit<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Audit").field(&self.repo).finish()
    }
}
