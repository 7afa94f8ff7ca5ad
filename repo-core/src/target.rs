//! One row by its id, and what can be done with it; and why it was not there.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::audit::author::Author;
use crate::audit::image::is_same;
use crate::backend::{Access, Row, Statement, no_rows};
use crate::column_type::ColumnType as _;
use crate::dialect::Dialect;
use crate::entity::Entity;
use crate::error::{DatabaseError, Error, Result};
use crate::parents::Parents;
use crate::patch::{Changes, Patch};
use crate::perform::{perform, values};
use crate::read::{decode, encode_id, pack};
use crate::repo::{Repo, id_in_words, not_found};
use crate::scope::Scope;
use crate::sql::change::ChangeSql;
use crate::sql::names;
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
    /// When it happens, where that is the time of more than this row.
    pub(crate) at: Option<DateTime<Utc>>,
    /// What deletes it, where that deletes others too.
    pub(crate) deletion: Option<Uuid>,
}

/// Which rows a change is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wants {
    Live,
    Deleted,
}

/// How often a change is tried whose row changes under it each time.
const ATTEMPTS: usize = 10;

/// What a change that met no row met instead.
pub(crate) enum Verdict<E> {
    Refused(Error),
    /// The row is there, and what is asked for is so already.
    Unchanged(E),
    /// The row, as it is now, is one that the change is for: it changed in between.
    Again(E, Vec<Value<'static>>),
}

/// What a change that met no row asked for.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) wants: Wants,
    pub(crate) expected: Option<i64>,
    /// Of an update, all columns: those fixed at creation must agree.
    pub(crate) fixed: Option<&'a [Value<'a>]>,
    /// The columns that were to be set.
    pub(crate) set: &'a [(usize, Value<'a>)],
    /// Whether others were to be added to.
    pub(crate) adds: bool,
}

