//! Statements that stay prepared on connections of SQLite: what the application does with those meanwhile, and the
//! settings that would have them prepared again.

use repo_core::Error;
use sqlx::{Connection as _, SqliteConnection, SqlitePool};

use crate::notes::{Note, acme, note, texts};
use crate::on_sqlite::{join, lend, put, run, settings};

/// What the application's own trigger noted of rows that went.
const GONE: &str = "CREATE TABLE gone (n BIGINT NOT NULL);
    CREATE TRIGGER note_the_gone AFTER DELETE ON legacy BEGIN INSERT INTO gone VALUES (old.n); END";

async fn gone(connection: &mut SqliteConnection) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM gone").fetch_one(connection).await.unwrap()
}

#[tokio::test]
async fn sql_by_hand_that_replaces_a_row_runs_its_triggers_and_leaves_the_settings() {
    run(1, async |pool: SqlitePool, db| {
        let acme = acme(&db);
        sqlx::raw_sql(GONE).execute(&pool).await.unwrap();
        put(&mut pool.acquire().await.unwrap(), 1).await.unwrap();
        let before = settings(&mut pool.acquire().await.unwrap()).await;
        assert_eq!(before.2, 0, "by itself SQLite removes such a row unseen");
        let replace = "REPLACE INTO legacy VALUES (1)";
        acme.unchecked_sql("again").execute(replace).await.unwrap();
        assert_eq!(gone(&mut pool.acquire().await.unwrap()).await, 1);
        let tx = acme.begin().await.unwrap();
        lend(tx.unchecked_sql("and again"), async |connection| {
            sqlx::query(replace).execute(connection).await
        })
        .await
        .unwrap();
        tx.commit().await.unwrap();
        assert_eq!(gone(&mut pool.acquire().await.unwrap()).await, 2);
        let wrong = acme.unchecked_sql("wrong").execute("REPLACE INTO legacy VALUES (NULL)").await;
        wrong.unwrap_err();
        assert_eq!(settings(&mut pool.acquire().await.unwrap()).await, before);
    })
    .await;
}

#[derive(Debug, repo_core::Repository)]
#[repository(table = "legacy")]
struct Stranger {
    #[repository(id)]
    n: i64,
    colour: String,
}

#[tokio::test]
async fn a_column_that_is_not_there_is_an_error_and_not_a_text() {
    run(1, async |pool: SqlitePool, db| {
        put(&mut pool.acquire().await.unwrap(), 1).await.unwrap();
        let (.., quoted) = settings(&mut pool.acquire().await.unwrap()).await;
        assert_eq!(quoted, "no column", "for the application it is a text");
        let read = db.session().repo::<Stranger>().all().await.map(drop);
        assert!(matches!(read, Err(Error::Backend(_))), "{read:?}");
        let acme = acme(&db);
        let sql = acme.unchecked_sql("a look");
        let read = sql.fetch("SELECT \"colour\" FROM legacy", |row| row.get::<String>(0)).await;
        assert!(matches!(read, Err(Error::Backend(_))), "{read:?}");
    })
    .await;
}

#[tokio::test]
async fn connections_that_repositories_used_are_closed_in_any_way() {
    run(4, async |pool: SqlitePool, db| {
        let acme = acme(&db);
        for round in 0..8 {
            let (a, b) = (format!("{round} a"), format!("{round} b"));
            let notes = acme.repo::<Note>();
            let (a, b, count) =
                tokio::join!(notes.create(note(&a)), notes.create(note(&b)), notes.count());
            assert_eq!([a.is_ok(), b.is_ok(), count.is_ok()], [true; 3]);
            let used = pool.acquire().await.unwrap().detach();
            match round % 3 {
                0 => used.close().await.unwrap(),
                1 => used.close_hard().await.unwrap(),
                _ => drop(used),
            }
        }
        assert_eq!(texts(&acme).await.len(), 16);
        let mut alone = pool.acquire().await.unwrap().detach();
        let mut tx = alone.begin().await.unwrap();
        join(&acme, &mut tx, async |session| session.repo::<Note>().count().await)
            .await
            .unwrap()
            .value();
        drop(tx);
        alone.close().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_table_that_was_changed_meanwhile_is_read_as_it_is() {
    run(1, async |pool: SqlitePool, db| {
        let acme = acme(&db);
        acme.repo::<Note>().create(note("a")).await.unwrap();
        assert_eq!(texts(&acme).await, ["a"]);
        for sql in
            ["VACUUM", "ALTER TABLE notes ADD COLUMN colour TEXT", "CREATE INDEX i ON notes (text)"]
        {
            sqlx::query(sql).execute(&pool).await.unwrap();
            assert_eq!(texts(&acme).await, ["a"], "{sql}");
        }
        sqlx::query("ALTER TABLE notes RENAME COLUMN text TO words").execute(&pool).await.unwrap();
        let read = acme.repo::<Note>().all().await.map(drop);
        assert!(matches!(read, Err(Error::Backend(_))), "{read:?}");
    })
    .await;
}
