//! What happens to connections: shared, waited for, cancelled, broken, closed.

use std::time::{Duration, Instant};

use repo_core::backend::{Access, Backend, Row};
use repo_core::{Error, Kind, Result, TransactionOptions, Value};
use repo_postgres::{Options, Postgres};
use sqlx::{Connection as _, query_scalar};

use crate::scratch::{
    CREATE_NOTES, INSERT_NOTE, Rows, Scratch, count, no_rows, note, notes, read, script, statement,
    write,
};

const PID: &str = "SELECT pg_backend_pid()::int8";

async fn terminate(scratch: &Scratch, pid: i64) {
    let terminate = "SELECT pg_terminate_backend($1::int4, 5000)";
    let query = query_scalar(terminate).bind(pid);
    let done: bool = query.fetch_one(&mut scratch.sqlx().await).await.unwrap();
    assert!(done);
}

#[tokio::test]
async fn an_exhausted_pool_says_how_many_and_how_long() {
    let Some(scratch) = Scratch::new().await else { return };
    let wait = Duration::from_millis(100);
    let options = scratch.options().pool_size(2).pool_timeout(wait);
    let db = options.connect_backend().await.unwrap();
    let first = db.begin(TransactionOptions::new()).await.unwrap();
    let _second = db.begin(TransactionOptions::new()).await.unwrap();
    let started = Instant::now();
    let error = write(&db, "SELECT", &[]).await.unwrap_err();
    assert!(started.elapsed() >= wait);
    assert!(
        matches!(error, Error::PoolTimeout { size: 2, idle: 0, waited } if waited == wait),
        "{error:?}"
    );
    first.rollback().await.unwrap();
    count(&db, "SELECT count(*) FROM pg_class WHERE false").await;
}

#[tokio::test]
async fn a_connection_is_used_again_and_the_last_one_first() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.options().pool_size(5).connect_backend().await.unwrap();
    let first = count(&db, PID).await;
    let held = db.begin(TransactionOptions::new()).await.unwrap();
    let second = count(&db, PID).await;
    assert_ne!(first, second);
    held.rollback().await.unwrap();
    assert_eq!(count(&db, PID).await, first);
    assert_eq!(count(&db, PID).await, first);
}

#[tokio::test]
async fn a_dropped_transaction_costs_its_connection_and_nothing_else() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.options().pool_size(1).connect_backend().await.unwrap();
    script(&db, CREATE_NOTES).await;
    let before = count(&db, PID).await;
    let mut transaction = db.begin(TransactionOptions::new()).await.unwrap();
    let params = note(1, "a note");
    let insert = statement(INSERT_NOTE, &params, Access::Write);
    transaction.run(insert, &mut no_rows).await.unwrap();
    drop(transaction);
    assert_eq!(count(&db, "SELECT count(*) FROM notes").await, 0);
    assert_ne!(count(&db, PID).await, before);
    db.run(insert, &mut no_rows).await.unwrap();
}

#[tokio::test]
async fn a_panic_in_a_callback_costs_the_connection() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.options().pool_size(1).connect_backend().await.unwrap();
    let before = count(&db, PID).await;
    let panicking = db.clone();
    let task = tokio::spawn(async move {
        let sql = "SELECT generate_series(1, 1000)";
        write(&panicking, sql, &[]).await
    });
    assert!(task.await.unwrap_err().is_panic());
    assert_ne!(count(&db, PID).await, before);
}

