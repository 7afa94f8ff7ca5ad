//! How many rows a selection names, and the condition of whatever counts them.
//!
//! A count reads all of them, so that what Postgres expects it to cost depends on the values that are asked for,
//! and it plans the statement anew at each use. Where one index answers whatever the values are, they are written so that they do not
//! matter to the plan, which then is made once.

use std::collections::BTreeSet;

use crate::error::Result;
use crate::filter::{Comparison, Node};
use crate::query::Selection;
use crate::schema::table::{Index, Table};
use crate::sql::writer::Writer;

impl<'a> Writer<'a> {
    /// One row with the number of rows that the selection names, whatever its limit.
    pub(crate) fn count(&mut self, selection: &'a Selection) -> Result<()> {
        self.push("SELECT COUNT(*) FROM ").table_name();
        self.restrict_all(selection)
    }

    /// The condition of a statement that counts the rows that the selection names, or those of each group.
    pub(super) fn restrict_all(&mut self, selection: &'a Selection) -> Result<()> {
        self.is_planned_once = self.has_one_plan(selection);
        let restricted = self.restrict(selection, &[]);
        self.is_planned_once = false;
        restricted
    }

    /// The same as a part of a statement; returns the condition, which has its parameters now, for another part.
    pub(super) fn total(&mut self, selection: &'a Selection) -> Result<String> {
        self.push("SELECT COUNT(*) AS \"repo_total\" FROM ").table_name();
        let (start, params) = (self.sql.len(), self.params.len());
        self.restrict(selection, &[])?;
        let condition = self.sql[start..].to_owned();
        if self.has_one_plan(selection) {
            self.sql.truncate(start);
            self.params.truncate(params);
            self.restrict_all(selection)?;
        }
        Ok(condition)
    }

    /// Whether the values are to be hidden, and may be.
    fn has_one_plan(&self, selection: &Selection) -> bool {
        self.dialect.unplanned_placeholder(1).is_some() && has_one_plan(self.table, selection)
    }
}

/// Whether the rows are those of a range of one index, whatever the values are: the tenant, and columns that
/// begin an index, each equal to something.
fn has_one_plan(table: &Table, selection: &Selection) -> bool {
    let mut columns = BTreeSet::new();
    if !selection.filters.iter().all(|node| are_equal(node, &mut columns)) {
        return false;
    }
    let has_tenant = selection.tenant.is_some();
    if columns.is_empty() {
        return has_tenant;
    }
    // The indexes of a tenant's table begin with the tenant.
    has_tenant == table.roles.tenant.is_some()
        && table.indexes.iter().any(|index| begins_with(index, &columns))
}

/// Collects the columns of a condition that is nothing but columns that are equal to something.
fn are_equal(node: &Node, columns: &mut BTreeSet<usize>) -> bool {
    match node {
        Node::Always => true,
        Node::All(nodes) => nodes.iter().all(|node| are_equal(node, columns)),
        Node::Compare { column, comparison: Comparison::Equal, .. } => columns.insert(*column),
        _ => false,
    }
}

fn begins_with(index: &Index, columns: &BTreeSet<usize>) -> bool {
    let first: BTreeSet<_> =
        index.columns.iter().take(columns.len()).map(|part| part.column).collect();
    !index.global && first == *columns
}
