//! Whether a condition holds for a row: yes or no, never unknown.

use repo_core::Result;
use rust_decimal::Decimal;

use super::document::{columns_hold, document_holds, moment_holds};
use super::write::{check_price, check_text};
use crate::entity::Item;
use crate::operation::{Condition, Test, TextTest};

pub(super) fn holds(condition: &Condition, item: &Item) -> bool {
    match condition {
        Condition::Name(test) => text_holds(test, Some(&item.name)),
        Condition::Note(test) => text_holds(test, item.note.as_ref()),
        Condition::Score(test) => test_holds(test, item.score.as_ref()),
        Condition::Done(test) => test_holds(test, Some(&item.done)),
        Condition::Price(test) => test_holds(test, Some(&item.price)),
        Condition::Status(test) => test_holds(&by_name(test), Some(&item.status.as_str())),
        Condition::Origin(test) => test_holds(test, Some(&item.origin)),
        Condition::Version(test) => test_holds(test, Some(&item.version)),
        Condition::CreatedAt(test) => test_holds(test, Some(&item.created_at)),
        Condition::DeletedAt(test) => test_holds(test, item.deleted_at.as_ref()),
        Condition::Moment(column, test) => moment_holds(*column, *test, item),
        Condition::Columns(pair, how) => columns_hold(*pair, *how, item),
        Condition::Document(path, test) => document_holds(path, test, &item.doc),
        Condition::All(parts) => parts.iter().flatten().all(|part| holds(part, item)),
        Condition::Any(parts) => parts.iter().flatten().any(|part| holds(part, item)),
        Condition::Not(inner) => !holds(inner, item),
        Condition::Always => true,
        Condition::Never => false,
    }
}

/// The first value in the condition that its column cannot hold.
pub(super) fn check(condition: &Condition) -> Result<()> {
    match condition {
        Condition::Name(test) => check_search("name", test),
        Condition::Note(test) => check_search("note", test),
        Condition::Price(test) => values(test).into_iter().copied().try_for_each(check_price_of),
        Condition::All(parts) | Condition::Any(parts) => parts.iter().flatten().try_for_each(check),
        Condition::Not(inner) => check(inner),
        _ => Ok(()),
    }
}

fn check_price_of(price: Decimal) -> Result<()> {
    check_price(price)
}

fn check_search(column: &'static str, test: &TextTest) -> Result<()> {
    match test {
        TextTest::Compare(test) => {
            values(test).into_iter().try_for_each(|text| check_text(column, text))
        }
        TextTest::Contains(text)
        | TextTest::IContains(text)
        | TextTest::StartsWith(text)
        | TextTest::EndsWith(text)
        | TextTest::IEq(text) => check_text(column, text),
    }
}

fn text_holds(test: &TextTest, value: Option<&String>) -> bool {
    let Some(text) = value else {
        return matches!(test, TextTest::Compare(Test::IsNull));
    };
    match test {
        TextTest::Compare(test) => test_holds(test, value),
        TextTest::Contains(part) => text.contains(part),
        TextTest::IContains(part) => text.to_ascii_lowercase().contains(&part.to_ascii_lowercase()),
        TextTest::StartsWith(part) => text.starts_with(part),
        TextTest::EndsWith(part) => text.ends_with(part),
        TextTest::IEq(other) => text.eq_ignore_ascii_case(other),
    }
}

fn test_holds<T: Ord>(test: &Test<T>, value: Option<&T>) -> bool {
    let Some(value) = value else { return matches!(test, Test::IsNull) };
    match test {
        Test::Eq(other) => value == other,
        Test::Ne(other) => value != other,
        Test::Lt(other) => value < other,
        Test::Le(other) => value <= other,
        Test::Gt(other) => value > other,
        Test::Ge(other) => value >= other,
        Test::Between(low, high) => low <= value && value <= high,
        Test::In(others) => others.contains(value),
        Test::NotIn(others) => !others.contains(value),
        Test::IsNull => false,
        Test::IsNotNull => true,
    }
}

fn values<T>(test: &Test<T>) -> Vec<&T> {
    match test {
        Test::Eq(value)
        | Test::Ne(value)
        | Test::Lt(value)
        | Test::Le(value)
        | Test::Gt(value)
        | Test::Ge(value) => vec![value],
        Test::Between(low, high) => vec![low, high],
        Test::In(values) | Test::NotIn(values) => values.iter().collect(),
        Test::IsNull | Test::IsNotNull => Vec::new(),
    }
}

/// An enum is compared as the text that is stored.
fn by_name(test: &Test<crate::entity::Status>) -> Test<&'static str> {
    let name = |status: &crate::entity::Status| status.as_str();
    match test {
        Test::Eq(value) => Test::Eq(name(value)),
        Test::Ne(value) => Test::Ne(name(value)),
        Test::Lt(value) => Test::Lt(name(value)),
        Test::Le(value) => Test::Le(name(value)),
        Test::Gt(value) => Test::Gt(name(value)),
        Test::Ge(value) => Test::Ge(name(value)),
        Test::Between(low, high) => Test::Between(name(low), name(high)),
        Test::In(values) => Test::In(values.iter().map(name).collect()),
        Test::NotIn(values) => Test::NotIn(values.iter().map(name).collect()),
        Test::IsNull => Test::IsNull,
        Test::IsNotNull => Test::IsNotNull,
    }
}
