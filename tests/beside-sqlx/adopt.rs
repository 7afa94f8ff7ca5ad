//! One pool for both.

use std::time::Duration;

use repo_core::Error;

use crate::notes::{Note, acme, note, texts};

cases! { store:
    async fn each_side_reads_what_the_other_wrote(pool, db; 4) {
        let acme = acme(&db);
        acme.repo::<Note>().create(note("a")).await.unwrap();
        let mut connection = pool.acquire().await.unwrap();
        assert_eq!(store::notes(&mut connection).await.unwrap(), 1);
        sqlx::query("UPDATE notes SET text = 'b'").execute(&mut *connection).await.unwrap();
        assert_eq!(texts(&acme).await, ["b"]);
    }

    async fn one_connection_serves_both_in_turn(pool, db; 1) {
        let acme = acme(&db);
        for n in 0..5 {
            store::put(&mut pool.acquire().await.unwrap(), n).await.unwrap();
            acme.repo::<Note>().create(note(&n.to_string())).await.unwrap();
            let tx = acme.begin().await.unwrap();
            tx.repo::<Note>().create(note(&format!("{n} again"))).await.unwrap();
            tx.commit().await.unwrap();
        }
        assert_eq!(texts(&acme).await.len(), 10);
        let held = pool.acquire().await.unwrap();
        let notes = acme.repo::<Note>();
        let waiting = notes.count();
        let waited = tokio::time::timeout(Duration::from_secs(60), waiting).await.unwrap();
        assert!(matches!(waited, Err(Error::PoolTimeout { size: 1, .. })), "{waited:?}");
        drop(held);
        assert_eq!(acme.repo::<Note>().count().await.unwrap(), 10);
    }

    async fn closing_the_repositories_leaves_the_pool_open(pool, db; 2) {
        let acme = acme(&db);
        let tx = acme.begin().await.unwrap();
        db.close().await;
        let closed = acme.repo::<Note>().count().await;
        assert!(matches!(closed, Err(Error::Closed)), "{closed:?}");
        let closed = acme.repo::<Note>().create(note("a")).await;
        assert!(matches!(closed, Err(Error::Closed)), "{closed:?}");
        tx.repo::<Note>().create(note("b")).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(store::notes(&mut pool.acquire().await.unwrap()).await.unwrap(), 1);
        let again = store::adopt(pool.clone()).await.unwrap();
        assert_eq!(texts(&crate::notes::acme(&again)).await, ["b"]);
        pool.close().await;
        let closed = crate::notes::acme(&again).repo::<Note>().count().await;
        assert!(matches!(closed, Err(Error::Closed)), "{closed:?}");
    }

    async fn a_transaction_that_is_dropped_leaves_nothing_behind(pool, db; 1) {
        let acme = acme(&db);
        let tx = acme.begin().await.unwrap();
        tx.repo::<Note>().create(note("a")).await.unwrap();
        drop(tx);
        let mut connection = pool.acquire().await.unwrap();
        assert_eq!(store::notes(&mut connection).await.unwrap(), 0);
        store::put(&mut connection, 1).await.unwrap();
        drop(connection);
        acme.repo::<Note>().create(note("b")).await.unwrap();
        assert_eq!(texts(&acme).await, ["b"]);
        assert_eq!(store::numbers(&mut pool.acquire().await.unwrap()).await.unwrap(), [1]);
    }

    async fn a_change_that_is_dropped_amid_leaves_the_pool_in_order(pool, db; 1) {
        let acme = acme(&db);
        for pause in 0..20 {
            let notes = acme.repo::<Note>();
            let create = notes.create(note(&format!("{pause}")));
            let _ = tokio::time::timeout(Duration::from_micros(pause * 100), create).await;
        }
        let found = texts(&acme).await.len();
        let counted = store::notes(&mut pool.acquire().await.unwrap()).await.unwrap();
        assert_eq!(usize::try_from(counted).unwrap(), found);
        store::put(&mut pool.acquire().await.unwrap(), 1).await.unwrap();
    }

    async fn writers_of_both_sides_take_turns(pool, db; 4) {
        let acme = acme(&db);
        let ours = async {
            for n in 0..20 {
                acme.repo::<Note>().create(note(&n.to_string())).await.unwrap();
            }
        };
        let others = async {
            for n in 0..20 {
                let mut tx = pool.begin_with(store::BEGIN).await.unwrap();
                store::put(&mut tx, n).await.unwrap();
                tx.commit().await.unwrap();
            }
        };
        tokio::join!(ours, others);
        assert_eq!(texts(&acme).await.len(), 20);
        assert_eq!(store::numbers(&mut pool.acquire().await.unwrap()).await.unwrap().len(), 20);
    }
}
