//! Random documents, conditions about their places, about moments and two columns, groups and series.

use chrono::TimeDelta;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value as Json, json};

use crate::entity::ItemSearch;
use crate::generate::{epoch, moment, name, note, status};
use crate::operation::{Ask, Condition};
use crate::operation_parts::{
    By, Comparison, DocumentTest, GroupOrder, Groups, Keys, Length, Moment, MomentTest, Pair, Part,
    Per, Percentiles, Ranked, Sought,
};

/// Names that a language of paths would treat in its own way.
const MEMBERS: [&str; 10] = ["a", "b", "A", "a.b", "$", "\"q\"", "é", "", "0", "it's"];

pub(crate) fn ask_more() -> BoxedStrategy<Ask> {
    prop_oneof![
        2 => Just(Ask::Aggregates),
        3 => groups().prop_map(Ask::Groups),
        3 => percentiles().prop_map(Ask::Percentiles),
        1 => by().prop_map(Ask::Latest),
        2 => (per(), by()).prop_map(|(per, by)| Ask::LatestPer(per, by)),
    ]
    .boxed()
}

fn groups() -> BoxedStrategy<Groups> {
    let rows = option::weighted(0.3, (comparison(), 0..4_u64));
    let sum = option::weighted(0.3, (comparison(), -3..5_i64));
    let limit = option::weighted(0.3, 0..4_u64);
    (keys(), rows, sum, option::of(group_order()), any::<bool>(), limit)
        .prop_map(|(keys, having_rows, having_sum, order, descending, limit)| Groups {
            keys,
            having_rows,
            having_sum,
            order,
            descending,
            limit,
        })
        .boxed()
}

fn keys() -> BoxedStrategy<Keys> {
    prop_oneof![
        Just(Keys::Status),
        Just(Keys::StatusSummary),
        Just(Keys::NoteAndDone),
        length().prop_map(Keys::Created),
        length().prop_map(Keys::Deleted),
        (length(), moment(), moment())
            .prop_map(|(length, from, to)| Keys::Filled(length, from, to)),
    ]
    .boxed()
}

fn percentiles() -> impl Strategy<Value = Percentiles> {
    let share = prop_oneof![
        4 => select(vec![0.0, 0.1, 0.25, 1.0 / 3.0, 0.5, 0.7, 0.95, 1.0]),
        2 => 0.0..1.0_f64,
        1 => select(vec![-0.1, 1.5, f64::NAN]),
    ];
    let of = prop_oneof![
        Just(Ranked::Score),
        Just(Ranked::Note),
        Just(Ranked::Price),
        Just(Ranked::DeletedAt),
        Just(Ranked::ContinuousScore),
        Just(Ranked::ContinuousPrice),
        option::of(-1..3_i32).prop_map(Ranked::PerStatus),
    ];
    (share, of).prop_map(|(share, of)| Percentiles { share, of })
}

pub(crate) fn search() -> impl Strategy<Value = ItemSearch> {
    let day = (-1..2_i64).prop_map(|by| (epoch() + TimeDelta::days(by)).date_naive());
    let fields = (
        option::weighted(0.3, name()),
        option::weighted(0.2, note()),
        option::weighted(0.3, -2..4_i32),
        prop_oneof![2 => Just(Vec::new()), 1 => vec(status(), 1..3)],
        option::weighted(0.2, any::<bool>()),
        option::weighted(0.2, day),
    );
    fields.prop_map(|(name, note, score, statuses, is_unscored, day)| ItemSearch {
        name,
        note,
        score,
        statuses,
        is_unscored,
        day,
    })
}

fn group_order() -> impl Strategy<Value = GroupOrder> {
    (any::<bool>(), any::<bool>(), option::of(any::<bool>())).prop_map(
        |(by_sum, descending, nulls_first)| GroupOrder { by_sum, descending, nulls_first },
    )
}

fn length() -> impl Strategy<Value = Length> {
    select(vec![Length::SevenSeconds, Length::ThreeMinutes, Length::Week, Length::FiveMonths])
}

fn by() -> impl Strategy<Value = By> {
    select(vec![By::Score, By::Price, By::CreatedAt, By::DeletedAt])
}

