//! Writing: each method is one statement, in the session's transaction or by itself.
//!
//! A statement that should have changed a row and changed none is an error, never a success. What a
//! policy forbids is a bound that is not met. How one row changes by its id is in `target.rs`.

use crate::audit::Action;
use crate::audit::author::Author;
use crate::backend::{Access, Insert, InsertRows, Row, Statement};
use crate::change::{Change, Writing};
use crate::column_type::ColumnType as _;
use crate::creation::Creation;
use crate::encode::Encoder;
use crate::entity::{Entity, Mutable, NewEntity, SoftDelete};
use crate::error::{Error, Result};
use crate::idempotent::{CreateOrGet, UniqueColumns, create_or_get};
use crate::parents::{self, Parents};
use crate::patch::Patch;
use crate::perform::{self, one};
use crate::repo::Repo;
use crate::scope::{Scope, WritableFrom};
use crate::session::Session;
use crate::target::{Asked, Wants, as_it_is, until_met};
use crate::value::{Kind, Value};

/// The SQLSTATE of a failure to serialize.
const SERIALIZATION_FAILURE: &str = "40001";

/// Writing: rows of the session's tenant.
impl<E: Entity, S: Scope> Repo<E, S> {
    /// Adds a row, with the id, tenant, times and version that the repository gives it, and returns
    /// it as it is stored.
    ///
    /// # Errors
    ///
    /// - [`is_conflict`](Error::is_conflict): another row has the same value in a unique column.
    /// - [`Error::ForeignKey`]: it refers to a row that is not there, or not of this tenant.
    /// - [`is_invalid_input`](Error::is_invalid_input): a value does not fit its column.
    pub fn create(&self, new: impl Into<E::New>) -> Writing<'_, E>
    where
        E::Tenancy: WritableFrom<S>,
    {
        let entity = self.complete(new.into());
        Writing::new(async move { insert_one(self, entity?).await })
    }

    /// Adds all rows or none, and returns them in the same order.
    ///
    /// # Errors
    ///
    /// As for [`create`](Self::create).
    pub fn create_many<N: Into<E::New>>(
        &self,
        new: impl IntoIterator<Item = N>,
    ) -> Writing<'_, Vec<E>>
    where
        E::Tenancy: WritableFrom<S>,
    {
        let entities: Result<Vec<E>> =
            new.into_iter().map(|new| self.complete(new.into())).collect();
        Writing::new(async move { insert_many(self, entities?).await })
    }

