//! Each kind of value to the server and back, and against what SQL literals mean.

use chrono::{DateTime, NaiveDate, NaiveTime};
use repo_core::backend::{Backend, Dialect};
use repo_core::{Error, Kind, Value};
use repo_postgres::{Postgres, PostgresDialect};
use uuid::Uuid;

use crate::scratch::{DECIMAL, KINDS, Scratch, count, read, script, write};

fn decimal(units: i64, scale: u8) -> Value<'static> {
    Value::Decimal { units, scale }
}

fn timestamp(text: &str) -> Value<'static> {
    Value::Timestamp(DateTime::parse_from_rfc3339(text).unwrap().to_utc())
}

fn date(text: &str) -> Value<'static> {
    Value::Date(text.parse::<NaiveDate>().unwrap())
}

fn time(text: &str) -> Value<'static> {
    Value::Time(text.parse::<NaiveTime>().unwrap())
}

#[tokio::test]
async fn what_no_message_holds_is_refused_before_it_is_sent() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.options().pool_size(1).connect_backend().await.unwrap();
    let pid = count(&db, "SELECT pg_backend_pid()::int8").await;
    // Nobody writes to it, so it takes no memory.
    let large = [Value::Bytes(vec![0; 1 << 30].into())];
    let many: Vec<_> = (0..70_000).map(Value::I64).collect();
    for (params, words) in [(&large[..], "1073741828 bytes"), (&many[..], "70000")] {
        match write(&db, "SELECT $1", params).await.unwrap_err() {
            Error::InvalidInput { reason, .. } => assert!(reason.contains(words), "{reason}"),
            error => panic!("{error:?}"),
        }
    }
    assert_eq!(count(&db, "SELECT pg_backend_pid()::int8").await, pid);
}

/// Values, and the SQL literals that mean the same.
pub(crate) fn samples() -> Vec<(Kind, Value<'static>, &'static str)> {
    let bytes: Vec<u8> = vec![0, 1, 0xfe, 0xff];
    let uuid = Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);
    let wide = Kind::Decimal { precision: 18, scale: 0 };
    let fine = Kind::Decimal { precision: 18, scale: 18 };
    vec![
        (Kind::Bool, Value::Bool(true), "true"),
        (Kind::Bool, Value::Bool(false), "false"),
        (Kind::I16, Value::I16(i16::MIN), "'-32768'::smallint"),
        (Kind::I32, Value::I32(i32::MAX), "2147483647"),
        (Kind::I64, Value::I64(i64::MIN), "'-9223372036854775808'::bigint"),
        (Kind::I64, Value::I64(7), "7::smallint"),
        (Kind::F32, Value::F32(f32::MIN_POSITIVE), "'1.17549435e-38'::real"),
        (Kind::F64, Value::F64(0.1), "0.1::float8"),
        (Kind::F64, Value::F64(0.5), "0.5::real"),
        (Kind::F64, Value::F64(f64::MAX), "'1.7976931348623157e308'::float8"),
        (Kind::Text, Value::Text("".into()), "''"),
        (Kind::Text, Value::Text("'\"\\%_ ünïcödé 🦀".into()), "E'\\'\"\\\\%_ ünïcödé 🦀'"),
        (Kind::Text, Value::Text("short".into()), "'short'::varchar(10)"),
        (Kind::Bytes, Value::Bytes(bytes.into()), "'\\x0001feff'::bytea"),
        (Kind::Uuid, Value::Uuid(uuid), "'01234567-89ab-cdef-0123-456789abcdef'::uuid"),
        (
            Kind::Timestamp,
            timestamp("2000-01-01T00:00:00Z"),
            "'2000-01-01 00:00:00+00'::timestamptz",
        ),
        (
            Kind::Timestamp,
            timestamp("1969-12-31T23:59:59.999999Z"),
            "'1969-12-31 23:59:59.999999+00'::timestamptz",
        ),
        (
            Kind::Timestamp,
            timestamp("0001-01-01T00:00:00Z"),
            "'0001-01-01 00:00:00+00'::timestamptz",
        ),
        (
            Kind::Timestamp,
            timestamp("9999-12-31T23:59:59.999999Z"),
            "'9999-12-31 23:59:59.999999+00'::timestamptz",
        ),
        (Kind::Date, date("0001-01-01"), "'0001-01-01'::date"),
        (Kind::Date, date("2000-01-01"), "'2000-01-01'::date"),
        (Kind::Date, date("2024-02-29"), "'2024-02-29'::date"),
        (Kind::Date, date("9999-12-31"), "'9999-12-31'::date"),
        (Kind::Time, time("00:00:00"), "'00:00:00'::time"),
        (Kind::Time, time("23:59:59.999999"), "'23:59:59.999999'::time"),
        (DECIMAL, decimal(0, 4), "0::numeric"),
        (DECIMAL, decimal(1, 4), "0.0001"),
        (DECIMAL, decimal(-1, 4), "-0.0001"),
        (DECIMAL, decimal(10_000, 4), "1::numeric"),
        (DECIMAL, decimal(100_000_000, 4), "10000::numeric"),
        (DECIMAL, decimal(123_456_789, 4), "12345.6789"),
        (DECIMAL, decimal(-1_000_500_000, 4), "-100050::numeric"),
        (wide, decimal(i64::MAX, 0), "9223372036854775807::numeric"),
        (wide, decimal(i64::MIN, 0), "-9223372036854775808::numeric"),
        (wide, decimal(1_000_000_000_000_000_000, 0), "1e18::numeric"),
        (fine, decimal(1, 18), "0.000000000000000001"),
        (fine, decimal(999_999_999_999_999_999, 18), "0.999999999999999999"),
        (Kind::Json, Value::Json("{\"a\": [1, null]}".into()), "'{\"a\": [1, null]}'::jsonb"),
        (Kind::Json, Value::Json("{\"a\":1}".into()), "'{\"a\":1}'::json"),
    ]
}

