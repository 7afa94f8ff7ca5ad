//! Rows in groups: one answer for each key that there is, or for each bucket of a range of time.
//!
//! The tenant, the visibility and the filters of the query hold for the rows that are grouped. What a query
//! says of its own order and size is about rows, and is refused.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;

use chrono::{DateTime, Utc};

use crate::aggregate::bucket::Bucketed;
use crate::aggregate::bucketable::Bucketable;
use crate::aggregate::cells::Cells;
use crate::aggregate::having::{Condition, GroupOrder, Having, TermOrder};
use crate::aggregate::keys::{Fillable, Key, Keys};
use crate::aggregate::select::Select;
use crate::aggregate::{Term, percentile};
use crate::backend::Row;
use crate::entity::Entity;
use crate::error::{Error, Result};
use crate::query::Query;
use crate::read;
use crate::session::scope::{ReachableFrom, Scope};
use crate::value::Value;

/// The rows of a query in groups, to be asked for aggregates. Made by [`Query::group_by`].
#[must_use = "groups are asked for aggregates: `.select(..).all().await`"]
pub struct Groups<E: Entity, S: Scope, K> {
    query: Query<E, S>,
    keys: K,
}

/// Aggregates of groups: `.all().await` gives a pair of key and aggregates for each.
///
/// Groups come in the order asked for, then by their keys.
#[must_use = "groups do nothing until they are asked for: `.all().await`"]
pub struct Grouped<E: Entity, S: Scope, K, A> {
    query: Query<E, S>,
    keys: K,
    aggregates: A,
    grouping: Grouping,
}

/// The rows of a range of time in its buckets, to be asked for aggregates. Made by [`Groups::fill`].
#[must_use = "buckets are asked for aggregates: `.select(..).all().await`"]
pub struct Filled<E: Entity, S: Scope, T = DateTime<Utc>> {
    query: Query<E, S>,
    bucketed: Bucketed<E, T>,
    range: Range<T>,
}

/// Aggregates of each bucket of a range of time: `.all().await` gives a pair of start and aggregates for each.
#[must_use = "buckets do nothing until they are asked for: `.all().await`"]
pub struct FilledGroups<E: Entity, S: Scope, A, T = DateTime<Utc>> {
    filled: Filled<E, S, T>,
    aggregates: A,
}

/// What is asked of groups, without its types.
#[derive(Debug, Default)]
pub(crate) struct Grouping {
    pub(crate) having: Vec<Condition>,
    pub(crate) order: Vec<TermOrder>,
    pub(crate) descending: bool,
    pub(crate) limit: Option<u64>,
}

/// The most buckets that are made for a range.
const MOST_BUCKETS: i64 = 1_000_000;

impl<E: Entity, S: Scope> Query<E, S>
where
    E::Tenancy: ReachableFrom<S>,
{
    /// The rows in groups, by columns and buckets of time, as a tuple of up to four: rows are in one group if
    /// they have the same keys, `NULL` being the same as `NULL`.
    ///
    /// ```
    /// # use repo_core::{Bucket, NoTenant, Repository, Result, count};
    /// # #[derive(Repository)]
    /// # #[repository(table = "calls")]
    /// # struct Call { id: uuid::Uuid, model: String, tokens: i64, at: chrono::DateTime<chrono::Utc> }
    /// # async fn f(calls: CallRepository<NoTenant>) -> Result<()> {
    /// let tokens = Call::TOKENS.sum();
    /// let days = calls
    ///     .query()
    ///     .group_by((Call::MODEL, Call::AT.bucket(Bucket::days(1))))
    ///     .select((count(), tokens))
    ///     .having(count().gt(10))
    ///     .order_by(tokens.desc())
    ///     .all()
    ///     .await?;
    /// for ((model, day), (calls, tokens)) in days {
    ///     println!("{day} {model}: {calls} calls, {} tokens", tokens.unwrap_or(0));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A query with an order, a limit or an offset is [`Error::InvalidInput`].
    pub fn group_by<K: Keys<E>>(self, keys: K) -> Groups<E, S, K> {
        Groups { query: self, keys }
    }
}

