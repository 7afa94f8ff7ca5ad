//! Which Rust types fit in a column, and how each becomes a [`Value`] and comes back.
//!
//! The impls are in `column_types/`. How a database stores a [`Kind`] is not decided here.

use chrono::{DateTime, Utc};

use crate::backend::Row;
use crate::value::stored::stored;
use crate::value::{InvalidValue, Kind, Value};

/// A type that fits in a column.
///
/// Implemented for `bool`, `i16`, `i32`, `i64`, `f32`, `f64`, `String`, `Vec<u8>`, [`uuid::Uuid`],
/// `DateTime<Utc>`, `NaiveDate`, `NaiveTime`, `serde_json::Value`, `rust_decimal::Decimal` (feature
/// `decimal`), and `Option` of any of them. `#[derive(ColumnEnum)]` implements it for an enum without
/// payload, `#[derive(ColumnType)]` for a struct that wraps another column type.
///
/// Written by hand for a type that checks what it holds:
///
/// ```
/// use repo_core::{ColumnType, InvalidValue, Kind, Value};
///
/// /// An e-mail address: text with an `@` in it.
/// #[derive(Debug, Clone, PartialEq)]
/// pub struct Email(String);
///
/// impl ColumnType for Email {
///     type Bare = Self;
///     type Class = <String as ColumnType>::Class;
///     const KIND: Kind = String::KIND;
///
///     fn encode(&self, kind: Kind) -> Result<Value<'_>, InvalidValue> {
///         self.0.encode(kind)
///     }
///
///     fn decode(value: Value<'_>) -> Result<Self, InvalidValue> {
///         let text = String::decode(value)?;
///         if !text.contains('@') {
///             return Err(InvalidValue::new("is not an e-mail address"));
///         }
///         Ok(Self(text))
///     }
/// }
/// ```
#[cfg_attr(
    not(feature = "decimal"),
    diagnostic::on_unimplemented(
        note = "a `rust_decimal::Decimal` is a column type with the feature `decimal` of `repo-core`"
    )
)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not fit in a column",
    label = "not a column type",
    note = "a text is a `String`, a moment a `DateTime<Utc>`, and a whole number an `i64`, `i32` or `i16`",
    note = "a field of anything else is stored as JSON with `#[repository(json)]`; an enum derives `ColumnEnum`, a newtype `ColumnType`"
)]
pub trait ColumnType: Sized + Send + Sync + 'static {
    /// The type without `Option`: what the column is compared with.
    type Bare: ColumnType;

    /// What can be done with the column: one of [`class`].
    type Class;

    /// What the column stores.
    const KIND: Kind;

    /// Whether the column takes `NULL`: true for `Option` alone.
    const NULLABLE: bool = false;

    /// The only texts that the column takes, for an enum; empty when any will do.
    const VARIANTS: &'static [&'static str] = &[];

    /// Whether `encode` itself checks the limits of what both databases store, and gives what is stored.
    #[doc(hidden)]
    const IS_CHECKED: bool = false;

    /// The value to store in a column of `kind`, which is [`KIND`](Self::KIND) with the precision and
    /// scale that the column declares.
    ///
    /// # Errors
    ///
    /// When no database could give the same value back: NaN, text with NUL, a decimal with more
    /// digits than the column has. Such a value, and one of another kind, is refused also where this gives it.
    fn encode(&self, kind: Kind) -> Result<Value<'_>, InvalidValue>;

    /// The value that `encode` stored.
    ///
    /// # Errors
    ///
    /// When `value` is of another kind, is `NULL` where the type is not an `Option`, or is nothing
    /// that this type can hold.
    fn decode(value: Value<'_>) -> Result<Self, InvalidValue>;

    /// What [`decode`](Self::decode) makes of the column at `index`, by the shortest way to it.
    ///
    /// # Errors
    ///
    /// As for `decode`; when the stored value is not of `kind`.
    #[doc(hidden)]
    #[inline]
    fn read(row: &dyn Row, index: usize, kind: Kind) -> Result<Self, InvalidValue> {
        row.value(index, kind).and_then(Self::decode)
    }

    /// The same of a column that may be `NULL`.
    ///
    /// # Errors
    ///
    /// As for [`read`](Self::read).
    #[doc(hidden)]
    #[inline]
    fn read_some(row: &dyn Row, index: usize, kind: Kind) -> Result<Option<Self>, InvalidValue> {
        read_some(row, index, kind)
    }

    /// This value as it will be read back from a column of `kind`: a timestamp loses its nanoseconds,
    /// a decimal takes the scale of its column. What [`decode`](Self::decode) makes of what
    /// [`encode`](Self::encode) gives, unless a type knows a shorter way.
    fn into_stored(self, kind: Kind) -> Self {
        if Self::IS_CHECKED {
            return self;
        }
        let read = stored(&self, kind).and_then(Self::decode);
        // What is not stored is refused where it is encoded.
        read.unwrap_or(self)
    }
}

/// The value, unless it is `NULL`.
pub(crate) fn read_some<T: ColumnType>(
    row: &dyn Row,
    index: usize,
    kind: Kind,
) -> Result<Option<T>, InvalidValue> {
    if row.is_null(index) {
        return Ok(None);
    }
    let value = row.value(index, kind)?;
    if value.is_null() { Ok(None) } else { T::decode(value).map(Some) }
}

