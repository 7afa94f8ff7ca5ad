//! What an operation costs as the data and the tenants grow.
//!
//! ```text
//! scripts/with-postgres cargo bench --manifest-path benches/peers/Cargo.toml --bench scale -- \
//!     [--quick] [--ten-million] [--write-docs] [sqlite|postgres] [rows|tenants]
//! ```
//!
//! 10,000, 100,000 and 1,000,000 rows of 100 tenants, with `--ten-million` 10,000,000 too; then 100,000 rows of 1, 100
//! and 10,000 tenants. `--quick` does fewer rounds, and leaves 1,000,000 rows out.

use std::process::ExitCode;

use peers::place::URL;
use peers::scale::{Known, grow};
use peers::selection::Selection;
use peers::workload::System;
use peers::{Result, documents};

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
    let (is_quick, is_for_docs) = (selection.has("quick"), selection.has("write-docs"));
    let rounds = if is_quick { 3 } else { 11 };
    let mut rows = vec![(10_000, 100), (100_000, 100)];
    if !is_quick {
        rows.push((1_000_000, 100));
    }
    if selection.has("ten-million") {
        rows.push((10_000_000, 100));
    }
    let tenants = [(100_000, 1), (100_000, 100), (100_000, 10_000)];
    let mut known = Known::default();
    for (axis, sizes) in [("rows", &rows[..]), ("tenants", &tenants)] {
        if !selection.wants(axis, &["rows", "tenants"]) {
            continue;
        }
        let Some(growth) = grow(system, axis, sizes, rounds, &mut known)? else {
            println!(
                "Postgres is not measured: {URL} names no server (scripts/with-postgres does)."
            );
            return Ok(());
        };
        println!("### {}\n\n{}", system.name(), growth.markdown());
        let name = format!("scale-{}-{axis}", system.name());
        eprintln!("written: {}", documents::json(&name, &growth, is_for_docs)?.display());
        if is_for_docs {
            let title = format!("{}: microseconds of an operation by {axis}", system.name());
            documents::plot(&name, &growth.plot(&title))?;
            let table = growth.markdown();
            documents::quote(&name, &format!("![{title}](plots/{name}.svg)\n\n{table}"))?;
        }
    }
    Ok(())
}
