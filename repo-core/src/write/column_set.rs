//! Some columns of a table. A table of the usual size takes no allocation.

use std::collections::BTreeSet;

/// Columns, as indexes into the table's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ColumnSet {
    /// The first 64, a bit each.
    first: u64,
    others: BTreeSet<usize>,
}

impl ColumnSet {
    pub(crate) fn insert(&mut self, column: usize) {
        match bit(column) {
            Some(bit) => self.first |= bit,
            None => {
                self.others.insert(column);
            }
        }
    }

    pub(crate) fn contains(&self, column: usize) -> bool {
        match bit(column) {
            Some(bit) => self.first & bit != 0,
            None => self.others.contains(&column),
        }
    }
}

fn bit(column: usize) -> Option<u64> {
    u32::try_from(column).ok().and_then(|column| 1_u64.checked_shl(column))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_a_wide_table_are_kept_as_the_first_are() {
        let some = [0, 1, 63, 64, 65, 128, 1_000];
        let mut set = ColumnSet::default();
        for column in some {
            assert!(!set.contains(column), "{column}");
            set.insert(column);
        }
        for column in 0..1_100 {
            assert_eq!(set.contains(column), some.contains(&column), "{column}");
        }
    }
}
