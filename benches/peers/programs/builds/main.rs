//! What each library costs whoever compiles it.
//!
//! ```text
//! cargo bench --manifest-path benches/peers/Cargo.toml --bench builds -- \
//!     [--rounds=N] [--write-docs] [expanded|check|clean] [WORD..]
//! ```
//!
//! Crates with 0, 10 and 50 entities of 14 columns are written, expanded and checked, the checks in turns; programs that
//! get one row of SQLite are built from nothing. A word picks a part, or libraries by a part of their name. Each
//! figure is shown and written down when it is known, beside those of earlier runs. The first run
//! compiles the dependencies of all libraries, which takes some minutes; they stay in the target directory.
//! Registries are asked for what is not downloaded yet.

mod cost;
mod generated;
mod library;
mod program;
mod toolchain;

use std::process::ExitCode;

use peers::Result;
use peers::samples::Samples;
use peers::selection::Selection;

use crate::cost::Costs;
use crate::generated::Crate;
use crate::library::Library;
use crate::toolchain::Toolchain;

/// What can be measured by itself.
const PARTS: [&str; 3] = ["expanded", "check", "clean"];

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
    let toolchain = Toolchain::new()?;
    let names = Library::ALL.map(Library::name);
    let wanted = Library::ALL.into_iter().filter(|library| selection.wants(library.name(), &names));
    let wanted: Vec<Library> = wanted.collect();
    let mut costs = Costs::read(selection.has("write-docs"))?;
    for library in &wanted {
        costs.set(*library, |cost| cost.failures.clear())?;
    }
    for part in PARTS.into_iter().filter(|part| selection.wants(part, &PARTS)) {
        match part {
            "expanded" => expand(&toolchain, &wanted, &mut costs)?,
            "check" => check(&toolchain, &wanted, selection.number("rounds", 9)?, &mut costs)?,
            _ => build(&toolchain, &wanted, selection.number("rounds", 1)?, &mut costs)?,
        }
    }
    println!("### Builds\n\n{}", costs.table());
    Ok(())
}

fn expand(toolchain: &Toolchain, libraries: &[Library], costs: &mut Costs) -> Result<()> {
    for library in libraries {
        let lines = || -> Result<f64> {
            let empty = toolchain.expanded_lines(&Crate::entities(toolchain, *library, 0)?)?;
            let some = toolchain.expanded_lines(&Crate::entities(toolchain, *library, 10)?)?;
            Ok(some.saturating_sub(empty) as f64 / 10.0)
        };
        match lines() {
            Ok(lines) => {
                println!("expanded, {}: {lines} lines an entity", library.name());
                costs.set(*library, |cost| cost.lines_per_entity = Some(lines))?;
            }
            Err(error) => costs.fail(*library, "expanded", &error)?,
        }
    }
    Ok(())
}

/// Checks of all libraries take turns, and who begins changes from round to round.
fn check(
    toolchain: &Toolchain,
    libraries: &[Library],
    rounds: usize,
    costs: &mut Costs,
) -> Result<()> {
    let mut entrants = Vec::new();
    for library in libraries {
        let one = Crate::entities(toolchain, *library, 50)?;
        // The first touch of all writes what the next ones find.
        match toolchain.prepare(&one).and_then(|()| toolchain.check(&one)) {
            Ok(_) => entrants.push((*library, one)),
            Err(error) => costs.fail(*library, "check", &error)?,
        }
        println!("prepared, {}", library.name());
    }
    let (mut times, mut processor) = (Samples::new(entrants.len()), Samples::new(entrants.len()));
    for round in 0..rounds {
        for turn in 0..entrants.len() {
            let side = (round + turn) % entrants.len();
            let taken = toolchain.check(&entrants[side].1)?;
            times.push(side, taken.elapsed, 1);
            processor.push(side, taken.processor, 1);
        }
        println!("checked: round {} of {rounds}", round + 1);
    }
    let ours = entrants.iter().position(|(library, _)| *library == Library::Ours);
    for (side, (library, _)) in entrants.iter().enumerate() {
        let (elapsed, used) = (times.median(side) / 1e3, processor.median(side) / 1e3);
        println!("check, {}: {elapsed:.0} ms, {used:.0} ms of processors", library.name());
        costs.set(*library, |cost| {
            cost.check_milliseconds = Some(elapsed);
            cost.check_processor_milliseconds = Some(used);
            cost.check_ratio = ours.map(|ours| times.ratio(ours, side));
        })?;
    }
    Ok(())
}

fn build(
    toolchain: &Toolchain,
    libraries: &[Library],
    rounds: usize,
    costs: &mut Costs,
) -> Result<()> {
    for library in libraries {
        let Some(source) = program::source(*library) else { continue };
        let one = Crate::program(toolchain, *library, source)?;
        let built: Result<Vec<_>> = (0..rounds.max(1)).map(|_| toolchain.release(&one)).collect();
        match built {
            Ok(built) => {
                let seconds = peers::samples::median(built.iter().map(|built| built.0).collect());
                let bytes = built.last().map(|built| built.1);
                println!("clean, {}: {seconds:.0} s, {bytes:?} bytes", library.name());
                costs.set(*library, |cost| {
                    (cost.release_seconds, cost.stripped_bytes) = (Some(seconds), bytes);
                })?;
            }
            Err(error) => costs.fail(*library, "clean", &error)?,
        }
    }
    Ok(())
}
