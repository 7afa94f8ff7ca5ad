//! The rows that refer to one.

use std::fmt;
use std::marker::PhantomData;

use crate::column::{IntoOrder, OrderKey};
use crate::entity::{Entity, SoftDelete};
use crate::filter::{Filter, IntoFilter, Node};
use crate::relation::link::Link;
use crate::relation::through::ManyToMany;
use crate::relation::with::Nested;
use crate::relation::{BelongsTo, ColumnOf, Limited, finds};
use crate::session::scope::LooksAt;

/// The rows of `C` that refer to a row of `P`: made by [`BelongsTo::many`].
///
/// Its filter and order say which of them, wherever it is used; `has` filters the rows of `P`.
pub struct HasMany<P, C> {
    pub(crate) link: Link,
    pub(crate) filters: Vec<Node>,
    pub(crate) order: Vec<OrderKey>,
    types: PhantomData<fn() -> (P, C)>,
}

/// The one row of `C` that refers to a row of `P`: made by [`BelongsTo::one`].
pub struct HasOne<P, C> {
    pub(crate) link: Link,
    types: PhantomData<fn() -> (P, C)>,
}

impl<P: Entity, C: Entity> HasMany<P, C> {
    pub(crate) fn new(link: Link) -> Self {
        Self { link, filters: Vec::new(), order: Vec::new(), types: PhantomData }
    }

    /// Only those for which `filter` holds.
    #[must_use]
    pub fn filter(mut self, filter: impl IntoFilter<C>) -> Self {
        self.filters.push(filter.into_filter().node);
        self
    }

    /// In this order, where they are loaded; by id after that.
    #[must_use]
    pub fn order_by(mut self, order: impl IntoOrder<C>) -> Self {
        self.order.extend(order.into_order().map(|order| order.key));
        self
    }

    /// Deleted rows as well as live ones.
    #[must_use]
    pub fn with_deleted(mut self) -> Self
    where
        C: SoftDelete,
    {
        self.link = self.link.with_deleted();
        self
    }

    /// Holds for rows that one for which `filter` holds refers to.
    pub fn has(self, filter: impl IntoFilter<C>) -> Filter<P>
    where
        P::Tenancy: LooksAt<C::Tenancy>,
    {
        let narrowed = self.filter(filter);
        finds(narrowed.link, Filter::<C>::new(Node::all(narrowed.filters)))
    }

    /// Holds for rows that one refers to at least. `!..exists()` holds for the others.
    pub fn exists(self) -> Filter<P>
    where
        P::Tenancy: LooksAt<C::Tenancy>,
    {
        self.has(Filter::always())
    }

    /// At most `limit` of them for each row, where they are loaded: the first in their order, in one statement for
    /// all rows.
    ///
    /// ```
    /// # use repo_core::{NoTenant, Repository, Result};
    /// # use uuid::Uuid;
    /// # #[derive(Clone, Repository)]
    /// # #[repository(table = "incidents")]
    /// # struct Incident { id: Uuid, severity: i32 }
    /// # #[derive(Clone, Repository)]
    /// # #[repository(table = "comments")]
    /// # struct Comment { id: i64, #[repository(references = Incident)] incident_id: Uuid }
    /// # async fn f(incidents: IncidentRepository<NoTenant>) -> Result<()> {
    /// let newest = Comment::incident().many().order_by(Comment::ID.desc()).limit(3);
    /// let each: Vec<(Incident, Vec<Comment>)> = incidents.query().with(newest).all().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// With 0 there are none. A relation with a limit is only loaded: it has neither [`has`](Self::has) nor
    /// [`exists`](Self::exists), of which a limit says nothing.
    pub fn limit(self, limit: u64) -> Limited<Self> {
        Limited::new(self, limit)
    }

    /// On to what these rows refer to: of an entity that stands between two others.
    pub fn through<T: Entity, K>(self, target: BelongsTo<C, T, K>) -> ManyToMany<P, C, T> {
        ManyToMany::new(self, target)
    }

    /// With a relation of the rows that are found, or a tuple of them: loaded together.
    pub fn with<R>(self, relation: R) -> Nested<Self, R> {
        Nested { target: self, relation }
    }
}

impl<P: Entity, C: Entity> HasOne<P, C> {
    pub(crate) fn new(link: Link) -> Self {
        Self { link, types: PhantomData }
    }

    /// Holds for rows that one for which `filter` holds refers to.
    pub fn has(self, filter: impl IntoFilter<C>) -> Filter<P>
    where
        P::Tenancy: LooksAt<C::Tenancy>,
    {
        finds(self.link, filter)
    }

    /// Holds for rows that one refers to.
    pub fn exists(self) -> Filter<P>
    where
        P::Tenancy: LooksAt<C::Tenancy>,
    {
        self.has(Filter::always())
    }

    /// A column of the row that refers to this one, or of a row that it finds, as
    /// [`BelongsTo::column`](crate::BelongsTo::column).
    pub fn column<V: ColumnOf<C>>(self, column: V) -> V::Behind<P>
    where
        P::Tenancy: LooksAt<C::Tenancy>,
    {
        column.behind(self.link)
    }

    /// With a relation of the rows that are found, or a tuple of them: loaded together.
    pub fn with<R>(self, relation: R) -> Nested<Self, R> {
        Nested { target: self, relation }
    }
}

impl<P, C> Clone for HasMany<P, C> {
    fn clone(&self) -> Self {
        let (filters, order) = (self.filters.clone(), self.order.clone());
        Self { link: self.link, filters, order, types: PhantomData }
    }
}

impl<P, C> Clone for HasOne<P, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P, C> Copy for HasOne<P, C> {}

impl<P: Entity, C> fmt::Debug for HasMany<P, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.link.words(P::TABLE))
    }
}

impl<P: Entity, C> fmt::Debug for HasOne<P, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.link.words(P::TABLE))
    }
}
