//! `SELECT` from a query: rows, counts, pages, windows.

use crate::column::OrderKey;
use crate::error::Result;
use crate::filter::Node;
use crate::query::{Selection, Visibility};
use crate::read::window::Bound;
use crate::relation::link::Source;
use crate::schema::table::Table;
use crate::sql::keyset::Part;
use crate::sql::predicate::LONGEST_CHAIN;
use crate::sql::shape::Shape;
use crate::sql::writer::Writer;
use crate::value::Value;

impl<'a> Writer<'a> {
    /// `SELECT` the values of the rows that the selection names, in its order.
    pub(crate) fn rows(
        &mut self,
        shape: &Shape,
        selection: &'a Selection,
        bounds: &'a [Bound],
    ) -> Result<()> {
        if self.is_in_two(shape, selection, bounds) {
            return self.rows_in_two(shape, selection, bounds);
        }
        self.part(shape, selection, bounds, Part::All)?;
        if selection.for_update {
            self.dialect.lock_rows_held(&mut self.sql, selection.held);
        }
        Ok(())
    }

    /// Whether the rows after a position are two ranges of an index: values, and `NULL`s after them.
    fn is_in_two(&self, shape: &Shape, selection: &Selection, bounds: &[Bound]) -> bool {
        let [bound] = bounds else { return false };
        let is_window = selection.limit.is_some() && selection.offset.is_none();
        // A lock cannot be taken on rows of a union.
        is_window
            && !selection.for_update
            && shape.has_order(&selection.order)
            && self.has_nulls_ahead(&selection.order, bound)
    }

    fn rows_in_two(
        &mut self,
        shape: &Shape,
        selection: &'a Selection,
        bounds: &'a [Bound],
    ) -> Result<()> {
        self.push("SELECT ").labels(shape, "").push(" FROM (");
        for part in [Part::Values, Part::Nulls] {
            self.push(if part == Part::Nulls { " UNION ALL " } else { "" });
            self.push("SELECT ").labels(shape, "").push(" FROM (");
            self.part(shape, selection, bounds, part)?;
            self.push(") AS \"repo_part\"");
        }
        self.push(") AS \"repo_both\"");
        self.order_of(shape, &selection.order, "");
        self.limit(selection.limit, None);
        Ok(())
    }

    fn part(
        &mut self,
        shape: &Shape,
        selection: &'a Selection,
        bounds: &'a [Bound],
        part: Part,
    ) -> Result<()> {
        self.push("SELECT ").values(shape).push(" FROM ").table_name();
        self.restrict_part(selection, bounds, part)?;
        self.order_rows(selection);
        self.limit(selection.limit, selection.offset);
        Ok(())
    }

    /// One row if the selection names any.
    pub(crate) fn any(&mut self, selection: &'a Selection) -> Result<()> {
        self.push("SELECT 1 FROM ").table_name();
        self.restrict(selection, &[])?;
        self.push(" LIMIT 1");
        Ok(())
    }

    /// A page and its total from one snapshot: the values, then the total. Without rows there is no total.
    pub(crate) fn page(&mut self, shape: &Shape, selection: &'a Selection) -> Result<()> {
        self.push("SELECT ").values(shape).push(", (");
        let condition = self.total(selection)?;
        self.push(") AS \"repo_total\" FROM ").table_name().push(&condition);
        self.order_rows(selection);
        self.limit(selection.limit, selection.offset);
        Ok(())
    }

    /// The same, but with a row that has the total alone where the page has no rows: its values are all `NULL`.
    ///
    /// The total is the left side of the join, and the rows are sorted again behind it.
    pub(crate) fn page_or_total(&mut self, shape: &Shape, selection: &'a Selection) -> Result<()> {
        self.push("SELECT ").labels(shape, "\"page\".").push(", \"all\".\"repo_total\" FROM (");
        let condition = self.total(selection)?;
        self.push(") AS \"all\" LEFT JOIN (SELECT ").values(shape).push(" FROM ").table_name();
        self.push(&condition).order_rows(selection);
        self.limit(selection.limit, selection.offset);
        if selection.for_update {
            self.dialect.lock_rows_held(&mut self.sql, selection.held);
        }
        self.push(") AS \"page\" ON 1 = 1");
        self.order_of(shape, &selection.order, "\"page\".");
        Ok(())
    }

    pub(crate) fn restrict(&mut self, selection: &'a Selection, bounds: &'a [Bound]) -> Result<()> {
        self.restrict_part(selection, bounds, Part::All)
    }

    fn restrict_part(
        &mut self,
        selection: &'a Selection,
        bounds: &'a [Bound],
        part: Part,
    ) -> Result<()> {
        self.push(" WHERE ");
        let start = self.sql.len();
        if let (Some(column), Some(tenant)) = (self.table.roles.tenant, &selection.tenant) {
            self.column(column).push(" = ").bind(tenant.borrowed());
        }
        self.visible(selection.visibility, start);
        if conditions(&selection.filters) > LONGEST_CHAIN {
            self.and(start);
            self.join(&selection.filters, " AND ", Self::predicate)?;
        } else {
            selection.filters.iter().try_for_each(|node| self.conjunction(node, start))?;
        }
        for bound in bounds {
            self.and(start);
            self.bound(&selection.order, bound, part);
        }
        if self.sql.len() == start {
            self.push("1 = 1");
        }
        Ok(())
    }

