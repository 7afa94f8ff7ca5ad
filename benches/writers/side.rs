//! The two sides: a repository, and a connection behind a mutex.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use benches::by_hand::complete;
use benches::by_hand::rusqlite::{INSERT, insert};
use benches::{NewTicket, Result, Ticket, new_ticket};
use repo_core::{Database, schema};
use repo_sqlite::{Options, Synchronous};
use rusqlite::Connection;
use tokio::task::JoinSet;
use uuid::Uuid;

const TENANT: Uuid = Uuid::from_u128(7);

/// Somebody who creates tickets.
#[async_trait]
pub(crate) trait Side: Send + Sync + 'static {
    async fn create(&self, new: NewTicket) -> Result<Ticket>;

    /// The subjects of all that is stored, in order.
    fn subjects(&self) -> Result<Vec<String>>;
}

/// How long `tasks` tasks take to create so many tickets each.
pub(crate) async fn create_all(
    side: &Arc<dyn Side>,
    tasks: usize,
    each: usize,
) -> Result<Duration> {
    let started = Instant::now();
    let mut running = JoinSet::new();
    for task in 0..tasks {
        let side = Arc::clone(side);
        running.spawn(async move {
            for number in 0..each {
                side.create(new_ticket(task * each + number)).await?;
            }
            Ok(())
        });
    }
    running.join_all().await.into_iter().collect::<Result<()>>()?;
    Ok(started.elapsed())
}

/// Through a repository.
pub(crate) struct Repository {
    database: Database,
    path: PathBuf,
}

/// Through rusqlite.
pub(crate) struct ByHand {
    connection: Mutex<Connection>,
    path: PathBuf,
}

impl Repository {
    pub(crate) async fn open(path: &Path, mode: &str) -> Result<Self> {
        let synchronous = if mode == "full" { Synchronous::Full } else { Synchronous::Normal };
        let options = Options::new(&format!("sqlite://{}", path.display()))?;
        let database = options.synchronous(synchronous).connect().await?;
        database.create_tables(&schema![Ticket]).await?;
        Ok(Self { database, path: path.to_owned() })
    }
}

impl ByHand {
    pub(crate) async fn open(path: &Path, mode: &str) -> Result<Self> {
        // The same table, made by the repository.
        Repository::open(path, mode).await?.database.close().await;
        let connection = Connection::open(path)?;
        connection.set_prepared_statement_cache_capacity(128);
        connection.execute_batch(&format!(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = {mode}; \
             PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON"
        ))?;
        Ok(Self { connection: Mutex::new(connection), path: path.to_owned() })
    }
}

#[async_trait]
impl Side for Repository {
    async fn create(&self, new: NewTicket) -> Result<Ticket> {
        Ok(self.database.tenant(TENANT).repo::<Ticket>().create(new).await?)
    }

    fn subjects(&self) -> Result<Vec<String>> {
        subjects(&self.path)
    }
}

#[async_trait]
impl Side for ByHand {
    async fn create(&self, new: NewTicket) -> Result<Ticket> {
        let ticket = complete(TENANT, new);
        {
            let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
            insert(&mut *connection.prepare_cached(INSERT)?, &ticket)?;
        }
        // A statement by hand never waits; its task would keep the thread.
        tokio::task::consume_budget().await;
        Ok(ticket)
    }

    fn subjects(&self) -> Result<Vec<String>> {
        subjects(&self.path)
    }
}

fn subjects(path: &Path) -> Result<Vec<String>> {
    let connection = Connection::open(path)?;
    let mut statement = connection.prepare("SELECT subject FROM tickets ORDER BY subject")?;
    let subjects = statement.query_map([], |row| row.get(0))?;
    Ok(subjects.collect::<rusqlite::Result<_>>()?)
}
