//! Postgres by hand, through sqlx's pool: what most teams write, and the same with a chain.

use benches::by_hand::postgres::{insert, ticket};
use benches::by_hand::{complete, now};
use benches::{NewTicket, Result, Status, Ticket, columns};
use serde_json::{Map, Value};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::types::Json;
use sqlx::{ConnectOptions as _, PgConnection, PgPool};
use uuid::Uuid;

use crate::engine::{ACTOR, Engine, TENANT, Trail};
use crate::log::{ENTRIES, LOG, NEWEST, changes, create_log, whole};
use crate::sqlx_chain as chain;

const LOCK: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM tickets WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL FOR UPDATE"
);
const PATCH: &str = concat!(
    "UPDATE tickets SET status = $1, attempts = $2, version = version + 1, updated_at = $3 \
     WHERE tenant_id = $4 AND id = $5 RETURNING ",
    columns!()
);
const CREATE_LOG: &str = create_log!(
    "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    "uuid",
    "timestamptz",
    "jsonb",
    ""
);

/// sqlx's pool, which does not test a connection before each use.
pub(crate) struct SqlxPostgres {
    pool: PgPool,
    is_chained: bool,
}

impl SqlxPostgres {
    /// With a trail in no chain.
    pub(crate) async fn connect(options: PgConnectOptions) -> Result<Self> {
        let pool = pool(options).await?;
        sqlx::raw_sql(CREATE_LOG).execute(&pool).await?;
        Ok(Self { pool, is_chained: false })
    }

    /// With a trail whose entries are a chain.
    pub(crate) async fn connect_chained(options: PgConnectOptions) -> Result<Self> {
        let pool = pool(options).await?;
        sqlx::raw_sql(chain::CREATE).execute(&pool).await?;
        Ok(Self { pool, is_chained: true })
    }

    async fn log(
        &self,
        connection: &mut PgConnection,
        id: Uuid,
        action: &str,
        before: Option<Map<String, Value>>,
        after: Map<String, Value>,
    ) -> Result<()> {
        if self.is_chained {
            chain::append(connection, id, action, before, after).await
        } else {
            log(connection, id, action, before, after).await
        }
    }
}

async fn pool(options: PgConnectOptions) -> Result<PgPool> {
    let options = options.disable_statement_logging();
    Ok(PgPoolOptions::new().test_before_acquire(false).connect_with(options).await?)
}

impl Engine for SqlxPostgres {
    async fn patch(&self, id: Uuid, status: Status, attempts: i64) -> Result<Ticket> {
        let mut transaction = self.pool.begin().await?;
        let lock = sqlx::query(LOCK).bind(TENANT).bind(id);
        let before = ticket(&lock.fetch_one(&mut *transaction).await?)?;
        let patch = sqlx::query(PATCH)
            .bind(status.as_str())
            .bind(attempts)
            .bind(now())
            .bind(TENANT)
            .bind(id);
        let after = ticket(&patch.fetch_one(&mut *transaction).await?)?;
        let (old, new) = changes(&before, &after)?;
        self.log(&mut transaction, id, "update", Some(old), new).await?;
        transaction.commit().await?;
        Ok(after)
    }

    async fn create(&self, new: NewTicket) -> Result<Ticket> {
        let ticket = complete(TENANT, new);
        let mut transaction = self.pool.begin().await?;
        insert(&ticket).execute(&mut *transaction).await?;
        self.log(&mut transaction, ticket.id, "create", None, whole(&ticket)?).await?;
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
        let (entries, newest) =
            if self.is_chained { (chain::ENTRIES, chain::NEWEST) } else { (ENTRIES, NEWEST) };
        let entries: i64 = sqlx::query_scalar(entries).fetch_one(&self.pool).await?;
        let newest: Option<(Option<String>, Option<String>)> =
            sqlx::query_as(newest).fetch_optional(&self.pool).await?;
        let (before, after) = newest.unwrap_or_default();
        Ok(Trail { entries: entries.try_into()?, newest: [before, after] })
    }
}

async fn log(
    connection: &mut PgConnection,
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
        .bind(now())
        .bind(before.map(Json))
        .bind(Json(after));
    entry.execute(connection).await?;
    Ok(())
}
