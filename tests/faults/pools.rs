//! A pool of which every connection is in use.

use std::time::Duration;

use repo_core::{Database, Error};

use crate::ledger::{self, Account, audit, transfer, transfer_in};
use crate::site::{File, Schema};

const TIMEOUT: Duration = Duration::from_millis(200);

/// Connections that write, how many they are, and those that read beside them.
async fn databases() -> (Vec<(Database, usize)>, File, Schema) {
    let (file, schema) = (File::new(), Schema::new().await);
    let on_file = file.options().pool_timeout(TIMEOUT).connect().await.expect("a file");
    let in_memory = repo_sqlite::Options::new("sqlite::memory:").expect("a URL");
    let in_memory = in_memory.pool_timeout(TIMEOUT).connect().await.expect("memory");
    let on_postgres = schema.options().pool_size(3).pool_timeout(TIMEOUT);
    let on_postgres = on_postgres.connect().await.expect("the server");
    (vec![(on_file, 1), (in_memory, 1), (on_postgres, 3)], file, schema)
}

#[tokio::test]
async fn an_exhausted_pool_tells_its_numbers_and_works_when_one_is_free() {
    let (databases, _file, _schema) = databases().await;
    for (db, connections) in databases {
        let case = db.system();
        let (books, pair) = ledger::open(&db).await;
        let mut held = Vec::new();
        for _ in 0..connections {
            held.push(books.begin().await.expect(case));
        }
        let accounts = books.repo::<Account>();
        let refused = [
            accounts.create(ledger::account("too much")).await.map(drop),
            books.begin().await.map(drop),
        ];
        for result in refused {
            let error = result.expect_err(case);
            assert!(error.is_retryable(), "{case}");
            let Error::PoolTimeout { size, idle, waited } = error else {
                panic!("{case}: {error:?}");
            };
            assert_eq!((size, idle), (connections, 0), "{case}");
            assert!((TIMEOUT..TIMEOUT * 10).contains(&waited), "{case}: {waited:?}");
        }
        drop(held.pop());
        transfer(&books, pair, 1).await.expect(case);
        drop(held);
        assert_eq!(audit(&books, case).await, 1);
    }
}

#[tokio::test]
async fn the_outer_session_used_inside_a_transaction_is_told_to_use_the_inner_one() {
    let (databases, _file, _schema) = databases().await;
    for (db, connections) in databases {
        let case = db.system();
        let (books, pair) = ledger::open(&db).await;
        let mut held = Vec::new();
        for _ in 1..connections {
            held.push(books.begin().await.expect(case));
        }
        let outside = async || {
            let mistake = books.repo::<Account>().create(ledger::account("outside")).await;
            let error = mistake.expect_err(case);
            assert!(error.to_string().contains("use the session that the closure is given"));
            error
        };
        let result: Result<(), Error> = books
            .transaction(async |tx| {
                transfer_in(tx, pair, 1).await?;
                let error = outside().await;
                assert!(matches!(error, Error::OutsideTransaction), "{case}: {error:?}");
                // What went wrong outside is no error of the transaction.
                Ok(())
            })
            .await;
        result.expect(case);
        let tx = books.begin().await.expect(case);
        let error = outside().await;
        assert!(matches!(error, Error::PoolTimeout { .. }), "{case}: {error:?}");
        tx.rollback().await.expect(case);
        assert_eq!(audit(&books, case).await, 1);
    }
}

#[tokio::test]
async fn who_waits_gets_the_connection_that_becomes_free() {
    let (databases, _file, _schema) = databases().await;
    for (db, connections) in databases {
        let case = db.system();
        let (books, pair) = ledger::open(&db).await;
        let mut held = Vec::new();
        for _ in 0..connections {
            held.push(books.begin().await.expect(case));
        }
        let release = async {
            tokio::time::sleep(TIMEOUT / 4).await;
            drop(held);
        };
        let (waited, ()) = tokio::join!(transfer(&books, pair, 1), release);
        waited.expect(case);
        assert_eq!(audit(&books, case).await, 1);
    }
}
