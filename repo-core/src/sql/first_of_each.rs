//! The first few rows of each row that finds them, in one statement for all that look.
//!
//! The rank is a window over the rows that one finds, taken in a subquery. Rows come by it: those of each row that
//! looks are in their order, and those of different ones between each other.

use crate::column::OrderKey;
use crate::error::Result;
use crate::query::Selection;
use crate::relation::link::Link;
use crate::sql::select::number;
use crate::sql::shape::Shape;
use crate::sql::writer::Writer;

/// How many rows are read of each row that looks, and by which order they are the first.
#[derive(Debug)]
pub(crate) struct First {
    pub(crate) limit: u64,
    /// Counted are not the rows but what each of them finds one of, in its own order, which ends in its key.
    pub(crate) beyond: Option<(Link, Vec<OrderKey>)>,
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

    /// The order of what is found. It is there: rows that find nothing are not among those that are ordered.
    fn order_beyond(&mut self, link: &Link, order: &[OrderKey]) {
        self.order_in(link.table, order, |writer, _, key| {
            writer.of_found(link, |writer| {
                writer.source(key.source);
            });
        });
    }
}
