//! Which rows a query that loads is about, where that is said after `with`: as it would be said before.

use crate::column::IntoOrder;
use crate::entity::{Entity, SoftDelete};
use crate::filter::IntoFilter;
use crate::query::Query;
use crate::relation::with::QueryWith;
use crate::session::scope::Scope;

impl<E: Entity, S: Scope, L> QueryWith<E, S, L> {
    /// Only rows for which `filter` holds as well, as [`Query::filter`]: it is about the rows, not about what they find.
    pub fn filter(self, filter: impl IntoFilter<E>) -> Self {
        self.of(|query| query.filter(filter))
    }

    /// Ordered by `order`, after the orders given before, as [`Query::order_by`].
    pub fn order_by(self, order: impl IntoOrder<E>) -> Self {
        self.of(|query| query.order_by(order))
    }

    /// At most `limit` rows, whatever they find.
    pub fn limit(self, limit: u64) -> Self {
        self.of(|query| query.limit(limit))
    }

    /// Without the first `offset` rows.
    pub fn offset(self, offset: u64) -> Self {
        self.of(|query| query.offset(offset))
    }

    /// Deleted rows as well as live ones. What they find is live, unless the relation says otherwise.
    pub fn with_deleted(self) -> Self
    where
        E: SoftDelete,
    {
        self.of(Query::with_deleted)
    }

    /// Deleted rows instead of live ones. What they find is live, unless the relation says otherwise.
    pub fn only_deleted(self) -> Self
    where
        E: SoftDelete,
    {
        self.of(Query::only_deleted)
    }

    /// Locks the rows until the transaction ends, as [`Query::for_update`]; not what they find.
    pub fn for_update(self) -> Self {
        self.of(Query::for_update)
    }

    /// Locks the rows that nobody holds, as [`Query::skip_locked`].
    pub fn skip_locked(self) -> Self {
        self.of(Query::skip_locked)
    }

    /// Locks the rows unless somebody holds one of them, as [`Query::no_wait`].
    pub fn no_wait(self) -> Self {
        self.of(Query::no_wait)
    }

    fn of(self, change: impl FnOnce(Query<E, S>) -> Query<E, S>) -> Self {
        Self { query: change(self.query), relation: self.relation }
    }
}
