//! Rows as a series: the newest and the oldest, those of each key, those of the last while, and where a share of
//! the values lies.
//!
//! Ranges of time are filters: [`Column::within`] and [`Column::on`]. What is counted per hour or day is in
//! `aggregate/groups.rs`.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::aggregate::Extreme;
use crate::aggregate::cells::Cells;
use crate::aggregate::keys::{Key, Keys};
use crate::backend::Row;
use crate::column::Column;
use crate::database::CLOCK;
use crate::entity::Entity;
use crate::error::Error;
use crate::filter::{Filter, Node};
use crate::query::Query;
use crate::read;
use crate::read::reading::Reading;
use crate::session::scope::{ReachableFrom, Scope};
use crate::value::column_type::{ColumnType, Comparable};

/// Time series.
impl<E: Entity, S: Scope> Query<E, S>
where
    E::Tenancy: ReachableFrom<S>,
{
    /// The row with the greatest value in `column`: of several, the first in the order of the query, then the
    /// one with the highest id. A row without a value is none of them.
    pub fn latest<T: ColumnType>(self, column: Column<E, T>) -> Reading<Option<E>>
    where
        <T::Bare as ColumnType>::Class: Comparable,
    {
        let newest = self.with_value(column).order_first(column.desc()).then_by_id(true);
        Reading::new(newest.first())
    }

    /// The row with the least value in `column`: of several, the first in the order of the query, then the one
    /// with the lowest id. A row without a value is none of them.
    pub fn earliest<T: ColumnType>(self, column: Column<E, T>) -> Reading<Option<E>>
    where
        <T::Bare as ColumnType>::Class: Comparable,
    {
        let oldest = self.with_value(column).order_first(column.asc()).then_by_id(false);
        Reading::new(oldest.first())
    }

    /// The row with the greatest value in `by` of each key, and of several with the same one that with the
    /// highest id; by key, unless the query has an order. Keys are what rows can be
    /// [grouped by](Query::group_by).
    ///
    /// Awaiting is [`Error::InvalidInput`] where the rows were to be locked.
    pub fn latest_per<K: Keys<E>, T: ColumnType>(self, keys: K, by: Column<E, T>) -> Reading<Vec<E>>
    where
        <T::Bare as ColumnType>::Class: Comparable,
    {
        self.with_value(by).extreme_per(keys.keys(), by.index(), Extreme::Greatest)
    }

    /// The row with the least value in `by` of each key, and of several with the same one that with the lowest
    /// id: the oldest, or the cheapest. Otherwise as [`latest_per`](Self::latest_per).
    ///
    /// ```
    /// # use repo_core::{NoTenant, Repository, Result};
    /// # #[derive(Repository)]
    /// # #[repository(table = "offers")]
    /// # struct Offer { id: uuid::Uuid, article: String, cents: Option<i64> }
    /// # async fn f(offers: OfferRepository<NoTenant>) -> Result<()> {
    /// let cheapest: Vec<Offer> = offers.query().earliest_per(Offer::ARTICLE, Offer::CENTS).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn earliest_per<K: Keys<E>, T: ColumnType>(
        self,
        keys: K,
        by: Column<E, T>,
    ) -> Reading<Vec<E>>
    where
        <T::Bare as ColumnType>::Class: Comparable,
    {
        self.with_value(by).extreme_per(keys.keys(), by.index(), Extreme::Least)
    }

    /// Only rows whose moment lies in the last `duration` before now, which the database's clock tells: after
    /// its start, and up to now.
    ///
    /// The moment is part of the filter: with the same call later, a [`Cursor`](crate::Cursor) of this query is
    /// [`Error::InvalidCursor`]. Where windows follow each other, filter by a fixed start instead,
    /// `column.gt(from)`, and keep it with the cursor.
    pub fn recent<T>(self, column: Column<E, T>, duration: Duration) -> Self
    where
        T: ColumnType<Bare = DateTime<Utc>>,
    {
        let now = match self.now() {
            Ok(now) => now,
            Err(invalid) => {
                return self.filter(Filter::new(Node::Invalid { column: CLOCK, invalid }));
            }
        };
        let until = column.le(now);
        let start = TimeDelta::from_std(duration).ok().and_then(|d| now.checked_sub_signed(d));
        // Longer than there is time: no start.
        match start.filter(|start| start.encode(T::KIND).is_ok()) {
            Some(start) => self.filter(column.gt(start) & until),
            None => self.filter(until),
        }
    }

    /// The least value that at least this share of the values is not above: of 0.5 the median, of 1.0 the
    /// greatest. One of the values there are, as `percentile_disc` has it; `None` where there are none.
    ///
    /// Awaiting is [`Error::InvalidInput`] where the share is not in 0.0 to 1.0, or the query has a limit or an
    /// offset.
    pub fn percentile<T: ColumnType>(
        self,
        column: Column<E, T>,
        share: f64,
    ) -> Reading<Option<T::Bare>>
    where
        <T::Bare as ColumnType>::Class: Comparable,
    {
        let query = self.with_value(column);
        Reading::new(async move {
            if !(0.0..=1.0).contains(&share) {
                return Err(Error::invalid_input("share", "is not in 0.0 to 1.0"));
            }
            let (repo, selection) = query.ready_for_all("percentile")?;
            let mut writer = read::writer::<E, S>(&repo);
            writer.percentile(&selection, column.index(), share)?;
            let mut found = None;
            let mut on_row = |row: &dyn Row| {
                found = Cells::new(E::TABLE, row).optional(column.index())?;
                Ok(())
            };
            read::run(repo.session(), &writer, &mut on_row).await?;
            Ok(found)
        })
    }

    fn extreme_per(self, keys: Vec<Key>, by: usize, extreme: Extreme) -> Reading<Vec<E>> {
        Reading::new(async move {
            keys.iter().try_for_each(|key| key.check(E::TABLE))?;
            let method = match extreme {
                Extreme::Least => "earliest_per",
                Extreme::Greatest => "latest_per",
            };
            self.refuse_lock(method)?;
            let (repo, selection) = self.order_by_keys(&keys).within_keys(&keys).ready()?;
            repo.session().looks_at(keys.iter().flat_map(|key| key.source().linked()))?;
            let mut writer = read::writer::<E, S>(&repo);
            writer.extreme_per(&selection, &keys, by, extreme)?;
            let mut rows = Vec::new();
            let mut on_row = |row: &dyn Row| {
                rows.push(read::decode(row)?);
                Ok(())
            };
            read::run(repo.session(), &writer, &mut on_row).await?;
            Ok(rows)
        })
    }

    fn with_value<T: ColumnType>(self, column: Column<E, T>) -> Self {
        if T::NULLABLE { self.filter(column.is_not_null()) } else { self }
    }
}
