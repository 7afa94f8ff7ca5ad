//! What is SQLite's own: settings of connections, writers that wait, databases in memory.

use std::time::Duration;

use repo_core::{Error, schema};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{Connection as _, SqlitePool};

use crate::notes::{LEGACY, Note, NotePatch, acme, note, texts};
use crate::on_sqlite::{join, lend, numbers, put, run, settings};

#[tokio::test]
async fn the_settings_of_the_application_are_left_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteConnectOptions::new()
        .filename(folder.path().join("notes.db"))
        .create_if_missing(true)
        .foreign_keys(false)
        .busy_timeout(Duration::from_millis(1_234));
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
    sqlx::query(LEGACY).execute(&pool).await.unwrap();
    put(&mut pool.acquire().await.unwrap(), 1).await.unwrap();
    let before = settings(&mut pool.acquire().await.unwrap()).await;
    assert_eq!(before, (1_234, 0, 0, "no column".to_owned()));

    let db = repo_sqlite::adopt(pool.clone()).await.unwrap();
    db.create_tables(&schema![Note]).await.unwrap();
    let acme = acme(&db);
    acme.repo::<Note>().create(note("a")).await.unwrap();
    assert_eq!(settings(&mut pool.acquire().await.unwrap()).await, before);

    let tx = acme.begin().await.unwrap();
    lend(tx.unchecked_sql("a look"), async |connection| {
        // The guards of the tables hold for what is done by hand; its own patience is its own.
        let (busy_timeout, foreign_keys, recursive_triggers, quoted) = settings(connection).await;
        assert_eq!((busy_timeout, foreign_keys, recursive_triggers), (1_234, 1, 1));
        assert_eq!(quoted, "no column");
        Ok(())
    })
    .await
    .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(settings(&mut pool.acquire().await.unwrap()).await, before);

    let mut tx = pool.begin().await.unwrap();
    let refused = join(&acme, &mut tx, async |_| Ok::<_, Error>(())).await;
    assert!(matches!(refused, Err(Error::Configuration { .. })), "{refused:?}");
    tx.rollback().await.unwrap();
    assert_eq!(settings(&mut pool.acquire().await.unwrap()).await, before);
}

#[tokio::test]
async fn a_join_leaves_the_settings_too_also_where_it_is_dropped() {
    run(1, async |pool: SqlitePool, db| {
        let acme = acme(&db);
        put(&mut pool.acquire().await.unwrap(), 1).await.unwrap();
        let before = settings(&mut pool.acquire().await.unwrap()).await;
        let mut tx = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
        let joined =
            join(&acme, &mut tx, async |session| session.repo::<Note>().create(note("a")).await);
        joined.await.unwrap().rolled_back();
        assert_eq!(settings(&mut tx).await, before);
        let dropped = join(&acme, &mut tx, async |session| {
            session.repo::<Note>().create(note("b")).await?;
            std::future::pending::<Result<(), Error>>().await
        });
        tokio::time::timeout(Duration::from_millis(200), dropped).await.unwrap_err();
        assert_eq!(settings(&mut tx).await, before);
        tx.commit().await.unwrap();
        assert_eq!(texts(&acme).await, ["a"]);
    })
    .await;
}

