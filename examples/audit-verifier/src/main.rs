//! A verifier of the audit trail that shares no code with the repository: plain SQL, SHA-256 and
//! `docs/audit-format.md`.
//!
//! ```sh
//! cargo run -p audit-verifier -- sqlite://app.db                              # every chain
//! cargo run -p audit-verifier -- postgres://auditor@localhost/app checkpoints.txt
//! ```
//!
//! The file has one checkpoint on each line. Prints a line for each chain, and ends with 1 if an entry is wrong.
//! Where an entry that does not belong came from is not looked for. Signatures are for whoever has the key.

mod checkpoint;
mod entry;
mod postgres;
mod sqlite;
mod walk;

use std::process::ExitCode;

use checkpoint::Checkpoint;
use entry::{Entry, Head};
use walk::Walk;

type Result<T, E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (url, kept) = match &arguments[..] {
        [url] => (url, String::new()),
        [url, file] => (url, std::fs::read_to_string(file)?),
        _ => return Err("give a URL, and a file of checkpoints if there is one".into()),
    };
    let kept: Vec<Checkpoint> = kept.lines().map(Checkpoint::parse).collect::<Result<_>>()?;
    let walks = if url.starts_with("postgres") {
        postgres::walk(url, &kept).await?
    } else {
        sqlite::walk(url.strip_prefix("sqlite://").unwrap_or(url), &kept)?
    };
    let mut is_right = true;
    for walk in walks {
        let (verdict, is_intact) = walk.verdict();
        println!("{verdict}");
        is_right &= is_intact;
    }
    Ok(if is_right { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The chains of the trail, and of the checkpoints: one that is gone as a whole is missed too. `None` is a tenant that is
/// no text.
fn chains(mut tenants: Vec<Option<String>>, kept: &[Checkpoint]) -> Vec<Option<String>> {
    tenants.extend(kept.iter().map(|checkpoint| Some(checkpoint.tenant.clone())));
    tenants.sort();
    tenants.dedup();
    tenants
}
