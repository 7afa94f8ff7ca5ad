//! Many tasks at once: nothing is lost, nobody meets a lock, everybody has a turn.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use repo_core::TransactionOptions;
use repo_core::backend::Backend;
use repo_sqlite::Synchronous;
use tokio::task::JoinSet;

use crate::support::{File, add, add_in, count, with_tables};

const TASKS: usize = 64;

/// How long the tasks write; the issue of a longer run is the same.
fn run_time() -> Duration {
    let seconds = std::env::var("REPO_TEST_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or(2))
}

/// Adds notes and counts them until the time is over. Returns how many it added.
async fn work(backend: Arc<dyn Backend>, task: usize, added: Arc<AtomicI64>) -> i64 {
    let end = Instant::now() + run_time();
    let mut own = 0;
    while Instant::now() < end {
        let title = format!("{task} {own}");
        if own % 4 == 3 {
            let mut connection =
                backend.begin(TransactionOptions::new()).await.expect("a transaction");
            add_in(&mut *connection, &title).await.expect("a write in a transaction");
            connection.commit().await.expect("a commit");
        } else {
            add(&*backend, &title).await.expect("a write");
        }
        own += 1;
        let before = added.fetch_add(1, Ordering::SeqCst);
        assert!(count(&*backend).await.expect("a read") > before, "what was committed is seen");
    }
    own
}

async fn many_tasks() {
    let file = File::new();
    let backend = with_tables(file.options().synchronous(Synchronous::Normal)).await;
    let added = Arc::new(AtomicI64::new(0));
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        tasks.spawn(work(Arc::clone(&backend), task, Arc::clone(&added)));
    }
    let each: Vec<i64> = tasks.join_all().await;
    assert_eq!(count(&*backend).await.expect("a count"), each.iter().sum::<i64>());
    assert!(each.iter().all(|own| *own > 0), "everybody had a turn: {each:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tasks_on_many_threads_lose_nothing() {
    many_tasks().await;
}

#[tokio::test(flavor = "current_thread")]
async fn tasks_on_one_thread_lose_nothing() {
    many_tasks().await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_task_that_never_waits_leaves_the_thread_to_others() {
    let file = File::new();
    let backend = file.notes().await;
    let greedy = async {
        loop {
            count(&*backend).await.expect("a read");
        }
    };
    let stopped = tokio::time::timeout(Duration::from_millis(20), greedy).await;
    assert!(stopped.is_err(), "the timer had its turn");
}
