//! Statements about many rows of one table by a list: those that refer to some parents, or have some ids.
//!
//! Each carries the tenant at its outermost level. Their text does not depend on how many rows there are.

use uuid::Uuid;

use crate::dialect::Dialect;
use crate::schema::table::Table;
use crate::sql::writer::{Writer, quoted};
use crate::value::Value;

/// Which rows a statement is about: of one tenant, with one of these values in a column.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Among<'a> {
    pub(crate) table: &'static Table,
    pub(crate) tenant: Option<&'a Value<'a>>,
    pub(crate) column: usize,
    pub(crate) values: &'a [Value<'static>],
}

/// Which of them, by how they were deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Any,
    /// Those that are live now: a transaction that sees only what was there when it began is refused.
    Live,
    DeletedBy(Uuid),
    /// Those that are deleted now, as for `Live`.
    StillDeletedBy(Uuid),
}

impl<'a> Among<'a> {
    /// `SELECT` all columns, by id.
    pub(crate) fn select(self, dialect: &'a dyn Dialect, state: State) -> Writer<'a> {
        let mut writer = Writer::new(dialect, self.table);
        writer.push("SELECT ").all_columns().push(" FROM ").table_name();
        self.condition(&mut writer);
        writer.and_state(state);
        if matches!(state, State::Live | State::StillDeletedBy(_)) {
            dialect.refuse_snapshot(&mut writer.sql);
        }
        writer.by_id();
        writer
    }

    /// The same of those that were deleted before a time.
    pub(crate) fn select_before(self, dialect: &'a dyn Dialect, before: Value<'a>) -> Writer<'a> {
        let mut writer = Writer::new(dialect, self.table);
        writer.push("SELECT ").all_columns().push(" FROM ").table_name();
        self.condition(&mut writer);
        writer.push(" AND ").deleted_before(before);
        writer.by_id();
        writer
    }

    /// What the rows refer to, each once: `SELECT DISTINCT` the column.
    pub(crate) fn referred(self, dialect: &'a dyn Dialect) -> Writer<'a> {
        let mut writer = Writer::new(dialect, self.table);
        writer.push("SELECT DISTINCT ").column(self.column).push(" FROM ").table_name();
        self.condition(&mut writer);
        writer
    }

    /// The ids of the rows.
    pub(crate) fn ids(self, dialect: &'a dyn Dialect) -> Writer<'a> {
        let mut writer = Writer::new(dialect, self.table);
        writer.push("SELECT ").column(self.table.roles.id).push(" FROM ").table_name();
        self.condition(&mut writer);
        writer
    }

    /// The ids of the rows, each with its value in the column.
    pub(crate) fn pairs(self, dialect: &'a dyn Dialect) -> Writer<'a> {
        let mut writer = Writer::new(dialect, self.table);
        writer.push("SELECT ").columns([self.table.roles.id, self.column]).push(" FROM ");
        writer.table_name();
        self.condition(&mut writer);
        writer
    }

    /// When each row was deleted; those that are live stay so until the transaction ends.
    pub(crate) fn deleted_at(self, dialect: &'a dyn Dialect, deleted_at: usize) -> Writer<'a> {
        let mut writer = Writer::new(dialect, self.table);
        writer.push("SELECT ").column(deleted_at).push(" FROM ").table_name();
        self.condition(&mut writer);
        writer.by_id();
        dialect.keep_rows(&mut writer.sql);
        writer
    }

    /// `UPDATE`: deleted by `deletion`, or brought back if there is none.
    pub(crate) fn mark(
        self,
        dialect: &'a dyn Dialect,
        deletion: Option<Uuid>,
        now: Value<'static>,
    ) -> Writer<'a> {
        let mut writer = Writer::new(dialect, self.table);
        writer.push("UPDATE ").table_name().push(" SET ");
        writer.params.push(now);
        let roles = &self.table.roles;
        if let Some(deleted_at) = roles.deleted_at {
            writer.column(deleted_at).push(" = ");
            if deletion.is_some() {
                writer.placeholder(1)
            } else {
                writer.push("NULL")
            };
        }
        if let Some(column) = roles.deletion_id {
            writer.push(", ").column(column).push(" = ");
            match deletion {
                Some(deletion) => writer.bind(Value::Uuid(deletion)),
                None => writer.push("NULL"),
            };
        }
        writer.set_managed(1, ", ");
        self.condition(&mut writer);
        writer
    }

    /// `DELETE`
    pub(crate) fn remove(self, dialect: &'a dyn Dialect) -> Writer<'a> {
        let mut writer = Writer::new(dialect, self.table);
        writer.push("DELETE FROM ").table_name();
        self.condition(&mut writer);
        writer
    }

    pub(crate) fn condition(self, writer: &mut Writer<'a>) {
        writer.push(" WHERE ").and_tenant(self.tenant);
        let kind = self.table.columns[self.column].kind;
        writer.params.push(Value::List(kind, self.values.iter().map(Value::borrowed).collect()));
        let (name, index) = (quoted(self.table, self.column), writer.params.len());
        writer.dialect.in_list(&mut writer.sql, &name, index, kind);
    }
}

/// The tenants, or no tenant, whose rows were deleted before a time: `SELECT DISTINCT`.
pub(crate) fn tenants_before<'a>(
    dialect: &'a dyn Dialect,
    table: &'static Table,
    tenant: usize,
    before: Value<'a>,
) -> Writer<'a> {
    let mut writer = Writer::new(dialect, table);
    writer.push("SELECT DISTINCT ").column(tenant).push(" FROM ").table_name().push(" WHERE ");
    writer.deleted_before(before);
    writer.push(" ORDER BY ").column(tenant);
    writer
}

/// The next rows that were deleted before a time, oldest first: when, and their ids.
pub(crate) fn chunk_before<'a>(
    dialect: &'a dyn Dialect,
    table: &'static Table,
    tenant: Option<&'a Value<'a>>,
    before: Value<'a>,
    after: Option<&'a (Value<'static>, Value<'static>)>,
    size: i64,
) -> Writer<'a> {
    let mut writer = Writer::new(dialect, table);
    let (id, deleted_at) = (table.roles.id, table.roles.deleted_at.unwrap_or(table.roles.id));
    writer.push("SELECT ").columns([deleted_at, id]).push(" FROM ").table_name().push(" WHERE ");
    writer.and_tenant(tenant).deleted_before(before);
    if let Some((time, last)) = after {
        writer.push(" AND (").columns([deleted_at, id]).push(") > (");
        writer.bind(time.borrowed()).push(", ").bind(last.borrowed()).push(")");
    }
    writer.push(" ORDER BY ").columns([deleted_at, id]).push(" LIMIT ").bind(Value::I64(size));
    writer
}

