//! A database, shared by everything that talks to it.

use std::any::TypeId;
use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};

use crate::audit::append_one::TrailSql;
use crate::backend::{Backend, Health, Isolation, TransactionOptions};
use crate::clock::{Clock, SystemClock};
use crate::column_types::temporal::moment;
use crate::dialect::Dialect;
use crate::entity::Entity;
use crate::error::{Error, Result};
use crate::event::Listeners;
use crate::ids::{IdSource, UuidV7};
use crate::schema::Schema;
use crate::schema::needed;
use crate::schema::registry::Registry;
use crate::schema::table::Table;
use crate::session::Session;
use crate::session::scope::{AllTenants, NoTenant, Tenant};
use crate::sql::crud::CrudSql;
use crate::transaction::around::refuse_within;
use crate::value::InvalidValue;
use crate::value::column_type::ColumnType;

/// What an error calls the clock.
pub(crate) const CLOCK: &str = "clock";

/// A database: a backend, a clock and a source of ids. Cheap to clone.
///
/// Made by a backend's `connect`, by [`connect`](crate::connect) where a URL chooses the backend, or
/// by [`Database::new`] over any [`Backend`].
#[derive(Clone)]
pub struct Database {
    shared: Arc<Shared>,
}

struct Shared {
    backend: Arc<dyn Backend>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    cursor_key: [u8; 32],
    crud: RwLock<HashMap<TypeId, Arc<CrudSql>>>,
    trail: OnceLock<Option<TrailSql>>,
    opened_over_all_tenants: Arc<AtomicU64>,
    registry: Arc<RwLock<Arc<Registry>>>,
    unchecked_sql: Arc<AtomicU64>,
    listeners: Arc<Listeners>,
}

impl Database {
    /// A database over `backend`, with the machine's clock and UUIDs of version 7.
    pub fn new(backend: Arc<dyn Backend>) -> Self {
        Self {
            shared: Arc::new(Shared {
                backend,
                clock: Arc::new(SystemClock),
                ids: Arc::new(UuidV7::default()),
                cursor_key: [0; 32],
                crud: RwLock::default(),
                trail: OnceLock::new(),
                opened_over_all_tenants: Arc::default(),
                registry: Arc::default(),
                unchecked_sql: Arc::default(),
                listeners: Arc::default(),
            }),
        }
    }

    /// The same database with another clock.
    #[must_use]
    pub fn with_clock(self, clock: impl Clock + 'static) -> Self {
        self.with(|shared| shared.clock = Arc::new(clock))
    }

    /// The same database with another source of ids.
    #[must_use]
    pub fn with_ids(self, ids: impl IdSource + 'static) -> Self {
        self.with(|shared| shared.ids = Arc::new(ids))
    }

    /// The same database whose cursors only it and others with the same key can make.
    ///
    /// Without a key a cursor is guarded against mistakes, not against somebody who forges one; what
    /// it reads is limited to its holder's tenant and filter either way. It holds a digest of its query too:
    /// without a key, who has it can try which value of a filter it was made with, one guess after the other.
    #[must_use]
    pub fn with_cursor_key(self, key: impl AsRef<[u8]>) -> Self {
        self.with(|shared| shared.cursor_key = Sha256::digest(key.as_ref()).into())
    }

    /// A session of one tenant.
    ///
    /// An id that is a text or bytes has 1 to 1,000 bytes: with any other each operation on the tenant's rows is
    /// [`Error::InvalidInput`](crate::Error::InvalidInput).
    pub fn tenant<T: ColumnType + Clone + Debug>(&self, id: T) -> Session<Tenant<T>> {
        Session::new(self.clone(), Tenant(id))
    }

    /// A session without a tenant, for entities that belong to none.
    pub fn session(&self) -> Session<NoTenant> {
        Session::new(self.clone(), NoTenant)
    }

