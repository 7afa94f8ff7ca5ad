//! Each operation of a repository against the same done by hand, on SQLite and on Postgres.
//!
//! ```text
//! scripts/with-postgres cargo bench -p benches --bench operations -- [--quick] [--full] [--threads] [WORD..]
//! ```
//!
//! A word picks a database (`sqlite`, `postgres`) or workloads by a part of their name (`get`, `page`,
//! `window`, `create one`, `patch`, `create_many`, `read`). `--quick` does fewer rounds, `--full` makes
//! each commit wait for the disk, on all sides, `--threads` uses tokio's multi-threaded runtime. All sides
//! work on the same tables and one after the other; nothing here measures concurrency.

mod contest;
mod engine;
mod postgres;
mod repository;
mod rusqlite_by_hand;
mod sqlite;
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
