//! Writes of many tasks that share a commit: each is answered for itself, and after it is kept.

use std::fs;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use repo_core::{Access, Backend, Error, Result, TransactionOptions, Value};
use repo_sqlite::Synchronous;
use tokio::task::JoinSet;

use crate::support::{
    File, INSERT, Titles, add, add_in, count, ignore, open, statement, text, with_tables,
};

const TASKS: usize = 64;

/// A file whose log keeps all commits.
async fn logged(file: &File) -> Arc<dyn Backend> {
    let options = file.options().pragma("wal_autocheckpoint", "0").expect("a number");
    with_tables(options.synchronous(Synchronous::Normal)).await
}

/// How many commits are in the log: the last frame of each says how large the file is then.
fn commits(file: &File) -> usize {
    let log = fs::read(file.folder.path().join("notes.db-wal")).expect("the log");
    let number = |at: usize| u32::from_be_bytes(log[at..at + 4].try_into().expect("four bytes"));
    let (frame, salt) = (24 + number(8) as usize, [number(16), number(20)]);
    let frames = (32..log.len()).step_by(frame).take_while(|at| at + frame <= log.len());
    frames
        .take_while(|at| [number(at + 8), number(at + 12)] == salt)
        .filter(|at| number(at + 4) > 0)
        .count()
}

/// The only connection that writes, held so that others wait behind it.
async fn hold(backend: &Arc<dyn Backend>) -> Box<dyn repo_core::Connection> {
    backend.begin(TransactionOptions::new()).await.expect("a transaction")
}

/// Writes of these titles, each begun and waiting.
async fn waiting(backend: &Arc<dyn Backend>, titles: &[&str]) -> Vec<Write> {
    let mut writes: Vec<Write> = Vec::new();
    for title in titles {
        let (backend, title) = (Arc::clone(backend), (*title).to_owned());
        let mut write: Write = Box::pin(async move { add(&*backend, &title).await });
        assert!(poll(write.as_mut()).is_pending(), "it waits");
        writes.push(write);
    }
    writes
}

type Write = Pin<Box<dyn Future<Output = Result<i64>> + Send>>;

fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

async fn all(writes: Vec<Write>) -> Vec<Result<i64>> {
    let mut tasks = JoinSet::new();
    for (number, write) in writes.into_iter().enumerate() {
        tasks.spawn(async move { (number, write.await) });
    }
    let mut results = tasks.join_all().await;
    results.sort_by_key(|(number, _)| *number);
    results.into_iter().map(|(_, result)| result).collect()
}

async fn many_tasks_share_commits(synchronous: Synchronous) {
    let file = File::new();
    drop(logged(&file).await);
    let options = file.options().pragma("wal_autocheckpoint", "0").expect("a number");
    let backend = open(options.synchronous(synchronous)).await;
    add(&*backend, "the first").await.expect("a write");
    let before = commits(&file);
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let backend = Arc::clone(&backend);
        tasks.spawn(async move {
            for number in 0..20 {
                let title = format!("{task} {number}");
                let id = add(&*backend, &title).await.expect("never busy");
                assert_eq!(stored(&*backend, &title).await, Some(id), "what is answered is there");
            }
        });
    }
    tasks.join_all().await;
    let rows = TASKS * 20;
    assert_eq!(count(&*backend).await.expect("a count"), rows as i64 + 1);
    let made = commits(&file) - before;
    assert!(made < rows / 4, "{made} commits for {rows} rows");
}

async fn stored(backend: &dyn Backend, title: &str) -> Option<i64> {
    let (mut id, params) = (None, [text(title)]);
    let sql = "SELECT id FROM notes WHERE title = ?1";
    let read = statement(Access::Read, sql, &params);
    let on_row = &mut |row: &dyn repo_core::Row| {
        id = Some(crate::support::integer(row)?);
        Ok(())
    };
    backend.run(read, on_row).await.expect("a read");
    id
}

