//! Rows to add: all of a statement, or none.
//!
//! Where the server refuses the statement, none of its rows was added, and each is added by itself: the error is that
//! of its own row. Where the connection is lost, all are told so: nobody knows then what the server did, and a row
//! that is added again may be there already. A statement that is shared runs in a task of its own, so that who goes
//! away meanwhile leaves nobody in the dark; where all go away it ends, as theirs would have. Where a trigger leaves
//! rows out, the table is asked whose they are.
//!
//! By what is known of the table no row can wait for another transaction. Where one does, for a key or a trigger that
//! nobody told of, the statement waits for a moment and is then refused.

use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll};

use futures_util::future::{Either, select};
use repo_core::backend::{Addition, Effect, Row, Statement, quote};
use repo_core::schema::Table;
use repo_core::{DatabaseError, Error, Result, Value};
use tokio::sync::oneshot;

use super::lines::{Turn, Waiting, owned};
use super::{Came, Member, Together};
use crate::own::Own;
use crate::pool::Lease;
use crate::statement;

/// The most bytes of texts and documents in a row that shares a statement: larger ones are copied and sent for nobody
/// but who adds them.
const LARGEST: usize = 16 * 1024;

/// What became of a row that somebody else was to add.
#[derive(Debug)]
pub(super) enum Outcome {
    Added,
    /// It was not, and is to be added by itself.
    NotAdded,
    /// A trigger left it out.
    LeftOut,
    /// The connection was lost.
    Lost(Error),
}

/// Adds a row.
pub(crate) async fn add(pool: &Own, together: &Together, addition: Addition<'_>) -> Result<()> {
    if let Some(lease) = pool.get_if_free().await? {
        return alone(lease, addition.statement).await;
    }
    let params = addition.statement.params;
    if params.iter().map(length).sum::<usize>() > LARGEST {
        return alone(pool.get(pool.wait()).await?, addition.statement).await;
    }
    let member = Member::new(pool, &together.additions, (addition.of_rows, params), None);
    let outcome = match member.wait().await? {
        Came::Done(outcome) => outcome,
        Came::Connection(lease, followers) if followers.is_empty() => {
            return alone(lease, addition.statement).await;
        }
        Came::Connection(lease, followers) => share(lease, addition, followers).await,
        Came::Nothing => Outcome::NotAdded,
    };
    match outcome {
        Outcome::Added => Ok(()),
        Outcome::NotAdded => alone(pool.get(pool.wait()).await?, addition.statement).await,
        Outcome::LeftOut => Err(Error::left_out()),
        Outcome::Lost(error) => Err(error),
    }
}

