//! All rows of some tenants with their trails, and what two such states say about what was written between.
//!
//! Rows are compared as values of their columns, so that no check knows an entity.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use repo_core::audit::{Image, ImageValue};
use repo_core::backend::{Effect, Reach, Row, Statement, quote};
use repo_core::schema::{ColumnDef, Table};
use repo_core::{Action, AuditEntry, Database, TransactionOptions, Value};
use uuid::Uuid;

use super::entities::tables;
use crate::fixture::backend;

/// What the rows of a table and its id are found by.
type Key = (&'static str, String);

/// The columns of a row.
type Columns = Vec<Value<'static>>;

/// A state of the database.
#[derive(Debug, PartialEq)]
pub(super) struct Snapshot {
    rows: BTreeMap<Key, Columns>,
    /// Of each tenant, in their order.
    trails: Vec<Vec<AuditEntry>>,
    shared: u64,
}

/// A row that is not as it was.
pub(super) struct Changed<'s> {
    pub(super) table: &'static Table,
    id: &'s str,
    was: Option<&'s Columns>,
    is: Option<&'s Columns>,
}

impl Snapshot {
    /// What there is of these tenants now.
    pub(super) async fn of(db: &Database, tenants: &[Uuid]) -> Self {
        let (mut rows, mut trails) = (BTreeMap::new(), Vec::new());
        for tenant in tenants {
            read(db, *tenant, &mut rows).await;
            let query = db.tenant(*tenant).audit().query().order_by(AuditEntry::SEQ.asc());
            trails.push(query.all().await.unwrap());
        }
        Self { rows, trails, shared: db.session().audit().count().await.unwrap() }
    }

    /// The rows that are not as they were before.
    pub(super) fn changed_since<'s>(&'s self, before: &'s Self) -> Vec<Changed<'s>> {
        let keys = before.rows.keys().chain(self.rows.keys().filter(|key| is_new(before, key)));
        let mut changed: Vec<_> = keys
            .map(|key| Changed {
                table: table_named(key.0),
                id: &key.1,
                was: before.rows.get(key),
                is: self.rows.get(key),
            })
            .filter(|changed| changed.was != changed.is)
            .collect();
        changed.sort_by_key(|changed| (changed.table.name, changed.id));
        changed
    }

    /// Of the tenant at `index`, the entries that were not there before; those that were are as they were.
    pub(super) fn entries_since<'s>(&'s self, before: &Self, index: usize) -> &'s [AuditEntry] {
        let (old, new) = (&before.trails[index], &self.trails[index]);
        assert_eq!(&new[..old.len()], &old[..], "no entry is changed or removed");
        for (position, entry) in new.iter().enumerate().skip(old.len()) {
            let last = position.checked_sub(1).map(|position| &new[position]);
            assert_eq!(entry.seq, last.map_or(1, |last| last.seq + 1));
            if let Some(last) = last {
                assert_eq!(entry.prev_hash, last.hash);
            }
        }
        &new[old.len()..]
    }

    /// Only rows and entries of the tenant at `index` are new or changed.
    pub(super) fn assert_only(&self, before: &Self, index: usize, tenant: Uuid) {
        for changed in self.changed_since(before) {
            let column = changed.table.roles.tenant.unwrap();
            for row in [changed.was, changed.is].into_iter().flatten() {
                assert_eq!(row[column], Value::Uuid(tenant), "{changed:?}");
            }
        }
        for other in (0..self.trails.len()).filter(|other| *other != index) {
            assert_eq!(self.trails[other], before.trails[other]);
        }
        assert_eq!(self.shared, before.shared);
    }
}