#[tokio::test]
async fn a_database_in_memory_needs_one_connection_or_a_shared_cache() {
    let private = || SqliteConnectOptions::new().in_memory(true).shared_cache(false);
    let several =
        SqlitePoolOptions::new().max_connections(2).connect_with(private()).await.unwrap();
    let refused = repo_sqlite::adopt(several).await.unwrap_err();
    assert!(matches!(refused, Error::Configuration { .. }), "{refused}");
    assert!(refused.to_string().contains("max_connections(1)"), "{refused}");
    let one = SqlitePoolOptions::new().max_connections(1).connect_with(private()).await.unwrap();
    let shared = SqlitePoolOptions::new().max_connections(4);
    let shared = shared.connect("sqlite::memory:").await.unwrap();
    for pool in [one, shared] {
        let db = repo_sqlite::adopt(pool.clone()).await.unwrap();
        db.create_tables(&schema![Note]).await.unwrap();
        let acme = acme(&db);
        acme.repo::<Note>().create(note("a")).await.unwrap();
        let tx = acme.begin().await.unwrap();
        tx.repo::<Note>().create(note("b")).await.unwrap();
        tx.commit().await.unwrap();
        let tx = acme.begin().await.unwrap();
        let lent = lend(tx.unchecked_sql("never ends"), async |_| {
            std::future::pending::<Result<(), sqlx::Error>>().await
        });
        tokio::time::timeout(Duration::from_millis(100), lent).await.unwrap_err();
        drop(tx);
        assert_eq!(texts(&acme).await, ["a", "b"]);
    }
}

#[tokio::test]
async fn a_database_whose_text_is_not_utf_8_is_refused() {
    let options = SqliteConnectOptions::new().in_memory(true).pragma("encoding", "'UTF-16le'");
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
    sqlx::query(LEGACY).execute(&pool).await.unwrap();
    let refused = repo_sqlite::adopt(pool).await.unwrap_err();
    assert!(matches!(refused, Error::Configuration { .. }), "{refused}");
    assert!(refused.to_string().contains("keeps text as UTF-16le"), "{refused}");
}

