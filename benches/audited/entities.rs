//! Tickets whose changes are recorded: the same columns and policies as `Ticket`, and one more.

use benches::{Context, Status};
use chrono::{DateTime, Utc};
use repo_core::Repository;
use rust_decimal::Decimal;
use uuid::Uuid;

macro_rules! recorded_ticket {
    ($entity:ident, $table:tt, $($audited:tt)+) => {
        #[derive(Debug, Clone, PartialEq, Repository)]
        #[repository(table = $table, tenant, soft_delete, versioned, timestamps, $($audited)+)]
        #[repository(index(status, created_at), index(created_at, id))]
        #[allow(clippy::duplicated_attributes, reason = "two indexes share a column")]
        pub(crate) struct $entity {
            pub(crate) id: Uuid,
            pub(crate) tenant_id: Uuid,
            pub(crate) subject: String,
            pub(crate) status: Status,
            pub(crate) attempts: i64,
            #[repository(json)]
            pub(crate) context: Context,
            #[repository(decimal(12, 2))]
            pub(crate) amount: Decimal,
            pub(crate) urgent: bool,
            pub(crate) reporter: Option<String>,
            pub(crate) version: i64,
            pub(crate) created_at: DateTime<Utc>,
            pub(crate) updated_at: DateTime<Utc>,
            pub(crate) deleted_at: Option<DateTime<Utc>>,
        }
    };
}

recorded_ticket!(AuditedTicket, "audited_tickets", audited);
recorded_ticket!(UnchainedTicket, "unchained_tickets", audited(unchained));
