//! Conditions and orders in the words of the library.

use repo_core::{Column, ColumnType, Comparable, Filter, Operand, Order, Searchable};

use crate::entity::Item;
use crate::operation::{Condition, Key, OrderColumn, Test, TextTest};

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