fn per() -> impl Strategy<Value = Per> {
    prop_oneof![Just(Per::Note), Just(Per::StatusAndDone), length().prop_map(Per::Created)]
}

fn comparison() -> impl Strategy<Value = Comparison> {
    select(vec![
        Comparison::Eq,
        Comparison::Ne,
        Comparison::Lt,
        Comparison::Le,
        Comparison::Gt,
        Comparison::Ge,
    ])
}

pub(crate) fn about_moments() -> BoxedStrategy<Condition> {
    let column = select(vec![Moment::CreatedAt, Moment::DeletedAt]);
    let day = (-1..2_i64).prop_map(|by| (epoch() + TimeDelta::days(by)).date_naive());
    let test = prop_oneof![
        day.prop_map(MomentTest::On),
        (moment(), moment()).prop_map(|(from, to)| MomentTest::Within(from, to)),
    ];
    (column, test).prop_map(|(column, test)| Condition::Moment(column, test)).boxed()
}

pub(crate) fn about_columns() -> BoxedStrategy<Condition> {
    let pairs = select(vec![
        Pair::NameNote,
        Pair::NoteName,
        Pair::CreatedUpdated,
        Pair::UpdatedDeleted,
        Pair::DeletedCreated,
    ]);
    (pairs, comparison())
        .prop_map(|(pair, comparison)| Condition::Columns(pair, comparison))
        .boxed()
}

pub(crate) fn about_documents() -> BoxedStrategy<Condition> {
    let part =
        prop_oneof![3 => member().prop_map(Part::Member), 1 => (0..3_u32).prop_map(Part::Element)];
    let test = prop_oneof![
        2 => Just(DocumentTest::Exists),
        1 => Just(DocumentTest::IsNull),
        2 => (comparison(), text()).prop_map(|(how, text)| DocumentTest::Text(how, text)),
        2 => (comparison(), -2..3_i64).prop_map(|(how, number)| DocumentTest::Integer(how, number)),
        1 => (comparison(), half()).prop_map(|(how, number)| DocumentTest::Float(how, number)),
        1 => (comparison(), any::<bool>()).prop_map(|(how, value)| DocumentTest::Bool(how, value)),
        2 => sought().prop_map(DocumentTest::Element),
    ];
    (vec(part, 1..3), test).prop_map(|(path, test)| Condition::Document(path, test)).boxed()
}

fn sought() -> impl Strategy<Value = Sought> {
    prop_oneof![
        text().prop_map(Sought::Text),
        (-2..3_i64).prop_map(Sought::Integer),
        half().prop_map(Sought::Float),
        any::<bool>().prop_map(Sought::Bool),
    ]
}

pub(crate) fn document() -> BoxedStrategy<Json> {
    let inner = leaf().prop_recursive(2, 12, 4, |inner| {
        prop_oneof![
            3 => vec((member(), inner.clone()), 0..4).prop_map(object),
            1 => vec(inner, 0..3).prop_map(Json::Array),
        ]
    });
    prop_oneof![4 => vec((member(), inner.clone()), 0..4).prop_map(object), 1 => inner].boxed()
}

fn object(members: Vec<(&'static str, Json)>) -> Json {
    let members = members.into_iter().map(|(name, value)| (name.to_owned(), value));
    Json::Object(members.collect::<Map<String, Json>>())
}

fn leaf() -> impl Strategy<Value = Json> {
    prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        (-2..3_i64).prop_map(Json::from),
        half().prop_map(|number| json!(number)),
        text().prop_map(Json::from),
    ]
}

fn member() -> impl Strategy<Value = &'static str> {
    prop_oneof![3 => Just("a"), 2 => select(MEMBERS.to_vec())]
}

/// Whole numbers too.
fn half() -> impl Strategy<Value = f64> {
    (-4..5_i32).prop_map(|half| f64::from(half) / 2.0)
}

/// Without what a document refuses.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![4 => name(), 1 => (-2..3_i32).prop_map(|number| number.to_string())]
        .prop_map(|text| text.replace('\0', "0"))
}
