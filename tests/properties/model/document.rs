//! Whether a condition about a place in a document, a moment or two columns holds.

use serde_json::Value as Json;

use crate::entity::Item;
use crate::operation_parts::{Comparison, DocumentTest, Moment, MomentTest, Pair, Part, Sought};

pub(super) fn document_holds(path: &[Part], test: &DocumentTest, document: &Json) -> bool {
    let Some(place) = path.iter().try_fold(document, |place, part| match part {
        Part::Member(name) => place.as_object()?.get(*name),
        Part::Element(index) => place.as_array()?.get(*index as usize),
    }) else {
        return false;
    };
    let number = |how: &Comparison, other: f64| {
        place.as_number().is_some_and(|number| {
            how.holds(&number.as_f64().expect("the test writes small numbers"), &other)
        })
    };
    match test {
        DocumentTest::Exists => true,
        DocumentTest::IsNull => place.is_null(),
        DocumentTest::Text(how, text) => {
            place.as_str().is_some_and(|place| how.holds(&place, &text.as_str()))
        }
        DocumentTest::Integer(how, other) => number(how, *other as f64),
        DocumentTest::Float(how, other) => number(how, *other),
        DocumentTest::Bool(how, other) => {
            place.as_bool().is_some_and(|place| how.holds(&place, other))
        }
        DocumentTest::Element(sought) => {
            place.as_array().is_some_and(|array| array.iter().any(|it| is_sought(it, sought)))
        }
    }
}

fn is_sought(element: &Json, sought: &Sought) -> bool {
    match sought {
        Sought::Text(text) => element.as_str() == Some(text),
        Sought::Integer(number) => element.as_f64() == Some(*number as f64),
        Sought::Float(number) => element.as_f64() == Some(*number),
        Sought::Bool(value) => element.as_bool() == Some(*value),
    }
}

pub(super) fn moment_holds(column: Moment, test: MomentTest, item: &Item) -> bool {
    let at = match column {
        Moment::CreatedAt => Some(item.created_at),
        Moment::DeletedAt => item.deleted_at,
    };
    at.is_some_and(|at| match test {
        MomentTest::On(day) => at.date_naive() == day,
        MomentTest::Within(from, to) => (from..to).contains(&at),
    })
}

pub(super) fn columns_hold(pair: Pair, how: Comparison, item: &Item) -> bool {
    let (name, note) = (Some(&item.name), item.note.as_ref());
    let (created, updated) = (Some(&item.created_at), Some(&item.updated_at));
    match pair {
        Pair::NameNote => both(how, name, note),
        Pair::NoteName => both(how, note, name),
        Pair::CreatedUpdated => both(how, created, updated),
        Pair::UpdatedDeleted => both(how, updated, item.deleted_at.as_ref()),
        Pair::DeletedCreated => both(how, item.deleted_at.as_ref(), created),
    }
}

fn both<T: PartialOrd>(how: Comparison, left: Option<&T>, right: Option<&T>) -> bool {
    left.zip(right).is_some_and(|(left, right)| how.holds(left, right))
}
