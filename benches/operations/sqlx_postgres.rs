//! Postgres through sqlx's pool.

mod bulk;

use benches::by_hand::postgres::{insert, ticket};
use benches::by_hand::{complete, now};
use benches::{NewTicket, Result, Status, Ticket, columns};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions as _, PgPool, Row as _};
use uuid::Uuid;

use crate::engine::Engine;
use crate::workload::WINDOW;

const GET: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM tickets WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL"
);
const PAGE: &str = concat!(
    "SELECT ",
    columns!(),
    ", (SELECT count(*) FROM tickets WHERE tenant_id = $1 AND status = $2 AND deleted_at IS NULL) \
     FROM tickets WHERE tenant_id = $1 AND status = $2 AND deleted_at IS NULL \
     ORDER BY created_at DESC, id DESC LIMIT 20 OFFSET 0"
);
const FIRST_WINDOW: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM tickets WHERE tenant_id = $1 AND deleted_at IS NULL \
     ORDER BY created_at DESC, id DESC LIMIT 101"
);
const NEXT_WINDOW: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM tickets WHERE tenant_id = $1 AND deleted_at IS NULL AND (created_at, id) < ($2, $3) \
     ORDER BY created_at DESC, id DESC LIMIT 101"
);
const ALL: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM tickets WHERE tenant_id = $1 AND deleted_at IS NULL ORDER BY id"
);
const PATCH: &str = concat!(
    "UPDATE tickets SET status = $1, attempts = $2, version = version + 1, updated_at = $3 \
     WHERE tenant_id = $4 AND id = $5 AND version = $6 AND deleted_at IS NULL RETURNING ",
    columns!()
);

/// sqlx's pool, and how many rows at once reach the server.
pub(crate) struct SqlxPostgres {
    pool: PgPool,
    bulk: Bulk,
}

/// How many rows at once reach the server.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bulk {
    /// As the stream of a binary `COPY`.
    Copy,
    /// As an array for each column.
    Unnest,
}

impl SqlxPostgres {
    /// The pool tests a connection before each use only if `ping` says so; by default it does.
    pub(crate) async fn connect(options: PgConnectOptions, ping: bool, bulk: Bulk) -> Result<Self> {
        let options = options.disable_statement_logging();
        let pool = PgPoolOptions::new().test_before_acquire(ping).connect_with(options).await?;
        Ok(Self { pool, bulk })
    }
}

impl Engine for SqlxPostgres {
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
                Some(last) => {
                    sqlx::query(NEXT_WINDOW).bind(tenant).bind(last.created_at).bind(last.id)
                }
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
        insert(&ticket).execute(&self.pool).await?;
        Ok(ticket)
    }

    async fn patch(&self, tenant: Uuid, id: Uuid, version: i64, attempts: i64) -> Result<Ticket> {
        let query = sqlx::query(PATCH)
            .bind(Status::Resolved.as_str())
            .bind(attempts)
            .bind(now())
            .bind(tenant)
            .bind(id)
            .bind(version);
        ticket(&query.fetch_one(&self.pool).await?)
    }

    async fn create_many(&self, tenant: Uuid, new: Vec<NewTicket>) -> Result<Vec<Ticket>> {
        let tickets: Vec<_> = new.into_iter().map(|new| complete(tenant, new)).collect();
        match self.bulk {
            Bulk::Copy => bulk::copy(&self.pool, &tickets).await?,
            Bulk::Unnest => bulk::unnest(&self.pool, &tickets).await?,
        }
        Ok(tickets)
    }
}
