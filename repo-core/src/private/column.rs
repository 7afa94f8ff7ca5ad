//! A field whose type fits in its column: to a value and back, as it is or as JSON.

use std::fmt;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{OperandOf, Shown};
use crate::column::Column;
use crate::entity::Entity;
use crate::error::Result;
use crate::filter::Filter;
use crate::json::{self, Json};
use crate::read::IdKey;
use crate::schema::table::{AddedWith, ColumnDef, Ids};
use crate::value::column_type::{ColumnType, Comparable};
use crate::value::encode::{Decoder, Encoder};
use crate::value::{InvalidValue, Kind, Value};
use crate::write::creation::Creation;
use crate::write::patch::Patch;

/// A field of a column type.
pub struct Field<T>(PhantomData<fn() -> T>);

/// A field that is stored as JSON.
pub struct JsonField<T>(PhantomData<fn() -> T>);

/// An `Option` field that is stored as JSON, or as `NULL`.
pub struct OptionalJsonField<T>(PhantomData<fn() -> T>);

/// A column, as far as the type of its field says.
#[derive(Debug)]
pub struct ColumnDescription {
    def: ColumnDef,
    mistake: Option<&'static str>,
}

impl<T: ColumnType> Field<T> {
    /// The column.
    pub const COLUMN: ColumnDescription = ColumnDescription::of::<T>();

    /// Writes the field.
    pub fn encode<'a>(value: &'a T, row: &mut Encoder<'a>) {
        row.column(value);
    }

    /// Reads the field.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`](crate::Error::Decode): the value is nothing that the type can hold.
    pub fn decode(row: &mut Decoder<'_>) -> Result<T> {
        row.column()
    }

    /// The field of a new row, as it will be read back.
    pub fn given(creation: &Creation<'_>, column: usize, value: T) -> T {
        creation.given(column, value)
    }

    /// The same of a field with a default, which it has where it was not set.
    pub fn given_or(
        creation: &mut Creation<'_>,
        column: usize,
        value: Option<T>,
        default: impl FnOnce() -> T,
    ) -> T {
        let value = creation.set_or(column, value, default);
        creation.given(column, value)
    }

    /// Sets the column in a patch.
    pub fn set<E: Entity>(patch: Patch<E>, column: Column<E, T>, value: T) -> Patch<E> {
        patch.set(column, value)
    }

    /// What a column of this kind stores of the value.
    ///
    /// # Errors
    ///
    /// The column cannot hold it.
    pub fn stored(value: &T, kind: Kind) -> Result<Value<'static>, InvalidValue> {
        value.encode(kind).map(Value::into_owned)
    }

    /// Shows the field in `Debug`.
    pub fn show(shown: &mut Shown<'_, '_>, column: usize, value: &T) {
        shown.field(column, |def| value.encode(def.kind));
    }

    /// The id that the field holds, if it holds one.
    pub fn reference(value: &T) -> Option<IdKey> {
        value.encode(T::KIND).ok().and_then(|value| IdKey::of_some(&value))
    }
}

impl<T: ColumnType> Field<T>
where
    <T::Bare as ColumnType>::Class: Comparable,
{
    /// The rows whose column is equal to `value`.
    pub fn equals<E: Entity>(column: Column<E, T>, value: impl OperandOf<T>) -> Filter<E> {
        column.eq(value.into_bare())
    }
}

impl<T: Serialize + DeserializeOwned + Send + Sync + 'static> JsonField<T> {
    /// The column.
    pub const COLUMN: ColumnDescription = ColumnDescription::of::<Json<T>>();

    /// Writes the field.
    pub fn encode<'a>(value: &'a T, row: &mut Encoder<'a>) {
        row.json(value);
    }

    /// Reads the field.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`](crate::Error::Decode): the document is nothing that the type can hold.
    pub fn decode(row: &mut Decoder<'_>) -> Result<T> {
        row.json()
    }

    /// The field of a new row.
    pub fn given(_: &Creation<'_>, _: usize, value: T) -> T {
        value
    }

    /// The same of a field with a default, which it has where it was not set.
    pub fn given_or(
        creation: &mut Creation<'_>,
        column: usize,
        value: Option<T>,
        default: impl FnOnce() -> T,
    ) -> T {
        creation.set_or(column, value, default)
    }

    /// Sets the column in a patch.
    pub fn set<E: Entity>(patch: Patch<E>, column: Column<E, Json<T>>, value: T) -> Patch<E> {
        patch.set(column, Json(value))
    }

    /// What a column of this kind stores of the value.
    ///
    /// # Errors
    ///
    /// The column cannot hold it.
    pub fn stored(value: &T, _: Kind) -> Result<Value<'static>, InvalidValue> {
        json::to_value(value)
    }

    /// Shows the field in `Debug`.
    pub fn show(shown: &mut Shown<'_, '_>, column: usize, value: &T) {
        shown.field(column, |_| json::to_value(value));
    }
}

