//! SQLite: two files, one to read and one to write, with the same settings on all sides.

use std::path::Path;

use async_trait::async_trait;
use benches::{Result, Selection, Ticket};
use repo_core::{Database, schema};
use repo_sqlite::{Options, Synchronous};
use uuid::Uuid;

use crate::contest::{Contest, Store};
use crate::engine::{Contender, Input, Side, tickets};
use crate::repository::Repository;
use crate::rusqlite_by_hand::RusqliteByHand;
use crate::sqlx_sqlite::SqlxSqlite;
use crate::workload::{ARCHIVE, DESK, KNOWN, System};

pub(crate) async fn measure(selection: &Selection) -> Result<()> {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let (reads, writes) = (folder.path().join("reads.db"), folder.path().join("writes.db"));
    let synchronous = if selection.has("full") { "FULL" } else { "NORMAL" };
    let (to_read, to_write) = (open(&reads, synchronous).await?, open(&writes, synchronous).await?);
    let input = fill(&to_read).await?;
    rusqlite::Connection::open(&reads)?
        .execute_batch("ANALYZE; PRAGMA wal_checkpoint(TRUNCATE)")?;
    let store = Files {
        database: to_write.clone(),
        connection: rusqlite::Connection::open(&writes)?,
        writer: input.writer.0,
    };
    let sides: Vec<Box<dyn Contender>> = vec![
        Box::new(Side {
            name: "repository",
            reads: Repository { database: to_read },
            writes: Repository { database: to_write },
        }),
        Box::new(Side {
            name: "rusqlite by hand, calling thread",
            reads: RusqliteByHand::open(&reads, synchronous)?,
            writes: RusqliteByHand::open(&writes, synchronous)?,
        }),
        Box::new(Side {
            name: "sqlx by hand, `SqlitePool` without test",
            reads: SqlxSqlite::open(&reads, synchronous).await?,
            writes: SqlxSqlite::open(&writes, synchronous).await?,
        }),
    ];
    let contest = Contest { system: System::Sqlite, store: &store, input, sides, bulk: Vec::new() };
    let report = contest.run(selection).await?;
    println!("### SQLite {}, synchronous = {synchronous}\n\n{report}", rusqlite::version());
    Ok(())
}

async fn open(path: &Path, synchronous: &str) -> Result<Database> {
    let synchronous = if synchronous == "FULL" { Synchronous::Full } else { Synchronous::Normal };
    let path = path.to_str().ok_or("the target directory is not UTF-8")?;
    let database = Options::new(path)?.synchronous(synchronous).connect().await?;
    database.create_tables(&schema![Ticket]).await?;
    Ok(database)
}

/// The rows of a database to read.
pub(crate) async fn fill(database: &Database) -> Result<Input> {
    let (desk, archive, writer) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    database.tenant(archive).repo::<Ticket>().create_many(tickets(ARCHIVE)).await?;
    let created = database.tenant(desk).repo::<Ticket>().create_many(tickets(DESK)).await?;
    let ids = created.iter().map(|ticket| ticket.id).collect();
    Ok(Input { desk: (desk, ids), archive, writer: (writer, Vec::new()) })
}

struct Files {
    database: Database,
    connection: rusqlite::Connection,
    writer: Uuid,
}

#[async_trait(?Send)]
impl Store for Files {
    async fn reset(&self, with_tickets: bool) -> Result<Vec<Ticket>> {
        self.connection.execute_batch("DELETE FROM tickets")?;
        let known = if with_tickets { tickets(KNOWN) } else { Vec::new() };
        let known = self.database.tenant(self.writer).repo::<Ticket>().create_many(known).await?;
        self.connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?;
        Ok(known)
    }
}
