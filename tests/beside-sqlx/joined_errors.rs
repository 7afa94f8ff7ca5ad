//! Repositories in a transaction that sqlx began: what goes wrong.

use std::task::Poll;
use std::time::Duration;

use repo_core::{Error, Session, Tenant};
use sqlx::Connection as _;
use uuid::Uuid;

use crate::notes::{Note, acme, note, texts, told};

cases! { store:
    async fn an_error_leaves_the_transaction_as_it_was_before(pool, db; 1) {
        let acme = acme(&db);
        let told = told(&db);
        let mut tx = pool.begin_with(store::BEGIN).await.unwrap();
        store::put(&mut tx, 1).await.unwrap();
        let failed = store::join(&acme, &mut tx, async |session| {
            session.repo::<Note>().create(note("a")).await?;
            session.repo::<Note>().create(note("a")).await
        })
        .await;
        assert!(failed.unwrap_err().is_conflict());
        assert_eq!(store::notes(&mut tx).await.unwrap(), 0);
        store::put(&mut tx, 2).await.unwrap();
        let joined = store::join(&acme, &mut tx, async |session| {
            session.repo::<Note>().create(note("b")).await
        })
        .await
        .unwrap();
        tx.commit().await.unwrap();
        joined.committed().await;
        assert_eq!(texts(&acme).await, ["b"]);
        assert_eq!(*told.lock().unwrap(), ["b"]);
        assert_eq!(store::numbers(&mut pool.acquire().await.unwrap()).await.unwrap(), [1, 2]);
    }

    async fn an_error_that_is_swallowed_is_told(pool, db; 1) {
        let acme = acme(&db);
        let mut tx = pool.begin_with(store::BEGIN).await.unwrap();
        let swallowed = store::join(&acme, &mut tx, async |session| {
            session.repo::<Note>().create(note("a")).await?;
            let _ = session.repo::<Note>().create(note("a")).await;
            Ok::<_, Error>(())
        })
        .await;
        assert!(matches!(swallowed, Err(Error::TransactionFailed { .. })), "{swallowed:?}");
        tx.commit().await.unwrap();
        assert!(texts(&acme).await.is_empty());
    }

    async fn an_error_of_the_application_is_given_back(pool, db; 1) {
        #[derive(Debug)]
        enum Refused {
            ByRule,
            ByDatabase,
        }
        impl From<Error> for Refused {
            fn from(_: Error) -> Self {
                Refused::ByDatabase
            }
        }
        let acme = acme(&db);
        let mut tx = pool.begin_with(store::BEGIN).await.unwrap();
        let refused = store::join(&acme, &mut tx, async |session| {
            session.repo::<Note>().create(note("a")).await?;
            Err::<(), _>(Refused::ByRule)
        })
        .await;
        assert!(matches!(refused, Err(Refused::ByRule)), "{refused:?}");
        assert_eq!(store::notes(&mut tx).await.unwrap(), 0);
    }

    async fn what_is_cancelled_is_undone_alone(pool, db; 1) {
        let acme = acme(&db);
        let mut tx = pool.begin_with(store::BEGIN).await.unwrap();
        store::put(&mut tx, 1).await.unwrap();
        let cancelled = store::join(&acme, &mut tx, async |session| {
            session.repo::<Note>().create(note("a")).await?;
            std::future::pending::<Result<(), Error>>().await
        });
        tokio::time::timeout(Duration::from_millis(300), cancelled).await.unwrap_err();
        assert_eq!(store::notes(&mut tx).await.unwrap(), 0);
        store::put(&mut tx, 2).await.unwrap();
        tx.commit().await.unwrap();
        assert!(texts(&acme).await.is_empty());
        assert_eq!(store::numbers(&mut pool.acquire().await.unwrap()).await.unwrap(), [1, 2]);
    }

    async fn wherever_it_is_cancelled_it_is_there_as_a_whole_or_not_at_all(pool, db; 1) {
        let acme = acme(&db);
        let mut tx = pool.begin_with(store::BEGIN).await.unwrap();
        let mut kept = 0;
        for polls in 0..60 {
            let joined = store::join(&acme, &mut tx, async |session| {
                let new = [note(&format!("{polls} a")), note(&format!("{polls} b"))];
                session.repo::<Note>().create_many(new).await?;
                session.repo::<Note>().create(note(&format!("{polls} c"))).await
            });
            let finished = given_up_after(polls, joined).await;
            let there = store::notes(&mut tx).await.unwrap();
            assert!(there == kept || there == kept + 3, "after {polls}: {kept}, then {there}");
            assert!(finished.is_none_or(|joined| joined.is_ok() && there == kept + 3));
            kept = there;
            store::put(&mut tx, i64::try_from(polls).unwrap()).await.unwrap();
        }
        tx.commit().await.unwrap();
        assert!(kept > 0);
        assert_eq!(i64::try_from(texts(&acme).await.len()).unwrap(), kept);
        assert_eq!(store::numbers(&mut pool.acquire().await.unwrap()).await.unwrap().len(), 60);
    }

    async fn many_rows_that_are_cancelled_leave_the_connection_in_order(pool, db; 1) {
        let acme = acme(&db);
        let mut other = pool.acquire().await.unwrap().detach();
        let mut kept = 0;
        let rounds = (0..20).chain([usize::MAX]).zip(0_i64..);
        for (polls, round) in rounds {
            let mut tx = pool.begin_with(store::BEGIN).await.unwrap();
            store::put(&mut tx, 2 * round).await.unwrap();
            let joined = store::join(&acme, &mut tx, async |session| {
                let new = (0..1_500).map(|n| note(&format!("{round} {n}")));
                session.repo::<Note>().create_many(new).await.map(drop)
            });
            let finished = given_up_after(polls, joined).await;
            let there = store::notes(&mut tx).await.unwrap();
            assert!(there == kept || there == kept + 1_500, "after {polls}: {kept}, then {there}");
            assert!(finished.is_none_or(|joined| joined.is_ok() && there == kept + 1_500));
            kept = there;
            store::put(&mut tx, 2 * round + 1).await.unwrap();
            tx.commit().await.unwrap();
            let numbers = store::numbers(&mut other).await.unwrap();
            assert_eq!(numbers, (0..2 * round + 2).collect::<Vec<_>>());
            assert_eq!(store::notes(&mut other).await.unwrap(), kept);
        }
        assert!(kept > 0);
    }

    async fn an_operation_that_is_cancelled_in_it_fails_it(pool, db; 1) {
        let acme = acme(&db);
        let mut tx = pool.begin_with(store::BEGIN).await.unwrap();
        let failed = store::join(&acme, &mut tx, async |session| {
            let notes = session.repo::<Note>();
            let mut create = Box::pin(async { notes.create(note("a")).await });
            let polled = std::future::poll_fn(|context| Poll::Ready(create.as_mut().poll(context)));
            let polled = polled.await;
            assert!(polled.is_pending());
            Ok::<_, Error>(())
        })
        .await;
        assert!(matches!(failed, Err(Error::TransactionFailed { .. })), "{failed:?}");
        assert_eq!(store::notes(&mut tx).await.unwrap(), 0);
        store::put(&mut tx, 1).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn a_session_that_is_kept_is_over(pool, db; 1) {
        let acme = acme(&db);
        let mut tx = pool.begin_with(store::BEGIN).await.unwrap();
        let mut kept: Option<Session<Tenant<Uuid>>> = None;
        let joined = store::join(&acme, &mut tx, async |session| {
            kept = Some(session.clone());
            session.repo::<Note>().create(note("a")).await
        })
        .await
        .unwrap();
        let over = kept.unwrap().repo::<Note>().count().await;
        assert!(matches!(over, Err(Error::TransactionEnded)), "{over:?}");
        tx.commit().await.unwrap();
        joined.committed().await;
    }

    async fn a_transaction_that_was_ended_by_hand_is_refused(pool, db; 1) {
        let acme = acme(&db);
        for sql in ["COMMIT", "ROLLBACK"] {
            let mut connection = pool.acquire().await.unwrap().detach();
            let mut tx = connection.begin_with(store::BEGIN).await.unwrap();
            sqlx::raw_sql(sql).execute(&mut *tx).await.unwrap();
            let refused = store::join(&acme, &mut tx, async |session| {
                session.repo::<Note>().create(note(sql)).await
            });
            let refused = refused.await;
            assert!(matches!(refused, Err(Error::TransactionFailed { .. })), "{refused:?}");
            assert!(refused.unwrap_err().to_string().contains("by hand"));
            drop(tx);
            drop(connection);
            assert!(texts(&acme).await.is_empty());
        }
    }

    async fn a_connection_in_no_transaction_is_refused(pool, db; 2) {
        let acme = acme(&db);
        let mut connection = pool.acquire().await.unwrap();
        let refused = store::join(&acme, &mut connection, async |_| Ok::<_, Error>(())).await;
        assert!(matches!(refused, Err(Error::NoTransaction { operation: "join" })), "{refused:?}");
        assert!(refused.unwrap_err().to_string().contains("sqlx"));
        let mut tx = connection.begin().await.unwrap();
        let other = repo_core::Database::new(std::sync::Arc::new(
            repo_core::testing::Canned::new(),
        ));
        let refused = store::join(&other.session(), &mut tx, async |_| Ok::<_, Error>(())).await;
        assert!(matches!(refused, Err(Error::Configuration { .. })), "{refused:?}");
        drop(tx);
        drop(connection);
        let own = acme.begin().await.unwrap();
        let mut tx = pool.begin().await.unwrap();
        let refused = store::join(&own, &mut tx, async |_| Ok::<_, Error>(())).await;
        assert!(refused.unwrap_err().is_invalid_input());
    }
}

/// Polls a future so often, and then drops it.
pub(crate) async fn given_up_after<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = Box::pin(future);
    let mut left = polls;
    let polled = std::future::poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    });
    polled.await
}
