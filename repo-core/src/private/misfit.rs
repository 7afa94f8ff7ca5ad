//! Stand-ins for fields whose types are a mistake.
//!
//! Rust prefers a type's own function to one of a trait, so `Field::<T>::encode` is the real one wherever
//! `T` is a column type, and the one of [`Misfit`] otherwise. Nothing here ever runs: the question about
//! the field has already failed to compile.

use super::{
    ColumnDescription, Field, JsonField, Managed, OptionalJsonField, Parent, Shown, Timestamp,
};
use crate::column::Column;
use crate::entity::{Entity, NewEntity};
use crate::error::Result;
use crate::filter::Filter;
use crate::json::Json;
use crate::read::IdKey;
use crate::schema::table::Table;
use crate::value::encode::{Decoder, Encoder};
use crate::value::{InvalidValue, Kind, Value};
use crate::write::creation::Creation;
use crate::write::patch::Patch;

const NEVER: &str = "a field whose type does not fit does not compile";

/// A field whose type does not fit in a column.
pub trait Misfit {
    /// The type of the field.
    type Value;
    /// The type of the column's constant.
    type Stored;

    /// Any column.
    const COLUMN: ColumnDescription = ColumnDescription::MISFIT;

    /// Writes nothing.
    fn encode<'a>(_: &'a Self::Value, _: &mut Encoder<'a>) {}

    /// Reads nothing.
    ///
    /// # Errors
    ///
    /// None: it does not return.
    fn decode(_: &mut Decoder<'_>) -> Result<Self::Value> {
        unreachable!("{NEVER}")
    }

    /// The value.
    fn given(_: &Creation<'_>, _: usize, value: Self::Value) -> Self::Value {
        value
    }

    /// The value, or the default.
    fn given_or(
        _: &mut Creation<'_>,
        _: usize,
        value: Option<Self::Value>,
        default: impl FnOnce() -> Self::Value,
    ) -> Self::Value {
        value.unwrap_or_else(default)
    }

    /// Sets nothing.
    fn set<E>(patch: Patch<E>, _: Column<E, Self::Stored>, _: Self::Value) -> Patch<E> {
        patch
    }

    /// No value.
    ///
    /// # Errors
    ///
    /// None: it does not return.
    fn stored(_: &Self::Value, _: Kind) -> Result<Value<'static>, InvalidValue> {
        unreachable!("{NEVER}")
    }

    /// No rows.
    fn equals<E>(_: Column<E, Self::Stored>, _: impl Sized) -> Filter<E> {
        unreachable!("{NEVER}")
    }

    /// No id.
    fn reference(_: &Self::Value) -> Option<IdKey> {
        unreachable!("{NEVER}")
    }

    /// Shows nothing.
    fn show(_: &mut Shown<'_, '_>, _: usize, _: &Self::Value) {}
}

/// A field whose type cannot hold what the repository would write.
pub trait Unmanaged<T> {
    /// Asks nothing.
    fn is_made() {}

    /// Makes nothing.
    ///
    /// # Errors
    ///
    /// None: it does not return.
    fn new_id(_: &mut Creation<'_>) -> Result<T> {
        unreachable!("{NEVER}")
    }

    /// Makes nothing.
    ///
    /// # Errors
    ///
    /// None: it does not return.
    fn session_tenant(_: &Creation<'_>) -> Result<T> {
        unreachable!("{NEVER}")
    }

    /// Makes nothing.
    ///
    /// # Errors
    ///
    /// None: it does not return.
    fn session_correlation(_: &Creation<'_>) -> Result<T> {
        unreachable!("{NEVER}")
    }

    /// Makes nothing.
    fn first_version(_: &Creation<'_>) -> T {
        unreachable!("{NEVER}")
    }

    /// Makes nothing.
    fn time_of_creation(_: &Creation<'_>) -> T {
        unreachable!("{NEVER}")
    }

    /// Makes nothing.
    fn not_deleted() -> T {
        unreachable!("{NEVER}")
    }

    /// Makes nothing.
    fn no_deletion() -> T {
        unreachable!("{NEVER}")
    }

    /// No version.
    fn read_version(_: &T) -> i64 {
        unreachable!("{NEVER}")
    }

    /// No time.
    fn read_deleted_at(_: &T) -> Option<Timestamp> {
        unreachable!("{NEVER}")
    }
}

/// A type that is referred to and is no entity.
pub trait NoParent {
    /// Asks nothing.
    fn is_referred_to_by<T, O>() {}

    /// Asks nothing.
    fn takes_along<C, O>() {}

    /// No table.
    fn table() -> &'static Table {
        unreachable!("{NEVER}")
    }
}

impl<T> Misfit for Field<T> {
    type Value = T;
    type Stored = T;
}

impl<T> Misfit for JsonField<T> {
    type Value = T;
    type Stored = Json<T>;
}

impl<T> Misfit for OptionalJsonField<T> {
    type Value = Option<T>;
    type Stored = Option<Json<T>>;
}

impl<T> Unmanaged<T> for Managed<T> {}

impl<E> NoParent for Parent<E> {}

/// The input of an entity that could not be read.
#[derive(Debug)]
pub struct Unknown<E>(std::marker::PhantomData<fn() -> E>);

impl<E: Entity> NewEntity for Unknown<E> {
    type Entity = E;

    fn into_entity(self, _: &mut Creation<'_>) -> Result<E> {
        unreachable!("{NEVER}")
    }
}

/// The table of an entity that could not be read.
pub const UNKNOWN_TABLE: &Table = &Table::bare("", "", &[]);
