//! What the audit trail costs: changes of an `audited` entity against the same of one that is not, of one
//! whose entries are in no chain, and against a trail by hand.
//!
//! ```text
//! scripts/with-postgres cargo bench -p benches --bench audited -- \
//!     [--quick] [--full] [--round-trip=US] [--threads] [WORD..]
//! ```
//!
//! A word picks a database (`sqlite`, `postgres`) or workloads by a part of their name (`patch`, `create one`,
//! `create_many`). `--quick` does fewer rounds, `--full` makes each commit wait for the disk, `--round-trip` has
//! Postgres so many microseconds farther away, as a server on another machine is (the report says what a round trip
//! then takes), `--threads` uses tokio's multi-threaded runtime. By hand means: a transaction that locks and reads
//! the row, changes it, and adds what changed, as JSON, to a table; without a chain, and on Postgres with one as well.
//! Sides take turns, and nothing here measures concurrency.

mod contest;
mod engine;
mod entities;
mod log;
mod postgres;
mod repository;
mod rusqlite_by_hand;
mod sqlite;
mod sqlx_chain;
mod sqlx_postgres;
mod sqlx_sqlite;
mod workload;

use std::process::ExitCode;

use benches::{Result, Selection};
use tokio::runtime::Builder;

const DATABASES: [&str; 2] = ["sqlite", "postgres"];

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
    let mut builder = if selection.has("threads") {
        Builder::new_multi_thread()
    } else {
        Builder::new_current_thread()
    };
    let runtime = builder.worker_threads(2).enable_all().build()?;
    if selection.wants("sqlite", &DATABASES) {
        runtime.block_on(sqlite::measure(selection))?;
    }
    if selection.wants("postgres", &DATABASES) {
        runtime.block_on(postgres::measure(selection))?;
    }
    Ok(())
}
