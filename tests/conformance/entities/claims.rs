//! Entities whose changes are recorded.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use repo_core::Repository;
use rust_decimal::Decimal;
use serde_json::Value;
use uuid::Uuid;

use super::Status;

/// A claim: every policy at once, and a secret.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "claims", tenant, soft_delete, versioned, timestamps, audited)]
pub(crate) struct Claim {
    pub(crate) id: Uuid,
    pub(crate) tenant_id: Uuid,
    #[repository(unique)]
    pub(crate) code: String,
    pub(crate) status: Status,
    #[repository(decimal(12, 2))]
    pub(crate) amount: Decimal,
    pub(crate) note: Option<String>,
    #[repository(sensitive)]
    pub(crate) account: Option<String>,
    pub(crate) version: i64,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    pub(crate) deleted_at: Option<DateTime<Utc>>,
}

/// A column of every type, shared by all tenants, removed when it is deleted.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "a \"recorded\" 'sample'", audited)]
pub(crate) struct Recorded {
    pub(crate) id: i64,
    pub(crate) flag: bool,
    pub(crate) small: Option<i16>,
    pub(crate) medium: i32,
    pub(crate) large: i64,
    pub(crate) single: f32,
    pub(crate) double: f64,
    #[repository(column = "the 'text' \"\\ of it")]
    pub(crate) text: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) uuid: Option<Uuid>,
    pub(crate) moment: DateTime<Utc>,
    pub(crate) date: NaiveDate,
    pub(crate) time: NaiveTime,
    #[repository(decimal(12, 4))]
    pub(crate) price: Option<Decimal>,
    pub(crate) json: Value,
    pub(crate) status: Status,
}

/// An immutable entity that is recorded outside of a chain.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "visits", tenant, immutable, audited(unchained))]
pub(crate) struct Visit {
    pub(crate) id: Uuid,
    pub(crate) tenant_id: Uuid,
    pub(crate) page: String,
}

/// A claim with this code.
pub(crate) fn claim(code: &str) -> NewClaim {
    NewClaim {
        code: code.to_owned(),
        status: Status::New,
        amount: Decimal::new(110, 2),
        note: None,
        account: Some("hunter2".to_owned()),
    }
}

/// A row with values that are easily got wrong.
pub(crate) fn recorded() -> NewRecorded {
    NewRecorded {
        flag: true,
        small: None,
        medium: -1,
        large: i64::MAX,
        single: 0.1,
        double: 0.1 + 0.2,
        text: "\"quoted\" \\ \n\t\u{1}\u{7f} ünï 🦀 '".to_owned(),
        bytes: vec![0, 255],
        uuid: Some(Uuid::from_u128(7)),
        moment: crate::fixture::moment("0001-01-01T00:00:00.000001Z"),
        date: NaiveDate::from_ymd_opt(9999, 12, 31).unwrap(),
        time: NaiveTime::from_hms_micro_opt(23, 59, 59, 999_999).unwrap(),
        price: Some(Decimal::new(-11_000, 4)),
        json: serde_json::json!({ "bb": [1, 2.5, null], "a": { "z": "\"x\"", "long": true } }),
        status: Status::InProgress,
    }
}

/// A payment: immutable, recorded, and made once by its key.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "payments", tenant, immutable, audited, unique(source, number))]
pub(crate) struct Payment {
    pub(crate) id: i64,
    pub(crate) tenant_id: Uuid,
    #[repository(unique)]
    pub(crate) key: String,
    pub(crate) source: String,
    pub(crate) number: i64,
    pub(crate) cents: i64,
}

/// A secret that every row has.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "safes", tenant)]
pub(crate) struct Safe {
    pub(crate) id: Uuid,
    pub(crate) tenant_id: Uuid,
    #[repository(sensitive)]
    pub(crate) pin: String,
}
