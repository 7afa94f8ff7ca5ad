//! Random changes of a recorded entity.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::recorded_operation::{Change, Given, Operation, Pick};

pub(crate) fn operation(depth: u32) -> BoxedStrategy<Operation> {
    let simple = prop_oneof![
        5 => given().prop_map(Operation::Create),
        1 => vec(given(), 0..4).prop_map(Operation::CreateMany),
        2 => given().prop_map(Operation::CreateOrGet),
        6 => (pick(), change(), any::<bool>())
            .prop_map(|(pick, change, is_whole)| Operation::Change { pick, change, is_whole }),
        4 => pick().prop_map(Operation::Delete),
        3 => pick().prop_map(Operation::Restore),
        1 => pick().prop_map(Operation::Purge),
        1 => (1..4_u32).prop_map(|chunk| Operation::PurgeOld { chunk }),
        2 => (0..3_i64, change(), 0..3_i64)
            .prop_map(|(amount, change, more)| Operation::PatchAll { amount, change, more }),
        1 => (0..3_i64).prop_map(|amount| Operation::DeleteAll { amount }),
        1 => vec(pick(), 0..4).prop_map(Operation::DeleteMany),
        2 => given().prop_map(Operation::Upsert),
    ];
    if depth == 0 {
        return simple.boxed();
    }
    let transaction = (prop::bool::weighted(0.7), vec(operation(depth - 1), 0..6))
        .prop_map(|(is_kept, work)| Operation::Transaction { is_kept, work });
    prop_oneof![5 => simple, 2 => transaction].boxed()
}

/// Few values, so that codes collide and changes change nothing.
fn given() -> impl Strategy<Value = Given> {
    (code(), 0..3_i64, text(), text()).prop_map(|(code, amount, note, secret)| Given {
        code,
        amount,
        note,
        secret,
    })
}

fn change() -> impl Strategy<Value = Change> {
    let parts = (
        option::weighted(0.3, code()),
        option::of(0..3_i64),
        option::weighted(0.3, text()),
        option::weighted(0.3, text()),
    );
    parts.prop_map(|(code, amount, note, secret)| Change { code, amount, note, secret })
}

fn pick() -> impl Strategy<Value = Pick> {
    (0..12_usize, option::weighted(0.3, 1..4_i64))
        .prop_map(|(index, version)| Pick { index, version })
}

fn code() -> impl Strategy<Value = String> {
    "[a-f]"
}

fn text() -> impl Strategy<Value = Option<String>> {
    option::of("[xy]")
}
