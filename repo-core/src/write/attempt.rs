//! A change of one row by its id, until it is done or known why it cannot be.
//!
//! The statement says which row it is for, and changes none that is not so. What it met instead is looked up
//! afterwards (`verdict.rs`); where that does not say why, the row and what it comes to refer to are held, so that
//! nobody else changes them, and the change is tried once more.

use crate::audit::Action;
use crate::audit::author::Author;
use crate::backend::{Effect, Row, Statement, no_rows};
use crate::entity::Entity;
use crate::error::{DatabaseError, Error, Result};
use crate::read::decode;
use crate::repo::Repo;
use crate::session::Session;
use crate::session::scope::Scope;
use crate::sql::change::{ChangeSql, effect_of};
use crate::sql::crud::update;
use crate::transaction::Own;
use crate::value::{Kind, Value};
use crate::write::as_version_conflict;
use crate::write::parents::{self, Parents};
use crate::write::perform::{perform, recorded};
use crate::write::verdict::{Asked, Verdict, diagnose, look};

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

/// What came of a change whose row was held.
enum Held<E> {
    /// The row as it is now.
    Changed(E),
    /// It has come to refer to other rows, which nobody holds: the row as it is now.
    Moved(Vec<Value<'static>>),
}

/// How often a change is tried whose row refers to others each time.
const ATTEMPTS: usize = 10;

impl<E: Entity, S: Scope> Attempt<'_, E, S> {
    /// Changes the row; returns it as it is afterwards, also where nothing differs.
    pub(crate) async fn change(&self) -> Result<E> {
        match self.changed(self.repo.session()).await {
            Ok(Some(entity)) => return Ok(entity),
            Ok(None) => {}
            Err(error) => return Err(self.stale(error).await),
        }
        let mut row = match self.diagnose().await? {
            Verdict::Refused(error) => return Err(error),
            Verdict::Unchanged(entity) => return Ok(entity),
            Verdict::Again(_, row) => row,
        };
        match self.waited().await {
            Ok(Some(entity)) => return Ok(entity),
            Ok(None) => {}
            Err(error) => return Err(self.stale(error).await),
        }
        for _ in 0..ATTEMPTS {
            let own = self.begin().await?;
            let done = self.change_held(own.session(), &row).await;
            match self.outcome(own.finish(done).await)? {
                Held::Changed(entity) => return Ok(entity),
                Held::Moved(now) => row = now,
            }
        }
        Err(restless::<E>())
    }

    /// Deletes or purges the row.
    pub(crate) async fn remove(&self) -> Result<()> {
        match self.removed(self.repo.session()).await {
            Ok(true) => return Ok(()),
            Ok(false) => {}
            Err(error) => return Err(self.stale(error).await),
        }
        if let Verdict::Refused(error) = self.diagnose().await? {
            return Err(error);
        }
        let own = self.begin().await?;
        let done = self.remove_held(own.session()).await;
        self.outcome(own.finish(done).await)
    }