    /// Adds a row unless one with the same key is there; then returns that one, if the caller gave the same
    /// values for all columns. However often and from however many places it is asked for at once, there
    /// is one row.
    ///
    /// `key` is a column that is `unique`, or the columns of `unique(a, b)` in their order:
    /// `events.create_or_get(Event::REQUEST_ID, NewEvent { .. })`.
    ///
    /// # Errors
    ///
    /// - [`Error::IdempotencyMismatch`]: a row with this key has other values.
    /// - [`is_conflict`](Error::is_conflict): another row has the same value in another unique column.
    /// - [`is_invalid_input`](Error::is_invalid_input): `key` is no unique key, or a part of it is `None`.
    pub fn create_or_get(
        &self,
        key: impl UniqueColumns<E>,
        new: impl Into<E::New>,
    ) -> Writing<'_, CreateOrGet<E>>
    where
        E::Tenancy: WritableFrom<S>,
    {
        let (tenant, key, entity) = (self.tenant(), key.columns(), self.complete(new.into()));
        Writing::new(async move { create_or_get(self, tenant?, &key, entity?).await })
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
    pub fn patch(&self, id: E::Id, patch: impl Into<Patch<E>>) -> Change<'_, E, S, E>
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

    /// Removes a deleted row for good.
    ///
    /// # Errors
    ///
    /// - [`Error::NotDeleted`]: the row is live.
    /// - [`is_not_found`](Error::is_not_found): no row of this tenant has this id.
    /// - [`Error::ForeignKey`]: a row refers to it.
    pub fn purge(&self, id: E::Id) -> Change<'_, E, S, ()>
    where
        E: SoftDelete,
        E::Tenancy: WritableFrom<S>,
    {
        Change::purge(self, self.tenant(), id)
    }

    /// The entity that a new one becomes in this session.
    fn complete(&self, new: E::New) -> Result<E>
    where
        E::Tenancy: WritableFrom<S>,
    {
        let (session, database) = (self.session(), self.session().database());
        let mut creation = Creation {
            table: E::TABLE,
            tenant: self.tenant()?,
            now: database.now(),
            ids: database.ids(),
            correlation: session.correlation_id(),
        };
        new.into_entity(&mut creation)
    }
}

async fn insert_one<E: Entity, S: Scope>(repo: &Repo<E, S>, mut entity: E) -> Result<E> {
    let Some(author) = Author::of(repo.session(), E::TABLE)? else {
        let made = insert_plain(repo.session(), repo, &entity).await?;
        return Ok(with_id(entity, made));
    };
    let recorded = repo.crud().recorded_insert.as_deref();
    if let Some(sql) = recorded.filter(|_| !repo.session().in_transaction()) {
        let mut params = insert_values(&entity)?;
        params.extend(author.params(E::TABLE.name, Action::Create));
        let mut read = |row: &dyn Row| {
            let has_identity = E::TABLE.has_identity();
            let id = has_identity.then(|| row.value(E::TABLE.roles.id, Kind::I64));
            id.map(identity::<E>).transpose()
        };
        let made = one(repo.session(), E::TABLE, sql, &params, &mut read).await?;
        params.truncate(repo.crud().insert_columns.len());
        let made = unless_refused(repo.session(), &entity, made).await?;
        return Ok(with_id(entity, made));
    }
    let own = repo.session().own_transaction().await?;
    let done = async {
        let made = insert_plain(own.session(), repo, &entity).await?;
        entity = with_id(entity, made);
        record_created(own.session(), &author, std::slice::from_ref(&entity)).await?;
        Ok(entity)
    }
    .await;
    own.finish(done).await
}

/// Inserts the row alone. Returns the id, where the database makes it.
async fn insert_plain<E: Entity, S: Scope>(
    session: &Session<S>,
    repo: &Repo<E, S>,
    entity: &E,
) -> Result<Option<E::Id>> {
    let params = &insert_values(entity)?;
    let mut made = None;
    let mut read = |row: &dyn Row| {
        if E::TABLE.has_identity() {
            made = Some(identity::<E>(row.value(0, Kind::I64))?);
        }
        Ok(())
    };
    let guarded = repo.crud().guarded_insert.as_deref();
    let sql = guarded.unwrap_or(&repo.crud().insert);
    let statement = Statement { sql, params, access: Access::Write, table: E::TABLE };
    let added = session.run(statement, &mut read).await?;
    unless_refused(session, entity, (added > 0 || guarded.is_none()).then_some(made)).await
}

/// The id of a row that was added; where none was, it would have referred to a deleted one.
async fn unless_refused<E: Entity, S: Scope>(
    session: &Session<S>,
    entity: &E,
    made: Option<Option<E::Id>>,
) -> Result<Option<E::Id>> {
    if let Some(id) = made {
        return Ok(id);
    }
    let parents = parents_of(std::slice::from_ref(entity))?;
    let refused = parents.refused(session, tenant_of(entity)?.as_ref()).await?;
    Err(refused)
}

/// Appends an entry for each row that was added.
async fn record_created<E: Entity, S: Scope>(
    session: &Session<S>,
    author: &Author,
    entities: &[E],
) -> Result<()> {
    let mut entries = Vec::with_capacity(entities.len());
    for entity in entities {
        let row = encode(entity)?;
        entries.extend(perform::entry(E::TABLE, Action::Create, author, None, Some(&row))?);
    }
    session.record(entries).await
}

pub(crate) fn with_id<E: Entity>(mut entity: E, made: Option<E::Id>) -> E {
    if let Some(id) = made {
        entity.set_id(id);
    }
    entity
}

async fn insert_many<E: Entity, S: Scope>(
    repo: &Repo<E, S>,
    mut entities: Vec<E>,
) -> Result<Vec<E>> {
    let author = Author::of(repo.session(), E::TABLE)?;
    if entities.is_empty() {
        return Ok(entities);
    }
    if author.is_none() && !parents::has_marked(E::TABLE) {
        insert_rows(repo.session(), repo, &mut entities).await?;
        return Ok(entities);
    }
    let own = repo.session().own_transaction().await?;
    let done = async {
        check_parents(own.session(), &entities).await?;
        insert_rows(own.session(), repo, &mut entities).await?;
        if let Some(author) = &author {
            record_created(own.session(), author, &entities).await?;
        }
        Ok(entities)
    }
    .await;
    own.finish(done).await
}

/// Refuses rows that would refer to a deleted one.
pub(crate) async fn check_parents<E: Entity, S: Scope>(
    session: &Session<S>,
    entities: &[E],
) -> Result<()> {
    match entities.first().filter(|_| parents::has_marked(E::TABLE)) {
        Some(first) => parents_of(entities)?.check(session, tenant_of(first)?.as_ref()).await,
        None => Ok(()),
    }
}

/// What rows refer to that can be deleted.
fn parents_of<E: Entity>(entities: &[E]) -> Result<Parents<'_>> {
    let mut parents = Parents::of(E::TABLE);
    for entity in entities {
        parents.add_row(&encode(entity)?);
    }
    Ok(parents)
}