    /// A session that reads the rows of all tenants, for a reason that goes to the log.
    ///
    /// It writes only entities without a tenant. The one exception is
    /// [`purge_deleted_before`](crate::Repo::purge_deleted_before), which removes the deleted rows of every tenant.
    ///
    /// The rows of all tenants are one set: what goes by a value that is unique only within a tenant, such as
    /// [`group_by`](crate::Query::group_by) and [`latest_per`](crate::Query::latest_per), takes those of several
    /// together, unless the tenant's column is named as well.
    ///
    /// Where entities are audited, the trail has an entry of it too, before its first statement: it then
    /// needs an actor, which is said before a transaction is opened.
    pub fn all_tenants(&self, reason: &str) -> Session<AllTenants> {
        self.shared.opened_over_all_tenants.fetch_add(1, Ordering::Relaxed);
        tracing::info!(target: "repo", reason, "a session over all tenants was opened");
        Session::new(self.clone(), AllTenants { reason: reason.into() })
    }

    /// How many sessions over all tenants were opened on this database since it was connected.
    pub fn opened_over_all_tenants(&self) -> u64 {
        self.shared.opened_over_all_tenants.load(Ordering::Relaxed)
    }

    /// How many statements were run through [`Session::unchecked_sql`] since it was connected.
    pub fn unchecked_sql_count(&self) -> u64 {
        self.shared.unchecked_sql.load(Ordering::Relaxed)
    }

    pub(crate) fn count_unchecked_sql(&self) {
        self.shared.unchecked_sql.fetch_add(1, Ordering::Relaxed);
    }

    /// Creates the tables, keys, indexes, checks and triggers of `schema` where they are not there yet,
    /// parents before children, in one transaction.
    ///
    /// What is there already is left as it is, also where it differs: [`doctor`](Self::doctor) finds it. On
    /// Postgres it is not locked either, and no right is needed where nothing is missing. A table is there where
    /// the search path finds it, temporary tables aside; one that is missing is made in the first schema of the
    /// path, an index in the schema of its table.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSchema`](crate::Error::InvalidSchema): a table refers to one that is not in
    /// `schema`, two entities need one name (of a table, a key, an index, a reference or a sequence), in `schema` or
    /// with those of before, a table is that of another entity that was used before, one needs a table that repositories
    /// have themselves on SQLite, tables refer to each other in a circle, or a key, an index or a trigger of another
    /// table of the database has the name of one that is to be made: of a table that was renamed, they keep
    /// their names. Nothing was made then.
    pub async fn create_tables(&self, schema: &Schema) -> Result<()> {
        refuse_within(self)?;
        let registry = self.registry();
        schema.tables().iter().try_for_each(|table| registry.check_name(table))?;
        let script = schema.script_beside(self.dialect(), registry.tables())?;
        // Whoever waited for another that makes tables must see what that one made.
        let options = TransactionOptions::new().isolation(Isolation::ReadCommitted);
        let mut connection = self.unscoped_backend().begin(options).await?;
        if let Some(first) = self.dialect().before_create_tables() {
            connection.execute_script(first).await?;
        }
        needed::check(&mut *connection, self.dialect(), schema).await?;
        connection.execute_script(&script).await?;
        connection.commit().await?;
        self.know(schema)
    }

    /// Tells the tables of `schema`, where something else made them: which rows are deleted together is
    /// known from all tables. [`create_tables`](Self::create_tables) does it as well. Clones of a database
    /// know the same tables.
    ///
    /// # Errors
    ///
    /// As for [`create_tables`](Self::create_tables). The database is not asked.
    pub fn register(&self, schema: &Schema) -> Result<()> {
        self.know(schema)
    }

    /// Asks the database for an answer.
    ///
    /// # Errors
    ///
    /// Whatever kept it from answering.
    pub async fn health(&self) -> Result<Health> {
        self.unscoped_backend().health().await
    }

    /// Closes all connections; those in use, when they become free. Later operations are
    /// [`Error::Closed`](crate::Error::Closed).
    pub async fn close(&self) {
        self.unscoped_backend().close().await;
    }