impl<E: Entity, S: Scope> Target<'_, E, S> {
    /// The same in the session of `repo`.
    pub(crate) fn inside<'i>(&'i self, repo: &'i Repo<E, S>) -> Target<'i, E, S> {
        let (tenant, id) = (self.tenant.as_ref().map(Value::borrowed), self.id.clone());
        Target { repo, tenant, id, ..*self }
    }

    pub(crate) async fn patch(&self, patch: Patch<E>) -> Result<E> {
        let author = self.author()?;
        let changes = patch.finish()?;
        if changes.count() == 0 {
            return self.as_it_is().await;
        }
        let session = self.repo.session();
        let dialect = session.database().backend().dialect();
        let sql = self.repo.crud().patch.text(dialect, E::TABLE, &changes, self.expected.is_some());
        let mut params: Vec<_> = changes.params().collect();
        self.push_params(&mut params, Some(self.now(author.as_ref())))?;
        let asked = Asked {
            wants: Wants::Live,
            expected: self.expected,
            fixed: None,
            set: &changes.set,
            adds: !changes.add.is_empty(),
        };
        let patched = self.until_met(&sql, &params, author.as_ref(), asked).await;
        patched.map_err(|error| out_of_range::<E>(error, dialect, &changes))
    }

    pub(crate) async fn restore(&self) -> Result<E> {
        let author = self.author()?;
        let sql = self.repo.crud().restore.of(self.expected.is_some());
        let mut params = Vec::with_capacity(4);
        self.push_params(&mut params, Some(self.now(author.as_ref())))?;
        let asked = self.asked(Wants::Deleted);
        let restored = self.until_met(sql, &params, author.as_ref(), asked).await;
        restored.map_err(|error| match error {
            Error::Conflict { entity, columns, .. } => Error::RestoreConflict { entity, columns },
            other => other,
        })
    }

    pub(crate) async fn delete(&self) -> Result<()> {
        let author = self.author()?;
        let sql = self.repo.crud().delete.of(self.expected.is_some());
        let now = E::TABLE.roles.deleted_at.map(|_| self.now(author.as_ref()));
        let mut params = Vec::with_capacity(5);
        params.extend(now);
        params.extend(E::TABLE.roles.deletion_id.map(|_| self.deletion()));
        self.push_params(&mut params, None)?;
        self.remove(sql, &params, author.as_ref(), Wants::Live).await
    }

    pub(crate) async fn purge(&self) -> Result<()> {
        let author = self.author()?;
        let sql = self.repo.crud().purge.of(self.expected.is_some());
        let mut params = Vec::with_capacity(4);
        self.push_params(&mut params, None)?;
        self.remove(sql, &params, author.as_ref(), Wants::Deleted).await
    }

    /// The live row, for a change of nothing.
    async fn as_it_is(&self) -> Result<E> {
        let asked = Asked { fixed: Some(&[]), ..self.asked(Wants::Live) };
        as_it_is(self.repo, self.tenant.as_ref(), &self.id, asked).await
    }

    async fn until_met(
        &self,
        sql: &ChangeSql,
        params: &[Value<'_>],
        author: Option<&Author>,
        asked: Asked<'_>,
    ) -> Result<E> {
        until_met(self.repo, self.tenant.as_ref(), &self.id, sql, params, author, asked).await
    }

    async fn remove(
        &self,
        sql: &ChangeSql,
        params: &[Value<'_>],
        author: Option<&Author>,
        wants: Wants,
    ) -> Result<()> {
        let asked = self.asked(wants);
        let session = self.repo.session();
        for _ in 0..ATTEMPTS {
            let removed = match author {
                None => self.execute(&sql.plain, params).await,
                Some(_) => {
                    let params = params.iter().map(Value::borrowed).collect();
                    let done = perform::<E, S, ()>(session, sql, params, author, |_| Ok(())).await;
                    done.map(|done| done.is_some())
                }
            };
            let removed = match removed {
                Ok(removed) => removed,
                Err(error) => {
                    return Err(
                        stale(self.repo, self.tenant.as_ref(), &self.id, asked, error).await
                    );
                }
            };
            if removed {
                return Ok(());
            }
            match diagnose(self.repo, self.tenant.as_ref(), &self.id, asked).await? {
                Verdict::Refused(error) => return Err(error),
                Verdict::Unchanged(_) | Verdict::Again(..) => {}
            }
        }
        Err(restless::<E>())
    }

    /// A change of no column.
    fn asked(&self, wants: Wants) -> Asked<'static> {
        Asked { wants, expected: self.expected, fixed: None, set: &[], adds: false }
    }

    async fn execute(&self, sql: &str, params: &[Value<'_>]) -> Result<bool> {
        let statement = Statement { sql, params, access: Access::Write, table: E::TABLE };
        self.repo.session().run(statement, &mut no_rows).await.map(|affected| affected > 0)
    }

    /// Who makes the change, where that is recorded; asked before anything is sent.
    fn author(&self) -> Result<Option<Author>> {
        let author = Author::of(self.repo.session(), E::TABLE)?;
        Ok(author.map(|author| Author { at: self.at.unwrap_or(author.at), ..author }))
    }

    /// What deletes the row: this alone, unless it is told.
    fn deletion(&self) -> Value<'static> {
        let database = self.repo.session().database();
        Value::Uuid(self.deletion.unwrap_or_else(|| database.ids().next_id(database.now())))
    }

    /// The time of the change: that of its entry, where it has one.
    fn now(&self, author: Option<&Author>) -> Value<'static> {
        let now = author.map(|author| author.at).or(self.at);
        Value::Timestamp(now.unwrap_or_else(|| self.repo.session().database().now()))
    }

    /// `first`, the key, and the version where one is asked for.
    fn push_params<'p>(
        &'p self,
        params: &mut Vec<Value<'p>>,
        first: Option<Value<'static>>,
    ) -> Result<()> {
        params.extend(first);
        params.extend(self.tenant.as_ref().map(Value::borrowed));
        params.push(encode_id::<E>(&self.id)?);
        params.extend(self.expected.map(Value::I64));
        Ok(())
    }

    /// The result, in which a failure to serialize is a stale version if there is one.
    pub(crate) fn outcome<T>(&self, result: Result<T>) -> Result<T> {
        result.map_err(|error| as_version_conflict::<E>(error, &self.id, self.expected))
    }
}

