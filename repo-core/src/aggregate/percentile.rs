//! Where a share of the values lies: one of the values, or between two of them.
//!
//! Both are computed from ranks, by the same expressions on every database: none of them but Postgres knows
//! percentiles. Of all rows of a query, one of the values is in `read/series.rs`.

use crate::aggregate::cells::Cells;
use crate::aggregate::total::Summable;
use crate::aggregate::{Aggregate, Function, Term};
use crate::backend::Row;
use crate::column::Column;
use crate::entity::Entity;
use crate::error::{Error, Result};
use crate::query::Query;
use crate::read;
use crate::read::reading::Reading;
use crate::session::scope::{ReachableFrom, Scope};
use crate::value::column_type::{ColumnType, Comparable};

/// A share of values, 0.0 to 1.0, as the bits of an `f64`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Share(u64);

impl<E: Entity, T: ColumnType> Column<E, T> {
    /// The least value that at least this share of the values is not above, as
    /// [`Query::percentile`] has it: one of the values there are.
    ///
    /// ```
    /// # use repo_core::{NoTenant, Repository, Result, count};
    /// # #[derive(Repository)]
    /// # #[repository(table = "calls")]
    /// # struct Call { id: uuid::Uuid, model: String, latency: i64 }
    /// # async fn f(calls: CallRepository<NoTenant>) -> Result<()> {
    /// let (median, slow) = (Call::LATENCY.percentile(0.5), Call::LATENCY.percentile(0.95));
    /// let models = calls.query().group_by(Call::MODEL).select((count(), median, slow));
    /// for (model, (calls, median, slow)) in models.having(slow.gt(1_000)).all().await? {
    ///     println!("{model}: {calls} calls, half of them in {median:?}, most in {slow:?}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Awaiting is [`Error::InvalidInput`] where the share is not in 0.0 to 1.0.
    pub fn percentile(self, share: f64) -> Aggregate<E, Option<T::Bare>>
    where
        <T::Bare as ColumnType>::Class: Comparable,
    {
        self.one_of_the_values(Function::Percentile(Share(share.to_bits())))
    }
}

impl<E: Entity, S: Scope> Query<E, S>
where
    E::Tenancy: ReachableFrom<S>,
{
    /// Where this share of the values lies, between two of them in proportion, as `percentile_cont` has it: of
    /// 0.5 the median, which of an even number of values is in the middle between two. Computed as `f64`; `None`
    /// where there are no values.
    ///
    /// Awaiting is [`Error::InvalidInput`] where the share is not in 0.0 to 1.0, or the query has a limit or an
    /// offset.
    pub fn percentile_cont<C: Summable, T>(
        self,
        column: Column<E, T>,
        share: f64,
    ) -> Reading<Option<f64>>
    where
        T: ColumnType<Bare: ColumnType<Class = C>>,
    {
        let query = if T::NULLABLE { self.filter(column.is_not_null()) } else { self };
        Reading::new(async move {
            let share = Share(share.to_bits());
            share.check()?;
            let (repo, selection) = query.ready_for_all("percentile_cont")?;
            let mut writer = read::writer::<E, S>(&repo);
            writer.percentile_cont(&selection, column.index(), share)?;
            let mut beside = Vec::with_capacity(2);
            let mut on_row = |row: &dyn Row| {
                let mut cells = Cells::new(E::TABLE, row);
                beside.push((cells.float(column.index())?, cells.count()?, cells.count()?));
                Ok(())
            };
            read::run(repo.session(), &writer, &mut on_row).await?;
            Ok(share.between(&beside))
        })
    }
}

/// Refuses percentiles of what is no share.
pub(crate) fn check(terms: &[Term]) -> Result<()> {
    terms.iter().try_for_each(|term| match term.function {
        Function::Percentile(share) => share.check(),
        _ => Ok(()),
    })
}

impl Share {
    pub(crate) fn get(self) -> f64 {
        f64::from_bits(self.0)
    }

    fn check(self) -> Result<()> {
        if (0.0..=1.0).contains(&self.get()) {
            return Ok(());
        }
        Err(Error::invalid_input("share", "is not in 0.0 to 1.0"))
    }

    /// Between the value below and the one above, each with its rank, counted from 1, and how many there are.
    fn between(self, beside: &[(f64, u64, u64)]) -> Option<f64> {
        let ((low, rank, count), (high, ..)) = (*beside.first()?, *beside.last()?);
        let part = self.get() * (count - 1) as f64 - (rank - 1) as f64;
        let difference = high - low;
        Some(if difference.is_finite() {
            low + part * difference
        } else {
            low * (1.0 - part) + high * part
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Share;

    fn share(share: f64) -> Share {
        Share(share.to_bits())
    }

    #[test]
    fn a_share_lies_between_two_values_in_proportion() {
        assert_eq!(share(0.5).between(&[(10.0, 1, 2), (20.0, 2, 2)]), Some(15.0));
        assert_eq!(share(0.25).between(&[(10.0, 1, 2), (20.0, 2, 2)]), Some(12.5));
        assert_eq!(share(0.5).between(&[(10.0, 2, 3)]), Some(10.0));
        assert_eq!(share(0.5).between(&[]), None);
    }

    #[test]
    fn values_far_apart_do_not_overflow() {
        let ends = [(f64::MIN, 1, 2), (f64::MAX, 2, 2)];
        assert_eq!(share(0.5).between(&ends), Some(0.0));
        assert_eq!(share(1.0).between(&[(f64::MAX, 2, 2)]), Some(f64::MAX));
    }
}
