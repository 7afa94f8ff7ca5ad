//! Writing: each method does all that it says or nothing, in the session's transaction or by itself.
//!
//! The plain change of one row is one statement. A method takes several where the change is recorded and the dialect has
//! no statement for both, where hooks look at the row first, where other rows go with it, and where rows are added
//! unless they are there. Several that write are in one transaction: the session's, or one of their own.
//!
//! A statement that should have changed a row and changed none is an error, never a success. A policy forbids a method
//! by a bound that is not met. How rows are added is in `insert.rs`, how one row changes by its id in `target.rs` and
//! `attempt.rs`.

pub(crate) mod added;
pub(crate) mod ahead;
pub(crate) mod attempt;
pub(crate) mod brief;
pub(crate) mod change;
pub(crate) mod column_set;
pub(crate) mod creation;
pub(crate) mod idempotent;
pub(crate) mod in_row;
pub(crate) mod insert;
pub(crate) mod keyed;
pub(crate) mod parents;
pub(crate) mod partial;
pub(crate) mod patch;
pub(crate) mod perform;
pub(crate) mod refused;
pub(crate) mod target;
pub(crate) mod verdict;

use chrono::{DateTime, Utc};

use crate::audit::author::Author;
use crate::entity::{Entity, Mutable, NewEntity, SoftDelete};
use crate::error::{Error, Result};
use crate::repo::Repo;
use crate::session::scope::{Scope, WritableFrom};
use crate::value::Value;
use crate::value::column_type::ColumnType as _;
use crate::write::attempt::Attempt;
use crate::write::change::{Change, Writing};
use crate::write::column_set::ColumnSet;
use crate::write::creation::{Completed, Creation};
use crate::write::idempotent::{UniqueColumns, create_or_get};
use crate::write::insert::{encode, insert_many, insert_one};
use crate::write::keyed::Keyed;
use crate::write::patch::IntoPatch;
use crate::write::verdict::{Asked, Wants, as_it_is};

/// Writing: rows of the session's tenant.
///
/// ```no_run
/// # use repo_core::{Database, Repository, Result};
/// # use uuid::Uuid;
/// # #[derive(Debug, Repository)]
/// # #[repository(table = "notes", tenant, soft_delete, versioned)]
/// # struct Note {
/// #     id: Uuid,
/// #     tenant_id: Uuid,
/// #     #[repository(unique)]
/// #     title: String,
/// #     done: bool,
/// #     version: i64,
/// #     deleted_at: Option<chrono::DateTime<chrono::Utc>>,
/// # }
/// # async fn f(db: Database, tenant: Uuid) -> Result<()> {
/// let notes = db.tenant(tenant).repo::<Note>();
/// let mut milk = notes.create(NewNote { title: "milk".into(), done: false }).await?;
///
/// milk.title = "oat milk".into();
/// let milk = notes.update(&milk).await?; // the whole row, if nobody changed it meanwhile
/// let done = NotePatch::new().done(true);
/// let milk = notes.patch(milk.id, done).if_version(milk.version).await?; // some columns
///
/// notes.delete(milk.id).await?; // `soft_delete`: it is marked
/// assert!(notes.find(milk.id).await?.is_none());
/// let milk = notes.restore(milk.id).await?;
/// # Ok(())
/// # }
/// ```
impl<E: Entity, S: Scope> Repo<E, S> {
    /// Adds a row, with the id, tenant, times and version that the repository gives it, and returns
    /// it as it is stored.
    ///
    /// # Errors
    ///
    /// - [`is_conflict`](Error::is_conflict): another row has the same value in a unique column.
    /// - [`Error::ForeignKey`]: it refers to a row that is not there, or not of this tenant.
    /// - [`is_invalid_input`](Error::is_invalid_input): a value does not fit its column.
    /// - [`Error::TenantMismatch`]: what the type of the tenant makes of the session's is stored as another.
    pub fn create(&self, new: impl Into<E::New>) -> Writing<'_, E>
    where
        E::Tenancy: WritableFrom<S>,
    {
        let completed = self.complete_now(new.into());
        Writing::new(async move {
            let (Completed { entity, .. }, now) = completed?;
            insert_one(self, entity, now).await
        })
    }

    /// Adds all rows or none, and returns them in the same order.
    ///
    /// # Errors
    ///
    /// As for [`create`](Self::create), and [`row`](Error::row) tells which row is the cause: the first that is
    /// refused when they are added one after the other; if a value does not fit its column, the first of those
    /// rows, or else of those that `validate` refuses, as both are found before the database is asked. It is looked
    /// for after the failure. None is told where it was gone by then, where the connection was, or, on Postgres, where
    /// a row knows the id that was made for one that comes after it.
    ///
    /// A row may refer to one that comes before it, or to itself, where ids are assigned; not to one that comes
    /// after it.
    pub fn create_many<N: Into<E::New>>(
        &self,
        new: impl IntoIterator<Item = N>,
    ) -> Writing<'_, Vec<E>>
    where
        E::Tenancy: WritableFrom<S>,
    {
        let completed = self.complete_many(new, |completed| completed.entity);
        Writing::new(async move {
            let (entities, now) = completed?;
            insert_many(self, entities, now).await
        })
    }

