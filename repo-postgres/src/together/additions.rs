//! Rows to add: all of a statement, or none.
//!
//! Where the server refuses one of them, none was added, and each is added by itself: the error is that of its own
//! row. Where the connection is lost, each has that error, as it would have by itself: nobody knows then what the
//! server did, and adding a row again could add it twice. A statement that is shared runs in a task of its own, so
//! that who goes away meanwhile leaves nobody in the dark.

use repo_core::{Access, Addition, DatabaseError, Error, Result, Statement, Table, Value};
use tokio::sync::oneshot;

use super::lines::{Turn, Waiting, owned};
use super::{Came, Member, Together};
use crate::pool::{Lease, Own};
use crate::statement;

/// What became of a row that somebody else added.
#[derive(Debug)]
pub(super) enum Outcome {
    Added,
    /// It was not, on account of one of the rows.
    Refused,
    /// The connection was lost.
    Lost(Error),
}

/// Adds a row.
pub(crate) async fn add(pool: &Own, together: &Together, addition: Addition<'_>) -> Result<()> {
    if let Some(lease) = pool.get_if_free().await? {
        return alone(lease, addition.statement).await;
    }
    let shared = (addition.of_rows, addition.statement.params);
    let member = Member::new(pool, &together.additions, shared, None);
    let outcome = match member.wait().await? {
        Came::Done(outcome) => outcome,
        Came::Connection(lease, followers) if followers.is_empty() => {
            return alone(lease, addition.statement).await;
        }
        Came::Connection(lease, followers) => share(lease, addition, followers).await,
        Came::Nothing => Outcome::Refused,
    };
    match outcome {
        Outcome::Added => Ok(()),
        Outcome::Refused => alone(pool.get(pool.wait()).await?, addition.statement).await,
        Outcome::Lost(error) => Err(error),
    }
}

async fn alone(mut lease: Lease, statement: Statement<'_>) -> Result<()> {
    let result = statement::run(lease.start(), true, statement, &mut |_| Ok(())).await;
    lease.finish(&result);
    result.map(drop).map_err(|failure| failure.into_error_of_autocommit(statement.table.entity))
}

/// Adds the leader's row and those of the followers. Returns what became of the leader's.
async fn share(lease: Lease, addition: Addition<'_>, followers: Vec<Waiting<Outcome>>) -> Outcome {
    let Statement { params, table, .. } = addition.statement;
    let count = followers.len() + 1;
    let column = |position: usize| &table.columns[addition.columns[position]];
    let mut lists: Vec<Vec<Value<'static>>> = owned(params)
        .into_iter()
        .map(|value| {
            let mut list = Vec::with_capacity(count);
            list.push(value);
            list
        })
        .collect();
    let (turn, outcome) = oneshot::channel();
    let mut turns = vec![turn];
    for follower in followers {
        for (list, value) in lists.iter_mut().zip(follower.params) {
            list.push(value);
        }
        turns.push(follower.turn);
    }
    let lists = lists.into_iter().enumerate();
    let lists = lists.map(|(position, list)| Value::List(column(position).kind, list)).collect();
    let shared = Shared { table, sql: addition.of_rows.to_owned(), lists, turns };
    tokio::spawn(shared.run(lease));
    match outcome.await {
        Ok(Turn::Done(outcome)) => outcome,
        // It was told before it ended, whatever happened.
        _ => Outcome::Lost(interrupted()),
    }
}

/// Rows of several callers.
struct Shared {
    table: &'static Table,
    sql: String,
    /// The values of each column.
    lists: Vec<Value<'static>>,
    /// Who waits to hear of them.
    turns: Vec<oneshot::Sender<Turn<Outcome>>>,
}

impl Shared {
    async fn run(mut self, mut lease: Lease) {
        let statement = Statement {
            sql: &self.sql,
            params: &self.lists,
            access: Access::Write,
            table: self.table,
        };
        let result = statement::run(lease.start(), true, statement, &mut |_| Ok(())).await;
        lease.finish(&result);
        drop(lease);
        match result {
            Ok(_) => self.tell(|| Outcome::Added),
            Err(failure) if failure.is_refusal() => {
                tracing::debug!(?failure, "rows that shared a statement are added by themselves");
                self.tell(|| Outcome::Refused);
            }
            Err(failure) => {
                let error = failure.into_error_of_autocommit(self.table.entity);
                self.tell(|| Outcome::Lost(same(&error)));
            }
        }
    }

    fn tell(&mut self, outcome: impl Fn() -> Outcome) {
        for turn in self.turns.drain(..) {
            // Who does not wait any more need not hear.
            let _ = turn.send(Turn::Done(outcome()));
        }
    }
}

/// Where the task ends early, as with its runtime, the statement may have been sent.
impl Drop for Shared {
    fn drop(&mut self) {
        self.tell(|| Outcome::Lost(interrupted()));
    }
}

fn interrupted() -> Error {
    Error::CommitUnknown { source: DatabaseError::new("the runtime was shut down") }
}

/// The error of a lost connection once more.
fn same(error: &Error) -> Error {
    match error {
        Error::CommitUnknown { source } => Error::CommitUnknown { source: source.clone() },
        Error::Connection { source } => Error::Connection { source: source.clone() },
        Error::Backend(source) => Error::Backend(source.clone()),
        other => Error::Backend(DatabaseError::new(other.to_string())),
    }
}
