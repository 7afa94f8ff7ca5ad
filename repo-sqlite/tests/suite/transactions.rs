//! Transactions: what is kept, what is undone, and what ends them.

use repo_core::backend::Access;
use repo_core::{Error, Isolation, TransactionOptions, Value};

use crate::support::{
    File, INSERT, Titles, add, add_in, both, count, ignore, integer, statement, text, with_tables,
};

fn read_only() -> TransactionOptions {
    TransactionOptions::new().read_only()
}

#[tokio::test]
async fn what_is_committed_stays_and_what_is_dropped_or_rolled_back_does_not() {
    for (name, backend, _file) in both().await {
        let mut kept = backend.begin(TransactionOptions::new()).await.expect(name);
        add_in(&mut *kept, "kept").await.expect(name);
        kept.insert(Titles::numbered(3).insert()).await.expect(name);
        kept.commit().await.expect(name);

        let mut rolled_back = backend.begin(TransactionOptions::new()).await.expect(name);
        add_in(&mut *rolled_back, "rolled back").await.expect(name);
        rolled_back.rollback().await.expect(name);

        let mut dropped = backend.begin(TransactionOptions::new()).await.expect(name);
        add_in(&mut *dropped, "dropped").await.expect(name);
        drop(dropped);
        assert_eq!(count(&*backend).await.expect(name), 4, "{name}");
    }
}

#[tokio::test]
async fn a_savepoint_undoes_what_came_after_it_alone() {
    for (name, backend, _file) in both().await {
        let mut connection = backend.begin(TransactionOptions::new()).await.expect(name);
        add_in(&mut *connection, "outside").await.expect(name);
        connection.savepoint(1).await.expect(name);
        add_in(&mut *connection, "kept").await.expect(name);
        connection.savepoint(2).await.expect(name);
        add_in(&mut *connection, "undone").await.expect(name);
        add_in(&mut *connection, "undone").await.expect_err("the title is taken");
        connection.rollback_to(2).await.expect(name);
        connection.release(1).await.expect(name);
        connection.savepoint(1).await.expect("the level is free again");
        connection.release(1).await.expect(name);
        connection.commit().await.expect(name);
        assert_eq!(count(&*backend).await.expect(name), 2, "{name}");
    }
}

#[tokio::test]
async fn a_write_in_a_read_only_transaction_is_refused_and_later_ones_are_not() {
    for (name, backend, _file) in both().await {
        let mut connection = backend.begin(read_only()).await.expect(name);
        let error = add_in(&mut *connection, "never").await.expect_err(name);
        assert!(matches!(error, Error::ReadOnly { .. }), "{name}: {error}");
        drop(connection);
        add(&*backend, "after a drop").await.expect(name);

        let connection = backend.begin(read_only()).await.expect(name);
        connection.commit().await.expect(name);
        add(&*backend, "after a commit").await.expect(name);
    }
}

#[tokio::test]
async fn a_read_only_transaction_sees_one_snapshot() {
    let file = File::new();
    let backend = file.notes().await;
    let options = read_only().isolation(Isolation::RepeatableRead);
    let mut connection = backend.begin(options).await.expect("a transaction");
    for _ in 0..3 {
        let mut seen = None;
        let sql = "SELECT count(*) FROM notes";
        let read = statement(Access::Read, sql, &[]);
        connection
            .run(read, &mut |row| {
                seen = Some(integer(row)?);
                Ok(())
            })
            .await
            .expect("a read");
        assert_eq!(seen, Some(0));
        let title = count(&*backend).await.expect("a count").to_string();
        add(&*backend, &title).await.expect("a write beside it");
    }
    assert_eq!(count(&*backend).await.expect("a count"), 3);
}

#[tokio::test]
async fn a_transaction_that_sqlite_ended_neither_goes_on_nor_commits() {
    let file = File::new();
    let backend = file.notes().await;
    let mut connection = backend.begin(TransactionOptions::new()).await.expect("a transaction");
    add_in(&mut *connection, "before").await.expect("a write");
    let abort = "INSERT OR ROLLBACK INTO notes (title) VALUES ('before')";
    let error = connection.run(statement(Access::Write, abort, &[]), &mut ignore).await;
    assert!(error.expect_err("the title is taken").is_conflict());
    let after = add_in(&mut *connection, "after").await.expect_err("nothing goes on");
    assert!(matches!(after, Error::TransactionFailed { .. }), "{after}");
    let point = connection.rollback_to(1).await.expect_err("no savepoint is left");
    assert!(matches!(point, Error::TransactionFailed { .. }), "{point}");
    let commit = connection.commit().await.expect_err("nothing to commit");
    assert!(matches!(commit, Error::TransactionFailed { .. }), "{commit}");
    assert_eq!(count(&*backend).await.expect("a count"), 0);
}

#[tokio::test]
async fn a_commit_that_a_deferred_key_refuses_is_rolled_back() {
    let file = File::new();
    let backend = file.notes().await;
    let mut connection = backend.begin(TransactionOptions::new()).await.expect("a transaction");
    add_in(&mut *connection, "with a bad comment").await.expect("a write");
    let script = "PRAGMA defer_foreign_keys = ON; INSERT INTO comments (note_id) VALUES (9);";
    connection.execute_script(script).await.expect("the key is checked at the end");
    let error = connection.commit().await.expect_err("the key is checked now");
    assert!(matches!(error, Error::ForeignKey { .. }), "{error}");
    assert_eq!(count(&*backend).await.expect("a count"), 0);
}

#[tokio::test]
async fn a_full_disk_is_an_error_and_nothing_is_half_written() {
    let file = File::new();
    let options = file.options().pragma("max_page_count", "40").expect("a free pragma");
    let backend = with_tables(options).await;
    let page = "x".repeat(3_000);
    let fill = async |title: &str| {
        let title = format!("{title} {page}");
        let params = [text(&title), Value::I64(0)];
        backend.run(statement(Access::Write, INSERT, &params), &mut ignore).await
    };
    let mut written = 0;
    let error = loop {
        match fill(&written.to_string()).await {
            Ok(_) => written += 1,
            Err(error) => break error,
        }
    };
    assert!(
        matches!(&error, Error::StorageFull { source } if source.code.as_deref() == Some("13")),
        "{error}"
    );
    assert_eq!(count(&*backend).await.expect("reads go on"), written);

    let titles = Titles((0..100).map(|n| format!("{n} {page}")).collect());
    backend.insert(titles.insert()).await.expect_err("the disk is full");
    assert_eq!(count(&*backend).await.expect("reads go on"), written);
    let delete = statement(Access::Write, "DELETE FROM notes WHERE id > 2", &[]);
    backend.run(delete, &mut ignore).await.expect("a delete needs no room");
    fill("again").await.expect("there is room again");
}
