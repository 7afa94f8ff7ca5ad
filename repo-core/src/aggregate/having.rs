//! Which groups are answered with, and in which order: conditions on aggregates, and directions.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{BitAnd, BitOr};

use crate::aggregate::{Aggregate, Answered, Term};
use crate::entity::Entity;
use crate::filter::Comparison;
use crate::filter::depth::Depth;
use crate::value::{InvalidValue, Value};

/// A condition on the groups of rows of `E`. Made by the comparisons of an [`Aggregate`].
///
/// A comparison holds for no group in which the aggregate is `None`. Averages are compared as `f64`.
pub struct Having<E> {
    pub(crate) node: Condition,
    depth: Depth,
    entity: PhantomData<fn() -> E>,
}

/// An aggregate and a direction to order groups by. Made by [`Aggregate::asc`] and [`Aggregate::desc`].
///
/// `None` ranks above every value, last when ascending and first when descending, unless
/// [`nulls_first`](Self::nulls_first) or [`nulls_last`](Self::nulls_last) says otherwise.
pub struct GroupOrder<E> {
    pub(crate) key: TermOrder,
    entity: PhantomData<fn() -> E>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Condition {
    Compare {
        term: Term,
        comparison: Comparison,
        values: Vec<Value<'static>>,
    },
    All(Vec<Condition>),
    Any(Vec<Condition>),
    /// A value that the aggregate cannot have: reported when the query runs.
    Invalid {
        column: &'static str,
        invalid: InvalidValue,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TermOrder {
    pub(crate) term: Term,
    pub(crate) descending: bool,
    pub(crate) nulls_first: bool,
}

/// Conditions and orders of groups.
impl<E: Entity, A: Answered> Aggregate<E, A> {
    /// The aggregate is equal to `value`.
    pub fn eq(self, value: A::Bare) -> Having<E> {
        self.compare(Comparison::Equal, value)
    }

    /// The aggregate is there, and not `value`.
    pub fn ne(self, value: A::Bare) -> Having<E> {
        self.compare(Comparison::NotEqual, value)
    }

    /// The aggregate is less than `value`.
    pub fn lt(self, value: A::Bare) -> Having<E> {
        self.compare(Comparison::Less, value)
    }

    /// The aggregate is less than `value` or equal to it.
    pub fn le(self, value: A::Bare) -> Having<E> {
        self.compare(Comparison::LessOrEqual, value)
    }

    /// The aggregate is greater than `value`.
    pub fn gt(self, value: A::Bare) -> Having<E> {
        self.compare(Comparison::Greater, value)
    }

    /// The aggregate is greater than `value` or equal to it.
    pub fn ge(self, value: A::Bare) -> Having<E> {
        self.compare(Comparison::GreaterOrEqual, value)
    }

    /// The lowest first.
    pub fn asc(self) -> GroupOrder<E> {
        GroupOrder::new(TermOrder { term: self.term, descending: false, nulls_first: false })
    }

    /// The highest first.
    pub fn desc(self) -> GroupOrder<E> {
        GroupOrder::new(TermOrder { term: self.term, descending: true, nulls_first: true })
    }

    fn compare(self, comparison: Comparison, value: A::Bare) -> Having<E> {
        let column = &E::TABLE.columns[self.term.column];
        Having::new(match (self.operand)(value, column.kind) {
            Ok(values) => Condition::Compare { term: self.term, comparison, values },
            Err(invalid) => Condition::Invalid { column: column.name, invalid },
        })
    }
}

impl Condition {
    /// Adds the aggregates that are compared.
    pub(crate) fn terms(&self, terms: &mut Vec<Term>) {
        match self {
            Self::Compare { term, .. } => terms.push(*term),
            Self::All(nodes) | Self::Any(nodes) => nodes.iter().for_each(|node| node.terms(terms)),
            Self::Invalid { .. } => {}
        }
    }
}

impl<E> Having<E> {
    fn new(node: Condition) -> Self {
        Self { node, depth: Depth::LEAF, entity: PhantomData }
    }

    /// Conditions that are joined, unless they are too deep.
    fn joined(node: Condition, parts: Depth) -> Self {
        let depth = parts.joined();
        match depth.refused() {
            None => Self { node, depth, entity: PhantomData },
            Some(invalid) => Self::new(Condition::Invalid { column: "having", invalid }),
        }
    }

    fn into_all(self) -> (Vec<Condition>, Depth) {
        match self.node {
            Condition::All(nodes) => (nodes, self.depth.parts()),
            node => (vec![node], self.depth),
        }
    }

    fn into_any(self) -> (Vec<Condition>, Depth) {
        match self.node {
            Condition::Any(nodes) => (nodes, self.depth.parts()),
            node => (vec![node], self.depth),
        }
    }
}

/// Both hold.
impl<E> BitAnd for Having<E> {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        let ((mut nodes, depth), (others, other)) = (self.into_all(), other.into_all());
        nodes.extend(others);
        Self::joined(Condition::All(nodes), depth.beside(other))
    }
}

/// One or both hold.
impl<E> BitOr for Having<E> {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        let ((mut nodes, depth), (others, other)) = (self.into_any(), other.into_any());
        nodes.extend(others);
        Self::joined(Condition::Any(nodes), depth.beside(other))
    }
}

impl<E> GroupOrder<E> {
    fn new(key: TermOrder) -> Self {
        Self { key, entity: PhantomData }
    }

    /// Groups without a value first.
    #[must_use]
    pub fn nulls_first(mut self) -> Self {
        self.key.nulls_first = true;
        self
    }

    /// Groups without a value last.
    #[must_use]
    pub fn nulls_last(mut self) -> Self {
        self.key.nulls_first = false;
        self
    }
}

impl<E> Clone for Having<E> {
    fn clone(&self) -> Self {
        Self { node: self.node.clone(), ..*self }
    }
}

impl<E> Clone for GroupOrder<E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for GroupOrder<E> {}

/// Shows the number of parts, not their values: a column may be sensitive.
impl<E> fmt::Debug for Having<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = match &self.node {
            Condition::All(nodes) | Condition::Any(nodes) => nodes.len(),
            _ => 1,
        };
        f.debug_struct("Having").field("parts", &parts).finish_non_exhaustive()
    }
}

impl<E> fmt::Debug for GroupOrder<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("GroupOrder").field(&self.key).finish()
    }
}
