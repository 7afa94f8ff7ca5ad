//! One row by its id, and what can be done with it; and why it was not there.

use crate::backend::{Access, Row, Statement, no_rows};
use crate::column_type::ColumnType as _;
use crate::entity::Entity;
use crate::error::{Error, Result};
use crate::patch::Patch;
use crate::read::{encode_id, fetch_one, pack};
use crate::repo::{Repo, id_in_words, not_found};
use crate::scope::Scope;
use crate::table::Table;
use crate::value::Value;
use crate::write::as_version_conflict;

/// A row by its id.
pub(crate) struct Target<'r, E: Entity, S: Scope> {
    pub(crate) repo: &'r Repo<E, S>,
    pub(crate) tenant: Option<Value<'r>>,
    pub(crate) id: E::Id,
    /// The version that it must have.
    pub(crate) expected: Option<i64>,
}

/// Which rows a change is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wants {
    Live,
    Deleted,
}

impl<E: Entity, S: Scope> Target<'_, E, S> {
    pub(crate) async fn patch(&self, patch: Patch<E>) -> Result<Option<E>> {
        let changes = patch.finish()?;
        let session = self.repo.session();
        let dialect = session.database().backend().dialect();
        let columns = changes.iter().map(|(column, _)| *column);
        let asked = self.expected.is_some();
        let sql = self.repo.crud().patch.text(dialect, E::TABLE, columns, asked);
        let is_read = changes.is_empty();
        let access = if is_read { Access::Read } else { Access::Write };
        let (rest, count) = self.params((!is_read).then(|| self.now()))?;
        let mut params = Vec::with_capacity(changes.len() + count);
        params.extend(changes.iter().map(|(_, value)| value.borrowed()));
        params.extend(rest.into_iter().take(count));
        fetch_one(session, &sql, &params, access).await
    }

    pub(crate) async fn restore(&self) -> Result<Option<E>> {
        let sql = self.repo.crud().restore.text(self.expected.is_some());
        let (params, count) = self.params(Some(self.now()))?;
        let session = self.repo.session();
        let restored = fetch_one(session, sql, &params[..count], Access::Write).await;
        restored.map_err(|error| match error {
            Error::Conflict { entity, columns, .. } => Error::RestoreConflict { entity, columns },
            other => other,
        })
    }

    pub(crate) async fn delete(&self) -> Result<u64> {
        let sql = self.repo.crud().delete.text(self.expected.is_some());
        let marks = E::TABLE.roles.deleted_at.is_some();
        let (params, count) = self.params(marks.then(|| self.now()))?;
        self.execute(sql, &params[..count]).await
    }

    pub(crate) async fn purge(&self) -> Result<u64> {
        let sql = self.repo.crud().purge.text(self.expected.is_some());
        let (params, count) = self.params(None)?;
        self.execute(sql, &params[..count]).await
    }

    async fn execute(&self, sql: &str, params: &[Value<'_>]) -> Result<u64> {
        let statement = Statement { sql, params, access: Access::Write, table: E::TABLE };
        self.repo.session().run(statement, &mut no_rows).await
    }

    fn now(&self) -> Value<'static> {
        Value::Timestamp(self.repo.session().database().now())
    }

    /// `first`, the key, and the version where one is asked for; and how many they are.
    fn params(&self, first: Option<Value<'static>>) -> Result<([Value<'_>; 4], usize)> {
        let tenant = self.tenant.as_ref().map(Value::borrowed);
        let version = self.expected.map(Value::I64);
        Ok(pack([first, tenant, Some(encode_id::<E>(&self.id)?), version]))
    }

    /// The result, in which a failure to serialize is a stale version if there is one.
    pub(crate) fn outcome<T>(&self, result: Result<T>) -> Result<T> {
        result.map_err(|error| as_version_conflict::<E>(error, &self.id, self.expected))
    }

    /// Why the change met no row.
    pub(crate) async fn diagnose(self, wants: Wants) -> Result<Error> {
        diagnose(self.repo, self.tenant, &self.id, wants, self.expected, None).await
    }
}

/// Why a change met no row. Asked after the change: versions only grow, so that what is found now
/// still tells what the change met.
///
/// `given` are the columns of an update: those fixed at creation must agree.
pub(crate) async fn diagnose<E: Entity, S: Scope>(
    repo: &Repo<E, S>,
    tenant: Option<Value<'_>>,
    id: &E::Id,
    wants: Wants,
    expected: Option<i64>,
    given: Option<&[Value<'_>]>,
) -> Result<Error> {
    let mut reason = not_found::<E>(id);
    let fixed = &repo.crud().fixed_columns;
    let mut on_row = |row: &dyn Row| {
        let (entity, found) = (E::TABLE.entity, Found { table: E::TABLE, row });
        let differs = given.and_then(|given| fixed.iter().find(|c| found.differs(**c, given)));
        let version = found.version();
        match (wants, found.is_live(), expected) {
            (Wants::Live, false, _) => {}
            (Wants::Deleted, true, _) => {
                reason = Error::NotDeleted { entity, id: id_in_words::<E>(id) };
            }
            (_, _, Some(expected)) if differs.is_none() || version != Some(expected) => {
                let id = id_in_words::<E>(id);
                reason = Error::VersionConflict { entity, id, expected, actual: version };
            }
            _ => {
                if let Some(column) = differs {
                    let name = E::TABLE.columns[*column].name;
                    reason = Error::invalid_input(name, "is set at creation and never changed");
                }
            }
        }
        Ok(())
    };
    let (params, count) = pack([tenant, Some(encode_id::<E>(id)?)]);
    let (sql, params) = (&repo.crud().find_any, &params[..count]);
    let statement = Statement { sql, params, access: Access::Read, table: E::TABLE };
    repo.session().run(statement, &mut on_row).await?;
    Ok(reason)
}

/// A row that a change did not meet.
struct Found<'r> {
    table: &'static Table,
    row: &'r dyn Row,
}

impl Found<'_> {
    fn value(&self, column: usize) -> Option<Value<'_>> {
        self.row.value(column, self.table.columns[column].kind).ok()
    }

    fn is_live(&self) -> bool {
        let deleted_at = self.table.roles.deleted_at.and_then(|column| self.value(column));
        deleted_at.is_none_or(|at| at.is_null())
    }

    fn version(&self) -> Option<i64> {
        let version = self.table.roles.version.and_then(|column| self.value(column))?;
        i64::decode(version).ok()
    }

    fn differs(&self, column: usize, given: &[Value<'_>]) -> bool {
        self.value(column).is_none_or(|stored| stored != given[column])
    }
}
