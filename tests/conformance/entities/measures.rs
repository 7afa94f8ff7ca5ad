//! What a device measured when: a series of numbers.

use chrono::{DateTime, Utc};
use repo_core::Repository;
use rust_decimal::Decimal;
use uuid::Uuid;

/// One measurement of a device, of a tenant, that can be taken back.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "measures", tenant, soft_delete)]
pub(crate) struct Measure {
    pub(crate) id: Uuid,
    pub(crate) tenant_id: Uuid,
    pub(crate) device: Option<String>,
    #[repository(index)]
    pub(crate) at: DateTime<Utc>,
    pub(crate) sent_at: Option<DateTime<Utc>>,
    pub(crate) count: i64,
    #[repository(decimal(18, 6))]
    pub(crate) amount: Option<Decimal>,
    pub(crate) deleted_at: Option<DateTime<Utc>>,
}

/// A measurement of one thing and no amount, at a moment as RFC 3339 writes it.
pub(crate) fn measure(device: &str, at: &str) -> NewMeasure {
    NewMeasure {
        device: Some(device.to_owned()),
        at: crate::fixture::moment(at),
        sent_at: None,
        count: 1,
        amount: None,
    }
}
