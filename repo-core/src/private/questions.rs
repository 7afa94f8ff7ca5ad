//! What only the compiler knows about the type of a field: asked at the field, answered in words.
//!
//! Each trait is one question. `do_not_recommend` keeps rustc from explaining the blanket impls.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Timestamp;
use crate::column_type::{ColumnType, Comparable, Generated};
use crate::entity::Entity;
use crate::scope::{OwnedBy, Shared, Tenancy};

/// Can serde turn the type into a document and back?
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be stored as JSON",
    label = "not a serde type",
    note = "derive `serde::Serialize` and `serde::Deserialize` for `{Self}`; what it borrows must be owned"
)]
pub trait JsonDocument {
    /// Yes.
    const ANSWER: () = ();
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Send + Sync + 'static> JsonDocument for T {}

/// Can the type be an id?
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an id",
    label = "neither a `Uuid` nor an `i64`",
    note = "an id is a `Uuid`, an `i64`, or a newtype of one of them with `#[derive(Clone, ColumnType)]`"
)]
pub trait IdField {
    /// Yes.
    const ANSWER: () = ();
}

#[diagnostic::do_not_recommend]
impl<T: ColumnType<Bare = T, Class: Generated> + Clone> IdField for T {}

/// Can the type be a tenant?
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a tenant",
    label = "not a column type that is `Clone` and `Debug`",
    note = "a tenant is a `Uuid`, an `i64`, a `String`, or a newtype with `#[derive(Debug, Clone, ColumnType)]`"
)]
pub trait TenantField {
    /// Yes.
    const ANSWER: () = ();
}

#[diagnostic::do_not_recommend]
impl<T: ColumnType<Bare = T> + Clone + Debug> TenantField for T {}

/// Can the type be a version?
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a version",
    label = "not an `i64`",
    note = "a version counts changes: write `i64`"
)]
pub trait VersionField {
    /// Yes.
    const ANSWER: () = ();
}

impl VersionField for i64 {}

/// Can the type be the time of creation?
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot tell when a row was created",
    label = "not a `DateTime<Utc>`",
    note = "the field `created_at` is a `chrono::DateTime<chrono::Utc>`"
)]
pub trait CreatedAtField {
    /// Yes.
    const ANSWER: () = ();
}

impl CreatedAtField for Timestamp {}

/// Can the type be the time of the last change?
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot tell when a row was changed",
    label = "not a `DateTime<Utc>`",
    note = "the field `updated_at` is a `chrono::DateTime<chrono::Utc>`"
)]
pub trait UpdatedAtField {
    /// Yes.
    const ANSWER: () = ();
}

impl UpdatedAtField for Timestamp {}

/// Can the type be the time of deletion?
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot tell whether a row is deleted",
    label = "not an `Option<DateTime<Utc>>`",
    note = "the field of `soft_delete` is an `Option<chrono::DateTime<chrono::Utc>>`: `None` while the row is live"
)]
pub trait DeletedAtField {
    /// Yes.
    const ANSWER: () = ();
}

impl DeletedAtField for Option<Timestamp> {}

/// Can rows be ordered by the column?
#[diagnostic::on_unimplemented(
    message = "a column of `{Self}` cannot be indexed",
    label = "neither compared nor ordered",
    note = "remove `index` or `unique`: documents are neither compared nor ordered"
)]
pub trait IndexedField {
    /// Yes.
    const ANSWER: () = ();
}

#[diagnostic::do_not_recommend]
impl<T: ColumnType<Bare: ColumnType<Class: Comparable>>> IndexedField for T {}

/// Is the type that of the parent's id?
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not refer to `{P}`, whose id has another type",
    label = "not the type of the id of `{P}`",
    note = "give the field the type of the id of `{P}`, or an `Option` of it"
)]
pub trait IdOf<P> {
    /// Yes.
    const ANSWER: () = ();
}

impl<P: Entity<Id = T>, T> IdOf<P> for T {}

/// Can rows of this tenancy refer to rows of that one?
#[diagnostic::on_unimplemented(
    message = "a row that is `{Self}` cannot refer to one that is `{P}`",
    label = "rows of several tenants would share what belongs to one",
    note = "let both entities have a `tenant` of the same type, or the parent none"
)]
pub trait RefersTo<P: Tenancy> {
    /// Yes.
    const ANSWER: () = ();
}

impl RefersTo<Shared> for Shared {}
impl<T: 'static> RefersTo<Shared> for OwnedBy<T> {}
impl<T: 'static> RefersTo<OwnedBy<T>> for OwnedBy<T> {}
