//! Entities that are validated and told of: marked when they are deleted and recorded, or neither; and below
//! each what goes with it.

use chrono::{DateTime, Utc};
use repo_core::{Problems, Repository, Schema, Validate, ValidateDelete, ValidateUpdate, schema};
use uuid::Uuid;

/// What somebody owes: every policy, and every check.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "invoices", tenant, soft_delete, versioned, audited)]
#[repository(validate(create, update, delete), events)]
pub(crate) struct Invoice {
    pub(crate) id: Uuid,
    pub(crate) tenant_id: Uuid,
    #[repository(unique)]
    pub(crate) number: String,
    pub(crate) state: String,
    #[repository(default = 100)]
    pub(crate) cents: i64,
    pub(crate) version: i64,
    pub(crate) deleted_at: Option<DateTime<Utc>>,
    #[repository(deletion_id)]
    pub(crate) deletion_id: Option<Uuid>,
}

/// A part of it, of which nothing is asked or told.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "charges", tenant, soft_delete)]
pub(crate) struct Charge {
    pub(crate) id: i64,
    pub(crate) tenant_id: Uuid,
    #[repository(references = Invoice, on_delete = cascade)]
    pub(crate) invoice_id: Uuid,
    pub(crate) deleted_at: Option<DateTime<Utc>>,
    #[repository(deletion_id)]
    pub(crate) deletion_id: Option<Uuid>,
}

/// What was said of a part, and may be kept.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "caveats", tenant, soft_delete, validate(delete), events)]
pub(crate) struct Caveat {
    pub(crate) id: i64,
    pub(crate) tenant_id: Uuid,
    #[repository(references = Charge, on_delete = cascade)]
    pub(crate) charge_id: i64,
    pub(crate) kept: bool,
    pub(crate) deleted_at: Option<DateTime<Utc>>,
    #[repository(deletion_id)]
    pub(crate) deletion_id: Option<Uuid>,
}

/// What proves it, which is removed with it and asked about alone.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "seals", tenant, validate(delete))]
pub(crate) struct Seal {
    pub(crate) id: i64,
    pub(crate) tenant_id: Uuid,
    #[repository(references = Invoice, on_delete = cascade)]
    pub(crate) invoice_id: Uuid,
}

/// The same as an invoice, without policies: the database numbers it, and it is removed.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "coupons", tenant, validate(create, update, delete), events)]
pub(crate) struct Coupon {
    pub(crate) id: i64,
    pub(crate) tenant_id: Uuid,
    #[repository(unique)]
    pub(crate) number: String,
    pub(crate) state: String,
    #[repository(default = 100)]
    pub(crate) cents: i64,
}

/// A use of it, of which nothing is asked or told.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "usages", tenant)]
pub(crate) struct Usage {
    pub(crate) id: i64,
    pub(crate) tenant_id: Uuid,
    #[repository(references = Coupon, on_delete = cascade)]
    pub(crate) coupon_id: i64,
}

/// The proof of a use, which may be kept.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "receipts", tenant, validate(delete), events)]
pub(crate) struct Receipt {
    pub(crate) id: Uuid,
    pub(crate) tenant_id: Uuid,
    #[repository(references = Usage, on_delete = cascade)]
    pub(crate) usage_id: i64,
    pub(crate) kept: bool,
}

/// What is only told, and belongs to no tenant.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "notices_sent", immutable, events)]
pub(crate) struct Sent {
    pub(crate) id: i64,
    pub(crate) text: String,
}

/// All of them.
pub(crate) fn invoices() -> Schema {
    schema![Invoice, Charge, Caveat, Seal, Coupon, Usage, Receipt, Sent]
}

/// A new invoice has a number, no row owes less than nothing, and what is paid stays so.
macro_rules! checks {
    ($entity:ident, $new:ident) => {
        impl Validate for $new {
            fn validate(&self, problems: &mut Problems<$entity>) {
                problems.require($entity::NUMBER, !self.number.is_empty(), "is empty");
                problems.require($entity::STATE, self.state != "lost", "is no state to begin with");
            }

            fn validate_row(row: &$entity, problems: &mut Problems<$entity>) {
                problems.require($entity::CENTS, row.cents >= 0, "is negative");
            }
        }

        impl ValidateUpdate for $entity {
            fn validate_update(&self, before: &$entity, problems: &mut Problems<$entity>) {
                if before.state == "paid" && self.state != "paid" {
                    problems.add("what is paid stays paid");
                }
                problems.require($entity::CENTS, self.cents >= 0, "is negative");
            }
        }

        impl ValidateDelete for $entity {
            fn validate_delete(&self, problems: &mut Problems<$entity>) {
                problems.require($entity::STATE, self.state != "paid", "says that it is kept");
            }
        }
    };
}

checks!(Invoice, NewInvoice);
checks!(Coupon, NewCoupon);

impl ValidateDelete for Caveat {
    fn validate_delete(&self, problems: &mut Problems<Caveat>) {
        problems.require(Caveat::KEPT, !self.kept, "says that it is kept");
    }
}

impl ValidateDelete for Seal {
    fn validate_delete(&self, problems: &mut Problems<Seal>) {
        problems.add("a seal is kept");
    }
}

impl ValidateDelete for Receipt {
    fn validate_delete(&self, problems: &mut Problems<Receipt>) {
        problems.require(Receipt::KEPT, !self.kept, "says that it is kept");
    }
}
