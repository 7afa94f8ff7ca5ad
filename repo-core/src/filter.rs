//! Conditions on the columns of an entity, as values that can be kept, combined and passed on.
//!
//! A comparison holds only for a row that has a value in the column: `NULL` meets none, `ne` and
//! `not_in` included. `not` is the exact complement: it holds for every row that the condition does
//! not hold for, those with `NULL` included. Turning a filter into SQL happens in `sql/predicate.rs`.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{BitAnd, BitOr, Not};

use crate::column::Column;
use crate::column_type::{ColumnType, Comparable, Searchable};
use crate::dialect::TextMatch;
use crate::entity::Entity;
use crate::value::{InvalidValue, Value};

/// A condition on the rows of `E`.
///
/// ```
/// # use repo_core::{Repository, Filter};
/// # #[derive(Repository)]
/// # #[repository(table = "tasks")]
/// # struct Task { id: uuid::Uuid, title: String, done: bool, owner: Option<String> }
/// fn open_tasks(owner: Option<&str>) -> Filter<Task> {
///     Filter::all([
///         Some(Task::DONE.eq(false)),
///         owner.map(|owner| Task::OWNER.eq(owner)),
///     ])
/// }
/// let urgent = open_tasks(None) & (Task::TITLE.icontains("now") | Task::OWNER.is_null());
/// ```
pub struct Filter<E> {
    pub(crate) node: Node,
    entity: PhantomData<fn() -> E>,
}

/// A value that a column of `T` can be compared with: a `T`, a `&T`, or a borrowed form of it such as
/// `&str` for `String`. A column of `Option<T>` is compared with a `T`.
#[diagnostic::on_unimplemented(
    message = "a column of `{T}` cannot be compared with a `{Self}`",
    label = "expected a `{T}`"
)]
pub trait Operand<T> {
    /// The value, owned.
    fn into_operand(self) -> T;
}

