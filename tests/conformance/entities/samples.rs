//! A column of every type, and an optional one of every type.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use repo_core::{ColumnType, Repository};
use rust_decimal::Decimal;
use serde_json::Value;
use uuid::Uuid;

use super::{Payload, Status};

/// A newtype over a type that is truncated when it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ColumnType)]
pub(crate) struct Instant(pub(crate) DateTime<Utc>);

/// A value of every type.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "samples")]
pub(crate) struct Sample {
    pub(crate) id: Uuid,
    pub(crate) flag: bool,
    pub(crate) small: i16,
    pub(crate) medium: i32,
    pub(crate) large: i64,
    pub(crate) single: f32,
    pub(crate) double: f64,
    pub(crate) text: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) uuid: Uuid,
    pub(crate) moment: DateTime<Utc>,
    pub(crate) date: NaiveDate,
    pub(crate) time: NaiveTime,
    #[repository(decimal(12, 4))]
    pub(crate) price: Decimal,
    pub(crate) json: Value,
    #[repository(json)]
    pub(crate) payload: Payload,
    pub(crate) status: Status,
    pub(crate) instant: Instant,
}

/// A value of every type, or none.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "optional_samples")]
pub(crate) struct Optional {
    pub(crate) id: Uuid,
    #[repository(unique)]
    pub(crate) label: String,
    pub(crate) flag: Option<bool>,
    pub(crate) small: Option<i16>,
    pub(crate) medium: Option<i32>,
    pub(crate) large: Option<i64>,
    pub(crate) single: Option<f32>,
    pub(crate) double: Option<f64>,
    pub(crate) text: Option<String>,
    pub(crate) bytes: Option<Vec<u8>>,
    pub(crate) uuid: Option<Uuid>,
    pub(crate) moment: Option<DateTime<Utc>>,
    pub(crate) date: Option<NaiveDate>,
    pub(crate) time: Option<NaiveTime>,
    #[repository(decimal(18, 18))]
    pub(crate) fraction: Option<Decimal>,
    #[repository(decimal(18, 0))]
    pub(crate) whole: Option<Decimal>,
    pub(crate) json: Option<Value>,
    #[repository(json)]
    pub(crate) payload: Option<Payload>,
    pub(crate) status: Option<Status>,
    pub(crate) instant: Option<Instant>,
}

/// A sample of ordinary values.
pub(crate) fn sample() -> NewSample {
    NewSample {
        flag: true,
        small: 1,
        medium: 2,
        large: 3,
        single: 0.5,
        double: 0.1,
        text: "text".to_owned(),
        bytes: vec![1, 2, 3],
        uuid: Uuid::from_u128(7),
        moment: crate::fixture::moment("2026-01-31T23:59:59.123456Z"),
        date: NaiveDate::from_ymd_opt(2026, 1, 31).unwrap(),
        time: NaiveTime::from_hms_micro_opt(23, 59, 59, 1).unwrap(),
        price: Decimal::new(12_3456, 4),
        json: serde_json::json!({ "a": [1, 2.5, null, "x"] }),
        payload: Payload { words: vec!["a".to_owned()], amount: Some(0.25) },
        status: Status::InProgress,
        instant: Instant(crate::fixture::moment("2026-01-31T23:59:59Z")),
    }
}

/// An optional sample of nothing.
pub(crate) fn nothing(label: &str) -> NewOptional {
    NewOptional {
        label: label.to_owned(),
        flag: None,
        small: None,
        medium: None,
        large: None,
        single: None,
        double: None,
        text: None,
        bytes: None,
        uuid: None,
        moment: None,
        date: None,
        time: None,
        fraction: None,
        whole: None,
        json: None,
        payload: None,
        status: None,
        instant: None,
    }
}

/// The same table, which takes any text as a status.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "optional_samples")]
pub(crate) struct StatusAsText {
    pub(crate) id: Uuid,
    pub(crate) label: String,
    pub(crate) status: Option<String>,
}

/// The same table, where every row has a known status.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "optional_samples")]
pub(crate) struct StatusOnly {
    pub(crate) id: Uuid,
    pub(crate) label: String,
    pub(crate) status: Status,
}
