//! A connection that is lent: what both sides do in one transaction.

use repo_core::Action;
use sqlx::Connection as _;

use crate::notes::{Note, acme, note, texts, trail};

cases! { store:
    async fn both_orders_of_writes_are_one_transaction(pool, db; 1) {
        let acme = acme(&db);
        acme.transaction(async |tx| {
            tx.repo::<Note>().create(note("before")).await?;
            let seen = store::lend(tx.unchecked_sql("legacy numbers"), async |connection| {
                store::put(connection, 1).await?;
                store::notes(connection).await
            })
            .await?;
            assert_eq!(seen, 1);
            sees_numbers(tx, 1).await;
            tx.repo::<Note>().create(note("after")).await?;
            Ok::<_, repo_core::Error>(())
        })
        .await
        .unwrap();
        assert_eq!(texts(&acme).await, ["after", "before"]);
        assert_eq!(store::numbers(&mut pool.acquire().await.unwrap()).await.unwrap(), [1]);
    }

    async fn a_rollback_undoes_both(pool, db; 1) {
        let acme = acme(&db);
        let tx = acme.begin().await.unwrap();
        tx.repo::<Note>().create(note("a")).await.unwrap();
        store::lend(tx.unchecked_sql("legacy numbers"), async |connection| {
            store::put(connection, 1).await
        })
        .await
        .unwrap();
        tx.rollback().await.unwrap();
        assert!(texts(&acme).await.is_empty());
        let mut connection = pool.acquire().await.unwrap();
        assert!(store::numbers(&mut connection).await.unwrap().is_empty());
    }

    async fn a_nested_transaction_undoes_what_was_done_by_hand_in_it(pool, db; 1) {
        let acme = acme(&db);
        let tx = acme.begin().await.unwrap();
        for (n, keep) in [(1, true), (2, false), (3, true)] {
            let nested = tx.begin().await.unwrap();
            store::lend(nested.unchecked_sql("legacy numbers"), async |connection| {
                store::put(connection, n).await
            })
            .await
            .unwrap();
            match keep {
                true => nested.commit().await.unwrap(),
                false => nested.rollback().await.unwrap(),
            }
        }
        tx.commit().await.unwrap();
        assert_eq!(store::numbers(&mut pool.acquire().await.unwrap()).await.unwrap(), [1, 3]);
        // What was undone has no entry.
        assert_eq!(trail(&acme).await.len(), 2);
    }

    async fn it_is_counted_and_recorded_with_its_reason_and_its_actor(_pool, db; 1) {
        let acme = acme(&db);
        acme.transaction(async |tx| {
            store::lend(tx.unchecked_sql("legacy numbers"), async |connection| {
                store::put(connection, 1).await
            })
            .await
        })
        .await
        .unwrap();
        assert_eq!(db.unchecked_sql_count(), 1);
        let entries = trail(&acme).await;
        let [entry] = &entries[..] else { panic!("{entries:?}") };
        assert_eq!(entry.action, Action::UncheckedSql);
        assert_eq!(entry.reason.as_deref(), Some("legacy numbers"));
        assert_eq!(entry.correlation_id.as_deref(), Some("request 7"));
        assert_eq!(entry.actor, repo_core::Actor::from("alice"));
    }

    async fn a_transaction_of_sqlx_in_it_is_a_savepoint(pool, db; 1) {
        let acme = acme(&db);
        let tx = acme.begin().await.unwrap();
        for round in 0..2 {
            store::lend(tx.unchecked_sql("legacy numbers"), async |connection| {
                for (n, keep) in [(1, true), (2, false)] {
                    let mut nested = connection.begin().await?;
                    store::put(&mut nested, 10 * round + n).await?;
                    match keep {
                        true => nested.commit().await?,
                        false => nested.rollback().await?,
                    }
                }
                let mut dropped = connection.begin().await?;
                store::put(&mut dropped, 10 * round + 3).await
            })
            .await
            .unwrap();
        }
        tx.repo::<Note>().create(note("a")).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(store::numbers(&mut pool.acquire().await.unwrap()).await.unwrap(), [1, 11]);
        assert_eq!(texts(&acme).await, ["a"]);
    }

    async fn the_pool_has_the_connection_back_as_it_was(pool, db; 1) {
        let acme = acme(&db);
        for commit in [true, false, true] {
            let tx = acme.begin().await.unwrap();
            store::lend(tx.unchecked_sql("nothing"), async |connection| {
                store::numbers(connection).await
            })
            .await
            .unwrap();
            match commit {
                true => tx.commit().await.unwrap(),
                false => tx.rollback().await.unwrap(),
            }
            let mut connection = pool.acquire().await.unwrap();
            assert!(!connection.is_in_transaction());
            let mut outer = connection.begin_with(store::BEGIN).await.unwrap();
            store::put(&mut outer, 1).await.unwrap();
            outer.rollback().await.unwrap();
            assert!(store::numbers(&mut connection).await.unwrap().is_empty());
        }
    }
}

/// What was done by hand is seen by other SQL by hand of the transaction.
async fn sees_numbers<S: repo_core::Scope>(tx: &repo_core::Session<S>, expected: i64) {
    let counted: Vec<i64> = tx
        .unchecked_sql("a count")
        .fetch("SELECT count(*) FROM legacy", |row| row.get(0))
        .await
        .unwrap();
    assert_eq!(counted, [expected]);
}