/// What a query of `E` can be filtered by: a [`Filter`] over its columns, or `None` for no filter.
#[diagnostic::on_unimplemented(
    message = "a query of `{E}` cannot be filtered by `{Self}`",
    label = "not a filter over the columns of `{E}`"
)]
pub trait IntoFilter<E> {
    /// The filter; one that holds for every row where there is none.
    fn into_filter(self) -> Filter<E>;
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    Always,
    Never,
    Compare {
        column: usize,
        comparison: Comparison,
        value: Value<'static>,
    },
    Between {
        column: usize,
        low: Value<'static>,
        high: Value<'static>,
    },
    InList {
        column: usize,
        values: Vec<Value<'static>>,
        negated: bool,
    },
    Null {
        column: usize,
        negated: bool,
    },
    Text {
        column: usize,
        place: TextMatch,
        text: String,
    },
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    /// A value that fits no column: reported when the query runs, before anything is sent.
    Invalid {
        column: &'static str,
        invalid: InvalidValue,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// What a column of any type can be asked.
impl<E: Entity, T: ColumnType> Column<E, T> {
    /// The row has no value in this column.
    pub fn is_null(self) -> Filter<E> {
        Filter::new(Node::Null { column: self.index(), negated: false })
    }

    /// The row has a value in this column.
    pub fn is_not_null(self) -> Filter<E> {
        Filter::new(Node::Null { column: self.index(), negated: true })
    }
}

/// Comparisons: for every type but JSON.
impl<E: Entity, T: ColumnType> Column<E, T> {
    /// The column is equal to `value`.
    pub fn eq(self, value: impl Operand<T::Bare>) -> Filter<E>
    where
        <T::Bare as ColumnType>::Class: Comparable,
    {
        self.compare(Comparison::Equal, value.into_operand())
    }

    /// The column has a value, and it is not `value`.
    pub fn ne(self, value: impl Operand<T::Bare>) -> Filter<E>
    where
        <T::Bare as ColumnType>::Class: Comparable,
    {
        self.compare(Comparison::NotEqual, value.into_operand())
    }

    /// The column is less than `value`.
    pub fn lt(self, value: impl Operand<T::Bare>) -> Filter<E>
    where
        <T::Bare as ColumnType>::Class: Comparable,
    {
        self.compare(Comparison::Less, value.into_operand())
    }

    /// The column is less than `value` or equal to it.
    pub fn le(self, value: impl Operand<T::Bare>) -> Filter<E>
    where
        <T::Bare as ColumnType>::Class: Comparable,
    {
        self.compare(Comparison::LessOrEqual, value.into_operand())
    }

    /// The column is greater than `value`.
    pub fn gt(self, value: impl Operand<T::Bare>) -> Filter<E>
    where
        <T::Bare as ColumnType>::Class: Comparable,
    {
        self.compare(Comparison::Greater, value.into_operand())
    }

    /// The column is greater than `value` or equal to it.
    pub fn ge(self, value: impl Operand<T::Bare>) -> Filter<E>
    where
        <T::Bare as ColumnType>::Class: Comparable,
    {
        self.compare(Comparison::GreaterOrEqual, value.into_operand())
    }

    /// The column lies between `low` and `high`, both included.
    pub fn between(self, low: impl Operand<T::Bare>, high: impl Operand<T::Bare>) -> Filter<E>
    where
        <T::Bare as ColumnType>::Class: Comparable,
    {
        let column = self.index();
        Filter::new(self.with(low.into_operand(), |low| {
            self.with(high.into_operand(), |high| Node::Between { column, low, high })
        }))
    }

    /// The column is one of `values`; none of an empty list.
    pub fn in_list<V: Operand<T::Bare>>(self, values: impl IntoIterator<Item = V>) -> Filter<E>
    where
        <T::Bare as ColumnType>::Class: Comparable,
    {
        self.list(values, false)
    }

    /// The column has a value, and it is none of `values`.
    pub fn not_in<V: Operand<T::Bare>>(self, values: impl IntoIterator<Item = V>) -> Filter<E>
    where
        <T::Bare as ColumnType>::Class: Comparable,
    {
        self.list(values, true)
    }

    fn compare(self, comparison: Comparison, value: T::Bare) -> Filter<E> {
        let column = self.index();
        Filter::new(self.with(value, |value| Node::Compare { column, comparison, value }))
    }

    fn list<V: Operand<T::Bare>>(
        self,
        values: impl IntoIterator<Item = V>,
        negated: bool,
    ) -> Filter<E> {
        let kind = self.def().kind;
        let values: Result<Vec<_>, _> = values
            .into_iter()
            .map(|value| value.into_operand().encode(kind).map(Value::into_owned))
            .collect();
        Filter::new(match values {
            Ok(values) => Node::InList { column: self.index(), values, negated },
            Err(invalid) => self.invalid(invalid),
        })
    }

    fn with(self, value: T::Bare, node: impl FnOnce(Value<'static>) -> Node) -> Node {
        match value.encode(self.def().kind) {
            Ok(value) => node(value.into_owned()),
            Err(invalid) => self.invalid(invalid),
        }
    }

    fn invalid(self, invalid: InvalidValue) -> Node {
        Node::Invalid { column: self.name(), invalid }
    }
}

/// Searches in text. Case counts, unless the method's name says otherwise; no character is special.
impl<E: Entity, T: ColumnType> Column<E, T> {
    /// The column has `text` somewhere.
    pub fn contains(self, text: impl AsRef<str>) -> Filter<E>
    where
        <T::Bare as ColumnType>::Class: Searchable,
    {
        self.search(TextMatch::Contains, text.as_ref().to_owned())
    }

    /// The column has `text` somewhere; `A` to `Z` are equal to `a` to `z`, other letters only to
    /// themselves, because that is all that both databases agree on.
    pub fn icontains(self, text: impl AsRef<str>) -> Filter<E>
    where
        <T::Bare as ColumnType>::Class: Searchable,
    {
        self.search(TextMatch::ContainsIgnoreCase, text.as_ref().to_ascii_lowercase())
    }

    /// The column starts with `text`.
    pub fn starts_with(self, text: impl AsRef<str>) -> Filter<E>
    where
        <T::Bare as ColumnType>::Class: Searchable,
    {
        self.search(TextMatch::StartsWith, text.as_ref().to_owned())
    }

    /// The column ends with `text`.
    pub fn ends_with(self, text: impl AsRef<str>) -> Filter<E>
    where
        <T::Bare as ColumnType>::Class: Searchable,
    {
        self.search(TextMatch::EndsWith, text.as_ref().to_owned())
    }

    fn search(self, place: TextMatch, text: String) -> Filter<E> {
        let column = self.index();
        if let Err(invalid) = text.encode(String::KIND) {
            return Filter::new(Node::Invalid { column: self.name(), invalid });
        }
        if text.is_empty() {
            return self.is_not_null();
        }
        Filter::new(Node::Text { column, place, text })
    }
}

impl<E> Filter<E> {
    pub(crate) fn new(node: Node) -> Self {
        Self { node, entity: PhantomData }
    }

    /// Holds when every one of `filters` holds; of an empty list, always. A `None` is left out.
    pub fn all<F: Into<Option<Filter<E>>>>(filters: impl IntoIterator<Item = F>) -> Self {
        Self::new(Node::All(nodes(filters)))
    }

    /// Holds when at least one of `filters` holds; of an empty list, never. A `None` is left out.
    pub fn any<F: Into<Option<Filter<E>>>>(filters: impl IntoIterator<Item = F>) -> Self {
        Self::new(Node::Any(nodes(filters)))
    }

    /// Holds for every row.
    pub fn always() -> Self {
        Self::new(Node::Always)
    }

    /// Holds for no row.
    pub fn never() -> Self {
        Self::new(Node::Never)
    }

    /// Holds when both hold. Also written `a & b`.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let mut nodes = self.node.into_all();
        nodes.extend(other.node.into_all());
        Self::new(Node::All(nodes))
    }

    /// Holds when one or both hold. Also written `a | b`.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let mut nodes = self.node.into_any();
        nodes.extend(other.node.into_any());
        Self::new(Node::Any(nodes))
    }
}

/// Joined one by one, filters make one long list, not a tree as deep as they are many.
impl Node {
    fn into_all(self) -> Vec<Node> {
        if let Node::All(nodes) = self { nodes } else { vec![self] }
    }

