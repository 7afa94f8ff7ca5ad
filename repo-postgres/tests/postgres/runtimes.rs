//! A database that outlives the runtimes it is used in: a connection serves the one that opened it.

use std::time::Duration;

use repo_core::backend::{Access, Addition, Backend};
use repo_core::{Kind, Result, TransactionOptions, Value};
use repo_postgres::Postgres;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

use crate::scratch::{
    CREATE_NOTES, INSERT_NOTE, Scratch, count, no_rows, note, read, script, statement, write,
};

const PID: &str = "SELECT pg_backend_pid()::int8";
const GET_BODY: &str = "SELECT body FROM notes WHERE id = $1";

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn multi_thread() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

/// One of either kind, in turn.
fn runtime(number: i32) -> Runtime {
    if number % 2 == 0 { multi_thread() } else { current_thread() }
}

/// A pool of so many connections, one of which is of a runtime that has ended.
fn pool(scratch: &Scratch, size: usize) -> Postgres {
    let options = scratch.options().pool_size(size).pool_timeout(Duration::from_secs(10));
    let options = options.application_name(&scratch.schema);
    current_thread().block_on(async {
        let db = options.connect_backend().await.unwrap();
        script(&db, CREATE_NOTES).await;
        db
    })
}

fn scratch() -> Option<Scratch> {
    current_thread().block_on(Scratch::new())
}

/// Adds a note, alone and then in a transaction another, and reads the first.
async fn work(db: &Postgres, id: i32) -> Result<()> {
    write(db, INSERT_NOTE, &note(id, "a note")).await?;
    let body = read(db, GET_BODY, &[Value::I32(id)], Kind::Text).await?;
    assert_eq!(body, [Value::Text("a note".into())]);
    let mut transaction = db.begin(TransactionOptions::new()).await?;
    let params = note(-id, "another");
    transaction.run(statement(INSERT_NOTE, &params, Access::Write), &mut no_rows).await?;
    transaction.commit().await
}

/// How many connections the server has of a pool.
async fn open(scratch: &Scratch) -> i64 {
    let count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1";
    let count = sqlx::query_scalar(count).bind(&scratch.schema);
    count.fetch_one(&mut scratch.sqlx().await).await.unwrap()
}

#[test]
fn runtimes_one_after_the_other_share_a_database() {
    let Some(scratch) = scratch() else { return };
    for size in [1, 3] {
        let db = pool(&scratch, size);
        for round in 1..=20 {
            let id = round + i32::try_from(size).unwrap() * 100;
            runtime(round).block_on(work(&db, id)).unwrap();
        }
        let left = current_thread().block_on(open(&scratch));
        assert!(left <= 1 + i64::try_from(size).unwrap(), "{left} of a pool of {size}");
        current_thread().block_on(async {
            script(&db, "DROP TABLE notes").await;
            db.close().await;
        });
    }
}

#[test]
fn short_runtimes_at_once_share_a_database() {
    let Some(scratch) = scratch() else { return };
    let db = pool(&scratch, 2);
    std::thread::scope(|threads| {
        for thread in 0..4 {
            let db = &db;
            threads.spawn(move || {
                for round in 0..4 {
                    runtime(round).block_on(six_at_once(db, thread * 100 + round * 10 + 1));
                }
            });
        }
    });
    let added = current_thread().block_on(count(&db, "SELECT count(*) FROM notes"));
    assert_eq!(added, 4 * 4 * 6 * 2);
}

async fn six_at_once(db: &Postgres, first: i32) {
    let mut tasks = JoinSet::new();
    for id in first..first + 6 {
        let db = db.clone();
        tasks.spawn(async move { work(&db, id).await });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap().unwrap();
    }
}

#[test]
fn the_connections_of_a_runtime_that_rests_keep_nobody_waiting() {
    let Some(scratch) = scratch() else { return };
    let db = pool(&scratch, 2);
    let resting = current_thread();
    resting.block_on(async {
        let held = db.begin(TransactionOptions::new()).await.unwrap();
        work(&db, 1).await.unwrap();
        held.rollback().await.unwrap();
    });
    current_thread().block_on(async {
        let working = async {
            work(&db, 2).await.unwrap();
            db.health().await.unwrap();
            db.close().await;
        };
        tokio::time::timeout(Duration::from_secs(5), working).await.unwrap();
    });
    drop(resting);
}

#[test]
fn a_runtime_keeps_its_connection_while_others_have_theirs() {
    let Some(scratch) = scratch() else { return };
    let db = pool(&scratch, 3);
    let runtimes = [current_thread(), multi_thread(), current_thread()];
    let pids = || runtimes.each_ref().map(|runtime| runtime.block_on(count(&db, PID)));
    let first = pids();
    assert_ne!(first[0], first[1]);
    assert_ne!(first[1], first[2]);
    assert_eq!(pids(), first);
    assert_eq!(pids(), first);
}

#[test]
fn who_adds_a_row_waits_for_nobody_of_a_runtime_that_rests() {
    let Some(scratch) = scratch() else { return };
    let db = pool(&scratch, 2);
    let (resting, working) = (current_thread(), current_thread());
    let begin = || db.begin(TransactionOptions::new());
    let (first, second) = working.block_on(async { tokio::try_join!(begin(), begin()) }).unwrap();
    let ahead = db.clone();
    resting.block_on(async move {
        tokio::spawn(async move { add(&ahead, 10).await });
        tokio::time::sleep(Duration::from_millis(50)).await;
    });
    let tasks = working.block_on(async {
        let mut tasks = JoinSet::new();
        for id in 20..24 {
            let db = db.clone();
            tasks.spawn(async move { add(&db, id).await });
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        first.rollback().await.unwrap();
        tasks
    });
    let lock = working.block_on(scratch.locked("notes IN SHARE MODE"));
    // Its statement is sent, and waits for the table.
    resting.block_on(async { tokio::time::sleep(Duration::from_millis(50)).await });
    drop(lock);
    let added = working.block_on(async {
        second.rollback().await.unwrap();
        tokio::time::timeout(Duration::from_secs(5), tasks.join_all()).await
    });
    for added in added.unwrap() {
        added.unwrap();
    }
    drop(resting);
}

async fn add(db: &Postgres, id: i32) -> Result<()> {
    let params = note(id, "added");
    let of_rows = "INSERT INTO notes (id, body) SELECT * FROM unnest($1, $2)";
    let statement = statement(INSERT_NOTE, &params, Access::Write);
    db.add(Addition { statement, of_rows, columns: &[0, 1] }).await
}
