//! A statement under construction: its text and its parameters.

use crate::dialect::{Dialect, quote};
use crate::schema::table::Table;
use crate::value::Value;

/// Appends to a statement about one table.
#[derive(Debug)]
pub(crate) struct Writer<'a> {
    pub(crate) dialect: &'a dyn Dialect,
    pub(crate) table: &'static Table,
    pub(crate) sql: String,
    pub(crate) params: Vec<Value<'a>>,
    /// How many subqueries the text is in.
    pub(crate) depth: usize,
    /// Whether what is bound does not matter to the plan.
    pub(crate) is_planned_once: bool,
    /// The text of [`all_columns`](Self::all_columns), where somebody has it already.
    columns: Option<&'a str>,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(dialect: &'a dyn Dialect, table: &'static Table) -> Self {
        // Room for all columns once and a condition: most statements never grow.
        let sql = String::with_capacity(256 + 24 * table.columns.len());
        Self {
            dialect,
            table,
            sql,
            params: Vec::with_capacity(8),
            depth: 0,
            is_planned_once: false,
            columns: None,
        }
    }

    /// With the text of all columns, which is known.
    pub(crate) fn with_columns(mut self, columns: &'a str) -> Self {
        self.columns = Some(columns);
        self
    }

    pub(crate) fn push(&mut self, text: &str) -> &mut Self {
        self.sql.push_str(text);
        self
    }

    /// The quoted name of the table.
    pub(crate) fn table_name(&mut self) -> &mut Self {
        quote(&mut self.sql, self.table.name);
        self
    }

    /// The quoted name of a column.
    pub(crate) fn column(&mut self, column: usize) -> &mut Self {
        quote(&mut self.sql, self.table.columns[column].name);
        self
    }

    /// A parameter with this value.
    pub(crate) fn bind(&mut self, value: Value<'a>) -> &mut Self {
        self.params.push(value);
        let index = self.params.len();
        let unplanned =
            if self.is_planned_once { self.dialect.unplanned_placeholder(index) } else { None };
        match unplanned {
            Some(unplanned) => self.push(&unplanned),
            None => self.placeholder(index),
        }
    }

    /// A parameter whose value is bound later, or was bound before.
    pub(crate) fn placeholder(&mut self, index: usize) -> &mut Self {
        self.dialect.placeholder(&mut self.sql, index);
        self
    }

    /// The quoted names of these columns, separated by commas.
    pub(crate) fn columns(&mut self, columns: impl IntoIterator<Item = usize>) -> &mut Self {
        for (position, column) in columns.into_iter().enumerate() {
            if position > 0 {
                self.sql.push_str(", ");
            }
            self.column(column);
        }
        self
    }

    /// These names, quoted, separated by commas.
    pub(crate) fn names(&mut self, names: &[String]) -> &mut Self {
        for (position, name) in names.iter().enumerate() {
            self.sql.push_str(if position > 0 { ", " } else { "" });
            quote(&mut self.sql, name);
        }
        self
    }

    /// The quoted names of all columns, separated by commas.
    pub(crate) fn all_columns(&mut self) -> &mut Self {
        // In a subquery they would be those of another table.
        match self.columns.filter(|_| self.depth == 0) {
            Some(columns) => self.push(columns),
            None => self.columns(0..self.table.columns.len()),
        }
    }
}

/// The quoted name of a column.
pub(crate) fn quoted(table: &Table, column: usize) -> String {
    let mut name = String::new();
    quote(&mut name, table.columns[column].name);
    name
}
