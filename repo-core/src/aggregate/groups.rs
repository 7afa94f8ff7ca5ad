//! Rows in groups: one answer for each key that there is. Those for each bucket of a range of time are in `filled.rs`.
//!
//! The tenant, the visibility and the filters of the query hold for the rows that are grouped. What a query
//! says of its own order and size is about rows, and is refused.

use std::fmt;

use crate::aggregate::cells::Cells;
use crate::aggregate::having::{Condition, GroupOrder, Having, TermOrder};
use crate::aggregate::keys::{Key, Keys};
use crate::aggregate::select::Select;
use crate::aggregate::{Term, percentile};
use crate::backend::Row;
use crate::entity::Entity;
use crate::error::Result;
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

/// What is asked of groups, without its types.
#[derive(Debug, Default)]
pub(crate) struct Grouping {
    pub(crate) having: Vec<Condition>,
    pub(crate) order: Vec<TermOrder>,
    pub(crate) descending: bool,
    pub(crate) limit: Option<u64>,
}

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
    /// A query with an order, a limit or an offset is [`Error::InvalidInput`](crate::Error::InvalidInput).
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

    pub(crate) fn into_parts(self) -> (Query<E, S>, K) {
        (self.query, self.keys)
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
    /// - [`Error::OutOfRange`](crate::Error::OutOfRange): a sum does not fit.
    /// - [`Error::InvalidInput`](crate::Error::InvalidInput): a filter or a condition holds a value that its column cannot, a bucket has no
    ///   length, edges do not ascend, or the query has an order, a limit or an offset.
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
    let (repo, selection) = query.within_keys(keys).ready_for_all("group_by")?;
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
