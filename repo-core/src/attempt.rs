//! A change of one row by its id, until it is done or known why it cannot be.
//!
//! The statement says which row it is for, and changes none that is not so. What it met instead is looked up
//! afterwards; where that does not say why, the row is held, so that nobody else changes it, and the change is
//! tried once more.

use crate::audit::Action;
use crate::audit::author::Author;
use crate::backend::{Access, Row, Statement, no_rows};
use crate::entity::Entity;
use crate::error::{DatabaseError, Error, Result};
use crate::parents::Parents;
use crate::perform::perform;
use crate::read::{decode, encode_id, pack};
use crate::repo::Repo;
use crate::scope::Scope;
use crate::session::Session;
use crate::sql::change::ChangeSql;
use crate::transaction::Own;
use crate::value::Value;
use crate::verdict::{Asked, Verdict, diagnose};
use crate::write::as_version_conflict;

/// A change of a row by its id.
pub(crate) struct Attempt<'a, E: Entity, S: Scope> {
    pub(crate) repo: &'a Repo<E, S>,
    pub(crate) tenant: Option<&'a Value<'a>>,
    pub(crate) id: &'a E::Id,
    pub(crate) sql: &'a ChangeSql,
    pub(crate) params: &'a [Value<'a>],
    /// Who makes it, where that is recorded.
    pub(crate) author: Option<&'a Author>,
    pub(crate) asked: Asked<'a>,
}

/// How often a change is tried whose row changes under it each time.
const ATTEMPTS: usize = 10;

