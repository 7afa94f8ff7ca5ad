//! What a query answers: its rows, a page or a window of them, and what answers have in common.

use chrono::{DateTime, Utc};

use super::{Query, Selection};
use crate::aggregate::keys::Key;
use crate::column::{Order, OrderKey};
use crate::entity::Entity;
use crate::error::{Error, Result};
use crate::read;
use crate::read::page::{Page, PageRequest};
use crate::read::projection::Projection;
use crate::read::window::{self, Window, WindowRequest};
use crate::relation::link::Source;
use crate::repo::Repo;
use crate::session::scope::{ReachableFrom, Scope};
use crate::value::{InvalidValue, Value};

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
        window::read(&repo, selection, &request).await
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

    /// Only rows that have these keys.
    pub(crate) fn within_keys(mut self, keys: &[Key]) -> Self {
        self.selection.filters.extend(keys.iter().filter_map(|key| key.within(E::TABLE)));
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
