//! Where a window starts or ends: the rows after a position in an order.

use crate::column::OrderKey;
use crate::sql::writer::Writer;
use crate::value::Value;
use crate::window::Bound;

impl<'a> Writer<'a> {
    /// The rows that come after `bound` in `order`.
    pub(crate) fn bound(&mut self, order: &[OrderKey], bound: &'a Bound) {
        let keys: Vec<_> = order
            .iter()
            .zip(&bound.values)
            .map(|(key, value)| (if bound.before { key.reversed() } else { *key }, value))
            .collect();
        if self.is_uniform(&keys) { self.row_value(&keys) } else { self.ranks(&keys) }
    }

    /// One direction and no `NULL`: databases find the start of a row value in an index.
    fn is_uniform(&self, keys: &[(OrderKey, &Value<'static>)]) -> bool {
        let direction = keys.first().is_some_and(|(key, _)| key.descending);
        keys.iter()
            .all(|(key, _)| key.descending == direction && !key.source.is_nullable(self.table))
    }

    fn row_value(&mut self, keys: &[(OrderKey, &'a Value<'static>)]) {
        let descending = keys.first().is_some_and(|(key, _)| key.descending);
        self.push("(");
        for (position, (key, _)) in keys.iter().enumerate() {
            self.push(if position > 0 { ", " } else { "" }).source(key.source);
        }
        self.push(if descending { ") < (" } else { ") > (" });
        for (position, (_, value)) in keys.iter().enumerate() {
            if position > 0 {
                self.push(", ");
            }
            self.bind(value.borrowed());
        }
        self.push(")");
    }

    /// `(a after x OR (a = x AND (b after y OR ..)))`, with `NULL` in its place.
    fn ranks(&mut self, keys: &[(OrderKey, &'a Value<'static>)]) {
        let Some(((key, value), rest)) = keys.split_first() else {
            self.push("1 = 0");
            return;
        };
        self.push("(");
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

    fn after(&mut self, key: OrderKey, value: &'a Value<'static>) {
        let nullable = key.source.is_nullable(self.table);
        if value.is_null() {
            // Behind a leading NULL come the values; behind a trailing one, nothing.
            if key.nulls_first {
                self.source(key.source).push(" IS NOT NULL");
            } else {
                self.push("1 = 0");
            }
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
