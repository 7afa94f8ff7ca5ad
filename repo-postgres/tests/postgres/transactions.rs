//! Transactions: what commits, what does not, and what is said about it.

use repo_core::backend::{Access, Backend, Connection};
use repo_core::{Error, Isolation, Result, TransactionOptions, Value};

use crate::scratch::{
    CREATE_NOTES, INSERT_NOTE, Scratch, count, no_rows, note, script, statement, write,
};

async fn insert(transaction: &mut dyn Connection, id: i32) -> Result<u64> {
    let params = note(id, "a note");
    transaction.run(statement(INSERT_NOTE, &params, Access::Write), &mut no_rows).await
}

#[tokio::test]
async fn a_commit_keeps_and_a_rollback_undoes() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.options().pool_size(1).connect_backend().await.unwrap();
    script(&db, CREATE_NOTES).await;
    let mut transaction = db.begin(TransactionOptions::new()).await.unwrap();
    insert(&mut *transaction, 1).await.unwrap();
    transaction.commit().await.unwrap();
    let mut transaction = db.begin(TransactionOptions::new()).await.unwrap();
    insert(&mut *transaction, 2).await.unwrap();
    transaction.rollback().await.unwrap();
    assert_eq!(count(&db, "SELECT sum(id) FROM notes").await, 1);
}

#[tokio::test]
async fn a_savepoint_undoes_what_came_after_it() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.options().pool_size(1).connect_backend().await.unwrap();
    script(&db, CREATE_NOTES).await;
    let mut transaction = db.begin(TransactionOptions::new()).await.unwrap();
    insert(&mut *transaction, 1).await.unwrap();
    transaction.savepoint(1).await.unwrap();
    insert(&mut *transaction, 2).await.unwrap();
    transaction.savepoint(2).await.unwrap();
    assert!(insert(&mut *transaction, 2).await.unwrap_err().is_conflict());
    transaction.rollback_to(2).await.unwrap();
    transaction.release(1).await.unwrap();
    transaction.savepoint(1).await.unwrap();
    insert(&mut *transaction, 4).await.unwrap();
    transaction.rollback_to(1).await.unwrap();
    insert(&mut *transaction, 8).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(count(&db, "SELECT sum(id) FROM notes").await, 1 + 2 + 8);
}

#[tokio::test]
async fn a_commit_of_a_failed_transaction_says_so() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.options().pool_size(1).connect_backend().await.unwrap();
    script(&db, CREATE_NOTES).await;
    let before = count(&db, "SELECT pg_backend_pid()::int8").await;
    let mut transaction = db.begin(TransactionOptions::new()).await.unwrap();
    insert(&mut *transaction, 1).await.unwrap();
    assert!(insert(&mut *transaction, 1).await.unwrap_err().is_conflict());
    let error = insert(&mut *transaction, 2).await.unwrap_err();
    assert!(matches!(error, Error::TransactionFailed { .. }), "{error:?}");
    let error = transaction.commit().await.unwrap_err();
    assert!(matches!(error, Error::TransactionFailed { .. }), "{error:?}");
    assert_eq!(count(&db, "SELECT count(*) FROM notes").await, 0);
    assert_eq!(count(&db, "SELECT pg_backend_pid()::int8").await, before);
}

#[tokio::test]
async fn a_constraint_that_is_checked_at_commit_is_the_error_of_the_commit() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.options().pool_size(1).connect_backend().await.unwrap();
    script(&db, CREATE_NOTES).await;
    script(&db, "CREATE TABLE replies (note integer REFERENCES notes INITIALLY DEFERRED)").await;
    let mut transaction = db.begin(TransactionOptions::new()).await.unwrap();
    let reply = [Value::I32(9)];
    let reply = statement("INSERT INTO replies VALUES ($1)", &reply, Access::Write);
    transaction.run(reply, &mut no_rows).await.unwrap();
    let error = transaction.commit().await.unwrap_err();
    assert!(matches!(error, Error::ForeignKey { .. }), "{error:?}");
    // Outside a transaction it is the error of the statement, though the row was already counted.
    let error = db.run(reply, &mut no_rows).await.unwrap_err();
    assert!(matches!(error, Error::ForeignKey { .. }), "{error:?}");
    assert_eq!(count(&db, "SELECT count(*) FROM replies").await, 0);
}

#[tokio::test]
async fn a_read_only_transaction_refuses_a_write() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.options().pool_size(1).connect_backend().await.unwrap();
    script(&db, CREATE_NOTES).await;
    let mut transaction = db.begin(TransactionOptions::new().read_only()).await.unwrap();
    let error = insert(&mut *transaction, 1).await.unwrap_err();
    assert!(matches!(error, Error::ReadOnly { .. }), "{error:?}");
    transaction.rollback().await.unwrap();
    write(&db, INSERT_NOTE, &note(1, "a note")).await.unwrap();
}

#[tokio::test]
async fn two_transactions_that_cannot_be_ordered_are_a_serialization_error() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.options().pool_size(2).connect_backend().await.unwrap();
    script(&db, CREATE_NOTES).await;
    let options = TransactionOptions::new().isolation(Isolation::Serializable);
    let mut first = db.begin(options).await.unwrap();
    let mut second = db.begin(options).await.unwrap();
    for (transaction, id) in [(&mut first, 1), (&mut second, 2)] {
        let sql = "INSERT INTO notes SELECT $1, count(*)::text FROM notes";
        let params = [Value::I32(id)];
        let statement = statement(sql, &params, Access::Write);
        transaction.run(statement, &mut no_rows).await.unwrap();
    }
    first.commit().await.unwrap();
    let error = second.commit().await.unwrap_err();
    assert!(matches!(error, Error::Serialization { .. }), "{error:?}");
    assert!(error.is_retryable());
    assert_eq!(count(&db, "SELECT count(*) FROM notes").await, 1);
}

#[tokio::test]
async fn a_locked_row_is_busy() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.options().pool_size(2).connect_backend().await.unwrap();
    script(&db, CREATE_NOTES).await;
    write(&db, INSERT_NOTE, &note(1, "a note")).await.unwrap();
    let mut holder = db.begin(TransactionOptions::new()).await.unwrap();
    let lock = statement("UPDATE notes SET body = 'locked'", &[], Access::Write);
    holder.run(lock, &mut no_rows).await.unwrap();
    let nowait = "SELECT id FROM notes FOR UPDATE NOWAIT";
    let error = write(&db, nowait, &[]).await.unwrap_err();
    assert!(matches!(error, Error::Busy { .. }), "{error:?}");
    holder.commit().await.unwrap();
}

#[tokio::test]
async fn a_transaction_that_the_server_ended_before_its_commit_is_known_to_be_undone() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.options().pool_size(1).connect_backend().await.unwrap();
    script(&db, CREATE_NOTES).await;
    let mut transaction = db.begin(TransactionOptions::new()).await.unwrap();
    insert(&mut *transaction, 1).await.unwrap();
    let limit = "SET idle_in_transaction_session_timeout = 50";
    transaction.run(statement(limit, &[], Access::Write), &mut no_rows).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let error = transaction.commit().await.unwrap_err();
    assert!(matches!(error, Error::Connection { .. }) && error.is_retryable(), "{error:?}");
    assert_eq!(count(&db, "SELECT count(*) FROM notes").await, 0);
}
