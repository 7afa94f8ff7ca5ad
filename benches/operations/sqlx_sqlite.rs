//! SQLite through sqlx's pool: the common way to it from async code.

use benches::{NewTicket, Result, Status, Ticket};
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use sqlx::query::Query;
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow,
    SqliteSynchronous,
};
use sqlx::types::Json;
use sqlx::{ConnectOptions as _, Row as _, Sqlite, SqlitePool};
use uuid::Uuid;

use crate::by_hand::{cents, columns, complete, moment, now};
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
const INSERT: &str = concat!(
    "INSERT INTO tickets (",
    columns!(),
    ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"
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

fn insert(ticket: &Ticket) -> Result<Query<'_, Sqlite, SqliteArguments>> {
    Ok(sqlx::query(INSERT)
        .bind(ticket.id)
        .bind(ticket.tenant_id)
        .bind(ticket.subject.as_str())
        .bind(ticket.status.as_str())
        .bind(ticket.attempts)
        .bind(Json(&ticket.context))
        .bind(cents(ticket.amount)?)
        .bind(ticket.urgent)
        .bind(ticket.reporter.as_deref())
        .bind(ticket.version)
        .bind(moment(ticket.created_at))
        .bind(moment(ticket.updated_at))
        .bind(ticket.deleted_at.map(moment)))
}

fn ticket(row: &SqliteRow) -> Result<Ticket> {
    Ok(Ticket {
        id: row.try_get(0)?,
        tenant_id: row.try_get(1)?,
        subject: row.try_get(2)?,
        status: Status::parse(row.try_get(3)?).ok_or("an unknown status")?,
        attempts: row.try_get(4)?,
        context: row.try_get::<Json<_>, _>(5)?.0,
        amount: Decimal::new(row.try_get(6)?, 2),
        urgent: row.try_get(7)?,
        reporter: row.try_get(8)?,
        version: row.try_get(9)?,
        created_at: row.try_get(10)?,
        updated_at: row.try_get(11)?,
        deleted_at: row.try_get::<Option<DateTime<Utc>>, _>(12)?,
    })
}
