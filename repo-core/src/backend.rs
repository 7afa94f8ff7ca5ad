//! What a database must be able to do: the traits behind which a driver lives.
//!
//! Both traits are object-safe, so that a [`Database`](crate::Database) has no backend type and a URL
//! can choose one at run time. Core hands over SQL text and borrowed values and gets rows by callback;
//! it never sees a driver's type. A backend in another crate needs nothing that is not public here.

mod row;

use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::error::{Error, Result};
use crate::schema::guards::InspectedTable;
use crate::schema::table::Table;
use crate::value::Value;

pub use row::{OnRow, Row};

pub use crate::aggregate::Extreme;
pub use crate::aggregate::bucket::TimeUnit;
pub use crate::dialect::{
    AuditedChange, Dialect, ImageOf, JsonType, Owner, TextMatch, generated_name, quote,
    quote_literal,
};
pub use crate::error::{Meaning, ToldReference};
pub use crate::read::held::Held;
pub use crate::schema::needed::{Named, NeededName};
pub use crate::session::scope::Reach;

/// One SQL statement and its parameters.
#[derive(Debug, Clone, Copy)]
pub struct Statement<'a> {
    /// The text, in the backend's dialect. Every value is a parameter.
    pub sql: &'a str,
    /// The parameters; placeholder `n` is `params[n - 1]`.
    pub params: &'a [Value<'a>],
    /// What it does, and whether it is one of the repositories.
    pub effect: Effect,
    /// The entity it is about, for error messages.
    pub table: &'static Table,
}

/// A read of at most one row by its key, and the same read of several keys.
#[derive(Debug, Clone, Copy)]
pub struct Lookup<'a> {
    /// The read, which has the key as its parameters.
    pub statement: Statement<'a>,
    /// The text for several keys: in the place of each parameter it has a [`Value::List`] of as many values as there
    /// are keys. Each row that it answers with begins with the place of its key among them, counted from 1, and goes
    /// on as that of `statement` does. A key without a row has none.
    pub of_keys: &'a str,
}

/// A row to add that can wait for no other transaction, and the addition of several such rows.
///
/// Its table has no unique key but the primary one, and refers to no other: nothing that somebody else did and has
/// not committed is in the way of a new row.
#[derive(Debug, Clone, Copy)]
pub struct Addition<'a> {
    /// The statement that adds the row, with a parameter for each of `columns`, in order. It answers with no row.
    pub statement: Statement<'a>,
    /// The columns given, as indexes into the table's columns.
    pub columns: &'a [usize],
    /// The text for several rows: in the place of each parameter it has a [`Value::List`] of as many values as there
    /// are rows.
    pub of_rows: &'a str,
}

/// What a statement does to the rows of its table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Effect {
    /// It reads.
    Read,
    /// It reads what is written next: it locks rows, or takes numbers.
    Lock,
    /// It adds rows.
    Insert,
    /// It changes rows; those that are marked as deleted are still there.
    Update,
    /// It removes rows.
    Delete,
    /// Nobody knows: it is SQL by hand.
    ByHand {
        /// Whether it may write.
        writes: bool,
    },
}

/// Whether a statement or a transaction writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// It only reads, and may run on a read-only connection.
    Read,
    /// It may write.
    Write,
}

/// Rows to insert into one table, all or none.
#[derive(Clone, Copy)]
pub struct Insert<'a> {
    /// The table.
    pub table: &'static Table,
    /// The columns given, as indexes into the table's columns: all, but an identity.
    pub columns: &'a [usize],
    /// The statement that inserts one row, with a parameter for each of `columns`, in order. It
    /// returns the identity where the table has one.
    pub sql: &'a str,
    /// The rows.
    pub rows: &'a dyn InsertRows,
}

/// The rows of an [`Insert`], encoded one at a time into a buffer that the backend keeps.
pub trait InsertRows: Sync {
    /// How many rows there are.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Fills `values`, which is empty, with the row at `index`: one for each of the insert's columns.
    ///
    /// # Errors
    ///
    /// When a value does not fit; the whole insert then fails with this error.
    fn encode<'a>(&'a self, index: usize, values: &mut Vec<Value<'a>>) -> Result<()>;
}

/// A change of one row and its entry in the audit trail: short statements, between which nothing waits.
pub struct BriefChange<'a> {
    /// The table of the row.
    pub table: &'static Table,
    /// The texts of the statements that write.
    pub writes: &'a [&'a str],
    /// What runs them. To be called once at most, and undone as a whole where it is an error.
    pub steps: &'a mut (dyn FnMut(&mut dyn Steps) -> Result<()> + Send + 'a),
}

/// Where the statements of a [`BriefChange`] run.
pub trait Steps {
    /// Runs one statement, and returns the rows affected.
    ///
    /// # Errors
    ///
    /// Whatever kept the database from it; nothing more is run then.
    fn run(&mut self, statement: Statement<'_>, on_row: OnRow<'_>) -> Result<u64>;
}

/// How a transaction sees the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Isolation {
    /// What the database does by itself: Postgres READ COMMITTED, SQLite serializable.
    #[default]
    Default,
    /// Each statement sees what was committed before it. SQLite gives more: serializable.
    ReadCommitted,
    /// All statements see one snapshot. SQLite gives more: serializable.
    RepeatableRead,
    /// As if transactions ran one after the other.
    Serializable,
}

/// What a transaction may do and see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct TransactionOptions {
    /// How it sees the others.
    pub isolation: Isolation,
    /// Whether a write in it is an error.
    pub read_only: bool,
}

/// How a backend is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// How long the database took to answer.
    pub round_trip: Duration,
    /// The most connections that the pool opens.
    pub size: usize,
    /// The connections that are open and free.
    pub idle: usize,
}

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

impl Statement<'_> {
    /// Whether it writes, or is to run where that is possible.
    pub fn access(&self) -> Access {
        match self.effect {
            Effect::Read | Effect::ByHand { writes: false } => Access::Read,
            _ => Access::Write,
        }
    }

    /// Whether it is SQL by hand. What such a statement leaves on its connection if it may write, nobody can see: a
    /// backend that lets settings, locks or tables last as long as a connection closes it when the transaction ends.
    pub fn is_by_hand(&self) -> bool {
        matches!(self.effect, Effect::ByHand { .. })
    }
}

impl Debug for Insert<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Insert")
            .field("sql", &self.sql)
            .field("rows", &self.rows.len())
            .finish_non_exhaustive()
    }
}

impl Debug for BriefChange<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BriefChange").field("writes", &self.writes).finish_non_exhaustive()
    }
}

impl TransactionOptions {
    /// Default isolation, reads and writes.
    pub fn new() -> Self {
        Self::default()
    }

    /// With this isolation.
    #[must_use]
    pub fn isolation(mut self, isolation: Isolation) -> Self {
        self.isolation = isolation;
        self
    }

    /// Without writes.
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }
}

impl Health {
    /// What `health()` of a backend returns.
    pub fn new(round_trip: Duration, size: usize, idle: usize) -> Self {
        Self { round_trip, size, idle }
    }
}

/// The error for a row that was not asked for: `INSERT` without `RETURNING` and the like.
pub(crate) fn no_rows(_: &dyn Row) -> Result<()> {
    Err(Error::Backend(crate::DatabaseError::new("the statement returned a row unasked")))
}
