//! Opening transactions of a session, and what waits for their end.

use std::future::Future;

use super::Session;
use crate::backend::{Isolation, TransactionOptions};
use crate::error::{Error, Result};
use crate::session::scope::Scope;
use crate::transaction::around::around;
use crate::transaction::{Executor, Transaction};

impl<S: Scope> Session<S> {
    /// Runs `work` in a transaction: committed when it returns `Ok`, rolled back when it returns
    /// `Err`, panics, or is dropped before it ends.
    ///
    /// Inside a transaction this is a savepoint. Use the session that the closure is given: the one
    /// it was opened on is not part of the transaction.
    ///
    /// After an error of the database inside the transaction, caught or not, only a rollback is
    /// possible: `Ok` from `work` is then [`Error::TransactionFailed`]. An operation that may fail and
    /// is to be survived goes into a nested transaction.
    ///
    /// The example adds in the database. A transaction alone does not make it safe to read a number and write back
    /// another: at READ COMMITTED, the default of Postgres, a change that commits in between is lost.
    ///
    /// ```no_run
    /// # use repo_core::{Database, Repository, Error};
    /// # #[derive(Repository)]
    /// # #[repository(table = "accounts")]
    /// # struct Account { id: uuid::Uuid, balance: i64 }
    /// # async fn f(db: Database, from: uuid::Uuid, to: uuid::Uuid, amount: i64) -> Result<(), Error> {
    /// db.session()
    ///     .transaction(async |tx| {
    ///         let accounts = tx.repo::<Account>();
    ///         accounts.patch(from, AccountPatch::new().add(Account::BALANCE, -amount)).await?;
    ///         accounts.patch(to, AccountPatch::new().add(Account::BALANCE, amount)).await
    ///     })
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The error of `work`; [`Error::TransactionFailed`] when an error inside was swallowed;
    /// [`Error::CommitUnknown`] when the connection went away during COMMIT. In `work`, a write through another session
    /// than the one it is given is [`Error::OutsideTransaction`], unless the transaction is a read-only one.
    pub async fn transaction<T, Err, F>(&self, work: F) -> Result<T, Err>
    where
        F: AsyncFnOnce(&Session<S>) -> Result<T, Err>,
        Err: From<Error>,
    {
        self.transaction_with(TransactionOptions::default(), work).await
    }

    /// As [`transaction`](Self::transaction), with options.
    ///
    /// # Errors
    ///
    /// As for [`transaction`](Self::transaction); [`Error::InvalidInput`] when options are given for
    /// a nested transaction.
    pub async fn transaction_with<T, Err, F>(
        &self,
        options: TransactionOptions,
        work: F,
    ) -> Result<T, Err>
    where
        F: AsyncFnOnce(&Session<S>) -> Result<T, Err>,
        Err: From<Error>,
    {
        let transaction = self.begin_with(options).await?;
        let work = work(transaction.session());
        let worked = match options.read_only {
            // Nothing waits for what only reads.
            true => work.await,
            false => around(&self.database, work).await,
        };
        match worked {
            Ok(value) => {
                transaction.commit().await?;
                Ok(value)
            }
            Err(error) => {
                if let Err(lost) = transaction.rollback().await {
                    // The connection is not used again, so the database rolls back by itself.
                    tracing::warn!(target: "repo", error = %lost, "a rollback was not confirmed");
                }
                Err(error)
            }
        }
    }

    /// Opens a transaction that ends with [`Transaction::commit`] or [`Transaction::rollback`];
    /// dropped, it rolls back. Inside a transaction this is a savepoint.
    ///
    /// # Errors
    ///
    /// [`Error::PoolTimeout`]: no connection became free in time.
    pub async fn begin(&self) -> Result<Transaction<S>> {
        self.begin_with(TransactionOptions::default()).await
    }

    /// As [`begin`](Self::begin), with options.
    ///
    /// # Errors
    ///
    /// As for [`begin`](Self::begin); [`Error::InvalidInput`] when options are given for a nested
    /// transaction.
    pub async fn begin_with(&self, options: TransactionOptions) -> Result<Transaction<S>> {
        self.open(options, false).await
    }

    /// The transaction of one operation. In the caller's it is a savepoint, for the end of which other operations wait.
    pub(crate) async fn begin_own(&self) -> Result<Transaction<S>> {
        self.open(TransactionOptions::default(), true).await
    }

    /// The same for what locks rows and then looks for others: each of its statements sees what is committed by
    /// then. The isolation of a savepoint is the caller's.
    pub(crate) async fn begin_looking_anew(&self) -> Result<Transaction<S>> {
        if self.in_transaction() {
            return self.begin_own().await;
        }
        self.open(TransactionOptions::new().isolation(Isolation::ReadCommitted), true).await
    }

    async fn open(
        &self,
        options: TransactionOptions,
        is_of_operation: bool,
    ) -> Result<Transaction<S>> {
        if !options.read_only {
            self.refuse_within_transaction()?;
        }
        self.record_access(None).await?;
        let handle = self.executor.begin(self.backend(), options, is_of_operation).await?;
        Ok(Transaction::new(self, handle))
    }

    /// Runs `hook` once the outermost transaction is committed, and never if it is not; outside a
    /// transaction at once. Hooks run in the order they were given, each to its end, as part of the commit:
    /// if that is dropped meanwhile, those that are left do not run. If a hook panics they do, and the panic goes on
    /// afterwards.
    ///
    /// # Errors
    ///
    /// [`Error::TransactionEnded`]: the session's transaction is over.
    pub async fn after_commit(
        &self,
        hook: impl Future<Output = ()> + Send + 'static,
    ) -> Result<()> {
        match &self.executor {
            Executor::Pool => {
                hook.await;
                Ok(())
            }
            Executor::Transaction(handle) => handle.after_commit(Box::pin(hook)).await,
        }
    }
}
