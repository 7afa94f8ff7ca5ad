//! How rows of an entity are deleted, as a type, and whether those of one can go with those of another.
//!
//! What goes with a parent is brought back with it: both must tell by which deletion they were deleted.

use crate::entity::{Deletion, Entity};
use crate::session::scope::{OwnedBy, Shared, Tenancy};

/// Rows are removed.
#[derive(Debug)]
pub enum Removed {}

/// Rows are marked, and do not tell by which deletion.
#[derive(Debug)]
pub enum Marked {}

/// Rows are marked with the deletion that deleted them.
#[derive(Debug)]
pub enum MarkedTogether {}

impl Deletion for Removed {}
impl Deletion for Marked {}
impl Deletion for MarkedTogether {}

/// Can rows of the entity be deleted with a row of that one, and come back with it?
#[diagnostic::on_unimplemented(
    message = "rows of `{Self}` cannot come back with a `{P}`, which does not tell by which deletion it was deleted",
    label = "`{P}` is `soft_delete` and has no `deletion_id`",
    note = "add the field `#[repository(deletion_id)] deletion_id: Option<Uuid>` to `{P}`"
)]
pub trait DeletedWith<P> {}

#[diagnostic::do_not_recommend]
impl<C: Entity, P: Entity> DeletedWith<P> for C where C::Deletion: After<P::Deletion> {}

/// The ways of deletion that can follow another. A child that is marked and does not tell by which
/// deletion is reported where it says `on_delete = cascade`.
pub trait After<D: Deletion>: Deletion {}

impl<D: Deletion> After<D> for Removed {}
impl<D: Deletion> After<D> for Marked {}
impl After<Removed> for MarkedTogether {}
impl After<MarkedTogether> for MarkedTogether {}

/// Can rows of this tenancy be deleted with rows of that one?
#[diagnostic::on_unimplemented(
    message = "rows that are `{Self}` cannot be deleted with rows that are `{P}`",
    label = "one tenant's deletion would reach the rows of all",
    note = "leave out `on_delete = cascade`: the parent then stays while a row refers to it"
)]
pub trait GoesWith<P: Tenancy> {}

impl GoesWith<Shared> for Shared {}
impl<T: 'static, U: 'static> GoesWith<OwnedBy<U>> for OwnedBy<T> {}
// Reported by `RefersTo`.
impl<T: 'static> GoesWith<OwnedBy<T>> for Shared {}