#[tokio::test]
async fn what_waits_for_a_lock_and_is_dropped_leaves_the_server() {
    let Some(scratch) = Scratch::new().await else { return };
    let mut holder = scratch.sqlx().await;
    if holder.server_version_num().is_some_and(|version| version < 140_000) {
        return;
    }
    let options = scratch.options().pool_size(2).application_name(&scratch.schema);
    let db = options.connect_backend().await.unwrap();
    script(&db, CREATE_NOTES).await;
    write(&db, INSERT_NOTE, &note(1, "a note")).await.unwrap();
    let mut held = holder.begin().await.unwrap();
    sqlx::query("SELECT FROM notes FOR UPDATE").execute(&mut *held).await.unwrap();
    for _ in 0..20 {
        let waiting = write(&db, "UPDATE notes SET body = 'another'", &[]);
        let waited = tokio::time::timeout(Duration::from_millis(30), waiting).await;
        assert!(waited.is_err(), "the row is held: {waited:?}");
    }
    // Not in a transaction, which sees the same activity each time.
    let mut watcher = scratch.sqlx().await;
    let mut left = i64::MAX;
    let started = Instant::now();
    while left > 4 && started.elapsed() < Duration::from_secs(60) {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1";
        let count = query_scalar(count).bind(&scratch.schema);
        left = count.fetch_one(&mut watcher).await.unwrap();
    }
    assert!(left <= 4, "{left} connections of a pool of 2 are left");
    held.rollback().await.unwrap();
}

/// A generator of Lehmer: any numbers will do, as long as they are the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0 * 48_271 % 0x7fff_ffff;
        self.0 % limit
    }
}

#[tokio::test]
async fn after_a_thousand_cancelled_operations_a_pool_of_one_answers_right() {
    cancel(1_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_on_several_threads() {
    cancel(300).await;
}

async fn cancel(rounds: i32) {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.options().pool_size(1).connect_backend().await.unwrap();
    script(&db, CREATE_NOTES).await;
    let mut numbers = Numbers(1);
    let mut cancelled = 0;
    for round in 0..rounds {
        let time = Duration::from_micros(numbers.below(1_500));
        let kind = numbers.below(4);
        // Polled first, timed after: an operation gets as far as the server lets it in that time.
        let outcome = tokio::time::timeout(time, operation(&db, kind, round)).await;
        match outcome {
            Ok(result) => result.unwrap(),
            Err(_) => cancelled += 1,
        }
        let answer = read(&db, "SELECT $1", &[Value::I32(round)], Kind::I32).await.unwrap();
        assert_eq!(answer, [Value::I32(round)]);
    }
    assert!(cancelled > rounds / 10, "{cancelled} of {rounds} were cancelled");
    // Each round adds all of its rows or none of them.
    let partly = "SELECT count(*) FROM (SELECT 1 FROM notes GROUP BY body HAVING count(*) <> 10) x";
    assert_eq!(count(&db, partly).await, 0);
}

async fn operation(db: &Postgres, kind: u64, round: i32) -> Result<()> {
    let body = format!("round {round}");
    let row = |index: usize| {
        let index = i32::try_from(index).unwrap();
        Ok(note(round * 10 + index, &body).into_iter().map(Value::into_owned).collect())
    };
    let rows = Rows(10, row);
    match kind {
        0 => db.insert(notes(&rows)).await.map(drop),
        1 => {
            let mut transaction = db.begin(TransactionOptions::new()).await?;
            for id in round * 10..round * 10 + 10 {
                let params = note(id, &body);
                let insert = statement(INSERT_NOTE, &params, Access::Write);
                transaction.run(insert, &mut no_rows).await?;
            }
            transaction.commit().await
        }
        2 => read(db, "SELECT generate_series(1, 20000)", &[], Kind::I32).await.map(drop),
        _ => {
            let sql = "INSERT INTO notes SELECT id, $2 FROM generate_series($1, $1 + 9) AS id";
            write(db, sql, &note(round * 10, &body)).await.map(drop)
        }
    }
}

#[tokio::test]
async fn a_statement_whose_connection_is_killed_is_a_connection_error() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.options().pool_size(1).connect_backend().await.unwrap();
    let pid = count(&db, PID).await;
    let (result, ()) = tokio::join!(read(&db, "SELECT pg_sleep(20)", &[], Kind::I64), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        terminate(&scratch, pid).await;
    });
    let error = result.unwrap_err();
    assert!(matches!(error, Error::Connection { .. }), "{error:?}");
    assert!(error.is_retryable());
    assert_ne!(count(&db, PID).await, pid);
}

