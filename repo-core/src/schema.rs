//! Tables to create together, parents before children; what the derive tells of each, and what a database has of it.
//!
//! An application makes a [`Schema`] and hands it over. What a [`Table`] consists of is for backends, for
//! generated code, and for programs that look at entities as such.

pub(crate) mod guards;
pub(crate) mod needed;
pub(crate) mod registry;
pub(crate) mod table;
pub(crate) mod taken;

use crate::audit::{HEADS, TRAIL};
use crate::dialect::{Dialect, Owner};
use crate::entity::Entity;
use crate::error::{Error, Result};
use crate::sql::ddl;
use crate::write::parents;

pub use crate::hooks::{CheckRow, CheckUpdate, Hooks};
pub use guards::{
    Check, DeleteAction, ForeignKey, Found, Guards, InspectedColumn, InspectedTable, PlainIndex,
    Policy, Trigger, UniqueKey, is_null_predicate,
};
pub use table::{
    AddedWith, Chaining, ColumnDef, Ids, Index, IndexColumn, OnDelete, Reference, Roles, Table,
};

/// The tables of some entities. Made by [`schema!`](crate::schema!).
#[derive(Debug, Clone, Default)]
pub struct Schema {
    tables: Vec<&'static Table>,
}

/// The [`Schema`] of the named entities, in any order.
///
/// ```
/// # use repo_core::{Repository, schema};
/// # #[derive(Repository)]
/// # #[repository(table = "teams")]
/// # struct Team { id: uuid::Uuid }
/// # #[derive(Repository)]
/// # #[repository(table = "players")]
/// # struct Player { id: uuid::Uuid, #[repository(references = Team)] team_id: uuid::Uuid }
/// let schema = schema![Player, Team];
/// ```
#[macro_export]
macro_rules! schema {
    ($($entity:ty),* $(,)?) => {
        $crate::Schema::new()$(.with::<$entity>())*
    };
}

impl Schema {
    /// No tables yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// With the table of `E`; once, however often it is named.
    #[must_use]
    pub fn with<E: Entity>(mut self) -> Self {
        if !is_among(&self.tables, E::TABLE) {
            self.tables.push(E::TABLE);
        }
        self
    }

    /// The tables, in the order they were named.
    pub fn tables(&self) -> &[&'static Table] {
        &self.tables
    }

    /// The statements that [`create_tables`](crate::Database::create_tables) runs.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSchema`]: a table refers to one that is not here, two entities need one name (of a table,
    /// a key, an index, a reference or a sequence), one needs a table that repositories have themselves on SQLite, or
    /// tables refer to each other in a circle.
    pub fn script(&self, dialect: &dyn Dialect) -> Result<String> {
        self.script_beside(dialect, &[])
    }

    /// The same, where the database has the tables that are `known` as well.
    pub(crate) fn script_beside(
        &self,
        dialect: &dyn Dialect,
        known: &[&'static Table],
    ) -> Result<String> {
        let tables = self.check(dialect, known)?.into_iter().chain(self.trail());
        let mut script: String = tables.map(|table| ddl::create_table(dialect, table)).collect();
        let parents = parents::of_tables(&self.tables);
        script.extend(parents.into_iter().map(|parent| ddl::create_mark_key(dialect, parent)));
        if self.trail().next().is_some() {
            dialect.create_audit_objects(&mut script);
        }
        self.row_level_security(dialect, &mut script);
        Ok(script)
    }

    /// The tables, parents first, if they can be together, and in one database with those that are `known`.
    pub(crate) fn check(
        &self,
        dialect: &dyn Dialect,
        known: &[&'static Table],
    ) -> Result<Vec<&'static Table>> {
        let new = self.tables.iter().filter(|table| !is_among(known, table));
        taken::check(dialect, &known.iter().chain(new).copied().collect::<Vec<_>>())?;
        self.parents_first()
    }

    fn row_level_security(&self, dialect: &dyn Dialect, sql: &mut String) {
        for table in self.tables.iter().copied().chain(self.trail()) {
            if let Some(owner) = Owner::of(table) {
                dialect.row_level_security(sql, table, owner);
            }
        }
    }

    /// The tables of the audit trail, where an entity is recorded in it.
    pub(crate) fn trail(&self) -> impl Iterator<Item = &'static Table> + use<> {
        trail_of(&self.tables)
    }

    fn parents_first(&self) -> Result<Vec<&'static Table>> {
        let mut sorted: Vec<&'static Table> = Vec::with_capacity(self.tables.len());
        let mut waiting = self.tables.clone();
        while !waiting.is_empty() {
            let before = waiting.len();
            let mut blocked = Vec::new();
            for table in waiting {
                if self.is_ready(table, &sorted)? {
                    sorted.push(table);
                } else {
                    blocked.push(table);
                }
            }
            if blocked.len() == before {
                let names: Vec<_> = circle(&blocked).iter().map(|table| table.entity).collect();
                return Err(Error::InvalidSchema {
                    reason: format!("{} refer to each other in a circle", names.join(", ")),
                });
            }
            waiting = blocked;
        }
        Ok(sorted)
    }

    /// Whether all parents of `table`, other than itself, are in `sorted`.
    fn is_ready(&self, table: &'static Table, sorted: &[&'static Table]) -> Result<bool> {
        let mut ready = true;
        for reference in table.references {
            let parent = (reference.parent)();
            if !is_among(&self.tables, parent) {
                return Err(Error::InvalidSchema {
                    reason: format!(
                        "`{}` refers to `{}`, which is not in it",
                        table.entity, parent.entity
                    ),
                });
            }
            ready &= parent.is_same(table) || is_among(sorted, parent);
        }
        Ok(ready)
    }
}

/// The tables of the first circle among these: not those that only refer to it.
fn circle(tables: &[&'static Table]) -> Vec<&'static Table> {
    let is_in_circle = |table: &&&'static Table| is_among(&reached(tables, table), table);
    let Some(first) = tables.iter().find(is_in_circle) else { return Vec::new() };
    let from_first = reached(tables, first);
    let is_with_it = |table: &&'static Table| {
        is_among(&from_first, table) && is_among(&reached(tables, table), first)
    };
    tables.iter().copied().filter(is_with_it).collect()
}

/// Those of `tables` that `table` refers to, at whatever distance; itself only where another refers back to it.
fn reached(tables: &[&'static Table], table: &'static Table) -> Vec<&'static Table> {
    let mut reached: Vec<&'static Table> = Vec::new();
    let mut open = vec![table];
    while let Some(next) = open.pop() {
        let parents = next.references.iter().map(|reference| (reference.parent)());
        for parent in parents.filter(|parent| !parent.is_same(next) && is_among(tables, parent)) {
            if !is_among(&reached, parent) {
                reached.push(parent);
                open.push(parent);
            }
        }
    }
    reached
}

fn is_among(tables: &[&'static Table], table: &Table) -> bool {
    tables.iter().any(|other| other.is_same(table))
}

fn trail_of(tables: &[&'static Table]) -> impl Iterator<Item = &'static Table> + use<> {
    let is_audited = tables.iter().any(|table| table.audit.is_some());
    [&TRAIL, &HEADS].into_iter().filter(move |_| is_audited)
}
