//! Our repositories against the limits and the peers, in one run.
//!
//! ```text
//! scripts/with-postgres cargo bench --manifest-path benches/peers/Cargo.toml -- \
//!     [--quick] [--rounds=N] [--commit-waits] [--write-docs] [sqlite|postgres] [WORD..]
//! ```
//!
//! A word picks a database, or workloads by a part of their name. `--quick` does 5 rounds and not 25, `--rounds` as many,
//! `--without-toasty` (`-diesel`, `-seaorm`, `-sqlx`) leaves somebody out,
//! `--commit-waits` makes each commit wait for the disk, `--write-docs` puts the tables and plots into `docs`.
//! Single callers are on a current-thread runtime, the 64 tasks on a multi-threaded one.

use std::process::ExitCode;

use peers::contenders::Kind;
use peers::place::URL;
use peers::runs::{Run, place};
use peers::seed::Size;
use peers::selection::Selection;
use peers::workload::{System, Workload};
use peers::{Result, documents, plot};

/// Set by `scripts/apart`: the program and the server are bound to a core each.
const APART: &str = "REPO_BENCH_APART";

fn main() -> ExitCode {
    let Some(selection) = Selection::from_args() else { return ExitCode::SUCCESS };
    for system in [System::Sqlite, System::Postgres] {
        if !selection.wants(system.name(), &[System::Sqlite.name(), System::Postgres.name()]) {
            continue;
        }
        if let Err(error) = measure(system, &selection) {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn measure(system: System, selection: &Selection) -> Result<()> {
    let outside = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let Some(place) = outside.block_on(place(system))? else {
        println!("Postgres is not measured: {} names no server (scripts/with-postgres does).", URL);
        return Ok(());
    };
    let is_in =
        |kind: &Kind| !selection.has(&format!("without-{}", format!("{kind:?}").to_lowercase()));
    let kinds: Vec<Kind> = Kind::ALL.into_iter().filter(is_in).collect();
    let commits_wait = selection.has("commit-waits");
    let run = Run { place: &place, size: Size::FULL, commits_wait, kinds: &kinds };
    let workloads = Workload::selected(&Workload::ALL, selection);
    let rounds = selection.number("rounds", if selection.has("quick") { 5 } else { 25 })?;
    let measured = run.fill().and_then(|seed| run.measure(&seed, &workloads, rounds));
    outside.block_on(place.remove())?;
    let table = measured?;
    println!("{table}");
    let is_apart = std::env::var_os(APART).is_some();
    let name = format!("peers-{}{}", system.name(), if is_apart { "-apart" } else { "" });
    let is_for_docs = selection.has("write-docs");
    eprintln!("written: {}", documents::json(&name, &table, is_for_docs)?.display());
    if is_for_docs && is_apart {
        documents::quote(&name, &table.to_string())?;
    } else if is_for_docs {
        documents::plot(&name, &plot::ratios(&table, system.title()))?;
        documents::quote(&name, &format!("![{}](plots/{name}.svg)\n\n{table}", system.title()))?;
    }
    Ok(())
}
