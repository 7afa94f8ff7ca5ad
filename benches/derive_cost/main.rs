//! What the derive costs whoever uses it: lines of generated code, and time of `cargo check`.
//!
//! ```text
//! cargo bench -p benches --bench derive_cost -- [--quick]
//! ```
//!
//! It writes crates with 0, 1 and 50 entities of 13 columns, and the same structs with serde's derives
//! instead, and checks them with cargo. Dependencies are compiled before anything is timed, and what
//! the crate without entities takes is taken off. Offline: everything is in the workspace's lock file.

mod generated;
mod toolchain;

use std::process::ExitCode;

use benches::{Result, Selection, median};

use crate::generated::{Crate, Derive};
use crate::toolchain::Toolchain;

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
    let rounds = if selection.has("quick") { 3 } else { 9 };
    let toolchain = Toolchain::new()?;
    let empty = Crate::write(toolchain.folder(), 0, Derive::Repository)?;
    toolchain.check(&empty)?;
    println!("### Cost of the derive, entities of 13 columns\n");
    println!("| derive | entities | lines generated | an entity | `cargo check`, ms | an entity |");
    println!("|---|--:|--:|--:|--:|--:|");
    let plain = toolchain.expanded_lines(&empty)?;
    for count in [1, 50] {
        let sides = [Derive::Repository, Derive::Serde];
        let crates: Vec<Crate> = sides
            .map(|derive| Crate::write(toolchain.folder(), count, derive))
            .into_iter()
            .collect::<Result<_>>()?;
        let mut times = [Vec::new(), Vec::new()];
        let mut empties = Vec::new();
        for _ in 0..rounds {
            empties.push(toolchain.check(&empty)?);
            for (times, one) in times.iter_mut().zip(&crates) {
                times.push(toolchain.check(one)?);
            }
        }
        let empty = median(empties);
        for ((derive, times), one) in sides.iter().zip(times).zip(&crates) {
            // What a person wrote is expanded too, as it is.
            let lines = toolchain.expanded_lines(one)?.saturating_sub(plain + one.lines());
            let time = median(times) - empty;
            let each = count as f64;
            println!(
                "| {} | {count} | {lines} | {:.0} | {time:.0} | {:.1} |",
                derive.name(),
                lines as f64 / each,
                time / each
            );
        }
    }
    Ok(())
}
