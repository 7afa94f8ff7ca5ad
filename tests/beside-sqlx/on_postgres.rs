//! A pool of sqlx on a schema of its own.

use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::FutureExt as _;
use repo_core::{Database, schema};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, PgPool};

pub(crate) use repo_postgres::{adopt, join, lend};

use crate::notes::{LEGACY, Note};

pub(crate) type Connection = sqlx::PgConnection;

/// What begins a transaction that writes.
pub(crate) const BEGIN: &str = "BEGIN";

pub(crate) async fn run(size: u32, case: impl AsyncFnOnce(PgPool, Database)) {
    in_schema(async |url: String| {
        let pool = PgPoolOptions::new()
            .max_connections(size)
            .acquire_timeout(std::time::Duration::from_secs(10))
            .connect(&url)
            .await
            .unwrap();
        sqlx::query(LEGACY).execute(&pool).await.unwrap();
        let db = adopt(pool.clone()).await.unwrap();
        db.create_tables(&schema![Note]).await.unwrap();
        case(pool.clone(), db).await;
        pool.close().await;
    })
    .await;
}

/// Gives the URL of a new schema, which is removed afterwards.
pub(crate) async fn in_schema(case: impl AsyncFnOnce(String)) {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let server = std::env::var("REPO_TEST_POSTGRES_URL").unwrap_or_else(|_| {
        panic!("REPO_TEST_POSTGRES_URL is not set: run `scripts/test`, which starts a server")
    });
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let schema = format!("beside_sqlx_{}_{number}", std::process::id());
    by_admin(&server, format!("CREATE SCHEMA {schema}")).await;
    let separator = if server.contains('?') { '&' } else { '?' };
    let url = format!("{server}{separator}options=-c%20search_path%3D{schema}");
    let outcome = std::panic::AssertUnwindSafe(case(url)).catch_unwind().await;
    by_admin(&server, format!("DROP SCHEMA {schema} CASCADE")).await;
    outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
}

/// Gives the URL of a new schema, and how to connect to it as a role that may make tables there and that policies bind.
/// Both are removed afterwards.
pub(crate) async fn in_schema_as_role(case: impl AsyncFnOnce(String, PgConnectOptions)) {
    in_schema(async |url: String| {
        let role = format!("beside_{}", uuid::Uuid::new_v4().simple());
        let (server, options) = url.split_once("options=").unwrap();
        let schema = options.rsplit_once("%3D").unwrap().1;
        let server = server.trim_end_matches(['?', '&']);
        let grant = format!("GRANT ALL ON SCHEMA {schema} TO {role}");
        by_admin(server, format!("CREATE ROLE {role} LOGIN PASSWORD 'secret'; {grant}")).await;
        let as_role: PgConnectOptions = url.parse().unwrap();
        let as_role = as_role.username(&role).password("secret");
        let case = std::panic::AssertUnwindSafe(case(url.clone(), as_role));
        let outcome = case.catch_unwind().await;
        by_admin(server, format!("DROP OWNED BY {role} CASCADE; DROP ROLE {role}")).await;
        outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    })
    .await;
}

pub(crate) async fn by_admin(server: &str, sql: String) {
    let mut admin = PgConnection::connect(server).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut admin).await.unwrap();
    admin.close().await.unwrap();
}

pub(crate) async fn put(connection: &mut Connection, n: i64) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO legacy (n) VALUES ($1)").bind(n).execute(connection).await.map(drop)
}

pub(crate) async fn numbers(connection: &mut Connection) -> Result<Vec<i64>, sqlx::Error> {
    sqlx::query_scalar("SELECT n FROM legacy ORDER BY n").fetch_all(connection).await
}

pub(crate) async fn notes(connection: &mut Connection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT count(*) FROM notes").fetch_one(connection).await
}
