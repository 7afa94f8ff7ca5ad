//! Connections of an application's pool of Postgres: what is broken on them is not given to the next one.

use repo_core::schema;
use sqlx::postgres::PgPoolOptions;
use sqlx::{AssertSqlSafe, Connection as _, PgPool};

use crate::joined_errors::given_up_after;
use crate::notes::{Note, acme, note, texts};
use crate::on_postgres::{in_schema, join, lend, run};

#[tokio::test]
async fn a_statement_of_a_table_that_changed_fails_once_in_a_transaction_too() {
    run(1, async |pool: PgPool, db| {
        let acme = acme(&db);
        let stored = acme.repo::<Note>().create(note("a")).await.unwrap();
        for _ in 0..2 {
            acme.transaction(async |tx| tx.repo::<Note>().get(stored.id).await).await.unwrap();
        }
        sqlx::query("ALTER TABLE notes ALTER text TYPE varchar(40)").execute(&pool).await.unwrap();
        let mut failed = 0;
        for _ in 0..3 {
            let read = acme.transaction(async |tx| tx.repo::<Note>().get(stored.id).await).await;
            failed += u32::from(read.is_err());
        }
        assert!(failed <= 1, "{failed} of 3 failed");
    })
    .await;
}

#[tokio::test]
async fn a_statement_of_a_table_that_changed_fails_once_in_a_joined_transaction_too() {
    run(1, async |pool: PgPool, db| {
        let acme = acme(&db);
        let stored = acme.repo::<Note>().create(note("a")).await.unwrap();
        let mut tx = pool.begin().await.unwrap();
        for size in [40, 50] {
            let read =
                join(&acme, &mut tx, async |session| session.repo::<Note>().get(stored.id).await);
            read.await.unwrap().rolled_back();
            tx.commit().await.unwrap();
            let alter = format!("ALTER TABLE notes ALTER text TYPE varchar({size})");
            sqlx::query(AssertSqlSafe(alter)).execute(&pool).await.unwrap();
            tx = pool.begin().await.unwrap();
            let read =
                join(&acme, &mut tx, async |session| session.repo::<Note>().get(stored.id).await);
            read.await.expect_err("it is another column");
        }
        let read =
            join(&acme, &mut tx, async |session| session.repo::<Note>().get(stored.id).await);
        read.await.unwrap().rolled_back();
        sqlx::query("ALTER TABLE notes ALTER text TYPE text").execute(&mut *tx).await.unwrap();
        let survived = join(&acme, &mut tx, async |session| {
            let nested = session.transaction(async |tx| tx.repo::<Note>().get(stored.id).await);
            nested.await.expect_err("it is another column");
            session.repo::<Note>().get(stored.id).await
        });
        assert_eq!(survived.await.unwrap().committed().await, stored);
    })
    .await;
}

#[tokio::test]
async fn a_transaction_that_was_forgotten_in_a_lent_connection_takes_nobody_along() {
    in_schema(async |url: String| {
        let db = repo_postgres::Options::new(&url).unwrap().pool_size(1).connect().await.unwrap();
        db.create_tables(&schema![Note]).await.unwrap();
        let acme = acme(&db);
        let forgotten = acme.transaction(async |tx| {
            lend(tx.unchecked_sql("old code"), async |connection| {
                std::mem::forget(connection.begin().await?);
                Ok(())
            })
            .await
        });
        forgotten.await.expect_err("it began what it did not end");
        acme.repo::<Note>().create(note("a")).await.unwrap();
        let others = PgPoolOptions::new().max_connections(1).connect(&url).await.unwrap();
        let beside = repo_postgres::adopt(others.clone()).await.unwrap();
        assert_eq!(texts(&crate::notes::acme(&beside)).await, ["a"], "others see it");
        others.close().await;
        db.close().await;
    })
    .await;
}

#[tokio::test]
async fn an_error_of_the_work_by_hand_costs_no_connection() {
    run(1, async |pool: PgPool, db| {
        let acme = acme(&db);
        let pid = async || -> i32 {
            sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&pool).await.unwrap()
        };
        let before = pid().await;
        for _ in 0..2 {
            let tx = acme.begin().await.unwrap();
            let found = lend(tx.unchecked_sql("a row that is not there"), async |connection| {
                sqlx::query("SELECT 1 WHERE false").fetch_one(connection).await.map(drop)
            });
            found.await.expect_err("there is none");
            tx.rollback().await.unwrap();
        }
        assert_eq!(pid().await, before);
    })
    .await;
}

#[tokio::test]
async fn the_error_of_a_join_that_was_dropped_is_not_that_of_the_next() {
    run(1, async |pool: PgPool, db| {
        let acme = acme(&db);
        acme.repo::<Note>().create(note("a")).await.unwrap();
        let mut tx = pool.begin().await.unwrap();
        let mut created = 0;
        for polls in 0..20 {
            let dropped = join(&acme, &mut tx, async |session| {
                session.repo::<Note>().create(note("a")).await
            });
            given_up_after(polls, dropped).await;
            let text = polls.to_string();
            let joined = join(&acme, &mut tx, async |session| {
                session.repo::<Note>().create(note(&text)).await
            });
            joined.await.unwrap().rolled_back();
            created += 1;
        }
        tx.commit().await.unwrap();
        assert_eq!(texts(&acme).await.len(), 1 + created);
    })
    .await;
}
