//! SQLite through sqlx's pool: the common way to it from async code.

use benches::by_hand::sqlx_sqlite::{insert, ticket};
use benches::by_hand::{complete, moment, now};
use benches::{NewTicket, Result, Status, Ticket, columns};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Row as _, SqlitePool};
use uuid::Uuid;

use crate::engine::Engine;
use crate::workload::WINDOW;

const GET: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM tickets WHERE tenant_id = ?1 AND id = ?2 AND deleted_at IS NULL"
);
const PAGE: &str = concat!(
    "SELECT ",
    columns!(),
    ", (SELECT count(*) FROM tickets WHERE tenant_id = ?1 AND status = ?2 AND deleted_at IS NULL) \
     FROM tickets WHERE tenant_id = ?1 AND status = ?2 AND deleted_at IS NULL \
     ORDER BY created_at DESC, id DESC LIMIT 20 OFFSET 0"
);
const FIRST_WINDOW: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM tickets WHERE tenant_id = ?1 AND deleted_at IS NULL \
     ORDER BY created_at DESC, id DESC LIMIT 101"
);
const NEXT_WINDOW: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM tickets WHERE tenant_id = ?1 AND deleted_at IS NULL AND (created_at, id) < (?2, ?3) \
     ORDER BY created_at DESC, id DESC LIMIT 101"
);
const ALL: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM tickets WHERE tenant_id = ?1 AND deleted_at IS NULL ORDER BY id"
);
const PATCH: &str = concat!(
    "UPDATE tickets SET status = ?1, attempts = ?2, version = version + 1, updated_at = ?3 \
     WHERE tenant_id = ?4 AND id = ?5 AND version = ?6 AND deleted_at IS NULL RETURNING ",
    columns!()
);

/// sqlx's pool, with the settings of the repository's.
pub(crate) struct SqlxSqlite {
    pool: SqlitePool,
}

impl SqlxSqlite {
    pub(crate) async fn open(path: &std::path::Path, synchronous: &str) -> Result<Self> {
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
    async fn get(&self, tenant: Uuid, id: Uuid) -> Result<Ticket> {
        let row = sqlx::query(GET).bind(tenant).bind(id).fetch_one(&self.pool).await?;
        ticket(&row)
    }

    async fn page(&self, tenant: Uuid, status: Status) -> Result<(Vec<Ticket>, u64)> {
        let query = sqlx::query(PAGE).bind(tenant).bind(status.as_str());
        let rows = query.fetch_all(&self.pool).await?;
        let total = rows.first().map_or(Ok(0), |row| row.try_get::<i64, _>(13))?;
        Ok((rows.iter().map(ticket).collect::<Result<_>>()?, total.try_into()?))
    }

    async fn windows(&self, tenant: Uuid, count: usize) -> Result<Vec<Ticket>> {
        let mut walked: Vec<Ticket> = Vec::new();
        for _ in 0..count {
            let query = match walked.last() {
                None => sqlx::query(FIRST_WINDOW).bind(tenant),
                Some(last) => sqlx::query(NEXT_WINDOW)
                    .bind(tenant)
                    .bind(moment(last.created_at))
                    .bind(last.id),
            };
            let rows = query.fetch_all(&self.pool).await?;
            for row in rows.iter().take(WINDOW) {
                walked.push(ticket(row)?);
            }
        }
        Ok(walked)
    }

    async fn all(&self, tenant: Uuid) -> Result<Vec<Ticket>> {
        let rows = sqlx::query(ALL).bind(tenant).fetch_all(&self.pool).await?;
        rows.iter().map(ticket).collect()
    }

    async fn create(&self, tenant: Uuid, new: NewTicket) -> Result<Ticket> {
        let ticket = complete(tenant, new);
        insert(&ticket)?.execute(&self.pool).await?;
        Ok(ticket)
    }

    async fn patch(&self, tenant: Uuid, id: Uuid, version: i64, attempts: i64) -> Result<Ticket> {
        let query = sqlx::query(PATCH)
            .bind(Status::Resolved.as_str())
            .bind(attempts)
            .bind(moment(now()))
            .bind(tenant)
            .bind(id)
            .bind(version);
        ticket(&query.fetch_one(&self.pool).await?)
    }

    async fn create_many(&self, tenant: Uuid, new: Vec<NewTicket>) -> Result<Vec<Ticket>> {
        let tickets: Vec<_> = new.into_iter().map(|new| complete(tenant, new)).collect();
        let mut transaction = self.pool.begin().await?;
        for ticket in &tickets {
            insert(ticket)?.execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(tickets)
    }
}
