//! What a process allocates at most while it reads a result: all rows at once, and as a stream.
//!
//! ```text
//! scripts/with-postgres cargo bench --manifest-path benches/peers/Cargo.toml --bench memory -- \
//!     [--quick] [--write-docs] [sqlite|postgres]
//! ```
//!
//! A program of its own: its allocator counts, which would slow the others down. `--quick` leaves 1,000,000 rows out.

use std::process::ExitCode;

use futures_util::StreamExt as _;
use peers::entity::Ticket;
use peers::place::{Place, Setting, URL};
use peers::report::microseconds;
use peers::runs::{Run, place};
use peers::seed::Size;
use peers::selection::Selection;
use peers::workload::System;
use peers::{Result, documents};
use repo_core::Database;
use serde::Serialize;
use tokio::runtime::{Builder, Runtime};

/// The most bytes allocated at once, by how many rows were read.
#[derive(Debug, Serialize)]
struct Peak {
    rows: usize,
    stream: u64,
    all: u64,
}

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
    let most = if selection.has("quick") { 100_000 } else { 1_000_000 };
    let outside = Builder::new_current_thread().enable_all().build()?;
    let Some(place) = outside.block_on(place(system))? else {
        println!("Postgres is not measured: {URL} names no server (scripts/with-postgres does).");
        return Ok(());
    };
    let peaks = peaks(&place, most);
    outside.block_on(place.remove())?;
    let peaks = peaks?;
    let mut table =
        "| rows read | as a stream, KiB | all at once, KiB |\n|--:|--:|--:|\n".to_owned();
    for Peak { rows, stream, all } in &peaks {
        let [rows, stream, all] =
            [*rows as f64, *stream as f64 / 1024.0, *all as f64 / 1024.0].map(microseconds);
        table += &format!("| {rows} | {stream} | {all} |\n");
    }
    println!("### {}\n\n{table}", system.name());
    let (name, is_for_docs) = (format!("memory-{}", system.name()), selection.has("write-docs"));
    eprintln!("written: {}", documents::json(&name, &peaks, is_for_docs)?.display());
    if is_for_docs {
        documents::quote(&name, &table)?;
    }
    Ok(())
}

/// One tenant has all rows, so that the number of rows read is a limit.
fn peaks(place: &Place, most: usize) -> Result<Vec<Peak>> {
    let size = Size { tenants: 1, tickets: most, batch: 1, discussed: 0 };
    let seed = Run { place, size, commits_wait: false, kinds: &[] }.fill()?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let setting = Setting { connections: 2, is_shared: false, is_durable: false };
    let database = runtime.block_on(place.database(setting))?;
    let mut peaks = Vec::new();
    for rows in [10_000, 100_000, 1_000_000].into_iter().filter(|rows| *rows <= most) {
        let stream = peak(&runtime, async || stream(&database, seed.tenants[0], rows).await)?;
        let all = peak(&runtime, async || all(&database, seed.tenants[0], rows).await)?;
        peaks.push(Peak { rows, stream, all });
    }
    Ok(peaks)
}

/// The most bytes that `read` has at once, beside what is there before it.
fn peak(runtime: &Runtime, read: impl AsyncFn() -> Result<()>) -> Result<u64> {
    // Once for what connections keep.
    runtime.block_on(read())?;
    let mut result = Ok(());
    let counts = allocation_counter::measure(|| result = runtime.block_on(read()));
    result.map(|()| counts.bytes_max)
}

async fn stream(database: &Database, tenant: uuid::Uuid, rows: usize) -> Result<()> {
    let tickets = database.tenant(tenant).repo::<Ticket>();
    let mut stream = tickets.query().stream().take(rows);
    let mut read = 0;
    while let Some(ticket) = stream.next().await {
        read += usize::from(ticket?.version == 1);
    }
    if read == rows { Ok(()) } else { Err(format!("{read} rows instead of {rows}").into()) }
}

async fn all(database: &Database, tenant: uuid::Uuid, rows: usize) -> Result<()> {
    let tickets = database.tenant(tenant).repo::<Ticket>();
    let read = tickets.query().limit(rows as u64).all().await?.len();
    if read == rows { Ok(()) } else { Err(format!("{read} rows instead of {rows}").into()) }
}
