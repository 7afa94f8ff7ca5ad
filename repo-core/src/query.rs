//! A query under construction: which rows of an entity, in which order; and what its parts are made of.
//!
//! A program seldom names more of this than [`Query`]: the other types are what methods of queries, columns and
//! relations take and give.
//!
//! Every query carries the session's tenant, and reads live rows unless it says otherwise; filters
//! never touch either.

mod answers;
mod selection;
pub(crate) mod sort_keys;

use std::marker::PhantomData;

use crate::column::OrderKey;
use crate::entity::{Entity, SoftDelete};
use crate::filter::Node;
use crate::read::held::Held;
use crate::repo::Repo;
use crate::session::scope::Scope;
use crate::value::Value;

pub use crate::aggregate::bucket::Bucketed;
pub use crate::aggregate::bucketable::Bucketable;
pub use crate::aggregate::edges::BucketedBetween;
pub use crate::aggregate::filled::{Filled, FilledGroups};
pub use crate::aggregate::groups::{Grouped, Groups};
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
pub use crate::relation::{ColumnOf, Limited, OnlyOne, RelatedColumn};
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
    /// Only inside a transaction; anywhere else reading is [`Error::NoTransaction`](crate::Error::NoTransaction), and in a read-only
    /// one [`Error::ReadOnly`](crate::Error::ReadOnly). On SQLite a transaction already holds the whole database. Rows that another
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
