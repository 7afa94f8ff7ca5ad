//! An application that links sqlx, its SQLite included, beside our backends: it builds, and each reads
//! what the other wrote, by queries written by hand.
//!
//! Run with `scripts/test -p linked-sqlx`.
#![allow(clippy::unwrap_used, reason = "a case that cannot go on has failed")]

mod record;

use record::{Record, RecordPatch};
use repo_core::{Database, schema};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};
use uuid::Uuid;

/// The same text on both databases.
const SELECT: &str = "SELECT id, flag, small, medium, large, double, text, bytes, moment, date, \
    time, document, note FROM records WHERE id = $1";
const INSERT: &str = "INSERT INTO records (id, flag, small, medium, large, double, text, bytes, \
    moment, date, time, document, note) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";

/// Reads and writes of a connection of sqlx.
macro_rules! by_hand {
    ($connection:ty, $moment:expr, $time:expr) => {
        pub(crate) async fn read(connection: &mut $connection, id: uuid::Uuid) -> crate::Record {
            let row: crate::record::Row =
                sqlx::query_as(crate::SELECT).bind(id).fetch_one(connection).await.unwrap();
            row.into()
        }

        pub(crate) async fn write(connection: &mut $connection, record: &crate::Record) {
            let query = sqlx::query(crate::INSERT)
                .bind(record.id)
                .bind(record.flag)
                .bind(record.small)
                .bind(record.medium)
                .bind(record.large)
                .bind(record.double)
                .bind(&record.text)
                .bind(&record.bytes)
                .bind($moment(record.moment))
                .bind(record.date)
                .bind($time(record.time))
                .bind(&record.document)
                .bind(&record.note);
            assert_eq!(query.execute(connection).await.unwrap().rows_affected(), 1);
        }
    };
}

mod postgres {
    by_hand!(sqlx::PgConnection, std::convert::identity, std::convert::identity);
}

mod sqlite {
    use repo_sqlite::{moment_text, time_of_day_text};

    by_hand!(sqlx::SqliteConnection, |moment| moment_text(moment).unwrap(), |time| {
        time_of_day_text(time).unwrap()
    });
}

/// Writes by ours, reads by hand; writes by hand, reads by ours.
macro_rules! both_ways {
    ($db:ident, $connection:ident, $by_hand:ident) => {
        let records = $db.session().repo::<Record>();
        for new in record::records() {
            let ours = records.create(new).await.unwrap();
            assert_eq!($by_hand::read(&mut $connection, ours.id).await, ours);
            let patched = records.patch(ours.id, RecordPatch::new().note(None)).await.unwrap();
            assert_eq!($by_hand::read(&mut $connection, ours.id).await, patched);

            let theirs = Record { id: Uuid::new_v4(), ..ours };
            $by_hand::write(&mut $connection, &theirs).await;
            assert_eq!(records.get(theirs.id).await.unwrap(), theirs);
            let same = Record::MOMENT.eq(theirs.moment) & Record::TIME.eq(theirs.time);
            let same = same & Record::DATE.eq(theirs.date) & Record::ID.eq(theirs.id);
            let found = records.filter(same).one().await.unwrap();
            assert_eq!(found, theirs);
            assert_eq!(records.update(&theirs).await.unwrap(), theirs);
            assert_eq!($by_hand::read(&mut $connection, theirs.id).await, theirs);
        }
        let many = records.create_many(record::records()).await.unwrap();
        for ours in many {
            assert_eq!($by_hand::read(&mut $connection, ours.id).await, ours);
        }
    };
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_rows_are_read_by_either() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("records.db").display());
    let db = connect(&url).await;
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    both_ways!(db, connection, sqlite);
    connection.close().await.unwrap();
    db.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_rows_are_read_by_either() {
    let server = std::env::var("REPO_TEST_POSTGRES_URL").unwrap_or_else(|_| {
        panic!("REPO_TEST_POSTGRES_URL is not set: run `scripts/test`, which starts a server")
    });
    let schema = format!("linked_sqlx_{}", std::process::id());
    let mut admin = PgConnection::connect(&server).await.unwrap();
    execute(&mut admin, format!("CREATE SCHEMA {schema}")).await;
    let separator = if server.contains('?') { '&' } else { '?' };
    let url = format!("{server}{separator}options=-c%20search_path%3D{schema}");
    // In a task, so that the schema is removed also when an assertion fails.
    let outcome = tokio::spawn(async move {
        let db = connect(&url).await;
        let mut connection = PgConnection::connect(&url).await.unwrap();
        both_ways!(db, connection, postgres);
        db.close().await;
    });
    let outcome = outcome.await;
    execute(&mut admin, format!("DROP SCHEMA {schema} CASCADE")).await;
    outcome.unwrap();
}

async fn execute(connection: &mut PgConnection, sql: String) {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await.unwrap();
}

async fn connect(url: &str) -> Database {
    let drivers: [&dyn repo_core::Driver; 2] = [&repo_sqlite::Driver, &repo_postgres::Driver];
    let db = repo_core::connect(url, &drivers).await.unwrap();
    db.create_tables(&schema![Record]).await.unwrap();
    db
}
