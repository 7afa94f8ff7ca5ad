//! Operations on one row that wait for a connection share a statement: reads by key, and rows to add that can wait
//! for no other transaction.
//!
//! What finds a connection free takes it and runs by itself. Of those that do not, one of each text waits for a
//! connection, the leader, and the others of its runtime line up behind it (`lines.rs`). The leader takes along as many
//! of them as a statement is to have, and gives each what is theirs. A future that is kept and not polled may be ahead
//! of others in a line, and keeps nobody from a connection for long. Absent: transactions and row-level security, where
//! each has something of its own beside its row.

mod additions;
mod lines;
mod reads;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use repo_core::{Result, Value};
use tokio::sync::oneshot::error::TryRecvError;
use tokio::time::{Instant, timeout, timeout_at};

use crate::own::{Own, runtime};
use crate::pool::Lease;
pub(crate) use additions::add;
use lines::{Kin, Lead, Lines, Place, Ticket, Turn, Waiting};
pub(crate) use reads::look_up;

/// The most operations of one statement.
const MOST: usize = 16;

/// How long an operation stays in line before it waits for a connection itself: who is ahead may be a future that
/// nobody polls.
const PATIENCE: Duration = Duration::from_millis(10);

/// What stands for a wait without an end.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// All lines of a pool.
#[derive(Debug, Default)]
pub(crate) struct Together {
    reads: Arc<Lines<reads::Found>>,
    additions: Arc<Lines<additions::Outcome>>,
}

/// An operation that waits for a connection.
struct Member<'m, T> {
    pool: &'m Own,
    lines: &'m Arc<Lines<T>>,
    /// What it shares with others, and what it would have of it.
    kin: Kin<'m>,
    params: &'m [Value<'m>],
    /// How long it waits for what somebody else is doing for it; none: until that is done.
    trust: Option<Duration>,
    /// When it has waited for a connection for as long as an operation may.
    until: Instant,
}

/// What came of waiting.
enum Came<T> {
    /// What somebody else did.
    Done(T),
    /// A connection, and who is to be taken along.
    Connection(Lease, Vec<Waiting<T>>),
    /// Nothing that could be waited for any longer: it runs by itself.
    Nothing,
}

impl<'m, T> Member<'m, T> {
    fn new(
        pool: &'m Own,
        lines: &'m Arc<Lines<T>>,
        (sql, params): (&'m str, &'m [Value<'m>]),
        trust: Option<Duration>,
    ) -> Self {
        let now = Instant::now();
        let until = now.checked_add(pool.wait()).unwrap_or(now + LONGEST);
        let kin = Kin { sql, runtime: runtime() };
        Self { pool, lines, kin, params, trust, until }
    }

    async fn wait(&self) -> Result<Came<T>> {
        match self.lines.enter(self.kin, self.params) {
            Place::Ahead(lead) => self.lead(lead).await,
            Place::Behind(ticket) => self.follow(ticket).await,
        }
    }

    async fn follow(&self, mut ticket: Ticket<T>) -> Result<Came<T>> {
        let patience = self.until.min(Instant::now() + PATIENCE);
        if let Ok(turn) = timeout_at(patience, &mut ticket.turn).await {
            return self.take(turn.ok()).await;
        }
        let lease = match self.turn_or_connection(&mut ticket).await {
            Either::Left(turn) => return self.take(turn).await,
            Either::Right(lease) => lease,
        };
        if self.lines.leave(self.kin, ticket.number) {
            let lease = lease?;
            return Ok(Came::Connection(lease, self.lines.take(self.kin, MOST - 1)));
        }
        // It was taken along, or is ahead since.
        match ticket.turn.try_recv() {
            Ok(Turn::Lead(lead)) => {
                let lease = lease?;
                return Ok(Came::Connection(lease, lead.take(MOST - 1)));
            }
            Ok(Turn::Done(done)) => return Ok(Came::Done(done)),
            Err(TryRecvError::Closed) => return Ok(Came::Nothing),
            Err(TryRecvError::Empty) => drop(lease),
        }
        let turn = match self.trust {
            Some(trust) => timeout(trust, ticket.turn).await.ok().and_then(Result::ok),
            None => ticket.turn.await.ok(),
        };
        self.take(turn).await
    }

    /// Whichever comes first. The other is over then: a future that waited on, and was not polled, would be given
    /// the next connection.
    async fn turn_or_connection(
        &self,
        ticket: &mut Ticket<T>,
    ) -> Either<Option<Turn<T>>, Result<Lease>> {
        match select(&mut ticket.turn, pin!(self.connection())).await {
            Either::Left((turn, _)) => Either::Left(turn.ok()),
            Either::Right((lease, _)) => Either::Right(lease),
        }
    }

    /// Waits for a connection, for those behind as well.
    async fn lead(&self, lead: Lead<T>) -> Result<Came<T>> {
        let lease = self.connection().await?;
        Ok(Came::Connection(lease, lead.take(MOST - 1)))
    }

    /// Does what its turn in the line is.
    async fn take(&self, turn: Option<Turn<T>>) -> Result<Came<T>> {
        match turn {
            Some(Turn::Done(done)) => Ok(Came::Done(done)),
            Some(Turn::Lead(lead)) => self.lead(lead).await,
            None => Ok(Came::Nothing),
        }
    }

    /// A connection that becomes free in time.
    async fn connection(&self) -> Result<Lease> {
        self.pool.get(self.until.saturating_duration_since(Instant::now())).await
    }
}
