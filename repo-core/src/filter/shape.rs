//! A filter in words, and its digest: what `Debug` shows and what a cursor remembers.

use std::fmt;

use crate::dialect::{JsonType, TextMatch};
use crate::filter::{Comparison, DocumentTest, Node};
use crate::read::cursor::text;
use crate::read::cursor_value::write_value;
use crate::schema::table::Table;
use crate::value::Value;

impl Node {
    /// Adds the tables of other rows that it looks at.
    pub(crate) fn linked(&self, tables: &mut Vec<&'static Table>) {
        match self {
            Node::Linked { link, node } => {
                tables.push(link.table);
                node.linked(tables);
            }
            Node::All(nodes) | Node::Any(nodes) => {
                nodes.iter().for_each(|node| node.linked(tables));
            }
            Node::Not(node) => node.linked(tables),
            _ => {}
        }
    }

    /// The columns and comparisons, a `?` for each value.
    pub(crate) fn show(&self, table: &Table, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |column: usize| table.columns[column].name;
        match self {
            Node::Always => f.write_str("always"),
            Node::Never => f.write_str("never"),
            Node::Compare { column, comparison, .. } => {
                write!(f, "{} {} ?", name(*column), comparison.sql())
            }
            Node::Columns { left, comparison, right } => {
                write!(f, "{} {} {}", name(*left), comparison.sql(), name(*right))
            }
            Node::Document { column, path, test } => {
                write!(f, "{} at {path} {}", name(*column), test.words())?;
                f.write_str(if test.value().is_some() { " ?" } else { "" })
            }
            Node::Between { column, .. } => write!(f, "{} between ? and ?", name(*column)),
            Node::InList { column, values, negated } => {
                let not = if *negated { "not " } else { "" };
                write!(f, "{} {not}in ({} values)", name(*column), values.len())
            }
            Node::Null { column, negated } => {
                let not = if *negated { "not " } else { "" };
                write!(f, "{} is {not}null", name(*column))
            }
            Node::Text { column, place, .. } => write!(f, "{} {} ?", name(*column), place.words()),
            Node::Linked { link, node } => {
                write!(f, "({} where ", link.words(table))?;
                node.show(link.table, f)?;
                f.write_str(")")
            }
            Node::All(nodes) => join(nodes, " and ", table, f),
            Node::Any(nodes) => join(nodes, " or ", table, f),
            Node::Not(node) => {
                f.write_str("not (")?;
                node.show(table, f)?;
                f.write_str(")")
            }
            Node::Invalid { column, invalid } => write!(f, "{column} {invalid}"),
        }
    }

    /// The columns, comparisons and values as bytes: two filters that select other rows differ.
    pub(crate) fn digest(&self, table: &Table, bytes: &mut Vec<u8>) {
        bytes.push(b'(');
        let mut leaf = |tag: &str, column: usize, values: &[Value<'static>]| {
            text(bytes, tag);
            text(bytes, table.columns[column].name);
            bytes.extend((values.len() as u64).to_be_bytes());
            values.iter().for_each(|value| write_value(bytes, value));
        };
        match self {
            Node::Always | Node::Invalid { .. } => text(bytes, "always"),
            Node::Never => text(bytes, "never"),
            Node::Compare { column, comparison, value } => {
                leaf(comparison.sql(), *column, std::slice::from_ref(value));
            }
            Node::Columns { left, comparison, right } => {
                let right = Value::Text(table.columns[*right].name.to_owned().into());
                leaf(&format!("column {}", comparison.sql()), *left, &[right]);
            }
            Node::Document { column, path, test } => {
                let mut values = vec![Value::Text(path.clone().into())];
                if let Some((what, value)) = test.value() {
                    // A text, an integer and a float may be the same bytes.
                    values.extend([Value::Text(what.words().into()), value.clone()]);
                }
                leaf(&format!("document {}", test.words()), *column, &values);
            }
            Node::Between { column, low, high } => {
                leaf("between", *column, &[low.clone(), high.clone()]);
            }
            Node::InList { column, values, negated } => {
                leaf(if *negated { "not in" } else { "in" }, *column, values);
            }
            Node::Null { column, negated } => {
                leaf(if *negated { "not null" } else { "null" }, *column, &[]);
            }
            Node::Text { column, place, text: sought } => {
                leaf(place.words(), *column, &[Value::Text(sought.clone().into())]);
            }
            Node::Linked { link, node } => {
                text(bytes, &format!("finds {}", link.words(table)));
                node.digest(link.table, bytes);
            }
            Node::All(nodes) => branch(bytes, "all", nodes, table),
            Node::Any(nodes) => branch(bytes, "any", nodes, table),
            Node::Not(node) => branch(bytes, "not", std::slice::from_ref(node), table),
        }
        bytes.push(b')');
    }
}

fn branch(bytes: &mut Vec<u8>, tag: &str, nodes: &[Node], table: &Table) {
    text(bytes, tag);
    nodes.iter().for_each(|node| node.digest(table, bytes));
}

impl Comparison {
    /// The operator, the same in SQL and in words.
    pub(crate) fn sql(self) -> &'static str {
        match self {
            Comparison::Equal => "=",
            Comparison::NotEqual => "<>",
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
        }
    }
}

impl DocumentTest {
    fn words(&self) -> &'static str {
        match self {
            DocumentTest::Exists => "exists",
            DocumentTest::Null => "is null",
            DocumentTest::Compare(comparison, ..) => comparison.sql(),
            DocumentTest::Element(..) => "has an element =",
        }
    }

    /// What is compared, and as what.
    fn value(&self) -> Option<(JsonType, &Value<'static>)> {
        match self {
            DocumentTest::Compare(_, what, value) | DocumentTest::Element(what, value) => {
                Some((*what, value))
            }
            DocumentTest::Exists | DocumentTest::Null => None,
        }
    }
}

impl JsonType {
    fn words(self) -> &'static str {
        match self {
            JsonType::Text => "text",
            JsonType::Integer => "integer",
            JsonType::Float => "float",
            JsonType::Bool => "bool",
            JsonType::Null => "null",
        }
    }
}

impl TextMatch {
    fn words(self) -> &'static str {
        match self {
            TextMatch::Contains => "contains",
            TextMatch::ContainsIgnoreCase => "contains, in any case,",
            TextMatch::StartsWith => "starts with",
            TextMatch::EndsWith => "ends with",
            TextMatch::EqualsIgnoreCase => "is, in any case,",
        }
    }
}

fn join(nodes: &[Node], word: &str, table: &Table, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("(")?;
    for (index, node) in nodes.iter().enumerate() {
        if index > 0 {
            f.write_str(word)?;
        }
        node.show(table, f)?;
    }
    f.write_str(")")
}
