//! What a `SELECT` reads of each row: the values that are shown, and those that order it.

use crate::backend::Row;
use crate::column::OrderKey;
use crate::error::{Error, Result};
use crate::read::projection::Projection;
use crate::relation::link::Source;
use crate::schema::table::{ColumnDef, Table};
use crate::sql::writer::Writer;
use crate::value::Value;
use crate::value::encode::Decoder;

/// The values of a row, from the left to the right.
#[derive(Debug)]
pub(crate) struct Shape {
    table: &'static Table,
    sources: Vec<Source>,
    /// The columns of those that are shown; none where these are all columns of the table.
    shown: Option<Vec<&'static ColumnDef>>,
    /// Where the values of the order are.
    keys: Vec<usize>,
}

impl Shape {
    /// What `P` shows.
    pub(crate) fn of<P: Projection>(table: &'static Table) -> Self {
        match P::sources() {
            Some(sources) => {
                let shown = sources.iter().map(|source| source.def(table)).collect();
                Self { table, sources, shown: Some(shown), keys: Vec::new() }
            }
            None => {
                let sources = (0..table.columns.len()).map(Source::Own).collect();
                Self { table, sources, shown: None, keys: Vec::new() }
            }
        }
    }

    /// With the values of the order, after those that are shown where they are none of them.
    pub(crate) fn with_keys(mut self, order: &[OrderKey]) -> Self {
        for key in order {
            let known = self.sources.iter().position(|source| *source == key.source);
            self.keys.push(known.unwrap_or_else(|| {
                self.sources.push(key.source);
                self.sources.len() - 1
            }));
        }
        self
    }

    /// The tables of other rows that it looks at.
    pub(crate) fn linked(&self) -> impl Iterator<Item = &'static Table> {
        self.sources.iter().flat_map(Source::linked)
    }

    /// The names of the columns.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.sources.iter().map(|source| source.def(self.table).name).collect()
    }

    /// Whether it has the values of this order.
    pub(crate) fn has_order(&self, order: &[OrderKey]) -> bool {
        self.keys.len() == order.len()
    }

    /// How many values there are.
    pub(crate) fn width(&self) -> usize {
        self.sources.len()
    }

    /// What `P` makes of a row.
    pub(crate) fn read<P: Projection>(&self, row: &dyn Row) -> Result<P> {
        let mut decoder = match &self.shown {
            Some(shown) => Decoder::of_columns(self.table.entity, shown, row),
            None => Decoder::new(self.table, row),
        };
        P::read(&mut decoder)
    }

    /// Puts the values that order a row in the place of those of another.
    pub(crate) fn position(&self, row: &dyn Row, into: &mut Vec<Value<'static>>) -> Result<()> {
        into.clear();
        self.keys.iter().try_for_each(|at| {
            into.push(self.value(row, *at)?);
            Ok(())
        })
    }

    /// Whether the row has no id: none is there. Asked of rows with the values of an order, which ends in the id.
    pub(crate) fn is_missing(&self, row: &dyn Row) -> bool {
        let id = Source::Own(self.table.roles.id);
        let at = self.sources.iter().position(|source| *source == id);
        at.is_some_and(|at| row.value(at, self.table.id().kind).is_ok_and(|id| id.is_null()))
    }

    fn value(&self, row: &dyn Row, at: usize) -> Result<Value<'static>> {
        let column = self.sources[at].def(self.table);
        let value = row.value(at, column.kind).map(Value::into_owned);
        value.map_err(|invalid| Error::decode(self.table.entity, column.name, invalid))
    }

    /// What a value is called: a column by its name, the first time that it is there.
    fn label(&self, at: usize) -> Option<&'static str> {
        let Source::Own(column) = self.sources[at] else { return None };
        if self.shown.is_none() && at < self.table.columns.len() {
            // All columns, each once: the others need not be looked at.
            return Some(self.table.columns[column].name);
        }
        let is_first = !self.sources[..at].contains(&self.sources[at]);
        is_first.then(|| self.table.columns[column].name)
    }
}

impl Writer<'_> {
    /// The values of each row.
    pub(crate) fn values(&mut self, shape: &Shape) -> &mut Self {
        let all = if shape.shown.is_none() { self.table.columns.len() } else { 0 };
        if all > 0 {
            self.all_columns();
        }
        for at in all..shape.width() {
            self.push(if at > 0 { ", " } else { "" }).source(shape.sources[at]);
            if shape.label(at).is_none() {
                self.push(" AS ").label(shape, at);
            }
        }
        self
    }

    /// The names of the values, of rows that are called `prefix`.
    pub(crate) fn labels(&mut self, shape: &Shape, prefix: &str) -> &mut Self {
        for at in 0..shape.width() {
            self.push(if at > 0 { ", " } else { "" }).push(prefix).label(shape, at);
        }
        self
    }

    /// The order, of rows that are called `prefix` and have its values.
    pub(crate) fn order_of(&mut self, shape: &Shape, order: &[OrderKey], prefix: &str) {
        self.order_by(order, |writer, position, _| {
            writer.push(prefix).label(shape, shape.keys[position]);
        });
    }

    fn label(&mut self, shape: &Shape, at: usize) -> &mut Self {
        match shape.label(at) {
            Some(name) => {
                crate::dialect::quote(&mut self.sql, name);
                self
            }
            None => self.push(&format!("\"repo_value_{at}\"")),
        }
    }
}
