//! What the layers above a backend cost: operations on a backend that answers at once.
//!
//! ```text
//! cargo bench -p benches --bench overhead -- [--quick] [get | create | patch | delete | query | page]
//! ```
//!
//! The time is that of everything but the database: the session, the repository, the statement and its
//! parameters, the call of the backend, and the entity that comes out. What code by hand needs as well,
//! the entity itself and its JSON, is measured too and taken off. `allocations.rs` counts allocations.

mod by_hand;
mod instant;
mod operation;

use std::process::ExitCode;
use std::time::Instant;

use benches::{Result, Selection, median};
use tokio::runtime::Builder;

use crate::operation::{Operation, repeat, session};

/// Operations of one sample: less than a time slice, so that most samples are not interrupted.
const OPERATIONS: usize = 200;
/// The most that an operation may cost beside what code by hand does too, in nanoseconds.
const TARGET: f64 = 1_000.0;

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
    let session = session();
    println!("### Overhead on a backend that answers at once\n");
    println!("| operation | repo, ns | by hand, ns | overhead, ns | target | met |");
    println!("|---|--:|--:|--:|--:|---|");
    let names = Operation::ALL.map(Operation::name);
    for operation in Operation::ALL.into_iter().filter(|o| selection.wants(o.name(), &names)) {
        let (mut ours, mut by_hand) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            ours.push(time(|| runtime.block_on(repeat(operation, &session, OPERATIONS)))?);
            by_hand.push(time(|| (0..OPERATIONS).try_for_each(|_| operation.by_hand()))?);
        }
        let (name, ours, by_hand) = (operation.name(), median(ours), median(by_hand));
        let overhead = ours - by_hand;
        let met = if overhead < TARGET { "yes" } else { "no" };
        println!("| {name} | {ours:.0} | {by_hand:.0} | {overhead:.0} | < {TARGET:.0} | {met} |");
    }
    Ok(())
}

/// Nanoseconds of one operation.
fn time(work: impl FnOnce() -> Result<()>) -> Result<f64> {
    let started = Instant::now();
    work()?;
    Ok(started.elapsed().as_secs_f64() * 1e9 / OPERATIONS as f64)
}
