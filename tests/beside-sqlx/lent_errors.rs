//! A connection that is lent: what goes wrong with it.

use std::time::Duration;

use repo_core::Error;

use sqlx::Connection as _;

use crate::joined_errors::given_up_after;
use crate::notes::{ACME, Note, acme, note, texts};

cases! { store:
    async fn an_error_by_hand_fails_the_transaction(pool, db; 1) {
        let acme = acme(&db);
        let tx = acme.begin().await.unwrap();
        tx.repo::<Note>().create(note("a")).await.unwrap();
        let error = store::lend(tx.unchecked_sql("legacy numbers"), async |connection| {
            store::put(connection, 1).await?;
            store::put(connection, 1).await
        })
        .await
        .unwrap_err();
        assert!(error.is_conflict(), "{error}");
        let after = tx.repo::<Note>().count().await;
        assert!(matches!(after, Err(Error::TransactionFailed { .. })), "{after:?}");
        let committed = tx.commit().await;
        assert!(matches!(committed, Err(Error::TransactionFailed { .. })), "{committed:?}");
        assert!(texts(&acme).await.is_empty());
        let mut connection = pool.acquire().await.unwrap();
        assert!(store::numbers(&mut connection).await.unwrap().is_empty());
    }

    async fn an_error_of_a_file_is_none_of_the_connection(_pool, db; 2) {
        let acme = acme(&db);
        let tx = acme.begin().await.unwrap();
        let nested = tx.begin().await.unwrap();
        for _ in 0..2 {
            let error = store::lend(nested.unchecked_sql("legacy numbers"), async |_| {
                Ok(std::fs::read_to_string("no/such/file.sql")?)
            })
            .await
            .unwrap_err();
            let is_told = matches!(error, Error::Io { .. } | Error::TransactionFailed { .. });
            assert!(is_told && !error.is_retryable(), "{error:?}");
        }
        nested.rollback().await.unwrap();
        tx.repo::<Note>().create(note("a")).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(texts(&acme).await, ["a"]);
    }

    async fn an_error_in_a_nested_transaction_is_survived(pool, db; 1) {
        let acme = acme(&db);
        let tx = acme.begin().await.unwrap();
        let nested = tx.begin().await.unwrap();
        let error = store::lend(nested.unchecked_sql("legacy numbers"), async |connection| {
            store::put(connection, 1).await?;
            sqlx::query("SELECT nothing FROM nowhere").execute(connection).await
        })
        .await;
        assert!(matches!(error, Err(Error::Backend(_))), "{error:?}");
        nested.rollback().await.unwrap();
        tx.repo::<Note>().create(note("a")).await.unwrap();
        store::lend(tx.unchecked_sql("legacy numbers"), async |connection| {
            store::put(connection, 2).await
        })
        .await
        .unwrap();
        tx.commit().await.unwrap();
        assert_eq!(texts(&acme).await, ["a"]);
        assert_eq!(store::numbers(&mut pool.acquire().await.unwrap()).await.unwrap(), [2]);
    }

    async fn what_is_cancelled_is_undone_with_the_transaction(pool, db; 1) {
        let acme = acme(&db);
        let tx = acme.begin().await.unwrap();
        tx.repo::<Note>().create(note("a")).await.unwrap();
        let lent = store::lend(tx.unchecked_sql("legacy numbers"), async |connection| {
            store::put(connection, 1).await?;
            std::future::pending::<Result<(), sqlx::Error>>().await
        });
        tokio::time::timeout(Duration::from_millis(300), lent).await.unwrap_err();
        let committed = tx.commit().await;
        assert!(matches!(committed, Err(Error::TransactionFailed { .. })), "{committed:?}");
        assert!(texts(&acme).await.is_empty());
        let mut connection = pool.acquire().await.unwrap();
        assert!(store::numbers(&mut connection).await.unwrap().is_empty());
        store::put(&mut connection, 2).await.unwrap();
    }

    async fn a_commit_by_hand_is_an_error(_pool, db; 1) {
        let acme = acme(&db);
        for sql in ["COMMIT", "ROLLBACK", "COMMIT; BEGIN"] {
            let tx = acme.begin().await.unwrap();
            let lent = store::lend(tx.unchecked_sql("legacy numbers"), async |connection| {
                sqlx::raw_sql(sql).execute(connection).await
            })
            .await;
            assert!(matches!(lent, Err(Error::TransactionFailed { .. })), "{sql}: {lent:?}");
            let committed = tx.commit().await;
            assert!(matches!(committed, Err(Error::TransactionFailed { .. })), "{committed:?}");
            acme.repo::<Note>().create(note(sql)).await.unwrap();
        }
        assert_eq!(texts(&acme).await.len(), 3);
    }

    async fn it_needs_a_transaction_an_actor_and_no_parameters(_pool, db; 1) {
        let acme = acme(&db);
        let outside = store::lend(acme.unchecked_sql("legacy numbers"), async |_| Ok(())).await;
        assert!(matches!(outside, Err(Error::NoTransaction { .. })), "{outside:?}");
        assert!(outside.unwrap_err().to_string().contains("session.transaction"));
        let nobody = db.tenant(ACME);
        let tx = nobody.begin().await.unwrap();
        let lent = store::lend(tx.unchecked_sql("legacy numbers"), async |_| Ok(())).await;
        assert!(matches!(lent, Err(Error::MissingActor { .. })), "{lent:?}");
        tx.rollback().await.unwrap();
        let tx = acme.begin().await.unwrap();
        let bound = tx.unchecked_sql("legacy numbers").bind(1_i64);
        assert!(store::lend(bound, async |_| Ok(())).await.unwrap_err().is_invalid_input());
        let blank = store::lend(tx.unchecked_sql(" "), async |_| Ok(())).await;
        assert!(blank.unwrap_err().is_invalid_input());
        tx.repo::<Note>().create(note("a")).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn sessions_of_the_transaction_say_that_it_is_lent(_pool, db; 1) {
        let acme = acme(&db);
        let tx = acme.begin().await.unwrap();
        store::lend(tx.unchecked_sql("legacy numbers"), async |connection| {
            let meanwhile = tx.repo::<Note>().count().await;
            assert!(matches!(meanwhile, Err(Error::ConnectionLent)), "{meanwhile:?}");
            store::put(connection, 1).await
        })
        .await
        .unwrap();
        assert_eq!(tx.repo::<Note>().count().await.unwrap(), 0);
        tx.commit().await.unwrap();
    }

    async fn a_transaction_that_ends_meanwhile_takes_the_work_along(pool, db; 1) {
        let acme = acme(&db);
        let tx = acme.begin().await.unwrap();
        let session = tx.session().clone();
        let lent = store::lend(session.unchecked_sql("legacy numbers"), async |connection| {
            store::put(connection, 1).await?;
            let committed = tx.commit().await;
            assert!(matches!(committed, Err(Error::ConnectionLent)), "{committed:?}");
            store::put(connection, 2).await
        })
        .await;
        assert!(matches!(lent, Err(Error::TransactionEnded)), "{lent:?}");
        let mut connection = pool.acquire().await.unwrap();
        assert!(store::numbers(&mut connection).await.unwrap().is_empty());
    }

    async fn a_connection_of_another_kind_is_not_lent(_pool, _db; 1) {
        let other = repo_sqlite::connect("sqlite::memory:").await.unwrap();
        other.create_tables(&repo_core::schema![Note]).await.unwrap();
        let tx = crate::notes::acme(&other).begin().await.unwrap();
        let lent = store::lend(tx.unchecked_sql("legacy numbers"), async |_| Ok(())).await;
        assert!(matches!(lent, Err(Error::Unsupported { .. })), "{lent:?}");
        tx.repo::<Note>().create(note("a")).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn wherever_it_is_cancelled_the_pool_is_in_order(pool, db; 1) {
        let acme = acme(&db);
        let mut kept = 0;
        for polls in 0..40 {
            let tx = acme.begin().await.unwrap();
            tx.repo::<Note>().create(note(&polls.to_string())).await.unwrap();
            let lent = store::lend(tx.unchecked_sql("legacy numbers"), async |connection| {
                let mut nested = connection.begin().await?;
                store::put(&mut nested, i64::try_from(polls).unwrap()).await?;
                nested.commit().await
            });
            let finished = given_up_after(polls, lent).await;
            let committed = tx.commit().await;
            assert_eq!(committed.is_ok(), finished.is_some_and(|lent| lent.is_ok()), "{committed:?}");
            kept += usize::from(committed.is_ok());
            assert_eq!(texts(&acme).await.len(), kept);
            let mut theirs = pool.begin_with(store::BEGIN).await.unwrap();
            assert_eq!(store::numbers(&mut theirs).await.unwrap().len(), kept);
            theirs.commit().await.unwrap();
        }
        assert!(kept > 0);
    }
}