#[tokio::test]
async fn a_transaction_whose_connection_is_killed_did_not_happen() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.options().pool_size(1).connect_backend().await.unwrap();
    script(&db, CREATE_NOTES).await;
    let params = note(1, "a note");
    let insert = statement(INSERT_NOTE, &params, Access::Write);
    for is_committed in [false, true] {
        let mut transaction = db.begin(TransactionOptions::new()).await.unwrap();
        let mut pid = 0;
        let mut on_row = |row: &dyn Row| {
            if let Ok(Value::I64(found)) = row.value(0, Kind::I64) {
                pid = found;
            }
            Ok(())
        };
        transaction.run(statement(PID, &[], Access::Read), &mut on_row).await.unwrap();
        transaction.run(insert, &mut no_rows).await.unwrap();
        terminate(&scratch, pid).await;
        if is_committed {
            let error = transaction.commit().await.unwrap_err();
            assert!(matches!(error, Error::CommitUnknown { .. }), "{error:?}");
            assert!(!error.is_retryable());
        } else {
            let error = transaction.run(insert, &mut no_rows).await.unwrap_err();
            assert!(matches!(error, Error::Connection { .. }), "{error:?}");
            transaction.rollback().await.unwrap();
        }
        assert_eq!(count(&db, "SELECT count(*) FROM notes").await, 0);
    }
}

#[tokio::test]
async fn one_broken_connection_costs_one_error_and_not_one_for_each() {
    let Some(scratch) = Scratch::new().await else { return };
    let name = format!("repo breaks {}", std::process::id());
    let options = scratch.options().pool_size(5).application_name(&name);
    let db = options.connect_backend().await.unwrap();
    let mut held = Vec::new();
    for _ in 0..5 {
        held.push(db.begin(TransactionOptions::new()).await.unwrap());
    }
    for transaction in held {
        transaction.rollback().await.unwrap();
    }
    let sql = "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity \
        WHERE application_name = $1";
    let query = query_scalar(sql).bind(name);
    let terminated: i64 = query.fetch_one(&mut scratch.sqlx().await).await.unwrap();
    assert_eq!(terminated, 5);
    let mut errors = 0;
    for _ in 0..10 {
        errors += u32::from(read(&db, PID, &[], Kind::I64).await.is_err());
    }
    assert!(errors <= 1, "{errors} errors");
}

#[tokio::test]
async fn a_connection_that_was_idle_is_tested_before_it_is_used() {
    let Some(scratch) = Scratch::new().await else { return };
    let options = scratch.options().pool_size(1).idle_test_after(Duration::ZERO);
    let db = options.connect_backend().await.unwrap();
    let pid = count(&db, PID).await;
    assert_eq!(count(&db, PID).await, pid);
    terminate(&scratch, pid).await;
    assert_ne!(count(&db, PID).await, pid);
}

#[tokio::test]
async fn where_one_is_lost_those_that_were_idle_for_longer_are_not_asked() {
    let Some(scratch) = Scratch::new().await else { return };
    let options = scratch.options().pool_size(3).idle_test_after(Duration::ZERO);
    let db = options.connect_backend().await.unwrap();
    let held = [(), ()].map(|()| db.begin(TransactionOptions::new()));
    let held = futures_util::future::join_all(held).await;
    count(&db, PID).await;
    for transaction in held {
        transaction.unwrap().rollback().await.unwrap();
    }
    assert_eq!(db.health().await.unwrap().idle, 3);
    terminate(&scratch, count(&db, PID).await).await;
    count(&db, PID).await;
    assert_eq!(db.health().await.unwrap().idle, 1);
}