impl<'a> Writer<'a> {
    /// `"tenant_id" = $n AND `, where there is one.
    fn and_tenant(&mut self, tenant: Option<&Value<'a>>) -> &mut Self {
        if let (Some(column), Some(tenant)) = (self.table.roles.tenant, tenant) {
            self.column(column).push(" = ").bind(tenant.clone()).push(" AND ");
        }
        self
    }

    fn and_state(&mut self, state: State) -> &mut Self {
        match (state, self.table.roles.deletion_id) {
            (State::Live, _) => self.and_live(),
            (State::DeletedBy(deletion) | State::StillDeletedBy(deletion), Some(column)) => {
                self.push(" AND ").column(column).push(" = ").bind(Value::Uuid(deletion))
            }
            _ => self,
        }
    }

    fn deleted_before(&mut self, before: Value<'a>) -> &mut Self {
        let deleted_at = self.table.roles.deleted_at.unwrap_or(self.table.roles.id);
        self.column(deleted_at).push(" < ").bind(before)
    }

    fn by_id(&mut self) -> &mut Self {
        let id = self.table.roles.id;
        self.push(" ORDER BY ").column(id)
    }
}

/// The condition that the parent of a row is not deleted, of which `tenant` and `id` write the tenant and
/// the id.
///
/// A scalar query, not `EXISTS`: its lock then waits for whoever is deleting the parent, and answers with
/// what the parent is afterwards.
pub(crate) fn is_live(
    writer: &mut Writer<'_>,
    parent: &'static Table,
    tenant: impl FnOnce(&mut Writer<'_>),
    id: impl FnOnce(&mut Writer<'_>),
) {
    let Some(deleted_at) = parent.roles.deleted_at else { return };
    let mut inner = Writer::new(writer.dialect, parent);
    inner.push("(SELECT \"repo_parent\".").column(deleted_at).push(" FROM ").table_name();
    inner.push(" AS \"repo_parent\" WHERE ");
    writer.push(&inner.sql);
    inner.sql.clear();
    if let Some(column) = parent.roles.tenant {
        inner.push("\"repo_parent\".").column(column).push(" = ");
        writer.push(&inner.sql);
        inner.sql.clear();
        tenant(writer);
        writer.push(" AND ");
    }
    inner.push("\"repo_parent\".").column(parent.roles.id).push(" = ");
    writer.push(&inner.sql);
    id(writer);
    writer.dialect.keep_rows(&mut writer.sql);
    writer.push(") IS NULL");
}

/// The same of the row that parameter `id` says, of the tenant that parameter `tenant` says.
pub(crate) fn live_parent(
    writer: &mut Writer<'_>,
    parent: &'static Table,
    tenant: Option<usize>,
    id: usize,
) {
    let tenant = tenant.unwrap_or(id);
    let parameter = |index| {
        move |w: &mut Writer<'_>| {
            w.placeholder(index);
        }
    };
    is_live(writer, parent, parameter(tenant), parameter(id));
}