    /// Adds a row unless one with the same key is there; then returns that one, if it has the values that the
    /// caller gave. A column with a `default` that was not set is not compared. However often and from however
    /// many places it is asked for at once, there is one row.
    ///
    /// `key` is a column that is `unique`, or a tuple of the columns of `unique(a, b)` in their order:
    /// `events.create_or_get(Event::REQUEST_ID, NewEvent { .. })`,
    /// `prices.create_or_get((Price::INSTRUMENT_ID, Price::DAY), NewPrice { .. })`. The id is one too where it is
    /// `assigned`.
    ///
    /// ```no_run
    /// # use repo_core::{Database, Repository, Result};
    /// # #[derive(Repository)]
    /// # #[repository(table = "payments")]
    /// # struct Payment { id: uuid::Uuid, #[repository(unique)] request: String, cents: i64 }
    /// # async fn f(db: Database, request: &str, cents: i64) -> Result<()> {
    /// let payments = db.session().repo::<Payment>();
    /// let new = NewPayment { request: request.to_owned(), cents };
    /// let payment = payments.create_or_get(Payment::REQUEST, new).await?;
    /// if !payment.is_new() {
    ///     println!("the request was sent before, and made {}", payment.entity.id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// - [`Error::IdempotencyMismatch`]: a row with this key has other values. The key finds it.
    /// - [`is_conflict`](Error::is_conflict): another row has the same value in another unique column, or `key` is the id
    ///   and a deleted row has it.
    /// - [`is_invalid_input`](Error::is_invalid_input): `key` is no unique key, or a part of it is `None`.
    pub fn create_or_get(
        &self,
        key: impl UniqueColumns<E>,
        new: impl Into<E::New>,
    ) -> Writing<'_, Keyed<E>>
    where
        E::Tenancy: WritableFrom<S>,
    {
        let (tenant, key) = (self.tenant(), key.columns());
        let completed = self.complete_now(new.into());
        Writing::new(async move {
            let (completed, now) = completed?;
            create_or_get(self, tenant?, &key, completed, now).await
        })
    }

    /// Writes `entity` over the row with the same id and returns what is then stored.
    ///
    /// The id, the tenant, the times, the version and the correlation are the repository's: they are
    /// not taken from `entity`, except that a `versioned` row must still have its version.
    ///
    /// # Errors
    ///
    /// - [`is_version_conflict`](Error::is_version_conflict): the row changed after `entity` was read.
    /// - [`is_not_found`](Error::is_not_found): no live row of this tenant has this id.
    /// - [`Error::TenantMismatch`]: `entity` belongs to another tenant.
    /// - [`is_invalid_input`](Error::is_invalid_input): a `fixed` column differs, or a value does not
    ///   fit its column.
    /// - [`is_conflict`](Error::is_conflict): another row has the same value in a unique column.
    pub fn update<'a>(&'a self, entity: &'a E) -> Writing<'a, E>
    where
        E: Mutable,
        E::Tenancy: WritableFrom<S>,
    {
        let tenant = self.tenant();
        Writing::new(async move { update_one(self, tenant?, entity).await })
    }

    /// Changes some columns of the row with this id, without reading it first. Awaited, it returns
    /// the row as it is then stored.
    ///
    /// A patch without columns changes nothing.
    ///
    /// # Errors
    ///
    /// As for [`update`](Self::update).
    pub fn patch(&self, id: E::Id, patch: impl IntoPatch<E>) -> Change<'_, E, S, E>
    where
        E: Mutable,
        E::Tenancy: WritableFrom<S>,
    {
        Change::patch(self, self.tenant(), id, patch.into())
    }

    /// Deletes the row with this id: marks it where the entity has `soft_delete`, removes it where it
    /// has not.
    ///
    /// # Errors
    ///
    /// - [`is_not_found`](Error::is_not_found): no live row of this tenant has this id.
    /// - [`Error::ForeignKey`]: a row refers to it, and the row was to be removed.
    pub fn delete(&self, id: E::Id) -> Change<'_, E, S, ()>
    where
        E: Mutable,
        E::Tenancy: WritableFrom<S>,
    {
        Change::delete(self, self.tenant(), id)
    }

    /// Brings a deleted row back and returns it.
    ///
    /// # Errors
    ///
    /// - [`Error::RestoreConflict`]: a live row has the same value in a unique column.
    /// - [`Error::NotDeleted`]: the row is live.
    /// - [`is_not_found`](Error::is_not_found): no row of this tenant has this id.
    pub fn restore(&self, id: E::Id) -> Change<'_, E, S, E>
    where
        E: SoftDelete,
        E::Tenancy: WritableFrom<S>,
    {
        Change::restore(self, self.tenant(), id)
    }

