//! A pool of sqlx on a file of its own.

use repo_core::{Database, schema};
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};

pub(crate) use repo_sqlite::{adopt, join, lend};

use crate::notes::{LEGACY, Note};

pub(crate) type Connection = sqlx::SqliteConnection;

/// What begins a transaction that writes.
pub(crate) const BEGIN: &str = "BEGIN IMMEDIATE";

pub(crate) async fn run(size: u32, case: impl AsyncFnOnce(SqlitePool, Database)) {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteConnectOptions::new()
        .filename(folder.path().join("notes.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal);
    let pool = SqlitePoolOptions::new()
        .max_connections(size)
        .acquire_timeout(std::time::Duration::from_secs(5))
        .connect_with(options)
        .await
        .unwrap();
    sqlx::query(LEGACY).execute(&pool).await.unwrap();
    let db = adopt(pool.clone()).await.unwrap();
    db.create_tables(&schema![Note]).await.unwrap();
    case(pool.clone(), db).await;
    pool.close().await;
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

/// The settings that repositories need otherwise, and what an application's statements make of them.
pub(crate) async fn settings(connection: &mut Connection) -> (i64, i64, i64, String) {
    let mut pragma = async |sql| sqlx::query_scalar(sql).fetch_one(&mut *connection).await.unwrap();
    let busy_timeout: i64 = pragma("PRAGMA busy_timeout").await;
    let foreign_keys: i64 = pragma("PRAGMA foreign_keys").await;
    let recursive_triggers: i64 = pragma("PRAGMA recursive_triggers").await;
    let quoted: String =
        sqlx::query_scalar("SELECT \"no column\" FROM legacy").fetch_one(connection).await.unwrap();
    (busy_timeout, foreign_keys, recursive_triggers, quoted)
}