impl Changed<'_> {
    /// Whether the row was there before.
    pub(super) fn was_there(&self) -> bool {
        self.was.is_some()
    }

    /// What its entry says was done to it.
    pub(super) fn action(&self) -> Action {
        let is_deleted = |row: &Columns| {
            self.table.roles.deleted_at.is_some_and(|column| !row[column].is_null())
        };
        match (self.was, self.is) {
            (None, _) => Action::Create,
            (Some(_), None) if self.table.roles.deleted_at.is_none() => Action::Delete,
            (Some(_), None) => Action::Purge,
            (Some(was), Some(is)) => match (is_deleted(was), is_deleted(is)) {
                (false, true) => Action::Delete,
                (true, false) => Action::Restore,
                _ => Action::Update,
            },
        }
    }

    /// A new row has the first version, and one that changed the next; and the times are the clock's.
    pub(super) fn assert_counted(&self, now: DateTime<Utc>, what: &str) {
        let Some(is) = self.is else { return };
        let number = |row: &Columns| match row[self.table.roles.version?] {
            Value::I64(version) => Some(version),
            _ => None,
        };
        let next = self.was.map_or(1, |was| number(was).unwrap() + 1);
        assert_eq!(number(is).unwrap_or(next), next, "{what}: {self:?}");
        if let Some(column) = self.table.roles.updated_at {
            assert_eq!(is[column], Value::Timestamp(now), "{what}: {self:?}");
        }
    }

    /// Whether the entry is the one of this change.
    pub(super) fn assert_told_by(&self, entry: &AuditEntry) {
        let all: Vec<_> = (0..self.table.columns.len()).collect();
        let changed = match (self.was, self.is) {
            (Some(was), Some(is)) => all.iter().copied().filter(|at| was[*at] != is[*at]).collect(),
            _ => all.clone(),
        };
        assert_eq!(entry.action, self.action(), "{self:?}");
        let before = if entry.action == Action::Delete { &all } else { &changed };
        self.assert_image(entry.before.as_ref(), self.was, before);
        self.assert_image(entry.after.as_ref(), self.is, &changed);
    }

    /// Whether the entry is about this row.
    pub(super) fn is_of(&self, entry: &AuditEntry) -> bool {
        entry.entity == self.table.name && entry.entity_id == self.id
    }

    fn assert_image(&self, image: Option<&Image>, row: Option<&Columns>, columns: &[usize]) {
        let shown = row.map(|row| {
            columns.iter().map(|at| {
                let column = &self.table.columns[*at];
                let value = if column.sensitive { ImageValue::Redacted } else { shown(&row[*at]) };
                (column.name.to_owned(), value)
            })
        });
        assert_eq!(image.map(Image::columns), shown.map(Iterator::collect), "{self:?}");
    }
}

impl fmt::Debug for Changed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of `{}`: {:?} -> {:?}", self.id, self.table.name, self.was, self.is)
    }
}

fn is_new(before: &Snapshot, key: &Key) -> bool {
    !before.rows.contains_key(key)
}

fn table_named(name: &str) -> &'static Table {
    let tables = tables();
    tables.tables().iter().find(|table| table.name == name).expect("a table of these")
}

/// The value as an image shows it.
fn shown(value: &Value<'_>) -> ImageValue {
    match value {
        Value::Null(_) => ImageValue::Null,
        Value::Timestamp(at) => {
            ImageValue::Text(at.format("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string())
        }
        Value::Text(text) => ImageValue::Text(text.to_string()),
        other => ImageValue::Text(format!("{other:?}")),
    }
}

/// Reads the rows of a tenant as a session of that tenant has them, deleted ones too.
async fn read(db: &Database, tenant: Uuid, rows: &mut BTreeMap<Key, Columns>) {
    let within = backend(db).within(&Reach::Tenant(tenant.to_string()));
    let backend = within.unwrap_or_else(|| Arc::clone(backend(db)));
    let options = TransactionOptions::new().read_only();
    let mut connection = backend.begin(options).await.unwrap();
    for table in tables().tables() {
        let mut on_row = |row: &dyn Row| {
            let (key, columns) = row_of(table, row);
            rows.insert(key, columns);
            Ok(())
        };
        let (sql, params) = (select(db, table), [Value::Uuid(tenant)]);
        let statement = Statement { sql: &sql, params: &params, effect: Effect::Read, table };
        connection.run(statement, &mut on_row).await.unwrap();
    }
    connection.rollback().await.unwrap();
}

fn select(db: &Database, table: &Table) -> String {
    let mut sql = "SELECT ".to_owned();
    for (at, column) in table.columns.iter().enumerate() {
        sql.push_str(if at > 0 { ", " } else { "" });
        quote(&mut sql, column.name);
    }
    sql.push_str(" FROM ");
    quote(&mut sql, table.name);
    sql.push_str(" WHERE tenant_id = ");
    db.dialect().placeholder(&mut sql, 1);
    sql
}

fn row_of(table: &'static Table, row: &dyn Row) -> (Key, Columns) {
    let value = |(at, column): (usize, &'static ColumnDef)| {
        row.value(at, column.kind).expect("a value of its kind").into_owned()
    };
    let columns: Columns = table.columns.iter().enumerate().map(value).collect();
    let ImageValue::Text(id) = shown(&columns[table.roles.id]) else {
        panic!("a row of `{}` has an id", table.name)
    };
    ((table.name, id), columns)
}