/// The tenant of a row, which is that of the session.
fn tenant_of<E: Entity>(entity: &E) -> Result<Option<Value<'static>>> {
    let Some(column) = E::TABLE.roles.tenant else { return Ok(None) };
    Ok(encode(entity)?.into_iter().nth(column).map(Value::into_owned))
}

/// Inserts the rows alone, and sets the ids that the database makes.
async fn insert_rows<E: Entity, S: Scope>(
    session: &Session<S>,
    repo: &Repo<E, S>,
    entities: &mut [E],
) -> Result<()> {
    if session.in_transaction() {
        // A value that fits no column is found before the database is asked, so that the transaction
        // can go on; by itself an insert of which a row does not fit does nothing anyway.
        entities.iter().try_for_each(|entity| encode(entity).map(drop))?;
    }
    let identities = {
        let insert = Insert {
            table: E::TABLE,
            columns: &repo.crud().insert_columns,
            sql: &repo.crud().insert,
            rows: &Entities(entities),
        };
        session.insert(insert).await?
    };
    for (entity, id) in entities.iter_mut().zip(identities) {
        entity.set_id(identity::<E>(Ok(Value::I64(id)))?);
    }
    Ok(())
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
    let asked =
        Asked { wants: Wants::Live, expected, fixed: Some(&values), set: &set, adds: false };
    let Some(sql) = &crud.update else {
        return as_it_is(repo, tenant.as_ref(), entity.id(), asked).await;
    };
    let mut params: Vec<_> = set.iter().map(|(_, value)| value.borrowed()).collect();
    let now = author.as_ref().map(|author| author.at);
    params.push(Value::Timestamp(now.unwrap_or_else(|| repo.session().database().now())));
    params.extend(tenant.as_ref().map(Value::borrowed));
    params.push(values[table.roles.id].borrowed());
    params.extend(version);
    params.extend(crud.fixed_columns.iter().map(|column| values[*column].borrowed()));
    until_met(repo, tenant.as_ref(), entity.id(), sql, &params, author.as_ref(), asked).await
}

/// Entities as the rows of an insert.
pub(crate) struct Entities<'e, E>(pub(crate) &'e [E]);

impl<E: Entity> InsertRows for Entities<'_, E> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn encode<'a>(&'a self, index: usize, values: &mut Vec<Value<'a>>) -> Result<()> {
        let mut encoder = Encoder::reuse(E::TABLE, std::mem::take(values));
        self.0[index].encode(&mut encoder);
        *values = encoder.finish()?;
        if E::TABLE.has_identity() {
            values.remove(E::TABLE.roles.id);
        }
        Ok(())
    }
}

/// The columns of an entity that an insert gives.
pub(crate) fn insert_values<E: Entity>(entity: &E) -> Result<Vec<Value<'_>>> {
    let mut values = encode(entity)?;
    if E::TABLE.has_identity() {
        values.remove(E::TABLE.roles.id);
    }
    Ok(values)
}

/// All columns of an entity.
pub(crate) fn encode<E: Entity>(entity: &E) -> Result<Vec<Value<'_>>> {
    let mut encoder = Encoder::new(E::TABLE);
    entity.encode(&mut encoder);
    encoder.finish()
}

/// Where a transaction sees one snapshot, the database reports a stale row as a failure to serialize. A
/// deadlock is another thing: it says nothing about the row.
pub(crate) fn as_version_conflict<E: Entity>(
    error: Error,
    id: &E::Id,
    expected: Option<i64>,
) -> Error {
    match (error, expected) {
        (Error::Serialization { source }, Some(expected))
            if source.code.as_deref() == Some(SERIALIZATION_FAILURE) =>
        {
            let (entity, id) = (E::TABLE.entity, crate::repo::id_in_words::<E>(id));
            Error::VersionConflict { entity, id, expected, actual: None }
        }
        (error, _) => error,
    }
}

/// The id that the database made.
pub(crate) fn identity<E: Entity>(value: Result<Value<'_>, crate::InvalidValue>) -> Result<E::Id> {
    value.and_then(E::Id::decode).map_err(|invalid| Error::Decode {
        entity: E::TABLE.entity,
        column: E::TABLE.id().name,
        reason: invalid.into_reason(),
    })
}