    /// The same of rows that are among these: they are looked up by `column`, and then tested. No index is looked into
    /// for what the selection asks, whatever the database believes to know of its values.
    pub(crate) fn restrict_among(
        &mut self,
        selection: &'a Selection,
        column: usize,
        values: &'a [Value<'static>],
    ) -> Result<()> {
        self.push(" WHERE ");
        if let (Some(tenant), Some(of)) = (self.table.roles.tenant, &selection.tenant) {
            self.column(tenant).push(" = ").bind(of.borrowed()).push(" AND ");
        }
        self.list(column, values, false);
        let end = self.sql.len();
        self.push(" AND (");
        let start = self.sql.len();
        self.visible(selection.visibility, start);
        if !selection.filters.is_empty() {
            self.and(start);
            self.join(&selection.filters, " AND ", Self::predicate)?;
        }
        if self.sql.len() > start {
            self.push(") IS TRUE");
        } else {
            self.sql.truncate(end);
        }
        Ok(())
    }

    /// The condition, its parts side by side where all of them must hold: no parentheses, so that
    /// the text is what a person would write.
    fn conjunction(&mut self, node: &'a Node, start: usize) -> Result<()> {
        if let Node::All(nodes) = node {
            return nodes.iter().try_for_each(|node| self.conjunction(node, start));
        }
        self.and(start);
        self.predicate(node)
    }

    fn visible(&mut self, visibility: Visibility, start: usize) {
        let Some(deleted_at) = self.table.roles.deleted_at else { return };
        let test = match visibility {
            Visibility::Live => " IS NULL",
            Visibility::OnlyDeleted => " IS NOT NULL",
            Visibility::WithDeleted => return,
        };
        self.and(start);
        self.column(deleted_at).push(test);
    }

    fn and(&mut self, start: usize) {
        if self.sql.len() > start {
            self.push(" AND ");
        }
    }

    /// A database without statistics takes the rows of a tenant for few, and would rather read all of them in their order
    /// than sort some: of an expression it knows no order.
    fn order_rows(&mut self, selection: &Selection) {
        let id = selection.is_sparse.then_some(Source::Own(self.table.roles.id));
        self.order_by(&selection.order, |writer, _, key| {
            writer.push(if id == Some(key.source) { "+" } else { "" }).source(key.source);
        });
    }

    pub(crate) fn order(&mut self, order: &[OrderKey]) {
        self.order_by(order, |writer, _, key| {
            writer.source(key.source);
        });
    }

    /// The order by what `value` writes of each key.
    pub(crate) fn order_by(
        &mut self,
        order: &[OrderKey],
        value: impl Fn(&mut Self, usize, OrderKey),
    ) {
        self.order_in(self.table, order, value);
    }

    /// The same of keys that are those of a row of `table`.
    pub(crate) fn order_in(
        &mut self,
        table: &Table,
        order: &[OrderKey],
        value: impl Fn(&mut Self, usize, OrderKey),
    ) {
        for (position, key) in order.iter().enumerate() {
            self.push(if position == 0 { " ORDER BY " } else { ", " });
            value(self, position, *key);
            self.push(if key.descending { " DESC" } else { "" });
            // Where there is no NULL its place is left out: Postgres then finds the order in an index
            // of either direction.
            if key.source.is_nullable(table) {
                self.push(if key.nulls_first { " NULLS FIRST" } else { " NULLS LAST" });
            }
        }
    }

    pub(crate) fn limit(&mut self, limit: Option<u64>, offset: Option<u64>) {
        match limit {
            Some(limit) if is_usual(limit) => {
                self.push(" LIMIT ").push(&limit.to_string());
            }
            None if offset.is_none() => {}
            limit => {
                self.push(" LIMIT ").bind(number(limit.unwrap_or(u64::MAX)));
            }
        }
        if let Some(offset) = offset {
            self.push(" OFFSET ").bind(number(offset));
        }
    }
}

/// Whether this is a number of rows that many ask for, or one more, as a window does to see whether others
/// follow. It is written as it is: of a parameter Postgres assumes a tenth of the rows, which of many rows is so
/// much more than a few that it plans anew at each use. Any other is a parameter, so that the texts are few.
fn is_usual(limit: u64) -> bool {
    const USUAL: [u64; 10] = [1, 10, 20, 25, 50, 100, 200, 250, 500, 1_000];
    USUAL.iter().any(|usual| limit == *usual || limit == usual + 1)
}

/// A number of rows, which is that of all where it is more than there can be.
pub(crate) fn number(rows: u64) -> Value<'static> {
    Value::I64(i64::try_from(rows).unwrap_or(i64::MAX))
}

/// How many conditions must hold side by side.
fn conditions(nodes: &[Node]) -> usize {
    let count = |node: &Node| if let Node::All(nodes) = node { conditions(nodes) } else { 1 };
    nodes.iter().map(count).sum()
}
