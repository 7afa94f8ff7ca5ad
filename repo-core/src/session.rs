//! Whose rows, on which connection: what every operation is asked of.

use std::future::Future;
use std::sync::Arc;

use crate::access::Access;
use crate::actor::Actor;
use crate::audit::append::Pending;
use crate::audit::{Audit, AuditEntry};
use crate::backend::{Backend, Insert, OnRow, Statement, TransactionOptions};
use crate::database::Database;
use crate::entity::Entity;
use crate::error::{Error, Result};
use crate::failure::{complete, complete_insert};
use crate::repo::Repo;
use crate::scope::{AllTenants, Reach, ReachableFrom, Scope};
use crate::table::Table;
use crate::transaction::{Executor, Own, Transaction};
use crate::unchecked::UncheckedSql;

/// A scope, a context, and the database or a transaction in it. Cheap to clone.
///
/// Inside a transaction a session has the same type as outside, so that a function takes
/// `&Session<Tenant<Uuid>>` and need not know.
#[derive(Debug, Clone)]
pub struct Session<S: Scope> {
    database: Database,
    /// The backend as this scope has it, where that differs from what others have.
    within: Option<Arc<dyn Backend>>,
    executor: Executor,
    scope: S,
    correlation: Option<Arc<str>>,
    actor: Option<Actor>,
    because: Option<Arc<str>>,
    access: Option<Arc<Access>>,
}

impl<S: Scope> Session<S> {
    pub(crate) fn new(database: Database, scope: S) -> Self {
        let access = scope.reason_to_be().map(|_| Arc::default());
        let within = database.backend().has_row_level_security().then(|| {
            // A tenant that is no value is refused by each operation on its rows.
            let reach = scope.chain().unwrap_or(Reach::Shared);
            database.backend().within(&reach)
        });
        Self {
            database,
            within: within.flatten(),
            executor: Executor::Pool,
            scope,
            correlation: None,
            actor: None,
            because: None,
            access,
        }
    }

    /// The same session, acting for somebody: who a change of an `audited` entity is recorded under.
    ///
    /// A text is the id of a user; [`Actor::System`] and [`Actor::Service`] are said explicitly.
    #[must_use]
    pub fn actor(mut self, actor: impl Into<Actor>) -> Self {
        self.actor = Some(actor.into());
        self.with_access_of_its_own()
    }

    /// The same session, with the reason of what is done in it, for the audit trail.
    #[must_use]
    pub fn because(mut self, reason: &str) -> Self {
        self.because = Some(reason.into());
        self.with_access_of_its_own()
    }

    /// The same session, with the id of the request or the job that it serves. It is recorded in the
    /// audit trail, and stored in the `correlation_id` of the rows of `correlated` entities.
    #[must_use]
    pub fn correlation(mut self, id: impl ToString) -> Self {
        self.correlation = Some(id.to_string().into());
        self.with_access_of_its_own()
    }

    /// The repository of `E`.
    pub fn repo<E: Entity>(&self) -> E::Repository<S>
    where
        E::Tenancy: ReachableFrom<S>,
    {
        Repo::new(self.clone()).into()
    }

    /// The audit trail of this session's tenant; outside of a tenant, of what belongs to none; over all
    /// tenants, of all.
    pub fn audit(&self) -> Audit<S> {
        self.repo::<AuditEntry>()
    }

