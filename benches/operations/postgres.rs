//! Postgres: two databases of their own on the server that `REPO_TEST_POSTGRES_URL` names.

use async_trait::async_trait;
use benches::{Result, Selection, Ticket};
use repo_core::{Database, schema};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, PgPool};
use uuid::Uuid;

use crate::contest::{Contest, Store};
use crate::engine::{Contender, Side, tickets};
use crate::repository::Repository;
use crate::sqlite::fill;
use crate::sqlx_postgres::{Bulk, SqlxPostgres};
use crate::workload::{KNOWN, System};

const URL: &str = "REPO_TEST_POSTGRES_URL";
const READS: &str = "repo_benches_reads";
const WRITES: &str = "repo_benches_writes";

pub(crate) async fn measure(selection: &Selection) -> Result<()> {
    let Ok(url) = std::env::var(URL) else {
        println!("Postgres is not measured: {URL} names no server (scripts/with-postgres does).");
        return Ok(());
    };
    let server: PgConnectOptions = url.parse()?;
    let mut admin = PgConnection::connect_with(&server).await?;
    for name in [READS, WRITES] {
        execute(&mut admin, format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await?;
        execute(&mut admin, format!("CREATE DATABASE {name}")).await?;
        let wait = if selection.has("full") { "on" } else { "off" };
        execute(&mut admin, format!("ALTER DATABASE {name} SET synchronous_commit = {wait}"))
            .await?;
    }
    let measured = measure_on(selection, &url, &server).await;
    for name in [READS, WRITES] {
        execute(&mut admin, format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await?;
    }
    measured
}

async fn measure_on(selection: &Selection, url: &str, server: &PgConnectOptions) -> Result<()> {
    let (reads, writes) = (server.clone().database(READS), server.clone().database(WRITES));
    let (to_read, to_write) = (open(url, server, READS).await?, open(url, server, WRITES).await?);
    let input = fill(&to_read).await?;
    let mut connection = PgConnection::connect_with(&reads).await?;
    execute(&mut connection, "VACUUM ANALYZE tickets".to_owned()).await?;
    let version: String =
        sqlx::query_scalar("SHOW server_version").fetch_one(&mut connection).await?;
    let store = Server {
        database: to_write.clone(),
        pool: PgPool::connect_with(writes.clone()).await?,
        writer: input.writer.0,
    };
    let by_hand = async |name, ping, bulk| -> Result<_> {
        let reads = SqlxPostgres::connect(reads.clone(), ping, bulk).await?;
        let writes = SqlxPostgres::connect(writes.clone(), ping, bulk).await?;
        let side: Box<dyn Contender> = Box::new(Side { name, reads, writes });
        Ok(side)
    };
    let sides: Vec<Box<dyn Contender>> = vec![
        Box::new(Side {
            name: "repository",
            reads: Repository { database: to_read },
            writes: Repository { database: to_write },
        }),
        by_hand("sqlx by hand, `PgPool` without test", false, Bulk::Copy).await?,
        by_hand("sqlx by hand, `PgPool` as it is", true, Bulk::Copy).await?,
    ];
    let bulk = vec![
        by_hand("binary `COPY` by hand", false, Bulk::Copy).await?,
        by_hand("`UNNEST` by hand", false, Bulk::Unnest).await?,
    ];
    let contest = Contest { system: System::Postgres, store: &store, input, sides, bulk };
    let report = contest.run(selection).await?;
    let wait = if selection.has("full") { "on" } else { "off" };
    println!("### Postgres {version}, synchronous_commit = {wait}\n\n{report}");
    Ok(())
}

/// The same server as `url`, another database.
async fn open(url: &str, server: &PgConnectOptions, name: &str) -> Result<Database> {
    let old = server.get_database().unwrap_or_default();
    let (start, query) = url.split_once('?').map_or((url, None), |(a, b)| (a, Some(b)));
    let start = start.strip_suffix(&format!("/{old}")).unwrap_or(start).trim_end_matches('/');
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    let database =
        repo_postgres::Options::new(&format!("{start}/{name}{query}"))?.connect().await?;
    database.create_tables(&schema![Ticket]).await?;
    Ok(database)
}

async fn execute(connection: &mut PgConnection, sql: String) -> Result<()> {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await?;
    Ok(())
}

struct Server {
    database: Database,
    pool: PgPool,
    writer: Uuid,
}

#[async_trait(?Send)]
impl Store for Server {
    async fn reset(&self, with_tickets: bool) -> Result<Vec<Ticket>> {
        sqlx::raw_sql("TRUNCATE tickets").execute(&self.pool).await?;
        let known = if with_tickets { tickets(KNOWN) } else { Vec::new() };
        Ok(self.database.tenant(self.writer).repo::<Ticket>().create_many(known).await?)
    }
}
