//! A connection of Postgres that is lent: what is refused, lost, and left on it.

use std::collections::BTreeSet;
use std::io::ErrorKind;

use repo_core::{Database, Error, Session, Tenant, schema};
use repo_postgres::{Adopt, Options};
use sqlx::postgres::PgPoolOptions;
use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;

use crate::between::Between;
use crate::notes::{Note, acme, note, texts};
use crate::on_postgres::{in_schema, lend, notes};

#[tokio::test]
async fn what_a_pool_of_ours_could_not_lend_is_committed_and_rolled_back_as_ever() {
    in_schema(async |url: String| {
        let between = Between::new(&url).await;
        let db = Options::new(&between.url).unwrap().pool_size(1).connect().await.unwrap();
        is_used_on(&url, &between, &db).await;
        db.close().await;
    })
    .await;
}

#[tokio::test]
async fn what_an_adopted_pool_could_not_lend_is_committed_and_rolled_back_as_ever() {
    in_schema(async |url: String| {
        let between = Between::new(&url).await;
        let pool = PgPoolOptions::new().max_connections(1).connect(&between.url).await.unwrap();
        let db = Adopt::new(pool.clone()).connect().await.unwrap();
        is_used_on(&url, &between, &db).await;
        pool.close().await;
    })
    .await;
}

async fn is_used_on(url: &str, between: &Between, db: &Database) {
    db.create_tables(&schema![Note]).await.unwrap();
    let acme = acme(db);
    let mut beside = PgConnection::connect(url).await.unwrap();
    // No statement: the server refuses it, and what was to be nested with it.
    between.change(b"SAVEPOINT repo_lent", b"SAVEPOINT repo-lent");

    let tx = acme.begin().await.unwrap();
    tx.repo::<Note>().create(note("a")).await.unwrap();
    let nested = tx.begin().await.unwrap();
    let lent = lend(nested.unchecked_sql("legacy numbers"), async |_| Ok(())).await;
    assert!(matches!(lent, Err(Error::Backend(_))), "{lent:?}");
    nested.rollback().await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(notes(&mut beside).await.unwrap(), 1);
    acme.repo::<Note>().create(note("b")).await.unwrap();
    assert_eq!(notes(&mut beside).await.unwrap(), 2);

    let tx = acme.begin().await.unwrap();
    tx.repo::<Note>().create(note("c")).await.unwrap();
    let lent = lend(tx.unchecked_sql("legacy numbers"), async |_| Ok(())).await;
    assert!(matches!(lent, Err(Error::Backend(_))), "{lent:?}");
    let committed = tx.commit().await;
    assert!(matches!(committed, Err(Error::TransactionFailed { .. })), "{committed:?}");
    assert_eq!(notes(&mut beside).await.unwrap(), 2);
    acme.repo::<Note>().create(note("d")).await.unwrap();
    assert_eq!(notes(&mut beside).await.unwrap(), 3);

    // Another one, of which nothing is changed.
    let db = Options::new(url).unwrap().pool_size(1).connect().await.unwrap();
    let acme = crate::notes::acme(&db);
    let tx = acme.begin().await.unwrap();
    lend(tx.unchecked_sql("legacy numbers"), async |_| Ok(())).await.unwrap();
    tx.repo::<Note>().create(note("e")).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(texts(&acme).await, ["a", "b", "d", "e"]);
}

