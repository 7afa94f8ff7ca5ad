//! sqlx in the same program and on the same file: each reads what the other wrote.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use repo_core::backend::{Access, Backend, Dialect as _, Row, quote};
use repo_core::schema::ColumnDef;
use repo_core::{Kind, Value};
use repo_sqlite::{SqliteDialect, moment_text, time_of_day_text};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{ConnectOptions as _, Encode, FromRow, Row as _, Sqlite, Type};
use uuid::Uuid;

use crate::support::{File, column, ignore, integer, open, statement, text};

const COLUMNS: [ColumnDef; 12] = [
    column("id", Kind::Uuid, false),
    column("flag", Kind::Bool, false),
    column("small", Kind::I16, false),
    column("medium", Kind::I32, false),
    column("large", Kind::I64, false),
    column("single", Kind::F32, false),
    column("double", Kind::F64, false),
    column("words", Kind::Text, true),
    column("data", Kind::Bytes, false),
    column("at", Kind::Timestamp, false),
    column("day", Kind::Date, false),
    column("time", Kind::Time, false),
];

/// A row as sqlx sees it.
#[derive(Debug, Clone, PartialEq)]
struct Sample {
    id: Uuid,
    flag: bool,
    small: i16,
    medium: i32,
    large: i64,
    single: f32,
    double: f64,
    words: Option<String>,
    data: Vec<u8>,
    at: DateTime<Utc>,
    day: NaiveDate,
    time: NaiveTime,
}

impl FromRow<'_, SqliteRow> for Sample {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            flag: row.try_get("flag")?,
            small: row.try_get("small")?,
            medium: row.try_get("medium")?,
            large: row.try_get("large")?,
            single: row.try_get("single")?,
            double: row.try_get("double")?,
            words: row.try_get("words")?,
            data: row.try_get("data")?,
            at: row.try_get("at")?,
            day: row.try_get("day")?,
            time: row.try_get("time")?,
        })
    }
}

fn sample(id: u128, at: &str, words: Option<&str>) -> Sample {
    let at = DateTime::parse_from_rfc3339(at).expect("a moment").to_utc();
    Sample {
        id: Uuid::from_u128(id),
        flag: id.is_multiple_of(2),
        small: -7,
        medium: 70_000,
        large: i64::MAX,
        single: 0.1,
        double: -0.1,
        words: words.map(str::to_owned),
        data: vec![0, 1, 255],
        at,
        day: at.date_naive(),
        time: at.time(),
    }
}

fn samples() -> Vec<Sample> {
    vec![
        sample(1, "2026-01-31T23:59:59.000001Z", Some("naïve")),
        sample(2, "2026-01-31T23:59:59.120Z", None),
        sample(3, "2026-01-31T23:59:59Z", Some("")),
        sample(4, "1969-12-31T23:59:59.999999Z", Some("🦀")),
    ]
}

impl Sample {
    fn values(&self) -> [Value<'_>; 12] {
        [
            Value::Uuid(self.id),
            Value::Bool(self.flag),
            Value::I16(self.small),
            Value::I32(self.medium),
            Value::I64(self.large),
            Value::F32(self.single),
            Value::F64(self.double),
            self.words.as_deref().map_or(Value::Null(Kind::Text), text),
            Value::Bytes(self.data.as_slice().into()),
            Value::Timestamp(self.at),
            Value::Date(self.day),
            Value::Time(self.time),
        ]
    }

    /// Whether `row`, in the order of the columns, holds the same.
    fn is(&self, row: &dyn Row) -> bool {
        self.values().into_iter().enumerate().all(|(index, value)| {
            let found = row.value(index, COLUMNS[index].kind);
            assert_eq!(found, Ok(value), "{}", COLUMNS[index].name);
            true
        })
    }
}

/// Whether a table has the checks that ours have.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Checks {
    Ours,
    None,
}

fn create_table(checks: Checks) -> String {
    let mut sql = String::from("CREATE TABLE samples (");
    for (index, column) in COLUMNS.iter().enumerate() {
        let mut name = String::new();
        quote(&mut name, column.name);
        sql.push_str(if index == 0 { "" } else { ", " });
        sql.push_str(&name);
        sql.push(' ');
        SqliteDialect.column_type(&mut sql, column.kind);
        let mut check = String::new();
        let has_check = SqliteDialect.storage_check(&mut check, &name, column);
        if has_check && checks == Checks::Ours {
            sql.push_str(&format!(" CHECK ({check})"));
        }
    }
    sql.push(')');
    SqliteDialect.table_options(&mut sql);
    sql
}

fn insert() -> String {
    let names: Vec<&str> = COLUMNS.iter().map(|column| column.name).collect();
    let marks = vec!["?"; COLUMNS.len()].join(", ");
    format!("INSERT INTO samples ({}) VALUES ({marks})", names.join(", "))
}

async fn both(file: &File, checks: Checks) -> (std::sync::Arc<dyn Backend>, SqliteConnection) {
    let backend = open(file.options()).await;
    let create = create_table(checks);
    backend.run(statement(Access::Write, &create, &[]), &mut ignore).await.expect(&create);
    let options = SqliteConnectOptions::new().filename(file.folder.path().join("notes.db"));
    (backend, options.connect().await.expect("a connection of sqlx"))
}

#[tokio::test]
async fn sqlx_reads_what_we_wrote() {
    let file = File::new();
    let (backend, mut sqlx) = both(&file, Checks::Ours).await;
    let insert = insert();
    for sample in samples() {
        let values = sample.values();
        backend.run(statement(Access::Write, &insert, &values), &mut ignore).await.expect("a row");
    }
    let read: Vec<Sample> = sqlx::query_as("SELECT * FROM samples ORDER BY id")
        .fetch_all(&mut sqlx)
        .await
        .expect("the rows");
    assert_eq!(read, samples());
    let earlier: i64 = sqlx::query_scalar("SELECT count(*) FROM samples WHERE at < ? AND id <> ?")
        .bind(samples()[1].at)
        .bind(samples()[2].id)
        .fetch_one(&mut sqlx)
        .await
        .expect("a count");
    assert_eq!(earlier, 2);
}

