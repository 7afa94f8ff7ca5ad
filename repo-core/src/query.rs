//! A query under construction: which rows of an entity, in which order; and what its parts are made of.
//!
//! A program seldom names more of this than [`Query`]: the other types are what methods of queries, columns and
//! relations take and give.
//!
//! Every query carries the session's tenant, and reads live rows unless it says otherwise; filters
//! never touch either.

mod selection;
pub(crate) mod sort_keys;

use std::marker::PhantomData;

use chrono::{DateTime, Utc};

use crate::aggregate::keys::Key;
use crate::column::{Order, OrderKey};
use crate::entity::{Entity, SoftDelete};
use crate::error::{Error, Result};
use crate::filter::Node;
use crate::read;
use crate::read::held::Held;
use crate::read::page::{Page, PageRequest};
use crate::read::projection::Projection;
use crate::read::window::{Window, WindowRequest};
use crate::relation::link::Source;
use crate::repo::Repo;
use crate::session::scope::{ReachableFrom, Scope};
use crate::value::{InvalidValue, Value};

pub use crate::aggregate::bucket::Bucketed;
pub use crate::aggregate::bucketable::Bucketable;
pub use crate::aggregate::groups::{Filled, FilledGroups, Grouped, Groups};
pub use crate::aggregate::having::{GroupOrder, Having};
pub use crate::aggregate::keys::{Fillable, Keys};
pub use crate::aggregate::select::Select;
pub use crate::aggregate::summary::Summaries;
pub use crate::aggregate::total::Summable;
pub use crate::aggregate::{Answered, AverageOf, SumOf};
pub use crate::column::IntoOrder;
pub use crate::filter::IntoFilter;
pub use crate::filter::comparisons::Operand;
pub use crate::filter::json_path::{Documents, JsonOperand, JsonPath};
pub use crate::read::projection::ProjectionOf;
pub use crate::read::reading::Reading;
pub use crate::read::stream::Chunks;
pub use crate::relation::load::{Loading, Relation, Target};
pub use crate::relation::with::{Nested, QueryWith};
pub use crate::relation::{OnlyOne, RelatedColumn};
pub use crate::session::scope::LooksAt;

/// Rows of `E`, by filter and order. Made by [`Repo::query`] and [`Repo::filter`].
///
/// Rows come in the order asked for, then by id: the same rows always come in the same order. Each is an `E`, or
/// what [`project`](Self::project) makes of it.
///
/// ```no_run
/// # use repo_core::{Database, PageRequest, Repository, Result};
/// # use uuid::Uuid;
/// # #[derive(Debug, Repository)]
/// # #[repository(table = "notes", tenant, soft_delete, versioned)]
/// # struct Note {
/// #     id: Uuid,
/// #     tenant_id: Uuid,
/// #     #[repository(unique)]
/// #     title: String,
/// #     done: bool,
/// #     version: i64,
/// #     deleted_at: Option<chrono::DateTime<chrono::Utc>>,
/// # }
/// # async fn f(db: Database, tenant: Uuid, word: Option<&str>) -> Result<()> {
/// let notes = db.tenant(tenant).repo::<Note>();
/// let open = notes
///     .query()
///     .filter(Note::DONE.eq(false))
///     .filter(word.map(|word| Note::TITLE.icontains(word))) // `None` changes nothing
///     .order_by(Note::TITLE.asc());
/// let first: Option<Note> = open.clone().first().await?;
/// let ten: Vec<Note> = open.clone().limit(10).all().await?;
/// let page = open.page(PageRequest::number(3).size(20)).await?;
/// println!("{} of {}", page.items.len(), page.total);
/// # Ok(())
/// # }
/// ```
#[must_use = "a query does nothing until it is asked for rows: `.all().await`"]
pub struct Query<E: Entity, S: Scope, P = E> {
    pub(crate) repo: Repo<E, S>,
    pub(crate) selection: Selection,
    pub(crate) rows: PhantomData<fn() -> P>,
}

/// What a query asks for, without its types.
#[derive(Clone)]
pub(crate) struct Selection {
    pub(crate) tenant: Option<Value<'static>>,
    pub(crate) visibility: Visibility,
    pub(crate) filters: Vec<Node>,
    pub(crate) order: Vec<OrderKey>,
    /// Whether the rows are few that lie apart: no index is walked along in the order of their ids.
    pub(crate) is_sparse: bool,
    pub(crate) limit: Option<u64>,
    pub(crate) offset: Option<u64>,
    pub(crate) for_update: bool,
    pub(crate) held: Held,
}

/// Which rows of a `soft_delete` entity a query sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Visibility {
    Live,
    WithDeleted,
    OnlyDeleted,
}

impl<E: Entity, S: Scope> Query<E, S> {
    pub(crate) fn new(repo: Repo<E, S>) -> Self {
        let selection = Selection {
            tenant: None,
            visibility: Visibility::Live,
            filters: Vec::new(),
            order: Vec::new(),
            is_sparse: false,
            limit: None,
            offset: None,
            for_update: false,
            held: Held::Awaited,
        };
        Self { repo, selection, rows: PhantomData }
    }
}

