//! What can go wrong: one variant for one cause, the same on every database.
//!
//! No variant holds the value of a column, other than an id, nor the password of a URL.

mod construct;
pub(crate) mod database;
pub(crate) mod failure;
pub(crate) mod kind;
pub(crate) mod reference;
mod words;

use std::borrow::Cow;
use std::time::Duration;

pub use crate::error::database::{DatabaseError, Meaning};
use crate::error::reference::in_words as in_words_of_key;
pub use crate::error::reference::{BrokenReference, ToldReference};
use crate::error::words::{actual_version, key_in_words, to_open_one};
use crate::validation::{Problem, in_words};

/// The result of everything that talks to a database.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an operation did not happen.
///
/// Each cause is one variant, the same on every database. Questions that several variants answer alike are methods:
/// [`is_conflict`](Self::is_conflict), [`is_not_found`](Self::is_not_found), [`is_retryable`](Self::is_retryable). They
/// look through [`InRow`](Self::InRow) and [`OnLine`](Self::OnLine), which say which of several rows is the
/// [`cause`](Self::cause).
///
/// ```no_run
/// # use repo_core::{Database, Error, Repository, Result};
/// # #[derive(Repository)]
/// # #[repository(table = "users")]
/// # struct User { id: uuid::Uuid, #[repository(unique)] name: String }
/// # async fn f(db: Database, name: String) -> Result<String> {
/// let users = db.session().repo::<User>();
/// match users.create(NewUser { name }).await {
///     Ok(user) => Ok(format!("your id is {}", user.id)),
///     Err(Error::Conflict { columns, .. }) => Ok(format!("{} is taken", columns.join(", "))),
///     Err(Error::InvalidInput { column, reason }) => Ok(format!("{column} {reason}")),
///     Err(error) if error.is_retryable() => Ok("please try again".to_owned()),
///     Err(error) => Err(error),
/// }
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No row of this session's tenant has this id, or the row that has it is deleted.
    #[error("no `{entity}` has the id {}", id.escape_debug())]
    NotFound {
        /// The entity.
        entity: &'static str,
        /// The id, or a word for what was looked for.
        id: String,
    },
    /// No row answers a query that asks for one.
    #[error("no `{entity}` answers")]
    NoMatch {
        /// The entity.
        entity: &'static str,
    },
    /// More than one row answers where one was asked for.
    #[error("more than one `{entity}` answers")]
    MoreThanOne {
        /// The entity.
        entity: &'static str,
    },
    /// Another row has the same value in a unique column.
    #[error("another `{entity}` has the same {}", key_in_words(columns, constraint))]
    Conflict {
        /// The entity.
        entity: &'static str,
        /// The unique key: as `create_tables` names it where the entity declares it, else as the database does. Empty
        /// where SQLite tells the columns of one that is not declared.
        constraint: String,
        /// The columns that must be unique together, without the tenant. Empty where the database does not tell them.
        columns: Vec<String>,
    },
    /// A restored row has the same value in a unique column as a live one.
    #[error(
        "the deleted `{entity}` cannot come back: a live one has the same {}",
        key_in_words(columns, "")
    )]
    RestoreConflict {
        /// The entity.
        entity: &'static str,
        /// The columns that must be unique together, without the tenant. Empty where the database does not tell them.
        columns: Vec<String>,
    },
    /// The row changed after it was read.
    #[error("the `{entity}` {} changed meanwhile: expected version {expected}, {}", id.escape_debug(), actual_version(*actual))]
    VersionConflict {
        /// The entity.
        entity: &'static str,
        /// The id.
        id: String,
        /// The version that the write was based on.
        expected: i64,
        /// The version of the row, where the database could still tell.
        actual: Option<i64>,
    },
    /// The entity belongs to another tenant than the session.
    #[error("this `{entity}` belongs to another tenant than the session")]
    TenantMismatch {
        /// The entity.
        entity: &'static str,
    },
    /// A row refers to one that is not there, or a row that is referred to was to be deleted.
    #[error("{}", in_words_of_key(entity, *side, reference.as_ref()))]
    ForeignKey {
        /// The entity that was written or was to be removed.
        entity: &'static str,
        /// Which of the two it is.
        side: ReferenceSide,
        /// The reference, if it is one that entities declare and the database tells which.
        reference: Option<BrokenReference>,
        /// What the database said of it, until core names it. For backends.
        #[doc(hidden)]
        told: Option<Box<ToldReference>>,
    },
    /// A check of the database refused the row.
    #[error("the check `{constraint}` refused the `{entity}`")]
    Check {
        /// The entity.
        entity: &'static str,
        /// The check, as the database names it.
        constraint: String,
    },
    /// A sum is larger or smaller than its column or type can hold. Nothing was written.
    #[error("a number of the `{entity}` would be out of range")]
    OutOfRange {
        /// The entity.
        entity: &'static str,
    },
    /// The row is live: only deleted rows are restored or purged.
    #[error(
        "the `{entity}` {} is not deleted: only deleted rows are restored or purged",
        id.escape_debug()
    )]
    NotDeleted {
        /// The entity.
        entity: &'static str,
        /// The id.
        id: String,
    },
    /// An audited entity was to be changed, or looked at over all tenants, by nobody; nothing was sent to the
    /// database.
    #[error(
        "a change of `{entity}`, or a look at it over all tenants, is recorded with its actor: say who acts with \
         `session.actor(..)`"
    )]
    MissingActor {
        /// The entity.
        entity: &'static str,
    },
    /// The row would refer to a deleted one.
    #[error("the `{parent}` that the `{entity}` refers to is deleted")]
    ParentDeleted {
        /// The entity that was written.
        entity: &'static str,
        /// The entity that it refers to.
        parent: &'static str,
    },
    /// The key is there already, with other values. The row is found by its key.
    #[error("a `{entity}` with the same {} has other values", columns.join(", "))]
    IdempotencyMismatch {
        /// The entity.
        entity: &'static str,
        /// The columns of the key, without the tenant.
        columns: Vec<String>,
    },
    /// The database refused to change or remove a row of an immutable entity.
    #[error("rows of `{entity}` are only ever added and read")]
    Immutable {
        /// The entity.
        entity: &'static str,
    },
    /// The value was left out of what is read: the column is sensitive and takes no `NULL`. Of the audit
    /// trail no such value is given, and an export holds one only if it was asked to.
    #[error("`{column}` of `{entity}` is sensitive: its value was left out of what is read")]
    Redacted {
        /// The entity.
        entity: &'static str,
        /// The column.
        column: &'static str,
    },
    /// What the program asks of the row does not hold: `validate(..)`. It is no error of the database, and the
    /// transaction around it can go on.
    #[error("{}", in_words(entity, id.as_deref(), problems))]
    ValidationFailed {
        /// The entity.
        entity: &'static str,
        /// The id of a row that was to be changed or deleted; none of a new one.
        id: Option<String>,
        /// All that is wrong with it.
        problems: Vec<Problem>,
    },
    /// A value does not fit; nothing was sent to the database.
    #[error("`{column}` {reason}")]
    InvalidInput {
        /// The column or the argument.
        column: Cow<'static, str>,
        /// What is wrong with it.
        reason: Cow<'static, str>,
    },
    /// One of several rows that were given is the cause; see [`Error::row`].
    #[error("of the rows given, number {index}, counted from 0: {source}")]
    InRow {
        /// The place of the row among those given, counted from 0.
        index: usize,
        /// Why the row was refused.
        source: Box<Error>,
    },
    /// A line of a file cannot be imported; nothing of the file was. [`cause`](Error::cause) tells why.
    #[error("line {line}: {source}")]
    OnLine {
        /// The line, counted from 1: where the row starts.
        line: u64,
        /// Why it was refused.
        source: Box<Error>,
    },
    /// A file could not be read or written, or what work on a lent connection reads and writes besides.
    #[error("the file could not be read or written: {source}")]
    Io {
        /// What the reader or the writer said.
        source: std::io::Error,
    },
    /// A cursor that was not made by this query, or not by this version of it.
    #[error("the cursor does not belong to this query: {reason}")]
    InvalidCursor {
        /// What does not match.
        reason: &'static str,
    },
    /// A list of tables that no database can hold, or an entity on the table of another that this database was told
    /// of or used before.
    #[error("the schema is not possible: {reason}")]
    InvalidSchema {
        /// What is wrong.
        reason: String,
    },
    /// A URL or a setting that means nothing.
    #[error("{reason}")]
    Configuration {
        /// What is wrong, and what is expected.
        reason: String,
    },
    /// The database does not do this.
    #[error("{reason}")]
    Unsupported {
        /// What, and where it can be done.
        reason: Cow<'static, str>,
    },
    /// No connection became free in time.
    #[error(
        "no connection became free within {waited:?}: {size} of {size} are in use; \
         inside a transaction, use the session that the closure is given"
    )]
    PoolTimeout {
        /// The most connections that the pool opens.
        size: usize,
        /// The connections that were open and free.
        idle: usize,
        /// How long the operation waited.
        waited: Duration,
    },
    /// Another process holds the database, or another transaction the row.
    #[error("the database is busy: {source}")]
    Busy {
        /// What the database said.
        source: DatabaseError,
    },
    /// The transaction could not be ordered among those beside it, or a table was altered after a statement about it
    /// was prepared. Running it again may work.
    #[error("the transaction met another one: {source}")]
    Serialization {
        /// What the database said.
        source: DatabaseError,
    },
    /// The database cannot be written: a read-only transaction, file or replica.
    #[error("the database is read-only here: {source}")]
    ReadOnly {
        /// What the database said.
        source: DatabaseError,
    },
    /// The disk of the database is full, or a limit on its size is reached. Nothing was written.
    ///
    /// SQLite says the same where it has no number left for an `i64` id, as the highest one was given.
    #[error("the database has no room left: {source}")]
    StorageFull {
        /// What the database said.
        source: DatabaseError,
    },
    /// The database could not be reached, or went away.
    #[error("no connection to the database: {source}")]
    Connection {
        /// What the driver said.
        source: DatabaseError,
    },
    /// The connection went away during COMMIT, or it was cancelled at its end: the transaction may have happened or not.
    #[error("whether the transaction was committed is unknown: {source}")]
    CommitUnknown {
        /// What the driver said.
        source: DatabaseError,
    },
    /// The transaction can only be rolled back, because of an earlier error in it.
    #[error("the transaction was rolled back: {reason}")]
    TransactionFailed {
        /// The first error, in words.
        reason: String,
    },
    /// The session's transaction is over.
    #[error("the transaction of this session is over: use the session it was opened on")]
    TransactionEnded,
    /// A transaction was opened inside this one and is still open.
    #[error("a nested transaction is open: use its session until it ends")]
    InnerTransactionOpen,
    /// Another operation of the transaction, or the first of a session over all tenants, has begun, could go on, and
    /// for five seconds nobody polled it: a future that is kept and not awaited.
    #[error(
        "another operation has begun and nobody awaits it: await it, or drop it, before the next one"
    )]
    OperationNotAwaited,
    /// The transaction's connection is lent to SQL by hand.
    #[error("the connection of this transaction is lent: use it, or wait until it is given back")]
    ConnectionLent,
    /// A write on another connection, called from the closure of a transaction: it may wait for that transaction, which
    /// waits for it. Nothing was sent.
    #[error(
        "a write beside the transaction whose closure calls it: use the session that the closure is given"
    )]
    OutsideTransaction,
    /// The operation has a meaning only inside a transaction.
    #[error("`{operation}` needs a transaction: {}", to_open_one(operation))]
    NoTransaction {
        /// The operation.
        operation: &'static str,
    },
    /// A row holds what the entity cannot.
    ///
    /// If it is the row of a change outside of a transaction, Postgres may have committed the change, and SQLite has
    /// not. In a transaction it is rolled back with the rest.
    #[error("`{column}` of a stored `{entity}` {reason}")]
    Decode {
        /// The entity.
        entity: &'static str,
        /// The column.
        column: &'static str,
        /// What is wrong with the value.
        reason: Cow<'static, str>,
    },
    /// The backend was closed.
    #[error("the database was closed by `close()`")]
    Closed,
    /// Anything else that the database said.
    #[error(transparent)]
    Backend(#[from] DatabaseError),
}

/// The side of a reference on which an [`Error::ForeignKey`] was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReferenceSide {
    /// The row would refer to one that is not there.
    Child,
    /// A row refers to the one that was to be removed, or to a value of it that was to be changed.
    Parent,
    /// One of the two: the database does not say which. It is so of SQL by hand, and of a commit.
    Either,
}
