//! SQLite by hand, through sqlx's pool: the common way to it from async code.

use std::path::Path;

use benches::by_hand::sqlx_sqlite::{insert, ticket};
use benches::by_hand::{complete, moment, now};
use benches::{NewTicket, Result, Status, Ticket};
use serde_json::{Map, Value};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::types::Json;
use sqlx::{ConnectOptions as _, SqliteConnection, SqlitePool};
use uuid::Uuid;

use crate::engine::{ACTOR, Engine, TENANT, Trail};
use crate::log::{ENTRIES, LOG, NEWEST, changes, whole};
use crate::rusqlite_by_hand::{GET, PATCH};

/// sqlx's pool, with the settings of the repository's.
pub(crate) struct SqlxSqlite {
    pool: SqlitePool,
}

impl SqlxSqlite {
    pub(crate) async fn open(path: &Path, synchronous: &str) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(synchronous.parse::<SqliteSynchronous>()?)
            .pragma("recursive_triggers", "ON")
            .disable_statement_logging();
        let pool = SqlitePoolOptions::new().test_before_acquire(false);
        Ok(Self { pool: pool.connect_with(options).await? })
    }
}

impl Engine for SqlxSqlite {
    async fn patch(&self, id: Uuid, status: Status, attempts: i64) -> Result<Ticket> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let get = sqlx::query(GET).bind(TENANT).bind(id);
        let before = ticket(&get.fetch_one(&mut *transaction).await?)?;
        let patch = sqlx::query(PATCH)
            .bind(status.as_str())
            .bind(attempts)
            .bind(moment(now()))
            .bind(TENANT)
            .bind(id);
        let after = ticket(&patch.fetch_one(&mut *transaction).await?)?;
        let (old, new) = changes(&before, &after)?;
        log(&mut transaction, id, "update", Some(old), new).await?;
        transaction.commit().await?;
        Ok(after)
    }

    async fn create(&self, new: NewTicket) -> Result<Ticket> {
        let ticket = complete(TENANT, new);
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        insert(&ticket)?.execute(&mut *transaction).await?;
        log(&mut transaction, ticket.id, "create", None, whole(&ticket)?).await?;
        transaction.commit().await?;
        Ok(ticket)
    }

    async fn create_many(&self, new: Vec<NewTicket>) -> Result<Vec<Ticket>> {
        let mut tickets = Vec::with_capacity(new.len());
        for new in new {
            tickets.push(self.create(new).await?);
        }
        Ok(tickets)
    }

    async fn trail(&self) -> Result<Trail> {
        let entries: i64 = sqlx::query_scalar(ENTRIES).fetch_one(&self.pool).await?;
        let newest: Option<(Option<String>, Option<String>)> =
            sqlx::query_as(NEWEST).fetch_optional(&self.pool).await?;
        let (before, after) = newest.unwrap_or_default();
        Ok(Trail { entries: entries.try_into()?, newest: [before, after] })
    }
}

async fn log(
    connection: &mut SqliteConnection,
    id: Uuid,
    action: &str,
    before: Option<Map<String, Value>>,
    after: Map<String, Value>,
) -> Result<()> {
    let entry = sqlx::query(LOG)
        .bind(TENANT)
        .bind(id)
        .bind(action)
        .bind(ACTOR)
        .bind(None::<&str>)
        .bind(None::<&str>)
        .bind(moment(now()))
        .bind(before.map(Json))
        .bind(Json(after));
    entry.execute(connection).await?;
    Ok(())
}
