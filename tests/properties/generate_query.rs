//! Random queries: filters of any shape, orders of any length.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::generate::{moment, name, note, price, score, status};
use crate::generate_parts::{about_columns, about_documents, about_moments};
use crate::operation::{
    Condition, Key, Operation, OrderColumn, Selection, Test, TextTest, Visibility, Walk,
};

/// How deep conditions nest.
pub(crate) const DEPTH: u32 = 3;

pub(crate) fn selection() -> impl Strategy<Value = Selection> {
    let limits = (option::weighted(0.15, 0..4_u64), option::weighted(0.15, 0..4_u64));
    (body(), limits, prop::bool::weighted(0.1)).prop_map(|(body, (limit, offset), for_update)| {
        Selection { limit, offset, for_update, ..body }
    })
}

pub(crate) fn walk(meanwhile: BoxedStrategy<Operation>) -> impl Strategy<Value = Walk> {
    let size = prop_oneof![20 => 1..4_u64, 1 => Just(0), 1 => Just(1_001), 1 => Just(1_000)];
    // Limits are refused, which one try in fifty is enough to see.
    let selection = prop_oneof![50 => body(), 1 => selection()];
    let meanwhile = option::weighted(0.3, meanwhile.prop_map(Box::new));
    let as_lines = prop::bool::weighted(0.3);
    (selection, size, any::<bool>(), as_lines, meanwhile).prop_map(
        |(selection, size, backwards, as_lines, meanwhile)| Walk {
            selection,
            size,
            backwards,
            as_lines,
            meanwhile,
        },
    )
}

/// Without limits.
fn body() -> impl Strategy<Value = Selection> {
    let is_data = prop::bool::weighted(0.3);
    (vec(condition(DEPTH), 0..3), vec(key(), 0..4), visibility(), is_data).prop_map(
        |(conditions, order, visibility, is_data)| Selection {
            conditions,
            order,
            visibility,
            is_data,
            ..Selection::default()
        },
    )
}

fn visibility() -> impl Strategy<Value = Visibility> {
    prop_oneof![
        4 => Just(Visibility::Live),
        2 => Just(Visibility::WithDeleted),
        1 => Just(Visibility::OnlyDeleted),
    ]
}

fn key() -> impl Strategy<Value = Key> {
    let columns = vec![
        OrderColumn::Id,
        OrderColumn::Name,
        OrderColumn::Note,
        OrderColumn::Note,
        OrderColumn::Score,
        OrderColumn::Score,
        OrderColumn::Done,
        OrderColumn::Price,
        OrderColumn::Status,
        OrderColumn::Version,
        OrderColumn::CreatedAt,
        OrderColumn::UpdatedAt,
        OrderColumn::DeletedAt,
    ];
    (prop::sample::select(columns), any::<bool>(), option::of(any::<bool>()))
        .prop_map(|(column, descending, nulls_first)| Key { column, descending, nulls_first })
}

pub(crate) fn condition(depth: u32) -> BoxedStrategy<Condition> {
    let leaf = prop_oneof![
        text(name).prop_map(Condition::Name),
        text(note).prop_map(Condition::Note),
        test(score).prop_map(Condition::Score),
        test(any::<bool>).prop_map(Condition::Done),
        test(price).prop_map(Condition::Price),
        test(status).prop_map(Condition::Status),
        test(|| 0..3_i16).prop_map(Condition::Origin),
        test(|| 1..5_i64).prop_map(Condition::Version),
        test(moment).prop_map(Condition::CreatedAt),
        test(moment).prop_map(Condition::DeletedAt),
        about_moments(),
        about_columns(),
        about_documents(),
    ];
    if depth == 0 {
        return prop_oneof![20 => leaf, 1 => Just(Condition::Always), 1 => Just(Condition::Never)]
            .boxed();
    }
    let several = || vec(option::weighted(0.9, condition(depth - 1)), 0..3);
    prop_oneof![
        5 => leaf,
        1 => several().prop_map(Condition::All),
        1 => several().prop_map(Condition::Any),
        1 => condition(depth - 1).prop_map(|inner| Condition::Not(Box::new(inner))),
    ]
    .boxed()
}

fn text<S: Strategy<Value = String> + 'static>(value: fn() -> S) -> BoxedStrategy<TextTest> {
    prop_oneof![
        4 => test(value).prop_map(TextTest::Compare),
        1 => value().prop_map(TextTest::Contains),
        1 => value().prop_map(TextTest::IContains),
        1 => value().prop_map(TextTest::StartsWith),
        1 => value().prop_map(TextTest::EndsWith),
        1 => value().prop_map(TextTest::IEq),
    ]
    .boxed()
}

fn test<S: Strategy + 'static>(value: fn() -> S) -> BoxedStrategy<Test<S::Value>>
where
    S::Value: Clone,
{
    prop_oneof![
        value().prop_map(Test::Eq),
        value().prop_map(Test::Ne),
        value().prop_map(Test::Lt),
        value().prop_map(Test::Le),
        value().prop_map(Test::Gt),
        value().prop_map(Test::Ge),
        (value(), value()).prop_map(|(low, high)| Test::Between(low, high)),
        vec(value(), 0..4).prop_map(Test::In),
        vec(value(), 0..4).prop_map(Test::NotIn),
        Just(Test::IsNull),
        Just(Test::IsNotNull),
    ]
    .boxed()
}