#[tokio::test]
async fn a_connection_on_which_a_failed_transaction_was_left_is_closed() {
    in_schema(async |url: String| {
        let pool = PgPoolOptions::new().max_connections(1).connect(&url).await.unwrap();
        let db = Adopt::new(pool.clone()).connect().await.unwrap();
        db.create_tables(&schema![Note]).await.unwrap();
        let acme = acme(&db);
        let left = "BEGIN; SELECT nothing FROM nowhere";
        sqlx::raw_sql(left).execute(&pool).await.unwrap_err();
        let error = acme.repo::<Note>().create(note("a")).await.unwrap_err();
        assert!(matches!(error, Error::TransactionFailed { .. }), "{error:?}");
        acme.repo::<Note>().create(note("b")).await.unwrap();
        pool.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_commit_of_a_lent_connection_that_is_cancelled_at_its_end_may_have_happened() {
    in_schema(async |url: String| {
        let between = Between::new(&url).await;
        let db = Options::new(&between.url).unwrap().pool_size(1).connect().await.unwrap();
        db.create_tables(&schema![Note]).await.unwrap();
        let acme = acme(&db);
        let tx = acme.begin().await.unwrap();
        lend(tx.unchecked_sql("legacy numbers"), async |_| Ok(())).await.unwrap();
        tx.repo::<Note>().create(note("a")).await.unwrap();
        let committed = b"C\0\0\0\x0bCOMMIT\0".as_slice();
        let cancelled = b"E\0\0\0\x25SERROR\0VERROR\0C57014\0Mcancelled\0\0";
        between.change(committed, &[committed, cancelled].concat());
        let error = tx.commit().await.unwrap_err();
        assert!(matches!(error, Error::CommitUnknown { .. }), "{error:?}");
        let mut beside = PgConnection::connect(&url).await.unwrap();
        assert_eq!(notes(&mut beside).await.unwrap(), 1);
        db.close().await;
    })
    .await;
}

#[tokio::test]
async fn an_error_of_a_file_spares_the_connections_and_a_lost_connection_is_told() {
    in_schema(async |url: String| {
        let db = Options::new(&url).unwrap().pool_size(2).connect().await.unwrap();
        db.create_tables(&schema![Note]).await.unwrap();
        let acme = acme(&db);
        let pids = async || {
            let (first, second) = (acme.begin().await.unwrap(), acme.begin().await.unwrap());
            let pids = [pid(&first).await, pid(&second).await];
            first.rollback().await.unwrap();
            second.rollback().await.unwrap();
            pids.into_iter().collect::<BTreeSet<_>>()
        };
        let before = pids().await;
        let tx = acme.begin().await.unwrap();
        let lent = lend(tx.unchecked_sql("legacy numbers"), async |_| {
            Ok(std::fs::read_to_string("no/such/file.sql")?)
        });
        let error = lent.await.unwrap_err();
        assert!(matches!(error, Error::Io { .. }), "{error:?}");
        tx.rollback().await.unwrap();
        assert!(pids().await.intersection(&before).count() > 0);

        let tx = acme.begin().await.unwrap();
        let lent = lend(tx.unchecked_sql("legacy numbers"), async |connection| {
            let kill = "SELECT pg_terminate_backend(pg_backend_pid())";
            let _ = sqlx::raw_sql(kill).execute(connection).await;
            Err::<(), _>(sqlx::Error::Io(ErrorKind::ConnectionReset.into()))
        });
        let error = lent.await.unwrap_err();
        assert!(matches!(error, Error::Connection { .. }), "{error:?}");
        drop(tx);
        assert_eq!(pids().await.intersection(&before).count(), 0);
        db.close().await;
    })
    .await;
}

#[tokio::test]
async fn an_error_of_a_file_amid_a_copy_is_the_work_s_own() {
    in_schema(async |url: String| {
        let pool = PgPoolOptions::new().max_connections(2).connect(&url).await.unwrap();
        let ours = Options::new(&url).unwrap().pool_size(2).connect().await.unwrap();
        ours.create_tables(&schema![Note]).await.unwrap();
        let adopted = Adopt::new(pool.clone()).connect().await.unwrap();
        for (db, new) in [(ours, ["a", "b", "c"]), (adopted, ["d", "e", "f"])] {
            let acme = acme(&db);
            let tx = acme.begin().await.unwrap();
            let lent = lend(tx.unchecked_sql("legacy numbers"), async |connection| {
                let _copy = connection.copy_in_raw("COPY notes FROM STDIN").await?;
                Ok(std::fs::read_to_string("no/such/file.csv")?)
            });
            let error = lent.await.unwrap_err();
            assert!(matches!(error, Error::Io { .. }), "{error:?}");
            assert!(!error.is_retryable());
            drop(tx);
            for text in new {
                acme.repo::<Note>().create(note(text)).await.unwrap();
            }
            assert!(texts(&acme).await.ends_with(&new.map(str::to_owned)));
            db.close().await;
        }
        pool.close().await;
    })
    .await;
}

/// What the next transaction meets of a temporary table, a setting and a lock of the session.
async fn met_after_lending(acme: &Session<Tenant<Uuid>>, commits: bool) -> (String, i64) {
    let left = "CREATE TEMP TABLE notes (LIKE notes); SET statement_timeout = '77s'; \
        SELECT pg_advisory_lock(4711)";
    let tx = acme.begin().await.unwrap();
    lend(tx.unchecked_sql("legacy numbers"), async |connection| {
        sqlx::raw_sql(left).execute(connection).await
    })
    .await
    .unwrap();
    if commits {
        tx.commit().await.unwrap()
    } else {
        tx.rollback().await.unwrap()
    }
    let look = "SELECT current_setting('statement_timeout'), (SELECT count(*) FROM pg_locks \
        WHERE locktype = 'advisory' AND pid = pg_backend_pid())";
    let sql = acme.unchecked_sql("what is left");
    sql.fetch(look, |row| Ok((row.get(0)?, row.get(1)?))).await.unwrap().remove(0)
}

#[tokio::test]
async fn what_is_left_on_a_connection_of_ours_ends_with_its_transaction() {
    in_schema(async |url: String| {
        let db = Options::new(&url).unwrap().pool_size(1).connect().await.unwrap();
        db.create_tables(&schema![Note]).await.unwrap();
        let acme = acme(&db);
        for commits in [true, false] {
            assert_eq!(met_after_lending(&acme, commits).await, ("0".to_owned(), 0));
        }
        acme.repo::<Note>().create(note("a")).await.unwrap();
        let mut beside = PgConnection::connect(&url).await.unwrap();
        assert_eq!(notes(&mut beside).await.unwrap(), 1);
        db.close().await;
    })
    .await;
}

#[tokio::test]
async fn what_is_left_on_a_connection_of_the_application_s_stays() {
    in_schema(async |url: String| {
        let pool = PgPoolOptions::new().max_connections(1).connect(&url).await.unwrap();
        let db = Adopt::new(pool.clone()).connect().await.unwrap();
        db.create_tables(&schema![Note]).await.unwrap();
        let met = met_after_lending(&acme(&db), true).await;
        assert_eq!(met, ("77s".to_owned(), 1));
        pool.close().await;
    })
    .await;
}

async fn pid(session: &Session<Tenant<Uuid>>) -> i64 {
    let sql = session.unchecked_sql("which connection");
    sql.fetch("SELECT pg_backend_pid()::bigint", |row| row.get(0)).await.unwrap()[0]
}
