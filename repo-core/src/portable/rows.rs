//! Adding rows as they were: with their ids, times and versions, each with its entry in the audit trail.
//!
//! A chunk is one insert. Where it fails, or its rows refer to each other as they may not, they are added one by one
//! to find the line that is the cause.

use std::collections::HashMap;

use crate::audit::Action;
use crate::audit::author::Author;
use crate::backend::{Insert, InsertRows};
use crate::entity::Entity;
use crate::error::{Error, Result};
use crate::hooks::{note, validate_new};
use crate::read::IdKey;
use crate::repo::Repo;
use crate::schema::table::Table;
use crate::session::Session;
use crate::session::scope::Scope;
use crate::transaction::Own;
use crate::value::Value;
use crate::write::parents::Parents;

/// A row, and the line that it comes from.
pub(super) struct Line {
    pub(super) line: u64,
    pub(super) values: Vec<Value<'static>>,
}

/// Adds the rows in the transaction of `session`, or none of them.
pub(super) async fn add<E: Entity, S: Scope>(
    session: &Session<S>,
    repo: &Repo<E, S>,
    author: Option<&Author>,
    mut rows: Vec<Line>,
) -> Result<()> {
    if !are_entangled(E::TABLE, &rows) {
        let Err(error) = add_some(session, repo, author, &mut rows).await else { return Ok(()) };
        if !is_of_a_row(&error) {
            return Err(error);
        }
        if let [row] = &rows[..] {
            return Err(error.on_line(row.line));
        }
    }
    for row in &mut rows {
        let line = row.line;
        let added = add_some(session, repo, author, std::slice::from_mut(row)).await;
        added.map_err(|error| if is_of_a_row(&error) { error.on_line(line) } else { error })?;
    }
    // What was in the way is gone by now.
    Ok(())
}

/// Whether a row refers to one that comes after it, which databases take or refuse each in its way, or is live and
/// refers to one that is deleted, which is not there yet when the parents of all are looked at.
fn are_entangled(table: &'static Table, rows: &[Line]) -> bool {
    let columns: Vec<_> = table.own_references().collect();
    if columns.is_empty() {
        return false;
    }
    let id = |row: &Line, column: usize| IdKey::of_some(&row.values[column]);
    let ids = rows.iter().enumerate().filter_map(|(at, row)| Some((id(row, table.roles.id)?, at)));
    let places: HashMap<IdKey, usize> = ids.collect();
    rows.iter().enumerate().any(|(at, row)| {
        let mut targets = columns.iter().filter_map(|column| places.get(&id(row, *column)?));
        targets
            .any(|target| *target > at || (is_live(table, row) && !is_live(table, &rows[*target])))
    })
}

fn is_live(table: &Table, row: &Line) -> bool {
    table.roles.deleted_at.is_none_or(|deleted_at| row.values[deleted_at].is_null())
}

/// In a savepoint, so that what fails can be tried again.
async fn add_some<E: Entity, S: Scope>(
    session: &Session<S>,
    repo: &Repo<E, S>,
    author: Option<&Author>,
    rows: &mut [Line],
) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let own = Own::Inner(session.begin_own().await?);
    let done = async {
        rows.iter().try_for_each(|row| validate_new(E::TABLE, &row.values))?;
        check_parents(own.session(), E::TABLE, rows).await?;
        insert(own.session(), repo, rows).await?;
        let added: Vec<_> = rows.iter().map(|row| (None, Some(row.values.as_slice()))).collect();
        note(own.session(), E::TABLE, Action::Create, author, &added).await
    }
    .await;
    own.finish(done).await
}

/// Refuses live rows that a deleted one would have taken along. Under another they were live when they were exported,
/// and a deleted row may be under any: they were deleted together.
async fn check_parents<S: Scope>(
    session: &Session<S>,
    table: &'static Table,
    rows: &[Line],
) -> Result<()> {
    let mut parents = Parents::taking_along(table);
    rows.iter().filter(|row| is_live(table, row)).for_each(|row| parents.add_row(&row.values));
    let tenant = table.roles.tenant.zip(rows.first()).map(|(tenant, row)| &row.values[tenant]);
    parents.check(session, tenant).await
}

/// Inserts the rows alone, and sets the ids that the database makes.
async fn insert<E: Entity, S: Scope>(
    session: &Session<S>,
    repo: &Repo<E, S>,
    rows: &mut [Line],
) -> Result<()> {
    let identities = {
        let insert = Insert {
            table: E::TABLE,
            columns: &repo.crud().insert_columns,
            sql: &repo.crud().insert,
            rows: &Rows { columns: &repo.crud().insert_columns, rows },
        };
        session.insert(insert).await?
    };
    for (row, id) in rows.iter_mut().zip(identities) {
        row.values[E::TABLE.roles.id] = Value::I64(id);
    }
    Ok(())
}

/// The rows of an insert.
struct Rows<'r> {
    columns: &'r [usize],
    rows: &'r [Line],
}

impl InsertRows for Rows<'_> {
    fn len(&self) -> usize {
        self.rows.len()
    }

    fn encode<'a>(&'a self, index: usize, values: &mut Vec<Value<'a>>) -> Result<()> {
        let row = &self.rows[index].values;
        values.extend(self.columns.iter().map(|column| row[*column].borrowed()));
        Ok(())
    }
}

/// Whether a row can be the cause.
fn is_of_a_row(error: &Error) -> bool {
    use Error::{
        Check, Conflict, ForeignKey, Immutable, InvalidInput, ParentDeleted, TenantMismatch,
        ValidationFailed,
    };
    matches!(
        error.cause(),
        Check { .. }
            | Conflict { .. }
            | ForeignKey { .. }
            | Immutable { .. }
            | ValidationFailed { .. }
            | InvalidInput { .. }
            | ParentDeleted { .. }
            | TenantMismatch { .. }
    )
}