impl<E: Entity, S: Scope> Attempt<'_, E, S> {
    /// Changes the row; returns it as it is afterwards, also where nothing differs.
    pub(crate) async fn change(&self) -> Result<E> {
        match self.changed(self.repo.session()).await {
            Ok(Some(entity)) => return Ok(entity),
            Ok(None) => {}
            Err(error) => return Err(self.stale(error).await),
        }
        match self.diagnose(self.repo).await? {
            Verdict::Refused(error) => return Err(error),
            Verdict::Unchanged(entity) => return Ok(entity),
            Verdict::Again(_, row) => self.refuse_deleted_parents(self.repo, &row).await?,
        }
        for _ in 0..ATTEMPTS {
            let own = self.hold().await?;
            let done = async {
                match self.changed(own.session()).await? {
                    Some(entity) => Ok(Some(entity)),
                    None => self.why_not(own.session()).await,
                }
            }
            .await;
            if let Some(entity) = self.outcome(own.finish(done).await)? {
                return Ok(entity);
            }
        }
        Err(self.restless())
    }

    /// Deletes or purges the row.
    pub(crate) async fn remove(&self) -> Result<()> {
        match self.removed(self.repo.session()).await {
            Ok(true) => return Ok(()),
            Ok(false) => {}
            Err(error) => return Err(self.stale(error).await),
        }
        if let Verdict::Refused(error) = self.diagnose(self.repo).await? {
            return Err(error);
        }
        for _ in 0..ATTEMPTS {
            let own = self.hold().await?;
            let done = async {
                if self.removed(own.session()).await? {
                    return Ok(true);
                }
                self.why_not(own.session()).await.map(|_| false)
            }
            .await;
            if self.outcome(own.finish(done).await)? {
                return Ok(());
            }
        }
        Err(self.restless())
    }

    async fn changed(&self, session: &Session<S>) -> Result<Option<E>> {
        let params = self.params.iter().map(Value::borrowed).collect();
        perform::<E, S, E>(session, self.sql, params, self.author, decode::<E>).await
    }

    async fn removed(&self, session: &Session<S>) -> Result<bool> {
        if self.sql.seen.is_some() {
            let params = self.params.iter().map(Value::borrowed).collect();
            let done = perform::<E, S, ()>(session, self.sql, params, self.author, |_| Ok(()));
            return done.await.map(|done| done.is_some());
        }
        let (sql, params) = (&self.sql.plain, self.params);
        let statement = Statement { sql, params, access: Access::Write, table: E::TABLE };
        session.run(statement, &mut no_rows).await.map(|affected| affected > 0)
    }

    async fn diagnose(&self, repo: &Repo<E, S>) -> Result<Verdict<E>> {
        diagnose(repo, self.tenant, self.id, self.asked).await
    }

    /// A transaction, or a savepoint, in which nobody else changes the row.
    async fn hold(&self) -> Result<Own<S>> {
        let own = Own::Inner(self.repo.session().begin().await?);
        let mut sql = self.repo.crud().find_any.clone();
        self.repo.session().database().backend().dialect().lock_rows(&mut sql);
        let key = [self.tenant.map(Value::borrowed), Some(encode_id::<E>(self.id)?)];
        let (params, count) = pack(key);
        let (sql, params) = (&sql, &params[..count]);
        let statement = Statement { sql, params, access: Access::Write, table: E::TABLE };
        match own.session().run(statement, &mut |_| Ok(())).await {
            Ok(_) => Ok(own),
            Err(error) => own.finish(Err(error)).await,
        }
    }

    /// Why it changed nothing while the row was held: that nothing differs is the row; none where the change
    /// would meet it by now, as of a parent that has come back.
    async fn why_not(&self, session: &Session<S>) -> Result<Option<E>> {
        let repo = Repo::<E, S>::new(session.clone());
        let (entity, row) = match self.diagnose(&repo).await? {
            Verdict::Refused(error) => return Err(error),
            Verdict::Unchanged(entity) => return Ok(Some(entity)),
            Verdict::Again(entity, row) => (entity, row),
        };
        self.refuse_deleted_parents(&repo, &row).await?;
        if self.would_change(session).await? {
            return Err(Error::left_out());
        }
        // The database finds the same in it that it is asked to set.
        Ok((self.sql.action == Action::Update).then_some(entity))
    }

    /// Whether it is for the row, and the database finds that anything differs in it.
    async fn would_change(&self, session: &Session<S>) -> Result<bool> {
        let sql = &self.sql.would_change(session.database().backend().dialect(), E::TABLE);
        let mut found = false;
        let mut on_row = |_: &dyn Row| {
            found = true;
            Ok(())
        };
        let params = self.params;
        let statement = Statement { sql, params, access: Access::Read, table: E::TABLE };
        session.run(statement, &mut on_row).await?;
        Ok(found)
    }

    /// Refuses if the row that it did not meet refers to a deleted one, or would have.
    async fn refuse_deleted_parents(&self, repo: &Repo<E, S>, row: &[Value<'_>]) -> Result<()> {
        let parents = match self.sql.action {
            Action::Update => {
                let mut parents = Parents::of(E::TABLE);
                parents.add_changes(self.asked.set, row);
                parents
            }
            Action::Restore => {
                let mut parents = Parents::taking_along(E::TABLE);
                parents.add_row(row);
                parents
            }
            _ => return Ok(()),
        };
        parents.check(repo.session(), self.tenant).await
    }

    /// What an error says of the version that was asked for. A failure to serialize need not be about the row: its
    /// entry follows another one in a chain. Where the connection can still be asked, the row tells.
    async fn stale(&self, error: Error) -> Error {
        let is_recorded = E::TABLE.audit.is_some() && !self.repo.session().in_transaction();
        if !is_recorded || !matches!(error, Error::Serialization { .. }) {
            return as_version_conflict::<E>(error, self.id, self.asked.expected);
        }
        match self.diagnose(self.repo).await {
            Ok(Verdict::Refused(refused)) => refused,
            _ => error,
        }
    }

    /// The result, in which a failure to serialize is a stale version if there is one.
    fn outcome<T>(&self, result: Result<T>) -> Result<T> {
        result.map_err(|error| as_version_conflict::<E>(error, self.id, self.asked.expected))
    }

    fn restless(&self) -> Error {
        let entity = E::TABLE.entity;
        let message = format!("a `{entity}` changed under each of {ATTEMPTS} attempts");
        Error::Serialization { source: DatabaseError::new(message) }
    }
}
