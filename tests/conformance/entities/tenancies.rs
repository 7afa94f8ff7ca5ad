//! Tenants that are not UUIDs, ids that the database makes for a tenant, rows that never change.

use chrono::{DateTime, Utc};
use repo_core::{ColumnType, Repository};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A tenant that is a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ColumnType)]
pub(crate) struct Org(pub(crate) i64);

/// A tenant that is a text.
#[derive(Debug, Clone, PartialEq, Eq, ColumnType)]
pub(crate) struct Realm {
    pub(crate) name: String,
}

/// An id that the database makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ColumnType)]
pub(crate) struct EventId(pub(crate) i64);

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "events", tenant, immutable, timestamps, correlated)]
pub(crate) struct Event {
    pub(crate) id: EventId,
    #[repository(tenant)]
    pub(crate) org: Org,
    #[repository(unique)]
    pub(crate) key: String,
    #[repository(json)]
    pub(crate) payload: Payload,
    #[repository(json)]
    pub(crate) note: Option<Payload>,
    #[repository(correlation_id)]
    pub(crate) request: Uuid,
    pub(crate) created_at: DateTime<Utc>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Payload {
    pub(crate) words: Vec<String>,
    pub(crate) amount: Option<f64>,
}

/// A name on the network: taken once in all realms, a label once in each.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "hosts", tenant, soft_delete, unique(global, address))]
pub(crate) struct Host {
    #[repository(id)]
    pub(crate) key: HostId,
    #[repository(tenant, column = "realm")]
    pub(crate) of: Realm,
    pub(crate) address: String,
    #[repository(unique)]
    pub(crate) label: Option<String>,
    #[repository(deleted_at)]
    pub(crate) gone_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ColumnType)]
pub(crate) struct HostId(pub(crate) Uuid);

/// A new event with an empty payload.
pub(crate) fn event(key: &str) -> NewEvent {
    let payload = Payload { words: Vec::new(), amount: None };
    NewEvent { key: key.to_owned(), payload, note: None }
}

/// A new host without a label.
pub(crate) fn host(address: &str) -> NewHost {
    NewHost { address: address.to_owned(), label: None }
}

/// A realm.
pub(crate) fn realm(name: &str) -> Realm {
    Realm { name: name.to_owned() }
}
