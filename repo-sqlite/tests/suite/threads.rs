//! Statements that take long: the thread of the runtime goes on, and the answer is the same.

use std::sync::Arc;
use std::time::Duration;

use repo_core::backend::{Access, Backend};
use repo_core::{Database, Error, Kind, Result, TransactionOptions, Value};
use repo_sqlite::Synchronous;
use tokio::task::JoinSet;

use crate::support::{
    File, INSERT, Titles, add, add_in, both, count, ignore, integer, statement, text, with_tables,
};

/// Rows enough for a scan to be long.
const ROWS: usize = 20_000;

/// Reads all rows, which is long, though the first comes at once.
const ALL: &str = "SELECT id, title, stars FROM notes ORDER BY id";

/// Counts for some hundred milliseconds before the first row.
const SLOW: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 300000) \
    SELECT count(*) + ?1 FROM n";

const ENDLESS: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) \
    SELECT max(i) FROM n";

async fn filled(backend: &Arc<dyn Backend>) {
    backend.insert(Titles::numbered(ROWS).insert()).await.expect("rows");
}

async fn read(backend: &dyn Backend, sql: &str, params: &[Value<'_>]) -> Result<Vec<i64>> {
    let mut rows = Vec::new();
    let on_row = &mut |row: &dyn repo_core::backend::Row| {
        rows.push(integer(row)?);
        Ok(())
    };
    backend.run(statement(Access::Read, sql, params), on_row).await?;
    Ok(rows)
}

/// Does `work` and returns how many turns another task had meanwhile.
async fn turns_beside<T>(work: impl Future<Output = T>) -> (T, usize) {
    let mut turns = 0;
    let ticking = async {
        loop {
            tokio::task::yield_now().await;
            turns += 1;
        }
    };
    tokio::select! {
        done = work => (done, turns),
        () = ticking => unreachable!("it never ends"),
    }
}

#[tokio::test(flavor = "current_thread")]
async fn long_reads_give_every_row_once_in_order_at_the_first_time_and_later() {
    for (name, backend, _file) in both().await {
        filled(&backend).await;
        let expected: Vec<i64> = (1..=ROWS as i64).collect();
        for round in 0..3 {
            let (rows, turns) = turns_beside(read(&*backend, ALL, &[])).await;
            assert_eq!(rows.expect(name), expected, "{name}, {round}");
            assert!(turns > 5, "{name}, {round}: the thread went on {turns} times");
        }
        add(&*backend, "one more").await.expect("no transaction is left open");
        assert_eq!(count(&*backend).await.expect(name), ROWS as i64 + 1);
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_shape_that_is_short_for_some_and_long_for_others_gives_all_of_both() {
    for (name, backend, _file) in both().await {
        filled(&backend).await;
        let sql = "SELECT id FROM notes WHERE id <= ?1 ORDER BY id";
        for round in 0..40_i64 {
            let most = if round % 8 == 7 { ROWS as i64 } else { round };
            let rows = read(&*backend, sql, &[Value::I64(most)]).await.expect(name);
            assert_eq!(rows, (1..=most).collect::<Vec<i64>>(), "{name}, {round}");
        }
    }
}

#[tokio::test]
async fn a_read_that_moves_to_another_thread_sees_one_snapshot() {
    let file = File::new();
    let backend = file.notes().await;
    filled(&backend).await;
    for round in 0..10 {
        let mut titles = Vec::new();
        let on_row = &mut |row: &dyn repo_core::backend::Row| {
            // Another connection deletes rows before and behind those that were read.
            if titles.len() == 5 {
                file.stranger()
                    .execute_batch("DELETE FROM notes WHERE id % 7 = 3 AND id < 15000")
                    .expect("nobody writes");
            }
            titles.push(integer(row)?);
            Ok(())
        };
        // A new text each time, which is not known to be long.
        let sql = format!("{ALL} LIMIT {}", ROWS + round);
        let before = count(&*backend).await.expect("a count");
        backend.run(statement(Access::Read, &sql, &[]), on_row).await.expect("rows");
        assert_eq!(titles.len() as i64, before, "{round}");
        assert!(titles.windows(2).all(|two| two[0] < two[1]), "{round}: in order");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_statement_without_rows_for_long_leaves_the_thread_too() {
    for (name, backend, _file) in both().await {
        for round in 0..3 {
            let params = [Value::I64(round)];
            let (rows, turns) = turns_beside(read(&*backend, SLOW, &params)).await;
            assert_eq!(rows.expect(name), [300_000 + round], "{name}");
            assert!(turns > 5, "{name}, {round}: {turns}");
        }
    }
}

#[tokio::test(flavor = "current_thread")]
async fn long_writes_leave_the_thread_and_are_done_once() {
    for (name, backend, _file) in both().await {
        filled(&backend).await;
        let sql = "UPDATE notes SET stars = coalesce(stars, 0) + 1 RETURNING id";
        for round in 1..=3 {
            let mut rows = 0;
            let on_row = &mut |_: &dyn repo_core::backend::Row| {
                rows += 1;
                Ok(())
            };
            let (changed, turns) =
                turns_beside(backend.run(statement(Access::Write, sql, &[]), on_row)).await;
            assert_eq!((changed.expect(name), rows), (ROWS as u64, ROWS), "{name}");
            assert!(turns > 5, "{name}, {round}: {turns}");
            let sum = read(&*backend, "SELECT sum(stars) FROM notes", &[]).await.expect(name);
            assert_eq!(sum, [(ROWS * round) as i64], "{name}");
        }
    }
}

#[tokio::test(flavor = "current_thread")]
async fn writes_that_are_short_for_some_and_long_for_others_change_all_rows_of_both() {
    for synchronous in [Synchronous::Normal, Synchronous::Full] {
        let file = File::new();
        let backend = with_tables(file.options().synchronous(synchronous)).await;
        filled(&backend).await;
        let sql = "UPDATE notes SET stars = coalesce(stars, 0) + 1 WHERE id <= ?1 RETURNING id";
        let mut expected = 0;
        for round in 1..=40_i64 {
            let most = if round % 8 == 7 { ROWS as i64 } else { round };
            let (params, mut rows) = ([Value::I64(most)], 0);
            let on_row = &mut |_: &dyn repo_core::backend::Row| {
                rows += 1;
                Ok(())
            };
            let changed = backend.run(statement(Access::Write, sql, &params), on_row).await;
            assert_eq!((changed.expect("a change"), rows), (most as u64, most), "{round}");
            expected += most;
            let sum = read(&*backend, "SELECT sum(stars) FROM notes", &[]).await.expect("a sum");
            assert_eq!(sum, [expected], "{synchronous:?}, {round}");
        }
    }
}

#[tokio::test]
async fn an_error_in_on_row_of_a_long_statement_ends_it_and_undoes_what_it_wrote() {
    for (name, backend, _file) in both().await {
        filled(&backend).await;
        let update = "UPDATE notes SET stars = 7 RETURNING id";
        for round in 0..3 {
            for (access, sql) in [(Access::Write, update), (Access::Read, ALL)] {
                let mut left = 1_000;
                let on_row = &mut |_: &dyn repo_core::backend::Row| {
                    left -= 1;
                    if left == 0 { Err(Error::Closed) } else { Ok(()) }
                };
                let error = backend.run(statement(access, sql, &[]), on_row).await;
                assert!(matches!(error, Err(Error::Closed)), "{name}, {round}");
            }
            let sevens = "SELECT count(*) FROM notes WHERE stars = 7";
            assert_eq!(read(&*backend, sevens, &[]).await.expect(name), [0], "{name}, {round}");
        }
    }
}

#[tokio::test]
async fn a_long_statement_that_is_dropped_is_stopped_and_undone() {
    let file = File::new();
    let backend = with_tables(file.options().readers(1)).await;
    filled(&backend).await;
    let many = "INSERT INTO notes (title) WITH RECURSIVE n(i) AS \
        (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 100000000) SELECT 'many ' || i FROM n";
    for _ in 0..3 {
        for (access, sql) in [(Access::Read, ENDLESS), (Access::Write, many)] {
            let mut on_row = ignore;
            let running = backend.run(statement(access, sql, &[]), &mut on_row);
            let stopped = tokio::time::timeout(Duration::from_millis(20), running).await;
            stopped.expect_err("it is far from its end");
            // With one connection of each kind, these wait until the other has ended.
            assert_eq!(count(&*backend).await.expect("the reader is free"), ROWS as i64);
        }
    }
    add(&*backend, "the writer is free").await.expect("a write");
    assert_eq!(count(&*backend).await.expect("a count"), ROWS as i64 + 1);
}

#[tokio::test]
async fn a_transaction_whose_long_statement_was_dropped_is_rolled_back() {
    let file = File::new();
    let backend = file.notes().await;
    filled(&backend).await;
    let mut transaction = backend.begin(TransactionOptions::new()).await.expect("a transaction");
    add_in(&mut *transaction, "undone").await.expect("a write");
    let params = [Value::I64(0)];
    for sql in [SLOW, SLOW] {
        let mut on_row = ignore;
        let running = transaction.run(statement(Access::Read, sql, &params), &mut on_row);
        let _ = tokio::time::timeout(Duration::from_millis(5), running).await;
    }
    let error = add_in(&mut *transaction, "after").await.expect_err("it is over");
    assert!(matches!(error, Error::TransactionFailed { .. }), "{error}");
    let error = transaction.commit().await.expect_err("it is over");
    assert!(matches!(error, Error::TransactionFailed { .. }), "{error}");
    add(&*backend, "undone").await.expect("the title is free");
}

#[tokio::test]
async fn values_of_every_kind_cross_threads_as_they_are() {
    for (name, backend, _file) in both().await {
        let long = "é".repeat(100_000);
        let params = [text(&long), Value::Bytes(vec![0, 255, 7].into()), Value::F64(0.5)];
        // Slow, so that it runs elsewhere.
        let sql = format!(
            "SELECT ?1, ?2, ?3, NULL, -9223372036854775808, '' FROM ({})",
            SLOW.replace("?1", "0")
        );
        for round in 0..2 {
            let mut rows = 0;
            let on_row = &mut |row: &dyn repo_core::backend::Row| {
                rows += 1;
                assert_eq!(row.value(0, Kind::Text), Ok(text(&long)));
                assert_eq!(row.value(1, Kind::Bytes), Ok(Value::Bytes(vec![0, 255, 7].into())));
                assert_eq!(row.value(2, Kind::F64), Ok(Value::F64(0.5)));
                assert_eq!(row.value(3, Kind::Uuid), Ok(Value::Null(Kind::Uuid)));
                assert_eq!(row.value(4, Kind::I64), Ok(Value::I64(i64::MIN)));
                assert_eq!(row.value(5, Kind::Text), Ok(text("")));
                assert!(row.value(6, Kind::Text).is_err(), "there are six");
                assert!(row.value(0, Kind::I64).is_err(), "it is text");
                Ok(())
            };
            backend.run(statement(Access::Read, &sql, &params), on_row).await.expect(name);
            assert_eq!(rows, 1, "{name}, {round}");
        }
    }
}

#[tokio::test]
async fn long_reads_leave_a_connection_for_short_ones() {
    let file = File::new();
    let backend = with_tables(file.options().readers(2)).await;
    let known = tokio::time::timeout(Duration::from_millis(50), read(&*backend, ENDLESS, &[]));
    known.await.expect_err("known to be long from here on");
    let mut long = JoinSet::new();
    for _ in 0..8 {
        let backend = Arc::clone(&backend);
        long.spawn(async move { read(&*backend, ENDLESS, &[]).await });
    }
    tokio::task::yield_now().await;
    for _ in 0..10 {
        count(&*backend).await.expect("a short read");
    }
    long.shutdown().await;
    count(&*backend).await.expect("a short read after them");
}

#[tokio::test]
async fn what_was_long_once_and_is_short_now_does_not_wait_for_what_is_long() {
    let file = File::new();
    let options = file.options().readers(2).pool_timeout(Duration::from_secs(10));
    let backend = with_tables(options).await;
    let up_to = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT ?1) \
        SELECT i FROM n";
    let rows = read(&*backend, up_to, &[Value::I64(100_000)]).await.expect("rows");
    assert_eq!(rows.len(), 100_000);
    let mut long = JoinSet::new();
    let running = Arc::clone(&backend);
    long.spawn(async move { read(&*running, ENDLESS, &[]).await });
    tokio::time::sleep(Duration::from_millis(20)).await;
    for most in 1..=100 {
        let rows = read(&*backend, up_to, &[Value::I64(most)]).await.expect("it has its turn");
        assert_eq!(rows, (1..=most).collect::<Vec<i64>>());
    }
    assert!(long.try_join_next().is_none(), "it still runs");
    long.shutdown().await;
}

#[tokio::test]
async fn each_of_many_long_reads_has_its_turn() {
    let file = File::new();
    let backend = with_tables(file.options().readers(2)).await;
    let mut long = JoinSet::new();
    for number in 0..8 {
        let backend = Arc::clone(&backend);
        long.spawn(async move { read(&*backend, SLOW, &[Value::I64(number)]).await });
    }
    for result in long.join_all().await {
        result.expect("it has its turn");
    }
}

#[tokio::test]
async fn two_statements_of_one_task_run_side_by_side() {
    let file = File::new();
    let backend = file.notes().await;
    let params = [text("beside"), Value::I64(1)];
    let mut on_row = ignore;
    let (slow, written) = tokio::join!(
        read(&*backend, SLOW, &[Value::I64(0)]),
        backend.run(statement(Access::Write, INSERT, &params), &mut on_row)
    );
    assert_eq!((slow.expect("a count"), written.expect("a write")), (vec![300_000], 1));
}

#[tokio::test]
async fn sql_by_hand_that_chooses_at_random_gives_every_row_once() {
    let file = File::new();
    let backend = with_tables(file.options()).await;
    filled(&backend).await;
    let session = Database::new(backend).session();
    for round in 0..4 {
        let mut ids = session
            .unchecked_sql("a draw")
            .fetch("SELECT id FROM notes WHERE id <= 400 ORDER BY random()", |row| {
                // Whoever takes a moment for each row is not done in time.
                std::thread::sleep(Duration::from_micros(8));
                row.get::<i64>(0)
            })
            .await
            .expect("rows");
        ids.sort_unstable();
        assert_eq!(ids, (1..=400).collect::<Vec<_>>(), "{round}");
    }
}
