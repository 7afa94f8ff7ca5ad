//! Writing: each method is one statement, in the session's transaction or by itself.
//!
//! A statement that should have changed a row and changed none is an error, never a success. What a
//! policy forbids is a bound that is not met. How one row changes by its id is in `target.rs`.

use crate::backend::{Access, Insert, InsertRows, Row, Statement};
use crate::change::{Change, Writing};
use crate::column_type::ColumnType as _;
use crate::creation::Creation;
use crate::encode::Encoder;
use crate::entity::{Entity, Mutable, NewEntity, SoftDelete};
use crate::error::{Error, Result};
use crate::patch::Patch;
use crate::read::fetch_one;
use crate::repo::Repo;
use crate::scope::{Scope, WritableFrom};
use crate::target::{Wants, diagnose};
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
    let crud = repo.crud();
    let mut made = None;
    {
        let mut values = encode(&entity)?;
        if E::TABLE.has_identity() {
            values.remove(E::TABLE.roles.id);
        }
        let mut on_row = |row: &dyn Row| {
            made = Some(identity::<E>(row.value(0, Kind::I64))?);
            Ok(())
        };
        let statement = Statement {
            sql: &crud.insert,
            params: &values,
            access: Access::Write,
            table: E::TABLE,
        };
        repo.session().run(statement, &mut on_row).await?;
    }
    if let Some(id) = made {
        entity.set_id(id);
    }
    Ok(entity)
}

async fn insert_many<E: Entity, S: Scope>(
    repo: &Repo<E, S>,
    mut entities: Vec<E>,
) -> Result<Vec<E>> {
    if entities.is_empty() {
        return Ok(entities);
    }
    if repo.session().in_transaction() {
        // A value that fits no column is found before the database is asked, so that the transaction
        // can go on; by itself an insert of which a row does not fit does nothing anyway.
        entities.iter().try_for_each(|entity| encode(entity).map(drop))?;
    }
    let identities = {
        let insert = Insert {
            table: E::TABLE,
            columns: &repo.crud().insert_columns,
            sql: &repo.crud().insert,
            rows: &Entities(&entities),
        };
        repo.session().insert(insert).await?
    };
    for (entity, id) in entities.iter_mut().zip(identities) {
        entity.set_id(identity::<E>(Ok(Value::I64(id)))?);
    }
    Ok(entities)
}

async fn update_one<E: Entity, S: Scope>(
    repo: &Repo<E, S>,
    tenant: Option<Value<'_>>,
    entity: &E,
) -> Result<E> {
    let (table, crud) = (E::TABLE, repo.crud());
    let values = encode(entity)?;
    if let (Some(column), Some(tenant)) = (table.roles.tenant, &tenant)
        && values[column] != *tenant
    {
        return Err(Error::TenantMismatch { entity: table.entity });
    }
    let version = table.roles.version.map(|column| values[column].borrowed());
    let mut params = Vec::with_capacity(values.len() + 1);
    params.extend(crud.update_columns.iter().map(|column| values[*column].borrowed()));
    params.push(Value::Timestamp(repo.session().database().now()));
    params.extend(tenant.as_ref().map(Value::borrowed));
    params.push(values[table.roles.id].borrowed());
    params.extend(version.clone());
    params.extend(crud.fixed_columns.iter().map(|column| values[*column].borrowed()));
    let updated = fetch_one(repo.session(), &crud.update, &params, Access::Write).await;
    let expected = version.and_then(|version| i64::decode(version).ok());
    match updated.map_err(|error| as_version_conflict::<E>(error, entity.id(), expected))? {
        Some(updated) => Ok(updated),
        None => {
            Err(diagnose(repo, tenant, entity.id(), Wants::Live, expected, Some(&values)).await?)
        }
    }
}

/// Entities as the rows of an insert.
struct Entities<'e, E>(&'e [E]);

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

/// All columns of an entity.
fn encode<E: Entity>(entity: &E) -> Result<Vec<Value<'_>>> {
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
fn identity<E: Entity>(value: Result<Value<'_>, crate::InvalidValue>) -> Result<E::Id> {
    value.and_then(E::Id::decode).map_err(|invalid| Error::Decode {
        entity: E::TABLE.entity,
        column: E::TABLE.id().name,
        reason: invalid.into_reason(),
    })
}