impl<E: Entity, S: Scope, P> Query<E, S, P> {
    /// The same of rows that are few and lie apart in the order of their ids, which are numbers.
    pub(crate) fn sparse(mut self) -> Self {
        self.selection.is_sparse = true;
        self
    }

    pub(crate) fn into_selection(self) -> Selection {
        self.selection
    }

    pub(crate) fn into_parts(self) -> (Repo<E, S>, Selection) {
        (self.repo, self.selection)
    }

    /// Only rows for which `filter` holds as well. A `None` changes nothing.
    pub fn filter(mut self, filter: impl IntoFilter<E>) -> Self {
        match filter.into_filter().node {
            Node::Always => {}
            node => self.selection.filters.push(node),
        }
        self
    }

    /// Ordered by `order`, after the orders given before. A `None` and an empty list change nothing.
    pub fn order_by(mut self, order: impl IntoOrder<E>) -> Self {
        self.selection.order.extend(order.into_order().map(|order| order.key));
        self
    }

    /// At most `limit` rows.
    pub fn limit(mut self, limit: u64) -> Self {
        self.selection.limit = Some(limit);
        self
    }

    /// Without the first `offset` rows.
    pub fn offset(mut self, offset: u64) -> Self {
        self.selection.offset = Some(offset);
        self
    }

    /// Deleted rows as well as live ones.
    pub fn with_deleted(mut self) -> Self
    where
        E: SoftDelete,
    {
        self.selection.visibility = Visibility::WithDeleted;
        self
    }

    /// Deleted rows instead of live ones.
    pub fn only_deleted(mut self) -> Self
    where
        E: SoftDelete,
    {
        self.selection.visibility = Visibility::OnlyDeleted;
        self
    }

    /// Locks the rows until the transaction ends: nobody else changes or locks them meanwhile. Rows that
    /// are not returned are not locked: those that `count`, `exists` and the total of a page count.
    ///
    /// Only inside a transaction; anywhere else reading is [`Error::NoTransaction`], and in a read-only
    /// one [`Error::ReadOnly`]. On SQLite a transaction already holds the whole database. Rows that another
    /// transaction holds are waited for; see [`skip_locked`](Self::skip_locked) and [`no_wait`](Self::no_wait).
    pub fn for_update(mut self) -> Self {
        self.selection.for_update = true;
        self
    }

    pub(crate) fn lock(mut self, held: Held) -> Self {
        (self.selection.for_update, self.selection.held) = (true, held);
        self
    }
}

/// The answers.
impl<E: Entity, S: Scope, P: Projection<Entity = E>> Query<E, S, P>
where
    E::Tenancy: ReachableFrom<S>,
{
    /// All rows.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`]: a filter holds a value that its column cannot.
    pub async fn all(self) -> Result<Vec<P>> {
        let (repo, selection) = self.ready()?;
        read::rows(&repo, &selection).await
    }

    /// The first row.
    ///
    /// # Errors
    ///
    /// As for [`all`](Self::all).
    pub async fn first(self) -> Result<Option<P>> {
        Ok(self.narrow(1).all().await?.pop())
    }

    /// The only row.
    ///
    /// # Errors
    ///
    /// - [`is_not_found`](Error::is_not_found): there is none.
    /// - [`Error::MoreThanOne`]: there are several.
    pub async fn one(self) -> Result<P> {
        let row = self.at_most_one().await?;
        row.ok_or(Error::NoMatch { entity: E::TABLE.entity })
    }

    /// The only row, or none.
    ///
    /// # Errors
    ///
    /// [`Error::MoreThanOne`]: there are several.
    pub async fn at_most_one(self) -> Result<Option<P>> {
        let mut rows = self.narrow(2).all().await?;
        if rows.len() > 1 {
            return Err(Error::MoreThanOne { entity: E::TABLE.entity });
        }
        Ok(rows.pop())
    }

    /// How many rows there are, whatever the limit and the offset.
    ///
    /// # Errors
    ///
    /// As for [`all`](Self::all).
    pub async fn count(self) -> Result<u64> {
        let (repo, selection) = self.ready()?;
        read::count(&repo, &selection).await
    }

    /// Whether there is any row, whatever the limit and the offset.
    ///
    /// # Errors
    ///
    /// As for [`all`](Self::all).
    pub async fn exists(self) -> Result<bool> {
        let (repo, selection) = self.ready()?;
        read::any(&repo, &selection).await
    }

    /// A page by number, and the total, both from one snapshot.
    ///
    /// Beyond the last page there are no items, and the total is right.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`]: the number or the size is zero, or the size is above
    /// [`PageRequest::MAX_SIZE`]; or the query has a limit or an offset of its own.
    pub async fn page(self, request: PageRequest) -> Result<Page<P>> {
        self.refuse_limit("page")?;
        let (limit, offset) = request.range()?;
        let query = self.limit(limit);
        let query = if offset > 0 { query.offset(offset) } else { query };
        let (repo, selection) = query.ready()?;
        let (items, total) = read::page(&repo, &selection).await?;
        Ok(Page { items, total, number: request.number, size: request.size })
    }

    /// Some rows from one end or beside a cursor, however far that is from the start.
    ///
    /// ```no_run
    /// # use repo_core::{Cursor, Database, Repository, Result, WindowRequest};
    /// # #[derive(Repository)]
    /// # #[repository(table = "notes")]
    /// # struct Note { id: uuid::Uuid, text: String }
    /// # async fn f(db: Database, after: Option<Cursor>) -> Result<Option<Cursor>> {
    /// let notes = db.session().repo::<Note>().query().order_by(Note::TEXT.asc());
    /// let request = match after {
    ///     None => WindowRequest::first(50),
    ///     Some(cursor) => WindowRequest::first(50).after(cursor),
    /// };
    /// let window = notes.window(request).await?;
    /// println!("{} notes", window.items.len());
    /// let next = window.next_cursor(); // for the request of the next window, if rows follow
    /// # Ok(next)
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// - [`Error::InvalidCursor`]: a cursor was not made by this query for this tenant.
    /// - [`Error::InvalidInput`]: the size is zero or above [`WindowRequest::MAX_SIZE`], the query has
    ///   a limit or an offset of its own, or orders by a sensitive column.
    pub async fn window(self, request: WindowRequest) -> Result<Window<P>> {
        self.refuse_limit("window")?;
        let (repo, selection) = self.ready()?;
        crate::read::window::read(&repo, selection, &request).await
    }
}