#[tokio::test]
async fn a_writer_of_the_application_is_waited_for_without_holding_the_thread() {
    run(2, async |pool: SqlitePool, db| {
        let acme = acme(&db);
        let mut theirs = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
        put(&mut theirs, 1).await.unwrap();
        let notes = acme.repo::<Note>();
        let ours = notes.create(note("a"));
        let commit = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            theirs.commit().await.unwrap();
        };
        let (created, ()) = tokio::join!(ours, commit);
        created.unwrap();
        assert_eq!(numbers(&mut pool.acquire().await.unwrap()).await.unwrap(), [1]);
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_was_left_in_a_transaction_is_not_used() {
    run(1, async |pool: SqlitePool, db| {
        let acme = acme(&db);
        let mut left = pool.acquire().await.unwrap();
        sqlx::raw_sql("BEGIN").execute(&mut *left).await.unwrap();
        drop(left);
        acme.repo::<Note>().create(note("a")).await.unwrap();
        let other = pool.connect_options();
        let other = SqlitePoolOptions::new().connect_with((*other).clone()).await.unwrap();
        let stored: i64 =
            sqlx::query_scalar("SELECT count(*) FROM notes").fetch_one(&other).await.unwrap();
        assert_eq!(stored, 1);
        other.close().await;
    })
    .await;
}

#[tokio::test]
async fn what_was_lent_and_joined_a_thousand_times_is_still_in_order() {
    run(2, async |pool: SqlitePool, db| {
        let acme = acme(&db);
        for n in 0..250 {
            let tx = acme.begin().await.unwrap();
            tx.repo::<Note>().create(note(&format!("{n} lent"))).await.unwrap();
            lend(tx.unchecked_sql("numbers"), async |connection| put(connection, n).await)
                .await
                .unwrap();
            tx.commit().await.unwrap();
            let mut tx = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
            let joined = join(&acme, &mut tx, async |session| {
                session.repo::<Note>().create(note(&format!("{n} joined"))).await
            });
            let joined = joined.await.unwrap();
            tx.commit().await.unwrap();
            joined.committed().await;
        }
        assert_eq!(texts(&acme).await.len(), 500);
        assert_eq!(numbers(&mut pool.acquire().await.unwrap()).await.unwrap().len(), 250);
    })
    .await;
}

/// Ends the transaction in which a negative number is put.
const NO_NEGATIVE: &str = "CREATE TRIGGER no_negative BEFORE INSERT ON legacy WHEN NEW.n < 0 \
    BEGIN SELECT RAISE(ROLLBACK, 'no negative'); END";

#[tokio::test]
async fn a_transaction_that_sqlite_ended_is_not_joined() {
    run(1, async |pool: SqlitePool, db| {
        let acme = acme(&db);
        sqlx::raw_sql(NO_NEGATIVE).execute(&pool).await.unwrap();
        let mut connection = pool.acquire().await.unwrap().detach();
        put(&mut connection, 0).await.unwrap();
        let before = settings(&mut connection).await;
        let mut tx = connection.begin_with("BEGIN IMMEDIATE").await.unwrap();
        put(&mut tx, 1).await.unwrap();
        put(&mut tx, -1).await.unwrap_err();
        let refused =
            join(&acme, &mut tx, async |session| session.repo::<Note>().create(note("a")).await);
        let refused = refused.await;
        assert!(matches!(refused, Err(Error::TransactionFailed { .. })), "{refused:?}");
        tx.rollback().await.unwrap_err();
        assert_eq!(settings(&mut connection).await, before);
        drop(connection);
        assert!(texts(&acme).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn an_operation_with_which_sqlite_ends_the_transaction_says_so() {
    run(1, async |pool: SqlitePool, db| {
        let acme = acme(&db);
        acme.repo::<Note>().create(note("a")).await.unwrap();
        let mut connection = pool.acquire().await.unwrap().detach();
        put(&mut connection, 0).await.unwrap();
        let pages: i64 =
            sqlx::query_scalar("PRAGMA page_count").fetch_one(&mut connection).await.unwrap();
        let full = format!("PRAGMA max_page_count = {}", pages + 20);
        sqlx::raw_sql(sqlx::AssertSqlSafe(full)).execute(&mut connection).await.unwrap();
        let before = settings(&mut connection).await;
        let mut tx = connection.begin_with("BEGIN IMMEDIATE").await.unwrap();
        put(&mut tx, 1).await.unwrap();
        let ended = join(&acme, &mut tx, async |session| {
            let large = note(&"x".repeat(1_000_000));
            let nested = session.transaction(async |tx| tx.repo::<Note>().create(large).await);
            let reason = nested.await.unwrap_err().to_string();
            assert!(reason.contains("SQLite ended it") && reason.contains("full"), "{reason}");
            session.repo::<Note>().create(note("b")).await
        });
        let ended = ended.await;
        assert!(matches!(ended, Err(Error::TransactionFailed { .. })), "{ended:?}");
        let again =
            join(&acme, &mut tx, async |session| session.repo::<Note>().create(note("c")).await);
        let again = again.await;
        assert!(matches!(again, Err(Error::TransactionFailed { .. })), "{again:?}");
        tx.rollback().await.unwrap_err();
        assert_eq!(settings(&mut connection).await, before);
        drop(connection);
        assert_eq!(texts(&acme).await, ["a"]);
    })
    .await;
}

#[tokio::test]
async fn a_trigger_that_changes_its_own_row_ends_where_it_is_about_other_columns() {
    let document = include_str!("../../docs/guards.md");
    let (_, sql) = document.split_once("```sql\n").unwrap();
    let (sql, _) = sql.split_once("```").unwrap();
    run(2, async |pool: SqlitePool, db| {
        sqlx::raw_sql(sql).execute(&pool).await.unwrap();
        let notes = acme(&db).repo::<Note>();
        let created = notes.create(note("a")).await.unwrap();
        for n in 1..20 {
            let patch = NotePatch::new().text(format!("a{n}"));
            assert_eq!(notes.patch(created.id, patch).await.unwrap().version, n + 1);
        }
        let sql = "SELECT length(touched) FROM notes";
        let touched: Option<i64> = sqlx::query_scalar(sql).fetch_one(&pool).await.unwrap();
        assert_eq!(touched, Some(32));
    })
    .await;
}
