//! Statements that stay prepared on connections of SQLite: what the application does with those meanwhile, and the
//! settings that would have them prepared again.

use repo_core::{Error, schema};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
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

#[tokio::test]
async fn no_statement_keeps_a_connection_from_its_end() {
    run(1, async |pool: SqlitePool, db| {
        let acme = acme(&db);
        acme.repo::<Note>().create(note("a")).await.unwrap();
        let read = acme.unchecked_sql("whose is it?");
        let read = read.fetch("SELECT * FROM repo_watch", |row| row.get::<String>(0)).await;
        assert!(read.unwrap_err().to_string().contains("repositories' own"));
        pool.acquire().await.unwrap().detach().close().await.unwrap();
        assert_eq!(texts(&acme).await, ["a"]);
    })
    .await;
}

#[tokio::test]
async fn sql_by_hand_says_what_it_says() {
    run(1, async |pool: SqlitePool, db| {
        let acme = acme(&db);
        let sql = "CREATE TABLE odd (\"a\" INTEGER, `a``b` INTEGER, \"a\"\"c\" INTEGER)";
        acme.unchecked_sql("a table").execute(sql).await.unwrap();
        let kept = "SELECT sql FROM sqlite_schema WHERE name = 'odd'";
        let kept: String = sqlx::query_scalar(kept).fetch_one(&pool).await.unwrap();
        assert_eq!(kept, sql);
        acme.unchecked_sql("a row").execute("INSERT INTO odd VALUES (1, 2, 3)").await.unwrap();
        for (columns, n) in [
            ("\"a\"`b`", 1),
            ("`a`\"b\"", 1),
            ("`a``b`", 2),
            ("\"a`b\"", 2),
            ("\"a\"\"c\"", 3),
            ("'\"a\"' IS NOT \"a\"", 1),
        ] {
            let sql = format!("SELECT {columns} FROM odd");
            let read = acme.unchecked_sql("a look").fetch(&sql, |row| row.get::<i64>(0));
            assert_eq!(read.await.unwrap(), [n], "{columns}");
        }
    })
    .await;
}

#[derive(Debug, repo_core::Repository)]
#[repository(table = "slots", immutable, tenant)]
struct Slot {
    id: uuid::Uuid,
    tenant_id: uuid::Uuid,
    number: i64,
}

/// A key that only the application knows, and a trigger that replaces by it.
const REPLACING: &str = "CREATE UNIQUE INDEX one_a_number ON slots (number);
    CREATE TRIGGER replace_seven AFTER INSERT ON legacy BEGIN
        INSERT OR REPLACE INTO slots SELECT randomblob(16), tenant_id, number FROM slots WHERE number = 7;
    END";

#[tokio::test]
async fn a_row_that_never_changes_is_not_replaced_by_a_trigger_either() {
    run(1, async |pool: SqlitePool, db| {
        db.create_tables(&schema![Slot]).await.unwrap();
        sqlx::raw_sql(REPLACING).execute(&pool).await.unwrap();
        let acme = acme(&db);
        let first = acme.repo::<Slot>().create(NewSlot { number: 7 }).await.unwrap();
        let sql = "INSERT INTO legacy VALUES (2)";
        let alone = acme.unchecked_sql("a number").execute(sql).await;
        assert!(matches!(alone, Err(Error::Immutable { .. })), "{alone:?}");
        let tx = acme.begin().await.unwrap();
        let lent = lend(tx.unchecked_sql("a number"), async |connection| {
            sqlx::query(sql).execute(connection).await
        });
        assert!(matches!(lent.await, Err(Error::Immutable { .. })));
        drop(tx);
        assert!(acme.repo::<Slot>().find(first.id).await.unwrap().is_some());
    })
    .await;
}

#[tokio::test]
async fn a_database_that_the_application_puts_there_is_read_as_it_is() {
    let options = SqliteConnectOptions::new().in_memory(true);
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
    let db = repo_sqlite::adopt(pool.clone()).await.unwrap();
    db.create_tables(&schema![Note]).await.unwrap();
    let acme = acme(&db);
    acme.repo::<Note>().create(note("a")).await.unwrap();
    for _ in 0..3 {
        let listed = Note::TEXT.in_list(["a".to_owned(), "b".to_owned()]);
        assert_eq!(acme.repo::<Note>().query().filter(listed).count().await.unwrap(), 1);
        let mut connection = pool.acquire().await.unwrap();
        let image = connection.serialize(None).await.unwrap();
        connection.deserialize(None, image, false).await.unwrap();
    }
    pool.close().await;
}
