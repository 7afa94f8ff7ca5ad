//! A connection that is elsewhere: each operation is sent there as values of its own, and rows come back.
//!
//! Nothing is borrowed across: sessions outlive whoever lends the connection, and find it gone. A statement
//! that is asked for runs to its end, also where nobody waits for its answer any more.

use std::fmt;

use async_trait::async_trait;
use tokio::sync::{mpsc, oneshot};

use crate::backend::{Connection, Effect, Insert, InsertRows, OnRow, Row, Statement};
use crate::error::{Error, Result};
use crate::schema::table::Table;
use crate::value::Value;

/// A connection in a transaction that somebody else began and ends.
#[async_trait]
pub trait Joinable: Send {
    /// A row that owns what it holds.
    type Row: Row + Send + 'static;

    /// Runs one statement, and adds what it answers with to `rows`. Returns the rows affected.
    async fn run(&mut self, statement: Statement<'_>, rows: &mut Vec<Self::Row>) -> Result<u64>;

    /// As [`Connection::insert`].
    async fn insert(&mut self, insert: Insert<'_>) -> Result<Vec<i64>>;

    /// As [`Connection::execute_script`].
    async fn execute_script(&mut self, sql: &str) -> Result<()>;

    /// As [`Connection::savepoint`].
    async fn savepoint(&mut self, level: usize) -> Result<()>;

    /// As [`Connection::release`].
    async fn release(&mut self, level: usize) -> Result<()>;

    /// As [`Connection::rollback_to`].
    async fn rollback_to(&mut self, level: usize) -> Result<()>;
}

/// The end that a session has.
pub(super) struct Remote<R> {
    requests: mpsc::Sender<Request<R>>,
}

/// The end that answers.
pub(super) type Requests<R> = mpsc::Receiver<Request<R>>;

pub(super) enum Request<R> {
    Run(OwnedStatement, oneshot::Sender<(Vec<R>, Result<u64>)>),
    Insert(OwnedInsert, oneshot::Sender<Result<Vec<i64>>>),
    Control(Control, oneshot::Sender<Result<()>>),
}

pub(super) enum Control {
    Script(String),
    Savepoint(usize),
    Release(usize),
    RollbackTo(usize),
}

pub(super) struct OwnedStatement {
    sql: String,
    params: Vec<Value<'static>>,
    effect: Effect,
    table: &'static Table,
}

pub(super) struct OwnedInsert {
    table: &'static Table,
    columns: Vec<usize>,
    sql: String,
    rows: OwnedRows,
}

struct OwnedRows(Vec<Vec<Value<'static>>>);

/// Both ends.
pub(super) fn pair<J: Joinable>() -> (Remote<J::Row>, Requests<J::Row>) {
    let (sender, receiver) = mpsc::channel(1);
    (Remote { requests: sender }, receiver)
}

/// Answers until the other end is gone.
pub(super) async fn serve<J: Joinable>(connection: &mut J, mut requests: Requests<J::Row>) {
    // Whoever asked may not wait any longer for an answer.
    while let Some(request) = requests.recv().await {
        match request {
            Request::Run(owned, answer) => {
                let mut rows = Vec::new();
                let result = connection.run(owned.statement(), &mut rows).await;
                let _ = answer.send((rows, result));
            }
            Request::Insert(owned, answer) => {
                let _ = answer.send(connection.insert(owned.insert()).await);
            }
            Request::Control(control, answer) => {
                let result = match control {
                    Control::Script(sql) => connection.execute_script(&sql).await,
                    Control::Savepoint(level) => connection.savepoint(level).await,
                    Control::Release(level) => connection.release(level).await,
                    Control::RollbackTo(level) => connection.rollback_to(level).await,
                };
                let _ = answer.send(result);
            }
        }
    }
}

impl<R: Send> Remote<R> {
    async fn ask<T>(&self, request: impl FnOnce(oneshot::Sender<T>) -> Request<R>) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        self.requests.send(request(answer)).await.map_err(|_| Error::Closed)?;
        answered.await.map_err(|_| Error::Closed)
    }

    async fn control(&self, control: Control) -> Result<()> {
        self.ask(|answer| Request::Control(control, answer)).await?
    }
}

#[async_trait]
impl<R: Row + Send + 'static> Connection for Remote<R> {
    async fn run(&mut self, statement: Statement<'_>, on_row: OnRow<'_>) -> Result<u64> {
        let owned = OwnedStatement::new(statement);
        let (rows, result) = self.ask(|answer| Request::Run(owned, answer)).await?;
        for row in &rows {
            on_row(row)?;
        }
        result
    }

    async fn insert(&mut self, insert: Insert<'_>) -> Result<Vec<i64>> {
        let owned = OwnedInsert::new(insert)?;
        self.ask(|answer| Request::Insert(owned, answer)).await?
    }

    async fn execute_script(&mut self, sql: &str) -> Result<()> {
        self.control(Control::Script(sql.to_owned())).await
    }

    async fn savepoint(&mut self, level: usize) -> Result<()> {
        self.control(Control::Savepoint(level)).await
    }

    async fn release(&mut self, level: usize) -> Result<()> {
        self.control(Control::Release(level)).await
    }

    async fn rollback_to(&mut self, level: usize) -> Result<()> {
        self.control(Control::RollbackTo(level)).await
    }

    /// Whoever began the transaction commits it.
    async fn commit(self: Box<Self>) -> Result<()> {
        Ok(())
    }

    /// Whoever lends the connection undoes what was done.
    async fn rollback(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}

impl OwnedStatement {
    fn new(statement: Statement<'_>) -> Self {
        let params = statement.params.iter().map(|value| value.clone().into_owned()).collect();
        let Statement { sql, effect, table, .. } = statement;
        Self { sql: sql.to_owned(), params, effect, table }
    }

    fn statement(&self) -> Statement<'_> {
        let Self { sql, params, effect, table } = self;
        Statement { sql, params, effect: *effect, table }
    }
}

impl OwnedInsert {
    /// All rows, encoded: the first that does not fit is told before the database is asked.
    fn new(insert: Insert<'_>) -> Result<Self> {
        let mut rows = Vec::with_capacity(insert.rows.len());
        for index in 0..insert.rows.len() {
            let mut values = Vec::with_capacity(insert.columns.len());
            insert.rows.encode(index, &mut values).map_err(|error| error.in_row(index))?;
            rows.push(values.into_iter().map(Value::into_owned).collect());
        }
        let (columns, sql) = (insert.columns.to_vec(), insert.sql.to_owned());
        Ok(Self { table: insert.table, columns, sql, rows: OwnedRows(rows) })
    }

    fn insert(&self) -> Insert<'_> {
        let Self { table, columns, sql, rows } = self;
        Insert { table, columns, sql, rows }
    }
}

impl InsertRows for OwnedRows {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn encode<'a>(&'a self, index: usize, values: &mut Vec<Value<'a>>) -> Result<()> {
        values.extend(self.0[index].iter().cloned());
        Ok(())
    }
}

impl<R> fmt::Debug for Remote<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Remote")
    }
}
