//! The database: a dialect, and connections to run statements on.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use repo_core::backend::{
    Access, Addition, Backend, Connection, Dialect, Insert, Lookup, OnRow, Reach, Row, Statement,
};
use repo_core::schema::{InspectedTable, Table};
use repo_core::{Error, Health, Result, TransactionOptions};

#[cfg(feature = "sqlx")]
use crate::adopted;
use crate::connection::Transaction;
use crate::dialect::PostgresDialect;
use crate::error::{SOME_ROW, is_stale_error};
use crate::insert::Ways;
use crate::own::Own;
use crate::pool::Pool;
use crate::together::Together;
use crate::{insert, inspect, row_security, server, statement, together};

/// A Postgres database behind a pool of connections. Cheap to clone: all clones share the pool.
#[derive(Clone)]
pub struct Postgres {
    pool: Arc<Pool>,
    /// What waits for a connection, to share a statement.
    together: Arc<Together>,
    /// Whether statements stay prepared. Where they do not, a pooler may give each transaction another
    /// server connection, and preparing is one transaction and running another: both are put into one.
    persistent: bool,
    dialect: PostgresDialect,
    /// What each transaction says of its reach, for policies to compare with. A statement by itself is
    /// then put into one.
    setting: Option<Arc<str>>,
}

impl Postgres {
    pub(crate) fn new(pool: Pool, persistent: bool, dialect: PostgresDialect) -> Self {
        let (pool, together) = (Arc::new(pool), Arc::default());
        Self { pool, together, persistent, dialect, setting: None }
    }

    /// Opens a connection, so that what is wrong with the settings shows now, and what is between.
    pub(crate) async fn check(&mut self) -> Result<()> {
        let pool = Arc::clone(&self.pool);
        let mut lease = pool.get().await?;
        let result = server::check(lease.start()).await;
        lease.finish(&result);
        let told = result.map_err(|failure| failure.into_error(SOME_ROW))?;
        let mut has_pooler = false;
        if let Some(own) = pool.own() {
            has_pooler = own.opener().decide(told.is_request_in_force);
            self.persistent = own.opener().statements() > 0;
            own.test_before(told.longest_idle);
        }
        if has_pooler || !self.persistent {
            let result = server::check_transactions(lease.start()).await;
            lease.finish(&result);
            result.map_err(|failure| failure.into_error(SOME_ROW))?;
        }
        if self.dialect.row_level_security {
            let result = row_security::check_role(lease.start()).await;
            lease.finish(&result);
            result.map_err(|failure| failure.into_error(SOME_ROW))?;
        }
        if has_pooler {
            // It may have been opened to keep statements.
            lease.close_at_the_end();
        }
        Ok(())
    }

    /// Whether the tables of tenants have policies.
    pub(crate) fn has_policies(&self) -> bool {
        self.dialect.row_level_security
    }

    /// How its statements run.
    pub(crate) fn ways(&self) -> Ways {
        let row_level_security = self.dialect.row_level_security;
        Ways { persistent: self.persistent, row_level_security, copies: true }
    }

    /// Whether its pool is an application's.
    #[cfg(feature = "sqlx")]
    pub(crate) fn is_adopted(&self) -> bool {
        matches!(&*self.pool, Pool::Adopted(_))
    }

    /// Has an adopted pool use no connection again on which statements were prepared before.
    #[cfg(feature = "sqlx")]
    pub(crate) fn forget_statements(&self) {
        if let Pool::Adopted(adopted) = &*self.pool {
            adopted::close_idle(adopted.pool());
        }
    }

    /// Whether a statement by itself can be sent as it is.
    fn is_direct(&self) -> bool {
        self.persistent && self.setting.is_none()
    }

    /// The pool, where statements by themselves may be shared.
    fn shareable(&self) -> Option<&Own> {
        self.pool.own().filter(|_| self.is_direct() && !self.dialect.row_level_security)
    }

    /// Runs a statement in a transaction of its own, and once more where its table was altered since it was prepared.
    async fn run_in_transaction(&self, statement: Statement<'_>, on_row: OnRow<'_>) -> Result<u64> {
        let mut has_rows = false;
        let mut noting = |row: &dyn Row| {
            has_rows = true;
            on_row(row)
        };
        match self.run_once_in_transaction(statement, &mut noting).await {
            Err(error) if is_stale_error(&error) && !has_rows => {
                self.run_once_in_transaction(statement, on_row).await
            }
            result => result,
        }
    }

    async fn run_once_in_transaction(
        &self,
        statement: Statement<'_>,
        on_row: OnRow<'_>,
    ) -> Result<u64> {
        let mut transaction = self.begin_with(self.ways(), TransactionOptions::new()).await?;
        if statement.access() == Access::Read {
            transaction.set_only_reads();
        }
        match transaction.run(statement, on_row).await {
            Ok(affected) => transaction.commit().await.map(|()| affected),
            Err(error) => transaction.rollback().await.and(Err(error)),
        }
    }

