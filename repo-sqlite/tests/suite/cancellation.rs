//! Futures dropped wherever they wait: the connection is clean, and the only one is never lost.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use repo_core::TransactionOptions;

use crate::support::{File, Titles, add, add_in, both, count};

/// Polls `future` at most `polls` times and drops it.
fn poll_some<F: Future>(future: F, polls: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..polls {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return Some(output);
        }
    }
    None
}

#[tokio::test]
async fn an_insert_dropped_half_way_leaves_nothing() {
    for (name, backend, _file) in both().await {
        let titles = Titles::numbered(5_000);
        for polls in 1..=4 {
            assert!(poll_some(backend.insert(titles.insert()), polls).is_none(), "{name}");
            assert_eq!(count(&*backend).await.expect(name), 0, "{name}");
        }
        assert_eq!(backend.insert(titles.insert()).await.expect(name).len(), 5_000);
    }
}

#[tokio::test]
async fn a_thousand_cancelled_transactions_leave_one_clean_connection() {
    for (name, backend, _file) in both().await {
        for round in 0..1_000_usize {
            let transaction = async {
                let mut connection =
                    backend.begin(TransactionOptions::new()).await.expect("a transaction");
                for step in 0..round % 7 {
                    add_in(&mut *connection, &format!("{round} {step}")).await.expect("a write");
                    tokio::task::yield_now().await;
                }
                connection.savepoint(1).await.expect("a savepoint");
                tokio::task::yield_now().await;
                add_in(&mut *connection, &format!("{round} last")).await.expect("a write");
                std::future::pending::<()>().await;
            };
            assert!(poll_some(transaction, 1 + round % 9).is_none());
        }
        add(&*backend, "the only one").await.expect(name);
        assert_eq!(count(&*backend).await.expect(name), 1, "{name}");
    }
}

#[tokio::test]
async fn a_thousand_cancelled_waits_do_not_use_up_the_connections() {
    for (name, backend, _file) in both().await {
        let connection = backend.begin(TransactionOptions::new()).await.expect(name);
        for polls in 0..1_000 {
            assert!(poll_some(add(&*backend, "waiting"), polls % 3).is_none());
        }
        drop(connection);
        add(&*backend, "in time").await.expect(name);
        assert_eq!(count(&*backend).await.expect(name), 1, "{name}");
    }
}

#[tokio::test]
async fn a_wait_for_another_process_can_be_cancelled() {
    let file = File::new();
    let backend = file.notes().await;
    let stranger = file.stranger();
    stranger.execute_batch("BEGIN IMMEDIATE").expect("the lock");
    for _ in 0..20 {
        let waiting = tokio::time::timeout(Duration::from_millis(2), add(&*backend, "waiting"));
        waiting.await.expect_err("the file is locked");
        let titles = Titles::numbered(2);
        let waiting =
            tokio::time::timeout(Duration::from_millis(2), backend.insert(titles.insert()));
        waiting.await.expect_err("the file is locked");
    }
    stranger.execute_batch("ROLLBACK").expect("the lock is free");
    add(&*backend, "now").await.expect("a write");
    assert_eq!(count(&*backend).await.expect("a count"), 1);
}