    /// Removes a deleted row for good, and with it what refers to it with `on_delete = cascade`.
    ///
    /// # Errors
    ///
    /// - [`Error::NotDeleted`]: the row is live.
    /// - [`is_not_found`](Error::is_not_found): no row of this tenant has this id.
    /// - [`Error::ForeignKey`]: a row refers to it.
    /// - [`Error::ValidationFailed`]: a row that goes with it was never deleted, and its `validate(delete)` refuses.
    pub fn purge(&self, id: E::Id) -> Change<'_, E, S, ()>
    where
        E: SoftDelete,
        E::Tenancy: WritableFrom<S>,
    {
        Change::purge(self, self.tenant(), id)
    }

    /// The entity that a new one becomes in this session. Its entry is of the same time.
    pub(crate) fn complete(&self, new: E::New, now: DateTime<Utc>) -> Result<Completed<E>>
    where
        E::Tenancy: WritableFrom<S>,
    {
        let (session, database) = (self.session(), self.session().database());
        let mut creation = Creation {
            table: E::TABLE,
            tenant: self.tenant()?,
            now,
            ids: database.ids(),
            correlation: session.correlation_id(),
            left: ColumnSet::default(),
        };
        let entity = new.into_valid(&mut creation)?;
        Ok(Completed { entity, left: creation.left })
    }

    /// The same, of this moment, which comes with it.
    pub(crate) fn complete_now(&self, new: E::New) -> Result<(Completed<E>, DateTime<Utc>)>
    where
        E::Tenancy: WritableFrom<S>,
    {
        let now = self.session().database().now()?;
        Ok((self.complete(new, now)?, now))
    }

    /// The same for many, of each what is kept of it.
    pub(crate) fn complete_many<N: Into<E::New>, T>(
        &self,
        new: impl IntoIterator<Item = N>,
        keep: fn(Completed<E>) -> T,
    ) -> Result<(Vec<T>, DateTime<Utc>)>
    where
        E::Tenancy: WritableFrom<S>,
    {
        let now = self.session().database().now()?;
        let complete = |(index, new): (usize, N)| {
            self.complete(new.into(), now).map(keep).map_err(|error| match error {
                invalid @ Error::ValidationFailed { .. } => invalid.in_row(index),
                other => other,
            })
        };
        let completed = new.into_iter().enumerate().map(complete).collect::<Result<_>>();
        Ok((completed?, now))
    }
}

async fn update_one<E: Entity, S: Scope>(
    repo: &Repo<E, S>,
    tenant: Option<Value<'_>>,
    entity: &E,
) -> Result<E> {
    let (table, crud) = (E::TABLE, repo.crud());
    let author = Author::of(repo.session(), table)?;
    let values = encode(entity)?;
    if let (Some(column), Some(tenant)) = (table.roles.tenant, &tenant)
        && values[column] != *tenant
    {
        return Err(Error::TenantMismatch { entity: table.entity });
    }
    let version = table.roles.version.map(|column| values[column].borrowed());
    let expected = version.clone().and_then(|version| i64::decode(version).ok());
    let set: Vec<_> =
        crud.update_columns.iter().map(|column| (*column, values[*column].borrowed())).collect();
    let asked = Asked { wants: Wants::Live, expected, fixed: Some(&values), set: &set, add: &[] };
    let Some(sql) = &crud.update else {
        return as_it_is(repo, tenant.as_ref(), entity.id(), asked).await;
    };
    let mut params: Vec<_> = set.iter().map(|(_, value)| value.borrowed()).collect();
    let now = author.as_ref().map(|author| author.at);
    params.push(Value::Timestamp(now.map_or_else(|| repo.session().database().now(), Ok)?));
    params.extend(tenant.as_ref().map(Value::borrowed));
    params.push(values[table.roles.id].borrowed());
    params.extend(version);
    params.extend(crud.fixed_columns.iter().map(|column| values[*column].borrowed()));
    let (tenant, author) = (tenant.as_ref(), author.as_ref());
    let id = entity.id();
    Attempt { repo, tenant, id, sql, params: &params, author, asked }.change().await
}

/// Where a transaction sees one snapshot, the database reports a stale row as a failure to serialize. A
/// deadlock is another thing, and so is what transactions read of each other: they say nothing about the row.
pub(crate) fn as_version_conflict<E: Entity>(
    error: Error,
    id: &E::Id,
    expected: Option<i64>,
) -> Error {
    match (error, expected) {
        (Error::Serialization { source }, Some(expected)) if source.is_row_changed() => {
            let (entity, id) = (E::TABLE.entity, crate::repo::id_in_words::<E>(id));
            Error::VersionConflict { entity, id, expected, actual: None }
        }
        (error, _) => error,
    }
}
