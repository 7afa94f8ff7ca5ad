//! The first few rows of each row that finds them, in one statement for all that look.
//!
//! The rank is a window over the rows that one finds, taken in a subquery. Rows come by it: those of each row that
//! looks are in their order, and those of different ones between each other.

use crate::column::OrderKey;
use crate::dialect::{Dialect, Lateral};
use crate::error::Result;
use crate::query::Selection;
use crate::relation::link::{Link, Source};
use crate::schema::table::{Index, Table};
use crate::sql::select::number;
use crate::sql::shape::Shape;
use crate::sql::writer::Writer;
use crate::value::Value;

/// How many rows are read of each row that looks, and by which order they are the first.
#[derive(Debug)]
pub(crate) struct First {
    pub(crate) limit: u64,
    /// Counted are not the rows but what each of them finds one of, in its own order, which ends in its key.
    pub(crate) beyond: Option<(Link, Vec<OrderKey>)>,
}

impl First {
    /// How the rows are read if an index gives the first ones of each value of `column`: one that begins with it and
    /// with what they are ordered by. All rows that are found are read otherwise, as an index over the order alone
    /// would be walked along for a value that finds few.
    pub(crate) fn by_index(
        &self,
        dialect: &dyn Dialect,
        selection: &Selection,
        table: &Table,
        column: usize,
    ) -> Option<Lateral> {
        let has_one_tenant = selection.tenant.is_some() == table.roles.tenant.is_some();
        let Some(OrderKey { source: Source::Own(first), .. }) = selection.order.first() else {
            return None;
        };
        let begins = |index: &Index| {
            let columns = index.columns.iter().take(2).map(|part| part.column);
            !index.global && !index.unique && columns.eq([column, *first])
        };
        let is_given = self.beyond.is_none() && has_one_tenant && table.indexes.iter().any(begins);
        if !is_given {
            return None;
        }
        dialect.sought(&mut String::new(), 1, table.columns[column].kind)
    }
}

impl<'a> Writer<'a> {
    /// `SELECT` the values of the rows that the selection names, whose order ends in the key: the first ones of
    /// those that are equal in the columns `per`.
    pub(crate) fn first_of_each(
        &mut self,
        shape: &Shape,
        selection: &'a Selection,
        per: &[usize],
        first: &First,
    ) -> Result<()> {
        self.push("SELECT ").labels(shape, "").push(" FROM (SELECT ").values(shape);
        // Each row has a rank of its own, and several that find the same one have its rank.
        self.push(", DENSE_RANK() OVER (PARTITION BY ").columns(per.iter().copied());
        match &first.beyond {
            None => self.order(&selection.order),
            Some((link, order)) => self.order_beyond(link, order),
        }
        self.push(") AS \"repo_rank\" FROM ").table_name();
        self.restrict(selection, &[])?;
        self.push(") AS \"repo_ranked\" WHERE \"repo_rank\" <= ").bind(number(first.limit));
        self.push(" ORDER BY \"repo_rank\"");
        Ok(())
    }

    /// The same by a look into an index for each of `values` of `column`, and not by reading all rows that they find:
    /// the selection does not name them.
    pub(crate) fn first_of_values(
        &mut self,
        shape: &Shape,
        selection: &'a Selection,
        lateral: Lateral,
        (column, values): (usize, &'a [Value<'static>]),
        limit: u64,
    ) -> Result<()> {
        let kind = self.table.columns[column].kind;
        let mut sought = String::new();
        self.dialect.sought(&mut sought, 1, kind);
        self.params.push(Value::List(kind, values.iter().map(Value::borrowed).collect()));
        let prefix = "\"repo_first\".";
        match lateral {
            Lateral::Table => {
                self.push("SELECT ").labels(shape, prefix).push(" FROM ").push(&sought);
                self.push(" CROSS JOIN LATERAL (SELECT ").values(shape);
                self.first_of_value(selection, column, limit)?;
                self.push(") AS \"repo_first\"").order_of(shape, &selection.order, prefix);
            }
            Lateral::Ids => {
                self.push("SELECT ").values(shape).push(" FROM ").push(&sought);
                self.push(" CROSS JOIN ").table_name().push(" WHERE ");
                if let (Some(column), Some(tenant)) = (self.table.roles.tenant, &selection.tenant) {
                    self.column(column).push(" = ").bind(tenant.borrowed()).push(" AND ");
                }
                let id = self.table.roles.id;
                self.column(id).push(" IN (SELECT ").column(id);
                self.first_of_value(selection, column, limit)?;
                self.push(")").order(&selection.order);
            }
        }
        Ok(())
    }

    /// The first rows of one value.
    fn first_of_value(
        &mut self,
        selection: &'a Selection,
        column: usize,
        limit: u64,
    ) -> Result<()> {
        self.push(" FROM ").table_name();
        self.restrict(selection, &[])?;
        self.push(" AND ").column(column).push(" = \"repo_sought\".\"repo_key\"");
        self.order(&selection.order);
        self.limit(Some(limit), None);
        Ok(())
    }

    /// The order of what is found. It is there: rows that find nothing are not among those that are ordered.
    fn order_beyond(&mut self, link: &Link, order: &[OrderKey]) {
        self.order_in(link.table, order, |writer, _, key| {
            writer.of_found(link, |writer| {
                writer.source(key.source);
            });
        });
    }
}