    /// The name of the database system, as the backend's [`Dialect::name`](crate::backend::Dialect::name) says it: `sqlite` and
    /// `postgres` for the backends of this project.
    pub fn system(&self) -> &'static str {
        self.dialect().name()
    }

    /// How this database spells SQL: what [`Schema::script`] is given.
    pub fn dialect(&self) -> &dyn Dialect {
        self.shared.backend.dialect()
    }

    /// The backend as no session has it: in reach of no tenant where the database keeps them apart, and bound by no
    /// policy. What is asked of rows goes through `session/run.rs`.
    pub(crate) fn unscoped_backend(&self) -> &Arc<dyn Backend> {
        &self.shared.backend
    }

    /// The time, unless the clock tells one that no database keeps.
    pub(crate) fn now(&self) -> Result<DateTime<Utc>> {
        self.told().map_err(|invalid| Error::invalid_value(CLOCK, invalid))
    }

    /// What the clock tells, or why no database keeps it.
    pub(crate) fn told(&self) -> Result<DateTime<Utc>, InvalidValue> {
        moment(self.shared.clock.now())
    }

    pub(crate) fn ids(&self) -> &dyn IdSource {
        &*self.shared.ids
    }

    pub(crate) fn cursor_key(&self) -> [u8; 32] {
        self.shared.cursor_key
    }

    pub(crate) fn listeners(&self) -> &Listeners {
        &self.shared.listeners
    }

    /// The tables that are known.
    pub(crate) fn registry(&self) -> Arc<Registry> {
        Arc::clone(&self.shared.registry.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Told before a table is used, which it cannot be where another entity is on it.
    pub(crate) fn meet(&self, table: &'static Table) -> Result<()> {
        if self.registry().has_met(table) {
            return Ok(());
        }
        let mut registry = self.shared.registry.write().unwrap_or_else(PoisonError::into_inner);
        Arc::make_mut(&mut registry).used(table)
    }

    fn know(&self, schema: &Schema) -> Result<()> {
        let mut registry = self.shared.registry.write().unwrap_or_else(PoisonError::into_inner);
        schema.tables().iter().try_for_each(|table| registry.check_name(table))?;
        schema.check(self.dialect(), registry.tables())?;
        *registry = Arc::new(registry.with(schema.tables()));
        Ok(())
    }

    /// The fixed statements of an entity, rendered at first use.
    pub(crate) fn crud<E: Entity>(&self) -> Arc<CrudSql> {
        let crud = &self.shared.crud;
        let id = TypeId::of::<E>();
        if let Some(known) = crud.read().unwrap_or_else(PoisonError::into_inner).get(&id) {
            return Arc::clone(known);
        }
        let refused = match self.meet(E::TABLE) {
            Err(Error::InvalidSchema { reason }) => Some(reason),
            _ => None,
        };
        let rendered = CrudSql::new(self.dialect(), E::TABLE);
        let rendered = Arc::new(CrudSql { refused, ..rendered });
        let mut crud = crud.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(crud.entry(id).or_insert(rendered))
    }

    /// The statements that append an entry beside its change, where that is how it is done.
    pub(crate) fn trail(&self) -> Option<&TrailSql> {
        self.shared.trail.get_or_init(|| TrailSql::new(self.dialect())).as_ref()
    }

    fn with(self, change: impl FnOnce(&mut Shared)) -> Self {
        let old = &self.shared;
        let mut shared = Shared {
            backend: Arc::clone(&old.backend),
            clock: Arc::clone(&old.clock),
            ids: Arc::clone(&old.ids),
            cursor_key: old.cursor_key,
            crud: RwLock::default(),
            trail: OnceLock::new(),
            opened_over_all_tenants: Arc::clone(&old.opened_over_all_tenants),
            registry: Arc::clone(&old.registry),
            unchecked_sql: Arc::clone(&old.unchecked_sql),
            listeners: Arc::clone(&old.listeners),
        };
        change(&mut shared);
        Self { shared: Arc::new(shared) }
    }
}

/// The backend without a session, for drivers and tests of backends: past every policy, neither counted nor recorded.
pub fn backend(database: &Database) -> &Arc<dyn Backend> {
    database.unscoped_backend()
}

/// Shows the backend alone: the key is secret, and the statements are many.
impl Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database").field("backend", &self.shared.backend).finish_non_exhaustive()
    }
}
