//! Rows together with what they find: `query.with(relation)`, one statement for the rows and one for each entity
//! that is found, however many rows there are.
//!
//! The statements are one snapshot only in a transaction that is.

use std::fmt;
use std::sync::Arc;

use crate::entity::Entity;
use crate::error::{Error, Result};
use crate::query::Query;
use crate::read::page::{Page, PageRequest};
use crate::read::window::{Window, WindowRequest};
use crate::relation::load::{Found, Loading, Relation, Target};
use crate::relation::{BelongsTo, HasMany, HasOne, ManyToMany};
use crate::repo::Repo;
use crate::session::Session;
use crate::session::scope::{ReachableFrom, Scope};

/// A relation whose rows are loaded with a relation of their own. Made by `with` of a relation.
#[derive(Debug, Clone, Copy)]
pub struct Nested<T, R> {
    pub(crate) target: T,
    pub(crate) relation: R,
}

/// A query for rows together with what they find, an `L` for each. Made by [`Query::with`].
#[must_use = "a query does nothing until it is asked for rows: `.all().await`"]
pub struct QueryWith<E: Entity, S: Scope, L> {
    pub(super) query: Query<E, S>,
    pub(super) relation: Arc<dyn Relation<E, S, Loaded = L>>,
}

impl<E: Entity, S: Scope> Query<E, S>
where
    E::Tenancy: ReachableFrom<S>,
{
    /// The rows together with what they find: of one relation, or of a tuple of up to four.
    ///
    /// ```
    /// # use repo_core::{NoTenant, Page, PageRequest, Repository, Result};
    /// # use uuid::Uuid;
    /// # #[derive(Clone, Repository)]
    /// # #[repository(table = "incidents")]
    /// # struct Incident { id: Uuid, severity: i32 }
    /// # #[derive(Clone, Repository)]
    /// # #[repository(table = "actions")]
    /// # struct Action {
    /// #     id: Uuid, text: String,
    /// #     #[repository(references = Incident)] incident_id: Uuid,
    /// # }
    /// # #[derive(Clone, Repository)]
    /// # #[repository(table = "comments")]
    /// # struct Comment {
    /// #     id: Uuid, text: String,
    /// #     #[repository(references = Action)] action_id: Uuid,
    /// # }
    /// # async fn f(incidents: IncidentRepository<NoTenant>) -> Result<()> {
    /// // Three statements, whatever the size of the page.
    /// let actions = Action::incident().many().order_by(Action::TEXT.asc());
    /// let page: Page<(Incident, Vec<(Action, Vec<Comment>)>)> = incidents
    ///     .query()
    ///     .with(actions.with(Comment::action().many()))
    ///     .page(PageRequest::number(1))
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn with<R: Relation<E, S>>(self, relation: R) -> QueryWith<E, S, R::Loaded> {
        QueryWith { query: self, relation: Arc::new(relation) }
    }
}

impl<E: Entity, S: Scope, L: Clone + Send + 'static> QueryWith<E, S, L>
where
    E::Tenancy: ReachableFrom<S>,
{
    /// All rows.
    ///
    /// # Errors
    ///
    /// As for [`Query::all`].
    pub async fn all(self) -> Result<Vec<(E, L)>> {
        let (session, relation) = (self.session(), self.relation);
        beside(&session, self.query.all().await?, &*relation).await
    }

    /// The first row.
    ///
    /// # Errors
    ///
    /// As for [`Query::first`].
    pub async fn first(self) -> Result<Option<(E, L)>> {
        let (session, relation) = (self.session(), self.relation);
        let row = self.query.first().await?;
        Ok(beside(&session, row.into_iter().collect(), &*relation).await?.pop())
    }

    /// The only row.
    ///
    /// # Errors
    ///
    /// As for [`Query::one`].
    pub async fn one(self) -> Result<(E, L)> {
        self.at_most_one().await?.ok_or(Error::NoMatch { entity: E::TABLE.entity })
    }

    /// The only row, or none.
    ///
    /// # Errors
    ///
    /// As for [`Query::at_most_one`].
    pub async fn at_most_one(self) -> Result<Option<(E, L)>> {
        let (session, relation) = (self.session(), self.relation);
        let row = self.query.at_most_one().await?;
        Ok(beside(&session, row.into_iter().collect(), &*relation).await?.pop())
    }

    /// A page by number, and the total.
    ///
    /// # Errors
    ///
    /// As for [`Query::page`].
    pub async fn page(self, request: PageRequest) -> Result<Page<(E, L)>> {
        let (session, relation) = (self.session(), self.relation);
        let Page { items, total, number, size } = self.query.page(request).await?;
        let items = beside(&session, items, &*relation).await?;
        Ok(Page { items, total, number, size })
    }

    /// Some rows from one end or beside a cursor.
    ///
    /// # Errors
    ///
    /// As for [`Query::window`].
    pub async fn window(self, request: WindowRequest) -> Result<Window<(E, L)>> {
        let (session, relation) = (self.session(), self.relation);
        let window = self.query.window(request).await?;
        let Window { items, start, end, has_previous, has_next } = window;
        let items = beside(&session, items, &*relation).await?;
        Ok(Window { items, start, end, has_previous, has_next })
    }

    fn session(&self) -> Session<S> {
        self.query.repo.session().clone()
    }
}

