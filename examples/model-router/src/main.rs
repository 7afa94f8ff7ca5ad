//! A model router's catalogue: imports a registry of language models into SQLite or Postgres and
//! answers questions about it.
//!
//! ```sh
//! cargo run --release -p model-router
//! DATABASE_URL=postgres://localhost/router cargo run --release -p model-router -- --json
//! ```
//!
//! It shows shared entities and a tenant's immutable one, exact prices, a JSON column, enums, a bulk
//! import that can be run again, pages and windows, a versioned change and tenant isolation. Schema
//! migrations and a server that routes requests are not here.

mod answers;
mod entities;
mod failure;
mod fields;
mod import;
mod progress;
mod promotion;
mod registry;
mod requests;
mod tables;
mod values;

use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use chrono::{NaiveDate, Utc};
use clap::Parser;
use repo_core::{Database, Settings, schema};

use crate::answers::Report;
use crate::entities::{Model, Provider, Request};
use crate::failure::Failure;
use crate::progress::Progress;

/// Imports a registry of language models and answers questions about it.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The database: `sqlite://path` or `postgres://user:password@host/database`. Unless given, the
    /// environment's DATABASE_URL, or `model-router.db` in the current folder
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// The registry to import, a JSON file. Unless given, the one that ships with the program
    #[arg(long, value_name = "PATH")]
    data: Option<PathBuf>,
    /// Prints one JSON document instead of tables
    #[arg(long)]
    json: bool,
    /// The day that decides which models are retired. Unless given, the current one
    #[arg(long, value_name = "YYYY-MM-DD")]
    today: Option<NaiveDate>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("model-router: {}", failure::one_line(&failure));
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    // Before the database is touched: a wrong path leaves no empty file behind.
    let registry = registry::read(arguments.data.as_deref())?;
    let db = connect(arguments.database).await?;
    db.create_tables(&schema![Provider, Model, Request]).await?;
    let today = arguments.today.unwrap_or_else(|| Utc::now().date_naive());
    let progress = Progress::new(registry.len());
    let imported = import::import(&db.session(), &registry, today, &progress).await;
    progress.finish();
    let report = answers::report(&db, imported?).await?;
    db.close().await;
    print(&report, arguments.json)
}

async fn connect(url: Option<String>) -> repo_core::Result<Database> {
    let environment = || std::env::var("DATABASE_URL").ok().filter(|url| !url.is_empty());
    let url = url.or_else(environment).unwrap_or_else(|| "sqlite://model-router.db".to_owned());
    let drivers: [&dyn repo_core::Driver; 2] = [&repo_sqlite::Driver, &repo_postgres::Driver];
    repo_core::connect_with(&url, &Settings::from_env()?, &drivers).await
}

fn print(report: &Report, json: bool) -> Result<(), Failure> {
    let text = match json {
        true => serde_json::to_string_pretty(report).map_err(std::io::Error::from)? + "\n",
        false => tables::render(report),
    };
    match std::io::stdout().write_all(text.as_bytes()) {
        // Who reads has seen enough: `model-router | head`.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}