    fn into_any(self) -> Vec<Node> {
        if let Node::Any(nodes) = self { nodes } else { vec![self] }
    }
}

fn nodes<E, F: Into<Option<Filter<E>>>>(filters: impl IntoIterator<Item = F>) -> Vec<Node> {
    filters.into_iter().filter_map(|filter| filter.into().map(|filter| filter.node)).collect()
}

/// Holds exactly where the filter does not.
impl<E> Not for Filter<E> {
    type Output = Self;

    fn not(self) -> Self {
        Self::new(Node::Not(Box::new(self.node)))
    }
}

impl<E> BitAnd for Filter<E> {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        self.and(other)
    }
}

impl<E> BitOr for Filter<E> {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.or(other)
    }
}

impl<E> IntoFilter<E> for Filter<E> {
    fn into_filter(self) -> Filter<E> {
        self
    }
}

impl<E> IntoFilter<E> for Option<Filter<E>> {
    fn into_filter(self) -> Filter<E> {
        self.unwrap_or_else(Filter::always)
    }
}

impl<E> Clone for Filter<E> {
    fn clone(&self) -> Self {
        Self::new(self.node.clone())
    }
}

/// Shows the shape without the values: a column may be sensitive.
impl<E: Entity> fmt::Debug for Filter<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.node.show(E::TABLE, f)
    }
}

impl<T: ColumnType> Operand<T> for T {
    fn into_operand(self) -> T {
        self
    }
}

impl<T: ColumnType + Clone> Operand<T> for &T {
    fn into_operand(self) -> T {
        self.clone()
    }
}

impl Operand<String> for &str {
    fn into_operand(self) -> String {
        self.to_owned()
    }
}

impl Operand<Vec<u8>> for &[u8] {
    fn into_operand(self) -> Vec<u8> {
        self.to_vec()
    }
}