#[tokio::test]
async fn a_session_that_the_server_ends_for_being_idle_is_nobodys_error() {
    let Some(scratch) = Scratch::new().await else { return };
    let version = scratch.sqlx().await.server_version_num();
    if version.is_some_and(|version| version < 140_000) {
        return;
    }
    let url = format!("{}%20-c%20idle_session_timeout%3D400", scratch.url);
    let db = Options::new(&url).unwrap().pool_size(2).connect_backend().await.unwrap();
    script(&db, CREATE_NOTES).await;
    let mut last = 0;
    for id in 1..4 {
        tokio::time::sleep(Duration::from_millis(700)).await;
        write(&db, INSERT_NOTE, &note(id, "a note")).await.unwrap();
        let pid = count(&db, PID).await;
        assert_ne!(pid, last, "the session had ended");
        last = pid;
        tokio::time::sleep(Duration::from_millis(250)).await;
        assert_eq!(count(&db, PID).await, pid);
    }
}

#[tokio::test]
async fn a_session_that_the_server_ends_for_its_transaction_costs_no_other() {
    let Some(scratch) = Scratch::new().await else { return };
    let url = format!("{}%20-c%20idle_in_transaction_session_timeout%3D100", scratch.url);
    let db = Options::new(&url).unwrap().pool_size(3).connect_backend().await.unwrap();
    let begin = || db.begin(TransactionOptions::new());
    let (mut idle, first, second) = tokio::try_join!(begin(), begin(), begin()).unwrap();
    first.rollback().await.unwrap();
    second.rollback().await.unwrap();
    let pid = count(&db, PID).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let error = idle.run(statement("SELECT", &[], Access::Read), &mut no_rows).await.unwrap_err();
    assert!(matches!(error, Error::Connection { .. }), "{error:?}");
    drop(idle);
    assert_eq!(db.health().await.unwrap().idle, 2);
    assert_eq!(count(&db, PID).await, pid);
}

#[tokio::test]
async fn a_connection_past_its_lifetime_is_replaced() {
    let Some(scratch) = Scratch::new().await else { return };
    let options = scratch.options().pool_size(1).max_lifetime(Duration::ZERO);
    let db = options.connect_backend().await.unwrap();
    assert_ne!(count(&db, PID).await, count(&db, PID).await);
}

#[tokio::test]
async fn health_is_a_round_trip_and_the_state_of_the_pool() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.options().pool_size(3).connect_backend().await.unwrap();
    let health = db.health().await.unwrap();
    assert_eq!((health.size, health.idle), (3, 1));
    assert!(health.round_trip > Duration::ZERO);
    let _held = db.begin(TransactionOptions::new()).await.unwrap();
    assert_eq!(db.health().await.unwrap().idle, 1);
}

#[tokio::test]
async fn a_closed_database_finishes_what_runs_and_starts_nothing() {
    let Some(scratch) = Scratch::new().await else { return };
    let options = scratch.options().pool_size(2).application_name("repo closes");
    let db = options.connect_backend().await.unwrap();
    script(&db, CREATE_NOTES).await;
    let mut running = db.begin(TransactionOptions::new()).await.unwrap();
    let waiting = db.begin(TransactionOptions::new()).await.unwrap();
    let other = db.clone();
    let queued =
        tokio::spawn(async move { other.begin(TransactionOptions::new()).await.map(drop) });
    tokio::time::sleep(Duration::from_millis(50)).await;
    db.close().await;
    drop(waiting);

    assert!(matches!(queued.await.unwrap(), Err(Error::Closed)));
    assert!(matches!(write(&db, "SELECT", &[]).await, Err(Error::Closed)));
    assert!(matches!(db.health().await, Err(Error::Closed)));
    assert!(matches!(db.begin(TransactionOptions::new()).await, Err(Error::Closed)));
    let params = note(1, "a note");
    running.run(statement(INSERT_NOTE, &params, Access::Write), &mut no_rows).await.unwrap();
    running.commit().await.unwrap();

    let mut other = scratch.sqlx().await;
    let kept: i64 = query_scalar("SELECT count(*) FROM notes").fetch_one(&mut other).await.unwrap();
    assert_eq!(kept, 1);
    let open = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'repo closes'";
    for _ in 0..100 {
        let open: i64 = query_scalar(open).fetch_one(&mut other).await.unwrap();
        if open == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("a connection stayed open");
}
