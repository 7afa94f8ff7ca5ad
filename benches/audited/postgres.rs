//! Postgres: a database of its own on the server that `REPO_TEST_POSTGRES_URL` names.

use async_trait::async_trait;
use benches::{Result, Selection, Ticket};
use repo_core::schema;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, PgPool};

use crate::contest::{Contest, Store};
use crate::engine::{Kind, Side};
use crate::entities::{AuditedTicket, UnchainedTicket};
use crate::sqlite::repositories;
use crate::sqlx_postgres::SqlxPostgres;
use crate::workload::System;

const URL: &str = "REPO_TEST_POSTGRES_URL";
const NAME: &str = "repo_benches_audited";

pub(crate) async fn measure(selection: &Selection) -> Result<()> {
    let Ok(url) = std::env::var(URL) else {
        println!("Postgres is not measured: {URL} names no server (scripts/with-postgres does).");
        return Ok(());
    };
    let server: PgConnectOptions = url.parse()?;
    let mut admin = PgConnection::connect_with(&server).await?;
    let wait = if selection.has("full") { "on" } else { "off" };
    execute(&mut admin, format!("DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")).await?;
    execute(&mut admin, format!("CREATE DATABASE {NAME}")).await?;
    execute(&mut admin, format!("ALTER DATABASE {NAME} SET synchronous_commit = {wait}")).await?;
    let measured = measure_on(selection, server.database(NAME)).await;
    execute(&mut admin, format!("DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")).await?;
    println!("### Postgres, synchronous_commit = {wait}\n\n{}", measured?);
    Ok(())
}

async fn measure_on(selection: &Selection, options: PgConnectOptions) -> Result<benches::Report> {
    let url = options.to_url_lossy().to_string();
    let database = repo_postgres::Options::new(&url)?.connect().await?;
    database.create_tables(&schema![Ticket, AuditedTicket, UnchainedTicket]).await?;
    let store = Server { pool: PgPool::connect_with(options.clone()).await? };
    let mut sides = repositories(&database);
    sides.push(Box::new(Side {
        name: "sqlx by hand, `PgPool` without test",
        kind: Kind::SqlxByHand,
        engine: SqlxPostgres::connect(options).await?,
        known: Vec::new(),
    }));
    Contest { system: System::Postgres, store: &store, sides }.run(selection).await
}

async fn execute(connection: &mut PgConnection, sql: String) -> Result<()> {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await?;
    Ok(())
}

struct Server {
    pool: PgPool,
}

#[async_trait(?Send)]
impl Store for Server {
    async fn analyze(&self) -> Result<()> {
        sqlx::raw_sql("VACUUM ANALYZE").execute(&self.pool).await?;
        Ok(())
    }

    async fn settle(&self) -> Result<()> {
        Ok(())
    }
}
