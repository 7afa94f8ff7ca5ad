//! Where a window starts or ends: the rows after a position in an order.

use crate::column::OrderKey;
use crate::read::window::Bound;
use crate::relation::link::Source;
use crate::sql::writer::Writer;
use crate::value::Value;

/// A key of the order, and its value at a position.
type Positioned<'a> = (OrderKey, &'a Value<'static>);

/// Which of the rows after a position: all, or those that have a value in the first key, or those that have none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    All,
    Values,
    Nulls,
}

impl<'a> Writer<'a> {
    /// Whether the rows after `bound` are such that have a value in the first key, a column of the row, and then such
    /// that have none.
    pub(crate) fn has_nulls_ahead(&self, order: &[OrderKey], bound: &Bound) -> bool {
        let Some((key, value)) = order.first().zip(bound.values.first()) else { return false };
        let key = if bound.before { key.reversed() } else { *key };
        let is_own = matches!(key.source, Source::Own(_));
        is_own && key.source.is_nullable(self.table) && !key.nulls_first && !value.is_null()
    }

    /// The rows that come after `bound` in `order`.
    pub(crate) fn bound(&mut self, order: &[OrderKey], bound: &'a Bound, part: Part) {
        let mut keys: Vec<_> = order
            .iter()
            .zip(&bound.values)
            .map(|(key, value)| (if bound.before { key.reversed() } else { *key }, value))
            .collect();
        if let Some((key, _)) = keys.first_mut() {
            match part {
                Part::All => {}
                // No `NULL` comes after a value any more.
                Part::Values => key.nulls_first = true,
                Part::Nulls => {
                    self.source(key.source).push(" IS NULL");
                    return;
                }
            }
        }
        match self.uniform(&keys) {
            all if all == keys.len() => self.row_value(&keys, ""),
            0 => self.ranks(&keys),
            // The ranks alone would be tried on every row from the start of the order.
            some => {
                self.row_value(&keys[..some], "=");
                self.push(" AND ");
                self.ranks(&keys);
            }
        }
    }

    /// How many of the first keys have one direction and no `NULL` ahead: databases find the start of a row value
    /// in an index.
    fn uniform(&self, keys: &[Positioned<'_>]) -> usize {
        let direction = keys.first().is_some_and(|(key, _)| key.descending);
        let is_uniform = |(key, value): &&Positioned<'_>| {
            let no_null = !key.source.is_nullable(self.table) || key.nulls_first;
            key.descending == direction && no_null && !value.is_null()
        };
        keys.iter().take_while(is_uniform).count()
    }

    fn row_value(&mut self, keys: &[Positioned<'a>], or_equal: &str) {
        let descending = keys.first().is_some_and(|(key, _)| key.descending);
        self.push("(");
        for (position, (key, _)) in keys.iter().enumerate() {
            self.push(if position > 0 { ", " } else { "" }).source(key.source);
        }
        self.push(if descending { ") <" } else { ") >" }).push(or_equal).push(" (");
        for (position, (_, value)) in keys.iter().enumerate() {
            if position > 0 {
                self.push(", ");
            }
            self.bind(value.borrowed());
        }
        self.push(")");
    }

    /// `(a after x OR (a = x AND (b after y OR ..)))`, with `NULL` in its place.
    fn ranks(&mut self, keys: &[Positioned<'a>]) {
        let Some(((key, value), rest)) = keys.split_first() else {
            self.push("1 = 0");
            return;
        };
        self.push("(");
        if value.is_null() && !key.nulls_first {
            // Behind a trailing NULL come other NULLs alone.
            self.same(*key, value);
            self.push(" AND ");
            self.ranks(rest);
            self.push(")");
            return;
        }
        self.after(*key, value);
        if !rest.is_empty() {
            self.push(" OR (");
            self.same(*key, value);
            self.push(" AND ");
            self.ranks(rest);
            self.push(")");
        }
        self.push(")");
    }

    /// Behind a leading NULL come the values.
    fn after(&mut self, key: OrderKey, value: &'a Value<'static>) {
        let nullable = key.source.is_nullable(self.table);
        if value.is_null() {
            self.source(key.source).push(" IS NOT NULL");
            return;
        }
        let operator = if key.descending { " < " } else { " > " };
        self.source(key.source).push(operator).bind(value.borrowed());
        if nullable && !key.nulls_first {
            self.push(" OR ").source(key.source).push(" IS NULL");
        }
    }

    fn same(&mut self, key: OrderKey, value: &'a Value<'static>) {
        if value.is_null() {
            self.source(key.source).push(" IS NULL");
        } else {
            self.source(key.source).push(" = ").bind(value.borrowed());
        }
    }
}