    /// The same while nobody else changes the row or deletes what it comes to refer to. `row` is what the row was:
    /// what it refers to is held before it, as the statement itself does.
    async fn change_held(&self, session: &Session<S>, row: &[Value<'_>]) -> Result<Held<E>> {
        self.parents(row).check(session, self.tenant).await?;
        let (entity, now) = match self.hold(session).await? {
            Verdict::Refused(error) => return Err(error),
            Verdict::Unchanged(entity) => return Ok(Held::Changed(entity)),
            Verdict::Again(entity, now) => (entity, now),
        };
        if parents::marked(E::TABLE).any(|(column, _)| now[column] != row[column]) {
            return Ok(Held::Moved(now));
        }
        self.write_held(session, entity, &now).await.map(Held::Changed)
    }

    /// Changes the row as it stays, which the change is for. What is fixed at creation was found the same in it, value
    /// by value: the database is not asked, as another program may have stored it in another spelling.
    async fn write_held(&self, session: &Session<S>, found: E, row: &[Value<'_>]) -> Result<E> {
        let (crud, dialect) = (self.repo.crud(), session.dialect());
        let fixed = self.asked.fixed.map_or(0, |_| crud.fixed_columns.len());
        let sql = (fixed > 0).then(|| update(dialect, E::TABLE, &crud.update_columns, &[]));
        let sql = sql.flatten();
        let held = match &sql {
            Some(sql) => {
                Attempt { sql, params: &self.params[..self.params.len() - fixed], ..*self }
            }
            None => Attempt { ..*self },
        };
        // Once more where the row that it comes to refer to came back just then.
        for _ in 0..2 {
            if let Some(entity) = held.changed(session).await? {
                return Ok(entity);
            }
            if self.sql.action != Action::Update {
                break;
            }
            match held.is_so(session).await? {
                // The database may find the same in a column that it is asked to set.
                Some(true) => return Ok(found),
                Some(false) => {}
                None => return Err(self.parents(row).refused(session, self.tenant).await?),
            }
        }
        Err(Error::left_out())
    }

    async fn remove_held(&self, session: &Session<S>) -> Result<()> {
        if let Verdict::Refused(error) = self.hold(session).await? {
            return Err(error);
        }
        if self.removed(session).await? { Ok(()) } else { Err(Error::left_out()) }
    }

    async fn changed(&self, session: &Session<S>) -> Result<Option<E>> {
        let params = self.params.iter().map(Value::borrowed).collect();
        perform::<E, S, E>(session, self.sql, params, self.author, decode::<E>).await
    }

    /// Changes the row by the statement that waits for others, where there is one: of many who change one row each
    /// holds it for no longer than that.
    async fn waited(&self) -> Result<Option<E>> {
        let waiting = self.sql.seen.as_ref().and_then(|seen| seen.waiting.as_deref());
        let Some((author, sql)) = self.author.zip(waiting) else { return Ok(None) };
        if self.repo.session().in_transaction() {
            return Ok(None);
        }
        let params = self.params.iter().map(Value::borrowed).collect();
        recorded::<E, S, E>(
            self.repo.session(),
            (sql, self.sql.action),
            params,
            author,
            decode::<E>,
        )
        .await
    }

    async fn removed(&self, session: &Session<S>) -> Result<bool> {
        if self.sql.seen.is_some() {
            let params = self.params.iter().map(Value::borrowed).collect();
            let done = perform::<E, S, ()>(session, self.sql, params, self.author, |_| Ok(()));
            return done.await.map(|done| done.is_some());
        }
        let (sql, params) = (&self.sql.plain, self.params);
        let effect = effect_of(self.sql.action, E::TABLE);
        let statement = Statement { sql, params, effect, table: E::TABLE };
        session.run(statement, &mut no_rows).await.map(|affected| affected > 0)
    }

    async fn diagnose(&self) -> Result<Verdict<E>> {
        diagnose(self.repo, self.tenant, self.id, self.asked).await
    }

    /// A transaction, or a savepoint, that sees what others have committed before each statement.
    async fn begin(&self) -> Result<Own<S>> {
        self.repo.session().begin_looking_anew().await.map(Own::Inner)
    }

    /// Why it met no row, of the row as it stays: nobody else changes it until the transaction ends.
    async fn hold(&self, session: &Session<S>) -> Result<Verdict<E>> {
        let dialect = session.dialect();
        let mut sql = self.repo.crud().find_any.clone();
        match self.sql.action {
            // To take a mark away changes a key, as to make one does.
            Action::Update => dialect.lock_rows_but_keys(&mut sql),
            _ => dialect.lock_rows(&mut sql),
        }
        let repo = Repo::<E, S>::new(session.clone());
        look(&repo, (&sql, Effect::Lock), self.tenant, self.id, self.asked).await
    }

    /// Whether the database finds that nothing differs in the row; none where it is not for the row.
    async fn is_so(&self, session: &Session<S>) -> Result<Option<bool>> {
        let sql = &self.sql.is_so(session.dialect(), E::TABLE);
        let mut is_so = None;
        let mut on_row = |row: &dyn Row| {
            let unreadable = |_| Error::Backend(DatabaseError::new("the database gave no answer"));
            is_so = Some(row.value(0, Kind::Bool).map_err(unreadable)? == Value::Bool(true));
            Ok(())
        };
        let params = self.params;
        let statement = Statement { sql, params, effect: Effect::Read, table: E::TABLE };
        session.run(statement, &mut on_row).await?;
        Ok(is_so)
    }

    /// What the row would come to refer to: none of it may be deleted.
    fn parents<'p>(&'p self, row: &[Value<'p>]) -> Parents<'p> {
        if self.sql.action == Action::Restore {
            let mut parents = Parents::taking_along(E::TABLE);
            parents.add_row(row);
            return parents;
        }
        let mut parents = Parents::of(E::TABLE);
        parents.add_changes(self.asked.set, row);
        parents
    }

    /// What an error says of the version that was asked for. A failure to serialize need not be about the row: its
    /// entry follows another one in a chain. Where the connection can still be asked, the row tells.
    async fn stale(&self, error: Error) -> Error {
        let is_recorded = E::TABLE.audit.is_some() && !self.repo.session().in_transaction();
        if !is_recorded || !matches!(error, Error::Serialization { .. }) {
            return as_version_conflict::<E>(error, self.id, self.asked.expected);
        }
        match self.diagnose().await {
            Ok(Verdict::Refused(refused)) => refused,
            _ => error,
        }
    }

    /// The result, in which a failure to serialize is a stale version if there is one.
    fn outcome<T>(&self, result: Result<T>) -> Result<T> {
        result.map_err(|error| as_version_conflict::<E>(error, self.id, self.asked.expected))
    }
}

fn restless<E: Entity>() -> Error {
    let entity = E::TABLE.entity;
    let message =
        format!("a `{entity}` came to refer to others before each of {ATTEMPTS} attempts");
    Error::Serialization { source: DatabaseError::new(message) }
}
