//! The entry of a session over all tenants: that it was opened, by whom and why.
//!
//! Written once, before the session's first statement or transaction, on a connection that is given back
//! before: what a transaction of the session undoes does not undo it.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::audit::append::Pending;
use crate::audit::author::Author;
use crate::audit::{Action, TRAIL};
use crate::error::{DatabaseError, Error, Result};
use crate::schema::table::{Chaining, Table};
use crate::session::Session;
use crate::session::scope::{Reach, Scope};
use crate::transaction::Executor;
use crate::transaction::turns::Turns;

/// What an entry is about that is about no table.
pub(crate) const ALL_TENANTS: &str = "all_tenants";

/// Whether the entry of a session is written.
#[derive(Debug, Default)]
pub(crate) struct Access {
    is_recorded: Turns<bool>,
    /// Whether a condition or a value of a statement is about rows whose table is watched.
    looks_further: AtomicBool,
}

impl Access {
    /// Remembers that a statement looks at rows of tables other than its own.
    pub(crate) fn look_at<'t>(&self, tables: impl IntoIterator<Item = &'t Table>) {
        if tables.into_iter().any(is_watched) {
            self.looks_further.store(true, Ordering::Relaxed);
        }
    }

    /// Whether looking at this table must be recorded.
    pub(crate) fn is_needed(&self, table: Option<&Table>) -> bool {
        table.is_some_and(is_watched)
            || (table.is_some() && self.looks_further.load(Ordering::Relaxed))
    }

    /// Writes the entry, unless it is there. Needed where `table` is recorded in the trail, or is the trail.
    pub(crate) async fn record<S: Scope>(
        &self,
        session: &Session<S>,
        table: Option<&'static Table>,
    ) -> Result<()> {
        let mut is_recorded = self.is_recorded.take().await?;
        if *is_recorded {
            return Ok(());
        }
        let is_needed = self.is_needed(table);
        let entity = table.map_or("row", |table| table.entity);
        let author = match Author::acting(session, Reach::Shared, entity) {
            Ok(author) => author,
            Err(Error::MissingActor { .. }) if !is_needed => return Ok(()),
            Err(error) => return Err(error),
        };
        if session.in_transaction() {
            return Err(Error::MissingActor { entity });
        }
        if is_needed && author.reason.as_deref().is_none_or(|reason| reason.trim().is_empty()) {
            return Err(Error::invalid_input("reason", "is empty"));
        }
        match self.is_recorded.watch(append(session, author)).await {
            // There is no trail, and so nothing that is recorded in it.
            Err(error) if !is_needed && is_missing_table(&error) => {}
            result => result?,
        }
        *is_recorded = true;
        Ok(())
    }
}

/// Whether looking at the rows of all tenants is recorded.
pub(crate) fn is_watched(table: &Table) -> bool {
    table.audit.is_some() || table.name == TRAIL.name
}

/// Whether the database has no audit trail.
pub(crate) fn is_missing_table(error: &Error) -> bool {
    let Error::Backend(DatabaseError { code, message, .. }) = error else { return false };
    code.as_deref() == Some("42P01") || message.contains("no such table")
}

async fn append<S: Scope>(session: &Session<S>, author: Author) -> Result<()> {
    let entry = Pending {
        author,
        chaining: Chaining::Chained,
        entity: ALL_TENANTS,
        entity_id: String::new(),
        action: Action::Access,
        before: None,
        after: None,
    };
    let backend = session.backend();
    let executor = Executor::Pool.begin(backend, Default::default(), true).await?;
    let Executor::Transaction(handle) = executor else { return Ok(()) };
    let dialect = backend.dialect();
    let recorded = match handle.record(dialect, vec![entry]).await {
        Ok(()) => handle.commit(dialect).await,
        Err(error) => Err(error),
    };
    if recorded.is_err() {
        // Where the commit has rolled back by itself this says so, and nothing else is to be done.
        let _ = handle.rollback().await;
    }
    recorded
}
