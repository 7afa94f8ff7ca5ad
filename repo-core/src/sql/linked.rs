//! Rows of other tables that a row finds: whether there are any, and a value of the one there is.
//!
//! Each is a subquery that carries the tenant of the row that looks. Inside of it names mean the table that is
//! looked at; the row that looks is named by its table, or by the alias it has in a subquery of its own.

use crate::dialect::quote;
use crate::error::Result;
use crate::filter::Node;
use crate::query::Visibility;
use crate::relation::link::{Link, Source};
use crate::schema::table::Table;
use crate::sql::writer::Writer;

impl<'a> Writer<'a> {
    /// The value, as an expression.
    pub(crate) fn source(&mut self, source: Source) -> &mut Self {
        match source {
            Source::Own(column) => self.column(column),
            Source::Linked(path, column) => {
                let (link, rest) = path.split(column);
                self.of_found(&link, |writer| {
                    writer.source(rest);
                })
            }
        }
    }

    /// What `value` writes of the row that is found, as an expression; `NULL` where nothing is found.
    pub(crate) fn of_found(&mut self, link: &Link, value: impl FnOnce(&mut Self)) -> &mut Self {
        self.push("(SELECT ");
        let outer = self.enter(link);
        value(self);
        self.found(link, outer);
        self.leave(outer);
        self.push(")")
    }

    /// The condition that a row is found for which `node` holds.
    pub(crate) fn finds(&mut self, link: &Link, node: &'a Node) -> Result<()> {
        self.push("EXISTS (SELECT 1");
        let outer = self.enter(link);
        self.found(link, outer);
        if *node != Node::Always {
            self.push(" AND ");
            self.predicate(node)?;
        }
        self.leave(outer);
        // SQLite 3.51 makes a join of what has no limit, and then skips a row by `OFFSET` once for each row that it
        // finds. Postgres leaves such a limit out.
        self.push(" LIMIT 1)");
        Ok(())
    }

    fn enter(&mut self, link: &Link) -> &'static Table {
        self.depth += 1;
        std::mem::replace(&mut self.table, link.table)
    }

    fn leave(&mut self, outer: &'static Table) {
        self.depth -= 1;
        self.table = outer;
    }

    /// ` FROM .. WHERE ..`: the rows that are found.
    fn found(&mut self, link: &Link, outer: &'static Table) {
        self.push(" FROM ").table_name().push(" AS ");
        self.name(outer, self.depth);
        self.push(" WHERE ");
        if let Some(tenants) = link.table.roles.tenant.zip(outer.roles.tenant) {
            self.equal(tenants, outer);
            self.push(" AND ");
        }
        self.equal((link.to(), link.from()), outer);
        let deleted_at = link.table.roles.deleted_at;
        if let Some(deleted_at) = deleted_at.filter(|_| link.visibility == Visibility::Live) {
            self.push(" AND ").column(deleted_at).push(" IS NULL");
        }
    }

    fn equal(&mut self, (inner, outer): (usize, usize), looking: &'static Table) {
        self.column(inner).push(" = ");
        self.name(looking, self.depth - 1);
        self.push(".");
        quote(&mut self.sql, looking.columns[outer].name);
    }

    /// What a table is called at a depth.
    fn name(&mut self, table: &Table, depth: usize) {
        if depth == 0 {
            quote(&mut self.sql, table.name);
        } else {
            self.push(&format!("\"repo_linked_{depth}\""));
        }
    }
}
