//! One way to reach the tickets: through a repository, or by hand.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use benches::{NewTicket, Result, Status, Ticket, new_ticket};
use chrono::DateTime;
use uuid::Uuid;

use crate::workload::{DESK, WINDOW, Workload};

/// What every side does, with the same answers.
pub(crate) trait Engine {
    /// The live ticket with this id.
    async fn get(&self, tenant: Uuid, id: Uuid) -> Result<Ticket>;

    /// The 20 newest tickets with this status, and how many there are.
    async fn page(&self, tenant: Uuid, status: Status) -> Result<(Vec<Ticket>, u64)>;

    /// The newest tickets, `count` windows of them, each found from the last ticket before it.
    async fn windows(&self, tenant: Uuid, count: usize) -> Result<Vec<Ticket>>;

    /// All tickets, by id.
    async fn all(&self, tenant: Uuid) -> Result<Vec<Ticket>>;

    /// Adds a ticket and returns it.
    async fn create(&self, tenant: Uuid, new: NewTicket) -> Result<Ticket>;

    /// Resolves a ticket that has this version, and returns it as it is stored.
    async fn patch(&self, tenant: Uuid, id: Uuid, version: i64, attempts: i64) -> Result<Ticket>;

    /// Adds all tickets or none, and returns them.
    async fn create_many(&self, tenant: Uuid, new: Vec<NewTicket>) -> Result<Vec<Ticket>>;
}

/// A side of a contest: the same engine on the database for reads and on the one for writes.
pub(crate) struct Side<E> {
    pub(crate) name: &'static str,
    pub(crate) reads: E,
    pub(crate) writes: E,
}

/// A side, whatever its engine is.
#[async_trait(?Send)]
pub(crate) trait Contender {
    fn name(&self) -> &'static str;

    /// What the workload answers, without the ids and times of new rows.
    async fn answer(&self, workload: Workload, input: &Input) -> Result<Answer>;

    /// How long the workload's operations take.
    async fn time(&self, workload: Workload, input: &Input) -> Result<Duration>;

    /// All tickets of the tenant that is written to.
    async fn stored(&self, tenant: Uuid) -> Result<Vec<Ticket>>;
}

/// Which rows a workload is about.
pub(crate) struct Input {
    /// A tenant with few tickets, and their ids.
    pub(crate) desk: (Uuid, Vec<Uuid>),
    /// A tenant with many tickets.
    pub(crate) archive: Uuid,
    /// A tenant in the database for writes, and the tickets that it has.
    pub(crate) writer: (Uuid, Vec<Ticket>),
}

/// What a workload answered.
#[derive(Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) tickets: Vec<Ticket>,
    pub(crate) total: u64,
}

#[async_trait(?Send)]
impl<E: Engine> Contender for Side<E> {
    fn name(&self) -> &'static str {
        self.name
    }

    async fn answer(&self, workload: Workload, input: &Input) -> Result<Answer> {
        let (desk, ids) = (input.desk.0, &input.desk.1);
        let writer = input.writer.0;
        let mut total = 0;
        let tickets = match workload {
            Workload::Get => vec![self.reads.get(desk, ids[DESK / 2]).await?],
            Workload::Page => {
                let (tickets, all) = self.reads.page(desk, Status::New).await?;
                total = all;
                tickets
            }
            Workload::Window => self.reads.windows(desk, 3).await?,
            Workload::All => self.reads.all(input.archive).await?,
            Workload::Create => vec![self.writes.create(writer, new_ticket(7)).await?],
            Workload::Patch => {
                let ticket = &input.writer.1[0];
                vec![self.writes.patch(writer, ticket.id, ticket.version, 42).await?]
            }
            Workload::CreateMany(count) => self.writes.create_many(writer, tickets(count)).await?,
        };
        Ok(Answer { tickets, total })
    }

    async fn time(&self, workload: Workload, input: &Input) -> Result<Duration> {
        let (desk, ids) = (input.desk.0, &input.desk.1);
        let (writer, known) = (input.writer.0, &input.writer.1);
        let operations = workload.operations();
        let mut new = if workload.is_create() { tickets(operations) } else { Vec::new() };
        let mut lots = workload.lots();
        let started = Instant::now();
        match workload {
            Workload::Get => {
                for id in ids.iter().cycle().take(operations) {
                    self.reads.get(desk, *id).await?;
                }
            }
            Workload::Page => {
                for _ in 0..operations {
                    self.reads.page(desk, Status::New).await?;
                }
            }
            Workload::Window => {
                self.reads.windows(desk, operations).await?;
            }
            Workload::All => {
                self.reads.all(input.archive).await?;
            }
            Workload::Create => {
                for new in new.drain(..) {
                    self.writes.create(writer, new).await?;
                }
            }
            Workload::Patch => {
                for ticket in known.iter().take(operations) {
                    self.writes.patch(writer, ticket.id, ticket.version, 42).await?;
                }
            }
            Workload::CreateMany(_) => {
                for lot in lots.drain(..) {
                    self.writes.create_many(writer, lot).await?;
                }
            }
        }
        Ok(started.elapsed())
    }

    async fn stored(&self, tenant: Uuid) -> Result<Vec<Ticket>> {
        self.writes.all(tenant).await
    }
}

impl Answer {
    /// The same answer without what differs from one write to the next.
    pub(crate) fn comparable(mut self, workload: Workload) -> Self {
        if workload.is_write() {
            for ticket in &mut self.tickets {
                ticket.id = Uuid::nil();
                ticket.created_at = DateTime::UNIX_EPOCH;
                ticket.updated_at = DateTime::UNIX_EPOCH;
            }
        }
        self
    }
}

/// The columns of this many tickets.
pub(crate) fn tickets(count: usize) -> Vec<NewTicket> {
    (0..count).map(new_ticket).collect()
}

/// The most tickets of a window.
pub(crate) fn window_size() -> u64 {
    WINDOW as u64
}
