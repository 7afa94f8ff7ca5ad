//! Futures dropped at any await, on a pool of one connection: nothing is half written, and the
//! connection answers the next question and no earlier one.

use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use repo_core::{Error, Result, WindowRequest};
use uuid::Uuid;

use crate::ledger::{self, Account, Books, Pair, audit, transfer, transfer_in};
use crate::site::with_one_connection;

const ROUNDS: usize = 1_000;
/// How many rows are created at once.
const BATCH: usize = 5;

/// Numbers that look random and are the same at each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0 * 48_271 % 0x7fff_ffff;
        usize::try_from(self.0).expect("31 bits") % limit
    }
}

/// Drops `future` when it waits for the `awaits`th time. `None`: it did not end before.
async fn cancelled_at<F: Future>(awaits: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = awaits;
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}

#[tokio::test]
async fn a_thousand_cancelled_operations_leave_one_clean_connection() {
    a_thousand_times().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_on_several_threads() {
    a_thousand_times().await;
}

async fn a_thousand_times() {
    for (case, db, _site) in with_one_connection().await {
        let (books, pair) = ledger::open(&db).await;
        let mut numbers = Numbers(20_250_615);
        let (mut cancelled, mut done) = (0, 0);
        for round in 0..ROUNDS {
            let (kind, awaits) = (numbers.below(6), numbers.below(40));
            match cancelled_at(awaits, operation(&books, pair, kind, round)).await {
                Some(result) => {
                    result.unwrap_or_else(|error| panic!("{case}, {kind}: {error:?}"));
                    done += 1;
                }
                None => cancelled += 1,
            }
            answers_right(&books, pair, case).await;
        }
        assert!(cancelled > ROUNDS / 10 && done > ROUNDS / 10, "{case}: {cancelled}, {done}");
        audit(&books, case).await;
        check_batches(&books, case).await;
        transfer(&books, pair, 1).await.expect(case);
    }
}

async fn operation(books: &Books, pair: Pair, kind: usize, round: usize) -> Result<()> {
    match kind {
        0 => transfer(books, pair, 1).await,
        1 => create_batch(books, round).await,
        2 => {
            let transaction = books.begin().await?;
            transfer_in(&transaction, pair, 1).await?;
            create_batch(&transaction, round).await?;
            transaction.commit().await
        }
        // Never ends by itself, but in a transaction whose savepoint is open.
        3 => {
            let outer = books.begin().await?;
            transfer_in(&outer, pair, 1).await?;
            let inner = outer.begin().await?;
            create_batch(&inner, round).await?;
            loop {
                tokio::task::yield_now().await;
            }
        }
        // One of the two waits for the connection of the other.
        4 => {
            let (left, right) = tokio::join!(transfer(books, pair, 1), create_batch(books, round));
            left.and(right)
        }
        _ => {
            let accounts = books.repo::<Account>();
            accounts.get_many([pair.payee, pair.payer]).await?;
            accounts.query().window(WindowRequest::last(100)).await.map(drop)
        }
    }
}

async fn create_batch(books: &Books, round: usize) -> Result<()> {
    let batch = (0..BATCH).map(|number| ledger::account(format!("{round}:{number}")));
    books.repo::<Account>().create_many(batch).await.map(drop)
}

/// The next answer belongs to the next question.
async fn answers_right(books: &Books, pair: Pair, case: &str) {
    let accounts = books.repo::<Account>();
    assert_eq!(accounts.get(pair.payee).await.expect(case).name, "payee", "{case}");
    assert!(!accounts.exists(Uuid::nil()).await.expect(case), "{case}");
}

/// Each batch is there as a whole or not at all.
async fn check_batches(books: &Books, case: &str) {
    let mut batches: HashMap<String, usize> = HashMap::new();
    for account in books.repo::<Account>().all().await.expect(case) {
        if let Some((round, _)) = account.name.split_once(':') {
            *batches.entry(round.to_owned()).or_default() += 1;
        }
    }
    assert!(!batches.is_empty(), "{case}");
    assert!(batches.values().all(|count| *count == BATCH), "{case}: {batches:?}");
}

#[tokio::test]
async fn an_operation_cancelled_inside_a_transaction_fails_it_as_a_whole() {
    for (case, db, _site) in with_one_connection().await {
        let (books, pair) = ledger::open(&db).await;
        let (mut done, mut failed) = (0, 0);
        // Where client and server take turns on one core, an answer is there before anybody waits for it: it is tried
        // until something was cancelled. SQLite mostly answers without waiting at all.
        while done < 40 || failed == 0 && done < 4_000 && db.system() == "postgres" {
            let result: Result<(), Error> = books
                .transaction(async |tx| {
                    transfer_in(tx, pair, 1).await?;
                    cancelled_at(done % 8, create_batch(tx, done)).await;
                    Ok(())
                })
                .await;
            match result {
                Ok(()) => {}
                Err(Error::TransactionFailed { reason }) => {
                    assert!(reason.contains("cancelled"), "{case}: {reason}");
                    failed += 1;
                }
                Err(error) => panic!("{case}: {error:?}"),
            }
            answers_right(&books, pair, case).await;
            done += 1;
        }
        let confirmed = audit(&books, case).await;
        assert_eq!(confirmed, done - failed, "{case}");
        assert!(failed > 0 || db.system() != "postgres", "{case}: {failed}");
        check_batches(&books, case).await;
    }
}

#[tokio::test]
async fn a_dropped_commit_happened_or_did_not_and_is_never_half() {
    for (case, db, _site) in with_one_connection().await {
        let (books, pair) = ledger::open(&db).await;
        let mut before = 0;
        for awaits in 0..60 {
            let transaction = books.begin().await.expect(case);
            transfer_in(&transaction, pair, 1).await.expect(case);
            let committed = cancelled_at(awaits % 6, transaction.commit()).await;
            // A commit that nobody waits for any more may still be on its way to the disk: whoever writes next
            // waits for it.
            books.begin().await.expect(case).rollback().await.expect(case);
            let after = audit(&books, case).await;
            match committed {
                Some(result) => {
                    result.expect(case);
                    assert_eq!(after, before + 1, "{case}");
                }
                None => assert!(after == before || after == before + 1, "{case}"),
            }
            before = after;
        }
        assert!(before > 0, "{case}");
    }
}
