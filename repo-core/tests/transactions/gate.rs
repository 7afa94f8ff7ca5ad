//! A backend whose statements wait while it is shut.

use std::sync::Arc;

use async_trait::async_trait;
use repo_core::backend::{Backend, Connection, Dialect, Insert, OnRow, Statement};
use repo_core::{Health, Result, TransactionOptions};
use tokio::sync::watch;

#[derive(Debug, Clone)]
pub(crate) struct Gate {
    inner: Arc<dyn Backend>,
    is_open: Arc<watch::Sender<bool>>,
}

#[derive(Debug)]
struct Gated {
    inner: Box<dyn Connection>,
    gate: Gate,
}

impl Gate {
    pub(crate) fn new(inner: Arc<dyn Backend>) -> Self {
        Self { inner, is_open: Arc::new(watch::Sender::new(true)) }
    }

    pub(crate) fn open(&self) {
        self.is_open.send_replace(true);
    }

    pub(crate) fn shut(&self) {
        self.is_open.send_replace(false);
    }

    async fn pass(&self) {
        let opened = self.is_open.subscribe().wait_for(|open| *open).await.map(drop);
        opened.expect("the gate holds its sender");
    }
}

#[async_trait]
impl Backend for Gate {
    fn dialect(&self) -> &dyn Dialect {
        self.inner.dialect()
    }

    async fn run(&self, statement: Statement<'_>, on_row: OnRow<'_>) -> Result<u64> {
        self.pass().await;
        self.inner.run(statement, on_row).await
    }

    async fn insert(&self, insert: Insert<'_>) -> Result<Vec<i64>> {
        self.inner.insert(insert).await
    }

    async fn begin(&self, options: TransactionOptions) -> Result<Box<dyn Connection>> {
        let inner = self.inner.begin(options).await?;
        Ok(Box::new(Gated { inner, gate: self.clone() }))
    }

    async fn health(&self) -> Result<Health> {
        self.inner.health().await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}

#[async_trait]
impl Connection for Gated {
    async fn run(&mut self, statement: Statement<'_>, on_row: OnRow<'_>) -> Result<u64> {
        self.gate.pass().await;
        self.inner.run(statement, on_row).await
    }

    async fn insert(&mut self, insert: Insert<'_>) -> Result<Vec<i64>> {
        self.inner.insert(insert).await
    }

    async fn execute_script(&mut self, sql: &str) -> Result<()> {
        self.inner.execute_script(sql).await
    }

    async fn savepoint(&mut self, level: usize) -> Result<()> {
        self.inner.savepoint(level).await
    }

    async fn release(&mut self, level: usize) -> Result<()> {
        self.inner.release(level).await
    }

    async fn rollback_to(&mut self, level: usize) -> Result<()> {
        self.inner.rollback_to(level).await
    }

    async fn commit(self: Box<Self>) -> Result<()> {
        self.inner.commit().await
    }

    async fn rollback(self: Box<Self>) -> Result<()> {
        self.inner.rollback().await
    }
}
