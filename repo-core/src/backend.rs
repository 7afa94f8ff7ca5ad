//! What a database must be able to do: the traits behind which a driver lives.
//!
//! Both traits are object-safe, so that a [`Database`](crate::Database) has no backend type and a URL
//! can choose one at run time. Core hands over SQL text and borrowed values and gets rows by callback;
//! it never sees a driver's type. A backend in another crate needs nothing that is not public here.

mod asked;
mod options;
mod row;

use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;

use crate::error::{Error, Result};
use crate::schema::guards::InspectedTable;
use crate::schema::table::Table;

pub use asked::{
    Access, Addition, BriefChange, Effect, Insert, InsertRows, Lookup, Statement, Steps,
};
pub use options::{Health, Isolation, TransactionOptions};
pub use row::{OnRow, Row};

pub use crate::aggregate::Extreme;
pub use crate::aggregate::bucket::TimeUnit;
pub use crate::dialect::{
    AuditedChange, Dialect, ImageOf, JsonType, Lateral, Owner, TextMatch, generated_name, quote,
    quote_literal,
};
pub use crate::error::{Meaning, ToldReference};
pub use crate::read::held::Held;
pub use crate::schema::needed::{Named, NeededName};
pub use crate::session::scope::Reach;

/// A database behind a pool of connections.
#[async_trait]
pub trait Backend: Debug + Send + Sync + 'static {
    /// How this database spells SQL.
    fn dialect(&self) -> &dyn Dialect;

    /// Runs one statement by itself, committed when this returns `Ok`. Returns the rows affected.
    ///
    /// A connection whose statement did not finish, because the future was dropped or `on_row`
    /// panicked, is not used again before it is proven clean.
    async fn run(&self, statement: Statement<'_>, on_row: OnRow<'_>) -> Result<u64>;

    /// Reads a row by its key, as [`run`](Self::run) does with [`Lookup::statement`]. A backend may read the rows of
    /// several callers by one statement: each is given its own row, or none.
    async fn look_up(&self, lookup: Lookup<'_>, on_row: OnRow<'_>) -> Result<u64> {
        self.run(lookup.statement, on_row).await
    }

    /// Adds a row, as [`run`](Self::run) does with [`Addition::statement`]: committed when this returns `Ok`. A backend
    /// may add the rows of several callers by one statement: each has the outcome of its own row.
    async fn add(&self, addition: Addition<'_>) -> Result<()> {
        let added = self.run(addition.statement, &mut no_rows).await?;
        if added == 0 { Err(Error::left_out()) } else { Ok(()) }
    }

    /// Inserts all rows or none, committed when this returns `Ok`.
    ///
    /// Returns the identities in the order of the rows, or nothing where the table has none.
    ///
    /// An error that one of the rows caused may say which, by [`Error::in_row`]: the first that is refused after
    /// those before it. Where it does not, core looks for the row.
    async fn insert(&self, insert: Insert<'_>) -> Result<Vec<i64>>;

    /// The same database as a session with this reach has it, sharing the pool: where the database itself
    /// keeps the rows of tenants apart, it shows each statement and transaction those rows only. `None`
    /// where every session has the same.
    ///
    /// A backend around another one passes this on, wrapped: on the backend itself, which is in reach of
    /// no tenant, such a database shows and takes no row of any.
    fn within(&self, reach: &Reach) -> Option<Arc<dyn Backend>> {
        let _ = reach;
        None
    }

    /// Whether the database itself keeps the rows of tenants apart, so that sessions ask
    /// [`within`](Self::within).
    fn has_row_level_security(&self) -> bool {
        false
    }

    /// Does a change that is a few short statements, in a transaction of its own, at once: committed when
    /// this returns `Ok(true)`. `Ok(false)` says that nothing was done, and that the statements are to be run
    /// in a transaction of [`begin`](Self::begin): always, unless a backend has a shorter way.
    ///
    /// A backend around another one that passes this on does not see the statements.
    async fn make(&self, change: BriefChange<'_>) -> Result<bool> {
        let _ = change;
        Ok(false)
    }

    /// A connection with an open transaction.
    async fn begin(&self, options: TransactionOptions) -> Result<Box<dyn Connection>>;

    /// The table as it is in the database with the guards that are on it, or `None` where there is no such
    /// table. `doctor` compares it with what the schema promises.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`], unless the backend does it.
    async fn inspect(&self, table: &'static Table) -> Result<Option<InspectedTable>> {
        let _ = table;
        Err(Error::Unsupported {
            reason: "this backend does not tell what a database holds".into(),
        })
    }

    /// Asks the database for an answer.
    async fn health(&self) -> Result<Health>;

    /// Closes the connections that are free now and each other one when it becomes free. Later
    /// operations are [`Error::Closed`].
    async fn close(&self);

    /// The backend as the driver knows it, for what a driver does beside the repositories: a transaction of
    /// its own that they join runs as this backend would. `None` unless the backend is one that is asked.
    ///
    /// A backend around another one may pass this on.
    fn as_any(&self) -> Option<&(dyn Any + Send + Sync)> {
        None
    }
}

/// A connection with an open transaction. Dropped, it rolls back.
#[async_trait]
pub trait Connection: Debug + Send {
    /// Runs one statement in the transaction. Returns the rows affected.
    ///
    /// After an error core runs nothing more on this connection but [`rollback_to`](Self::rollback_to)
    /// and [`rollback`](Self::rollback).
    async fn run(&mut self, statement: Statement<'_>, on_row: OnRow<'_>) -> Result<u64>;

    /// Inserts all rows; see [`Backend::insert`].
    async fn insert(&mut self, insert: Insert<'_>) -> Result<Vec<i64>>;

    /// Runs SQL text without parameters: the statements of a schema.
    async fn execute_script(&mut self, sql: &str) -> Result<()>;

    /// Marks a point, numbered from 1, that the transaction can return to.
    async fn savepoint(&mut self, level: usize) -> Result<()>;

    /// Forgets the point, keeping what was done since.
    async fn release(&mut self, level: usize) -> Result<()>;

    /// Undoes what was done since the point, and forgets it.
    async fn rollback_to(&mut self, level: usize) -> Result<()>;

    /// Commits.
    ///
    /// # Errors
    ///
    /// - [`Error::TransactionFailed`]: the database rolled back instead.
    /// - [`Error::CommitUnknown`]: the connection went away before the answer came.
    async fn commit(self: Box<Self>) -> Result<()>;

    /// Rolls back.
    async fn rollback(self: Box<Self>) -> Result<()>;

    /// The connection as the driver knows it, which lends it to SQL by hand. `None` where it is not lent.
    ///
    /// A connection around another one passes this on: what is done meanwhile it does not see.
    fn as_any(&mut self) -> Option<&mut (dyn Any + Send)> {
        None
    }
}

/// The error for a row that was not asked for: `INSERT` without `RETURNING` and the like.
pub(crate) fn no_rows(_: &dyn Row) -> Result<()> {
    Err(Error::Backend(crate::DatabaseError::new("the statement returned a row unasked")))
}
