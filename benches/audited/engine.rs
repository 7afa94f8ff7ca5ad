//! One way to change tickets, with a trail or without.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use benches::{NewTicket, Result, Status, Ticket, new_ticket};
use chrono::DateTime;
use serde_json::Value;
use uuid::Uuid;

use crate::workload::{KNOWN, Workload};

/// Whose tickets they are.
pub(crate) const TENANT: Uuid = Uuid::from_u128(0xdead);
/// Who changes them.
pub(crate) const ACTOR: &str = "alice";

/// What a side is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Audited,
    Unchained,
    Plain,
    SqlxByHand,
    SqlxChained,
    RusqliteByHand,
}

/// What every side does, with the same answers.
pub(crate) trait Engine {
    /// Changes the status and the attempts of a ticket, and returns it as it is stored.
    async fn patch(&self, id: Uuid, status: Status, attempts: i64) -> Result<Ticket>;

    /// Adds a ticket and returns it.
    async fn create(&self, new: NewTicket) -> Result<Ticket>;

    /// Adds tickets and returns them.
    async fn create_many(&self, new: Vec<NewTicket>) -> Result<Vec<Ticket>>;

    /// What its trail has.
    async fn trail(&self) -> Result<Trail>;
}

/// How many entries there are, and what the newest has of the row before and after.
#[derive(Debug)]
pub(crate) struct Trail {
    pub(crate) entries: u64,
    pub(crate) newest: [Option<String>; 2],
}

/// A side of a contest, and the tickets that it can patch.
pub(crate) struct Side<E> {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) engine: E,
    pub(crate) known: Vec<Ticket>,
}

/// A side, whatever its engine is.
#[async_trait(?Send)]
pub(crate) trait Contender {
    fn name(&self) -> &'static str;

    fn kind(&self) -> Kind;

    /// Adds the tickets that are patched.
    async fn fill(&mut self) -> Result<()>;

    /// What one operation answers, without the ids and times.
    async fn answer(&self, workload: Workload) -> Result<Vec<Ticket>>;

    /// How long the sample of a round takes.
    async fn time(&self, workload: Workload, round: usize) -> Result<Duration>;

    async fn trail(&self) -> Result<Trail>;
}

#[async_trait(?Send)]
impl<E: Engine> Contender for Side<E> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn kind(&self) -> Kind {
        self.kind
    }

    async fn fill(&mut self) -> Result<()> {
        self.known = self.engine.create_many(tickets(KNOWN)).await?;
        Ok(())
    }

    async fn answer(&self, workload: Workload) -> Result<Vec<Ticket>> {
        let mut answer = match workload {
            Workload::Patch => vec![self.patch(0, 0).await?],
            Workload::Create => vec![self.engine.create(new_ticket(7)).await?],
            Workload::CreateMany => self.engine.create_many(tickets(workload.rows())).await?,
        };
        for ticket in &mut answer {
            ticket.id = Uuid::nil();
            ticket.created_at = DateTime::UNIX_EPOCH;
            ticket.updated_at = DateTime::UNIX_EPOCH;
        }
        Ok(answer)
    }

    async fn time(&self, workload: Workload, round: usize) -> Result<Duration> {
        let mut new = match workload {
            Workload::Patch => Vec::new(),
            _ => tickets(workload.operations() * workload.rows()),
        };
        let started = Instant::now();
        match workload {
            Workload::Patch => {
                for n in 0..workload.operations() {
                    self.patch(n, round + 1).await?;
                }
            }
            Workload::Create => {
                for new in new.drain(..) {
                    self.engine.create(new).await?;
                }
            }
            Workload::CreateMany => {
                self.engine.create_many(new).await?;
            }
        }
        Ok(started.elapsed())
    }

    async fn trail(&self) -> Result<Trail> {
        self.engine.trail().await
    }
}

impl<E: Engine> Side<E> {
    /// Changes ticket number `n`, to what it was not in the round before.
    async fn patch(&self, n: usize, round: usize) -> Result<Ticket> {
        let id = self.known[(round * 53 + n * 7) % self.known.len()].id;
        let status = if round.is_multiple_of(2) { Status::Analyzing } else { Status::New };
        self.engine.patch(id, status, i64::try_from(round)? + 100).await
    }
}

impl Trail {
    /// The columns that the newest entry has of the row before and after.
    pub(crate) fn columns(&self) -> Result<[Vec<String>; 2]> {
        let columns = |image: &Option<String>| -> Result<Vec<String>> {
            let Some(text) = image else { return Ok(Vec::new()) };
            let Value::Object(image) = serde_json::from_str(text)? else {
                return Err(format!("no object: {text}").into());
            };
            let mut columns: Vec<_> = image.into_iter().map(|(column, _)| column).collect();
            columns.sort();
            Ok(columns)
        };
        let [before, after] = &self.newest;
        Ok([columns(before)?, columns(after)?])
    }
}

/// The columns of this many tickets.
fn tickets(count: usize) -> Vec<NewTicket> {
    (0..count).map(new_ticket).collect()
}