/// The bytes that a value holds outside of itself.
fn length(value: &Value<'_>) -> usize {
    match value {
        Value::Text(text) | Value::Json(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        _ => 0,
    }
}

async fn alone(mut lease: Lease, statement: Statement<'_>) -> Result<()> {
    let result = statement::run_alone(lease.start(), true, statement, &mut |_| Ok(())).await;
    lease.finish(&result);
    match result {
        Ok(0) => Err(Error::left_out()),
        Ok(_) => Ok(()),
        Err(failure) => Err(failure.into_error_of_autocommit(statement.table.entity)),
    }
}

/// Adds the leader's row and those of the followers. Returns what became of the leader's.
async fn share(lease: Lease, addition: Addition<'_>, followers: Vec<Waiting<Outcome>>) -> Outcome {
    let Statement { params, table, .. } = addition.statement;
    let (turn, outcome) = oneshot::channel();
    let mut columns: Vec<Vec<_>> = owned(params).into_iter().map(|value| vec![value]).collect();
    let mut turns = vec![turn];
    for follower in followers {
        for (column, value) in columns.iter_mut().zip(follower.params) {
            column.push(value);
        }
        turns.push(follower.turn);
    }
    let kinds = addition.columns.iter().map(|column| table.columns[*column].kind);
    let lists = kinds.zip(columns).map(|(kind, values)| Value::List(kind, values)).collect();
    let sql = addition.of_rows.to_owned();
    let id = addition.columns.iter().position(|column| *column == table.roles.id);
    tokio::spawn(Shared { table, sql, lists, id, turns: Turns(turns) }.run(lease));
    match outcome.await {
        Ok(Turn::Done(outcome)) => outcome,
        // All are told before it ends, however it does.
        _ => Outcome::Lost(interrupted()),
    }
}

/// Rows of several callers.
struct Shared {
    table: &'static Table,
    sql: String,
    /// The values of each column.
    lists: Vec<Value<'static>>,
    /// Which of them has the ids.
    id: Option<usize>,
    turns: Turns,
}

/// Who waits to hear of their rows.
struct Turns(Vec<oneshot::Sender<Turn<Outcome>>>);

impl Shared {
    async fn run(mut self, mut lease: Lease) {
        let (sql, params, table) = (&self.sql, &self.lists, self.table);
        let given = self.turns.0.len() as u64;
        let statement = Statement { sql, params, effect: Effect::Insert, table };
        let mut on_row = |_: &dyn Row| Ok(());
        let ran = {
            let adding = pin!(statement::run(lease.start(), true, statement, &mut on_row));
            let all_gone = pin!(poll_fn(|context| self.turns.are_gone(context)));
            match select(adding, all_gone).await {
                Either::Left((result, _)) => Some(result),
                Either::Right(_) => None,
            }
        };
        // Where all are gone the lease is not finished: its connection is closed.
        let Some(result) = ran else { return };
        lease.finish(&result);
        match result {
            Ok(added) if added == given => self.turns.tell(|_| Outcome::Added),
            Ok(_) => {
                let there = self.there(&mut lease).await;
                self.turns.tell(|row| match &there {
                    Some(there) if there[row] => Outcome::Added,
                    Some(_) => Outcome::LeftOut,
                    None => Outcome::Lost(unknown("a trigger leaves rows out")),
                });
            }
            Err(failure) if failure.is_refusal() => {
                tracing::debug!(?failure, "rows that shared a statement are added by themselves");
                self.turns.tell(|_| Outcome::NotAdded);
            }
            Err(failure) => {
                let error = failure.into_error_of_autocommit(table.entity);
                self.turns.tell(|_| Outcome::Lost(same(&error)));
            }
        }
    }

    /// Which of the rows are there, where a trigger left some out.
    async fn there(&self, lease: &mut Lease) -> Option<Vec<bool>> {
        let (table, ids) = (self.table, self.lists.get(self.id?)?);
        let Value::List(_, given) = ids else { return None };
        let (mut id, mut sql) = (String::new(), String::new());
        quote(&mut id, table.columns[table.roles.id].name);
        quote(&mut sql, table.name);
        let sql = format!("SELECT {id} FROM {sql} WHERE {id} = ANY($1)");
        let params = &[ids.borrowed()];
        let statement = Statement { sql: &sql, params, effect: Effect::Read, table };
        let mut found = Vec::with_capacity(given.len());
        let mut on_row = |row: &dyn Row| {
            found.push(table.read(row, 0, table.roles.id)?.into_owned());
            Ok(())
        };
        let result = statement::run(lease.start(), true, statement, &mut on_row).await;
        lease.finish(&result);
        result.ok()?;
        Some(given.iter().map(|id| found.contains(id)).collect())
    }
}

impl Turns {
    /// Whether nobody waits any more.
    fn are_gone(&mut self, context: &mut Context<'_>) -> Poll<()> {
        // Woken by the first who still waits, it looks at the next one.
        let are_gone = self.0.iter_mut().all(|turn| turn.poll_closed(context).is_ready());
        if are_gone { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Says what became of each row, by its number.
    fn tell(&mut self, outcome: impl Fn(usize) -> Outcome) {
        for (row, turn) in self.0.drain(..).enumerate() {
            // Who does not wait any more need not hear.
            let _ = turn.send(Turn::Done(outcome(row)));
        }
    }
}

/// Where the task ends early, as with its runtime, the statement may have been sent.
impl Drop for Turns {
    fn drop(&mut self) {
        self.tell(|_| Outcome::Lost(interrupted()));
    }
}

fn interrupted() -> Error {
    unknown("the task that added the row ended")
}

fn unknown(why: &str) -> Error {
    Error::CommitUnknown { source: DatabaseError::new(why) }
}

/// The error of a lost connection once more.
fn same(error: &Error) -> Error {
    match error {
        Error::CommitUnknown { source } => Error::CommitUnknown { source: source.clone() },
        Error::Connection { source } => Error::Connection { source: source.clone() },
        Error::StorageFull { source } => Error::StorageFull { source: source.clone() },
        Error::Backend(source) => Error::Backend(source.clone()),
        other => Error::Backend(DatabaseError::new(other.to_string())),
    }
}
