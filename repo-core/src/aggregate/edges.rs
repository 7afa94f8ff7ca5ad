//! Time in buckets between given moments: days of a time zone, fiscal quarters, what no unit of time counts.
//!
//! Which moments these are, the caller knows. They are bound, and the bucket of a row is found by halving them, so
//! that many cost little more than a few. What is in no bucket is left out by a filter, not here.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::aggregate::bucket::of_kind;
use crate::aggregate::bucketable::Bucketable;
use crate::clock::to_microseconds;
use crate::column::Column;
use crate::entity::Entity;
use crate::error::{Error, Result};
use crate::filter::{Comparison, Node};
use crate::schema::table::ColumnDef;
use crate::value::column_type::ColumnType;
use crate::value::{InvalidValue, Kind, Value};

/// Moments, each the start of a bucket that ends where the next one starts.
#[doc(hidden)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edges(Arc<[DateTime<Utc>]>);

/// A column of moments or days, in buckets between given ones: made by [`Column::bucket_between`], to group by.
pub struct BucketedBetween<E, T> {
    pub(crate) column: Column<E, T>,
    pub(crate) edges: Edges,
}

/// The most edges: each is a parameter, once for each time that a statement has the key.
const MOST: usize = 5_000;

/// Moments and days.
impl<E: Entity, T: ColumnType> Column<E, T> {
    /// The bucket that the moment or the day is in, of those between `edges`, to group by: the days of a time zone,
    /// given its midnights, or fiscal quarters, given their first days.
    ///
    /// Between n edges there are n - 1 buckets. Each has its start, which is its key, and not its end. Rows before
    /// the first edge, from the last one on, and without a value are in no bucket: they are not counted.
    ///
    /// ```
    /// # use repo_core::{NoTenant, Repository, Result, count};
    /// # use chrono::{DateTime, Utc};
    /// # #[derive(Repository)]
    /// # #[repository(table = "calls")]
    /// # struct Call { id: uuid::Uuid, at: DateTime<Utc> }
    /// # async fn f(calls: CallRepository<NoTenant>, midnights: Vec<DateTime<Utc>>) -> Result<()> {
    /// let days = calls.query().group_by(Call::AT.bucket_between(&midnights));
    /// let days: Vec<(DateTime<Utc>, u64)> = days.fill(..).select(count()).all().await?; // empty days as well
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Fewer than two edges, more than 5,000, and one that is not after the one before it, in microseconds, are
    /// [`Error::InvalidInput`] when the query runs, before anything is sent.
    pub fn bucket_between(self, edges: &[T::Bare]) -> BucketedBetween<E, T>
    where
        T::Bare: Bucketable,
    {
        let moments = edges.iter().map(|edge| to_microseconds(edge.moment()));
        BucketedBetween { column: self, edges: Edges(moments.collect()) }
    }
}

impl Edges {
    /// Whether there are buckets between them, and the column holds each.
    pub(crate) fn check(&self, column: &ColumnDef) -> Result<()> {
        let refused = |reason: String| Err(Error::invalid_input("bucket", reason));
        if self.0.len() < 2 {
            return refused("has fewer than two edges, and no bucket between them".to_owned());
        }
        if self.0.len() > MOST {
            return refused(format!("has more than {MOST} edges"));
        }
        if let Some(pair) = self.0.windows(2).find(|pair| pair[0] >= pair[1]) {
            return refused(format!("has the edge {} not before the edge {}", pair[0], pair[1]));
        }
        let held = self.0.iter().try_for_each(|edge| edge.encode(Kind::Timestamp).map(drop));
        held.map_err(|invalid| Error::invalid_value(column.name, invalid))
    }

    /// How many buckets there are.
    pub(crate) fn buckets(&self) -> i64 {
        i64::try_from(self.0.len()).unwrap_or(i64::MAX) - 1
    }

    /// The moment at which a bucket starts.
    pub(crate) fn start(&self, index: i64) -> Result<DateTime<Utc>, InvalidValue> {
        let start = usize::try_from(index).ok().and_then(|index| self.0.get(index)).copied();
        start.ok_or_else(|| InvalidValue::new("is in no bucket between the edges"))
    }

    /// The start of a bucket as a column of this kind has it.
    pub(crate) fn key(&self, index: i64, kind: Kind) -> Result<Value<'static>, InvalidValue> {
        self.start(index).map(|start| of_kind(start, kind))
    }

    /// The edges as a column of this kind has them.
    pub(crate) fn keys(&self, kind: Kind) -> Vec<Value<'static>> {
        self.0.iter().map(|edge| of_kind(*edge, kind)).collect()
    }

    /// What holds for the rows that are in a bucket.
    pub(crate) fn within(&self, column: usize, kind: Kind) -> Node {
        let compare = |comparison, edge: &DateTime<Utc>| Node::Compare {
            column,
            comparison,
            value: of_kind(*edge, kind),
        };
        let first = self.0.first().map(|edge| compare(Comparison::GreaterOrEqual, edge));
        let last = self.0.last().map(|edge| compare(Comparison::Less, edge));
        Node::All(first.into_iter().chain(last).collect())
    }
}

impl<E, T> Clone for BucketedBetween<E, T> {
    fn clone(&self) -> Self {
        Self { column: self.column, edges: self.edges.clone() }
    }
}

impl<E: Entity, T: ColumnType> fmt::Debug for BucketedBetween<E, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} in {} buckets between moments", self.column, self.edges.buckets())
    }
}
