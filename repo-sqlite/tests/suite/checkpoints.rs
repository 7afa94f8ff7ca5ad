//! The write-ahead log: it is moved into the file in time, and gone when the database is closed.

use std::sync::Arc;

use repo_core::backend::{Access, Backend};
use repo_core::{Error, TransactionOptions};
use repo_sqlite::Synchronous;
use tokio::task::JoinSet;

use crate::support::{File, add, count, ignore, statement, with_tables};

const PAGE: usize = 4_096;

fn log_pages(file: &File) -> usize {
    let log = std::fs::metadata(file.folder.path().join("notes.db-wal")).expect("a log");
    usize::try_from(log.len()).expect("a size") / PAGE
}

async fn write(backend: &dyn Backend, from: usize, rows: usize) {
    for number in from..from + rows {
        let title = format!("{number} {}", "x".repeat(2_000));
        add(backend, &title).await.expect("a write");
    }
}

#[tokio::test]
async fn the_log_does_not_grow_while_tasks_write_and_readers_come_and_go() {
    let file = File::new();
    let backend = with_tables(file.options().synchronous(Synchronous::Normal)).await;
    let mut tasks = JoinSet::new();
    for task in 0..16 {
        let backend = Arc::clone(&backend);
        tasks.spawn(async move { write(&*backend, task * 1_000, 150).await });
    }
    for _ in 0..2 {
        let backend = Arc::clone(&backend);
        tasks.spawn(async move {
            for _ in 0..100 {
                count(&*backend).await.expect("a read");
                tokio::task::yield_now().await;
            }
        });
    }
    tasks.join_all().await;
    assert!(log_pages(&file) < 2_500, "{} pages", log_pages(&file));
    assert_eq!(count(&*backend).await.expect("a count"), 16 * 150);
}

#[tokio::test]
async fn a_reader_that_keeps_the_log_delays_it_and_nothing_else() {
    let file = File::new();
    let options = file.options().pragma("wal_autocheckpoint", "100").expect("a number");
    let backend = with_tables(options.synchronous(Synchronous::Normal)).await;
    let read_only = TransactionOptions::new().read_only();
    let mut reader = backend.begin(read_only).await.expect("a transaction");
    let all = statement(Access::Read, "SELECT count(*) FROM notes", &[]);
    reader.run(all, &mut ignore).await.expect("a snapshot");
    write(&*backend, 0, 400).await;
    let kept = log_pages(&file);
    assert!(kept > 800, "the reader keeps {kept} pages");
    drop(reader);
    write(&*backend, 400, 400).await;
    let later = log_pages(&file);
    assert!(later < kept + 300, "the log is used again: {kept}, then {later} pages");
}

#[tokio::test]
async fn the_pages_at_which_it_is_moved_can_be_chosen() {
    let file = File::new();
    let options = file.options().pragma("wal_autocheckpoint", "0").expect("a number");
    let backend = with_tables(options.synchronous(Synchronous::Normal)).await;
    write(&*backend, 0, 800).await;
    assert!(log_pages(&file) > 1_500, "never: {} pages", log_pages(&file));
    backend.close().await;
    assert!(!file.folder.path().join("notes.db-wal").exists(), "all is in the file");

    let refused = file.options().pragma("WAL_autocheckpoint", "often").expect_err("no number");
    assert!(matches!(refused, Error::Configuration { .. }), "{refused}");
}
