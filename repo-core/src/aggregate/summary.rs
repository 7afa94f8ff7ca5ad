//! Groups of rows into a struct of the user's: its fields are the keys and the aggregates of a group.
//!
//! What a field is made of is checked in `private/summary.rs`, one by one, so that there may be any number of
//! them. How groups are asked for is in `groups.rs`.

use std::fmt;

use crate::aggregate::cells::Cells;
use crate::aggregate::groups::{self, Grouping};
use crate::aggregate::having::{GroupOrder, Having};
use crate::aggregate::keys::Key;
use crate::aggregate::{Term, percentile};
use crate::backend::Row;
use crate::entity::Entity;
use crate::error::{Error, Result};
use crate::query::Query;
use crate::read;
use crate::session::scope::{ReachableFrom, Scope};

/// A struct that sums up a group of rows of `E`. Implemented by `#[derive(Summary)]`.
///
/// Each field is a key or a value: `#[summary(key = ..)]` is what rows can be [grouped by](Query::group_by), and
/// `#[summary(value = ..)]` an [`Aggregate`](crate::Aggregate). The type of the field is that of the key or of
/// the answer, which is checked when it is compiled. A struct without keys sums up all rows.
///
/// ```
/// use chrono::{DateTime, Utc};
/// use repo_core::{Bucket, NoTenant, Repository, Result, Summary, count};
///
/// #[derive(Repository)]
/// #[repository(table = "calls")]
/// struct Call {
///     id: uuid::Uuid,
///     model: String,
///     tokens: Option<i64>,
///     at: DateTime<Utc>,
/// }
///
/// #[derive(Debug, Summary)]
/// #[summary(entity = Call)]
/// struct ModelDay {
///     #[summary(key = Call::MODEL)]
///     model: String,
///     #[summary(key = Call::AT.bucket(Bucket::days(1)))]
///     day: DateTime<Utc>,
///     #[summary(value = count())]
///     calls: u64,
///     #[summary(value = Call::TOKENS.sum())]
///     tokens: Option<i64>,
/// }
///
/// # async fn f(calls: CallRepository<NoTenant>) -> Result<()> {
/// let busy = calls.query().summaries::<ModelDay>().having(count().gt(10));
/// for ModelDay { model, day, calls, tokens } in busy.order_by(count().desc()).all().await? {
///     println!("{day} {model}: {calls} calls, {} tokens", tokens.unwrap_or(0));
/// }
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not sum up rows of `{E}`",
    label = "no summary of `{E}`",
    note = "derive it: `#[derive(Summary)]` with `#[summary(entity = {E})]`"
)]
pub trait Summary<E>: Sized + Send + 'static {
    #[doc(hidden)]
    fn plan() -> SummaryPlan<Self>;
}

/// What is asked of the database for a summary, and how it is made of the answer.
#[doc(hidden)]
pub struct SummaryPlan<T> {
    asked: Asked,
    make: Reader<T>,
}

/// Reads the next cells of a row.
pub(crate) type Reader<T> = Box<dyn Fn(&mut Cells<'_>) -> Result<T> + Send + Sync>;

/// The keys and the aggregates of a summary, or of one of its fields.
#[doc(hidden)]
#[derive(Debug, Clone)]
pub struct Asked {
    pub(crate) keys: Vec<Key>,
    pub(crate) terms: Vec<Term>,
}

/// Summaries of the groups of a query: `.all().await` gives one for each. Made by [`Query::summaries`].
///
/// They come in the order asked for, then by their keys.
#[must_use = "summaries are read when they are asked for: `.all().await`"]
pub struct Summaries<E: Entity, S: Scope, T> {
    query: Query<E, S>,
    grouping: Grouping,
    plan: SummaryPlan<T>,
}

impl<E: Entity, S: Scope> Query<E, S>
where
    E::Tenancy: ReachableFrom<S>,
{
    /// The rows in groups, each as a struct: see [`Summary`].
    ///
    /// A query with an order, a limit or an offset is [`Error::InvalidInput`].
    pub fn summaries<T: Summary<E>>(self) -> Summaries<E, S, T> {
        Summaries { query: self, grouping: Grouping::default(), plan: T::plan() }
    }
}

impl<E: Entity, S: Scope, T: Send> Summaries<E, S, T> {
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

    /// The summaries of all groups. Without keys there is one, of all rows, also where there are none.
    ///
    /// # Errors
    ///
    /// - [`Error::OutOfRange`]: a sum does not fit.
    /// - [`Error::InvalidInput`]: a filter or a condition holds a value that its column cannot, a bucket has no
    ///   length, edges do not ascend, the query has an order, a limit or an offset, or groups are picked where there are no keys.
    pub async fn all(self) -> Result<Vec<T>>
    where
        E::Tenancy: ReachableFrom<S>,
    {
        let Self { query, grouping, plan } = self;
        let Asked { keys, terms } = &plan.asked;
        let mut summaries = Vec::new();
        let mut on_row = |row: &dyn Row| {
            summaries.push((plan.make)(&mut Cells::new(E::TABLE, row))?);
            Ok(())
        };
        if keys.is_empty() {
            whole(query, terms, &grouping, &mut on_row).await?;
        } else {
            groups::run(query, keys, terms, &grouping, &mut on_row).await?;
        }
        Ok(summaries)
    }

    /// The only summary: of a struct without keys.
    ///
    /// # Errors
    ///
    /// - [`is_not_found`](Error::is_not_found): there are no groups.
    /// - [`Error::MoreThanOne`]: there are several.
    /// - As for [`all`](Self::all).
    pub async fn one(self) -> Result<T>
    where
        E::Tenancy: ReachableFrom<S>,
    {
        let (mut summaries, entity) = (self.all().await?, E::TABLE.entity);
        if summaries.len() > 1 {
            return Err(Error::MoreThanOne { entity });
        }
        summaries.pop().ok_or(Error::NoMatch { entity })
    }
}

/// The one row about all rows.
async fn whole<E, S>(
    query: Query<E, S>,
    terms: &[Term],
    grouping: &Grouping,
    on_row: crate::backend::OnRow<'_>,
) -> Result<()>
where
    E: Entity<Tenancy: ReachableFrom<S>>,
    S: Scope,
{
    percentile::check(terms)?;
    if !grouping.is_plain() {
        let reason = "has no keys, and one answer: leave out `having`, `order_by` and `limit`";
        return Err(Error::invalid_input("summaries", reason));
    }
    query.refuse_order("summaries")?;
    let (repo, selection) = query.ready_for_all("summaries")?;
    let mut writer = read::writer::<E, S>(&repo);
    writer.aggregates(&selection, terms)?;
    read::run(repo.session(), &writer, on_row).await
}

impl<T> SummaryPlan<T> {
    #[doc(hidden)]
    pub fn new<const N: usize>(
        asked: [Asked; N],
        make: impl Fn(&mut Cells<'_>) -> Result<T> + Send + Sync + 'static,
    ) -> Self {
        let mut all = Asked { keys: Vec::new(), terms: Vec::new() };
        for part in asked {
            all.keys.extend(part.keys);
            all.terms.extend(part.terms);
        }
        Self { asked: all, make: Box::new(make) }
    }
}

impl<T> fmt::Debug for SummaryPlan<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SummaryPlan").field(&self.asked).finish()
    }
}

impl<E: Entity, S: Scope, T> fmt::Debug for Summaries<E, S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Summaries").field("query", &self.query).finish_non_exhaustive()
    }
}
