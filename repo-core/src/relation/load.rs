//! Loading what rows find, for many rows in one statement for each entity that is found.
//!
//! The rows that are found are read by a query of their own, under the policies of their entity, and are put
//! beside the rows that find them by key, and by tenant where a session reads those of several.

use std::collections::{HashMap, HashSet};
use std::pin::Pin;

use crate::audit::image;
use crate::backend::Row;
use crate::column::OrderKey;
use crate::entity::Entity;
use crate::error::{Error, Result};
use crate::filter::Node;
use crate::query::{Query, Selection};
use crate::read::{self, IdKey, encode_id};
use crate::relation::link::Link;
use crate::relation::{BelongsTo, HasMany, HasOne, ManyToMany};
use crate::repo::Repo;
use crate::schema::table::Table;
use crate::session::Session;
use crate::session::scope::{ReachableFrom, Scope};
use crate::sql::first_of_each::First;
use crate::sql::shape::Shape;
use crate::value::Value;
use crate::write::insert::tenant_of;

/// What is loaded, when it is.
pub type Loading<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// What rows of `E` can be loaded with in a session of `S`: a relation, or a tuple of up to four.
#[diagnostic::on_unimplemented(
    message = "rows of `{E}` cannot be loaded with `{Self}` in a session of `{S}`",
    label = "no relation of `{E}`, or one to rows that the session does not reach",
    note = "a relation is `Child::parent()`, made by `references = Parent`, or `Child::parent().many()`; an entity that is loaded is `Clone`"
)]
pub trait Relation<E: Entity, S: Scope>: Send + Sync + 'static {
    /// What each row has: an `Option` of the one row that it finds, a `Vec` of several, or a tuple.
    type Loaded: Clone + Send + 'static;

    #[doc(hidden)]
    fn load<'a>(
        &'a self,
        session: &'a Session<S>,
        rows: Vec<&'a E>,
    ) -> Loading<'a, Vec<Self::Loaded>>;
}

/// A relation to rows of one entity, which can be loaded with relations of their own.
pub trait Target<E: Entity, S: Scope>: Send + Sync + 'static {
    /// The entity that is found.
    type Found: Entity + Clone;
    /// What a row finds, each being a `T`.
    type Of<T: Clone + Send + 'static>: Clone + Send + 'static;

    #[doc(hidden)]
    fn find<'a>(
        &'a self,
        session: &'a Session<S>,
        rows: Vec<&'a E>,
    ) -> Loading<'a, Found<Self::Found>>;

    #[doc(hidden)]
    fn of<T: Clone + Send + 'static>(found: Vec<T>) -> Self::Of<T>;
}

/// Rows that were found, and which of them each row finds, in order.
#[doc(hidden)]
#[derive(Debug)]
pub struct Found<T> {
    pub(crate) items: Vec<T>,
    pub(crate) of: Vec<Vec<usize>>,
}

impl<T: Clone + Send + 'static> Found<T> {
    /// What each row finds.
    pub(crate) fn give<R>(self, of: fn(Vec<T>) -> R) -> Vec<R> {
        let mut uses = vec![0_usize; self.items.len()];
        self.of.iter().flatten().for_each(|at| uses[*at] += 1);
        let mut items: Vec<Option<T>> = self.items.into_iter().map(Some).collect();
        // The last row that finds an item takes it: a row that is found once is not cloned.
        let mut take = |at: usize| {
            uses[at] -= 1;
            if uses[at] == 0 { items[at].take() } else { items[at].clone() }
        };
        self.of.iter().map(|found| of(found.iter().filter_map(|at| take(*at)).collect())).collect()
    }
}

/// What rows are found by: the tenant where the session reads several and both have one, and the key.
type Key = (Option<String>, IdKey);

/// Which rows are found.
pub(super) struct Sought<'r> {
    pub(super) link: Link,
    pub(super) filters: &'r [Node],
    pub(super) order: &'r [OrderKey],
    /// How many of each row that looks; all where it is nothing.
    pub(super) first: Option<First>,
    /// What each row that looks has.
    pub(super) keys: Keys,
}

/// What rows look by.
pub(super) struct Keys {
    of: Vec<Option<Key>>,
    /// Whether the tenant is a part of them.
    by_tenant: bool,
}

