//! Random operations: small ranges, so that ids meet rows, names collide and orders have ties.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::entity::Status;
use crate::generate_parts::{ask_more, document, search};
use crate::generate_query::{selection, walk};
use crate::operation::{Ask, Draft, End, Id, Operation, Setting, Step, Use, Version, Walk};

/// How deep transactions nest.
const DEPTH: u32 = 2;

/// When every run starts.
pub(crate) fn epoch() -> DateTime<Utc> {
    DateTime::from_timestamp(1_750_000_000, 0).expect("a moment of 2025")
}

pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    vec(step(), 1..30)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        20 => (0..2_usize, operation(DEPTH)).prop_map(|(tenant, work)| Step::Tenant(tenant, work)),
        1 => (selection(), ask()).prop_map(|(selection, ask)| Step::Both(selection, ask)),
        1 => (0..2_usize, selection(), use_of())
            .prop_map(|(maker, made_by, use_of)| Step::Stray { maker, made_by, use_of }),
    ]
}

fn operation(depth: u32) -> BoxedStrategy<Operation> {
    let simple = prop_oneof![5 => write(), 4 => read()];
    if depth == 0 {
        return prop_oneof![
            12 => simple,
            1 => walk(write()).prop_map(Operation::Walk),
            1 => walk(write()).prop_map(in_chunks),
        ]
        .boxed();
    }
    prop_oneof![
        12 => simple,
        1 => walk(write()).prop_map(Operation::Walk),
        1 => walk(write()).prop_map(in_chunks),
        2 => transaction(depth - 1),
    ]
    .boxed()
}

fn in_chunks(walk: Walk) -> Operation {
    let Walk { selection, size, meanwhile, .. } = walk;
    Operation::Chunks { selection, size, meanwhile }
}

fn transaction(depth: u32) -> impl Strategy<Value = Operation> {
    (prop::bool::weighted(0.1), end(), vec(operation(depth), 0..7))
        .prop_map(|(read_only, end, work)| Operation::Transaction { read_only, end, work })
}

fn write() -> BoxedStrategy<Operation> {
    prop_oneof![
        5 => draft().prop_map(Operation::Create),
        2 => vec(draft(), 0..5).prop_map(Operation::CreateMany),
        2 => vec(draft(), 0..5).prop_map(Operation::CreateManyPartial),
        3 => update(),
        3 => (id(), option::weighted(0.3, version()), settings())
            .prop_map(|(id, version, changes)| Operation::Patch { id, version, changes }),
        3 => (id(), option::weighted(0.3, version()))
            .prop_map(|(id, version)| Operation::Delete { id, version }),
        2 => (id(), option::weighted(0.3, version()))
            .prop_map(|(id, version)| Operation::Restore { id, version }),
        1 => (id(), option::weighted(0.3, version()))
            .prop_map(|(id, version)| Operation::Purge { id, version }),
        1 => (-5_000_000..50_000_000_i64).prop_map(Operation::Tick),
        5 => many(),
    ]
    .boxed()
}

/// Writes of many rows at once, and by a key.
fn many() -> BoxedStrategy<Operation> {
    let patches = vec((id(), settings()), 0..4);
    prop_oneof![
        3 => (selection(), settings().prop_map(one_cause))
            .prop_map(|(selection, changes)| Operation::PatchAll(selection, changes)),
        2 => patches.prop_map(Operation::PatchMany),
        2 => selection().prop_map(Operation::DeleteAll),
        1 => vec(id(), 0..4).prop_map(Operation::DeleteMany),
        2 => in_pieces(),
        3 => draft().prop_map(Operation::Upsert),
        2 => vec(draft(), 0..5).prop_map(Operation::UpsertMany),
    ]
    .boxed()
}

fn in_pieces() -> impl Strategy<Value = Operation> {
    (selection(), 0..4_u32, any::<bool>())
        .prop_map(|(selection, size, is_dry)| Operation::DeleteInChunks { selection, size, is_dry })
}

/// A row that may not be changed for one reason, and another for another one: which of them a database meets first
/// is not said.
fn one_cause(mut changes: Vec<Setting>) -> Vec<Setting> {
    if changes.iter().any(|change| matches!(change, Setting::Name(_))) {
        changes.retain(|change| !matches!(change, Setting::AddScore(_) | Setting::AddPrice(_)));
    }
    changes
}

fn update() -> impl Strategy<Value = Operation> {
    let origin = option::weighted(0.1, 0..3_i16);
    (id(), version(), origin, prop::bool::weighted(0.05), draft()).prop_map(
        |(id, version, origin, of_another_tenant, draft)| Operation::Update {
            id,
            version,
            origin,
            of_another_tenant,
            draft,
        },
    )
}

fn read() -> BoxedStrategy<Operation> {
    prop_oneof![
        1 => id().prop_map(Operation::Find),
        1 => id().prop_map(Operation::Get),
        1 => vec(id(), 0..6).prop_map(Operation::GetMany),
        1 => id().prop_map(Operation::Exists),
        1 => Just(Operation::CountAll),
        1 => Just(Operation::First),
        1 => name().prop_map(Operation::FindByName),
        1 => status().prop_map(Operation::ListByStatus),
        1 => search().prop_map(Operation::Search),
        1 => (-2..4_i32).prop_map(Operation::ByHand),
        8 => (selection(), ask()).prop_map(|(selection, ask)| Operation::Query(selection, ask)),
    ]
    .boxed()
}

