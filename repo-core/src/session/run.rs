//! Running statements where a session runs: by themselves or in its transaction, and recorded where it looks at all
//! tenants.

use std::sync::Arc;

use super::Session;
use crate::audit::append::Pending;
use crate::backend::{Access, Addition, BriefChange, Insert, Lookup, OnRow, Statement};
use crate::database::Database;
use crate::error::failure::{complete_insert, complete_statement};
use crate::error::reference::named;
use crate::error::{Error, Result};
use crate::schema::table::Table;
use crate::session::scope::{Reach, Scope};
use crate::transaction::around::refuse_within;
use crate::transaction::{Executor, Own};
use crate::unchecked::UNCHECKED;

impl<S: Scope> Session<S> {
    /// Runs one statement where this session runs. Returns the rows affected.
    pub(crate) async fn run(&self, statement: Statement<'_>, on_row: OnRow<'_>) -> Result<u64> {
        self.record_access(Some(statement.table)).await?;
        tracing::trace!(target: "repo::sql", sql = statement.sql);
        let dialect = self.dialect();
        let result = match &self.executor {
            Executor::Pool => {
                if statement.access() == Access::Write {
                    self.refuse_within_transaction()?;
                }
                let result = self.backend().run(statement, on_row).await;
                result.map_err(|error| complete_statement(error, dialect, statement))
            }
            Executor::Transaction(handle) => handle.run(dialect, statement, on_row).await,
        };
        result.map_err(|error| self.with_reference(error, statement.table))
    }

    /// Inserts all rows or none where this session runs. Returns their identities.
    pub(crate) async fn insert(&self, insert: Insert<'_>) -> Result<Vec<i64>> {
        self.record_access(Some(insert.table)).await?;
        tracing::trace!(target: "repo::sql", sql = insert.sql, rows = insert.rows.len());
        let dialect = self.dialect();
        let result = match &self.executor {
            Executor::Pool => {
                self.refuse_within_transaction()?;
                let result = self.backend().insert(insert).await;
                result.map_err(|error| complete_insert(error, dialect, insert))
            }
            Executor::Transaction(handle) => handle.insert(dialect, insert).await,
        };
        result.map_err(|error| self.with_reference(error, insert.table))
    }

    /// The error of a statement about `table`, with the reference that it is about if it is about one.
    pub(crate) fn with_reference(&self, error: Error, table: &'static Table) -> Error {
        if !matches!(error.cause(), Error::ForeignKey { .. }) {
            return error;
        }
        let (registry, dialect) = (self.database.registry(), self.dialect());
        named(error, registry.tables().iter().copied().chain([table]), dialect)
    }

    /// Refuses a write of its own where it is called from the closure of another session's transaction.
    pub(crate) fn refuse_within_transaction(&self) -> Result<()> {
        if self.in_transaction() { Ok(()) } else { refuse_within(&self.database) }
    }

    /// Reads a row by its key by itself: outside of transactions, where a backend may read those of others along.
    pub(crate) async fn look_up(&self, lookup: Lookup<'_>, on_row: OnRow<'_>) -> Result<()> {
        let statement = lookup.statement;
        self.record_access(Some(statement.table)).await?;
        tracing::trace!(target: "repo::sql", sql = statement.sql);
        let result = self.backend().look_up(lookup, on_row).await;
        result.map(drop).map_err(|error| complete_statement(error, self.dialect(), statement))
    }

    /// Adds a row by itself: outside of transactions, where a backend may add those of others along.
    pub(crate) async fn add(&self, addition: Addition<'_>) -> Result<()> {
        self.refuse_within_transaction()?;
        let statement = addition.statement;
        self.record_access(Some(statement.table)).await?;
        tracing::trace!(target: "repo::sql", sql = statement.sql);
        let added = self.backend().add(addition).await;
        added.map_err(|error| complete_statement(error, self.dialect(), statement))
    }

    /// Has the backend make the change at once, outside of transactions; `false` where it does not do that.
    pub(crate) async fn make(&self, change: BriefChange<'_>) -> Result<bool> {
        self.refuse_within_transaction()?;
        self.backend().make(change).await
    }

    /// Whether a statement of it runs by itself, and nothing else is told of it.
    pub(crate) fn is_plain(&self) -> bool {
        !self.in_transaction() && self.access.is_none()
    }

    /// Records that this session looks at all tenants, where it does and it is not recorded yet.
    pub(crate) async fn record_access(&self, table: Option<&'static Table>) -> Result<()> {
        let Some(access) = &self.access else { return Ok(()) };
        if self.in_transaction() && !access.is_needed(table) {
            return Ok(());
        }
        // A large future that few need, kept apart from those of all statements.
        Box::pin(access.record(self, table)).await
    }

    /// Records a look at what SQL by hand reads, which nobody here knows: it may be any table of the database.
    pub(crate) async fn record_look_by_hand(&self) -> Result<()> {
        let Some(access) = &self.access else { return Ok(()) };
        access.look_by_hand(self.database.registry().tables().iter().copied());
        self.record_access(Some(&UNCHECKED)).await
    }

    /// Told before a statement that looks at rows of other tables than its own.
    pub(crate) fn looks_at(&self, tables: impl IntoIterator<Item = &'static Table>) -> Result<()> {
        tables.into_iter().try_for_each(|table| {
            self.database.meet(table)?;
            if let Some(access) = &self.access {
                access.look_at(table);
            }
            Ok(())
        })
    }

    /// Adds entries to the audit trail in this session's transaction.
    pub(crate) async fn record(&self, entries: Vec<Pending>) -> Result<()> {
        match &self.executor {
            Executor::Pool => Err(Error::NoTransaction { operation: "record" }),
            Executor::Transaction(handle) => handle.record(self.dialect(), entries).await,
        }
    }

    /// Only a rollback is possible from now on, where this session is in a transaction.
    pub(crate) async fn fail(&self, error: &Error) {
        if let Executor::Transaction(handle) = &self.executor {
            handle.fail(error).await;
        }
    }

    /// The transaction that this session is in, or one of its own for several statements.
    pub(crate) async fn own_transaction(&self) -> Result<Own<S>> {
        match Own::outer(self) {
            Some(own) => Ok(own),
            None => self.begin_own().await.map(Own::Inner),
        }
    }
}

/// Reads the rows of all tenants for what belongs to no session. Where the server keeps tenants apart, the connection is
/// one that reads all of them.
pub(crate) async fn read_over_all(
    database: &Database,
    statement: Statement<'_>,
    on_row: OnRow<'_>,
) -> Result<()> {
    tracing::trace!(target: "repo::sql", sql = statement.sql);
    let backend = database.unscoped_backend();
    let over_all = backend.within(&Reach::All).unwrap_or_else(|| Arc::clone(backend));
    let result = over_all.run(statement, on_row).await;
    result.map(drop).map_err(|error| complete_statement(error, database.dialect(), statement))
}