impl<E: Entity, S: Scope, K: Keys<E>> Groups<E, S, K> {
    /// What is asked of each group: an aggregate, or a tuple of up to six.
    pub fn select<A: Select<E>>(self, aggregates: A) -> Grouped<E, S, K, A> {
        let Groups { query, keys } = self;
        Grouped { query, keys, aggregates, grouping: Grouping::default() }
    }

    /// The rows of a range of time, which does not include its end, and every bucket that the range touches,
    /// whether rows are in it or not. Of a column of days it is a range of days.
    ///
    /// A range of more than a million buckets is [`Error::InvalidInput`]; one that ends before it starts has
    /// none.
    pub fn fill<T>(self, range: Range<T>) -> Filled<E, S, T>
    where
        K: Fillable<E, T>,
    {
        let (column, bucket) = self.keys.bucketed();
        Filled { query: self.query, bucketed: Bucketed { column, bucket }, range }
    }
}

impl<E: Entity, S: Scope, K: Keys<E>, A: Select<E>> Grouped<E, S, K, A> {
    /// Only groups for which `condition` holds as well.
    pub fn having(mut self, condition: Having<E>) -> Self {
        self.grouping.having.push(condition.node);
        self
    }

    /// Ordered by `order`, after the orders given before, and before the keys.
    pub fn order_by(mut self, order: GroupOrder<E>) -> Self {
        self.grouping.order.push(order.key);
        self
    }

    /// The highest keys first.
    pub fn descending(mut self) -> Self {
        self.grouping.descending = true;
        self
    }

    /// At most `limit` groups.
    pub fn limit(mut self, limit: u64) -> Self {
        self.grouping.limit = Some(limit);
        self
    }

    /// The groups, each as its key and its aggregates.
    ///
    /// # Errors
    ///
    /// - [`Error::OutOfRange`]: a sum does not fit.
    /// - [`Error::InvalidInput`]: a filter or a condition holds a value that its column cannot, a bucket has no
    ///   length, or the query has an order, a limit or an offset.
    pub async fn all(self) -> Result<Vec<(K::Output, A::Output)>>
    where
        E::Tenancy: ReachableFrom<S>,
    {
        let Grouped { query, keys, aggregates, grouping } = self;
        let mut groups = Vec::new();
        let mut on_row = |row: &dyn Row| {
            let mut cells = Cells::new(E::TABLE, row);
            groups.push((keys.read(&mut cells)?, aggregates.read(&mut cells)?));
            Ok(())
        };
        run(query, &keys.keys(), &aggregates.terms(), &grouping, &mut on_row).await?;
        Ok(groups)
    }
}

impl<E: Entity, S: Scope, T> Filled<E, S, T> {
    /// What is asked of each bucket: an aggregate, or a tuple of up to six.
    pub fn select<A: Select<E>>(self, aggregates: A) -> FilledGroups<E, S, A, T> {
        FilledGroups { filled: self, aggregates }
    }
}

impl<E, S, A, T> FilledGroups<E, S, A, T>
where
    E: Entity<Tenancy: ReachableFrom<S>>,
    S: Scope,
    A: Select<E>,
    T: Bucketable,
{
    /// The buckets from the first to the last, each as its start and its aggregates: 0 and `None` where it has
    /// no rows.
    ///
    /// # Errors
    ///
    /// As for [`Grouped::all`].
    pub async fn all(self) -> Result<Vec<(T, A::Output)>> {
        let FilledGroups { filled, aggregates } = self;
        let buckets = filled.buckets()?;
        let Bucketed { column, bucket } = filled.bucketed;
        let query = filled.query.filter(column.within(filled.range));
        let keys = [Key::Bucket(column.index(), bucket)];
        let mut found = HashMap::new();
        let mut on_row = |row: &dyn Row| {
            let mut cells = Cells::new(E::TABLE, row);
            if let Some(index) = cells.integer()? {
                found.insert(index, aggregates.read(&mut cells)?);
            }
            Ok(())
        };
        run(query, &keys, &aggregates.terms(), &Grouping::default(), &mut on_row).await?;
        let start = |index| {
            let start = bucket.start(index).map(T::starting);
            start.map_err(|invalid| Error::invalid_value(column.name(), invalid))
        };
        buckets.map(|index| Ok((start(index)?, found.remove(&index).unwrap_or_default()))).collect()
    }
}

