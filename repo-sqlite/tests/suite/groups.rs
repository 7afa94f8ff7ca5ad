//! Writes of many tasks that share a commit: each is answered for itself, and after it is kept.

use std::fs;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use repo_core::backend::{Access, Backend};
use repo_core::{Error, Result, TransactionOptions, Value};
use repo_sqlite::Synchronous;
use tokio::task::JoinSet;

use crate::support::{File, INSERT, Titles, add, count, open, statement, text, with_tables};

const TASKS: usize = 64;

/// Rolls back, for who writes this title, and for all who share the transaction.
pub(crate) const NEVER: &str = "CREATE TRIGGER never BEFORE INSERT ON notes \
    WHEN NEW.title = 'never' BEGIN SELECT RAISE(ROLLBACK, 'never'); END";

/// A file whose log keeps all commits.
pub(crate) async fn logged(file: &File) -> Arc<dyn Backend> {
    let options = file.options().pragma("wal_autocheckpoint", "0").expect("a number");
    with_tables(options.synchronous(Synchronous::Normal)).await
}

/// How many commits are in the log: the last frame of each says how large the file is then.
pub(crate) fn commits(file: &File) -> usize {
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
pub(crate) async fn hold(backend: &Arc<dyn Backend>) -> Box<dyn repo_core::backend::Connection> {
    backend.begin(TransactionOptions::new()).await.expect("a transaction")
}

/// Writes of these titles, each begun and waiting.
pub(crate) async fn waiting(backend: &Arc<dyn Backend>, titles: &[&str]) -> Vec<Write> {
    let mut writes: Vec<Write> = Vec::new();
    for title in titles {
        let (backend, title) = (Arc::clone(backend), (*title).to_owned());
        let mut write: Write = Box::pin(async move { add(&*backend, &title).await });
        queue(write.as_mut());
        writes.push(write);
    }
    writes
}

/// Begins what has to wait for the connection, so that it is next in the queue. A thread that was busy for long lets
/// others have their turn before: a new one was not.
pub(crate) fn queue<F: Future + Send + ?Sized>(future: Pin<&mut F>)
where
    F::Output: Send,
{
    let runtime = tokio::runtime::Handle::current();
    let first = || {
        let _runtime = runtime.enter();
        poll(future).is_pending()
    };
    let waits = std::thread::scope(|scope| scope.spawn(first).join()).expect("no panic");
    assert!(waits, "it waits");
}

/// Makes an attempt until its writes met in one group, each in a file of its own. On a busy machine they may not:
/// a statement that had to wait for a processor is taken to be long, and a group does not wait for ever.
pub(crate) async fn until_they_meet(attempt: impl AsyncFn(File) -> bool) {
    for _ in 0..50 {
        if attempt(File::new()).await {
            return;
        }
    }
    panic!("they never met in one group");
}

pub(crate) type Write = Pin<Box<dyn Future<Output = Result<i64>> + Send>>;

pub(crate) fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

pub(crate) async fn all(writes: Vec<Write>) -> Vec<Result<i64>> {
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
    let on_row = &mut |row: &dyn repo_core::backend::Row| {
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
    until_they_meet(async |file| {
        let backend = logged(&file).await;
        let before = commits(&file);
        let holder = hold(&backend).await;
        let writes = waiting(&backend, &["a", "b", "a", "c", "b"]).await;
        drop(holder);
        let results = all(writes).await;
        let conflicts =
            results.iter().filter(|result| result.as_ref().is_err_and(Error::is_conflict));
        assert_eq!(conflicts.count(), 2, "{results:?}");
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 3, "{results:?}");
        assert_eq!(count(&*backend).await.expect("a count"), 3);
        commits(&file) - before == 1
    })
    .await;
}

#[tokio::test]
async fn a_few_rows_join_too_and_fail_alone() {
    until_they_meet(async |file| {
        let backend = logged(&file).await;
        add(&*backend, "a").await.expect("a row");
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
            insert(&["b", "c"]),
            insert(&["d", "a"]),
            insert(&["e", "refused"]),
            add(&*backend, "f"),
            release
        );
        assert_eq!(first.expect("two rows").len(), 2);
        let second = second.expect_err("`a` is taken");
        assert_eq!((second.row(), second.is_conflict()), (Some(1), true), "{second}");
        assert!(third.expect_err("it is refused").is_invalid_input());
        fourth.expect("a row");
        assert_eq!(count(&*backend).await.expect("a count"), 4);
        commits(&file) - before == 1
    })
    .await;
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
    until_they_meet(async |file| {
        let backend = logged(&file).await;
        let holder = hold(&backend).await;
        let mut writes = waiting(&backend, &["a", "b"]).await;
        drop(holder);
        // The first opens the group and waits for its commit.
        let waits = poll(writes[0].as_mut()).is_pending();
        drop(writes.remove(0));
        assert!(all(writes).await.remove(0).is_ok());
        waits && count(&*backend).await.expect("a count") == 2
    })
    .await;
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
            let on_row = &mut |_: &dyn repo_core::backend::Row| match number % 3 {
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
