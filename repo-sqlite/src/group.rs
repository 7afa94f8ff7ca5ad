//! Writes of several callers in one transaction: each in a savepoint of its own, all answered after the
//! one COMMIT.
//!
//! The group travels with the connection: whoever has the connection has the group, so nothing is locked.
//! Who opens and who commits one is in `group/queue.rs`.

pub(crate) mod alone;
pub(crate) mod brief;
pub(crate) mod queue;
pub(crate) mod rhythm;

use std::sync::Arc;
use std::time::{Duration, Instant};

use repo_core::{DatabaseError, Error, Result};
use rusqlite::Connection;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::error::{Failure, of_commit};
use crate::statement::execute;

/// The member after which a group is committed.
const MEMBERS: usize = 256;
/// The age at which a group is committed, if it is not before: what its first member waits for others.
const AGE: Duration = Duration::from_millis(5);
/// How long a member waits before it looks whether anybody has the connection.
const PATIENCE: Duration = Duration::from_millis(20);

/// An open transaction, and who waits for its end.
#[derive(Debug)]
pub(crate) struct Group {
    number: u64,
    since: Instant,
    members: Vec<oneshot::Sender<Arc<Outcome>>>,
}

/// The answer that a member waits for.
pub(crate) type Answer = oneshot::Receiver<Arc<Outcome>>;

/// What became of a group.
#[derive(Debug)]
pub(crate) enum Outcome {
    Committed,
    /// The COMMIT failed, and everything was rolled back.
    Refused(rusqlite::Error),
    /// SQLite rolled everything back after an error of one statement, which is nobody else's: not what it says, and
    /// not its cause.
    Ended,
}

impl Group {
    pub(crate) fn new(number: u64) -> Self {
        Self { number, since: Instant::now(), members: Vec::new() }
    }

    /// Tells it from every other group of the pool.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Adds a caller, who is answered with the others.
    pub(crate) fn add(&mut self) -> Answer {
        let (member, answer) = oneshot::channel();
        self.members.push(member);
        answer
    }

    /// How many joined.
    pub(crate) fn members(&self) -> usize {
        self.members.len()
    }

    /// Whether it is to be committed before anybody else joins.
    pub(crate) fn is_full(&self) -> bool {
        self.members.len() >= MEMBERS || self.since.elapsed() >= AGE
    }

    /// Answers all members. One that was cancelled is not there to listen.
    pub(crate) fn answer(self, outcome: Outcome) {
        tracing::trace!(members = self.members.len(), ?outcome, "a group of writes ended");
        let outcome = Arc::new(outcome);
        for member in self.members {
            let _ = member.send(Arc::clone(&outcome));
        }
    }
}

/// What became of the group that answers. Whose turn it is to commit it may be a future that nobody polls: so after a
/// while `settle_unused` is asked to, and again.
pub(crate) async fn wait_for(mut answer: Answer, settle_unused: impl Fn()) -> Result<()> {
    let answered = loop {
        match timeout(PATIENCE, &mut answer).await {
            Ok(answered) => break answered,
            Err(_) => settle_unused(),
        }
    };
    let Ok(outcome) = answered else {
        let source = DatabaseError::new("the connection was closed before the commit");
        return Err(Error::Connection { source });
    };
    match &*outcome {
        Outcome::Committed => Ok(()),
        Outcome::Refused(error) => Err(of_commit(error)),
        Outcome::Ended => Err(of_another()),
    }
}

/// Runs `work` so that nothing of it is left if it fails or panics, and what others did is.
pub(crate) fn in_savepoint<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, Failure>,
) -> Result<T, Failure> {
    execute(connection, "SAVEPOINT repo_member")?;
    let mut point = Savepoint { connection, is_released: false };
    let value = work(connection)?;
    execute(connection, "RELEASE repo_member")?;
    point.is_released = true;
    Ok(value)
}

/// What the error of one statement is to those whose writes it undid as well: nothing is wrong with them, and they
/// may try again.
fn of_another() -> Error {
    let source =
        DatabaseError::new("another write of the same commit failed and undid all of them");
    Error::Serialization { source }
}

struct Savepoint<'a> {
    connection: &'a Connection,
    is_released: bool,
}

impl Drop for Savepoint<'_> {
    fn drop(&mut self) {
        if self.is_released || self.connection.is_autocommit() {
            return;
        }
        let undone = execute(self.connection, "ROLLBACK TO repo_member")
            .and_then(|()| execute(self.connection, "RELEASE repo_member"));
        if let Err(error) = undone {
            // What cannot be undone alone is undone with the whole group.
            tracing::warn!(%error, "a group of writes is rolled back");
            let _ = execute(self.connection, "ROLLBACK");
        }
    }
}
