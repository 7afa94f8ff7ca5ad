//! A backend that fails where a test says so.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use crate::backend::{
    Addition, Backend, Connection, Health, Insert, Lookup, OnRow, Statement, TransactionOptions,
};
use crate::dialect::Dialect;
use crate::error::{Error, Result};
use crate::schema::guards::InspectedTable;
use crate::schema::table::Table;
use crate::session::scope::Reach;

/// Passes calls on to the backend behind it, except those that are to fail. Clones fail together.
///
/// Statements, inserts, `begin`, savepoints and `commit` count as calls; a rollback never fails.
#[derive(Debug, Clone)]
pub struct Failing {
    inner: Arc<dyn Backend>,
    plan: Arc<Mutex<VecDeque<Option<Error>>>>,
}

#[derive(Debug)]
struct FailingConnection {
    inner: Box<dyn Connection>,
    backend: Failing,
}

impl Failing {
    /// Passes everything on until it is told to fail.
    pub fn new(inner: Arc<dyn Backend>) -> Self {
        Self { inner, plan: Arc::default() }
    }

    /// The next call without a plan fails with `error`, without reaching the backend behind.
    pub fn then_fail(&self, error: Error) {
        self.plan().push_back(Some(error));
    }

    /// The next `calls` calls without a plan pass.
    pub fn then_pass(&self, calls: usize) {
        self.plan().extend(std::iter::repeat_with(|| None).take(calls));
    }

    fn plan(&self) -> std::sync::MutexGuard<'_, VecDeque<Option<Error>>> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn call(&self) -> Result<()> {
        match self.plan().pop_front() {
            Some(Some(error)) => Err(error),
            Some(None) | None => Ok(()),
        }
    }
}

#[async_trait]
impl Backend for Failing {
    fn dialect(&self) -> &dyn Dialect {
        self.inner.dialect()
    }

    async fn run(&self, statement: Statement<'_>, on_row: OnRow<'_>) -> Result<u64> {
        self.call()?;
        self.inner.run(statement, on_row).await
    }

    async fn look_up(&self, lookup: Lookup<'_>, on_row: OnRow<'_>) -> Result<u64> {
        self.call()?;
        self.inner.look_up(lookup, on_row).await
    }

    async fn add(&self, addition: Addition<'_>) -> Result<()> {
        self.call()?;
        self.inner.add(addition).await
    }

    async fn insert(&self, insert: Insert<'_>) -> Result<Vec<i64>> {
        self.call()?;
        self.inner.insert(insert).await
    }

    fn within(&self, reach: &Reach) -> Option<Arc<dyn Backend>> {
        let inner = self.inner.within(reach)?;
        Some(Arc::new(Self { inner, ..self.clone() }))
    }

    fn has_row_level_security(&self) -> bool {
        self.inner.has_row_level_security()
    }

    async fn begin(&self, options: TransactionOptions) -> Result<Box<dyn Connection>> {
        self.call()?;
        let inner = self.inner.begin(options).await?;
        Ok(Box::new(FailingConnection { inner, backend: self.clone() }))
    }

    async fn inspect(&self, table: &'static Table) -> Result<Option<InspectedTable>> {
        self.call()?;
        self.inner.inspect(table).await
    }

    async fn health(&self) -> Result<Health> {
        self.call()?;
        self.inner.health().await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}

#[async_trait]
impl Connection for FailingConnection {
    async fn run(&mut self, statement: Statement<'_>, on_row: OnRow<'_>) -> Result<u64> {
        self.backend.call()?;
        self.inner.run(statement, on_row).await
    }

    async fn insert(&mut self, insert: Insert<'_>) -> Result<Vec<i64>> {
        self.backend.call()?;
        self.inner.insert(insert).await
    }

    async fn execute_script(&mut self, sql: &str) -> Result<()> {
        self.backend.call()?;
        self.inner.execute_script(sql).await
    }

    async fn savepoint(&mut self, level: usize) -> Result<()> {
        self.backend.call()?;
        self.inner.savepoint(level).await
    }

    async fn release(&mut self, level: usize) -> Result<()> {
        self.backend.call()?;
        self.inner.release(level).await
    }

    async fn rollback_to(&mut self, level: usize) -> Result<()> {
        self.inner.rollback_to(level).await
    }

    async fn commit(self: Box<Self>) -> Result<()> {
        self.backend.call()?;
        self.inner.commit().await
    }

    async fn rollback(self: Box<Self>) -> Result<()> {
        self.inner.rollback().await
    }
}