#[tokio::test]
async fn a_parameter_is_the_literal_that_means_the_same() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.connect().await;
    for (kind, value, literal) in samples() {
        let cast = if kind == Kind::Json { "::jsonb" } else { "" };
        let sql = format!("SELECT ({literal}){cast} IS NOT DISTINCT FROM $1");
        let params = [value.borrowed()];
        let same = read(&db, &sql, &params, Kind::Bool).await.unwrap();
        assert_eq!(same, [Value::Bool(true)], "{value:?} is not {literal}");
    }
}

#[tokio::test]
async fn a_literal_is_read_as_the_value_that_means_the_same() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.connect().await;
    for (kind, value, literal) in samples() {
        let found = read(&db, &format!("SELECT {literal}"), &[], kind).await.unwrap();
        assert_eq!(found, [value], "{literal}");
    }
}

#[tokio::test]
async fn a_column_keeps_each_value_and_null() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.connect().await;
    let dialect = PostgresDialect::default();
    for (number, kind) in KINDS.into_iter().enumerate() {
        let mut column = String::new();
        dialect.column_type(&mut column, kind);
        script(&db, &format!("CREATE TABLE kept_{number} (value {column})")).await;
        let values =
            samples().into_iter().filter(|(of, ..)| *of == kind).map(|(_, value, _)| value);
        for value in values.chain([Value::Null(kind)]) {
            keep(&db, number, kind, value).await;
        }
    }
}

async fn keep(db: &Postgres, number: usize, kind: Kind, value: Value<'static>) {
    script(db, &format!("TRUNCATE kept_{number}")).await;
    let params = [value.borrowed()];
    let sql = format!("INSERT INTO kept_{number} VALUES ($1) RETURNING value");
    let returned = read(db, &sql, &params, kind).await.unwrap();
    let kept = read(db, &format!("SELECT value FROM kept_{number}"), &[], kind).await.unwrap();
    assert_eq!(returned, kept);
    match (&kept[0], &value) {
        // jsonb keeps the document, not its spaces.
        (Value::Json(kept), Value::Json(given)) => {
            assert_eq!(kept.replace(' ', ""), given.replace(' ', ""));
        }
        (kept, given) => assert_eq!(kept, given),
    }
}

#[tokio::test]
async fn a_list_is_one_parameter_of_any_length() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.connect().await;
    for (kind, value, literal) in samples() {
        let cast = if kind == Kind::Json { "::jsonb" } else { "" };
        let sql = format!("SELECT ({literal}){cast} = ANY($1)");
        let other = Value::Null(kind);
        let lists = [vec![], vec![value.borrowed()], vec![other, value.borrowed()]];
        for (index, list) in lists.into_iter().enumerate() {
            let found = read(&db, &sql, &[Value::List(kind, list)], Kind::Bool).await.unwrap();
            assert_eq!(found, [Value::Bool(index > 0)], "{literal}");
        }
    }
}

