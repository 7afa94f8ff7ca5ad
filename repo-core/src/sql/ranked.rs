//! Percentiles in SQL: rows with their rank among the values of a column.
//!
//! The rank is a window over the rows of a group. Taken in a subquery, it makes a percentile an aggregate of the
//! query around it, which stands wherever another one does.

use crate::aggregate::keys::Key;
use crate::aggregate::percentile::Share;
use crate::aggregate::{Extreme, Function, Term};
use crate::error::Result;
use crate::query::Selection;
use crate::sql::writer::{Writer, quoted};
use crate::value::{Kind, Value};

impl<'a> Writer<'a> {
    /// ` FROM` the rows that the selection names, with the ranks that these aggregates need, in groups of `keys`.
    pub(crate) fn ranked_rows(
        &mut self,
        selection: &'a Selection,
        keys: &[Key],
        terms: &[Term],
        is_limited: bool,
    ) -> Result<()> {
        let is_percentile = |term: &&Term| matches!(term.function, Function::Percentile(_));
        let mut columns: Vec<_> = terms.iter().filter(is_percentile).map(|it| it.column).collect();
        columns.sort_unstable();
        columns.dedup();
        self.push(" FROM ");
        if !columns.is_empty() {
            self.push("(SELECT *");
            columns.iter().for_each(|column| self.rank(*column, keys));
            self.push(" FROM ");
        }
        self.table_name();
        // Of each group all rows are read then. An extreme, or the first few groups, may be found sooner by another
        // index: which is the better one depends on the values.
        let is_count = |term: &Term| matches!(term.function, Function::Rows);
        if !keys.is_empty() && !is_limited && terms.iter().all(is_count) {
            self.restrict_all(selection)?;
        } else {
            self.restrict(selection, &[])?;
        }
        if !columns.is_empty() {
            // By its own name: a row that a key looks for is found by it.
            self.push(") AS ").table_name();
        }
        Ok(())
    }

    /// The least value of a rank that is no less than the share of how many there are.
    pub(crate) fn percentile_of_ranks(&self, column: usize, share: Share, kind: Kind) -> String {
        let (name, share) = (quoted(self.table, column), share.get());
        let value = format!(
            "(CASE WHEN \"repo_rank_{column}\" >= CAST({share} AS DOUBLE PRECISION) * \
             \"repo_count_{column}\" THEN {name} END)"
        );
        let mut sql = String::new();
        self.dialect.extreme(&mut sql, &value, kind, Extreme::Least);
        sql
    }

    /// The values below and above a share of those there are, none of them `NULL`, each with its rank and how
    /// many there are.
    pub(crate) fn percentile_cont(
        &mut self,
        selection: &'a Selection,
        column: usize,
        share: Share,
    ) -> Result<()> {
        self.push("SELECT ").column(column).push(", \"repo_rank\", \"repo_count\" FROM (SELECT ");
        self.column(column).push(", ROW_NUMBER() OVER (ORDER BY ").column(column);
        self.push(") AS \"repo_rank\", COUNT(*) OVER () AS \"repo_count\" FROM ").table_name();
        self.restrict(selection, &[])?;
        self.push(") AS \"repo_ranked\" WHERE ABS(\"repo_rank\" - 1 - ");
        self.bind(Value::F64(share.get()));
        self.push(" * (\"repo_count\" - 1)) < 1 ORDER BY \"repo_rank\"");
        Ok(())
    }

    fn rank(&mut self, column: usize, keys: &[Key]) {
        self.push(", ROW_NUMBER() OVER (");
        self.partition(keys);
        self.push(" ORDER BY ").column(column);
        let is_nullable = self.table.columns[column].nullable;
        self.push(if is_nullable { " NULLS LAST" } else { "" });
        self.push(&format!(") AS \"repo_rank_{column}\", COUNT(")).column(column);
        self.push(") OVER (");
        self.partition(keys);
        self.push(&format!(") AS \"repo_count_{column}\""));
    }

    fn partition(&mut self, keys: &[Key]) {
        for (position, key) in keys.iter().enumerate() {
            self.push(if position > 0 { ", " } else { "PARTITION BY " });
            self.group_key(key);
        }
    }
}
