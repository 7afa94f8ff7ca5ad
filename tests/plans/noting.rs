//! A backend that keeps the statements that read, with their parameters.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use repo_core::backend::{Backend, Connection, Dialect, Insert, OnRow, Statement};
use repo_core::schema::Table;
use repo_core::{Health, Result, TransactionOptions, Value};

#[derive(Debug, Clone)]
pub(crate) struct Noting {
    inner: Arc<dyn Backend>,
    sent: Arc<Mutex<Vec<Sent>>>,
}

/// A statement as it was sent.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) sql: String,
    pub(crate) params: Vec<Value<'static>>,
    pub(crate) table: &'static Table,
}

impl Noting {
    pub(crate) fn new(inner: Arc<dyn Backend>) -> Self {
        Self { inner, sent: Arc::default() }
    }

    /// What was sent since the last time.
    pub(crate) fn take(&self) -> Vec<Sent> {
        std::mem::take(&mut self.sent.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl Backend for Noting {
    fn dialect(&self) -> &dyn Dialect {
        self.inner.dialect()
    }

    async fn run(&self, statement: Statement<'_>, on_row: OnRow<'_>) -> Result<u64> {
        let params = statement.params.iter().map(|value| value.clone().into_owned()).collect();
        let sent = Sent { sql: statement.sql.to_owned(), params, table: statement.table };
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).push(sent);
        self.inner.run(statement, on_row).await
    }

    async fn insert(&self, insert: Insert<'_>) -> Result<Vec<i64>> {
        self.inner.insert(insert).await
    }

    async fn begin(&self, options: TransactionOptions) -> Result<Box<dyn Connection>> {
        self.inner.begin(options).await
    }

    async fn health(&self) -> Result<Health> {
        self.inner.health().await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}
