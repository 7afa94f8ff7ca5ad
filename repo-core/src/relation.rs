//! How rows of entities find each other, as values that queries filter, order and load by.
//!
//! A reference is declared once, on the child: `references = Parent` on `parent_id` makes `Child::parent()`. The
//! other direction is made from it: `Child::parent().many()`. Tenant and liveness hold for the rows that are
//! found as for any others; how rows are loaded is in `relation/load.rs`.

mod compared;
mod limited;
pub(crate) mod link;
pub(crate) mod load;
mod many;
mod narrowed;
mod related_column;
mod through;
pub(crate) mod with;

use std::fmt;
use std::marker::PhantomData;

use crate::entity::{Entity, SoftDelete};
use crate::filter::{Filter, IntoFilter, Node};
use crate::query::Visibility;
use crate::read::IdKey;
use crate::relation::link::Link;
use crate::relation::with::Nested;

pub use limited::Limited;
pub use many::{HasMany, HasOne};
pub use related_column::{ColumnOf, RelatedColumn};
pub use through::ManyToMany;

/// Several rows may refer to one.
#[derive(Debug)]
pub enum Many {}

/// One row at most refers to one: the reference is a unique key.
#[derive(Debug)]
pub enum One {}

/// [`One`]: a reference to which the other direction is one row.
#[diagnostic::on_unimplemented(
    message = "several rows may have this reference, which is no unique key",
    label = "not `unique`",
    note = "add `unique` to the field that has `references`, or take `many()`"
)]
pub trait OnlyOne {}

impl OnlyOne for One {}

/// The `P` that a `C` refers to: of a field `incident_id` with `references = Incident`, `Action::incident()`.
///
/// ```
/// # use repo_core::{HasMany, NoTenant, Repository, Result};
/// # use uuid::Uuid;
/// #[derive(Debug, Clone, Repository)]
/// #[repository(table = "incidents")]
/// struct Incident {
///     id: Uuid,
///     severity: i32,
/// }
///
/// #[derive(Debug, Clone, Repository)]
/// #[repository(table = "actions")]
/// struct Action {
///     id: Uuid,
///     #[repository(references = Incident)]
///     incident_id: Uuid,
///     text: String,
/// }
///
/// impl Incident {
///     fn actions() -> HasMany<Self, Action> {
///         Action::incident().many()
///     }
/// }
///
/// # async fn f(
/// #     incidents: IncidentRepository<NoTenant>, actions: ActionRepository<NoTenant>,
/// # ) -> Result<()> {
/// let urgent: Vec<Action> = actions
///     .filter(Action::incident().has(Incident::SEVERITY.ge(3)))
///     .order_by(Action::incident().column(Incident::SEVERITY).desc())
///     .all()
///     .await?;
/// let with_parents: Vec<(Action, Option<Incident>)> =
///     actions.query().with(Action::incident()).all().await?;
/// let with_children: Vec<(Incident, Vec<Action>)> =
///     incidents.query().with(Incident::actions()).all().await?;
/// # Ok(())
/// # }
/// ```
///
/// A deleted parent is hidden, as if there were none, unless the field says `deleted = show`. What refers to
/// it is not hidden with it.
pub struct BelongsTo<C, P, K = Many> {
    column: usize,
    key: fn(&C) -> Option<IdKey>,
    shows_deleted: bool,
    types: PhantomData<Of<(C, P, K)>>,
}

/// Holds no values of the types.
type Of<T> = fn() -> T;

impl<C, P, K> BelongsTo<C, P, K> {
    // Without bounds, so that a field whose type does not fit is reported once, at the field.
    #[doc(hidden)]
    pub const fn new(column: usize, key: fn(&C) -> Option<IdKey>) -> Self {
        Self { column, key, shows_deleted: false, types: PhantomData }
    }

    #[doc(hidden)]
    #[must_use]
    pub const fn showing_deleted(self) -> Self {
        Self { shows_deleted: true, ..self }
    }
}

impl<C: Entity, P: Entity, K> BelongsTo<C, P, K> {
    /// Holds for rows whose parent is one for which `filter` holds.
    pub fn has(self, filter: impl IntoFilter<P>) -> Filter<C> {
        finds(self.link(), filter)
    }

    /// Holds for rows that have a parent, and one that is seen.
    pub fn exists(self) -> Filter<C> {
        self.has(Filter::always())
    }

    /// A column of the parent, or of a row that the parent finds: a [`RelatedColumn`], at most four relations away.
    pub fn column<V: ColumnOf<P>>(self, column: V) -> V::Behind<C> {
        column.behind(self.link())
    }

    /// A deleted parent as well as a live one.
    #[must_use]
    pub fn with_deleted(self) -> Self
    where
        P: SoftDelete,
    {
        self.showing_deleted()
    }

    /// The other direction: the rows that refer to one.
    pub fn many(self) -> HasMany<P, C> {
        HasMany::new(self.back())
    }

    /// The other direction: the one row that refers to one. There is this where the reference is `unique`.
    pub fn one(self) -> HasOne<P, C>
    where
        K: OnlyOne,
    {
        HasOne::new(self.back())
    }

    /// From the row to its parent.
    pub(crate) fn link(&self) -> Link {
        let visibility = visibility(self.shows_deleted);
        Link::new(self.column, P::TABLE, P::TABLE.roles.id, visibility)
    }

    /// From the parent to the live rows that refer to it.
    fn back(&self) -> Link {
        Link::new(P::TABLE.roles.id, C::TABLE, self.column, Visibility::Live)
    }

    /// With a relation of the rows that are found, or a tuple of them: loaded together.
    pub fn with<R>(self, relation: R) -> Nested<Self, R> {
        Nested { target: self, relation }
    }
}

/// The rows that find one for which `filter` holds.
fn finds<E: Entity, F>(link: Link, filter: impl IntoFilter<F>) -> Filter<E> {
    Filter::new(Node::Linked { link, node: Box::new(filter.into_filter().node) })
}

fn visibility(shows_deleted: bool) -> Visibility {
    if shows_deleted { Visibility::WithDeleted } else { Visibility::Live }
}

impl<C, P, K> Clone for BelongsTo<C, P, K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C, P, K> Copy for BelongsTo<C, P, K> {}

impl<C: Entity, P: Entity, K> fmt::Debug for BelongsTo<C, P, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.link().words(C::TABLE))
    }
}