impl<E: Entity, S: Scope, T: Bucketable> Filled<E, S, T> {
    /// The numbers of the buckets that the range touches.
    fn buckets(&self) -> Result<Range<i64>> {
        let bucket = self.bucketed.bucket;
        bucket.check(self.bucketed.column.def())?;
        let (start, end) = (self.range.start.moment(), self.range.end.moment());
        if start >= end {
            return Ok(0..0);
        }
        let (first, last) = (bucket.index(start), bucket.index(end));
        // The end is not part of the range: it may be the start of a bucket that is not touched.
        let is_touched = bucket.start(last).is_ok_and(|start| start < end);
        let buckets = first..last + i64::from(is_touched);
        if buckets.end - buckets.start > MOST_BUCKETS {
            let reason = format!("has more than {MOST_BUCKETS} buckets in this range");
            return Err(Error::invalid_input(self.bucketed.column.name(), reason));
        }
        Ok(buckets)
    }
}

/// Asks for groups.
pub(crate) async fn run<E, S>(
    query: Query<E, S>,
    keys: &[Key],
    terms: &[Term],
    grouping: &Grouping,
    on_row: crate::backend::OnRow<'_>,
) -> Result<()>
where
    E: Entity<Tenancy: ReachableFrom<S>>,
    S: Scope,
{
    keys.iter().try_for_each(|key| key.check(E::TABLE))?;
    percentile::check(&grouping.terms(terms))?;
    query.refuse_order("group_by")?;
    let (repo, selection) = query.ready_for_all("group_by")?;
    repo.session().looks_at(keys.iter().flat_map(|key| key.source().linked()))?;
    let mut writer = read::writer::<E, S>(&repo);
    writer.groups(&selection, keys, terms, grouping)?;
    read::run(repo.session(), &writer, on_row).await
}

impl Grouping {
    /// Whether groups are neither picked, nor ordered, nor cut.
    pub(crate) fn is_plain(&self) -> bool {
        self.having.is_empty() && self.order.is_empty() && !self.descending && self.limit.is_none()
    }

    /// All aggregates that groups are asked for, picked by or ordered by.
    pub(crate) fn terms(&self, selected: &[Term]) -> Vec<Term> {
        let mut terms = selected.to_vec();
        self.having.iter().for_each(|condition| condition.terms(&mut terms));
        terms.extend(self.order.iter().map(|order| order.term));
        terms
    }

    /// What is bound to a limit.
    pub(crate) fn limit(&self) -> Option<Value<'static>> {
        self.limit.map(|limit| Value::I64(i64::try_from(limit).unwrap_or(i64::MAX)))
    }
}

impl<E: Entity, S: Scope, K: Keys<E>> fmt::Debug for Groups<E, S, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.keys.keys();
        f.debug_struct("Groups").field("query", &self.query).field("keys", &keys).finish()
    }
}

impl<E: Entity, S: Scope, K: Keys<E>, A> fmt::Debug for Grouped<E, S, K, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.keys.keys();
        f.debug_struct("Grouped")
            .field("query", &self.query)
            .field("keys", &keys)
            .finish_non_exhaustive()
    }
}

impl<E: Entity, S: Scope, T: Bucketable> fmt::Debug for Filled<E, S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Filled")
            .field("query", &self.query)
            .field("buckets", &self.bucketed)
            .field("range", &self.range)
            .finish()
    }
}

impl<E: Entity, S: Scope, A, T: Bucketable> fmt::Debug for FilledGroups<E, S, A, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FilledGroups").field("filled", &self.filled).finish_non_exhaustive()
    }
}