/// What answers have in common.
impl<E: Entity, S: Scope, P> Query<E, S, P>
where
    E::Tenancy: ReachableFrom<S>,
{
    /// The selection with all that the session and the order add to it.
    pub(crate) fn ready(mut self) -> Result<(Repo<E, S>, Selection)> {
        let table = E::TABLE;
        if self.selection.for_update {
            self.repo.session().executor().check_lock()?;
        }
        self.selection.tenant = self.repo.tenant()?.map(Value::into_owned);
        self.selection.complete_order(table);
        self.repo.session().looks_at(self.selection.linked())?;
        Ok((self.repo, self.selection))
    }

    /// The same of a query whose answer is about all of its rows.
    pub(crate) fn ready_for_all(self, method: &'static str) -> Result<(Repo<E, S>, Selection)> {
        if self.selection.limit.is_none() && self.selection.offset.is_none() {
            return self.ready();
        }
        Err(Error::invalid_input(method, "is about all rows: leave out `limit` and `offset`"))
    }

    pub(crate) fn refuse_order(&self, method: &'static str) -> Result<()> {
        if self.selection.order.is_empty() {
            return Ok(());
        }
        Err(Error::invalid_input(method, "orders groups, not rows: leave out `order_by`"))
    }

    pub(crate) fn refuse_lock(&self, method: &'static str) -> Result<()> {
        if self.selection.for_update {
            return Err(Error::invalid_input(method, "locks no rows: leave out `for_update`"));
        }
        Ok(())
    }

    /// Ordered by `order`, before the orders given.
    pub(crate) fn order_first(mut self, order: Order<E>) -> Self {
        self.selection.order.insert(0, order.key);
        self
    }

    /// Ordered by the id, after the orders given.
    pub(crate) fn then_by_id(mut self, descending: bool) -> Self {
        self.selection.order.push(OrderKey::new(Source::Own(E::TABLE.roles.id), descending));
        self
    }

    /// Ordered by these keys, unless it has an order.
    pub(crate) fn order_by_keys(mut self, keys: &[Key]) -> Self {
        if self.selection.order.is_empty() {
            let order = |key: &Key| OrderKey::new(key.source(), false);
            self.selection.order = keys.iter().map(order).collect();
        }
        self
    }

    /// Now, by the clock of the database.
    pub(crate) fn now(&self) -> Result<DateTime<Utc>, InvalidValue> {
        self.repo.session().database().told()
    }

    /// At most `limit` of the rows that the query names, which may have a lower limit itself.
    fn narrow(mut self, limit: u64) -> Self {
        self.selection.limit = Some(self.selection.limit.map_or(limit, |own| own.min(limit)));
        self
    }

    fn refuse_limit(&self, method: &'static str) -> Result<()> {
        if self.selection.limit.is_none() && self.selection.offset.is_none() {
            return Ok(());
        }
        Err(Error::invalid_input(method, "has its own size: leave out `limit` and `offset`"))
    }
}

// Not derived: that would ask for entities that can be cloned and shown.
impl<E: Entity, S: Scope, P> Clone for Query<E, S, P> {
    fn clone(&self) -> Self {
        let (repo, selection) = (self.repo.clone(), self.selection.clone());
        Self { repo, selection, rows: PhantomData }
    }
}

impl<E: Entity, S: Scope, P> std::fmt::Debug for Query<E, S, P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Query")
            .field("table", &E::TABLE.name)
            .field("selection", &self.selection)
            .finish_non_exhaustive()
    }
}

/// Shows the number of parts, not their values.
impl std::fmt::Debug for Selection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Selection")
            .field("visibility", &self.visibility)
            .field("filters", &self.filters.len())
            .field("order", &self.order)
            .field("limit", &self.limit)
            .field("offset", &self.offset)
            .finish_non_exhaustive()
    }
}
