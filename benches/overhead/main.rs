//! What the layers above a backend cost: operations on a backend that answers at once.
//!
//! ```text
//! cargo bench -p benches --bench overhead -- [--quick] [get | create | patch | delete]
//! ```
//!
//! The time and the allocations are those of everything but the database: the session, the repository,
//! the statement and its parameters, the call of the backend, and the entity that comes out. What code
//! by hand needs as well, the entity itself and its JSON, is measured too and taken off.

mod by_hand;
mod instant;

use std::hint::black_box;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use benches::{Result, Selection, Status, Ticket, TicketPatch, median, new_ticket};
use repo_core::{Database, Session, Tenant};
use tokio::runtime::Builder;
use uuid::Uuid;

use crate::instant::InstantBackend;

/// Operations of one sample: less than a time slice, so that most samples are not interrupted.
const OPERATIONS: usize = 200;
/// The most that an operation may cost beside what code by hand does too, in nanoseconds.
const TARGET: f64 = 1_000.0;

/// An operation of a repository.
#[derive(Debug, Clone, Copy)]
enum Operation {
    Get,
    Create,
    Patch,
    Delete,
}

fn main() -> ExitCode {
    let Some(selection) = Selection::from_args() else { return ExitCode::SUCCESS };
    match measure(&selection) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(selection: &Selection) -> Result<()> {
    let rounds = if selection.has("quick") { 101 } else { 2_001 };
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let session = Database::new(Arc::new(InstantBackend)).tenant(Uuid::now_v7());
    println!("### Overhead on a backend that answers at once\n");
    println!(
        "| operation | ns | by hand, ns | overhead, ns | target | met | allocations (by hand) |"
    );
    println!("|---|--:|--:|--:|--:|---|--:|");
    for operation in Operation::ALL {
        if !selection.wants(operation.name(), &Operation::ALL.map(Operation::name)) {
            continue;
        }
        let (mut ours, mut by_hand) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            ours.push(time(|| runtime.block_on(repeat(operation, &session, OPERATIONS)))?);
            by_hand.push(time(|| (0..OPERATIONS).try_for_each(|_| operation.by_hand()))?);
        }
        let (ours, by_hand) = (median(ours), median(by_hand));
        let overhead = ours - by_hand;
        let met = if overhead < TARGET { "yes" } else { "no" };
        let made = allocations(|| runtime.block_on(repeat(operation, &session, 1)))?;
        let needed = allocations(|| operation.by_hand())?;
        println!(
            "| {} | {ours:.0} | {by_hand:.0} | {overhead:.0} | < {TARGET:.0} | {met} | \
             {made} ({needed}) |",
            operation.name()
        );
    }
    Ok(())
}

/// Nanoseconds of one operation.
fn time(work: impl FnOnce() -> Result<()>) -> Result<f64> {
    let started = Instant::now();
    work()?;
    Ok(started.elapsed().as_secs_f64() * 1e9 / OPERATIONS as f64)
}

fn allocations(work: impl FnOnce() -> Result<()>) -> Result<u64> {
    let mut result = Ok(());
    let counted = allocation_counter::measure(|| result = work());
    result.map(|()| counted.count_total)
}

async fn repeat(operation: Operation, session: &Session<Tenant<Uuid>>, times: usize) -> Result<()> {
    for _ in 0..times {
        operation.run(session).await?;
    }
    Ok(())
}

impl Operation {
    const ALL: [Self; 4] = [Self::Get, Self::Create, Self::Patch, Self::Delete];

    fn name(self) -> &'static str {
        match self {
            Operation::Get => "get",
            Operation::Create => "create",
            Operation::Patch => "patch",
            Operation::Delete => "delete",
        }
    }

    async fn run(self, session: &Session<Tenant<Uuid>>) -> Result<()> {
        let (tickets, id) = (session.repo::<Ticket>(), instant::ID);
        match self {
            Operation::Get => drop(black_box(tickets.get(id).await?)),
            Operation::Create => drop(black_box(tickets.create(new_ticket(7)).await?)),
            Operation::Patch => {
                let patch = TicketPatch::new().status(Status::Resolved).attempts(3);
                drop(black_box(tickets.patch(id, patch).if_version(1).await?));
            }
            Operation::Delete => tickets.delete(id).if_version(1).await?,
        }
        Ok(())
    }

    /// The entity and its JSON, as code by hand makes them.
    fn by_hand(self) -> Result<()> {
        match self {
            Operation::Get | Operation::Patch => drop(black_box(by_hand::ticket()?)),
            Operation::Create => drop(black_box(by_hand::create(new_ticket(7))?)),
            Operation::Delete => {}
        }
        Ok(())
    }
}
