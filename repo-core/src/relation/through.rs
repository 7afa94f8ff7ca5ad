//! Rows on the other side of an entity that stands between two others.

use std::fmt;
use std::marker::PhantomData;

use crate::column::{IntoOrder, OrderKey};
use crate::entity::{Entity, SoftDelete};
use crate::filter::{Filter, IntoFilter, Node};
use crate::read::IdKey;
use crate::relation::link::Link;
use crate::relation::many::HasMany;
use crate::relation::with::Nested;
use crate::relation::{BelongsTo, Limited, finds};
use crate::session::scope::LooksAt;

/// The rows of `T` that rows of `J` put beside a row of `E`: made by [`HasMany::through`].
///
/// ```
/// # use repo_core::{ManyToMany, Repository};
/// # use uuid::Uuid;
/// # #[derive(Debug, Clone, Repository)]
/// # #[repository(table = "notes")]
/// # struct Note { id: Uuid, text: String }
/// # #[derive(Debug, Clone, Repository)]
/// # #[repository(table = "tags")]
/// # struct Tag { id: Uuid, name: String }
/// #[derive(Repository)]
/// #[repository(table = "note_tags", unique(note_id, tag_id))]
/// struct NoteTag {
///     id: Uuid,
///     #[repository(references = Note)]
///     note_id: Uuid,
///     #[repository(references = Tag)]
///     tag_id: Uuid,
/// }
///
/// impl Note {
///     fn tags() -> ManyToMany<Self, NoteTag, Tag> {
///         NoteTag::note().many().through(NoteTag::tag())
///     }
/// }
/// let urgent = Note::tags().has(Tag::NAME.eq("urgent"));
/// ```
pub struct ManyToMany<E, J, T> {
    pub(crate) joins: HasMany<E, J>,
    pub(crate) target: Link,
    pub(crate) key: fn(&J) -> Option<IdKey>,
    pub(crate) filters: Vec<Node>,
    pub(crate) order: Vec<OrderKey>,
    types: PhantomData<fn() -> T>,
}

impl<E: Entity, J: Entity, T: Entity> ManyToMany<E, J, T> {
    pub(crate) fn new<K>(joins: HasMany<E, J>, target: BelongsTo<J, T, K>) -> Self {
        let (target, key) = (target.link(), target.key);
        Self { joins, target, key, filters: Vec::new(), order: Vec::new(), types: PhantomData }
    }

    /// Only those for which `filter` holds.
    #[must_use]
    pub fn filter(mut self, filter: impl IntoFilter<T>) -> Self {
        self.filters.push(filter.into_filter().node);
        self
    }

    /// In this order, where they are loaded; by id after that.
    #[must_use]
    pub fn order_by(mut self, order: impl IntoOrder<T>) -> Self {
        self.order.extend(order.into_order().map(|order| order.key));
        self
    }

    /// Deleted rows as well as live ones.
    #[must_use]
    pub fn with_deleted(mut self) -> Self
    where
        T: SoftDelete,
    {
        self.target = self.target.with_deleted();
        self
    }

    /// Holds for rows beside which one is for which `filter` holds.
    pub fn has(self, filter: impl IntoFilter<T>) -> Filter<E>
    where
        E::Tenancy: LooksAt<J::Tenancy>,
    {
        let narrowed = self.filter(filter);
        let there = narrowed.there();
        narrowed.joins.has(there)
    }

    /// Holds for rows beside which there is one.
    pub fn exists(self) -> Filter<E>
    where
        E::Tenancy: LooksAt<J::Tenancy>,
    {
        self.has(Filter::always())
    }

    /// At most `limit` of them beside each row, where they are loaded: the first in their order, each once.
    pub fn limit(self, limit: u64) -> Limited<Self> {
        Limited::new(self, limit)
    }

    /// Holds for rows of the join that find one of those that are asked for.
    pub(super) fn there(&self) -> Filter<J> {
        finds(self.target, Filter::<T>::new(Node::all(self.filters.clone())))
    }

    /// With a relation of the rows that are found, or a tuple of them: loaded together.
    pub fn with<R>(self, relation: R) -> Nested<Self, R> {
        Nested { target: self, relation }
    }
}

impl<E, J, T> Clone for ManyToMany<E, J, T> {
    fn clone(&self) -> Self {
        let (filters, order) = (self.filters.clone(), self.order.clone());
        let (joins, target, key) = (self.joins.clone(), self.target, self.key);
        Self { joins, target, key, filters, order, types: PhantomData }
    }
}

impl<E: Entity, J, T: Entity> fmt::Debug for ManyToMany<E, J, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}, on to {}", self.joins, T::TABLE.name)
    }
}
