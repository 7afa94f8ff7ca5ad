//! One row by its id, and what can be done with it. Why it was not there is in `verdict.rs`.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::audit::author::Author;
use crate::backend::{Access, Row, Statement, no_rows};
use crate::dialect::Dialect;
use crate::entity::Entity;
use crate::error::{DatabaseError, Error, Result};
use crate::parents::Parents;
use crate::patch::{Changes, Patch};
use crate::perform::perform;
use crate::read::{decode, encode_id, pack};
use crate::repo::Repo;
use crate::scope::Scope;
use crate::session::Session;
use crate::sql::change::ChangeSql;
use crate::sql::names;
use crate::transaction::Own;
use crate::value::Value;
use crate::verdict::{Asked, Verdict, Wants, as_it_is, diagnose};
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

/// How often a change is tried whose row changes under it each time.
const ATTEMPTS: usize = 10;

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
        let tenant = self.tenant.as_ref();
        match removed::<E, S>(session, sql, params, author).await {
            Ok(true) => return Ok(()),
            Ok(false) => {}
            Err(error) => return Err(stale(self.repo, tenant, &self.id, asked, error).await),
        }
        if let Verdict::Refused(error) = diagnose(self.repo, tenant, &self.id, asked).await? {
            return Err(error);
        }
        for _ in 0..ATTEMPTS {
            let own = hold(self.repo, tenant, &self.id).await?;
            let done = async {
                if removed::<E, S>(own.session(), sql, params, author).await? {
                    return Ok(true);
                }
                let repo = Repo::<E, S>::new(own.session().clone());
                why(&repo, tenant, &self.id, sql, params, asked).await.map(|_| false)
            }
            .await;
            if self.outcome(own.finish(done).await)? {
                return Ok(());
            }
        }
        Err(restless::<E>())
    }

    /// A change of no column.
    fn asked(&self, wants: Wants) -> Asked<'static> {
        Asked { wants, expected: self.expected, fixed: None, set: &[], adds: false }
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

/// Does a change of one row; where it changes none, once more while nobody else changes the row: then it is known
/// why.
pub(crate) async fn until_met<E: Entity, S: Scope>(
    repo: &Repo<E, S>,
    tenant: Option<&Value<'_>>,
    id: &E::Id,
    sql: &ChangeSql,
    params: &[Value<'_>],
    author: Option<&Author>,
    asked: Asked<'_>,
) -> Result<E> {
    match changed(repo.session(), sql, params, author).await {
        Ok(Some(entity)) => return Ok(entity),
        Ok(None) => {}
        Err(error) => return Err(stale(repo, tenant, id, asked, error).await),
    }
    match diagnose(repo, tenant, id, asked).await? {
        Verdict::Refused(error) => return Err(error),
        Verdict::Unchanged(entity) => return Ok(entity),
        Verdict::Again(_, row) => refuse_deleted_parents(repo, tenant, asked, &row).await?,
    }
    for _ in 0..ATTEMPTS {
        let own = hold(repo, tenant, id).await?;
        let done = async {
            if let Some(entity) = changed(own.session(), sql, params, author).await? {
                return Ok(Some(entity));
            }
            let repo = Repo::<E, S>::new(own.session().clone());
            why(&repo, tenant, id, sql, params, asked).await
        }
        .await;
        let done = own.finish(done).await;
        if let Some(entity) =
            done.map_err(|error| as_version_conflict::<E>(error, id, asked.expected))?
        {
            return Ok(entity);
        }
    }
    Err(restless::<E>())
}

async fn changed<E: Entity, S: Scope>(
    session: &Session<S>,
    sql: &ChangeSql,
    params: &[Value<'_>],
    author: Option<&Author>,
) -> Result<Option<E>> {
    let params = params.iter().map(Value::borrowed).collect();
    perform::<E, S, E>(session, sql, params, author, decode::<E>).await
}

async fn removed<E: Entity, S: Scope>(
    session: &Session<S>,
    sql: &ChangeSql,
    params: &[Value<'_>],
    author: Option<&Author>,
) -> Result<bool> {
    if sql.seen.is_some() {
        let params = params.iter().map(Value::borrowed).collect();
        let done = perform::<E, S, ()>(session, sql, params, author, |_| Ok(())).await;
        return done.map(|done| done.is_some());
    }
    let statement = Statement { sql: &sql.plain, params, access: Access::Write, table: E::TABLE };
    session.run(statement, &mut no_rows).await.map(|affected| affected > 0)
}

/// A transaction, or a savepoint, in which nobody else changes the row.
async fn hold<E: Entity, S: Scope>(
    repo: &Repo<E, S>,
    tenant: Option<&Value<'_>>,
    id: &E::Id,
) -> Result<Own<S>> {
    let own = Own::Inner(repo.session().begin().await?);
    let mut sql = repo.crud().find_any.clone();
    repo.session().database().backend().dialect().lock_rows(&mut sql);
    let (params, count) = pack([tenant.map(Value::borrowed), Some(encode_id::<E>(id)?)]);
    let (sql, params) = (&sql, &params[..count]);
    let statement = Statement { sql, params, access: Access::Write, table: E::TABLE };
    match own.session().run(statement, &mut |_| Ok(())).await {
        Ok(_) => Ok(own),
        Err(error) => own.finish(Err(error)).await,
    }
}

/// Why a change changed nothing while the row was held: that nothing differs is the row; none where the change
/// would meet it by now, as of a parent that has come back.
async fn why<E: Entity, S: Scope>(
    repo: &Repo<E, S>,
    tenant: Option<&Value<'_>>,
    id: &E::Id,
    sql: &ChangeSql,
    params: &[Value<'_>],
    asked: Asked<'_>,
) -> Result<Option<E>> {
    let (entity, row) = match diagnose(repo, tenant, id, asked).await? {
        Verdict::Refused(error) => return Err(error),
        Verdict::Unchanged(entity) => return Ok(Some(entity)),
        Verdict::Again(entity, row) => (entity, row),
    };
    refuse_deleted_parents(repo, tenant, asked, &row).await?;
    if would_change(repo, sql, params).await? {
        return Err(Error::left_out());
    }
    // The database finds the same in it that it is asked to set.
    Ok((asked.wants == Wants::Live && asked.changes()).then_some(entity))
}

/// Whether the change is for the row, and the database finds that anything differs in it.
async fn would_change<E: Entity, S: Scope>(
    repo: &Repo<E, S>,
    sql: &ChangeSql,
    params: &[Value<'_>],
) -> Result<bool> {
    let session = repo.session();
    let sql = &sql.would_change(session.database().backend().dialect(), E::TABLE);
    let mut found = false;
    let mut on_row = |_: &dyn Row| {
        found = true;
        Ok(())
    };
    let statement = Statement { sql, params, access: Access::Read, table: E::TABLE };
    session.run(statement, &mut on_row).await?;
    Ok(found)
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
