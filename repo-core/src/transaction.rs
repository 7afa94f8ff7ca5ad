//! Transactions and savepoints: one connection, a stack of what is open on it, and what went wrong.
//!
//! The connection lives here and nowhere else, so that ending the transaction ends it for every
//! session in it. Whoever runs a statement takes a turn, and marks the connection as busy meanwhile:
//! a statement whose future was dropped leaves the mark, and the transaction then only rolls back.

pub(crate) mod around;
pub(crate) mod lend;
mod own;
pub(crate) mod turns;

use std::fmt;
use std::future::Future;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;

use futures_util::FutureExt as _;

use crate::audit::append::Pending;
use crate::backend::{Backend, Connection, Insert, OnRow, Statement, TransactionOptions};
use crate::dialect::Dialect;
use crate::error::failure::{complete_insert, complete_statement};
use crate::error::{DatabaseError, Error, Result};
use crate::session::Session;
use crate::session::scope::Scope;
use crate::transaction_state::{Entered, Shared, State};

pub(crate) use own::Own;

/// A transaction, or a savepoint in one, and its session. Dropped without
/// [`commit`](Self::commit), it rolls back.
#[derive(Debug)]
#[must_use = "a transaction that is dropped rolls back"]
pub struct Transaction<S: Scope> {
    /// On the level of `handle`.
    session: Session<S>,
    pub(crate) handle: Handle,
}

/// Where a session runs its statements.
#[derive(Debug, Clone)]
pub(crate) enum Executor {
    Pool,
    Transaction(Handle),
}

/// One level of a transaction: the outermost, or a savepoint.
#[derive(Clone)]
pub(crate) struct Handle {
    pub(crate) shared: Arc<Shared>,
    /// Distinguishes this level from others that were open at the same depth before or after it.
    pub(crate) id: u64,
}

/// A transaction that is to be committed: its connection, and what runs afterwards.
type Ended = (Option<Box<dyn Connection>>, Vec<Hook>);

pub(crate) type Hook = Pin<Box<dyn Future<Output = ()> + Send>>;

impl<S: Scope> Transaction<S> {
    /// This level of a transaction, for a session that is not in it.
    pub(crate) fn new(session: &Session<S>, handle: Handle) -> Self {
        Self { session: session.within_transaction(handle.clone()), handle }
    }

    /// The session to work with: it has the type of the one that opened the transaction.
    pub fn session(&self) -> &Session<S> {
        &self.session
    }

    /// Commits, then runs the hooks of [`Session::after_commit`]. Of a savepoint: keeps what was done.
    ///
    /// # Errors
    ///
    /// - [`Error::TransactionFailed`]: an earlier error allowed a rollback only, which was done.
    /// - [`Error::InnerTransactionOpen`]: a savepoint in it is still open; it was rolled back.
    /// - [`Error::CommitUnknown`]: the connection went away before the answer came, or the commit was cancelled at its
    ///   end.
    pub async fn commit(self) -> Result<()> {
        self.handle.commit(self.session.dialect()).await
    }

    /// Undoes what was done in it.
    ///
    /// # Errors
    ///
    /// Whatever kept the database from answering; the connection is then not used again.
    pub async fn rollback(self) -> Result<()> {
        self.handle.rollback().await
    }
}

impl<S: Scope> Deref for Transaction<S> {
    type Target = Session<S>;

    fn deref(&self) -> &Session<S> {
        &self.session
    }
}

/// Ends the level also after a commit or a rollback, which may have been dropped before its turn came, or
/// have failed: where it has ended, that means nothing.
impl<S: Scope> Drop for Transaction<S> {
    fn drop(&mut self) {
        self.handle.shared.abandon(self.handle.id);
    }
}

impl Executor {
    /// Whether rows can be locked here: only until a transaction ends, and only by one that may write.
    pub(crate) fn check_lock(&self) -> Result<()> {
        match self {
            Executor::Pool => Err(Error::NoTransaction { operation: "for_update" }),
            Executor::Transaction(handle) if handle.shared.is_read_only() => Err(Error::ReadOnly {
                source: DatabaseError::new("a read-only transaction cannot lock rows"),
            }),
            Executor::Transaction(_) => Ok(()),
        }
    }

    /// A transaction on a new connection, or a savepoint in this one, which may be that of an operation.
    pub(crate) async fn begin(
        &self,
        backend: &Arc<dyn Backend>,
        options: TransactionOptions,
        is_of_operation: bool,
    ) -> Result<Handle> {
        match self {
            Executor::Pool => Ok(Handle::on(backend.begin(options).await?, options.read_only)),
            Executor::Transaction(handle) => handle.savepoint(options, is_of_operation).await,
        }
    }
}

impl Handle {
    /// The outermost level of what was begun on this connection.
    pub(crate) fn on(connection: Box<dyn Connection>, is_read_only: bool) -> Self {
        let (shared, id) = Shared::new(connection, is_read_only);
        Self { shared: Arc::new(shared), id }
    }

