//! The statements of rows that are found or added by a unique key.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::clauses::own_column;
use super::crud::CrudSql;
use super::lookup::{KEYS, of_the_keys};
use super::writer::Writer;
use crate::dialect::Dialect;
use crate::schema::table::Table;
use crate::value::Kind;

/// The statements of one key.
#[derive(Debug)]
pub(crate) struct KeySql {
    /// Parameters: tenant, the columns of the key. A live row.
    pub(crate) find: String,
    /// The same, locked.
    pub(crate) find_locked: String,
    /// Adds the row unless one is there that has any of its keys. Two who add the same row at once may meet at
    /// another key of it first, so that this is what is tried first.
    unless_any: InsertSql,
    /// Adds the row unless one is there that has this key: another key that is taken is a conflict.
    unless_key: InsertSql,
    /// The statements of many rows, where the database has a table of keys.
    pub(crate) together: Option<TogetherSql>,
}

/// Parameters: a list for each column of the key, tenant. Live rows.
#[derive(Debug)]
pub(crate) struct TogetherSql {
    /// The places of the keys that rows have.
    pub(crate) places: String,
    /// The place of each key before its row, locked, in the order of the keys.
    pub(crate) locked: String,
}

/// Parameters: as for an insert. Answers with the row, if it was added.
#[derive(Debug)]
pub(crate) struct InsertSql {
    pub(crate) alone: String,
    /// The same, recorded by the same statement, where the database can.
    pub(crate) recorded: Option<String>,
}

/// What keeps a row from being added without an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unless {
    /// A row with any key of it: which one it is must be looked at.
    AnyKey,
    /// A row with the key that was asked for.
    TheKey,
}

impl Unless {
    /// For the first attempt, and for those after it.
    pub(crate) fn of(attempt: usize) -> Self {
        if attempt == 0 { Unless::AnyKey } else { Unless::TheKey }
    }
}

/// The statements that are known, by key.
#[derive(Debug, Default)]
pub(crate) struct KeyTexts {
    known: RwLock<HashMap<Vec<usize>, Arc<KeySql>>>,
}

impl KeyTexts {
    pub(crate) fn of(
        &self,
        dialect: &dyn Dialect,
        table: &'static Table,
        crud: &CrudSql,
        key: &[usize],
    ) -> Arc<KeySql> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(sql) = known.get(key) {
            return Arc::clone(sql);
        }
        drop(known);
        let sql = Arc::new(KeySql::new(dialect, table, crud, key));
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(known.entry(key.to_vec()).or_insert(sql))
    }
}

impl KeySql {
    fn new(dialect: &dyn Dialect, table: &'static Table, crud: &CrudSql, key: &[usize]) -> Self {
        let mut find = Writer::new(dialect, table);
        find.push("SELECT ").all_columns().push(" FROM ").table_name().push(" WHERE ");
        let tenant = table.roles.tenant.filter(|tenant| !key.contains(tenant));
        for (position, column) in tenant.iter().chain(key).enumerate() {
            find.push(if position > 0 { " AND " } else { "" });
            find.column(*column).push(" = ").placeholder(position + 1);
        }
        find.and_live();
        let mut find_locked = find.sql.clone();
        dialect.lock_rows(&mut find_locked);
        let mut target = Writer::new(dialect, table);
        target.push(" ON CONFLICT (");
        // An id that is unique over all tenants too is still the primary key.
        let is_id = *key == [table.roles.id];
        let is_global = is_global(table, key) && !is_id;
        target.columns(tenant.filter(|_| !is_global).into_iter().chain(key.iter().copied()));
        target.push(")");
        // Unique keys are about live rows, ids about all.
        if let Some(deleted_at) = table.roles.deleted_at.filter(|_| !is_id) {
            target.push(" WHERE ").column(deleted_at).push(" IS NULL");
        }
        target.push(" DO NOTHING");
        let insert = |ending: &str| {
            let (alone, recorded) = crud.insert_ending_in(dialect, table, ending);
            InsertSql { alone, recorded }
        };
        let (unless_any, unless_key) = (insert(" ON CONFLICT DO NOTHING"), insert(&target.sql));
        let together = TogetherSql::new(dialect, table, key);
        Self { find: find.sql, find_locked, unless_any, unless_key, together }
    }

    pub(crate) fn insert(&self, unless: Unless) -> &InsertSql {
        match unless {
            Unless::AnyKey => &self.unless_any,
            Unless::TheKey => &self.unless_key,
        }
    }
}

impl TogetherSql {
    fn new(dialect: &dyn Dialect, table: &'static Table, key: &[usize]) -> Option<Self> {
        let places = among_keys(dialect, table, key, 0)?;
        let mut locked = among_keys(dialect, table, key, table.columns.len())?;
        of_the_keys(locked.push(" ORDER BY "), "place");
        dialect.lock_rows(&mut locked.sql);
        Some(Self { places: places.sql, locked: locked.sql })
    }
}

/// The place of each key that a live row has, and the first few columns of the row.
fn among_keys<'d>(
    dialect: &'d dyn Dialect,
    table: &'static Table,
    key: &[usize],
    columns: usize,
) -> Option<Writer<'d>> {
    let mut writer = Writer::new(dialect, table);
    let kinds: Vec<Kind> = key.iter().map(|column| table.columns[*column].kind).collect();
    of_the_keys(writer.push("SELECT "), "place");
    for column in 0..columns {
        own_column(writer.push(", "), column);
    }
    writer.push(" FROM ").table_name().push(" JOIN ");
    if !dialect.keys_of_tenant(&mut writer.sql, KEYS, &kinds) {
        return None;
    }
    for (position, column) in key.iter().enumerate() {
        own_column(writer.push(if position > 0 { " AND " } else { " ON " }), *column);
        of_the_keys(writer.push(" = "), &format!("key_{}", position + 1));
    }
    let mut separator = " WHERE ";
    if let Some(tenant) = table.roles.tenant {
        own_column(writer.push(separator), tenant);
        writer.push(" = ").placeholder(key.len() + 1);
        separator = " AND ";
    }
    if let Some(deleted_at) = table.roles.deleted_at {
        own_column(writer.push(separator), deleted_at);
        writer.push(" IS NULL");
    }
    Some(writer)
}

/// Whether the columns are unique over all tenants.
pub(crate) fn is_global(table: &Table, key: &[usize]) -> bool {
    table.indexes.iter().any(|index| {
        index.global
            && index.unique
            && index.columns.iter().map(|part| part.column).eq(key.iter().copied())
    })
}
