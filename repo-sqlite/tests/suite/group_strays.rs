//! Members of a group that are not as the others are: nobody polls them, they are several rows, or their keys are
//! checked at the commit.

use std::sync::Arc;
use std::time::Duration;

use repo_core::backend::Access;
use repo_core::{Error, Value};
use tokio::time::timeout;

use crate::groups::{NEVER, all, hold, logged, poll, waiting};
use crate::support::{File, Titles, add, count, ignore, statement, with_tables};

const SOON: Duration = Duration::from_secs(5);

#[tokio::test]
async fn writes_that_are_begun_together_can_be_awaited_one_after_the_other() {
    let file = File::new();
    let backend = logged(&file).await;
    let holder = hold(&backend).await;
    let mut writes = waiting(&backend, &["a", "b"]).await;
    drop(holder);
    let (b, a) = (writes.pop().expect("b"), writes.pop().expect("a"));
    timeout(SOON, a).await.expect("it does not wait for b").expect("a row");
    let lock = file.stranger().execute_batch("BEGIN IMMEDIATE; ROLLBACK");
    lock.expect("nothing is left open");
    timeout(SOON, b).await.expect("its turn came").expect("a row");
}

#[test]
fn a_runtime_that_rests_keeps_nobody_else_waiting() {
    let file = File::new();
    let mut there = tokio::runtime::Builder::new_multi_thread();
    let there = there.worker_threads(2).enable_all().build().expect("a runtime");
    let mut here = tokio::runtime::Builder::new_current_thread();
    let here = here.enable_all().build().expect("a runtime");
    let backend = there.block_on(logged(&file));
    let holder = there.block_on(hold(&backend));
    let second = here.block_on(async {
        let mut writes = waiting(&backend, &["a"]).await;
        let beside = Arc::clone(&backend);
        let second = there.spawn(async move { add(&*beside, "b").await });
        std::thread::sleep(Duration::from_millis(50));
        drop(holder);
        assert!(poll(writes[0].as_mut()).is_pending());
        // Given up, as by a timeout.
        drop(writes);
        Some(second)
    });
    let second = there.block_on(async { timeout(SOON, second.expect("it began")).await });
    second.expect("it does not wait for the other runtime").expect("no panic").expect("a row");
    let lock = file.stranger().execute_batch("BEGIN IMMEDIATE; ROLLBACK");
    lock.expect("nothing is left open");
}

#[tokio::test]
async fn a_few_rows_that_roll_back_fail_the_others_with_an_error_to_try_again() {
    let file = File::new();
    let backend = logged(&file).await;
    file.stranger().execute_batch(NEVER).expect("a trigger");
    let holder = hold(&backend).await;
    let few = async {
        let titles = Titles(vec!["x".to_owned(), "never".to_owned()]);
        backend.insert(titles.insert()).await
    };
    let release = async {
        tokio::task::yield_now().await;
        drop(holder);
    };
    let (a, never, ()) = tokio::join!(add(&*backend, "a"), few, release);
    let a = a.expect_err("its transaction is gone");
    assert!(a.is_retryable(), "{a:?}");
    let never = never.expect_err("the trigger refuses it");
    assert!(!never.is_retryable(), "{never:?}");
    assert_eq!(count(&*backend).await.expect("a count"), 0);
}

const REPLIES: &str = "create table replies (id integer primary key,
    note_id integer references notes (id) deferrable initially deferred) strict";

#[tokio::test]
async fn a_key_that_is_checked_at_the_commit_is_seen_whatever_case_matters() {
    let file = File::new();
    let options = file.options().pragma("case_sensitive_like", "ON").expect("a free pragma");
    let backend = with_tables(options).await;
    file.stranger().execute_batch(REPLIES).expect("a table");
    let holder = hold(&backend).await;
    let release = async {
        tokio::task::yield_now().await;
        drop(holder);
    };
    let reply = async |to: i64| {
        let params = [Value::I64(to)];
        let sql = "INSERT INTO replies (note_id) VALUES (?1)";
        backend.run(statement(Access::Write, sql, &params), &mut ignore).await
    };
    let (note, refused, ()) = tokio::join!(add(&*backend, "a"), reply(99), release);
    assert_eq!(note.expect("nothing is wrong with it"), 1);
    assert!(matches!(refused, Err(Error::ForeignKey { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_key_that_comes_while_a_group_waits_to_begin_is_seen() {
    let file = File::new();
    let backend = file.notes().await;
    let stranger = file.stranger();
    let holder = hold(&backend).await;
    let mut writes = waiting(&backend, &["a", "b"]).await;
    holder.rollback().await.expect("a rollback");
    let reply = "CREATE TRIGGER reply AFTER INSERT ON notes WHEN NEW.title = 'b' \
        BEGIN INSERT INTO replies (note_id) VALUES (99); END";
    stranger.execute_batch(&format!("BEGIN IMMEDIATE; {REPLIES}; {reply}")).expect("a table");
    assert!(poll(writes[0].as_mut()).is_pending());
    stranger.execute_batch("COMMIT").expect("a commit");
    let results = all(writes).await;
    assert!(results[0].is_ok(), "{results:?}");
    assert!(matches!(results[1], Err(Error::ForeignKey { .. })), "{results:?}");
}