    /// SQL by hand, for what the repositories cannot do, and the reason why no policy checks it.
    ///
    /// ```no_run
    /// # async fn f(db: repo_core::Database, tenant: uuid::Uuid) -> repo_core::Result<()> {
    /// let session = db.tenant(tenant).actor("alice");
    /// let longest: Vec<i64> = session
    ///     .unchecked_sql("the report of the year needs a maximum")
    ///     .bind(tenant)
    ///     .fetch("SELECT max(length(title)) FROM notes WHERE tenant_id = $1", |row| row.get(0))
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Each use is counted ([`Database::unchecked_sql_count`]) and logged; what it writes is recorded in the
    /// audit trail.
    pub fn unchecked_sql(&self, reason: &str) -> UncheckedSql<'_, S> {
        UncheckedSql::new(self, reason)
    }

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
    /// ```no_run
    /// # use repo_core::{Database, Repository, Error};
    /// # #[derive(Repository)]
    /// # #[repository(table = "accounts")]
    /// # struct Account { id: uuid::Uuid, balance: i64 }
    /// # async fn f(db: Database, from: uuid::Uuid, to: uuid::Uuid, amount: i64) -> Result<(), Error> {
    /// db.session()
    ///     .transaction(async |tx| {
    ///         let accounts = tx.repo::<Account>();
    ///         let (payer, payee) = (accounts.get(from).await?, accounts.get(to).await?);
    ///         accounts.patch(from, AccountPatch::new().balance(payer.balance - amount)).await?;
    ///         accounts.patch(to, AccountPatch::new().balance(payee.balance + amount)).await
    ///     })
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The error of `work`; [`Error::TransactionFailed`] when an error inside was swallowed;
    /// [`Error::CommitUnknown`] when the connection went away during COMMIT.
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
        match work(transaction.session()).await {
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
        self.record_access(None).await?;
        let executor = self.executor.begin(self.backend(), options).await?;
        Ok(Transaction::new(Session { executor, ..self.clone() }))
    }

    /// Runs `hook` once the outermost transaction is committed, and never if it is not; outside a
    /// transaction at once. Hooks run in the order they were given, each to its end, as part of the commit:
    /// if that is dropped meanwhile, or a hook panics, those that are left do not run.
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

    /// The same session in a transaction.
    pub(crate) fn within_transaction(&self, executor: Executor) -> Self {
        Self { executor, ..self.clone() }
    }

    /// The scope.
    pub fn scope(&self) -> &S {
        &self.scope
    }

    /// The database.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Whether this session is inside a transaction.
    pub fn in_transaction(&self) -> bool {
        matches!(self.executor, Executor::Transaction(_))
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

    /// Told before a statement that looks at rows of other tables than its own.
    pub(crate) fn looks_at<'t>(&self, tables: impl IntoIterator<Item = &'t Table>) {
        if let Some(access) = &self.access {
            access.look_at(tables);
        }
    }

    /// Who looks at all tenants, why and for what is recorded of each, also of clones of one session.
    fn with_access_of_its_own(mut self) -> Self {
        if !self.in_transaction() {
            self.access = self.access.map(|_| Arc::default());
        }
        self
    }

    /// The backend as this scope has it.
    pub(crate) fn backend(&self) -> &Arc<dyn Backend> {
        self.within.as_ref().unwrap_or_else(|| self.database.backend())
    }

    /// Adds entries to the audit trail in this session's transaction.
    pub(crate) async fn record(&self, entries: Vec<Pending>) -> Result<()> {
        match &self.executor {
            Executor::Pool => Err(Error::NoTransaction { operation: "record" }),
            Executor::Transaction(handle) => {
                handle.record(self.database.backend().dialect(), entries).await
            }
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
        if self.in_transaction() {
            return Ok(Own::outer(self.clone()));
        }
        self.begin().await.map(Own::Inner)
    }

    pub(crate) fn executor(&self) -> &Executor {
        &self.executor
    }

    pub(crate) fn correlation_id(&self) -> Option<&str> {
        self.correlation.as_deref()
    }

    pub(crate) fn acting(&self) -> Option<&Actor> {
        self.actor.as_ref()
    }

    /// Why it acts: what was said, or why it looks at all tenants.
    pub(crate) fn reason_of_change(&self) -> Option<&str> {
        self.because.as_deref().or_else(|| self.scope.reason_to_be())
    }

    pub(crate) fn cursor_key(&self) -> [u8; 32] {
        self.database.cursor_key()
    }

    /// Runs one statement where this session runs. Returns the rows affected.
    pub(crate) async fn run(&self, statement: Statement<'_>, on_row: OnRow<'_>) -> Result<u64> {
        self.record_access(Some(statement.table)).await?;
        tracing::trace!(target: "repo::sql", sql = statement.sql);
        let backend = self.backend();
        let dialect = backend.dialect();
        match &self.executor {
            Executor::Pool => {
                let result = backend.run(statement, on_row).await;
                result.map_err(|error| complete(error, dialect, statement.table))
            }
            Executor::Transaction(handle) => handle.run(dialect, statement, on_row).await,
        }
    }

    /// Inserts all rows or none where this session runs. Returns their identities.
    pub(crate) async fn insert(&self, insert: Insert<'_>) -> Result<Vec<i64>> {
        self.record_access(Some(insert.table)).await?;
        tracing::trace!(target: "repo::sql", sql = insert.sql, rows = insert.rows.len());
        let backend = self.backend();
        let dialect = backend.dialect();
        match &self.executor {
            Executor::Pool => {
                let result = backend.insert(insert).await;
                result.map_err(|error| complete_insert(error, dialect, insert))
            }
            Executor::Transaction(handle) => handle.insert(dialect, insert).await,
        }
    }
}

impl Session<AllTenants> {
    /// Why this session looks at all tenants.
    pub fn reason(&self) -> &str {
        self.scope.reason()
    }
}
