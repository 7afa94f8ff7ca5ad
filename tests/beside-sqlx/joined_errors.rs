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
        assert_eq!(store::numbers(&mut *pool.acquire().await.unwrap()).await.unwrap(), [1, 2]);
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
        for pause in 0..20 {
            let cancelled = store::join(&acme, &mut tx, async |session| {
                session.repo::<Note>().create_many((0..50).map(|n| note(&n.to_string()))).await?;
                std::future::pending::<Result<(), Error>>().await
            });
            let _ = tokio::time::timeout(Duration::from_micros(pause * 200), cancelled).await;
            assert_eq!(store::notes(&mut tx).await.unwrap(), 0);
        }
        store::put(&mut tx, 2).await.unwrap();
        tx.commit().await.unwrap();
        assert!(texts(&acme).await.is_empty());
        assert_eq!(store::numbers(&mut *pool.acquire().await.unwrap()).await.unwrap(), [1, 2]);
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
