//! Changing one row by its id: `patch`, `delete` and `restore`, with or without a version to compare.

use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;

use crate::backend::{Access, Row, Statement, no_rows};
use crate::column_type::ColumnType as _;
use crate::entity::{Entity, Versioned};
use crate::error::{Error, Result};
use crate::patch::Patch;
use crate::read::{encode_id, fetch_one, pack};
use crate::repo::{Repo, id_in_words, not_found};
use crate::scope::{Scope, WritableFrom};
use crate::sql::writer::Writer;
use crate::table::Table;
use crate::value::Value;
use crate::write::as_version_conflict;

/// A change of one row, done when it is awaited. `T` is what it returns.
#[must_use = "a change is done when it is awaited"]
#[derive(Debug)]
pub struct Change<'r, E: Entity, S: Scope, T> {
    repo: &'r Repo<E, S>,
    id: E::Id,
    kind: ChangeKind<E>,
    expected: Option<i64>,
    output: PhantomData<fn() -> T>,
}

#[derive(Debug)]
enum ChangeKind<E: Entity> {
    Patch(Patch<E>),
    Delete,
    Restore,
}

impl<'r, E: Entity, S: Scope, T> Change<'r, E, S, T> {
    /// Only if the row has this version.
    ///
    /// Awaiting is then [`Error::VersionConflict`] when it has another.
    pub fn if_version(mut self, version: i64) -> Self
    where
        E: Versioned,
    {
        self.expected = Some(version);
        self
    }

    fn new(repo: &'r Repo<E, S>, id: E::Id, kind: ChangeKind<E>) -> Self {
        Self { repo, id, kind, expected: None, output: PhantomData }
    }
}

impl<'r, E: Entity, S: Scope> Change<'r, E, S, E> {
    pub(crate) fn patch(repo: &'r Repo<E, S>, id: E::Id, patch: Patch<E>) -> Self {
        Self::new(repo, id, ChangeKind::Patch(patch))
    }

    pub(crate) fn restore(repo: &'r Repo<E, S>, id: E::Id) -> Self {
        Self::new(repo, id, ChangeKind::Restore)
    }
}

impl<'r, E: Entity, S: Scope> Change<'r, E, S, ()> {
    pub(crate) fn delete(repo: &'r Repo<E, S>, id: E::Id) -> Self {
        Self::new(repo, id, ChangeKind::Delete)
    }
}

impl<'r, E: Entity, S: Scope> IntoFuture for Change<'r, E, S, E>
where
    E::Tenancy: WritableFrom<S>,
{
    type Output = Result<E>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<E>> + Send + 'r>>;

    fn into_future(self) -> Self::IntoFuture {
        let Change { repo, id, kind, expected, .. } = self;
        Box::pin(async move {
            let (wants, changed) = match kind {
                ChangeKind::Patch(patch) => {
                    (Wants::Live, run_patch(repo, &id, patch, expected).await)
                }
                _ => (Wants::Deleted, run_restore(repo, &id, expected).await),
            };
            match changed.map_err(|error| as_version_conflict::<E>(error, &id, expected))? {
                Some(entity) => Ok(entity),
                None => Err(diagnose(repo, &id, wants, expected, None).await?),
            }
        })
    }
}

impl<'r, E: Entity, S: Scope> IntoFuture for Change<'r, E, S, ()>
where
    E::Tenancy: WritableFrom<S>,
{
    type Output = Result<()>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<()>> + Send + 'r>>;

    fn into_future(self) -> Self::IntoFuture {
        let Change { repo, id, expected, .. } = self;
        Box::pin(async move {
            let deleted = run_delete(repo, &id, expected).await;
            match deleted.map_err(|error| as_version_conflict::<E>(error, &id, expected))? {
                0 => Err(diagnose(repo, &id, Wants::Live, expected, None).await?),
                _ => Ok(()),
            }
        })
    }
}

async fn run_patch<E: Entity, S: Scope>(
    repo: &Repo<E, S>,
    id: &E::Id,
    patch: Patch<E>,
    expected: Option<i64>,
) -> Result<Option<E>>
where
    E::Tenancy: WritableFrom<S>,
{
    let changes = patch.finish()?;
    let database = repo.session().database();
    let mut writer = Writer::new(database.backend().dialect(), E::TABLE);
    let access = if changes.is_empty() { Access::Read } else { Access::Write };
    if changes.is_empty() {
        writer.push("SELECT ").all_columns().push(" FROM ").table_name();
    } else {
        writer.push("UPDATE ").table_name().push(" SET ");
        for (position, (column, value)) in changes.iter().enumerate() {
            writer.push(if position > 0 { ", " } else { "" });
            writer.column(*column).push(" = ").bind(value.borrowed());
        }
        writer.params.push(Value::Timestamp(database.now()));
        let now = writer.params.len();
        writer.set_managed(now, ", ");
    }
    writer.push(" WHERE ");
    let first = writer.params.len() + 1;
    writer.params.extend(repo.tenant()?);
    writer.params.push(encode_id::<E>(id)?);
    let next = writer.key(first);
    writer.and_live().and_version(expected.is_some(), next);
    writer.params.extend(expected.map(Value::I64));
    if !changes.is_empty() {
        writer.returning();
    }
    fetch_one(repo.session(), &writer.sql, &writer.params, access).await
}

async fn run_restore<E: Entity, S: Scope>(
    repo: &Repo<E, S>,
    id: &E::Id,
    expected: Option<i64>,
) -> Result<Option<E>>
where
    E::Tenancy: WritableFrom<S>,
{
    let sql = repo.crud().restore.text(expected.is_some());
    let now = Value::Timestamp(repo.session().database().now());
    let version = expected.map(Value::I64);
    let (params, count) = pack([Some(now), repo.tenant()?, Some(encode_id::<E>(id)?), version]);
    let restored = fetch_one(repo.session(), sql, &params[..count], Access::Write).await;
    restored.map_err(|error| match error {
        Error::Conflict { entity, columns, .. } => Error::RestoreConflict { entity, columns },
        other => other,
    })
}

async fn run_delete<E: Entity, S: Scope>(
    repo: &Repo<E, S>,
    id: &E::Id,
    expected: Option<i64>,
) -> Result<u64>
where
    E::Tenancy: WritableFrom<S>,
{
    let sql = repo.crud().delete.text(expected.is_some());
    let marks = E::TABLE.roles.deleted_at.is_some();
    let now = marks.then(|| Value::Timestamp(repo.session().database().now()));
    let version = expected.map(Value::I64);
    let (params, count) = pack([now, repo.tenant()?, Some(encode_id::<E>(id)?), version]);
    let params = &params[..count];
    let statement = Statement { sql, params, access: Access::Write, table: E::TABLE };
    repo.session().run(statement, &mut no_rows).await
}

/// Which rows a change is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wants {
    Live,
    Deleted,
}

/// Why a change met no row. Asked after the change: versions only grow, so that what is found now
/// still tells what the change met.
///
/// `given` are the columns of an update: those fixed at creation must agree.
pub(crate) async fn diagnose<E: Entity, S: Scope>(
    repo: &Repo<E, S>,
    id: &E::Id,
    wants: Wants,
    expected: Option<i64>,
    given: Option<&[Value<'_>]>,
) -> Result<Error>
where
    E::Tenancy: WritableFrom<S>,
{
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
    let (params, count) = pack([repo.tenant()?, Some(encode_id::<E>(id)?)]);
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
