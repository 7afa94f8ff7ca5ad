//! Postgres: a database of its own on the server that `REPO_TEST_POSTGRES_URL` names.

use std::net::ToSocketAddrs as _;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use benches::{Result, Selection, Ticket, farther};
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
    let farther = selection.number("round-trip", 0)?;
    let mut admin = PgConnection::connect_with(&server).await?;
    let wait = if selection.has("full") { "on" } else { "off" };
    execute(&mut admin, format!("DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")).await?;
    execute(&mut admin, format!("CREATE DATABASE {NAME}")).await?;
    execute(&mut admin, format!("ALTER DATABASE {NAME} SET synchronous_commit = {wait}")).await?;
    let mut options = server.database(NAME);
    if farther > 0 {
        options = farther_away(options, Duration::from_micros(farther.try_into()?))?;
    }
    let round_trip = round_trip(&options).await;
    let measured = measure_on(selection, options).await;
    execute(&mut admin, format!("DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")).await?;
    let away = round_trip?.as_micros();
    println!("### Postgres, {away} us away, synchronous_commit = {wait}\n\n{}", measured?);
    Ok(())
}

/// How long the shortest statement takes, there and back.
async fn round_trip(options: &PgConnectOptions) -> Result<Duration> {
    let mut connection = PgConnection::connect_with(options).await?;
    let mut times = Vec::new();
    for _ in 0..200 {
        let started = Instant::now();
        sqlx::query("SELECT 1").execute(&mut connection).await?;
        times.push(started.elapsed());
    }
    times.sort();
    Ok(times[times.len() / 2])
}

/// The same server, to which a round trip takes so much more.
fn farther_away(options: PgConnectOptions, round_trip: Duration) -> Result<PgConnectOptions> {
    if options.get_socket().is_some() {
        return Err("a server behind a socket of the file system cannot be farther away".into());
    }
    let address = (options.get_host(), options.get_port()).to_socket_addrs()?.next();
    let near = address.ok_or("the server has no address")?;
    let far = farther(near, round_trip)?;
    Ok(options.host(&far.ip().to_string()).port(far.port()))
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
        engine: SqlxPostgres::connect(options.clone()).await?,
        known: Vec::new(),
    }));
    sides.push(Box::new(Side {
        name: "sqlx by hand, with a chain",
        kind: Kind::SqlxChained,
        engine: SqlxPostgres::connect_chained(options).await?,
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