/// Does a change until it meets its row, or it is known why it does not. The row is tried again when it
/// was changed between the change and the question.
pub(crate) async fn until_met<E: Entity, S: Scope>(
    repo: &Repo<E, S>,
    tenant: Option<&Value<'_>>,
    id: &E::Id,
    sql: &ChangeSql,
    params: &[Value<'_>],
    author: Option<&Author>,
    asked: Asked<'_>,
) -> Result<E> {
    let mut last = None;
    for _ in 0..ATTEMPTS {
        let params = params.iter().map(Value::borrowed).collect();
        let changed = perform::<E, S, E>(repo.session(), sql, params, author, decode::<E>).await;
        match changed {
            Ok(Some(entity)) => return Ok(entity),
            Ok(None) => {}
            Err(error) => return Err(stale(repo, tenant, id, asked, error).await),
        }
        match diagnose(repo, tenant, id, asked).await? {
            Verdict::Refused(error) => return Err(error),
            Verdict::Unchanged(entity) => return Ok(entity),
            Verdict::Again(entity, row) => {
                refuse_deleted_parents::<E, S>(repo, tenant, asked, &row).await?;
                // The same row twice: the database finds the same in it that it is asked to set.
                if asked.wants == Wants::Live && last.as_ref() == Some(&row) {
                    return Ok(entity);
                }
                last = Some(row);
            }
        }
    }
    Err(restless::<E>())
}

/// A sum that does not fit its column. Where a database has no type of this range, a check refuses it.
pub(crate) fn out_of_range<E: Entity>(
    error: Error,
    dialect: &dyn Dialect,
    changes: &Changes,
) -> Error {
    let Error::Check { entity, constraint } = error else { return error };
    let is_sum =
        |(column, _): &(usize, Value<'_>)| names::check(dialect, E::TABLE, *column) == constraint;
    if changes.add.iter().any(is_sum) {
        return Error::OutOfRange { entity };
    }
    Error::Check { entity, constraint }
}

/// What an error says of the version that was asked for. A failure to serialize need not be about the row: its
/// entry follows another one in a chain. Where the connection can still be asked, the row tells.
async fn stale<E: Entity, S: Scope>(
    repo: &Repo<E, S>,
    tenant: Option<&Value<'_>>,
    id: &E::Id,
    asked: Asked<'_>,
    error: Error,
) -> Error {
    let is_recorded = E::TABLE.audit.is_some() && !repo.session().in_transaction();
    if !is_recorded || !matches!(error, Error::Serialization { .. }) {
        return as_version_conflict::<E>(error, id, asked.expected);
    }
    match diagnose(repo, tenant, id, asked).await {
        Ok(Verdict::Refused(refused)) => refused,
        _ => error,
    }
}

/// Refuses if the row that was not met refers to a deleted one, or would have.
async fn refuse_deleted_parents<E: Entity, S: Scope>(
    repo: &Repo<E, S>,
    tenant: Option<&Value<'_>>,
    asked: Asked<'_>,
    row: &[Value<'_>],
) -> Result<()> {
    let parents = match asked.wants {
        Wants::Live => {
            let mut parents = Parents::of(E::TABLE);
            parents.add_changes(asked.set, row);
            parents
        }
        Wants::Deleted => {
            let mut parents = Parents::taking_along(E::TABLE);
            parents.add_row(row);
            parents
        }
    };
    parents.check(repo.session(), tenant).await
}

fn restless<E: Entity>() -> Error {
    let message = format!("a `{}` changed under each of {ATTEMPTS} attempts", E::TABLE.entity);
    Error::Serialization { source: DatabaseError::new(message) }
}

/// The row of a change that would set nothing.
pub(crate) async fn as_it_is<E: Entity, S: Scope>(
    repo: &Repo<E, S>,
    tenant: Option<&Value<'_>>,
    id: &E::Id,
    asked: Asked<'_>,
) -> Result<E> {
    match diagnose(repo, tenant, id, asked).await? {
        Verdict::Refused(error) => Err(error),
        Verdict::Unchanged(entity) => Ok(entity),
        Verdict::Again(entity, _) => Ok(entity),
    }
}

/// Why a change met no row. Asked after the change: versions only grow, so that what is found now
/// still tells what the change met.
pub(crate) async fn diagnose<E: Entity, S: Scope>(
    repo: &Repo<E, S>,
    tenant: Option<&Value<'_>>,
    id: &E::Id,
    asked: Asked<'_>,
) -> Result<Verdict<E>> {
    let mut verdict = Verdict::Refused(not_found::<E>(id));
    let fixed = &repo.crud().fixed_columns;
    let mut on_row = |row: &dyn Row| {
        verdict = Found { table: E::TABLE, row }.verdict::<E>(id, asked, fixed)?;
        Ok(())
    };
    let (params, count) = pack([tenant.map(Value::borrowed), Some(encode_id::<E>(id)?)]);
    let (sql, params) = (&repo.crud().find_any, &params[..count]);
    let statement = Statement { sql, params, access: Access::Read, table: E::TABLE };
    repo.session().run(statement, &mut on_row).await?;
    Ok(verdict)
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

    fn differs(&self, column: usize, given: &Value<'_>) -> bool {
        self.value(column).is_none_or(|stored| !is_same(&stored, given))
    }

    fn verdict<E: Entity>(
        &self,
        id: &E::Id,
        asked: Asked<'_>,
        fixed: &[usize],
    ) -> Result<Verdict<E>> {
        let entity = E::TABLE.entity;
        let refused = |error| Ok(Verdict::Refused(error));
        match (asked.wants, self.is_live()) {
            (Wants::Live, false) => return refused(not_found::<E>(id)),
            (Wants::Deleted, true) => {
                return refused(Error::NotDeleted { entity, id: id_in_words::<E>(id) });
            }
            _ => {}
        }
        let actual = self.version();
        if let Some(expected) = asked.expected.filter(|expected| actual != Some(*expected)) {
            let id = id_in_words::<E>(id);
            return refused(Error::VersionConflict { entity, id, expected, actual });
        }
        let given = asked.fixed.unwrap_or_default();
        if let Some(column) =
            fixed.iter().find(|c| given.get(**c).is_some_and(|given| self.differs(**c, given)))
        {
            let name = E::TABLE.columns[*column].name;
            let reason = "is set at creation and never changed";
            return refused(Error::invalid_input(name, reason));
        }
        let is_so = asked.set.iter().all(|(column, value)| !self.differs(*column, value));
        if is_so && !asked.adds && (asked.fixed.is_some() || !asked.set.is_empty()) {
            return decode::<E>(self.row).map(Verdict::Unchanged);
        }
        Ok(Verdict::Again(decode(self.row)?, values(E::TABLE, self.row)?))
    }
}
