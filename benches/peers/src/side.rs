//! A contender, whatever its engine is: what a workload answers, and how long it takes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use chrono::DateTime;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::Result;
use crate::contenders::Kind;
use crate::engine::Engine;
use crate::entity::{Comment, NewTicket, Status, Ticket};
use crate::seed::{Seed, new_ticket, tickets};
use crate::workload::{TASKS, Workload};

/// A contender with its connections.
#[derive(Debug)]
pub struct Side<E> {
    kind: Kind,
    engine: Arc<E>,
}

/// What a sample is about.
#[derive(Debug)]
pub struct Input<'a> {
    /// The rows that are there.
    pub seed: &'a Seed,
    /// Tickets of the writer that can be patched, with their version.
    pub known: &'a [(Uuid, i64)],
    /// How many operations there are.
    pub operations: usize,
    /// Another number in each round.
    pub round: usize,
}

/// What a workload answered.
#[derive(Debug, Default, PartialEq)]
pub struct Answer {
    /// Rows.
    pub tickets: Vec<Ticket>,
    /// Their comments.
    pub comments: Vec<Vec<Comment>>,
    /// Counts by name.
    pub groups: Vec<(String, u64)>,
    /// How many there are, or were made.
    pub total: u64,
}

/// A side of a contest.
#[async_trait(?Send)]
pub trait Contender {
    /// What it is.
    fn kind(&self) -> Kind;

