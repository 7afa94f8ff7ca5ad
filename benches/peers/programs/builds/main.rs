//! What each library costs whoever compiles it.
//!
//! ```text
//! cargo bench --manifest-path benches/peers/Cargo.toml --bench builds -- [--quick] [--write-docs] [WORD..]
//! ```
//!
//! A word picks libraries by a part of their name. Crates with 0, 1 and 50 entities of 14 columns are written, expanded and
//! checked, and programs that get one row of SQLite are built from nothing. `--quick` leaves the release builds out.
//! Registries are asked for what is not downloaded yet.

mod generated;
mod library;
mod program;
mod toolchain;

use std::process::ExitCode;

use peers::samples::median;
use peers::selection::Selection;
use peers::{Result, documents};
use serde::Serialize;

use crate::generated::Crate;
use crate::library::Library;
use crate::toolchain::Toolchain;

/// What one library costs.
#[derive(Debug, Default, Serialize)]
struct Cost {
    library: String,
    lines_per_entity: Option<f64>,
    check_milliseconds: Option<f64>,
    release_seconds: Option<f64>,
    stripped_bytes: Option<u64>,
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
    let toolchain = Toolchain::new()?;
    let names = Library::ALL.map(Library::name);
    let wanted = Library::ALL.into_iter().filter(|library| selection.wants(library.name(), &names));
    let wanted: Vec<Library> = wanted.collect();
    let rounds = if selection.has("quick") { 3 } else { 9 };
    let mut costs = entities(&toolchain, &wanted, rounds)?;
    if !selection.has("quick") {
        for (library, cost) in wanted.iter().zip(&mut costs) {
            if let Some(source) = program::source(*library) {
                let (seconds, bytes) =
                    toolchain.release(&Crate::program(&toolchain, *library, source)?)?;
                (cost.release_seconds, cost.stripped_bytes) = (Some(seconds), Some(bytes));
                eprintln!("built: {}", library.name());
            }
        }
    }
    let table = table(&costs);
    println!("### Builds\n\n{table}");
    let is_for_docs = selection.has("write-docs");
    eprintln!("written: {}", documents::json("builds", &costs, is_for_docs)?.display());
    if is_for_docs {
        documents::quote("builds", &table)?;
    }
    Ok(())
}

/// Lines and checks; the checks of the libraries take turns.
fn entities(toolchain: &Toolchain, libraries: &[Library], rounds: usize) -> Result<Vec<Cost>> {
    let (mut costs, mut many) = (Vec::new(), Vec::new());
    for library in libraries {
        let empty = toolchain.expanded_lines(&Crate::entities(toolchain, *library, 0)?)?;
        let some = toolchain.expanded_lines(&Crate::entities(toolchain, *library, 10)?)?;
        let lines = some.saturating_sub(empty) as f64 / 10.0;
        let library = *library;
        costs.push(Cost {
            library: library.name().to_owned(),
            lines_per_entity: Some(lines),
            ..Cost::default()
        });
        many.push(Crate::entities(toolchain, library, 50)?);
        eprintln!("expanded: {}", library.name());
    }
    let mut times = vec![Vec::new(); many.len()];
    for _ in 0..rounds {
        for (times, one) in times.iter_mut().zip(&many) {
            times.push(toolchain.check(one)?);
        }
    }
    for (cost, times) in costs.iter_mut().zip(times) {
        cost.check_milliseconds = Some(median(times));
    }
    Ok(costs)
}

fn table(costs: &[Cost]) -> String {
    let mut table = "| library | lines an entity | `cargo check` of 50 entities, ms | clean release build, s | \
                     stripped, MiB |\n|---|--:|--:|--:|--:|\n"
        .to_owned();
    let cell = |value: Option<f64>, digits: usize| match value {
        Some(value) => format!("{value:.digits$}"),
        None => "-".to_owned(),
    };
    for cost in costs {
        let mebibytes = cost.stripped_bytes.map(|bytes| bytes as f64 / 1_048_576.0);
        table += &format!(
            "| {} | {} | {} | {} | {} |\n",
            cost.library,
            cell(cost.lines_per_entity, 0),
            cell(cost.check_milliseconds, 0),
            cell(cost.release_seconds, 0),
            cell(mebibytes, 1)
        );
    }
    table
}
