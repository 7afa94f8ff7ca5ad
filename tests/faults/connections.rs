//! A Postgres connection that is killed inside a transaction.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use repo_core::Error;

use crate::ledger::{self, Account, AccountPatch, Books, Pair, audit, transfer, transfer_in};
use crate::site::Schema;

async fn books() -> (Schema, Books, Pair) {
    let schema = Schema::new().await;
    let db = schema.options().pool_size(1).connect().await.expect("the server");
    let (books, pair) = ledger::open(&db).await;
    (schema, books, pair)
}

/// The only connection of the pool works, and has what was confirmed.
async fn works_on(books: &Books, pair: Pair, confirmed: usize) {
    assert_eq!(audit(books, "after it").await, confirmed);
    transfer(books, pair, 1).await.expect("the next operation works");
    assert_eq!(audit(books, "after the next").await, confirmed + 1);
}

#[tokio::test]
async fn killed_in_a_transaction_the_next_statement_is_a_connection_error() {
    let (schema, books, pair) = books().await;
    let result = books.transaction(async |tx| {
        transfer_in(tx, pair, 1).await?;
        schema.kill_transactions().await;
        transfer_in(tx, pair, 1).await
    });
    let error = result.await.expect_err("the connection is gone");
    assert!(matches!(error, Error::Connection { .. }), "{error:?}");
    assert!(error.is_retryable());
    works_on(&books, pair, 0).await;
}

#[tokio::test]
async fn an_error_of_the_lost_connection_that_is_swallowed_fails_the_commit() {
    let (schema, books, pair) = books().await;
    let result: Result<(), Error> = books
        .transaction(async |tx| {
            transfer_in(tx, pair, 1).await?;
            schema.kill_transactions().await;
            let first = transfer_in(tx, pair, 1).await.expect_err("the connection is gone");
            assert!(matches!(first, Error::Connection { .. }), "{first:?}");
            let second = tx.repo::<Account>().count().await.expect_err("nothing goes on");
            assert!(matches!(second, Error::TransactionFailed { .. }), "{second:?}");
            Ok(())
        })
        .await;
    let error = result.expect_err("nothing was committed");
    assert!(matches!(error, Error::TransactionFailed { .. }), "{error:?}");
    works_on(&books, pair, 0).await;
}

#[tokio::test]
async fn a_savepoint_does_not_survive_the_connection() {
    let (schema, books, pair) = books().await;
    let result: Result<(), Error> = books
        .transaction(async |tx| {
            transfer_in(tx, pair, 1).await?;
            let inner: Result<(), Error> = tx
                .transaction(async |inner| {
                    schema.kill_transactions().await;
                    transfer_in(inner, pair, 1).await
                })
                .await;
            inner.expect_err("the connection is gone");
            // As if the inner transaction had been rolled back and all were well.
            Ok(())
        })
        .await;
    result.expect_err("nothing was committed");
    works_on(&books, pair, 0).await;
}

#[tokio::test]
async fn a_commit_without_a_connection_is_unknown_and_runs_no_hook() {
    let (schema, books, pair) = books().await;
    let ran = Arc::new(AtomicBool::new(false));
    let result: Result<(), Error> = books
        .transaction(async |tx| {
            transfer_in(tx, pair, 1).await?;
            let ran = Arc::clone(&ran);
            tx.after_commit(async move { ran.store(true, Ordering::SeqCst) }).await?;
            schema.kill_transactions().await;
            Ok(())
        })
        .await;
    let error = result.expect_err("no answer came");
    assert!(matches!(error, Error::CommitUnknown { .. }), "{error:?}");
    assert!(!error.is_retryable(), "it may have happened");
    assert!(!ran.load(Ordering::SeqCst));
    works_on(&books, pair, 0).await;
}

#[tokio::test]
async fn a_rollback_or_a_drop_without_a_connection_is_what_the_server_did_anyway() {
    let (schema, books, pair) = books().await;
    let transaction = books.begin().await.expect("a transaction");
    transfer_in(&transaction, pair, 1).await.expect("a transfer");
    schema.kill_transactions().await;
    transaction.rollback().await.expect("nothing is there to roll back");
    works_on(&books, pair, 0).await;

    let transaction = books.begin().await.expect("a transaction");
    transfer_in(&transaction, pair, 1).await.expect("a transfer");
    schema.kill_transactions().await;
    drop(transaction);
    works_on(&books, pair, 1).await;
}

#[tokio::test]
async fn the_own_error_of_a_closure_is_not_replaced_by_that_of_its_rollback() {
    #[derive(Debug)]
    enum Failure {
        Refused,
        Database,
    }
    impl From<Error> for Failure {
        fn from(_: Error) -> Self {
            Failure::Database
        }
    }
    let (schema, books, pair) = books().await;
    let result: Result<(), Failure> = books
        .transaction(async |tx| {
            let patch = AccountPatch::new().balance(1_000);
            tx.repo::<Account>().patch(pair.payer, patch).await?;
            schema.kill_transactions().await;
            Err(Failure::Refused)
        })
        .await;
    assert!(matches!(result, Err(Failure::Refused)), "{result:?}");
    works_on(&books, pair, 0).await;
}
