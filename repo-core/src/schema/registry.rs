//! The tables that a database is known to have, and which rows go with which.
//!
//! An entity knows its parents; who its children are only the tables together tell. They are known from
//! `create_tables` and `register`, and never forgotten. What refers to a table that was not registered is
//! not seen here: the database refuses to remove a row then, and what is marked together with others is
//! not deleted at all.
//!
//! Tables that were only ever used are known too, though not whose children they have: so that of two entities on
//! one table the second is refused, whichever it is.

use std::any::TypeId;
use std::collections::HashMap;

use crate::audit::{HEADS, TRAIL};
use crate::error::Result;
use crate::schema::table::{OnDelete, Table};
use crate::schema::taken::check_name;

/// The tables, and those whose rows are deleted with theirs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Registry {
    tables: Vec<&'static Table>,
    /// Those that are used and were not told.
    used: Vec<&'static Table>,
    /// By the entity that they refer to.
    children: HashMap<TypeId, Vec<Child>>,
}

/// A table whose rows go with the row that one of its columns refers to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Child {
    pub(crate) table: &'static Table,
    /// The column that refers to the parent.
    pub(crate) column: usize,
}

impl Registry {
    /// The same with these tables as well.
    pub(crate) fn with(&self, tables: &[&'static Table]) -> Self {
        let mut known = self.clone();
        for table in tables {
            known.add(table);
        }
        known
    }

    /// The tables that are known.
    pub(crate) fn tables(&self) -> &[&'static Table] {
        &self.tables
    }

    /// The names of the tables whose rows belong to tenants.
    pub(crate) fn of_tenants(&self) -> impl Iterator<Item = &'static str> {
        let owned = self.tables.iter().filter(|table| table.roles.tenant.is_some());
        owned.map(|table| table.name).chain([TRAIL.name, HEADS.name])
    }

    /// Refuses a table on which another entity is.
    pub(crate) fn check_name(&self, table: &Table) -> Result<()> {
        check_name(self.tables.iter().chain(&self.used), table)
    }

    /// Whether the table was told or used before.
    pub(crate) fn has_met(&self, table: &Table) -> bool {
        self.knows(table) || self.used.iter().any(|used| used.is_same(table))
    }

    /// The same with this table, which is used.
    pub(crate) fn used(&mut self, table: &'static Table) -> Result<()> {
        if !self.has_met(table) {
            self.check_name(table)?;
            self.used.push(table);
        }
        Ok(())
    }

    pub(crate) fn knows(&self, table: &Table) -> bool {
        self.tables.iter().any(|known| known.is_same(table))
    }

    /// The tables whose rows are removed with a row of `table`.
    pub(crate) fn removed_with(&self, table: &Table) -> &[Child] {
        self.children.get(&(table.entity_type)()).map_or(&[], Vec::as_slice)
    }

    /// The tables whose rows keep a row of `table` from being removed.
    pub(crate) fn keeping(&self, table: &Table) -> impl Iterator<Item = Child> {
        self.tables.iter().flat_map(|child| {
            let keeping = child
                .references
                .iter()
                .filter(|it| it.on_delete == OnDelete::Restrict && (it.parent)().is_same(table));
            keeping.map(|it| Child { table: child, column: it.column })
        })
    }

    /// The tables whose rows are marked with a row of `table`.
    pub(crate) fn marked_with(&self, table: &Table) -> impl Iterator<Item = Child> {
        let children = self.removed_with(table).iter().copied();
        children.filter(|child| child.table.roles.deletion_id.is_some())
    }

    /// The tables below `table`, each before those that it refers to, as far as they are in no circle. A table that
    /// refers to itself is below itself.
    pub(crate) fn below(&self, table: &'static Table) -> Vec<&'static Table> {
        let mut below = Vec::new();
        let mut open = vec![table];
        for child in self.removed_with(table) {
            self.visit(child.table, &mut open, &mut below);
        }
        if self.removed_with(table).iter().any(|child| child.table.is_same(table)) {
            below.push(table);
        }
        referring_first(below)
    }

    /// Whether rows of `table` go with other rows of it, at whatever distance.
    pub(crate) fn goes_with_itself(&self, table: &'static Table) -> bool {
        let leads_back = |above: &&'static Table| {
            self.removed_with(above).iter().any(|child| child.table.is_same(table))
        };
        std::iter::once(table).chain(self.below(table)).any(|above| leads_back(&above))
    }

    fn visit(
        &self,
        table: &'static Table,
        open: &mut Vec<&'static Table>,
        done: &mut Vec<&'static Table>,
    ) {
        if open.iter().chain(&*done).any(|known| known.is_same(table)) {
            return;
        }
        open.push(table);
        for child in self.removed_with(table) {
            self.visit(child.table, open, done);
        }
        open.pop();
        done.push(table);
    }

    fn add(&mut self, table: &'static Table) {
        if self.knows(table) {
            return;
        }
        self.tables.push(table);
        for reference in table.references.iter().filter(|it| it.on_delete == OnDelete::Cascade) {
            let children = self.children.entry(((reference.parent)().entity_type)()).or_default();
            children.push(Child { table, column: reference.column });
        }
    }
}

/// The same tables, each before those that it refers to in whatever way; otherwise in their order.
fn referring_first(mut tables: Vec<&'static Table>) -> Vec<&'static Table> {
    let refers = |one: &Table, other: &Table| {
        !one.is_same(other) && one.references.iter().any(|it| (it.parent)().is_same(other))
    };
    let mut ordered = Vec::with_capacity(tables.len());
    while !tables.is_empty() {
        let is_free = |table: &&'static Table| !tables.iter().any(|other| refers(other, table));
        // In a circle none is.
        let next = tables.iter().position(is_free).unwrap_or(0);
        ordered.push(tables.remove(next));
    }
    ordered
}
