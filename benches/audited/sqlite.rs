//! SQLite: a file, with the same settings on all sides.

use std::path::Path;

use async_trait::async_trait;
use benches::{Result, Selection, Ticket};
use repo_core::{Database, schema};
use repo_sqlite::{Options, Synchronous};

use crate::contest::{Contest, Store};
use crate::engine::{Contender, Kind, Side};
use crate::entities::{AuditedTicket, UnchainedTicket};
use crate::repository::Repository;
use crate::rusqlite_by_hand::RusqliteByHand;
use crate::sqlx_sqlite::SqlxSqlite;
use crate::workload::System;

pub(crate) async fn measure(selection: &Selection) -> Result<()> {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let path = folder.path().join("audited.db");
    let synchronous = if selection.has("full") { "FULL" } else { "NORMAL" };
    let database = open(&path, synchronous).await?;
    let store = File { connection: rusqlite::Connection::open(&path)? };
    let rusqlite = RusqliteByHand::open(&path, synchronous)?;
    let sqlx = SqlxSqlite::open(&path, synchronous).await?;
    let mut sides = repositories(&database);
    sides.push(Box::new(Side {
        name: "rusqlite by hand, calling thread",
        kind: Kind::RusqliteByHand,
        engine: rusqlite,
        known: Vec::new(),
    }));
    sides.push(Box::new(Side {
        name: "sqlx by hand, `SqlitePool` without test",
        kind: Kind::SqlxByHand,
        engine: sqlx,
        known: Vec::new(),
    }));
    let contest = Contest { system: System::Sqlite, store: &store, sides };
    let report = contest.run(selection).await?;
    println!("### SQLite {}, synchronous = {synchronous}\n\n{report}", rusqlite::version());
    Ok(())
}

/// The sides without code by hand, the audited one first.
pub(crate) fn repositories(database: &Database) -> Vec<Box<dyn Contender>> {
    vec![
        Box::new(Side {
            name: "audited repository",
            kind: Kind::Audited,
            engine: Repository::<AuditedTicket>::new(database),
            known: Vec::new(),
        }),
        Box::new(Side {
            name: "repository that is not audited",
            kind: Kind::Plain,
            engine: Repository::<Ticket>::new(database),
            known: Vec::new(),
        }),
        Box::new(Side {
            name: "repository, `audited(unchained)`",
            kind: Kind::Unchained,
            engine: Repository::<UnchainedTicket>::new(database),
            known: Vec::new(),
        }),
    ]
}

async fn open(path: &Path, synchronous: &str) -> Result<Database> {
    let synchronous = if synchronous == "FULL" { Synchronous::Full } else { Synchronous::Normal };
    let path = path.to_str().ok_or("the target directory is not UTF-8")?;
    let database = Options::new(path)?.synchronous(synchronous).connect().await?;
    database.create_tables(&schema![Ticket, AuditedTicket, UnchainedTicket]).await?;
    Ok(database)
}

struct File {
    connection: rusqlite::Connection,
}

#[async_trait(?Send)]
impl Store for File {
    async fn analyze(&self) -> Result<()> {
        Ok(self.connection.execute_batch("ANALYZE")?)
    }

    async fn settle(&self) -> Result<()> {
        Ok(self.connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?)
    }
}
