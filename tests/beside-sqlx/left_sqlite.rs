//! Connections of SQLite after work on them was left amid: in the pool, in no transaction, and with their settings.

use std::time::Duration;

use futures_util::FutureExt as _;
use repo_core::TransactionOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};
use sqlx::{Connection as _, SqlitePool};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::notes::{Note, acme, note};
use crate::on_sqlite::{lend, numbers, put, run};

const LONG: &str =
    "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 200000)
    SELECT count(*) FROM c";

/// Whether the pool's only connection is the one that this was asked of first.
async fn is_the_same(pool: &SqlitePool) -> bool {
    let known = "SELECT count(*) FROM sqlite_temp_schema";
    let known: i64 = sqlx::query_scalar(known).fetch_one(pool).await.unwrap();
    known == 1
}

#[tokio::test]
async fn a_nested_transaction_that_is_dropped_by_hand_leaves_the_connection_in_the_pool() {
    run(1, async |pool: SqlitePool, db| {
        let acme = acme(&db);
        sqlx::raw_sql("CREATE TEMP TABLE mark (n)").execute(&pool).await.unwrap();
        for round in 0..10 {
            let tx = acme.begin().await.unwrap();
            lend(tx.unchecked_sql("numbers"), async |connection| {
                let mut nested = connection.begin().await?;
                put(&mut nested, 1).await?;
                drop(nested);
                Ok(())
            })
            .await
            .unwrap();
            tx.commit().await.unwrap();
            assert!(is_the_same(&pool).await, "round {round}");
        }
        assert!(numbers(&mut pool.acquire().await.unwrap()).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_begin_that_is_cancelled_by_hand_leaves_no_transaction_behind() {
    run(1, async |pool: SqlitePool, db| {
        let acme = acme(&db);
        let options = (*pool.connect_options()).clone();
        let other = SqlitePoolOptions::new().connect_with(options).await.unwrap();
        for round in 0..10 {
            let tx = acme.begin().await.unwrap();
            let lent = lend(tx.unchecked_sql("in a hurry"), async |connection| {
                // Still running when the begin is sent.
                let _ = sqlx::query(LONG).execute(&mut *connection).now_or_never();
                drop(std::pin::pin!(connection.begin()).now_or_never());
                Ok(())
            });
            let _ = lent.await;
            drop(tx);
            put(&mut pool.acquire().await.unwrap(), round).await.unwrap();
            let stored: i64 =
                sqlx::query_scalar("SELECT count(*) FROM legacy").fetch_one(&other).await.unwrap();
            assert_eq!(stored, round + 1, "what the application wrote is committed");
        }
        other.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_read_only_transaction_that_is_left_while_it_is_lent_leaves_the_pool_writable() {
    run(1, async |pool: SqlitePool, db| {
        let read_only = TransactionOptions::new().read_only();
        let tx = acme(&db).begin_with(read_only).await.unwrap();
        let lent = lend(tx.unchecked_sql("never ends"), async |_| {
            std::future::pending::<Result<(), sqlx::Error>>().await
        });
        timeout(Duration::from_millis(50), lent).await.unwrap_err();
        drop(tx);
        put(&mut pool.acquire().await.unwrap(), 1).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tasks_use_leave_and_close_the_same_connections() {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteConnectOptions::new()
        .filename(folder.path().join("notes.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal);
    let pool = SqlitePoolOptions::new().max_connections(3).connect_with(options).await.unwrap();
    sqlx::query(crate::notes::LEGACY).execute(&pool).await.unwrap();
    let db = repo_sqlite::adopt(pool.clone()).await.unwrap();
    db.create_tables(&repo_core::schema![Note]).await.unwrap();
    let mut tasks = JoinSet::new();
    for task in 0..8 {
        let (pool, db) = (pool.clone(), db.clone());
        tasks.spawn(async move {
            let acme = acme(&db);
            let notes = acme.repo::<Note>();
            for round in 0..60 {
                match (task + round) % 4 {
                    0 => drop(notes.create(note(&format!("{task} {round}"))).await.unwrap()),
                    1 => drop(pool.acquire().await.unwrap().detach()),
                    2 => {
                        let read = notes.query().filter(Note::TEXT.in_list(["a".to_owned()])).all();
                        let _ = timeout(Duration::from_micros(200), read).await;
                    }
                    _ => {
                        let tx = acme.begin().await.unwrap();
                        let sql = tx.unchecked_sql("a number");
                        let lent = lend(sql, async |it| put(it, task * 1_000 + round).await);
                        let _ = timeout(Duration::from_micros(300), lent).await;
                        drop(tx);
                    }
                }
            }
        });
    }
    tasks.join_all().await;
    assert_eq!(acme(&db).repo::<Note>().count().await.unwrap(), 8 * 15);
    assert!(numbers(&mut pool.acquire().await.unwrap()).await.unwrap().is_empty());
    pool.close().await;
}
