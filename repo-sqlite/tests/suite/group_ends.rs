//! What goes wrong beside or around a group of writes: the disk, a trigger, another process, the end of the
//! database or of a runtime.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use repo_core::backend::Access;
use repo_core::{Error, Result, TransactionOptions, Value};

use crate::groups::{NEVER, all, hold, logged, poll, queue, until_they_meet, waiting};
use crate::support::{File, add, add_in, count, ignore, open, statement, with_tables};

#[tokio::test]
async fn a_full_disk_fails_the_whole_group_and_nothing_of_it_is_there() {
    let file = File::new();
    let options = file.options().pragma("max_page_count", "40").expect("a free pragma");
    let backend = with_tables(options).await;
    let page = "x".repeat(3_000);
    let mut written = 0;
    let (mut full, mut undone) = (0, 0);
    for round in 0..12 {
        let holder = hold(&backend).await;
        let titles: Vec<String> = (0..6).map(|number| format!("{round} {number} {page}")).collect();
        let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
        let writes = waiting(&backend, &titles).await;
        drop(holder);
        for result in all(writes).await {
            match result {
                Ok(_) => written += 1,
                Err(Error::StorageFull { .. }) => full += 1,
                Err(error) if error.is_retryable() => undone += 1,
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(count(&*backend).await.expect("reads go on"), written, "{round}");
    }
    assert!(written > 0 && full > 0, "{written}, {full}, {undone}");
    let delete = statement(Access::Write, "DELETE FROM notes WHERE id > 2", &[]);
    backend.run(delete, &mut ignore).await.expect("a delete needs no room");
    add(&*backend, &page).await.expect("there is room again");
}

#[tokio::test]
async fn a_trigger_that_rolls_back_fails_the_others_with_an_error_to_try_again() {
    until_they_meet(async |file| {
        let backend = logged(&file).await;
        file.stranger().execute_batch(NEVER).expect("a trigger");
        let holder = hold(&backend).await;
        let writes = waiting(&backend, &["a", "never", "b"]).await;
        drop(holder);
        let results = all(writes).await;
        let never = results[1].as_ref().expect_err("the trigger refuses it");
        assert!(!never.is_retryable(), "{never:?}");
        let written = results.iter().filter(|result| result.is_ok()).count();
        assert_eq!(count(&*backend).await.expect("a count"), written as i64);
        let (Err(first), Ok(_)) = (&results[0], &results[2]) else { return false };
        assert!(first.is_retryable(), "its transaction is gone: {first:?}");
        assert!(
            !format!("{first:?}").contains("never"),
            "it tells nothing of the other: {first:?}"
        );
        true
    })
    .await;
}

#[tokio::test]
async fn a_transaction_between_them_sees_what_was_before_and_delays_no_answer() {
    let file = File::new();
    let backend = logged(&file).await;
    let holder = hold(&backend).await;
    let before = waiting(&backend, &["a", "b"]).await;
    let mut begin = pin!(backend.begin(TransactionOptions::new()));
    queue(begin.as_mut());
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
    add(&*backend, "a").await.expect("a note");
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
        tokio::join!(add(&*backend, "b"), send(&bad), send(&good), release);
    first.expect("a note");
    let refused = refused.expect_err("there is no such note");
    assert!(matches!(refused, Error::ForeignKey { .. }), "{refused}");
    kept.expect("a reply");
}

#[tokio::test]
async fn a_group_waits_for_another_process_and_is_busy_in_the_end() {
    let file = File::new();
    let timeout = Duration::from_millis(500);
    let backend = with_tables(file.options().busy_timeout(timeout)).await;
    let stranger = file.stranger();
    let holder = hold(&backend).await;
    let writes = waiting(&backend, &["a", "b", "c"]).await;
    holder.rollback().await.expect("a rollback");
    stranger.execute_batch("BEGIN IMMEDIATE").expect("the lock");
    let release = async {
        tokio::time::sleep(timeout / 10).await;
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
    until_they_meet(async |file| {
        let backend = logged(&file).await;
        let holder = hold(&backend).await;
        let mut writes = waiting(&backend, &["a", "b", "c"]).await;
        drop(holder);
        if poll(writes[0].as_mut()).is_ready() {
            return false;
        }
        backend.close().await;
        let results = all(writes).await;
        for result in &results {
            assert!(matches!(result, Ok(_) | Err(Error::Closed)), "{result:?}");
        }
        let written = results.iter().filter(|result| result.is_ok()).count();
        let backend = open(file.options()).await;
        assert_eq!(count(&*backend).await.expect("a count"), written as i64);
        results[0].is_ok()
    })
    .await;
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