impl<T: Serialize + DeserializeOwned + Send + Sync + 'static> OptionalJsonField<T> {
    /// The column.
    pub const COLUMN: ColumnDescription = ColumnDescription::of::<Option<Json<T>>>();

    /// Writes the field.
    pub fn encode<'a>(value: &'a Option<T>, row: &mut Encoder<'a>) {
        row.json_option(value);
    }

    /// Reads the field.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`](crate::Error::Decode): the document is nothing that the type can hold.
    pub fn decode(row: &mut Decoder<'_>) -> Result<Option<T>> {
        row.json_option()
    }

    /// The field of a new row.
    pub fn given(_: &Creation<'_>, _: usize, value: Option<T>) -> Option<T> {
        value
    }

    /// The same of a field with a default, which it has where it was not set.
    pub fn given_or(
        creation: &mut Creation<'_>,
        column: usize,
        value: Option<Option<T>>,
        default: impl FnOnce() -> Option<T>,
    ) -> Option<T> {
        creation.set_or(column, value, default)
    }

    /// Sets the column in a patch.
    pub fn set<E: Entity>(
        patch: Patch<E>,
        column: Column<E, Option<Json<T>>>,
        value: Option<T>,
    ) -> Patch<E> {
        patch.set(column, value.map(Json))
    }

    /// What a column of this kind stores of the value.
    ///
    /// # Errors
    ///
    /// The column cannot hold it.
    pub fn stored(value: &Option<T>, kind: Kind) -> Result<Value<'static>, InvalidValue> {
        match value {
            Some(value) => json::to_value(value),
            None => Ok(Value::Null(kind)),
        }
    }

    /// Shows the field in `Debug`.
    pub fn show(shown: &mut Shown<'_, '_>, column: usize, value: &Option<T>) {
        match value {
            Some(value) => JsonField::<T>::show(shown, column, value),
            None => shown.field(column, |def| Ok(crate::value::Value::Null(def.kind))),
        }
    }
}

impl ColumnDescription {
    pub(super) const MISFIT: Self = Self::new(Kind::Bool, false, &[]);

    const fn of<T: ColumnType>() -> Self {
        Self::new(T::KIND, T::NULLABLE, T::VARIANTS)
    }

    const fn new(kind: Kind, nullable: bool, variants: &'static [&'static str]) -> Self {
        let def = ColumnDef {
            name: "",
            kind,
            nullable,
            variants,
            max_length: None,
            fixed: false,
            sensitive: false,
            formerly: &[],
            added_with: None,
            default: None,
        };
        Self { def, mistake: None }
    }

    /// Declares the digits of a decimal.
    #[must_use]
    pub const fn decimal(mut self, precision: u8, scale: u8) -> Self {
        if !matches!(self.def.kind, Kind::Decimal { .. }) {
            self.mistake = Some("`decimal` is for decimals, and this column is none");
        }
        self.def.kind = Kind::Decimal { precision, scale };
        self
    }

    /// Declares the most characters of a text.
    #[must_use]
    pub const fn max_length(mut self, most: u32) -> Self {
        if !matches!(self.def.kind, Kind::Text) {
            self.mistake = Some("`max_length` is for texts, and this column is none");
        }
        self.def.max_length = Some(most);
        self
    }

    /// Panics on what the questions cannot ask of a type parameter.
    #[must_use]
    pub const fn checked(mut self) -> Self {
        if matches!(self.def.kind, Kind::Decimal { precision: 0, .. }) {
            self.mistake = Some("this column is a decimal of unknown size");
        }
        if let Some(mistake) = self.mistake {
            panic!("{}", mistake);
        }
        self
    }

    /// Declares that the column never changes.
    #[must_use]
    pub const fn fixed(mut self) -> Self {
        self.def.fixed = true;
        self
    }

    /// Declares that the column is never shown.
    #[must_use]
    pub const fn sensitive(mut self) -> Self {
        self.def.sensitive = true;
        self
    }

    /// Declares the names that the column had before.
    #[must_use]
    pub const fn formerly(mut self, names: &'static [&'static str]) -> Self {
        self.def.formerly = names;
        self
    }

    /// Declares what rows of before the column have in it.
    #[must_use]
    pub const fn added_with(mut self, value: AddedWith) -> Self {
        self.def.added_with = Some(value);
        self
    }

    /// Declares what a new row has in it where nobody gives a value.
    #[must_use]
    pub const fn defaulted(mut self, value: AddedWith) -> Self {
        self.def.default = Some(value);
        self
    }

    /// Who makes the values of such a column where it is an id that is not assigned.
    pub const fn ids(&self) -> Ids {
        if matches!(self.def.kind, Kind::I64) { Ids::Numbered } else { Ids::Made }
    }

    /// The column with its name.
    #[must_use]
    pub const fn named(self, name: &'static str) -> ColumnDef {
        ColumnDef { name, ..self.def }
    }
}

impl<T> fmt::Debug for Field<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Field")
    }
}

impl<T> fmt::Debug for JsonField<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JsonField")
    }
}

impl<T> fmt::Debug for OptionalJsonField<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OptionalJsonField")
    }
}
