//! Conditions and orders in the words of the library.

use chrono::{DateTime, Utc};
use repo_core::query::{JsonOperand, JsonPath, Operand};
use repo_core::{Column, ColumnType, Comparable, Filter, Order, Searchable};

use crate::entity::Item;
use crate::operation::{Condition, Key, OrderColumn, Test, TextTest};
use crate::operation_parts::{Comparison, DocumentTest, Moment, MomentTest, Pair, Part, Sought};

/// Written and read again; as it is, where a value fits no column.
pub(crate) fn as_data(filter: Filter<Item>) -> Filter<Item> {
    let Ok(data) = serde_json::to_string(&filter) else { return filter };
    serde_json::from_str(&data).unwrap_or_else(|error| panic!("{data}\n{error}"))
}

pub(crate) fn filter(condition: &Condition) -> Filter<Item> {
    match condition {
        Condition::Name(test) => text(Item::NAME, test),
        Condition::Note(test) => text(Item::NOTE, test),
        Condition::Score(test) => compare(Item::SCORE, test),
        Condition::Done(test) => compare(Item::DONE, test),
        Condition::Price(test) => compare(Item::PRICE, test),
        Condition::Status(test) => compare(Item::STATUS, test),
        Condition::Origin(test) => compare(Item::ORIGIN, test),
        Condition::Version(test) => compare(Item::VERSION, test),
        Condition::CreatedAt(test) => compare(Item::CREATED_AT, test),
        Condition::DeletedAt(test) => compare(Item::DELETED_AT, test),
        Condition::Moment(Moment::CreatedAt, test) => moment(Item::CREATED_AT, *test),
        Condition::Moment(Moment::DeletedAt, test) => moment(Item::DELETED_AT, *test),
        Condition::Columns(pair, how) => columns(*pair, *how),
        Condition::Document(path, test) => document(path, test),
        Condition::All(parts) => Filter::all(parts.iter().map(|part| part.as_ref().map(filter))),
        Condition::Any(parts) => Filter::any(parts.iter().map(|part| part.as_ref().map(filter))),
        Condition::Not(inner) => !filter(inner),
        Condition::Always => Filter::always(),
        Condition::Never => Filter::never(),
    }
}

pub(crate) fn order(key: Key) -> Order<Item> {
    let Key { column, descending, nulls_first } = key;
    let order = match column {
        OrderColumn::Id => directed(Item::ID, descending),
        OrderColumn::Name => directed(Item::NAME, descending),
        OrderColumn::Note => directed(Item::NOTE, descending),
        OrderColumn::Score => directed(Item::SCORE, descending),
        OrderColumn::Done => directed(Item::DONE, descending),
        OrderColumn::Price => directed(Item::PRICE, descending),
        OrderColumn::Status => directed(Item::STATUS, descending),
        OrderColumn::Version => directed(Item::VERSION, descending),
        OrderColumn::CreatedAt => directed(Item::CREATED_AT, descending),
        OrderColumn::UpdatedAt => directed(Item::UPDATED_AT, descending),
        OrderColumn::DeletedAt => directed(Item::DELETED_AT, descending),
    };
    match nulls_first {
        None => order,
        Some(true) => order.nulls_first(),
        Some(false) => order.nulls_last(),
    }
}

fn directed<T: ColumnType>(column: Column<Item, T>, descending: bool) -> Order<Item>
where
    <T::Bare as ColumnType>::Class: Comparable,
{
    if descending { column.desc() } else { column.asc() }
}

fn text<T: ColumnType<Bare = String>>(column: Column<Item, T>, test: &TextTest) -> Filter<Item>
where
    <String as ColumnType>::Class: Comparable + Searchable,
{
    match test {
        TextTest::Compare(test) => compare(column, test),
        TextTest::Contains(text) => column.contains(text),
        TextTest::IContains(text) => column.icontains(text),
        TextTest::StartsWith(text) => column.starts_with(text),
        TextTest::EndsWith(text) => column.ends_with(text),
        TextTest::IEq(text) => column.ieq(text),
    }
}