impl<E: Entity, S: Scope> Repo<E, S>
where
    E::Tenancy: ReachableFrom<S>,
{
    /// What each of these rows finds, in their order.
    ///
    /// ```
    /// # use repo_core::{NoTenant, Repository, Result};
    /// # use uuid::Uuid;
    /// # #[derive(Clone, Repository)]
    /// # #[repository(table = "incidents")]
    /// # struct Incident { id: Uuid, severity: i32 }
    /// # #[derive(Clone, Repository)]
    /// # #[repository(table = "actions")]
    /// # struct Action { id: Uuid, #[repository(references = Incident)] incident_id: Uuid }
    /// # async fn f(incidents: IncidentRepository<NoTenant>, incident: Incident) -> Result<()> {
    /// let actions: Vec<Action> = incidents.load_one(&incident, Action::incident().many()).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::MoreThanOne`]: a session of all tenants finds several rows by [`HasOne`], each the one of its
    /// tenant.
    pub async fn load<R: Relation<E, S>>(&self, rows: &[E], relation: R) -> Result<Vec<R::Loaded>> {
        relation.load(self.session(), rows.iter().collect()).await
    }

    /// What this row finds.
    ///
    /// # Errors
    ///
    /// As for [`load`](Self::load).
    pub async fn load_one<R: Relation<E, S>>(&self, row: &E, relation: R) -> Result<R::Loaded> {
        let mut loaded = relation.load(self.session(), vec![row]).await?;
        loaded.pop().ok_or(Error::NoMatch { entity: E::TABLE.entity })
    }
}

async fn beside<E: Entity, S: Scope, R: Relation<E, S> + ?Sized>(
    session: &Session<S>,
    rows: Vec<E>,
    relation: &R,
) -> Result<Vec<(E, R::Loaded)>> {
    let loaded = relation.load(session, rows.iter().collect()).await?;
    Ok(rows.into_iter().zip(loaded).collect())
}

impl<E, S, T, R> Relation<E, S> for Nested<T, R>
where
    E: Entity,
    S: Scope,
    T: Target<E, S>,
    R: Relation<T::Found, S>,
{
    type Loaded = T::Of<(T::Found, R::Loaded)>;

    fn load<'a>(
        &'a self,
        session: &'a Session<S>,
        rows: Vec<&'a E>,
    ) -> Loading<'a, Vec<Self::Loaded>> {
        Box::pin(async move {
            let found = self.target.find(session, rows).await?;
            let Found { items, of } = found;
            let items = beside(session, items, &self.relation).await?;
            Ok(Found { items, of }.give(T::of))
        })
    }
}

macro_rules! target {
    ($($relation:ident < $($name:ident),+ >: $of:ident),+) => {
        $(
            #[diagnostic::do_not_recommend]
            impl<$($name: 'static,)+ S: Scope> Relation<$of, S> for $relation<$($name),+>
            where
                $of: Entity,
                Self: Target<$of, S>,
            {
                type Loaded = <Self as Target<$of, S>>::Of<<Self as Target<$of, S>>::Found>;

                fn load<'a>(
                    &'a self,
                    session: &'a Session<S>,
                    rows: Vec<&'a $of>,
                ) -> Loading<'a, Vec<Self::Loaded>> {
                    Box::pin(async move {
                        Ok(self.find(session, rows).await?.give(<Self as Target<$of, S>>::of))
                    })
                }
            }
        )+
    };
}

target!(BelongsTo<C, P, K>: C, HasMany<P, C>: P, HasOne<P, C>: P, ManyToMany<E, J, T>: E);

macro_rules! tuple {
    ($($name:ident $part:ident $index:tt),+) => {
        #[diagnostic::do_not_recommend]
        impl<E: Entity, S: Scope, $($name: Relation<E, S>),+> Relation<E, S> for ($($name,)+) {
            type Loaded = ($($name::Loaded,)+);

            fn load<'a>(
                &'a self,
                session: &'a Session<S>,
                rows: Vec<&'a E>,
            ) -> Loading<'a, Vec<Self::Loaded>> {
                Box::pin(async move {
                    $(let mut $part = self.$index.load(session, rows.clone()).await?.into_iter();)+
                    let each = std::iter::from_fn(|| Some(($($part.next()?,)+)));
                    Ok(each.collect())
                })
            }
        }
    };
}

tuple!(A a 0);
tuple!(A a 0, B b 1);
tuple!(A a 0, B b 1, C c 2);
tuple!(A a 0, B b 1, C c 2, D d 3);

impl<E: Entity, S: Scope, L> fmt::Debug for QueryWith<E, S, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueryWith").field("query", &self.query).finish_non_exhaustive()
    }
}