fn ask() -> BoxedStrategy<Ask> {
    prop_oneof![
        4 => Just(Ask::All),
        1 => Just(Ask::First),
        1 => Just(Ask::One),
        1 => Just(Ask::AtMostOne),
        2 => Just(Ask::Count),
        2 => Just(Ask::Exists),
        3 => (0..4_u64, page_size()).prop_map(|(number, size)| Ask::Page { number, size }),
        1 => Just(Ask::Lines),
        1 => (0..4_u64, page_size()).prop_map(|(number, size)| Ask::LinePage { number, size }),
        12 => ask_more(),
    ]
    .boxed()
}

fn page_size() -> impl Strategy<Value = u64> {
    prop_oneof![20 => 1..5_u64, 1 => Just(0), 1 => Just(1_001), 1 => Just(1_000)]
}

fn use_of() -> impl Strategy<Value = Use> {
    prop_oneof![
        Just(Use::SameQuery),
        Just(Use::OtherTenant),
        Just(Use::OtherVisibility),
        Just(Use::OtherFilter),
        Just(Use::OtherOrder),
        Just(Use::Changed),
    ]
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![
        3 => Just(End::Commit),
        1 => Just(End::Rollback),
        1 => Just(End::Drop),
        3 => Just(End::ReturnOk),
        1 => Just(End::ReturnErr),
    ]
}

fn id() -> impl Strategy<Value = Id> {
    (1..12_u8).prop_map(Id)
}

fn version() -> impl Strategy<Value = Version> {
    prop_oneof![3 => Just(Version::Current), 1 => (1..4_i64).prop_map(Version::Number)]
}

pub(crate) fn draft() -> BoxedStrategy<Draft> {
    let (note, score) = (option::of(note()), option::of(score()));
    (name(), note, score, any::<bool>(), price(), status(), document(), 0..3_i16)
        .prop_map(|(name, note, score, done, price, status, doc, origin)| Draft {
            name,
            note,
            score,
            done,
            price,
            status,
            doc,
            origin,
        })
        .boxed()
}

fn settings() -> impl Strategy<Value = Vec<Setting>> {
    vec(setting(), 0..4)
}

fn setting() -> BoxedStrategy<Setting> {
    prop_oneof![
        name().prop_map(Setting::Name),
        option::of(note()).prop_map(Setting::Note),
        option::of(score()).prop_map(Setting::Score),
        any::<bool>().prop_map(Setting::Done),
        price().prop_map(Setting::Price),
        status().prop_map(Setting::Status),
        document().prop_map(Setting::Doc),
        score().prop_map(Setting::AddScore),
        price().prop_map(Setting::AddPrice),
    ]
    .boxed()
}

/// Words that a collation, a pattern or a case rule would treat in its own way.
pub(crate) fn name() -> impl Strategy<Value = String> {
    let words =
        ["", "a", "B", "ab", "aB", "AB", "é", "É", "e", "a%", "a_", "%", "_", "\\", "'", "ß"];
    let more = ["z", "Zz", "a b", " a", "\u{1F600}", "a\u{301}", "null", "\"", "i", "I", "ı", "İ"];
    let words: Vec<String> = words.iter().chain(&more).map(ToString::to_string).collect();
    prop_oneof![60 => prop::sample::select(words), 1 => Just("a\0b".to_owned())]
}

pub(crate) fn note() -> impl Strategy<Value = String> {
    prop_oneof![
        30 => name(),
        5 => Just("ééßé\u{1F600}é".to_owned()),
        1 => Just("seven c".to_owned()),
    ]
}

pub(crate) fn score() -> impl Strategy<Value = i32> {
    prop_oneof![10 => -2..4_i32, 1 => Just(i32::MIN), 1 => Just(i32::MAX)]
}

pub(crate) fn price() -> impl Strategy<Value = Decimal> {
    prop_oneof![
        10 => (-300..300_i64).prop_map(|cents| Decimal::new(cents, 2)),
        5 => (-3..4_i64).prop_map(|whole| Decimal::new(whole, 0)),
        3 => (-30..30_i64).prop_map(|tenths| Decimal::new(tenths * 1_000, 4)),
        1 => Just(Decimal::new(999_999, 2)),
        1 => Just(Decimal::new(-999_999, 2)),
        1 => Just(Decimal::new(1_005, 3)),
        1 => Just(Decimal::new(10_000, 0)),
    ]
}

pub(crate) fn status() -> impl Strategy<Value = Status> {
    prop_oneof![Just(Status::Shadow), Just(Status::Active), Just(Status::Retired)]
}

/// A moment near those that the clock shows.
pub(crate) fn moment() -> impl Strategy<Value = DateTime<Utc>> {
    prop_oneof![
        Just(epoch()),
        (-20_000_000..200_000_000_i64).prop_map(|by| epoch() + TimeDelta::microseconds(by)),
    ]
}
