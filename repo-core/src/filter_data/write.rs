//! A filter to data. What is refused is found first, so that writing itself does not fail.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::path::Steps;
use super::{Count, Trust, unwritten};
use crate::dialect::TextMatch;
use crate::filter::{DocumentTest, Node};
use crate::schema::table::Table;
use crate::value::Value;
use crate::value::text;

/// Writes a filter.
pub(super) fn write<S: Serializer>(
    node: &Node,
    table: &'static Table,
    trust: Trust,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut check = Check { table, trust, count: Count::default() };
    check.node(node, 0).map_err(unwritten::<S>)?;
    Data { node, table }.serialize(serializer)
}

struct Check {
    table: &'static Table,
    trust: Trust,
    count: Count,
}

impl Check {
    fn node(&mut self, node: &Node, depth: usize) -> Result<(), String> {
        self.count.nodes(nodes(node))?;
        match node {
            Node::Always | Node::Never => Ok(()),
            Node::Compare { column, .. }
            | Node::Document { column, .. }
            | Node::Null { column, .. }
            | Node::Text { column, .. } => self.column(*column, 0),
            Node::Between { column, .. } => self.column(*column, 2),
            Node::InList { column, values, .. } => self.column(*column, values.len()),
            Node::Columns { left, right, .. } => {
                self.column(*left, 0)?;
                self.trust.refuses(self.table, *right).map_or(Ok(()), Err)
            }
            Node::All(nodes) | Node::Any(nodes) => {
                Count::level(depth + 1)?;
                nodes.iter().try_for_each(|node| self.node(node, depth + 1))
            }
            Node::Not(node) => {
                Count::level(depth + 1)?;
                self.node(node, depth + 1)
            }
            // What data cannot express ends here.
            Node::Linked { .. } => Err("a condition on a relation cannot be data".to_owned()),
            Node::Invalid { column, invalid } => Err(format!("`{column}` {invalid}")),
        }
    }

    fn column(&mut self, column: usize, values: usize) -> Result<(), String> {
        self.count.condition(values)?;
        self.trust.refuses(self.table, column).map_or(Ok(()), Err)
    }
}

/// How many nodes of the tree are this one's alone: each object, list and value is one.
fn nodes(node: &Node) -> usize {
    match node {
        Node::Always | Node::Never | Node::Not(_) => 1,
        Node::All(_) | Node::Any(_) => 2,
        Node::Between { .. } => 5,
        Node::InList { values, .. } => 3 + values.len(),
        Node::Document { path, .. } => 4 + Steps(path).count(),
        _ => 3,
    }
}

/// A filter that can be written.
struct Data<'n> {
    node: &'n Node,
    table: &'static Table,
}

impl Serialize for Data<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.node {
            Node::Always => serializer.serialize_bool(true),
            Node::Never => serializer.serialize_bool(false),
            node => {
                let mut object = serializer.serialize_map(None)?;
                self.joined(node, &mut object)?;
                self.condition(node, &mut object)?;
                object.end()
            }
        }
    }
}

impl<'n> Data<'n> {
    fn joined<M: SerializeMap>(&self, node: &'n Node, object: &mut M) -> Result<(), M::Error> {
        let data = |node| Data { node, table: self.table };
        let list = |nodes: &'n [Node]| nodes.iter().map(data).collect::<Vec<_>>();
        match node {
            Node::All(nodes) => object.serialize_entry("all", &list(nodes)),
            Node::Any(nodes) => object.serialize_entry("any", &list(nodes)),
            Node::Not(node) => object.serialize_entry("not", &data(node)),
            _ => Ok(()),
        }
    }

    fn condition<M: SerializeMap>(&self, node: &Node, object: &mut M) -> Result<(), M::Error> {
        let name = |column: usize| self.table.columns[column].name;
        let mut about = |column| object.serialize_entry("column", name(column));
        match node {
            Node::Compare { column, comparison, value } => {
                about(*column)?;
                object.serialize_entry(comparison.word(), &Written(value))
            }
            Node::Columns { left, comparison, right } => {
                about(*left)?;
                object.serialize_entry(&format!("{}_column", comparison.word()), name(*right))
            }
            Node::Document { column, path, test } => {
                about(*column)?;
                object.serialize_entry("path", &Steps(path))?;
                place(test, object)
            }
            Node::Between { column, low, high } => {
                about(*column)?;
                object.serialize_entry("between", &[Written(low), Written(high)])
            }
            Node::InList { column, values, negated } => {
                about(*column)?;
                let values: Vec<_> = values.iter().map(Written).collect();
                object.serialize_entry(if *negated { "not_in" } else { "in_list" }, &values)
            }
            Node::Null { column, negated } => {
                about(*column)?;
                object.serialize_entry("is_null", &!negated)
            }
            Node::Text { column, place, text } => {
                about(*column)?;
                object.serialize_entry(place.word(), text)
            }
            _ => Ok(()),
        }
    }
}

/// What is asked of a place in a document.
fn place<M: SerializeMap>(test: &DocumentTest, object: &mut M) -> Result<(), M::Error> {
    match test {
        DocumentTest::Exists => object.serialize_entry("exists", &true),
        DocumentTest::Null => object.serialize_entry("is_null", &true),
        DocumentTest::Compare(comparison, _, value) => {
            object.serialize_entry(comparison.word(), &Written(value))
        }
        DocumentTest::Element(_, value) => object.serialize_entry("has_element", &Written(value)),
    }
}

impl TextMatch {
    const WORDS: [(Self, &'static str); 5] = [
        (Self::Contains, "contains"),
        (Self::ContainsIgnoreCase, "icontains"),
        (Self::StartsWith, "starts_with"),
        (Self::EndsWith, "ends_with"),
        (Self::EqualsIgnoreCase, "ieq"),
    ];

    fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(it, _)| *it == self).map_or("contains", |(_, word)| word)
    }

    pub(super) fn of_word(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(_, it)| *it == word).map(|(place, _)| *place)
    }
}

/// A value: what JSON has a type for as that, exact, and the rest as text.
struct Written<'v>(&'v Value<'static>);

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::I16(value) => serializer.serialize_i16(*value),
            Value::I32(value) => serializer.serialize_i32(*value),
            Value::I64(value) => serializer.serialize_i64(*value),
            Value::F32(value) => serializer.serialize_f32(*value),
            Value::F64(value) => serializer.serialize_f64(*value),
            value => serializer.serialize_str(&text::text(value)),
        }
    }
}
