//! Waiting for a connection, closing, and how the backend is doing.

use std::time::Duration;

use repo_core::{Error, TransactionOptions};
use repo_sqlite::Options;

use crate::support::{File, add, add_in, both, count, with_tables};

const SOON: Duration = Duration::from_millis(50);

#[tokio::test]
async fn a_second_writer_waits_and_then_is_told_that_all_are_in_use() {
    let file = File::new();
    let backend = with_tables(file.options().pool_timeout(SOON)).await;
    let connection = backend.begin(TransactionOptions::new()).await.expect("a transaction");
    let error = add(&*backend, "too late").await.expect_err("the writer is taken");
    let Error::PoolTimeout { size: 1, idle: 0, waited } = error else { panic!("{error}") };
    assert!(waited >= SOON);
    assert_eq!(count(&*backend).await.expect("readers go on"), 0);
    drop(connection);
    add(&*backend, "in time").await.expect("the writer is free");
}

#[tokio::test]
async fn the_readers_are_as_many_as_were_asked_for() {
    let file = File::new();
    let backend = with_tables(file.options().readers(2).pool_timeout(SOON)).await;
    let read_only = TransactionOptions::new().read_only();
    let first = backend.begin(read_only).await.expect("one reader");
    let second = backend.begin(read_only).await.expect("another");
    let error = count(&*backend).await.expect_err("none is left");
    assert!(matches!(error, Error::PoolTimeout { size: 2, .. }), "{error}");
    add(&*backend, "meanwhile").await.expect("the writer goes on");
    drop((first, second));
    assert_eq!(count(&*backend).await.expect("a reader"), 1);
}

#[tokio::test]
async fn one_connection_can_do_everything_with_a_file_too() {
    let file = File::new();
    let backend = with_tables(file.options().readers(0).pool_timeout(SOON)).await;
    let connection = backend.begin(TransactionOptions::new().read_only()).await.expect("it");
    let error = count(&*backend).await.expect_err("it is taken");
    assert!(matches!(error, Error::PoolTimeout { size: 1, .. }), "{error}");
    drop(connection);
    add(&*backend, "a write").await.expect("the same again");
    assert_eq!(backend.health().await.expect("an answer").size, 1);
}

#[tokio::test]
async fn health_tells_how_many_connections_there_are() {
    let file = File::new();
    let backend = with_tables(file.options().readers(3)).await;
    let health = backend.health().await.expect("an answer");
    assert_eq!((health.size, health.idle), (4, 2));
    let connection = backend.begin(TransactionOptions::new()).await.expect("a transaction");
    assert_eq!(backend.health().await.expect("an answer").idle, 1);
    drop(connection);

    let memory = Options::new("sqlite::memory:").expect("the URL");
    let health = with_tables(memory).await.health().await.expect("an answer");
    assert_eq!((health.size, health.idle), (1, 1));
}

#[tokio::test]
async fn after_close_what_is_running_ends_and_nothing_begins() {
    for (name, backend, _file) in both().await {
        let mut connection = backend.begin(TransactionOptions::new()).await.expect(name);
        let waiting = tokio::spawn({
            let backend = backend.clone();
            async move { add(&*backend, "waiting").await }
        });
        tokio::task::yield_now().await;
        backend.close().await;
        backend.close().await;
        assert!(matches!(waiting.await.expect("no panic"), Err(Error::Closed)), "{name}");
        add_in(&mut *connection, "running").await.expect(name);
        connection.commit().await.expect(name);
        for result in [add(&*backend, "x").await, count(&*backend).await] {
            assert!(matches!(result, Err(Error::Closed)), "{name}: {result:?}");
        }
        assert!(matches!(backend.begin(TransactionOptions::new()).await, Err(Error::Closed)));
        assert!(matches!(backend.health().await, Err(Error::Closed)));
    }
}

#[tokio::test]
async fn more_readers_than_there_can_be_are_refused() {
    let file = File::new();
    let refused = file.options().readers(usize::MAX).connect().await.map(drop);
    assert!(matches!(refused, Err(Error::Configuration { .. })), "{refused:?}");
}
