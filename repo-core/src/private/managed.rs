//! What the repository writes by itself, for a field whose type can hold it.

use std::fmt;
use std::marker::PhantomData;

use super::{DeletedWith, GoesWith, IdOf, MadeId, RefersTo, Timestamp};
use crate::entity::Entity;
use crate::error::Result;
use crate::schema::table::Table;
use crate::session::correlation::Correlation;
use crate::value::column_type::{ColumnType, Generated};
use crate::write::creation::Creation;

/// A field that the repository writes.
pub struct Managed<T>(PhantomData<fn() -> T>);

/// The entity that a column refers to.
pub struct Parent<E>(PhantomData<fn() -> E>);

impl<T: ColumnType<Class: Generated>> Managed<T> {
    /// A new id.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`](crate::Error::InvalidInput): the type refuses it.
    pub fn new_id(creation: &mut Creation<'_>) -> Result<T> {
        creation.id()
    }
}

impl<T: ColumnType> Managed<T> {
    /// Ids of the type can be made.
    pub fn is_made()
    where
        T: MadeId,
    {
    }

    /// The tenant of the session.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`](crate::Error::InvalidInput): the type refuses it.
    pub fn session_tenant(creation: &Creation<'_>) -> Result<T> {
        creation.tenant()
    }
}

impl<T: Correlation> Managed<T> {
    /// The correlation of the session.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`](crate::Error::InvalidInput): the session has none that fits.
    pub fn session_correlation(creation: &Creation<'_>) -> Result<T> {
        creation.correlation()
    }
}

impl Managed<i64> {
    /// The version of a new row.
    pub fn first_version(creation: &Creation<'_>) -> i64 {
        creation.version()
    }

    /// The version of a row.
    pub fn read_version(field: &i64) -> i64 {
        *field
    }
}

impl Managed<Timestamp> {
    /// The time of creation.
    pub fn time_of_creation(creation: &Creation<'_>) -> Timestamp {
        creation.now()
    }
}

impl Managed<Option<Timestamp>> {
    /// When a new row was deleted: it is live.
    pub fn not_deleted() -> Option<Timestamp> {
        None
    }

    /// When a row was deleted.
    pub fn read_deleted_at(field: &Option<Timestamp>) -> Option<Timestamp> {
        *field
    }
}

impl Managed<Option<uuid::Uuid>> {
    /// The deletion that deleted a new row: it is live.
    pub fn no_deletion() -> Option<uuid::Uuid> {
        None
    }
}

impl<E: Entity> Parent<E> {
    /// A column of `T`, of an entity of this tenancy, can hold the id of the parent.
    pub fn is_referred_to_by<T: IdOf<E>, O: RefersTo<E::Tenancy>>() {}

    /// Rows of `C`, of this tenancy, can be deleted with a row of the parent.
    pub fn takes_along<C: DeletedWith<E>, O: GoesWith<E::Tenancy>>() {}

    /// The table referred to.
    pub fn table() -> &'static Table {
        E::TABLE
    }
}

impl<T> fmt::Debug for Managed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Managed")
    }
}

impl<E> fmt::Debug for Parent<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Parent")
    }
}