/// Adds a row by sqlx, with this moment and this time of day.
async fn write<'q, A, T>(
    sqlx: &mut SqliteConnection,
    sample: Sample,
    at: A,
    time: T,
) -> Result<(), sqlx::Error>
where
    A: Encode<'q, Sqlite> + Type<Sqlite> + 'q,
    T: Encode<'q, Sqlite> + Type<Sqlite> + 'q,
{
    let query = sqlx::query(sqlx::AssertSqlSafe(insert()))
        .bind(sample.id)
        .bind(sample.flag)
        .bind(sample.small)
        .bind(sample.medium)
        .bind(sample.large)
        .bind(sample.single)
        .bind(sample.double)
        .bind(sample.words)
        .bind(sample.data)
        .bind(at)
        .bind(sample.day)
        .bind(time);
    query.execute(sqlx).await.map(drop)
}

async fn assert_read(backend: &dyn Backend) {
    let (expected, mut index) = (samples(), 0);
    let read = statement(Access::Read, "SELECT * FROM samples ORDER BY id", &[]);
    let on_row = &mut |row: &dyn Row| {
        assert!(expected[index].is(row));
        index += 1;
        Ok(())
    };
    backend.run(read, on_row).await.expect("the rows");
    assert_eq!(index, expected.len());
}

#[tokio::test]
async fn we_read_what_sqlx_wrote() {
    let file = File::new();
    let (backend, mut sqlx) = both(&file, Checks::Ours).await;
    for sample in samples() {
        let at = moment_text(sample.at).expect("a moment");
        let time = time_of_day_text(sample.time).expect("a time of day");
        write(&mut sqlx, sample, at, time).await.expect("a row that passes the checks");
    }
    assert_read(&*backend).await;
    // What a repository binds finds it.
    let sql = "SELECT count(*) FROM samples WHERE at = ?1 AND time = ?2";
    for sample in samples() {
        let params = [Value::Timestamp(sample.at), Value::Time(sample.time)];
        let mut found = 0;
        let on_row = &mut |row: &dyn Row| {
            found = integer(row)?;
            Ok(())
        };
        backend.run(statement(Access::Read, sql, &params), on_row).await.expect("a count");
        assert_eq!(found, 1, "{sample:?}");
    }
}

#[tokio::test]
async fn we_read_what_sqlx_wrote_in_its_own_spelling_where_no_check_refuses_it() {
    let file = File::new();
    let (backend, mut sqlx) = both(&file, Checks::None).await;
    for sample in samples() {
        let (at, time) = (sample.at, sample.time);
        write(&mut sqlx, sample, at, time).await.expect("a row");
    }
    assert_read(&*backend).await;
}

#[tokio::test]
async fn what_is_spelled_otherwise_is_refused() {
    let file = File::new();
    let (_backend, mut sqlx) = both(&file, Checks::Ours).await;
    for at in ["2026-01-31T23:59:59Z", "2026-01-31T23:59:59.120Z", "2026-01-31T23:59:59.123456789Z"]
    {
        let sample = sample(7, at, None);
        let (moment, time) = (sample.at, sample.time);
        let text = moment_text(moment).expect("a moment");
        let refused = write(&mut sqlx, sample.clone(), moment, time).await.expect_err(at);
        assert!(refused.to_string().contains("CHECK"), "{refused}");
        let refused = write(&mut sqlx, sample.clone(), text.clone(), time).await.expect_err(at);
        assert!(refused.to_string().contains("CHECK"), "{refused}");
        let time = time_of_day_text(time).expect("a time of day");
        write(&mut sqlx, sample, text, time).await.expect(at);
        let gone = sqlx::query("DELETE FROM samples").execute(&mut sqlx).await.expect("a deletion");
        assert_eq!(gone.rows_affected(), 1);
    }
}

/// The statements of `docs/beside-sqlx.md`.
#[tokio::test]
async fn rows_in_the_spelling_of_sqlx_are_rewritten() {
    let file = File::new();
    let (_backend, mut sqlx) = both(&file, Checks::None).await;
    let mut finer = sample(5, "2026-01-31T23:59:59.123456789Z", None);
    for sample in samples().into_iter().chain([finer.clone()]) {
        let (at, time) = (sample.at, sample.time);
        write(&mut sqlx, sample, at, time).await.expect("a row");
    }
    finer.at = DateTime::from_timestamp_micros(finer.at.timestamp_micros()).expect("a moment");
    finer.time = finer.at.time();
    let document = include_str!("../../../docs/beside-sqlx.md");
    let (_, sql) = document.split_once("```sql\n").expect("the statements");
    let (sql, _) = sql.split_once("```").expect("their end");
    let sql = sql.replace("visits", "samples");
    for _ in 0..2 {
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql.as_str()))
            .execute(&mut sqlx)
            .await
            .expect("an update");
        let read: Vec<(String, String)> =
            sqlx::query_as("SELECT at, time FROM samples ORDER BY id")
                .fetch_all(&mut sqlx)
                .await
                .expect("the rows");
        let expected = samples().into_iter().chain([finer.clone()]).map(|sample| {
            let at = moment_text(sample.at).expect("a moment");
            (at, time_of_day_text(sample.time).expect("a time of day"))
        });
        assert_eq!(read, expected.collect::<Vec<_>>());
    }
}
