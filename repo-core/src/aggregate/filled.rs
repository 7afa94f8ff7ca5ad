//! Rows in all buckets of a range of time, those without rows too.
//!
//! The database answers with the buckets that have rows; the others are added here.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;

use chrono::{DateTime, Utc};

use crate::aggregate::bucket::Bucket;
use crate::aggregate::bucketable::Bucketable;
use crate::aggregate::cells::Cells;
use crate::aggregate::edges::Edges;
use crate::aggregate::groups::{Grouping, Groups, run};
use crate::aggregate::keys::{Fillable, Key, Keys};
use crate::aggregate::select::Select;
use crate::backend::Row;
use crate::column::Column;
use crate::entity::Entity;
use crate::error::{Error, Result};
use crate::query::Query;
use crate::schema::table::ColumnDef;
use crate::session::scope::{ReachableFrom, Scope};
use crate::value::InvalidValue;

/// The rows of a range of time in its buckets, to be asked for aggregates. Made by [`Groups::fill`].
#[must_use = "buckets are asked for aggregates: `.select(..).all().await`"]
pub struct Filled<E: Entity, S: Scope, T = DateTime<Utc>> {
    query: Query<E, S>,
    filling: Filling<E, T>,
}

/// Aggregates of each bucket of a range of time: `.all().await` gives a pair of start and aggregates for each.
#[must_use = "buckets do nothing until they are asked for: `.all().await`"]
pub struct FilledGroups<E: Entity, S: Scope, A, T = DateTime<Utc>> {
    filled: Filled<E, S, T>,
    aggregates: A,
}

/// Which buckets of which column are filled.
#[doc(hidden)]
pub struct Filling<E, T> {
    column: Column<E, T>,
    span: Span<T>,
}

/// The buckets of one length that a range touches, or those between given moments.
#[derive(Debug)]
pub(crate) enum Span<T> {
    Even(Bucket, Range<T>),
    Between(Edges),
}

/// The most buckets that are made for a range.
const MOST_BUCKETS: i64 = 1_000_000;

impl<E: Entity, S: Scope, K: Keys<E>> Groups<E, S, K> {
    /// The rows of a range of time, which does not include its end, and every bucket that the range touches,
    /// whether rows are in it or not. Of a column of days it is a range of days, and of buckets [between given
    /// moments](Column::bucket_between) it is `..`, all of them.
    ///
    /// A range of more than a million buckets is [`Error::InvalidInput`]; one that ends before it starts has
    /// none.
    pub fn fill<R, T>(self, range: R) -> Filled<E, S, T>
    where
        K: Fillable<E, R, T>,
    {
        let (query, keys) = self.into_parts();
        Filled { query, filling: keys.filling(range) }
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
    /// As for [`Grouped::all`](crate::query::Grouped::all).
    pub async fn all(self) -> Result<Vec<(T, A::Output)>> {
        let FilledGroups { filled: Filled { mut query, filling }, aggregates } = self;
        let Filling { column, span } = filling;
        let buckets = span.buckets(column.def())?;
        let keys = [span.key(column.index())];
        if let Span::Even(_, range) = &span {
            query = query.filter(column.within(range.clone()));
        }
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
            let start = span.start(index).map(T::starting);
            start.map_err(|invalid| Error::invalid_value(column.name(), invalid))
        };
        buckets.map(|index| Ok((start(index)?, found.remove(&index).unwrap_or_default()))).collect()
    }
}

impl<E: Entity, T> Filling<E, T> {
    pub(crate) fn new(column: usize, span: Span<T>) -> Self {
        Self { column: Column::new(column), span }
    }
}

impl<T: Bucketable> Span<T> {
    fn key(&self, column: usize) -> Key {
        match self {
            Span::Even(bucket, _) => Key::Bucket(column, *bucket),
            Span::Between(edges) => Key::Between(column, edges.clone()),
        }
    }

    fn start(&self, index: i64) -> Result<DateTime<Utc>, InvalidValue> {
        match self {
            Span::Even(bucket, _) => bucket.start(index),
            Span::Between(edges) => edges.start(index),
        }
    }

    /// The numbers of the buckets.
    fn buckets(&self, column: &ColumnDef) -> Result<Range<i64>> {
        match self {
            Span::Even(bucket, range) => touched(*bucket, range, column),
            Span::Between(edges) => {
                edges.check(column)?;
                Ok(0..edges.buckets())
            }
        }
    }
}

/// The numbers of the buckets that the range touches.
fn touched<T: Bucketable>(
    bucket: Bucket,
    range: &Range<T>,
    column: &ColumnDef,
) -> Result<Range<i64>> {
    bucket.check(column)?;
    let (start, end) = (range.start.moment(), range.end.moment());
    if start >= end {
        return Ok(0..0);
    }
    let (first, last) = (bucket.index(start), bucket.index(end));
    // The end is not part of the range: it may be the start of a bucket that is not touched.
    let is_touched = bucket.start(last).is_ok_and(|start| start < end);
    let buckets = first..last + i64::from(is_touched);
    if buckets.end - buckets.start > MOST_BUCKETS {
        let reason = format!("has more than {MOST_BUCKETS} buckets in this range");
        return Err(Error::invalid_input(column.name, reason));
    }
    Ok(buckets)
}

impl<E: Entity, T: Bucketable> fmt::Debug for Filling<E, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} in {:?}", self.column, self.span)
    }
}

impl<E: Entity, S: Scope, T: Bucketable> fmt::Debug for Filled<E, S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Filled")
            .field("query", &self.query)
            .field("buckets", &self.filling)
            .finish()
    }
}

impl<E: Entity, S: Scope, A, T: Bucketable> fmt::Debug for FilledGroups<E, S, A, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FilledGroups").field("filled", &self.filled).finish_non_exhaustive()
    }
}
