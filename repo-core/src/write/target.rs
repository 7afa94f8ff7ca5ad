//! One row by its id, and what can be done with it. How it is done is in `attempt.rs`, why it was not there in
//! `verdict.rs`.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::audit::author::Author;
use crate::dialect::Dialect;
use crate::entity::Entity;
use crate::error::{Error, Result};
use crate::read::encode_id;
use crate::repo::Repo;
use crate::session::scope::Scope;
use crate::sql::change::ChangeSql;
use crate::sql::names;
use crate::value::Value;
use crate::write::as_version_conflict;
use crate::write::attempt::Attempt;
use crate::write::patch::{Changes, Patch};
use crate::write::verdict::{Asked, Wants, as_it_is};

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
        let dialect = session.dialect();
        let sql = self.repo.crud().patch.text(dialect, E::TABLE, &changes, self.expected.is_some());
        let mut params: Vec<_> = changes.params().collect();
        self.push_params(&mut params, Some(self.now(author.as_ref())?))?;
        let asked = Asked {
            wants: Wants::Live,
            expected: self.expected,
            fixed: None,
            set: &changes.set,
            add: &changes.add,
        };
        let patched = self.attempt(&sql, &params, author.as_ref(), asked).change().await;
        patched.map_err(|error| out_of_range::<E>(error, dialect, &changes))
    }

    pub(crate) async fn restore(&self) -> Result<E> {
        let author = self.author()?;
        let sql = self.repo.crud().restore.of(self.expected.is_some());
        let mut params = Vec::with_capacity(4);
        self.push_params(&mut params, Some(self.now(author.as_ref())?))?;
        let asked = self.asked(Wants::Deleted);
        let restored = self.attempt(sql, &params, author.as_ref(), asked).change().await;
        restored.map_err(|error| match error {
            Error::Conflict { entity, columns, .. } => Error::RestoreConflict { entity, columns },
            other => other,
        })
    }

    pub(crate) async fn delete(&self) -> Result<()> {
        let author = self.author()?;
        let sql = self.repo.crud().delete.of(self.expected.is_some());
        let now = E::TABLE.roles.deleted_at.map(|_| self.now(author.as_ref())).transpose()?;
        let mut params = Vec::with_capacity(5);
        params.extend(now);
        params.extend(E::TABLE.roles.deletion_id.map(|_| self.deletion()).transpose()?);
        self.push_params(&mut params, None)?;
        let asked = self.asked(Wants::Live);
        self.attempt(sql, &params, author.as_ref(), asked).remove().await
    }

    pub(crate) async fn purge(&self) -> Result<()> {
        let author = self.author()?;
        let sql = self.repo.crud().purge.of(self.expected.is_some());
        let mut params = Vec::with_capacity(4);
        self.push_params(&mut params, None)?;
        let asked = self.asked(Wants::Deleted);
        self.attempt(sql, &params, author.as_ref(), asked).remove().await
    }

    /// The live row, for a change of nothing.
    async fn as_it_is(&self) -> Result<E> {
        let asked = Asked { fixed: Some(&[]), ..self.asked(Wants::Live) };
        as_it_is(self.repo, self.tenant.as_ref(), &self.id, asked).await
    }

    fn attempt<'a>(
        &'a self,
        sql: &'a ChangeSql,
        params: &'a [Value<'a>],
        author: Option<&'a Author>,
        asked: Asked<'a>,
    ) -> Attempt<'a, E, S> {
        let (repo, tenant, id) = (self.repo, self.tenant.as_ref(), &self.id);
        Attempt { repo, tenant, id, sql, params, author, asked }
    }

    /// A change of no column.
    fn asked(&self, wants: Wants) -> Asked<'static> {
        Asked { wants, expected: self.expected, fixed: None, set: &[], add: &[] }
    }

    /// Who makes the change, where that is recorded; asked before anything is sent.
    fn author(&self) -> Result<Option<Author>> {
        let author = Author::of(self.repo.session(), E::TABLE)?;
        Ok(author.map(|author| Author { at: self.at.unwrap_or(author.at), ..author }))
    }

    /// What deletes the row: this alone, unless it is told.
    fn deletion(&self) -> Result<Value<'static>> {
        let database = self.repo.session().database();
        let made = || database.now().map(|now| database.ids().next_id(now));
        self.deletion.map_or_else(made, Ok).map(Value::Uuid)
    }

    /// The time of the change: that of its entry, where it has one.
    fn now(&self, author: Option<&Author>) -> Result<Value<'static>> {
        let now = author.map(|author| author.at).or(self.at);
        now.map_or_else(|| self.repo.session().database().now(), Ok).map(Value::Timestamp)
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
