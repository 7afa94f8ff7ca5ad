//! The entity of the vectors in `docs/audit-vectors.json`.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use repo_core::Repository;
use rust_decimal::Decimal;
use serde_json::Value;
use uuid::Uuid;

/// A value of every type, or none; its images are in the vectors.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "specimens", tenant, audited)]
pub(crate) struct Specimen {
    pub(crate) id: Uuid,
    pub(crate) tenant_id: Uuid,
    pub(crate) name: String,
    pub(crate) flag: Option<bool>,
    pub(crate) small: Option<i16>,
    pub(crate) medium: Option<i32>,
    pub(crate) large: Option<i64>,
    pub(crate) single: Option<f32>,
    pub(crate) double: Option<f64>,
    pub(crate) text: Option<String>,
    pub(crate) bytes: Option<Vec<u8>>,
    pub(crate) moment: Option<DateTime<Utc>>,
    pub(crate) date: Option<NaiveDate>,
    pub(crate) time: Option<NaiveTime>,
    #[repository(decimal(12, 2))]
    pub(crate) price: Option<Decimal>,
    pub(crate) json: Option<Value>,
    #[repository(sensitive)]
    pub(crate) secret: Option<String>,
}

/// A specimen of nothing but its name.
pub(crate) fn specimen(name: &str) -> NewSpecimen {
    NewSpecimen {
        name: name.to_owned(),
        flag: None,
        small: None,
        medium: None,
        large: None,
        single: None,
        double: None,
        text: None,
        bytes: None,
        moment: None,
        date: None,
        time: None,
        price: None,
        json: None,
        secret: None,
    }
}
