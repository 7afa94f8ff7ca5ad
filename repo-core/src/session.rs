//! Whose rows, on which connection: what every operation is asked of.

pub(crate) mod access;
pub(crate) mod actor;
pub(crate) mod correlation;
pub(crate) mod run;
pub(crate) mod scope;
mod transactions;

use std::sync::Arc;

use crate::audit::{Audit, AuditEntry};
use crate::backend::Backend;
use crate::database::Database;
use crate::dialect::Dialect;
use crate::entity::Entity;
use crate::repo::Repo;
use crate::session::access::Access;
use crate::session::actor::Actor;
use crate::session::scope::{AllTenants, Reach, ReachableFrom, Scope};
use crate::transaction::{Executor, Handle};
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
        let access = scope.reason().map(|_| Arc::default());
        let within = database.unscoped_backend().has_row_level_security().then(|| {
            // A tenant that is no value is refused by each operation on its rows.
            let reach = scope.reach().unwrap_or(Reach::Shared);
            database.unscoped_backend().within(&reach)
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
    /// A text is the id of a user; [`Actor::System`] and [`Actor::Service`] are said explicitly. At most 1,000 bytes
    /// are recorded: of more, a change is [`Error::InvalidInput`](crate::Error::InvalidInput).
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
    /// audit trail, and stored in the `correlation_id` of the rows of `correlated` entities. At most 1,000 bytes are
    /// recorded: of more, a change is [`Error::InvalidInput`](crate::Error::InvalidInput).
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

    /// The same session in a transaction.
    pub(crate) fn within_transaction(&self, handle: Handle) -> Self {
        Self { executor: Executor::Transaction(handle), ..self.clone() }
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

    /// Who looks at all tenants, why and for what is recorded of each, also of clones of one session.
    fn with_access_of_its_own(mut self) -> Self {
        if !self.in_transaction() {
            self.access = self.access.map(|_| Arc::default());
        }
        self
    }

    /// How its database spells SQL.
    pub(crate) fn dialect(&self) -> &dyn Dialect {
        self.database.dialect()
    }

    /// The backend as this scope has it.
    fn backend(&self) -> &Arc<dyn Backend> {
        self.within.as_ref().unwrap_or_else(|| self.database.unscoped_backend())
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
        self.because.as_deref().or_else(|| self.scope.reason())
    }

    pub(crate) fn cursor_key(&self) -> [u8; 32] {
        self.database.cursor_key()
    }
}

impl Session<AllTenants> {
    /// Why this session looks at all tenants.
    pub fn reason(&self) -> &str {
        self.scope.reason()
    }
}