impl Keys {
    /// Of rows of `E` that look for rows of `T`. What tenants share finds rows of all that the session reads.
    fn of<E: Entity, T: Entity, S: Scope>(
        session: &Session<S>,
        rows: &[&E],
        id: impl Fn(&E) -> Result<Option<IdKey>>,
    ) -> Result<Self> {
        let roles = (&E::TABLE.roles, &T::TABLE.roles);
        let by_tenant = reads_all(session) && roles.0.tenant.and(roles.1.tenant).is_some();
        let key = |row: &&E| {
            let Some(id) = id(row)? else { return Ok(None) };
            let tenant = if by_tenant { tenant_of(*row)? } else { None };
            Ok(Some((tenant.map(|tenant| image::text(&tenant).into_owned()), id)))
        };
        Ok(Self { of: rows.iter().map(key).collect::<Result<_>>()?, by_tenant })
    }

    /// The same by the ids of the rows.
    pub(super) fn of_ids<E: Entity, T: Entity, S: Scope>(
        session: &Session<S>,
        rows: &[&E],
    ) -> Result<Self> {
        Self::of::<E, T, S>(session, rows, |row| Ok(Some(IdKey::of(&encode_id::<E>(row.id())?))))
    }
}

impl Sought<'_> {
    pub(super) async fn find<T: Entity, S: Scope>(&self, session: &Session<S>) -> Result<Found<T>>
    where
        T::Tenancy: ReachableFrom<S>,
    {
        let (mut items, mut by_key) = (Vec::new(), HashMap::<Key, Vec<usize>>::new());
        let ids: HashSet<&IdKey> = self.keys.of.iter().flatten().map(|(_, id)| id).collect();
        if !ids.is_empty() {
            let mut values: Vec<_> = ids.into_iter().map(IdKey::to_value).collect();
            let (repo, mut selection) = self.query::<T, S>(session).ready()?;
            let shape = Shape::of::<T>(T::TABLE);
            let mut on_row = |row: &dyn Row| {
                by_key.entry(self.key::<T>(row)?).or_default().push(items.len());
                items.push(shape.read(row)?);
                Ok(())
            };
            match &self.first {
                None => {
                    selection.filters.insert(0, self.among(values));
                    read::each(&repo, &shape, &selection, &[], &mut on_row).await?;
                }
                Some(first) => {
                    let column = self.link.to();
                    let lateral = first.by_index(session.dialect(), &selection, T::TABLE, column);
                    if lateral.is_none() {
                        selection.filters.insert(0, self.among(std::mem::take(&mut values)));
                    }
                    let mut writer = read::writer::<T, S>(&repo);
                    if let Some(lateral) = lateral {
                        let shape = Shape::of::<T>(T::TABLE).with_keys(&selection.order);
                        let sought = (column, &values[..]);
                        writer.first_of_values(&shape, &selection, lateral, sought, first.limit)?;
                    } else {
                        let per = self.key_columns(T::TABLE);
                        writer.first_of_each(&shape, &selection, &per, first)?;
                    }
                    read::run(session, &writer, &mut on_row).await?;
                }
            }
        }
        let found = |key: &Option<Key>| key.as_ref().and_then(|key| by_key.get(key)).cloned();
        let of = self.keys.of.iter().map(|key| found(key).unwrap_or_default()).collect();
        Ok(Found { items, of })
    }

    /// The rows that are looked among.
    fn query<T: Entity, S: Scope>(&self, session: &Session<S>) -> Query<T, S> {
        let mut query = Query::new(Repo::<T, S>::new(session.clone()));
        let Selection { visibility, filters, order, .. } = &mut query.selection;
        *visibility = self.link.visibility;
        filters.extend_from_slice(self.filters);
        order.extend_from_slice(self.order);
        query
    }

    /// Those that are found by one of these.
    fn among(&self, values: Vec<Value<'static>>) -> Node {
        Node::InList { column: self.link.to(), values, negated: false }
    }

    /// The columns that a row is found by.
    fn key_columns(&self, table: &Table) -> Vec<usize> {
        std::iter::once(self.link.to()).chain(self.tenant_column(table)).collect()
    }

    fn tenant_column(&self, table: &Table) -> Option<usize> {
        table.roles.tenant.filter(|_| self.keys.by_tenant)
    }

    /// What a row is found by.
    fn key<T: Entity>(&self, row: &dyn Row) -> Result<Key> {
        let value = |column: usize| T::TABLE.read(row, column, column);
        let tenant = self.tenant_column(T::TABLE).map(value).transpose()?;
        let tenant = tenant.map(|tenant| image::text(&tenant).into_owned());
        Ok((tenant, IdKey::of(&value(self.link.to())?)))
    }
}