    /// What one operation answers; `None` where it has no such thing.
    async fn answer(&self, workload: Workload, input: &Input<'_>) -> Result<Option<Answer>>;

    /// How long the sample takes.
    async fn time(&self, workload: Workload, input: &Input<'_>) -> Result<Duration>;
}

impl<E: Engine> Side<E> {
    /// A side with this engine.
    pub fn new(kind: Kind, engine: E) -> Self {
        Self { kind, engine: Arc::new(engine) }
    }

    async fn patched(&self, n: usize, input: &Input<'_>) -> Result<E::Row> {
        let (id, version) = input.known[n];
        self.engine.patch(input.seed.writer, id, version, 42).await
    }

    async fn recorded(&self, n: usize, input: &Input<'_>) -> Result<Option<Ticket>> {
        let (id, version) = input.known[n];
        self.engine.audited_patch(input.seed.writer, id, version, 42).await
    }

    /// Runs the operations of one caller.
    async fn alone(&self, workload: Workload, input: &Input<'_>) -> Result<Duration> {
        let Input { seed, operations, round, .. } = *input;
        let (engine, writer) = (&*self.engine, seed.writer);
        let tenant = |n: usize| seed.tenants[(round * 31 + n) % seed.tenants.len()];
        let discussed = |n: usize| seed.tenants[(round + n) % seed.size.discussed.max(1)];
        let mut new = match workload {
            Workload::Create => tickets(operations),
            Workload::CreateMany => tickets(seed.size.batch),
            _ => Vec::new(),
        };
        let started = Instant::now();
        match workload {
            Workload::Get => {
                let tickets = seed.tickets.iter().cycle().skip(round * 997);
                for (tenant, id) in tickets.take(operations) {
                    engine.get(*tenant, *id).await?;
                }
            }
            Workload::Page => {
                for n in 0..operations {
                    engine.page(tenant(n), Status::New).await?;
                }
            }
            Workload::Window => {
                // Walks of up to ten windows.
                let walk = (seed.size.tickets / 100).clamp(1, 10).min(operations);
                for n in 0..operations / walk {
                    engine.windows(tenant(n), walk).await?;
                }
            }
            Workload::Create => {
                for new in new.drain(..) {
                    engine.create(writer, new).await?;
                }
            }
            Workload::Patch => {
                for n in 0..operations {
                    self.patched(n, input).await?;
                }
            }
            Workload::AuditedPatch | Workload::DurableAudited => {
                for n in 0..operations {
                    self.recorded(n, input).await?;
                }
            }
            Workload::CreateMany => {
                engine.create_many(writer, new).await?;
            }
            Workload::All => {
                engine.all().await?;
            }
            Workload::Eager => {
                for n in 0..operations {
                    engine.with_children(discussed(n)).await?;
                }
            }
            Workload::Groups => {
                for n in 0..operations {
                    engine.groups(tenant(n)).await?;
                }
            }
            _ => return Err("this is for several tasks".into()),
        }
        Ok(started.elapsed())
    }

    /// Runs the operations as tasks.
    async fn together(&self, workload: Workload, input: &Input<'_>) -> Result<Duration> {
        let plans: Vec<_> = (0..TASKS).map(|task| Plan::of(workload, input, task)).collect();
        let mut tasks = JoinSet::new();
        let started = Instant::now();
        for plan in plans {
            tasks.spawn(plan.run(Arc::clone(&self.engine)));
        }
        while let Some(done) = tasks.join_next().await {
            done??;
        }
        Ok(started.elapsed())
    }
}

/// What one of several tasks does: a create after every so many gets.
struct Plan {
    gets: Vec<(Uuid, Uuid)>,
    gets_per_create: usize,
    creates: Vec<NewTicket>,
    writer: Uuid,
}

impl Plan {
    fn of(workload: Workload, input: &Input<'_>, task: usize) -> Self {
        let Input { seed, operations, round, .. } = *input;
        let each = (operations / TASKS).max(1);
        let creates = match workload {
            Workload::SharedGets => 0,
            Workload::SharedMix => each / 5,
            _ => each,
        };
        let known = seed.tickets.iter().cycle().skip(round * 997 + task * 71);
        Self {
            gets: known.take(each - creates).copied().collect(),
            gets_per_create: (each - creates).checked_div(creates).unwrap_or(usize::MAX),
            creates: tickets(creates),
            writer: seed.writer,
        }
    }

    async fn run<E: Engine>(self, engine: Arc<E>) -> Result<()> {
        let mut creates = self.creates.into_iter();
        for (n, (tenant, id)) in self.gets.into_iter().enumerate() {
            engine.get(tenant, id).await?;
            if (n + 1).is_multiple_of(self.gets_per_create)
                && let Some(new) = creates.next()
            {
                engine.create(self.writer, new).await?;
            }
        }
        for new in creates {
            engine.create(self.writer, new).await?;
        }
        Ok(())
    }
}

#[async_trait(?Send)]
impl<E: Engine> Contender for Side<E> {
    fn kind(&self) -> Kind {
        self.kind
    }

    async fn answer(&self, workload: Workload, input: &Input<'_>) -> Result<Option<Answer>> {
        let (engine, seed) = (&*self.engine, input.seed);
        let (tenant, writer) = (seed.tenants[0], seed.writer);
        let mut answer = Answer::default();
        match workload {
            Workload::Get => {
                for (tenant, id) in seed.tickets.iter().take(20) {
                    answer.tickets.push(engine.get(*tenant, *id).await?.into());
                }
            }
            Workload::Page => {
                let (tickets, total) = engine.page(tenant, Status::New).await?;
                answer.tickets = rows(tickets);
                answer.total = total;
            }
            Workload::Window => answer.tickets = rows(engine.windows(tenant, 3).await?),
            Workload::Create => {
                answer.tickets.push(engine.create(writer, new_ticket(7)).await?.into());
            }
            Workload::Patch => answer.tickets.push(self.patched(0, input).await?.into()),
            Workload::AuditedPatch | Workload::DurableAudited => {
                match self.recorded(0, input).await? {
                    Some(ticket) => answer.tickets.push(ticket),
                    None => return Ok(None),
                }
            }
            Workload::CreateMany => {
                let created = engine.create_many(writer, tickets(seed.size.batch)).await?;
                answer.tickets = rows(created);
            }
            Workload::All => answer.tickets = rows(engine.all().await?),
            Workload::Eager => {
                for (ticket, comments) in engine.with_children(tenant).await? {
                    answer.tickets.push(ticket.into());
                    answer.comments.push(comments.into_iter().map(Into::into).collect());
                }
            }
            Workload::Groups => answer.groups = engine.groups(tenant).await?,
            // What the tasks wrote is counted by the contest.
            _ => drop(self.together(workload, input).await?),
        }
        Ok(Some(answer))
    }

    async fn time(&self, workload: Workload, input: &Input<'_>) -> Result<Duration> {
        if workload.is_shared() {
            return self.together(workload, input).await;
        }
        self.alone(workload, input).await
    }
}

impl Answer {
    /// The same answer without what differs from one write to the next.
    #[must_use]
    pub fn comparable(mut self, workload: Workload) -> Self {
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

fn rows<R: Into<Ticket>>(rows: Vec<R>) -> Vec<Ticket> {
    rows.into_iter().map(Into::into).collect()
}
