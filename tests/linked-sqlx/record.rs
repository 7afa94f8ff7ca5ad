//! An entity with a column of each type that sqlx knows on both databases, and the tuple that a
//! query by hand reads.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use repo_core::Repository;
use serde_json::{Value, json};
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "records")]
pub(crate) struct Record {
    pub(crate) id: Uuid,
    pub(crate) flag: bool,
    pub(crate) small: i16,
    pub(crate) medium: i32,
    pub(crate) large: i64,
    pub(crate) double: f64,
    pub(crate) text: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) moment: DateTime<Utc>,
    pub(crate) date: NaiveDate,
    pub(crate) time: NaiveTime,
    pub(crate) document: Value,
    pub(crate) note: Option<String>,
}

/// A row as sqlx reads it.
pub(crate) type Row = (
    Uuid,
    bool,
    i16,
    i32,
    i64,
    f64,
    String,
    Vec<u8>,
    DateTime<Utc>,
    NaiveDate,
    NaiveTime,
    Value,
    Option<String>,
);

impl From<Row> for Record {
    fn from(row: Row) -> Self {
        let (id, flag, small, medium, large, double, text, bytes, moment, date, time, .., note) =
            row;
        let document = row.11;
        Self {
            id,
            flag,
            small,
            medium,
            large,
            double,
            text,
            bytes,
            moment,
            date,
            time,
            document,
            note,
        }
    }
}

/// New records of ordinary values and of limits.
pub(crate) fn records() -> Vec<NewRecord> {
    let moments = [
        "2026-01-31T23:59:59.123456Z",
        "2026-01-31T23:59:59.100Z",
        "2026-01-31T23:59:59Z",
        "0001-01-01T00:00:00.000001Z",
        "9999-12-31T23:59:59.999999Z",
    ];
    moments.into_iter().map(record_at).collect()
}

fn record_at(moment: &str) -> NewRecord {
    let moment = DateTime::parse_from_rfc3339(moment).unwrap().to_utc();
    let early = moment.timestamp() < 0;
    NewRecord {
        flag: early,
        small: if early { i16::MIN } else { i16::MAX },
        medium: if early { i32::MIN } else { i32::MAX },
        large: if early { i64::MIN } else { i64::MAX },
        double: 0.1 + 0.2,
        text: "Größe 🦀 'x' \"y\" \\".to_owned(),
        bytes: (0..=255).collect(),
        moment,
        date: moment.date_naive(),
        time: moment.time(),
        document: json!({ "b": [1, 2.5, null, "🦀"], "a": { "": true } }),
        note: Some(String::new()),
    }
}
