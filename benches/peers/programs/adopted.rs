//! Repositories on a pool that the application has, beside their own pool and sqlx by hand.
//!
//! ```text
//! scripts/with-postgres cargo bench --manifest-path benches/peers/Cargo.toml --bench adopted -- \
//!     [--quick] [--write-docs] [sqlite|postgres] [WORD..]
//! ```
//!
//! A word picks a database, or workloads by a part of their name. All three have as many connections, none of which is
//! tested before it is used; on SQLite sqlx by hand has a pool of readers and a writer.

use std::fmt::Write as _;
use std::process::ExitCode;

use peers::contenders::Kind;
use peers::place::URL;
use peers::report::{Table, microseconds};
use peers::runs::{Run, place};
use peers::seed::Size;
use peers::selection::Selection;
use peers::workload::{System, Workload};
use peers::{Result, documents};

const WORKLOADS: [Workload; 8] = [
    Workload::Get,
    Workload::Page,
    Workload::Window,
    Workload::Create,
    Workload::Patch,
    Workload::SharedGets,
    Workload::SharedCreates,
    Workload::SharedMix,
];

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
        println!("Postgres is not measured: {URL} names no server (scripts/with-postgres does).");
        return Ok(());
    };
    let kinds = [Kind::Adopted, Kind::Ours, Kind::Sqlx];
    let run = Run { place: &place, size: Size::FULL, commits_wait: false, kinds: &kinds };
    let workloads = Workload::selected(&WORKLOADS, selection);
    let rounds = if selection.has("quick") { 5 } else { 25 };
    let measured = run.fill().and_then(|seed| run.measure(&seed, &workloads, rounds));
    outside.block_on(place.remove())?;
    let table = measured?;
    let text = markdown(&table)?;
    println!("{}\n\n{text}", table.title);
    let name = format!("adopted-{}", system.name());
    let is_for_docs = selection.has("write-docs");
    eprintln!("written: {}", documents::json(&name, &table, is_for_docs)?.display());
    if is_for_docs {
        documents::quote(&name, &text)?;
    }
    Ok(())
}

/// The adopted pool is the first column, and the ratios are to the others.
fn markdown(table: &Table) -> Result<String> {
    let mut text =
        "| workload | adopted pool, us | own pool | sqlx by hand |\n|---|--:|--:|--:|\n".to_owned();
    for line in &table.lines {
        write!(text, "| {} | {} |", line.workload, microseconds(line.microseconds))?;
        for rival in &line.rivals {
            write!(text, " **{:.2}** ({}) |", rival.ratio, microseconds(rival.microseconds))?;
        }
        text.push('\n');
    }
    Ok(text)
}
