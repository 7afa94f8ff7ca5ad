//! How often an operation allocates memory, on a backend that answers at once.
//!
//! ```text
//! cargo bench -p benches --bench allocations
//! ```
//!
//! A program of its own, because counting takes time.

mod by_hand;
mod instant;
mod operation;

use std::process::ExitCode;

use benches::{Result, Selection};
use tokio::runtime::Builder;

use crate::operation::{Operation, repeat, session};

fn main() -> ExitCode {
    let Some(selection) = Selection::from_args() else { return ExitCode::SUCCESS };
    match count(&selection) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn count(selection: &Selection) -> Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let session = session();
    println!("### Allocations of an operation\n");
    println!("| operation | repo | by hand |\n|---|--:|--:|");
    let names = Operation::ALL.map(Operation::name);
    for operation in Operation::ALL.into_iter().filter(|o| selection.wants(o.name(), &names)) {
        // The first one renders the statements of the entity.
        runtime.block_on(repeat(operation, &session, 1))?;
        let ours = allocations(|| runtime.block_on(repeat(operation, &session, 1)))?;
        let by_hand = allocations(|| operation.by_hand())?;
        println!("| {} | {ours} | {by_hand} |", operation.name());
    }
    Ok(())
}

fn allocations(work: impl FnOnce() -> Result<()>) -> Result<u64> {
    let mut result = Ok(());
    let counted = allocation_counter::measure(|| result = work());
    result.map(|()| counted.count_total)
}
