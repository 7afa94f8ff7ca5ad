//! At most so many related rows of each row.
//!
//! A limit is about what is loaded. What filters asks whether there is a row, and so a relation with a limit does not
//! filter: that does not compile.

use crate::column::IntoOrder;
use crate::entity::{Entity, SoftDelete};
use crate::error::Result;
use crate::filter::{Filter, IntoFilter};
use crate::query::Query;
use crate::relation::load::{Found, Keys, Loading, Relation, Sought, Target};
use crate::relation::with::Nested;
use crate::relation::{HasMany, ManyToMany};
use crate::repo::Repo;
use crate::session::Session;
use crate::session::scope::{ReachableFrom, Scope};
use crate::sql::first_of_each::First;

/// The first rows that a relation finds, in its order, of each row that looks. Made by [`HasMany::limit`] and
/// [`ManyToMany::limit`].
///
/// What filters and orders the rows may be said before or after the limit. `has` and `exists` ask whether there
/// is a row, however many are loaded: a relation with a limit has neither.
#[derive(Debug, Clone)]
pub struct Limited<R> {
    relation: R,
    limit: u64,
}

/// Does the relation find all rows that there are?
#[diagnostic::on_unimplemented(
    message = "a relation with a limit does not filter",
    label = "asks whether there is a row, whatever the limit",
    note = "leave out `limit`: `Child::parent().many().has(Child::COLUMN.eq(..))`"
)]
pub trait Unlimited {}

impl<R> Limited<R> {
    pub(super) fn new(relation: R, limit: u64) -> Self {
        Self { relation, limit }
    }

    /// With a relation of the rows that are found, or a tuple of them: loaded together.
    pub fn with<T>(self, relation: T) -> Nested<Self, T> {
        Nested { target: self, relation }
    }
}

impl<P: Entity, C: Entity> Limited<HasMany<P, C>> {
    /// Only those for which `filter` holds: the first of them.
    #[must_use]
    pub fn filter(self, filter: impl IntoFilter<C>) -> Self {
        Self { relation: self.relation.filter(filter), ..self }
    }

    /// In this order, which says which ones are the first; by id after that.
    #[must_use]
    pub fn order_by(self, order: impl IntoOrder<C>) -> Self {
        Self { relation: self.relation.order_by(order), ..self }
    }

    /// Deleted rows as well as live ones.
    #[must_use]
    pub fn with_deleted(self) -> Self
    where
        C: SoftDelete,
    {
        Self { relation: self.relation.with_deleted(), ..self }
    }

    #[doc(hidden)]
    pub fn has(self, _: impl Sized) -> Filter<P>
    where
        Self: Unlimited,
    {
        Filter::never()
    }

    #[doc(hidden)]
    pub fn exists(self) -> Filter<P>
    where
        Self: Unlimited,
    {
        Filter::never()
    }
}

impl<E: Entity, J: Entity, T: Entity> Limited<ManyToMany<E, J, T>> {
    /// Only those for which `filter` holds: the first of them.
    #[must_use]
    pub fn filter(self, filter: impl IntoFilter<T>) -> Self {
        Self { relation: self.relation.filter(filter), ..self }
    }

    /// In this order, which says which ones are the first; by id after that.
    #[must_use]
    pub fn order_by(self, order: impl IntoOrder<T>) -> Self {
        Self { relation: self.relation.order_by(order), ..self }
    }

    /// Deleted rows as well as live ones.
    #[must_use]
    pub fn with_deleted(self) -> Self
    where
        T: SoftDelete,
    {
        Self { relation: self.relation.with_deleted(), ..self }
    }

    #[doc(hidden)]
    pub fn has(self, _: impl Sized) -> Filter<E>
    where
        Self: Unlimited,
    {
        Filter::never()
    }

    #[doc(hidden)]
    pub fn exists(self) -> Filter<E>
    where
        Self: Unlimited,
    {
        Filter::never()
    }
}

impl<P: Entity, C: Entity + Clone, S: Scope> Target<P, S> for Limited<HasMany<P, C>>
where
    C::Tenancy: ReachableFrom<S>,
{
    type Found = C;
    type Of<T: Clone + Send + 'static> = Vec<T>;

    fn find<'a>(&'a self, session: &'a Session<S>, rows: Vec<&'a P>) -> Loading<'a, Found<C>> {
        Box::pin(async move {
            let keys = Keys::of_ids::<P, C, S>(session, &rows)?;
            let HasMany { link, filters, order, .. } = &self.relation;
            let first = Some(First { limit: self.limit, beyond: None });
            Sought { link: *link, filters, order, first, keys }.find(session).await
        })
    }

    fn of<T: Clone + Send + 'static>(found: Vec<T>) -> Vec<T> {
        found
    }
}

impl<E: Entity, J: Entity + Clone, T: Entity + Clone, S: Scope> Target<E, S>
    for Limited<ManyToMany<E, J, T>>
where
    J::Tenancy: ReachableFrom<S>,
    T::Tenancy: ReachableFrom<S>,
{
    type Found = T;
    type Of<V: Clone + Send + 'static> = Vec<V>;

    fn find<'a>(&'a self, session: &'a Session<S>, rows: Vec<&'a E>) -> Loading<'a, Found<T>> {
        Box::pin(async move {
            let joins = self.first_joins(session, rows).await?;
            self.relation.beyond(session, joins).await
        })
    }

    fn of<V: Clone + Send + 'static>(found: Vec<V>) -> Vec<V> {
        found
    }
}

impl<E: Entity, J: Entity + Clone, T: Entity + Clone> Limited<ManyToMany<E, J, T>> {
    /// Those that put the first rows beside each.
    async fn first_joins<S: Scope>(&self, session: &Session<S>, rows: Vec<&E>) -> Result<Found<J>>
    where
        J::Tenancy: ReachableFrom<S>,
        T::Tenancy: ReachableFrom<S>,
    {
        let ManyToMany { joins, target, order, .. } = &self.relation;
        let mut there = Query::new(Repo::<T, S>::new(session.clone()));
        there.selection.order.extend_from_slice(order);
        let (_, there) = there.ready()?;
        let first = Some(First { limit: self.limit, beyond: Some((*target, there.order)) });
        let mut filters = joins.filters.clone();
        filters.push(self.relation.there().node);
        let keys = Keys::of_ids::<E, J, S>(session, &rows)?;
        let sought = Sought { link: joins.link, filters: &filters, order: &[], first, keys };
        sought.find(session).await
    }
}

#[diagnostic::do_not_recommend]
impl<E: Entity, S: Scope, R> Relation<E, S> for Limited<R>
where
    Self: Target<E, S>,
{
    type Loaded = <Self as Target<E, S>>::Of<<Self as Target<E, S>>::Found>;

    fn load<'a>(
        &'a self,
        session: &'a Session<S>,
        rows: Vec<&'a E>,
    ) -> Loading<'a, Vec<Self::Loaded>> {
        Box::pin(
            async move { Ok(self.find(session, rows).await?.give(<Self as Target<E, S>>::of)) },
        )
    }
}