fn reads_all<S: Scope>(session: &Session<S>) -> bool {
    session.scope().reason().is_some()
}

impl<C: Entity, P: Entity + Clone, K: 'static, S: Scope> Target<C, S> for BelongsTo<C, P, K>
where
    P::Tenancy: ReachableFrom<S>,
{
    type Found = P;
    type Of<T: Clone + Send + 'static> = Option<T>;

    fn find<'a>(&'a self, session: &'a Session<S>, rows: Vec<&'a C>) -> Loading<'a, Found<P>> {
        Box::pin(async move {
            let keys = Keys::of::<C, P, S>(session, &rows, |row| Ok((self.key)(row)))?;
            let (link, filters, order, first) = (self.link(), &[], &[], None);
            Sought { link, filters, order, first, keys }.find(session).await
        })
    }

    fn of<T: Clone + Send + 'static>(mut found: Vec<T>) -> Option<T> {
        found.pop()
    }
}

impl<P: Entity, C: Entity + Clone, S: Scope> Target<P, S> for HasMany<P, C>
where
    C::Tenancy: ReachableFrom<S>,
{
    type Found = C;
    type Of<T: Clone + Send + 'static> = Vec<T>;

    fn find<'a>(&'a self, session: &'a Session<S>, rows: Vec<&'a P>) -> Loading<'a, Found<C>> {
        Box::pin(async move {
            let keys = Keys::of_ids::<P, C, S>(session, &rows)?;
            let Self { link, filters, order, .. } = self;
            Sought { link: *link, filters, order, first: None, keys }.find(session).await
        })
    }

    fn of<T: Clone + Send + 'static>(found: Vec<T>) -> Vec<T> {
        found
    }
}

impl<P: Entity, C: Entity + Clone, S: Scope> Target<P, S> for HasOne<P, C>
where
    C::Tenancy: ReachableFrom<S>,
{
    type Found = C;
    type Of<T: Clone + Send + 'static> = Option<T>;

    fn find<'a>(&'a self, session: &'a Session<S>, rows: Vec<&'a P>) -> Loading<'a, Found<C>> {
        Box::pin(async move {
            let keys = Keys::of_ids::<P, C, S>(session, &rows)?;
            let (link, filters, order, first) = (self.link, &[], &[], None);
            let sought = Sought { link, filters, order, first, keys };
            let found: Found<C> = sought.find(session).await?;
            // Each tenant may have one beside what all share.
            if found.of.iter().any(|of| of.len() > 1) {
                return Err(Error::MoreThanOne { entity: C::TABLE.entity });
            }
            Ok(found)
        })
    }

    fn of<T: Clone + Send + 'static>(mut found: Vec<T>) -> Option<T> {
        found.pop()
    }
}

impl<E: Entity, J: Entity + Clone, T: Entity + Clone, S: Scope> Target<E, S> for ManyToMany<E, J, T>
where
    J::Tenancy: ReachableFrom<S>,
    T::Tenancy: ReachableFrom<S>,
{
    type Found = T;
    type Of<V: Clone + Send + 'static> = Vec<V>;

    fn find<'a>(&'a self, session: &'a Session<S>, rows: Vec<&'a E>) -> Loading<'a, Found<T>> {
        Box::pin(async move {
            let joins = self.joins.find(session, rows).await?;
            self.beyond(session, joins).await
        })
    }

    fn of<V: Clone + Send + 'static>(found: Vec<V>) -> Vec<V> {
        found
    }
}

impl<E: Entity, J: Entity, T: Entity> ManyToMany<E, J, T> {
    /// What the rows of the join find.
    pub(super) async fn beyond<S: Scope>(
        &self,
        session: &Session<S>,
        joins: Found<J>,
    ) -> Result<Found<T>>
    where
        T::Tenancy: ReachableFrom<S>,
    {
        let rows: Vec<&J> = joins.items.iter().collect();
        let keys = Keys::of::<J, T, S>(session, &rows, |row| Ok((self.key)(row)))?;
        let Self { target, filters, order, .. } = self;
        let sought = Sought { link: *target, filters, order, first: None, keys };
        let found: Found<T> = sought.find(session).await?;
        let of = |joins: &Vec<usize>| {
            let mut of: Vec<_> = joins.iter().flat_map(|at| found.of[*at].clone()).collect();
            // In their order, each once.
            of.sort_unstable();
            of.dedup();
            of
        };
        let of = joins.of.iter().map(of).collect();
        Ok(Found { items: found.items, of })
    }
}
