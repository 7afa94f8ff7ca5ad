//! `SELECT` of aggregates: of all rows, of groups, and of rows by their rank.
//!
//! Sums are added in two halves, so that each is exact: the upper bits of the units and the lower 32. The two
//! are brought into one form, `high * 2^32 + low` with `low` below 2^32, in which pairs order as sums do.

use crate::aggregate::bucket::Bucket;
use crate::aggregate::groups::Grouping;
use crate::aggregate::having::{Condition, TermOrder};
use crate::aggregate::keys::Key;
use crate::aggregate::{Extreme, Function, Term};
use crate::error::{Error, Result};
use crate::query::Selection;
use crate::sql::writer::{Writer, quoted};
use crate::value::{Kind, Value};

impl<'a> Writer<'a> {
    /// One row with the aggregates of the rows that the selection names.
    pub(crate) fn aggregates(&mut self, selection: &'a Selection, terms: &[Term]) -> Result<()> {
        self.push("SELECT ");
        self.terms(terms);
        self.ranked_rows(selection, &[], terms, false)
    }

    /// A row for each group: its keys, then its aggregates.
    pub(crate) fn groups(
        &mut self,
        selection: &'a Selection,
        keys: &[Key],
        terms: &[Term],
        grouping: &'a Grouping,
    ) -> Result<()> {
        self.push("SELECT ");
        for key in keys {
            self.group_key(key);
            self.push(", ");
        }
        self.terms(terms);
        let is_limited = grouping.limit().is_some();
        let all_terms = grouping.terms(terms);
        self.ranked_rows(selection, keys, &all_terms, is_limited)?;
        // By position: a key may have parameters, and the same text is then not the same expression.
        self.push(" GROUP BY ");
        for position in 1..=keys.len() {
            self.push(if position > 1 { ", " } else { "" }).push(&position.to_string());
        }
        self.having(&all_terms, grouping)?;
        self.group_order(keys, grouping);
        if let Some(limit) = grouping.limit() {
            self.push(" LIMIT ").bind(limit);
        }
        Ok(())
    }

    /// The row of each key that comes first or last by a column, and by its id.
    pub(crate) fn extreme_per(
        &mut self,
        selection: &'a Selection,
        keys: &[Key],
        by: usize,
        extreme: Extreme,
    ) -> Result<()> {
        let direction = match extreme {
            Extreme::Least => " ASC",
            Extreme::Greatest => " DESC",
        };
        self.push("SELECT ").all_columns().push(" FROM (SELECT ").all_columns();
        self.push(", ROW_NUMBER() OVER (PARTITION BY ");
        for (position, key) in keys.iter().enumerate() {
            self.push(if position > 0 { ", " } else { "" });
            self.group_key(key);
        }
        self.push(" ORDER BY ").column(by).push(direction);
        let id = self.table.roles.id;
        for column in std::iter::once(id).chain(self.table.roles.tenant) {
            self.push(", ").column(column).push(direction);
        }
        self.push(") AS \"repo_rank\" FROM ").table_name();
        self.restrict(selection, &[])?;
        // By its own name: a row that is looked for by the order finds it.
        self.push(") AS ").table_name().push(" WHERE \"repo_rank\" = 1");
        self.order(&selection.order);
        self.limit(selection.limit, selection.offset);
        Ok(())
    }

    /// The value of a column at a share of those there are, none of them `NULL`.
    pub(crate) fn percentile(
        &mut self,
        selection: &'a Selection,
        column: usize,
        share: f64,
    ) -> Result<()> {
        self.push("SELECT ").column(column).push(" FROM (SELECT ").column(column);
        self.push(", ROW_NUMBER() OVER (ORDER BY ").column(column);
        self.push(") AS \"repo_rank\", COUNT(*) OVER () AS \"repo_count\" FROM ").table_name();
        self.restrict(selection, &[])?;
        self.push(") AS \"repo_ranked\" WHERE \"repo_rank\" >= ").bind(Value::F64(share));
        self.push(" * \"repo_count\" ORDER BY \"repo_rank\" LIMIT 1");
        Ok(())
    }

    fn terms(&mut self, terms: &[Term]) {
        for (position, term) in terms.iter().enumerate() {
            self.push(if position > 0 { ", " } else { "" });
            let column = quoted(self.table, term.column);
            match term.function {
                Function::Sum => self.push(&self.sum(*term).join(", ")),
                Function::Average => {
                    let sum = self.sum(*term).join(", ");
                    self.push(&sum).push(&format!(", COUNT({column})"))
                }
                _ => self.push(&self.scalar(*term)),
            };
        }
    }

    pub(crate) fn group_key(&mut self, key: &Key) {
        match key {
            Key::Value(source) => {
                self.source(*source);
            }
            Key::Bucket(column, bucket) => self.bucket(*column, *bucket),
            Key::Between(column, edges) => {
                let edges = edges.keys(self.table.columns[*column].kind);
                self.push("CAST(").between(*column, &edges, 0);
                self.push(" AS BIGINT)");
            }
        }
    }

    fn bucket(&mut self, column: usize, bucket: Bucket) {
        let name = quoted(self.table, column);
        self.push("(");
        let kind = self.table.columns[column].kind;
        self.dialect.time_number(&mut self.sql, &name, kind, bucket.unit());
        self.push(" - ").bind(Value::I64(bucket.base())).push(") / ");
        self.bind(Value::I64(bucket.width()));
    }