    async fn insert_by(&self, ways: Ways, insert: Insert<'_>) -> Result<Vec<i64>> {
        match self.is_direct() {
            true => self.insert_directly(ways, insert).await,
            false => Box::pin(self.insert_in_transaction(ways, insert)).await,
        }
    }

    async fn insert_directly(&self, ways: Ways, insert: Insert<'_>) -> Result<Vec<i64>> {
        let mut lease = self.pool.get().await?;
        let result = insert::insert(lease.start(), ways, insert).await;
        lease.finish(&result);
        result.map_err(|failure| failure.into_error_of_autocommit(insert.table.entity))
    }

    async fn insert_in_transaction(&self, ways: Ways, insert: Insert<'_>) -> Result<Vec<i64>> {
        let mut transaction = self.begin_with(ways, TransactionOptions::new()).await?;
        match transaction.insert(insert).await {
            Ok(ids) => transaction.commit().await.map(|()| ids),
            Err(error) => transaction.rollback().await.and(Err(error)),
        }
    }

    async fn begin_with(
        &self,
        ways: Ways,
        options: TransactionOptions,
    ) -> Result<Box<Transaction>> {
        let lease = self.pool.get().await?;
        let setting = self.setting.as_deref();
        let nobody = setting.is_none() && self.has_policies();
        let nobody = nobody.then(|| row_security::again("", "off"));
        let setting = setting.or(nobody.as_deref());
        Ok(Box::new(Transaction::begin(lease, ways, options, setting).await?))
    }
}

#[async_trait]
impl Backend for Postgres {
    fn dialect(&self) -> &dyn Dialect {
        &self.dialect
    }

    async fn run(&self, statement: Statement<'_>, on_row: OnRow<'_>) -> Result<u64> {
        if !self.is_direct() {
            // A large future that few need, kept apart from the one that most do.
            return Box::pin(self.run_in_transaction(statement, on_row)).await;
        }
        let mut lease = self.pool.get().await?;
        let result = statement::run_alone(lease.start(), true, statement, on_row).await;
        lease.finish(&result);
        result.map_err(|failure| match statement.access() {
            Access::Read => failure.into_error(statement.table.entity),
            Access::Write => failure.into_error_of_autocommit(statement.table.entity),
        })
    }

    async fn look_up(&self, lookup: Lookup<'_>, on_row: OnRow<'_>) -> Result<u64> {
        match self.shareable() {
            Some(pool) => together::look_up(pool, &self.together, lookup, on_row).await,
            None => self.run(lookup.statement, on_row).await,
        }
    }

    async fn add(&self, addition: Addition<'_>) -> Result<()> {
        match self.shareable() {
            Some(pool) => together::add(pool, &self.together, addition).await,
            None => match self.run(addition.statement, &mut |_| Ok(())).await? {
                0 => Err(Error::left_out()),
                _ => Ok(()),
            },
        }
    }

    async fn insert(&self, insert: Insert<'_>) -> Result<Vec<i64>> {
        let ways = self.ways();
        match self.insert_by(ways, insert).await {
            // Nothing was added, as all of it is one statement or in one transaction.
            Err(error) if is_stale_error(&error) => Box::pin(self.insert_by(ways, insert)).await,
            Err(error) if ways.may_be_refused(&insert, &error) => {
                // All or none: in one transaction, as it may be several statements.
                let ways = Ways { copies: false, ..ways };
                Box::pin(self.insert_in_transaction(ways, insert)).await
            }
            inserted => inserted,
        }
    }

    fn within(&self, reach: &Reach) -> Option<Arc<dyn Backend>> {
        if !self.dialect.row_level_security {
            return None;
        }
        let setting = row_security::setting(reach)?;
        Some(Arc::new(Self { setting: Some(setting.into()), ..self.clone() }))
    }

    fn has_row_level_security(&self) -> bool {
        self.dialect.row_level_security
    }

    async fn begin(&self, options: TransactionOptions) -> Result<Box<dyn Connection>> {
        Ok(self.begin_with(self.ways(), options).await?)
    }

    async fn inspect(&self, table: &'static Table) -> Result<Option<InspectedTable>> {
        inspect::inspect(self, table).await
    }

    async fn health(&self) -> Result<Health> {
        let mut lease = self.pool.get().await?;
        let started = Instant::now();
        let result = statement::run_simple(lease.start(), "SELECT 1").await;
        lease.finish(&result);
        result.map_err(|failure| failure.into_error(SOME_ROW))?;
        let round_trip = started.elapsed();
        drop(lease);
        Ok(Health::new(round_trip, self.pool.size(), self.pool.idle()))
    }

    async fn close(&self) {
        self.pool.close().await;
    }

    fn as_any(&self) -> Option<&(dyn Any + Send + Sync)> {
        Some(self)
    }
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres")
            .field("size", &self.pool.size())
            .field("idle", &self.pool.idle())
            .field("row_level_security", &self.dialect.row_level_security)
            .finish_non_exhaustive()
    }
}
