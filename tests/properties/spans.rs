//! The entity whose rows are read in pieces, and rows of it: a fifth of the values are `NULL`, two fifths of the
//! rest are shared by many rows.

use std::cmp::Ordering;

use chrono::{DateTime, Utc};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use repo_core::{Order, Query, Repository, Tenant};
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "spans", tenant, soft_delete)]
#[repository(index(rank, label), index(weight desc))]
pub(crate) struct Span {
    pub(crate) id: Uuid,
    pub(crate) tenant_id: i64,
    pub(crate) rank: Option<i32>,
    pub(crate) label: Option<String>,
    pub(crate) weight: i32,
    pub(crate) deleted_at: Option<DateTime<Utc>>,
}

pub(crate) type Spans = Query<Span, Tenant<i64>>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Rank,
    Label,
    Weight,
}

/// A key of an order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct By {
    pub(crate) place: Place,
    pub(crate) descending: bool,
    pub(crate) nulls_first: Option<bool>,
}

/// Every order by two columns: both directions of each, `NULL`s first, last and as they fall.
pub(crate) fn orders() -> Vec<[By; 2]> {
    let places =
        [(Place::Rank, Place::Label), (Place::Weight, Place::Rank), (Place::Rank, Place::Weight)];
    let keys = |place| {
        [false, true].into_iter().flat_map(move |descending| {
            let nulls: &[_] =
                if place == Place::Weight { &[None] } else { &[None, Some(true), Some(false)] };
            nulls.iter().map(move |nulls_first| By { place, descending, nulls_first: *nulls_first })
        })
    };
    places
        .into_iter()
        .flat_map(|(first, second)| {
            keys(first).flat_map(move |a| keys(second).map(move |b| [a, b]))
        })
        .collect()
}

pub(crate) fn ordered(spans: Spans, order: &[By; 2]) -> Spans {
    order.iter().fold(spans, |spans, by| {
        let column: Order<Span> = match (by.place, by.descending) {
            (Place::Rank, false) => Span::RANK.asc(),
            (Place::Rank, true) => Span::RANK.desc(),
            (Place::Label, false) => Span::LABEL.asc(),
            (Place::Label, true) => Span::LABEL.desc(),
            (Place::Weight, false) => Span::WEIGHT.asc(),
            (Place::Weight, true) => Span::WEIGHT.desc(),
        };
        spans.order_by(match by.nulls_first {
            None => column,
            Some(true) => column.nulls_first(),
            Some(false) => column.nulls_last(),
        })
    })
}

/// The order as the documentation has it: `NULL` above all values, the id last and as the key before it.
pub(crate) fn compare(order: &[By; 2], left: &Span, right: &Span) -> Ordering {
    let by_key = |by: &By| match by.place {
        Place::Rank => directed(*by, left.rank, right.rank),
        Place::Label => directed(*by, left.label.as_ref(), right.label.as_ref()),
        Place::Weight => directed(*by, Some(left.weight), Some(right.weight)),
    };
    let by_id = left.id.cmp(&right.id);
    let by_id = if order[1].descending { by_id.reverse() } else { by_id };
    by_key(&order[0]).then(by_key(&order[1])).then(by_id)
}

fn directed<T: Ord>(by: By, left: Option<T>, right: Option<T>) -> Ordering {
    let rank = |is_null: bool| is_null != by.nulls_first.unwrap_or(by.descending);
    let values = match (&left, &right) {
        (Some(left), Some(right)) if by.descending => right.cmp(left),
        (Some(left), Some(right)) => left.cmp(right),
        _ => Ordering::Equal,
    };
    rank(left.is_none()).cmp(&rank(right.is_none())).then(values)
}

/// Rank, label and weight.
pub(crate) type Values = (Option<i32>, Option<String>, i32);

pub(crate) fn new((rank, label, weight): Values) -> NewSpan {
    NewSpan { rank, label, weight }
}

pub(crate) fn rows(runner: &mut TestRunner, count: usize) -> Vec<Values> {
    let tree = vec(row(), count).new_tree(runner).expect("nothing is rejected");
    tree.current()
}

fn row() -> impl Strategy<Value = Values> {
    let number = || prop_oneof![2 => -2..3_i32, 3 => any::<i32>()];
    let label = prop_oneof![2 => "[aBé]?", 3 => "[a-zA-Z%_é ]{6}"];
    (prop::option::weighted(0.8, number()), prop::option::weighted(0.8, label), number())
}
