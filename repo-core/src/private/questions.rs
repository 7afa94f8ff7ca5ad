//! What only the compiler knows about the type of a field: asked at the field, answered in words.
//!
//! Each trait is one question. `do_not_recommend` keeps rustc from explaining the blanket impls.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Timestamp;
use crate::entity::Entity;
use crate::session::scope::{OwnedBy, Shared, Tenancy};
use crate::value::column_type::{ColumnType, Comparable, NotOnlyAssigned, class};

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
impl<T: Serialize + DeserializeOwned + 'static> JsonDocument for T {}

/// Can rows with the type go from thread to thread? Of a column type it is known.
#[diagnostic::on_unimplemented(
    message = "`{Self}` stays in one thread, and rows go from thread to thread",
    label = "not `Send` and `Sync`",
    note = "write `Arc` instead of `Rc`, and a value or a lock instead of a cell"
)]
pub trait Movable {
    /// Yes.
    const ANSWER: () = ();
}

#[diagnostic::do_not_recommend]
impl<T: Send + Sync> Movable for T {}

/// Can ids of the type be made for new rows? Whether the type can be an id at all is asked by `Entity::Id`.
#[diagnostic::on_unimplemented(
    message = "no `{Self}` can be made for a new row",
    label = "neither a `Uuid` nor an `i64`",
    note = "add `#[repository(assigned)]` to the field: whoever creates a row then gives its id",
    note = "or let it be a `Uuid`, an `i64`, a newtype over one of them, or a parameter that is a `repo_core::GeneratedId`"
)]
pub trait MadeId {}

#[diagnostic::do_not_recommend]
impl<T: ColumnType<Class: NotOnlyAssigned>> MadeId for T {}

/// Can the type be a tenant?
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a tenant",
    label = "not a plain column type that is `Clone` and `Debug`",
    note = "a tenant is a `Uuid`, an `i64`, a `String`, or a newtype of one with `#[derive(Debug, Clone, ColumnType)]`"
)]
pub trait TenantField {
    /// Yes.
    const ANSWER: () = ();
}

#[diagnostic::do_not_recommend]
impl<T> TenantField for T where
    T: ColumnType<Bare = T, Class: Comparable + Undeclared> + Clone + Debug
{
}

/// Can the parameter be a tenant?
#[diagnostic::on_unimplemented(
    message = "not every `{Self}` can be a tenant",
    label = "not a column type that is `Clone` and `Debug`",
    note = "write `{Self}: repo_core::ColumnType<Bare = {Self}> + Clone + Debug`, or a type instead of `{Self}`"
)]
pub trait TenantParameter {
    /// Yes.
    const ANSWER: () = ();
}

#[diagnostic::do_not_recommend]
impl<T: ColumnType<Bare = T> + Clone + Debug> TenantParameter for T {}

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

/// Can the type be the deletion that deleted a row?
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot tell by which deletion a row was deleted",
    label = "not an `Option<Uuid>`",
    note = "the field of `deletion_id` is an `Option<uuid::Uuid>`: `None` while the row is live"
)]
pub trait DeletionIdField {
    /// Yes.
    const ANSWER: () = ();
}

impl DeletionIdField for Option<uuid::Uuid> {}

/// Has a column of this class a size, without being told one? All have but decimals.
#[diagnostic::on_unimplemented(
    message = "this column is a decimal of unknown size",
    label = "a decimal",
    note = "say how many digits it has, and how many of them after the point: `#[repository(decimal(12, 2))]`"
)]
pub trait KnownSize {
    /// Yes.
    const ANSWER: () = ();
}

#[diagnostic::do_not_recommend]
impl<T: Undeclared> KnownSize for T {}

/// The classes that need no size. One blanket impl above keeps rustc from listing them.
pub trait Undeclared {}

impl Undeclared for class::Bool {}
impl Undeclared for class::Integer {}
impl Undeclared for class::Identity {}
impl Undeclared for class::Float {}
impl Undeclared for class::Text {}
impl Undeclared for class::Enum {}
impl Undeclared for class::Bytes {}
impl Undeclared for class::Uuid {}
impl Undeclared for class::Temporal {}
impl Undeclared for class::Json {}

/// Is it a decimal, whose size is declared?
#[diagnostic::on_unimplemented(
    message = "this column is no decimal",
    label = "not a decimal",
    note = "remove `decimal(..)`, or write `Decimal` as the type of the field"
)]
pub trait IsDecimal {
    /// Yes.
    const ANSWER: () = ();
}

impl IsDecimal for class::Decimal {}

/// Is it a text, whose length is declared?
#[diagnostic::on_unimplemented(
    message = "this column is no text",
    label = "not a text",
    note = "remove `max_length`, or write `String` as the type of the field"
)]
pub trait IsText {
    /// Yes.
    const ANSWER: () = ();
}

impl IsText for class::Text {}

/// Can columns of this class be indexed?
#[diagnostic::on_unimplemented(
    message = "this column is a JSON document, which no index orders",
    label = "neither compared nor ordered",
    note = "remove `index` or `unique`"
)]
pub trait IsIndexable {
    /// Yes.
    const ANSWER: () = ();
}

#[diagnostic::do_not_recommend]
impl<T: Comparable> IsIndexable for T {}

/// Is the type that of the parent's id?
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not refer to `{P}`, whose id has another type",
    label = "not the type of the id of `{P}`",
    note = "give the field the type of the id of `{P}`, or an `Option` of it"
)]
pub trait IdOf<P> {}

#[diagnostic::do_not_recommend]
impl<P: Entity, T: ColumnType<Bare = P::Id>> IdOf<P> for T {}

/// Can rows of this tenancy refer to rows of that one?
#[diagnostic::on_unimplemented(
    message = "rows that are `{Self}` cannot refer to rows that are `{P}`",
    label = "what belongs to one tenant would be referred to by others",
    note = "let both entities have a `tenant` of the same type, or the parent none"
)]
pub trait RefersTo<P: Tenancy> {}

impl RefersTo<Shared> for Shared {}
impl<T: 'static> RefersTo<Shared> for OwnedBy<T> {}
impl<T: 'static> RefersTo<OwnedBy<T>> for OwnedBy<T> {}
