//! What the derive implements: an entity, its input types, and the capabilities its policies leave it.
//!
//! A policy takes a capability away by not implementing its trait; the methods that need it then do not
//! compile, and the trait says why. No logic lives in the impls: they name columns in order.

use std::fmt::Debug;
use std::ops::Deref;

use chrono::{DateTime, Utc};

use crate::error::Result;
use crate::repo::Repo;
use crate::schema::table::Table;
use crate::session::scope::{Scope, Tenancy};
use crate::value::column_type::IdType;
use crate::value::encode::{Decoder, Encoder};
use crate::write::creation::Creation;
use crate::write::patch::Patch;

/// A struct whose values are the rows of a table. Written by `#[derive(Repository)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an entity",
    note = "derive it: `#[derive(Repository)]` with `#[repository(table = \"...\")]`"
)]
pub trait Entity: Sized + Send + Sync + 'static {
    /// The id: a [`uuid::Uuid`], an `i64`, or a newtype over one of them; an assigned one also an `i32`, an `i16` or a
    /// `String`.
    type Id: IdType;
    /// [`Shared`](crate::Shared), or [`OwnedBy`](crate::OwnedBy) the type of its tenant.
    type Tenancy: Tenancy;
    /// How its rows are deleted: removed or marked, alone or together with others.
    type Deletion: Deletion;
    /// What `create` takes: the columns that a caller gives.
    type New: NewEntity<Entity = Self>;
    /// The repository that `session.repo::<Self>()` returns: a [`Repo`] with the finders of this entity.
    ///
    /// What holds for any entity takes a `Repo`, and runs on any thread:
    ///
    /// ```
    /// use repo_core::{Entity, Repository, ReachableFrom, Result, Scope, Session};
    /// use tokio::task::JoinHandle;
    ///
    /// async fn is_empty<E, S>(session: &Session<S>) -> Result<bool>
    /// where
    ///     E: Entity<Tenancy: ReachableFrom<S>>,
    ///     S: Scope,
    /// {
    ///     Ok(!session.repo::<E>().query().exists().await?)
    /// }
    ///
    /// fn spawned<E, S>(session: Session<S>) -> JoinHandle<Result<bool>>
    /// where
    ///     E: Entity<Tenancy: ReachableFrom<S>>,
    ///     S: Scope,
    /// {
    ///     tokio::spawn(async move { is_empty::<E, S>(&session).await })
    /// }
    /// ```
    type Repository<S: Scope>: From<Repo<Self, S>>
        + Deref<Target = Repo<Self, S>>
        + Clone
        + Debug
        + Send
        + Sync
        + 'static;

    /// The table.
    const TABLE: &'static Table;

    /// The id.
    fn id(&self) -> &Self::Id;

    /// Sets the id that the database made.
    fn set_id(&mut self, id: Self::Id);

    /// Writes all columns in the order of [`Table::columns`].
    fn encode<'a>(&'a self, row: &mut Encoder<'a>);

    /// Reads all columns in the order of [`Table::columns`].
    ///
    /// # Errors
    ///
    /// [`Error::Decode`](crate::Error::Decode): the row holds what the entity cannot.
    fn decode(row: &mut Decoder<'_>) -> Result<Self>;
}

/// How rows of an entity are deleted. Its types are the derive's.
pub trait Deletion: 'static {}

/// The columns of a new row that a caller gives. The repository adds the others.
pub trait NewEntity: Sized + Send {
    /// The entity this becomes.
    type Entity: Entity;

    /// The whole entity, as it will be stored.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`](crate::Error::InvalidInput): the session lacks what a managed column
    /// needs.
    fn into_entity(self, creation: &mut Creation<'_>) -> Result<Self::Entity>;

    /// The same, of an entity with `validate(create)` only if it is valid.
    ///
    /// # Errors
    ///
    /// As for [`into_entity`](Self::into_entity); [`Error::ValidationFailed`](crate::Error::ValidationFailed).
    #[doc(hidden)]
    fn into_valid(self, creation: &mut Creation<'_>) -> Result<Self::Entity> {
        self.into_entity(creation)
    }
}

/// An entity whose rows change.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is immutable: its rows are only ever added and read",
    label = "`{Self}` has the policy `immutable`",
    note = "record a change as a new row, or remove `immutable` from `#[repository(..)]`"
)]
pub trait Mutable: Entity {
    /// What `patch` takes: the columns that a caller may change.
    type Patch: Into<Patch<Self>> + Clone + Debug + Send + Sync + 'static;
}

/// An entity whose rows are marked when they are deleted.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not keep deleted rows",
    label = "`{Self}` lacks the policy `soft_delete`",
    note = "add `soft_delete` to `#[repository(..)]` and a field `deleted_at: Option<DateTime<Utc>>`; rows of an immutable entity are never deleted"
)]
pub trait SoftDelete: Mutable {
    /// When the row was deleted; `None` while it is live.
    fn deleted_at(&self) -> Option<DateTime<Utc>>;
}

/// An entity that counts its changes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no version to compare",
    label = "`{Self}` lacks the policy `versioned`",
    note = "add `versioned` to `#[repository(..)]` and a field `version: i64`"
)]
pub trait Versioned: Mutable {
    /// The version: 1 when created, one more after each change.
    fn version(&self) -> i64;
}

/// An entity whose changes are in the audit trail.
#[diagnostic::on_unimplemented(
    message = "changes of `{Self}` are not recorded",
    label = "`{Self}` lacks the policy `audited`",
    note = "add `audited` to `#[repository(..)]`; entries from when it had the policy are found by `AuditEntry::ENTITY` and `AuditEntry::ENTITY_ID`"
)]
pub trait Audited: Entity {}
