//! The rows that others come to refer to: none of them may be deleted.
//!
//! Whoever deletes a row locks it first and looks for its children after; whoever adds a child holds the
//! parent until the transaction ends. So either the child is seen by the deletion, or the deletion by the
//! child. Where one statement can hold the parents and add the row, `sql/crud.rs` does it. A database that waits
//! for changes of keys alone has the mark in one (`UniqueKey::of_mark`).

use crate::backend::{Effect, Row, Statement};
use crate::error::{Error, Result};
use crate::schema::table::{OnDelete, Table};
use crate::session::Session;
use crate::session::scope::Scope;
use crate::sql::together::Among;
use crate::value::Value;

/// The references of a table to rows that are marked when they are deleted: the column, and the parent.
pub(crate) fn marked(table: &'static Table) -> impl Iterator<Item = (usize, &'static Table)> {
    let parents = table.references.iter().map(|it| (it.column, (it.parent)()));
    parents.filter(|(_, parent)| parent.roles.deleted_at.is_some())
}

/// Those of them whose rows take the row along. A row is never live under one of these that is deleted;
/// under another it is where that was deleted later.
pub(crate) fn taking_along(table: &'static Table) -> impl Iterator<Item = (usize, &'static Table)> {
    let takes_along = |column: usize| {
        let mut cascades = table.references.iter().filter(|it| it.on_delete == OnDelete::Cascade);
        cascades.any(|it| it.column == column)
    };
    marked(table).filter(move |(column, _)| takes_along(*column))
}

/// Whether a row of the table can have a parent that is marked as deleted.
pub(crate) fn has_marked(table: &'static Table) -> bool {
    marked(table).next().is_some()
}

/// The tables that rows of `tables` refer to and whose rows are marked when they are deleted, once each.
pub(crate) fn of_tables(tables: &[&'static Table]) -> Vec<&'static Table> {
    let mut parents: Vec<&'static Table> = Vec::new();
    for (_, parent) in tables.iter().flat_map(|table| marked(table)) {
        if !parents.iter().any(|known| known.is_same(parent)) {
            parents.push(parent);
        }
    }
    parents
}

/// What rows refer to, reference by reference.
#[derive(Debug)]
pub(crate) struct Parents<'a> {
    table: &'static Table,
    references: Vec<(&'static Table, usize, Vec<Value<'a>>)>,
}

impl<'a> Parents<'a> {
    /// Of rows of `table`, none of them yet.
    pub(crate) fn of(table: &'static Table) -> Self {
        let references = marked(table).map(|(column, parent)| (parent, column, Vec::new()));
        Self { table, references: references.collect() }
    }

    /// The same, only of those that take the rows along.
    pub(crate) fn taking_along(table: &'static Table) -> Self {
        let references = taking_along(table).map(|(column, parent)| (parent, column, Vec::new()));
        Self { table, references: references.collect() }
    }

    /// With what a row refers to: all its columns.
    pub(crate) fn add_row(&mut self, row: &[Value<'a>]) {
        for (_, column, ids) in &mut self.references {
            add(ids, &row[*column]);
        }
    }

    /// With what columns of a row would refer to that refer to something else.
    pub(crate) fn add_changes(&mut self, set: &[(usize, Value<'a>)], row: &[Value<'_>]) {
        for (_, column, ids) in &mut self.references {
            let given = set.iter().find(|(set, _)| set == column);
            if let Some((_, value)) = given.filter(|(_, value)| *value != row[*column]) {
                add(ids, value);
            }
        }
    }

    /// Why a statement did not add a row that refers to them: one of them was deleted.
    pub(crate) async fn refused<S: Scope>(
        mut self,
        session: &Session<S>,
        tenant: Option<&Value<'_>>,
    ) -> Result<Error> {
        self.references.retain(|(_, _, ids)| !ids.is_empty());
        let entity = self.table.entity;
        let Some(parent) = self.references.first().map(|(parent, ..)| parent.entity) else {
            return Ok(Error::left_out());
        };
        if self.references.len() > 1 {
            self.check(session, tenant).await?;
        }
        // The only one there is, or one that came back meanwhile.
        Ok(Error::ParentDeleted { entity, parent })
    }

    /// Refuses if one of them is deleted; the others stay live until the session's transaction ends.
    pub(crate) async fn check<S: Scope>(
        self,
        session: &Session<S>,
        tenant: Option<&Value<'_>>,
    ) -> Result<()> {
        for (parent, _, ids) in self.references {
            if ids.is_empty() {
                continue;
            }
            let ids: Vec<_> = ids.into_iter().map(Value::into_owned).collect();
            if any_deleted(session, parent, tenant, &ids).await? {
                let (entity, parent) = (self.table.entity, parent.entity);
                return Err(Error::ParentDeleted { entity, parent });
            }
        }
        Ok(())
    }
}

/// Rows that are added one after the other often refer to one parent.
fn add<'a>(ids: &mut Vec<Value<'a>>, id: &Value<'a>) {
    if !id.is_null() && ids.last() != Some(id) {
        ids.push(id.clone());
    }
}

async fn any_deleted<S: Scope>(
    session: &Session<S>,
    table: &'static Table,
    tenant: Option<&Value<'_>>,
    ids: &[Value<'static>],
) -> Result<bool> {
    let Some(deleted_at) = table.roles.deleted_at else { return Ok(false) };
    let dialect = session.dialect();
    let among = Among { table, tenant, column: table.roles.id, values: ids };
    let writer = among.deleted_at(dialect, deleted_at);
    let mut any = false;
    let mut on_row = |row: &dyn Row| {
        any |= !table.read(row, 0, deleted_at)?.is_null();
        Ok(())
    };
    let (sql, params) = (&writer.sql, &writer.params);
    session.run(Statement { sql, params, effect: Effect::Lock, table }, &mut on_row).await?;
    Ok(any)
}
