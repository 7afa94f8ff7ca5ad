//! A backend that notes what reaches the one behind it.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use crate::backend::{
    Addition, Backend, Connection, Health, Insert, Lookup, OnRow, Statement, TransactionOptions,
};
use crate::dialect::Dialect;
use crate::error::Result;
use crate::schema::guards::InspectedTable;
use crate::schema::table::Table;
use crate::session::scope::Reach;

/// Notes every call to the backend behind it. Clones share their notes.
#[derive(Debug, Clone)]
pub struct Recorder {
    inner: Arc<dyn Backend>,
    events: Arc<Mutex<Vec<Event>>>,
}

/// What reached a backend.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A statement, with its parameters in words.
    Statement {
        /// The text.
        sql: String,
        /// The parameters.
        params: Vec<String>,
    },
    /// An insert of many rows.
    Insert {
        /// The statement that inserts one of them.
        sql: String,
        /// How many there were.
        rows: usize,
    },
    /// SQL text without parameters.
    Script(String),
    /// A transaction was opened.
    Begin,
    /// A savepoint was set, released, or returned to.
    Savepoint(&'static str),
    /// A transaction was committed.
    Commit,
    /// A transaction was rolled back, or dropped.
    Rollback,
}

struct RecordedConnection {
    inner: Option<Box<dyn Connection>>,
    recorder: Recorder,
}

impl Recorder {
    /// Notes what reaches `inner`.
    pub fn new(inner: Arc<dyn Backend>) -> Self {
        Self { inner, events: Arc::default() }
    }

    /// Everything noted so far.
    pub fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The text of the statements noted so far.
    pub fn sql(&self) -> Vec<String> {
        let sql = |event| match event {
            Event::Statement { sql, .. } | Event::Insert { sql, .. } => Some(sql),
            _ => None,
        };
        self.events().into_iter().filter_map(sql).collect()
    }

    /// Forgets everything noted so far.
    pub fn clear(&self) {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn note(&self, event: Event) {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).push(event);
    }

    fn note_statement(&self, statement: Statement<'_>) {
        let params = statement.params.iter().map(|value| format!("{value:?}")).collect();
        self.note(Event::Statement { sql: statement.sql.to_owned(), params });
    }

    fn note_insert(&self, insert: Insert<'_>) {
        self.note(Event::Insert { sql: insert.sql.to_owned(), rows: insert.rows.len() });
    }
}

#[async_trait]
impl Backend for Recorder {
    fn dialect(&self) -> &dyn Dialect {
        self.inner.dialect()
    }

    async fn run(&self, statement: Statement<'_>, on_row: OnRow<'_>) -> Result<u64> {
        self.note_statement(statement);
        self.inner.run(statement, on_row).await
    }

    async fn look_up(&self, lookup: Lookup<'_>, on_row: OnRow<'_>) -> Result<u64> {
        self.note_statement(lookup.statement);
        self.inner.look_up(lookup, on_row).await
    }

    async fn add(&self, addition: Addition<'_>) -> Result<()> {
        self.note_statement(addition.statement);
        self.inner.add(addition).await
    }

    async fn insert(&self, insert: Insert<'_>) -> Result<Vec<i64>> {
        self.note_insert(insert);
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
        self.note(Event::Begin);
        let inner = self.inner.begin(options).await?;
        Ok(Box::new(RecordedConnection { inner: Some(inner), recorder: self.clone() }))
    }

    async fn inspect(&self, table: &'static Table) -> Result<Option<InspectedTable>> {
        self.inner.inspect(table).await
    }

    async fn health(&self) -> Result<Health> {
        self.inner.health().await
    }

    async fn close(&self) {
        self.inner.close().await;
    }

    fn as_any(&self) -> Option<&(dyn Any + Send + Sync)> {
        self.inner.as_any()
    }
}

impl RecordedConnection {
    fn inner(&mut self) -> &mut Box<dyn Connection> {
        self.inner.as_mut().expect("the connection is taken only when it is consumed")
    }
}

#[async_trait]
impl Connection for RecordedConnection {
    async fn run(&mut self, statement: Statement<'_>, on_row: OnRow<'_>) -> Result<u64> {
        self.recorder.note_statement(statement);
        self.inner().run(statement, on_row).await
    }

    async fn insert(&mut self, insert: Insert<'_>) -> Result<Vec<i64>> {
        self.recorder.note_insert(insert);
        self.inner().insert(insert).await
    }

    async fn execute_script(&mut self, sql: &str) -> Result<()> {
        self.recorder.note(Event::Script(sql.to_owned()));
        self.inner().execute_script(sql).await
    }

    async fn savepoint(&mut self, level: usize) -> Result<()> {
        self.recorder.note(Event::Savepoint("set"));
        self.inner().savepoint(level).await
    }

    async fn release(&mut self, level: usize) -> Result<()> {
        self.recorder.note(Event::Savepoint("released"));
        self.inner().release(level).await
    }

    async fn rollback_to(&mut self, level: usize) -> Result<()> {
        self.recorder.note(Event::Savepoint("returned to"));
        self.inner().rollback_to(level).await
    }

    async fn commit(mut self: Box<Self>) -> Result<()> {
        self.recorder.note(Event::Commit);
        let inner = self.inner.take().expect("the connection is consumed once");
        inner.commit().await
    }

    async fn rollback(mut self: Box<Self>) -> Result<()> {
        self.recorder.note(Event::Rollback);
        let inner = self.inner.take().expect("the connection is consumed once");
        inner.rollback().await
    }

    fn as_any(&mut self) -> Option<&mut (dyn Any + Send)> {
        self.inner().as_any()
    }
}

impl Drop for RecordedConnection {
    fn drop(&mut self) {
        if self.inner.is_some() {
            self.recorder.note(Event::Rollback);
        }
    }
}

impl fmt::Debug for RecordedConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordedConnection").field("inner", &self.inner).finish_non_exhaustive()
    }
}
