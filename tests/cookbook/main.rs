//! Each page of the cookbook, compiled as it stands and run on an empty database: its `answer` asserts what the
//! page says.

#![allow(
    dead_code,
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "pages show what a reader needs"
)]

mod shortened;

use std::sync::atomic::{AtomicU32, Ordering};

use repo_core::Database;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tokio::runtime::Runtime;

macro_rules! cookbook {
    ($($page:ident)+) => {
        mod sqlite {
            $(
                #[test]
                fn $page() {
                    super::on_sqlite(async |db| super::$page::answer(&db).await);
                }
            )+
        }

        mod postgres {
            $(
                #[test]
                fn $page() {
                    super::on_postgres(async |db| super::$page::answer(&db).await);
                }
            )+
        }
    };
}

include!(concat!(env!("OUT_DIR"), "/pages.rs"));

fn on_sqlite(answer: impl AsyncFnOnce(Database) -> Result<(), repo_core::Error>) {
    Runtime::new().expect("a runtime").block_on(async {
        let folder = tempfile();
        let url = format!("sqlite://{}", folder.join("page.db").display());
        let db = repo_sqlite::connect(&url).await.expect("a file can be made");
        let answered = answer(db.clone()).await;
        db.close().await;
        std::fs::remove_dir_all(folder).expect("the folder can be removed");
        answered.expect("the page is right");
    });
}

fn on_postgres(answer: impl AsyncFnOnce(Database) -> Result<(), repo_core::Error>) {
    let server = std::env::var("REPO_TEST_POSTGRES_URL").unwrap_or_else(|_| {
        panic!("REPO_TEST_POSTGRES_URL is not set: run `scripts/test`, which starts a server")
    });
    Runtime::new().expect("a runtime").block_on(async {
        let schema = format!("cookbook_{}_{}", std::process::id(), number());
        execute(&server, format!("CREATE SCHEMA {schema}")).await;
        let separator = if server.contains('?') { '&' } else { '?' };
        let url = format!("{server}{separator}options=-c%20search_path%3D{schema}");
        let db = repo_postgres::connect(&url).await.expect("the server can be reached");
        let answered = answer(db.clone()).await;
        db.close().await;
        execute(&server, format!("DROP SCHEMA {schema} CASCADE")).await;
        answered.expect("the page is right");
    });
}

fn number() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

fn tempfile() -> std::path::PathBuf {
    let name = format!("{}_{}", std::process::id(), number());
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).expect("the target directory can be written");
    folder
}

async fn execute(url: &str, sql: String) {
    let mut connection = PgConnection::connect(url).await.expect("the server can be reached");
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.expect("the schema is ours");
    connection.close().await.expect("the server says goodbye");
}