    /// The number of the bucket that the column is in, of those between the edges, which are counted from `first`. Each
    /// comparison leaves half of them.
    fn between(&mut self, column: usize, edges: &[Value<'static>], first: usize) {
        let middle = edges.len() / 2;
        if edges.len() < 3 {
            self.push(&first.to_string());
            return;
        }
        self.push("CASE WHEN ").column(column).push(" < ").bind(edges[middle].clone());
        self.push(" THEN ").between(column, &edges[..=middle], first);
        self.push(" ELSE ").between(column, &edges[middle..], first + middle);
        self.push(" END");
    }

    /// The conditions. Before them no sum of floats may be infinite, that of a group that is left out neither.
    fn having(&mut self, terms: &[Term], grouping: &'a Grouping) -> Result<()> {
        let mut word = " HAVING ";
        for finite in self.finite_sums(terms) {
            self.push(std::mem::replace(&mut word, " AND ")).push(&finite);
        }
        for condition in &grouping.having {
            self.push(std::mem::replace(&mut word, " AND "));
            self.condition(condition)?;
        }
        Ok(())
    }

    /// For each column of floats that is added up, that its sum is finite, where the database does not see to it.
    fn finite_sums(&self, terms: &[Term]) -> Vec<String> {
        let mut conditions = Vec::new();
        for term in terms.iter().filter(|term| self.adds_floats(term)) {
            let finite = self.dialect.refuse_infinite(&self.sum(*term).concat());
            conditions.extend(finite.filter(|finite| !conditions.contains(finite)));
        }
        conditions
    }

    fn adds_floats(&self, term: &Term) -> bool {
        let adds = matches!(term.function, Function::Sum | Function::Average);
        adds && matches!(self.kind(*term), Kind::F32 | Kind::F64)
    }

    fn condition(&mut self, condition: &'a Condition) -> Result<()> {
        match condition {
            Condition::Compare { term, comparison, values } => {
                self.push(&parenthesised(&self.ranked(*term)));
                self.push(" ").push(comparison.sql()).push(" (");
                for (position, value) in values.iter().enumerate() {
                    self.push(if position > 0 { ", " } else { "" }).bind(value.borrowed());
                }
                self.push(")");
            }
            Condition::All(nodes) => self.join(nodes, " AND ", Self::condition)?,
            Condition::Any(nodes) => self.join(nodes, " OR ", Self::condition)?,
            Condition::Invalid { column, invalid } => {
                return Err(Error::invalid_value(column, invalid.clone()));
            }
        }
        Ok(())
    }

    fn group_order(&mut self, keys: &[Key], grouping: &Grouping) {
        self.push(" ORDER BY ");
        for TermOrder { term, descending, nulls_first } in &grouping.order {
            for part in self.ranked(*term) {
                self.push(&part).push(if *descending { " DESC" } else { "" });
                self.push(if *nulls_first { " NULLS FIRST, " } else { " NULLS LAST, " });
            }
        }
        let descending = grouping.descending;
        for (index, key) in keys.iter().enumerate() {
            self.push(if index > 0 { ", " } else { "" }).push(&(index + 1).to_string());
            self.push(if descending { " DESC" } else { "" });
            if key.source().is_nullable(self.table) {
                self.push(if descending { " NULLS FIRST" } else { " NULLS LAST" });
            }
        }
    }

    /// The expressions that an aggregate is compared and ordered by.
    fn ranked(&self, term: Term) -> Vec<String> {
        match term.function {
            Function::Sum => self.sum(term),
            Function::Average => vec![self.average(term)],
            _ => vec![self.scalar(term)],
        }
    }

    /// What is one expression as it is.
    fn scalar(&self, term: Term) -> String {
        let (column, kind) = (quoted(self.table, term.column), self.kind(term));
        match term.function {
            Function::Rows => "COUNT(*)".to_owned(),
            Function::Values => format!("COUNT({column})"),
            Function::Distinct => format!("COUNT(DISTINCT {column})"),
            Function::Extreme(extreme) => {
                let mut sql = String::new();
                self.dialect.extreme(&mut sql, &column, kind, extreme);
                sql
            }
            Function::Percentile(share) => self.percentile_of_ranks(term.column, share, kind),
            Function::Sum | Function::Average => self.average(term),
        }
    }

    /// The sum of floats, or both halves of that of units.
    fn sum(&self, term: Term) -> Vec<String> {
        let (column, kind) = (quoted(self.table, term.column), self.kind(term));
        if let Kind::F32 | Kind::F64 = kind {
            return vec![format!("SUM(CAST({column} AS DOUBLE PRECISION))")];
        }
        let mut units = String::new();
        self.dialect.units(&mut units, &column, kind);
        let high = format!("CAST(SUM({units} >> 32) AS BIGINT)");
        let low = format!("CAST(SUM({units} & 4294967295) AS BIGINT)");
        vec![format!("{high} + ({low} >> 32)"), format!("{low} & 4294967295")]
    }

    /// The average as a float, of decimals in units: the nearest one to the exact sum, divided.
    fn average(&self, term: Term) -> String {
        let double = |number: &str| format!("CAST({number} AS DOUBLE PRECISION)");
        let sum = match &*self.sum(term) {
            [high, low] => {
                format!("({} * {} + ({low}))", double(high), double("4294967296"))
            }
            floats => floats.concat(),
        };
        format!("{sum} / NULLIF(COUNT({}), 0)", quoted(self.table, term.column))
    }

    fn kind(&self, term: Term) -> Kind {
        self.table.columns[term.column].kind
    }
}

/// As one side of a comparison: a row value, where there are several.
fn parenthesised(parts: &[String]) -> String {
    format!("({})", parts.join(", "))
}
