//! Every kind of value comes back as it was written, in the form that the documentation names.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use repo_core::backend::{Access, Backend, Dialect as _};
use repo_core::{Kind, Value};
use repo_sqlite::{Options, SqliteDialect};
use uuid::Uuid;

use crate::support::{integer, open, statement, text};

const UUID: Uuid = Uuid::from_u128(0x0198_0000_0000_7000_8000_0000_0000_0001);
const PRICE: Kind = Kind::Decimal { precision: 12, scale: 4 };

fn moment(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).expect("a moment").to_utc()
}

/// A value of each kind, and the SQL literal it is stored as.
fn samples() -> Vec<(Kind, Value<'static>, &'static str)> {
    let time = NaiveTime::from_hms_micro_opt(23, 59, 59, 1).expect("a time");
    let day = NaiveDate::from_ymd_opt(2026, 1, 31).expect("a day");
    let at = moment("2026-01-31T23:59:59.000001Z");
    vec![
        (Kind::Bool, Value::Bool(true), "1"),
        (Kind::I16, Value::I16(i16::MIN), "-32768"),
        (Kind::I32, Value::I32(i32::MAX), "2147483647"),
        (Kind::I64, Value::I64(i64::MIN + 1), "-9223372036854775807"),
        (Kind::F32, Value::F32(0.5), "0.5"),
        (Kind::F64, Value::F64(-1.0), "-1.0"),
        (Kind::Text, text("naïve 🦀 'quoted'"), "'naïve 🦀 ''quoted'''"),
        (Kind::Text, text(""), "''"),
        (Kind::Bytes, Value::Bytes(vec![0, 255].into()), "x'00ff'"),
        (Kind::Bytes, Value::Bytes(Vec::new().into()), "x''"),
        (Kind::Uuid, Value::Uuid(UUID), "x'01980000000070008000000000000001'"),
        (Kind::Timestamp, Value::Timestamp(at), "'2026-01-31T23:59:59.000001+00:00'"),
        (Kind::Date, Value::Date(day), "'2026-01-31'"),
        (Kind::Time, Value::Time(time), "'23:59:59.000001'"),
        (PRICE, Value::Decimal { units: -15_000, scale: 4 }, "-15000"),
        (Kind::Json, Value::Json("{\"b\": 1,  \"a\": 2}".into()), "'{\"b\": 1,  \"a\": 2}'"),
        (Kind::Text, Value::Null(Kind::Text), "NULL"),
    ]
}

async fn memory() -> Arc<dyn Backend> {
    open(Options::new("sqlite::memory:").expect("a URL")).await
}

#[tokio::test]
async fn every_kind_is_stored_as_documented_and_comes_back() {
    let backend = memory().await;
    for (kind, value, literal) in samples() {
        let sql = format!("SELECT ?1, ?1 IS {literal}, typeof(?1) = typeof({literal})");
        let params = [value.borrowed()];
        let mut rows = 0;
        let on_row = &mut |row: &dyn repo_core::backend::Row| {
            assert_eq!(row.value(0, kind), Ok(value.borrowed()), "{kind:?}");
            assert_eq!(row.value(1, Kind::Bool), Ok(Value::Bool(true)), "{value:?} is {literal}");
            assert_eq!(row.value(2, Kind::Bool), Ok(Value::Bool(true)), "type of {value:?}");
            assert!(row.value(3, kind).is_err(), "there is no fourth column");
            rows += 1;
            Ok(())
        };
        backend.run(statement(Access::Read, &sql, &params), on_row).await.expect(literal);
        assert_eq!(rows, 1);
    }
}

#[tokio::test]
async fn a_list_of_any_kind_is_one_parameter() {
    let backend = memory().await;
    for (kind, value, literal) in samples().into_iter().filter(|(_, value, _)| !value.is_null()) {
        let mut sql = format!("SELECT count(*) FROM (SELECT {literal} AS a) WHERE ");
        SqliteDialect.in_list(&mut sql, "\"a\"", 1, kind);
        for (list, expected) in [
            (vec![value.borrowed()], 1),
            (vec![value.borrowed(); 40_000], 1),
            (Vec::new(), 0),
            (vec![Value::Null(kind)], 0),
        ] {
            let params = [Value::List(kind, list)];
            let mut found = None;
            let on_row = &mut |row: &dyn repo_core::backend::Row| {
                found = Some(integer(row)?);
                Ok(())
            };
            backend.run(statement(Access::Read, &sql, &params), on_row).await.expect(literal);
            assert_eq!(found, Some(expected), "{kind:?}");
        }
    }
}

#[tokio::test]
async fn a_list_is_looked_up_in_an_index() {
    let backend = memory().await;
    let create = "CREATE TABLE t (a TEXT PRIMARY KEY) STRICT, WITHOUT ROWID";
    backend.run(statement(Access::Write, create, &[]), &mut |_| Ok(())).await.expect("a table");
    let mut sql = String::from("EXPLAIN QUERY PLAN SELECT a FROM t WHERE ");
    SqliteDialect.in_list(&mut sql, "\"a\"", 1, Kind::Text);
    let params = [Value::List(Kind::Text, vec![text("x")])];
    let mut plan = String::new();
    let on_row = &mut |row: &dyn repo_core::backend::Row| {
        if let Ok(Value::Text(detail)) = row.value(3, Kind::Text) {
            plan.push_str(&detail);
        }
        Ok(())
    };
    backend.run(statement(Access::Read, &sql, &params), on_row).await.expect("a plan");
    assert!(plan.contains("SEARCH t USING PRIMARY KEY (a=?)"), "{plan}");
}