fn compare<T: ColumnType>(column: Column<Item, T>, test: &Test<T::Bare>) -> Filter<Item>
where
    T::Bare: Clone + Operand<T::Bare>,
    <T::Bare as ColumnType>::Class: Comparable,
{
    match test.clone() {
        Test::Eq(value) => column.eq(value),
        Test::Ne(value) => column.ne(value),
        Test::Lt(value) => column.lt(value),
        Test::Le(value) => column.le(value),
        Test::Gt(value) => column.gt(value),
        Test::Ge(value) => column.ge(value),
        Test::Between(low, high) => column.between(low, high),
        Test::In(values) => column.in_list(values),
        Test::NotIn(values) => column.not_in(values),
        Test::IsNull => column.is_null(),
        Test::IsNotNull => column.is_not_null(),
    }
}

fn moment<T: ColumnType<Bare = DateTime<Utc>>>(
    column: Column<Item, T>,
    test: MomentTest,
) -> Filter<Item> {
    match test {
        MomentTest::On(day) => column.on(day),
        MomentTest::Within(from, to) => column.within(from..to),
    }
}

fn columns(pair: Pair, how: Comparison) -> Filter<Item> {
    match pair {
        Pair::NameNote => two(Item::NAME, how, Item::NOTE),
        Pair::NoteName => two(Item::NOTE, how, Item::NAME),
        Pair::CreatedUpdated => two(Item::CREATED_AT, how, Item::UPDATED_AT),
        Pair::UpdatedDeleted => two(Item::UPDATED_AT, how, Item::DELETED_AT),
        Pair::DeletedCreated => two(Item::DELETED_AT, how, Item::CREATED_AT),
    }
}

fn two<T: ColumnType, U: ColumnType<Bare = T::Bare>>(
    left: Column<Item, T>,
    how: Comparison,
    right: Column<Item, U>,
) -> Filter<Item>
where
    <T::Bare as ColumnType>::Class: Comparable,
{
    match how {
        Comparison::Eq => left.eq_column(right),
        Comparison::Ne => left.ne_column(right),
        Comparison::Lt => left.lt_column(right),
        Comparison::Le => left.le_column(right),
        Comparison::Gt => left.gt_column(right),
        Comparison::Ge => left.ge_column(right),
    }
}

fn document(path: &[Part], test: &DocumentTest) -> Filter<Item> {
    let root = Item::DOC.path([""; 0]);
    let place = path.iter().fold(root, |place, part| match part {
        Part::Member(name) => place.member(name),
        Part::Element(index) => place.element(*index),
    });
    match test {
        DocumentTest::Exists => place.exists(),
        DocumentTest::IsNull => place.is_null(),
        DocumentTest::Text(how, text) => in_document(place, *how, text),
        DocumentTest::Integer(how, number) => in_document(place, *how, *number),
        DocumentTest::Float(how, number) => in_document(place, *how, *number),
        DocumentTest::Bool(how, value) => in_document(place, *how, *value),
        DocumentTest::Element(Sought::Text(text)) => place.has_element(text),
        DocumentTest::Element(Sought::Integer(number)) => place.has_element(*number),
        DocumentTest::Element(Sought::Float(number)) => place.has_element(*number),
        DocumentTest::Element(Sought::Bool(value)) => place.has_element(*value),
    }
}

fn in_document(place: JsonPath<Item>, how: Comparison, value: impl JsonOperand) -> Filter<Item> {
    match how {
        Comparison::Eq => place.eq(value),
        Comparison::Ne => place.ne(value),
        Comparison::Lt => place.lt(value),
        Comparison::Le => place.le(value),
        Comparison::Gt => place.gt(value),
        Comparison::Ge => place.ge(value),
    }
}