    pub(crate) async fn run(
        &self,
        dialect: &dyn Dialect,
        statement: Statement<'_>,
        on_row: OnRow<'_>,
    ) -> Result<u64> {
        let mut state = self.shared.enter(self.id).await?;
        if statement.table.is_of_trail() {
            // Who reads the trail sees what this transaction did.
            self.shared.watch(state.flush(dialect)).await?;
        }
        let connection = state.start()?;
        let result = self.shared.watch(connection.run(statement, on_row)).await;
        // Completed before it is remembered as the reason of what follows.
        state.finish(result.map_err(|error| complete_statement(error, dialect, statement)))
    }

    pub(crate) async fn insert(
        &self,
        dialect: &dyn Dialect,
        insert: Insert<'_>,
    ) -> Result<Vec<i64>> {
        let mut state = self.shared.enter(self.id).await?;
        let connection = state.start()?;
        let result = self.shared.watch(connection.insert(insert)).await;
        state.finish(result.map_err(|error| complete_insert(error, dialect, insert)))
    }

    /// Adds entries to the trail before the transaction is committed, at once if they are many.
    pub(crate) async fn record(&self, dialect: &dyn Dialect, entries: Vec<Pending>) -> Result<()> {
        let mut state = self.lock_after_change().await?;
        state.record(self.id, entries)?;
        if state.is_full() { self.shared.watch(state.flush(dialect)).await } else { Ok(()) }
    }

    /// Allows a rollback only, because of an error that was met in a savepoint.
    pub(crate) async fn fail(&self, error: &Error) {
        match self.shared.lock().await {
            Ok(mut state) => state.fail_at(self.id, error),
            // Whoever comes next does it.
            Err(_) => self.shared.cancel(self.id),
        }
    }

    pub(crate) async fn after_commit(&self, hook: Hook) -> Result<()> {
        self.shared.enter(self.id).await?.add_hook(self.id, hook)
    }

    /// The same for what a change tells, also where the transaction has failed or another is open in it since.
    pub(crate) async fn after_change(&self, hook: Hook) -> Result<()> {
        let mut state = self.lock_after_change().await?;
        state.add_hook(self.id, hook)
    }

    /// The state, for what belongs to a change that is made: where it cannot be had, neither can the change be kept.
    async fn lock_after_change(&self) -> Result<Entered<'_>> {
        self.shared.lock().await.inspect_err(|_| self.shared.cancel(self.id))
    }

    async fn savepoint(&self, options: TransactionOptions, is_of_operation: bool) -> Result<Self> {
        if options != TransactionOptions::default() {
            return Err(Error::invalid_input(
                "options",
                "belong to the outermost transaction: a nested one is a savepoint in it",
            ));
        }
        let mut state = self.shared.enter(self.id).await?;
        let level = state.depth();
        let connection = state.start()?;
        let result = self.shared.watch(connection.savepoint(level)).await;
        state.finish(result)?;
        Ok(Self { shared: Arc::clone(&self.shared), id: state.push(is_of_operation) })
    }

    pub(crate) async fn commit(&self, dialect: &dyn Dialect) -> Result<()> {
        let Some((connection, hooks)) = self.end(dialect).await? else { return Ok(()) };
        if let Some(connection) = connection {
            connection.commit().await?;
        }
        run_hooks(hooks).await;
        Ok(())
    }

    /// Ends the level: a savepoint is kept; of the outermost this is what is left to do, its entries written.
    pub(crate) async fn end(&self, dialect: &dyn Dialect) -> Result<Option<Ended>> {
        let mut state = self.shared.lock().await?;
        match state.check(self.id).and_then(|()| self.shared.check_finished(self.id)) {
            Ok(()) => {}
            Err(ended @ Error::TransactionEnded) => return Err(ended),
            Err(error) => {
                if let Err(lost) = self.undo(&mut state).await {
                    // The connection is not used again, so the database rolls back by itself.
                    tracing::warn!(target: "repo", error = %lost, "a rollback was not confirmed");
                }
                return Err(error);
            }
        }
        if state.depth() > 1 {
            let level = state.depth() - 1;
            let connection = state.start()?;
            let result = self.shared.watch(connection.release(level)).await;
            state.finish(result)?;
            state.pop();
            return Ok(None);
        }
        if let Err(error) = self.shared.watch(state.flush(dialect)).await {
            if let Err(lost) = self.undo(&mut state).await {
                tracing::warn!(target: "repo", error = %lost, "a rollback was not confirmed");
            }
            return Err(error);
        }
        Ok(Some(state.end()))
    }

    pub(crate) async fn rollback(&self) -> Result<()> {
        let mut state = self.shared.lock().await?;
        self.undo(&mut state).await
    }

    async fn undo(&self, state: &mut State) -> Result<()> {
        match state.position(self.id) {
            None => Err(Error::TransactionEnded),
            Some(0) => match state.end().0 {
                Some(connection) => self.shared.watch(connection.rollback()).await,
                None => Ok(()),
            },
            Some(level) => self.shared.watch(state.rollback_to(level)).await,
        }
    }
}

/// Runs them in order. One that panics keeps none of the others from running: they may be of other parts of the
/// program. The first panic goes on afterwards.
pub(crate) async fn run_hooks(hooks: Vec<Hook>) {
    let mut first = None;
    for hook in hooks {
        if let Err(panic) = AssertUnwindSafe(hook).catch_unwind().await {
            first.get_or_insert(panic);
        }
    }
    if let Some(panic) = first {
        resume_unwind(panic);
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction").field("id", &self.id).finish_non_exhaustive()
    }
}
