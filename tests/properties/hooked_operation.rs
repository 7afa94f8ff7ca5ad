//! An entity that is validated and told of, and random changes of its rows.

use chrono::{DateTime, Utc};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use repo_core::{Problems, Repository, Validate, ValidateDelete, ValidateUpdate};
use uuid::Uuid;

pub(crate) const NEGATIVE: &str = "is negative";
pub(crate) const EARLY: &str = "begins unpaid";
pub(crate) const UNPAID: &str = "what is paid stays paid";
pub(crate) const KEPT: &str = "says that it is kept";

/// No amount is negative; what is paid was unpaid once, stays paid and is kept.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "slips", tenant, soft_delete, versioned)]
#[repository(validate(create, update, delete), events)]
pub(crate) struct Slip {
    pub(crate) id: Uuid,
    pub(crate) tenant_id: i64,
    #[repository(unique)]
    pub(crate) code: String,
    pub(crate) amount: i64,
    pub(crate) is_paid: bool,
    pub(crate) version: i64,
    pub(crate) deleted_at: Option<DateTime<Utc>>,
}

impl Validate for NewSlip {
    fn validate(&self, problems: &mut Problems<Slip>) {
        problems.require(Slip::IS_PAID, !self.is_paid, EARLY);
    }

    fn validate_row(row: &Slip, problems: &mut Problems<Slip>) {
        problems.require(Slip::AMOUNT, row.amount >= 0, NEGATIVE);
    }
}

impl ValidateUpdate for Slip {
    fn validate_update(&self, before: &Slip, problems: &mut Problems<Slip>) {
        if before.is_paid && !self.is_paid {
            problems.add(UNPAID);
        }
        problems.require(Slip::AMOUNT, self.amount >= 0, NEGATIVE);
    }
}

impl ValidateDelete for Slip {
    fn validate_delete(&self, problems: &mut Problems<Slip>) {
        problems.require(Slip::IS_PAID, !self.is_paid, KEPT);
    }
}

/// The columns that are given.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Given {
    pub(crate) code: String,
    pub(crate) amount: i64,
    pub(crate) is_paid: bool,
}

/// New values for some of them.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) code: Option<String>,
    pub(crate) amount: Option<i64>,
    pub(crate) is_paid: Option<bool>,
}

/// Rows are picked by their number among all that were ever added, modulo how many these are.
#[derive(Debug, Clone)]
pub(crate) enum Operation {
    Create(Given),
    CreateMany(Vec<Given>),
    CreateManyPartial(Vec<Given>),
    CreateOrGet(Given),
    /// Of lines, with new ids.
    Import(Vec<Given>),
    Upsert(Given),
    UpsertMany(Vec<Given>),
    Update(usize, Change),
    Patch(usize, Change),
    PatchMany(Vec<(usize, Change)>),
    /// Of the rows with this amount, to which more is added.
    PatchAll(i64, Option<bool>, i64),
    Delete(usize),
    DeleteMany(Vec<usize>),
    DeleteAll(i64),
    DeleteInChunks(i64, u32),
    Restore(usize),
    Purge(usize),
    PurgeOld(u32),
    Transaction {
        is_kept: bool,
        work: Vec<Operation>,
    },
}

impl Operation {
    /// Whether an error of the database undoes the level of the transaction that it is on, and not it alone.
    pub(crate) fn fails_its_level(&self) -> bool {
        matches!(self, Self::Create(_) | Self::CreateMany(_) | Self::Restore(_))
    }
}

impl Change {
    pub(crate) fn apply(&self, given: &Given) -> Given {
        let Change { code, amount, is_paid } = self.clone();
        Given {
            code: code.unwrap_or_else(|| given.code.clone()),
            amount: amount.unwrap_or(given.amount),
            is_paid: is_paid.unwrap_or(given.is_paid),
        }
    }

    pub(crate) fn patch(&self) -> SlipPatch {
        let Change { code, amount, is_paid } = self.clone();
        let patch = SlipPatch::new();
        let patch = if let Some(code) = code { patch.code(code) } else { patch };
        let patch = if let Some(amount) = amount { patch.amount(amount) } else { patch };
        if let Some(is_paid) = is_paid { patch.is_paid(is_paid) } else { patch }
    }
}

pub(crate) fn operation(depth: u32) -> BoxedStrategy<Operation> {
    let simple = prop_oneof![
        6 => given().prop_map(Operation::Create),
        2 => vec(given(), 0..4).prop_map(Operation::CreateMany),
        2 => vec(given(), 0..4).prop_map(Operation::CreateManyPartial),
        2 => given().prop_map(Operation::CreateOrGet),
        2 => vec(given(), 0..3).prop_map(Operation::Import),
        2 => given().prop_map(Operation::Upsert),
        2 => vec(given(), 0..4).prop_map(each_once).prop_map(Operation::UpsertMany),
        4 => (any::<usize>(), change()).prop_map(|(row, change)| Operation::Update(row, change)),
        6 => (any::<usize>(), change()).prop_map(|(row, change)| Operation::Patch(row, change)),
        2 => vec((any::<usize>(), change()), 0..3).prop_map(Operation::PatchMany),
        2 => (0..3_i64, option::of(any::<bool>()), -1..3_i64)
            .prop_map(|(amount, is_paid, more)| Operation::PatchAll(amount, is_paid, more)),
        4 => any::<usize>().prop_map(Operation::Delete),
        2 => vec(any::<usize>(), 0..4).prop_map(Operation::DeleteMany),
        1 => (0..3_i64).prop_map(Operation::DeleteAll),
        1 => (0..3_i64, 1..3_u32)
            .prop_map(|(amount, size)| Operation::DeleteInChunks(amount, size)),
        3 => any::<usize>().prop_map(Operation::Restore),
        1 => any::<usize>().prop_map(Operation::Purge),
        1 => (1..3_u32).prop_map(Operation::PurgeOld),
    ];
    if depth == 0 {
        return simple.boxed();
    }
    let transaction = (prop::bool::weighted(0.7), vec(operation(depth - 1), 0..6))
        .prop_map(|(is_kept, work)| Operation::Transaction { is_kept, work });
    prop_oneof![5 => simple, 2 => transaction].boxed()
}

fn given() -> impl Strategy<Value = Given> {
    let amount = prop_oneof![8 => 0..3_i64, 1 => Just(-1)];
    ("[a-f]", amount, prop::bool::weighted(0.1)).prop_map(|(code, amount, is_paid)| Given {
        code,
        amount,
        is_paid,
    })
}

fn change() -> impl Strategy<Value = Change> {
    let amount = prop_oneof![8 => 0..3_i64, 1 => Just(-1)];
    let is_paid = option::weighted(0.3, any::<bool>());
    (option::weighted(0.2, "[a-f]"), option::of(amount), is_paid)
        .prop_map(|(code, amount, is_paid)| Change { code, amount, is_paid })
}

/// Without a second row of the same code.
fn each_once(mut rows: Vec<Given>) -> Vec<Given> {
    rows.sort_by(|left, right| left.code.cmp(&right.code));
    rows.dedup_by(|left, right| left.code == right.code);
    rows
}
