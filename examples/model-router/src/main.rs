//! A model router's catalogue: imports a registry of language models into SQLite or Postgres and
//! answers questions about it.
//!
//! ```sh
//! cargo run --release -p model-router
//! cargo run --release -p model-router -- search --provider openai --mode chat --text gpt
//! cargo run --release -p model-router -- export registry.jsonl    # or registry.csv
//! DATABASE_URL=postgres://localhost/router cargo run --release -p model-router -- import registry.jsonl
//! DATABASE_URL=postgres://localhost/router cargo run --release -p model-router -- --json
//! ```
//!
//! It shows shared entities and a tenant's immutable one, exact prices, a JSON column that is filtered by, enums, a
//! bulk import that can be run again, pages and windows of a projection with a column of the parent, a search, what
//! costs how much per provider, tenant, day and hour, a versioned change, files of rows and tenant isolation.
//! Schema migrations and a server that routes requests are not here.

mod answers;
mod arguments;
mod entities;
mod failure;
mod fields;
mod files;
mod import;
mod offers;
mod progress;
mod promotion;
mod registry;
mod requests;
mod search;
mod tables;
mod usage;
mod values;

use std::io::{ErrorKind, Write as _};
use std::process::ExitCode;

use chrono::Utc;
use repo_core::{Database, GuardKind, Settings, schema};
use serde::Serialize;

use crate::answers::Report;
use crate::arguments::{Arguments, Command, ReportArguments};
use crate::entities::{Model, Provider, Request};
use crate::failure::Failure;
use crate::files::Files;
use crate::progress::Progress;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Arguments::read()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("model-router: {}", failure::one_line(&failure));
            ExitCode::FAILURE
        }
    }
}

// A wrong path is told before the database is touched, and leaves no empty one behind.
async fn run(arguments: Arguments) -> Result<(), Failure> {
    let Arguments { command, report, database, json } = arguments;
    match command {
        None => print(&answer(database, report).await?, tables::render, json),
        Some(Command::Search(sought)) => {
            let db = open(database).await?;
            let found = search::search(&db.session(), sought).await?;
            db.close().await;
            print(&found, tables::found, json)
        }
        Some(Command::Export { file }) => {
            let files = Files::new(file)?;
            let db = open(database).await?;
            let moved = files.export(&db.session()).await?;
            db.close().await;
            print(&moved, tables::exported, json)
        }
        Some(Command::Import { file }) => {
            let files = Files::new(file)?.open().await?;
            let db = open(database).await?;
            let moved = files.import(&db.session()).await?;
            db.close().await;
            print(&moved, tables::imported, json)
        }
    }
}

/// Imports the registry and asks all questions.
async fn answer(database: Option<String>, arguments: ReportArguments) -> Result<Report, Failure> {
    let registry = registry::read(arguments.data.as_deref())?;
    let db = open(database).await?;
    let today = arguments.today.unwrap_or_else(|| Utc::now().date_naive());
    let progress = Progress::new(registry.len());
    let imported = import::import(&db.session(), &registry, today, &progress).await;
    progress.finish();
    let report = answers::report(&db, imported?).await?;
    db.close().await;
    Ok(report)
}

/// The database, with its tables.
async fn open(url: Option<String>) -> Result<Database, Failure> {
    let environment = || std::env::var("DATABASE_URL").ok().filter(|url| !url.is_empty());
    let url = url.or_else(environment).unwrap_or_else(|| "sqlite://model-router.db".to_owned());
    let drivers: [&dyn repo_core::Driver; 2] = [&repo_sqlite::Driver, &repo_postgres::Driver];
    let db = repo_core::connect_with(&url, &Settings::from_env()?, &drivers).await?;
    let schema = schema![Provider, Model, Request];
    let Err(error) = db.create_tables(&schema).await else { return Ok(db) };
    // Tables that are there stay as they are: perhaps they are those of another version.
    let findings = db.doctor(&schema).await.unwrap_or_default();
    match findings.into_iter().find(|it| it.kind == GuardKind::Column) {
        Some(finding) => Err(Failure::Tables { finding }),
        None => Err(error.into()),
    }
}

fn print<T: Serialize>(answer: &T, render: fn(&T) -> String, json: bool) -> Result<(), Failure> {
    let text = match json {
        true => serde_json::to_string_pretty(answer).map_err(std::io::Error::from)? + "\n",
        false => render(answer),
    };
    match std::io::stdout().write_all(text.as_bytes()) {
        // Who reads has seen enough: `model-router | head`.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}