/// What can be done with a column of a type. A newtype has the class of what it wraps.
pub mod class {
    /// `bool`.
    #[derive(Debug)]
    pub enum Bool {}
    /// `i16`, `i32`.
    #[derive(Debug)]
    pub enum Integer {}
    /// `i64`: an integer that can also be an id.
    #[derive(Debug)]
    pub enum Identity {}
    /// `f32`, `f64`.
    #[derive(Debug)]
    pub enum Float {}
    /// `String`.
    #[derive(Debug)]
    pub enum Text {}
    /// A `ColumnEnum`.
    #[derive(Debug)]
    pub enum Enum {}
    /// `Vec<u8>`.
    #[derive(Debug)]
    pub enum Bytes {}
    /// `Uuid`: can also be an id.
    #[derive(Debug)]
    pub enum Uuid {}
    /// `DateTime<Utc>`, `NaiveDate`, `NaiveTime`.
    #[derive(Debug)]
    pub enum Temporal {}
    /// `rust_decimal::Decimal`.
    #[derive(Debug)]
    pub enum Decimal {}
    /// `serde_json::Value` and [`Json`](crate::Json).
    #[derive(Debug)]
    pub enum Json {}
}

/// The classes whose values can be compared and ordered: all but JSON.
#[diagnostic::on_unimplemented(
    message = "a JSON column cannot be compared or ordered",
    note = "one document is neither less nor more than another; `is_null` and `path` work"
)]
pub trait Comparable {}

impl Comparable for class::Bool {}
impl Comparable for class::Integer {}
impl Comparable for class::Identity {}
impl Comparable for class::Float {}
impl Comparable for class::Text {}
impl Comparable for class::Enum {}
impl Comparable for class::Bytes {}
impl Comparable for class::Uuid {}
impl Comparable for class::Temporal {}
impl Comparable for class::Decimal {}

/// The class whose values can be searched for a piece of text.
#[diagnostic::on_unimplemented(
    message = "only a text column can be searched for a piece of text",
    label = "not a text column"
)]
pub trait Searchable {}

impl Searchable for class::Text {}

/// A type whose values are moments: `DateTime<Utc>`.
#[diagnostic::on_unimplemented(
    message = "only a column of moments is asked for those of a day",
    label = "`{Self}` is not a moment",
    note = "a moment is a `DateTime<Utc>`; a column of days is compared with one by `eq`"
)]
pub trait Moment {}

impl Moment for DateTime<Utc> {}

/// A type whose values tell rows apart: `Uuid`, `i64`, `i32`, `i16`, `String`, or a newtype over one of them.
///
/// A type that is no [`GeneratedId`] is an id only where whoever creates a row gives it: `#[repository(assigned)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an id",
    label = "not a `Uuid`, an integer or a `String`",
    note = "an id is a `Uuid`, an `i64`, or a newtype over one of them with `#[derive(Clone, ColumnType)]`",
    note = "an id with `#[repository(assigned)]` may also be an `i32`, an `i16` or a `String`"
)]
pub trait IdType: ColumnType<Bare = Self, Class: Identifying> + Clone {}

#[diagnostic::do_not_recommend]
impl<T: ColumnType<Bare = T, Class: Identifying> + Clone> IdType for T {}

/// A type whose values can be made for new rows: `Uuid`, `i64`, or a newtype over one of them.
#[diagnostic::on_unimplemented(
    message = "no `{Self}` can be made for a new row",
    label = "neither a `Uuid` nor an `i64`"
)]
pub trait GeneratedId: IdType + ColumnType<Class: Generated> {}

#[diagnostic::do_not_recommend]
impl<T: IdType + ColumnType<Class: Generated>> GeneratedId for T {}

/// The classes whose values tell rows apart: UUIDs, integers and texts.
#[diagnostic::on_unimplemented(
    message = "an id is a `Uuid`, an integer, a `String`, or a newtype over one of them",
    label = "values of this type tell no rows apart"
)]
pub trait Identifying {}

impl Identifying for class::Uuid {}
impl Identifying for class::Identity {}
impl Identifying for class::Integer {}
impl Identifying for class::Text {}

/// The classes whose values the repository or the database can make: `Uuid` and `i64`.
#[diagnostic::on_unimplemented(
    message = "no values of this type can be made for new rows",
    label = "neither a `Uuid` nor an `i64`"
)]
pub trait Generated: NotOnlyAssigned {}

impl Generated for class::Uuid {}
impl Generated for class::Identity {}

/// The classes but those whose values are ids only where they are assigned.
#[doc(hidden)]
pub trait NotOnlyAssigned {}

impl NotOnlyAssigned for class::Uuid {}
impl NotOnlyAssigned for class::Identity {}
impl NotOnlyAssigned for class::Bool {}
impl NotOnlyAssigned for class::Float {}
impl NotOnlyAssigned for class::Enum {}
impl NotOnlyAssigned for class::Bytes {}
impl NotOnlyAssigned for class::Temporal {}
impl NotOnlyAssigned for class::Decimal {}
impl NotOnlyAssigned for class::Json {}
