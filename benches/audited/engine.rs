//! One way to change tickets, with a trail or without.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use benches::{NewTicket, Result, Ticket, new_ticket};
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
    RusqliteByHand,
}

/// What every side does, with the same answers.
pub(crate) trait Engine {
    /// The table of its tickets.
    const TABLE: &'static str;

    /// Changes the status and the attempts of a ticket, and returns it as it is stored.
    async fn patch(&self, id: Uuid, attempts: i64) -> Result<Ticket>;

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

    fn table(&self) -> &'static str;

    /// Adds the tickets that are patched, to an empty table.
    async fn fill(&mut self) -> Result<()>;

    /// What one operation answers, without the ids and times.
    async fn answer(&self, workload: Workload) -> Result<Vec<Ticket>>;

    /// How long a sample takes.
    async fn time(&self, workload: Workload) -> Result<Duration>;

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

    fn table(&self) -> &'static str {
        E::TABLE
    }

    async fn fill(&mut self) -> Result<()> {
        self.known = self.engine.create_many(tickets(KNOWN)).await?;
        Ok(())
    }

    async fn answer(&self, workload: Workload) -> Result<Vec<Ticket>> {
        let mut answer = match workload {
            Workload::Patch => vec![self.engine.patch(self.known[0].id, 42).await?],
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

    async fn time(&self, workload: Workload) -> Result<Duration> {
        let mut new = match workload {
            Workload::Patch => Vec::new(),
            _ => tickets(workload.operations() * workload.rows()),
        };
        let started = Instant::now();
        match workload {
            Workload::Patch => {
                for ticket in self.known.iter().take(workload.operations()) {
                    self.engine.patch(ticket.id, 42).await?;
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