#[tokio::test]
async fn tasks_on_one_thread_share_commits() {
    many_tasks_share_commits(Synchronous::Normal).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tasks_on_many_threads_share_commits() {
    many_tasks_share_commits(Synchronous::Normal).await;
}

#[tokio::test]
async fn durable_writes_on_one_thread_share_commits() {
    many_tasks_share_commits(Synchronous::Full).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn durable_writes_on_many_threads_share_commits() {
    many_tasks_share_commits(Synchronous::Full).await;
}

#[tokio::test]
async fn the_conflict_of_one_member_leaves_the_others() {
    let file = File::new();
    let backend = logged(&file).await;
    let before = commits(&file);
    let holder = hold(&backend).await;
    let writes = waiting(&backend, &["a", "b", "a", "c", "b"]).await;
    drop(holder);
    let results = all(writes).await;
    let conflicts: Vec<bool> =
        results.iter().map(|result| result.as_ref().is_err_and(Error::is_conflict)).collect();
    assert_eq!(conflicts, [false, false, true, false, true], "{results:?}");
    assert_eq!(count(&*backend).await.expect("a count"), 3);
    assert_eq!(commits(&file) - before, 1, "they were one group");
}

#[tokio::test]
async fn a_few_rows_join_too_and_fail_alone() {
    let file = File::new();
    let backend = logged(&file).await;
    let before = commits(&file);
    let holder = hold(&backend).await;
    let insert = async |titles: &[&str]| {
        let titles = Titles(titles.iter().map(|&title| title.to_owned()).collect());
        backend.insert(titles.insert()).await
    };
    let release = async {
        tokio::task::yield_now().await;
        drop(holder);
    };
    let (first, second, third, fourth, ()) = tokio::join!(
        insert(&["a", "b"]),
        insert(&["c", "a"]),
        insert(&["d", "refused"]),
        add(&*backend, "e"),
        release
    );
    assert_eq!(first.expect("two rows"), [1, 2]);
    let second = second.expect_err("`a` is taken");
    assert_eq!((second.row(), second.is_conflict()), (Some(1), true), "{second}");
    assert!(third.expect_err("it is refused").is_invalid_input());
    fourth.expect("a row");
    assert_eq!(count(&*backend).await.expect("a count"), 3);
    assert_eq!(commits(&file) - before, 1, "they were one group");
}

#[tokio::test]
async fn a_member_that_is_dropped_while_it_waits_leaves_nothing_and_the_others_go_on() {
    let file = File::new();
    let backend = logged(&file).await;
    for cancelled in 0..4 {
        let holder = hold(&backend).await;
        let titles = ["a", "b", "c", "d"].map(|title| format!("{title} {cancelled}"));
        let mut writes = waiting(&backend, &titles.each_ref().map(String::as_str)).await;
        drop(writes.remove(cancelled));
        drop(holder);
        for result in all(writes).await {
            result.expect("the others are there");
        }
        let expected = 3 * (cancelled as i64 + 1);
        assert_eq!(count(&*backend).await.expect("a count"), expected, "{cancelled}");
    }
}

#[tokio::test]
async fn a_member_that_is_dropped_after_its_statement_is_kept_with_the_others() {
    let file = File::new();
    let backend = logged(&file).await;
    let holder = hold(&backend).await;
    let mut writes = waiting(&backend, &["a", "b"]).await;
    drop(holder);
    // The first opens the group and waits for its commit.
    assert!(poll(writes[0].as_mut()).is_pending());
    drop(writes.remove(0));
    assert!(all(writes).await.remove(0).is_ok());
    assert_eq!(count(&*backend).await.expect("a count"), 2);
}

#[tokio::test]
async fn a_group_whose_members_are_all_dropped_is_committed_and_the_connection_is_free() {
    let file = File::new();
    let backend = logged(&file).await;
    for round in 0..200_usize {
        let holder = hold(&backend).await;
        let titles: Vec<String> = (0..5).map(|number| format!("{round} {number}")).collect();
        let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
        let mut writes = waiting(&backend, &titles).await;
        drop(holder);
        for write in writes.iter_mut().take(round % 6) {
            let _ = poll(write.as_mut());
        }
        drop(writes);
        add(&*backend, &format!("after {round}")).await.expect("the connection is free");
    }
    assert!(count(&*backend).await.expect("a count") >= 200);
}

#[tokio::test]
async fn a_panic_in_on_row_undoes_its_member_alone() {
    let file = File::new();
    let backend = logged(&file).await;
    let holder = hold(&backend).await;
    let mut tasks = JoinSet::new();
    for number in 0..9 {
        let backend = Arc::clone(&backend);
        tasks.spawn(async move {
            let title = number.to_string();
            let params = [text(&title), Value::I64(1)];
            let on_row = &mut |_: &dyn repo_core::Row| match number % 3 {
                0 => panic!("on purpose"),
                1 => Err(Error::Closed),
                _ => Ok(()),
            };
            backend.run(statement(Access::Write, INSERT, &params), on_row).await
        });
    }
    tokio::task::yield_now().await;
    drop(holder);
    let (mut panics, mut refused, mut written) = (0, 0, 0);
    while let Some(result) = tasks.join_next().await {
        match result {
            Ok(Ok(_)) => written += 1,
            Ok(Err(error)) => {
                assert!(matches!(error, Error::Closed), "{error}");
                refused += 1;
            }
            Err(panic) if panic.is_panic() => panics += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!((panics, refused, written), (3, 3, 3));
    assert_eq!(count(&*backend).await.expect("a count"), 3);
}

#[tokio::test]
async fn a_full_disk_fails_the_whole_group_and_nothing_of_it_is_there() {
    let file = File::new();
    let options = file.options().pragma("max_page_count", "40").expect("a free pragma");
    let backend = with_tables(options).await;
    let page = "x".repeat(3_000);
    let mut written = 0;
    let mut failed = 0;
    for round in 0..12 {
        let holder = hold(&backend).await;
        let titles: Vec<String> = (0..6).map(|number| format!("{round} {number} {page}")).collect();
        let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
        let writes = waiting(&backend, &titles).await;
        drop(holder);
        for result in all(writes).await {
            match result {
                Ok(_) => written += 1,
                Err(Error::StorageFull { .. }) => failed += 1,
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(count(&*backend).await.expect("reads go on"), written, "{round}");
    }
    assert!(written > 0 && failed > 0, "{written}, {failed}");
    let delete = statement(Access::Write, "DELETE FROM notes WHERE id > 2", &[]);
    backend.run(delete, &mut ignore).await.expect("a delete needs no room");
    add(&*backend, &page).await.expect("there is room again");
}

#[tokio::test]
async fn a_trigger_that_rolls_back_fails_the_others_with_an_error_to_try_again() {
    let file = File::new();
    let backend = logged(&file).await;
    let trigger = "CREATE TRIGGER never BEFORE INSERT ON notes WHEN NEW.title = 'never' \
        BEGIN SELECT RAISE(ROLLBACK, 'never'); END";
    file.stranger().execute_batch(trigger).expect("a trigger");
    let holder = hold(&backend).await;
    let writes = waiting(&backend, &["a", "never", "b"]).await;
    drop(holder);
    let results = all(writes).await;
    let first = results[0].as_ref().expect_err("its transaction is gone");
    assert!(first.is_retryable(), "{first:?}");
    let never = results[1].as_ref().expect_err("the trigger refuses it");
    assert!(!never.is_retryable(), "{never:?}");
    assert!(results[2].is_ok(), "it came after");
    assert_eq!(count(&*backend).await.expect("a count"), 1);
}

#[tokio::test]
async fn a_transaction_between_them_sees_what_was_before_and_delays_no_answer() {
    let file = File::new();
    let backend = logged(&file).await;
    let holder = hold(&backend).await;
    let before = waiting(&backend, &["a", "b"]).await;
    let mut begin = pin!(backend.begin(TransactionOptions::new()));
    assert!(poll(begin.as_mut()).is_pending());
    let after = waiting(&backend, &["c", "d"]).await;
    drop(holder);
    let (results, transaction) = tokio::join!(all(before), begin);
    assert!(results.iter().all(Result::is_ok), "answered while the transaction is open");
    let mut transaction = transaction.expect("a transaction");
    add_in(&mut *transaction, "a").await.expect_err("it is there");
    add_in(&mut *transaction, "of the transaction").await.expect("a write");
    drop(transaction);
    assert!(all(after).await.iter().all(Result::is_ok));
    assert_eq!(count(&*backend).await.expect("a count"), 4);
}

#[tokio::test]
async fn keys_that_are_checked_at_the_commit_fail_nobody_else() {
    let file = File::new();
    let backend = logged(&file).await;
    let script = "CREATE TABLE replies (id INTEGER PRIMARY KEY, \
        note_id INTEGER REFERENCES notes (id) DEFERRABLE INITIALLY DEFERRED) STRICT";
    file.stranger().execute_batch(script).expect("a table");
    let reply = "INSERT INTO replies (note_id) VALUES (?1)";
    let (bad, good) = ([Value::I64(99)], [Value::I64(1)]);
    let holder = hold(&backend).await;
    let release = async {
        tokio::task::yield_now().await;
        drop(holder);
    };
    let send = async |params: &[Value<'_>]| {
        backend.run(statement(Access::Write, reply, params), &mut ignore).await
    };
    let (first, refused, kept, ()) =
        tokio::join!(add(&*backend, "a"), send(&bad), send(&good), release);
    first.expect("a note");
    let refused = refused.expect_err("there is no such note");
    assert!(matches!(refused, Error::ForeignKey { .. }), "{refused}");
    kept.expect("a reply");
}

#[tokio::test]
async fn a_group_waits_for_another_process_and_is_busy_in_the_end() {
    let file = File::new();
    let timeout = Duration::from_millis(100);
    let backend = with_tables(file.options().busy_timeout(timeout)).await;
    let stranger = file.stranger();
    let holder = hold(&backend).await;
    let writes = waiting(&backend, &["a", "b", "c"]).await;
    holder.rollback().await.expect("a rollback");
    stranger.execute_batch("BEGIN IMMEDIATE").expect("the lock");
    let release = async {
        tokio::time::sleep(timeout / 2).await;
        stranger.execute_batch("ROLLBACK").expect("the lock is free");
    };
    let (results, ()) = tokio::join!(all(writes), release);
    assert!(results.iter().all(Result::is_ok), "{results:?}");

    let holder = hold(&backend).await;
    let writes = waiting(&backend, &["d", "e"]).await;
    holder.rollback().await.expect("a rollback");
    stranger.execute_batch("BEGIN IMMEDIATE").expect("the lock");
    let results = all(writes).await;
    let busy = |result: &Result<i64>| matches!(result, Err(Error::Busy { .. }));
    assert!(results.iter().all(busy), "{results:?}");
    stranger.execute_batch("ROLLBACK").expect("the lock is free");
    add(&*backend, "f").await.expect("the file is free");
    assert_eq!(count(&*backend).await.expect("a count"), 4);
}

#[tokio::test]
async fn a_group_that_is_open_when_the_database_is_closed_is_committed() {
    let file = File::new();
    let backend = logged(&file).await;
    let holder = hold(&backend).await;
    let mut writes = waiting(&backend, &["a", "b", "c"]).await;
    drop(holder);
    assert!(poll(writes[0].as_mut()).is_pending());
    backend.close().await;
    let results = all(writes).await;
    assert!(results[0].is_ok(), "{results:?}");
    for result in &results[1..] {
        assert!(matches!(result, Ok(_) | Err(Error::Closed)), "{result:?}");
    }
    let written = results.iter().filter(|result| result.is_ok()).count();
    let backend = open(file.options()).await;
    assert_eq!(count(&*backend).await.expect("a count"), written as i64);
}

#[test]
fn a_group_whose_runtime_ends_is_committed_for_those_of_another() {
    let file = File::new();
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(2).enable_all().build().expect("a runtime")
    };
    let here = runtime();
    let backend = here.block_on(logged(&file));
    for round in 0..20 {
        let holder = here.block_on(hold(&backend));
        let there = runtime();
        let mut tasks = Vec::new();
        for number in 0..16 {
            let (backend, title) = (Arc::clone(&backend), format!("{round} {number}"));
            let write = async move { add(&*backend, &title).await };
            if number % 2 == 0 {
                drop(there.spawn(write));
            } else {
                tasks.push(here.spawn(write));
            }
        }
        std::thread::sleep(Duration::from_millis(2));
        drop(holder);
        std::thread::sleep(Duration::from_micros(round * 30));
        drop(there);
        for task in tasks {
            let ended = async { tokio::time::timeout(Duration::from_secs(10), task).await };
            let written = here.block_on(ended).expect("it is answered");
            written.expect("no panic").expect("it is written");
        }
    }
}
