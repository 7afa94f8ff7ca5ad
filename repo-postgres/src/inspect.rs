//! What the catalog says of a table: see [`repo_core::Database::doctor`].
//!
//! A list of columns comes as one row for each column, in order. Nothing here writes.

mod columns;
mod family;
mod policies;
mod queries;

use repo_core::backend::{Backend, Effect, Owner, Row, Statement, quote};
use repo_core::schema::{
    Check, DeleteAction, ForeignKey, Found, Guards, InspectedTable, PlainIndex, Table, Trigger,
    UniqueKey, is_null_predicate,
};
use repo_core::{AuditEntry, DatabaseError, Entity as _, Error, Kind, Result, Value};

use crate::backend::Postgres;

/// The table, or `None` where there is no such one in the search path.
pub(crate) async fn inspect(
    database: &Postgres,
    table: &'static Table,
) -> Result<Option<InspectedTable>> {
    let mut found = InspectedTable::new();
    let mut is_there = false;
    read(database, table, queries::TABLE, |row| {
        is_there = true;
        found.is_table = flag(row, 0)?;
        found.problems.extend(text(row, 1)?);
        Ok(())
    })
    .await?;
    if !is_there || !found.is_table {
        return Ok(is_there.then_some(found));
    }
    family::inspect(database, table, &mut found.problems).await?;
    if table.name == AuditEntry::TABLE.name {
        read(database, table, queries::UNCHAINED, |row| {
            found.problems.extend(text(row, 0)?);
            Ok(())
        })
        .await?;
    }
    found.columns = columns::inspect(database, table).await?;
    read(database, table, queries::KEYS, |row| key(row, &mut found.keys)).await?;
    read(database, table, queries::REFERENCES, |row| reference(row, &mut found.references)).await?;
    read(database, table, queries::CHECKS, |row| {
        let check = Check { name: name(row, 0)?, condition: name(row, 1)? };
        found.checks.push(Found::new(check, defect(row, 2, "is not enforced, or not validated")?));
        Ok(())
    })
    .await?;
    found.triggers = triggers(database, table).await?;
    let mut indexes = Vec::new();
    read(database, table, queries::INDEXES, |row| index(row, &mut indexes)).await?;
    found.indexes = Some(indexes);
    match Owner::of(table) {
        Some(owner) if database.has_policies() => {
            policies::inspect(database, table, owner, &mut found).await?;
        }
        owner => policies::unasked(database, table, owner, &mut found.problems).await?,
    }
    Ok(Some(found))
}

/// Those that are there; of others than ours those that are not disabled, as they do nothing.
async fn triggers(database: &Postgres, table: &'static Table) -> Result<Vec<Found<Trigger>>> {
    let ours = database.dialect().triggers(&Guards::new(database.dialect(), table));
    let mut triggers = Vec::new();
    read(database, table, queries::TRIGGERS, |row| {
        let trigger = Trigger { name: name(row, 0)?, definition: name(row, 1)? };
        if !flag(row, 3)? || ours.iter().any(|it| it.name == trigger.name) {
            triggers.push(Found::new(trigger, defect(row, 2, "is not enabled ALWAYS")?));
        }
        Ok(())
    })
    .await?;
    Ok(triggers)
}

/// Runs a query about the table, whose quoted name is its parameter.
async fn read(
    database: &Postgres,
    table: &'static Table,
    sql: &str,
    mut on_row: impl FnMut(&dyn Row) -> Result<()> + Send,
) -> Result<()> {
    let mut quoted = String::new();
    quote(&mut quoted, table.name);
    let params = [Value::Text(quoted.into())];
    let statement = Statement { sql, params: &params, effect: Effect::Read, table };
    database.run(statement, &mut on_row).await.map(drop)
}

/// Name, column, primary, predicate, column of `IS NULL`, and what must be.
fn key(row: &dyn Row, keys: &mut Vec<Found<UniqueKey>>) -> Result<()> {
    let (name, column) = (name(row, 0)?, name(row, 1)?);
    if let Some(known) = keys.last_mut().filter(|known| known.guard.name == name) {
        known.guard.columns.push(column);
        return Ok(());
    }
    let is_null_of = text(row, 4)?.map(|column| is_null_predicate(&column));
    let key = UniqueKey {
        name,
        columns: vec![column],
        is_primary: flag(row, 2)?,
        predicate: is_null_of.or(text(row, 3)?),
    };
    let nulls = defect(row, 6, "is NULLS NOT DISTINCT: it takes one NULL")?;
    let collation = defect(row, 7, "compares by another collation than its columns")?;
    let defect = defect(row, 5, "is not valid, or may be deferred")?;
    keys.push(Found::new(key, defect.or(nulls).or(collation)));
    Ok(())
}

/// Name, column, whether its highest value comes first, and what must be.
fn index(row: &dyn Row, indexes: &mut Vec<Found<PlainIndex>>) -> Result<()> {
    let (name, column) = (name(row, 0)?, (name(row, 1)?, flag(row, 2)?));
    if let Some(known) = indexes.last_mut().filter(|known| known.guard.name == name) {
        known.guard.columns.push(column);
        return Ok(());
    }
    let index = PlainIndex { name, columns: vec![column] };
    indexes.push(Found::new(index, defect(row, 3, "is not valid: drop it, and make it again")?));
    Ok(())
}

/// Name, column, parent, column of the parent, action, and what must be.
fn reference(row: &dyn Row, references: &mut Vec<Found<ForeignKey>>) -> Result<()> {
    let (key, column, parent_column) = (name(row, 0)?, name(row, 1)?, name(row, 3)?);
    if let Some(known) = references.last_mut().filter(|known| known.guard.name == key) {
        known.guard.columns.push(column);
        known.guard.parent_columns.push(parent_column);
        return Ok(());
    }
    let on_delete = match name(row, 4)?.as_str() {
        "r" => DeleteAction::Restrict,
        "a" => DeleteAction::NoAction,
        "c" => DeleteAction::Cascade,
        _ => DeleteAction::Other,
    };
    let key = ForeignKey {
        name: key,
        columns: vec![column],
        parent: name(row, 2)?,
        parent_columns: vec![parent_column],
        on_delete,
        follows: flag(row, 8)?,
    };
    let full = defect(row, 6, "is MATCH FULL: it refuses a NULL beside a tenant")?;
    let deferred = defect(row, 7, "is INITIALLY DEFERRED: it is asked at the commit")?;
    let defect = defect(row, 5, "is disabled, not enforced, or not validated")?;
    references.push(Found::new(key, defect.or(full).or(deferred)));
    Ok(())
}

/// `problem`, unless the column says that the guard is sound.
fn defect(row: &dyn Row, column: usize, problem: &'static str) -> Result<Option<&'static str>> {
    Ok((!flag(row, column)?).then_some(problem))
}

fn flag(row: &dyn Row, column: usize) -> Result<bool> {
    match row.value(column, Kind::Bool) {
        Ok(Value::Bool(flag)) => Ok(flag),
        _ => Err(unreadable()),
    }
}

fn name(row: &dyn Row, column: usize) -> Result<String> {
    text(row, column)?.ok_or_else(unreadable)
}

fn text(row: &dyn Row, column: usize) -> Result<Option<String>> {
    match row.value(column, Kind::Text) {
        Ok(Value::Text(text)) => Ok(Some(text.into_owned())),
        Ok(Value::Null(_)) => Ok(None),
        _ => Err(unreadable()),
    }
}

fn unreadable() -> Error {
    Error::Backend(DatabaseError::new("the catalog of Postgres is not as it is known"))
}
