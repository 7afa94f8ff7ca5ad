//! A filter as an SQL condition.

use crate::dialect::JsonType;
use crate::error::{Error, Result};
use crate::filter::{DocumentTest, Node};
use crate::sql::writer::{Writer, quoted};
use crate::value::Value;

/// The most conditions of a query that are written side by side.
pub(crate) const LONGEST_CHAIN: usize = 24;

/// The most inside of others.
const LONGEST_INNER_CHAIN: usize = 8;

impl<'a> Writer<'a> {
    /// The condition, in parentheses where it needs them.
    pub(crate) fn predicate(&mut self, node: &'a Node) -> Result<()> {
        match node {
            Node::Always => self.push("1 = 1"),
            Node::Never => self.push("1 = 0"),
            Node::Compare { column, comparison, value } => self
                .column(*column)
                .push(" ")
                .push(comparison.sql())
                .push(" ")
                .bind(value.borrowed()),
            Node::Columns { left, comparison, right } => {
                self.column(*left).push(" ").push(comparison.sql()).push(" ").column(*right)
            }
            Node::Document { column, path, test } => {
                self.document(*column, path, test);
                self
            }
            Node::Between { column, low, high } => {
                self.column(*column).push(" BETWEEN ").bind(low.borrowed());
                self.push(" AND ").bind(high.borrowed())
            }
            Node::InList { column, values, negated } => self.list(*column, values, *negated),
            Node::Null { column, negated } => {
                let test = if *negated { " IS NOT NULL" } else { " IS NULL" };
                self.column(*column).push(test)
            }
            Node::Text { column, place, text } => {
                self.params.push(Value::Text(text.as_str().into()));
                let (name, index) = (quoted(self.table, *column), self.params.len());
                self.dialect.text_match(&mut self.sql, &name, index, *place);
                self
            }
            Node::Linked { link, node } => return self.finds(link, node),
            Node::All(nodes) if nodes.is_empty() => self.push("1 = 1"),
            Node::Any(nodes) if nodes.is_empty() => self.push("1 = 0"),
            Node::All(nodes) => return self.join(nodes, " AND ", Self::predicate),
            Node::Any(nodes) => return self.join(nodes, " OR ", Self::predicate),
            Node::Not(node) => {
                self.push("((");
                self.predicate(node)?;
                // `NOT` of an unknown is unknown; this is the complement.
                self.push(") IS NOT TRUE)")
            }
            Node::Invalid { column, invalid } => {
                return Err(Error::invalid_value(column, invalid.clone()));
            }
        };
        Ok(())
    }

    fn document(&mut self, column: usize, path: &'a str, test: &'a DocumentTest) {
        self.params.push(Value::Text(path.into()));
        let (name, index) = (quoted(self.table, column), self.params.len());
        match test {
            DocumentTest::Exists => self.dialect.json_exists(&mut self.sql, &name, index),
            DocumentTest::Null => {
                self.dialect.json_value(&mut self.sql, &name, index, JsonType::Null);
            }
            DocumentTest::Compare(comparison, what, value) => {
                self.dialect.json_value(&mut self.sql, &name, index, *what);
                self.push(" ").push(comparison.sql()).push(" ").bind(value.borrowed());
            }
            DocumentTest::Element(what, value) => {
                self.params.push(value.borrowed());
                let sought = self.params.len();
                self.dialect.json_has_element(&mut self.sql, &name, index, *what, sought);
            }
        }
    }

    pub(super) fn list(
        &mut self,
        column: usize,
        values: &'a [Value<'static>],
        negated: bool,
    ) -> &mut Self {
        if values.is_empty() {
            // Of an empty list nothing is a member; every value is not a member.
            return if negated {
                self.column(column).push(" IS NOT NULL")
            } else {
                self.push("1 = 0")
            };
        }
        let kind = self.table.columns[column].kind;
        let values = values.iter().map(Value::borrowed).collect();
        self.params.push(Value::List(kind, values));
        let (name, index) = (quoted(self.table, column), self.params.len());
        if negated {
            self.push("NOT (");
        }
        self.dialect.in_list(&mut self.sql, &name, index, kind);
        if negated { self.push(")") } else { self }
    }

    /// Conditions in parentheses. SQLite refuses an expression deeper than 1,000 operators, and a chain is as deep
    /// as it is long: a long one becomes a balanced tree.
    pub(crate) fn join<T>(
        &mut self,
        nodes: &'a [T],
        word: &str,
        each: fn(&mut Self, &'a T) -> Result<()>,
    ) -> Result<()> {
        self.push("(");
        if nodes.len() > LONGEST_INNER_CHAIN {
            let (first, second) = nodes.split_at(nodes.len() / 2);
            self.join(first, word, each)?;
            self.push(word);
            self.join(second, word, each)?;
        } else {
            for (index, node) in nodes.iter().enumerate() {
                self.push(if index > 0 { word } else { "" });
                each(self, node)?;
            }
        }
        self.push(")");
        Ok(())
    }
}