#[tokio::test]
async fn what_does_not_fit_is_an_error_and_never_another_value() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.connect().await;
    let wrong = [
        (Kind::I16, "32768", "is out of range"),
        (Kind::I32, "2147483648", "is out of range"),
        (Kind::I64, "1::float8", "is of type FLOAT8, which is not a I64"),
        (Kind::I64, "now()", "is of type TIMESTAMPTZ, which is not a I64"),
        (Kind::F32, "0.1::float8", "is of type FLOAT8, which is not a F32"),
        (Kind::Text, "1", "is of type INT4, which is not a Text"),
        (Kind::Bytes, "'x'::text", "is of type TEXT, which is not a Bytes"),
        (Kind::Uuid, "'x'::text", "is of type TEXT, which is not a Uuid"),
        (Kind::Timestamp, "now()::timestamp", "is of type TIMESTAMP, which is not a Timestamp"),
        (Kind::F32, "'NaN'::real", "is not a finite number"),
        (Kind::F64, "'-Infinity'::double precision", "is not a finite number"),
        (Kind::F64, "'NaN'::real", "is not a finite number"),
        (Kind::Timestamp, "'infinity'::timestamptz", "is infinity"),
        (Kind::Timestamp, "'10000-01-01Z'::timestamptz", "is out of range"),
        (Kind::Timestamp, "'0001-12-31Z BC'::timestamptz", "is out of range"),
        (Kind::Date, "'10000-01-01'::date", "is out of range"),
        (Kind::Date, "'0001-12-31 BC'::date", "is out of range"),
        (Kind::Date, "'-infinity'::date", "is infinity"),
        (Kind::Date, "'5874897-12-31'::date", "is out of range"),
        (Kind::Time, "'24:00:00'::time", "is out of range"),
        (DECIMAL, "'NaN'::numeric", "is not a finite number"),
        (DECIMAL, "'-infinity'::numeric", "is not a finite number"),
        (DECIMAL, "0.00001", "has more than 4 digits after the point"),
        (DECIMAL, "1e15", "is too large"),
        (DECIMAL, "1e40", "is too large"),
        (DECIMAL, "1e-40", "has more than 4 digits after the point"),
    ];
    for (kind, literal, reason) in wrong {
        let error = read(&db, &format!("SELECT {literal}"), &[], kind).await.unwrap_err();
        assert_eq!(error.to_string(), format!("`body` of a stored `Note` {reason}"), "{literal}");
    }
}

#[tokio::test]
async fn text_is_found_and_ordered_by_its_bytes() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.connect().await;
    let dialect = db.dialect();
    let mut column = String::new();
    dialect.column_type(&mut column, Kind::Text);
    script(&db, &format!("CREATE TABLE words (word {column})")).await;
    script(&db, "INSERT INTO words VALUES ('b'), ('A'), ('a'), ('B'), ('100%'), ('É'), ('é')")
        .await;
    let words = read(&db, "SELECT word FROM words ORDER BY word", &[], Kind::Text).await.unwrap();
    let ordered = ["100%", "A", "B", "a", "b", "É", "é"].map(|word| Value::Text(word.into()));
    assert_eq!(words, ordered);

    let mut sql = String::from("SELECT word FROM words WHERE ");
    dialect.in_list(&mut sql, "\"word\"", 1, Kind::Text);
    let list = ["a", "é", "c"].map(|word| Value::Text(word.into()));
    let list = Value::List(Kind::Text, list.to_vec());
    assert_eq!(read(&db, &sql, &[list], Kind::Text).await.unwrap().len(), 2);

    use repo_core::backend::TextMatch::{Contains, ContainsIgnoreCase, EndsWith, StartsWith};
    let cases = [
        (Contains, "%", 1),
        (Contains, "", 7),
        (Contains, "a", 1),
        (ContainsIgnoreCase, "a", 2),
        (ContainsIgnoreCase, "é", 1),
        (StartsWith, "10", 1),
        (StartsWith, "_", 0),
        (EndsWith, "0%", 1),
        (EndsWith, "100%100%", 0),
        (EndsWith, "", 7),
    ];
    for (place, text, expected) in cases {
        let mut sql = String::from("SELECT word FROM words WHERE ");
        dialect.text_match(&mut sql, "\"word\"", 1, place);
        let found = read(&db, &sql, &[Value::Text(text.into())], Kind::Text).await.unwrap();
        assert_eq!(found.len(), expected, "{place:?} {text}");
    }
    assert_eq!(count(&db, "SELECT count(*) FROM words").await, 7);
}
