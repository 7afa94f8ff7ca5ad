//! The statements of patches: rendered once for each set of columns.
//!
//! Which columns a patch sets is up to the caller, but a program has few kinds of patches. Their order
//! is always that of the table, so that one set has one text, for the database's cache as well.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::audit::Action;
use crate::dialect::Dialect;
use crate::sql::change::{ChangeSql, Parts};
use crate::sql::crud::{and_differs, and_live_parents, changing};
use crate::sql::writer::Writer;
use crate::table::Table;

/// How many texts are kept for an entity; others are rendered at each use.
const MOST: usize = 256;
/// The bit of a set of columns that stands for the version in the condition.
const VERSION: u32 = u64::BITS - 1;

/// The texts that are known.
#[derive(Debug, Default)]
pub(crate) struct PatchSql {
    known: RwLock<HashMap<u64, Arc<ChangeSql>>>,
}

impl PatchSql {
    /// The statement that sets these columns, of which there is at least one, where any of them differs.
    ///
    /// Parameters: the columns, now, key, version (where it is asked for).
    pub(crate) fn text(
        &self,
        dialect: &dyn Dialect,
        table: &'static Table,
        columns: impl Iterator<Item = usize> + Clone,
        with_version: bool,
    ) -> Arc<ChangeSql> {
        let Some(set) = set(columns.clone(), with_version) else {
            return render(dialect, table, columns, with_version);
        };
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(text) = known.get(&set) {
            return Arc::clone(text);
        }
        drop(known);
        let text = render(dialect, table, columns, with_version);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() < MOST {
            known.insert(set, Arc::clone(&text));
        }
        text
    }
}

/// A bit for each column; none where a table has too many.
fn set(mut columns: impl Iterator<Item = usize>, with_version: bool) -> Option<u64> {
    columns.try_fold(u64::from(with_version) << VERSION, |set, column| {
        (column < VERSION as usize).then(|| set | 1 << column)
    })
}

fn render(
    dialect: &dyn Dialect,
    table: &'static Table,
    columns: impl Iterator<Item = usize>,
    with_version: bool,
) -> Arc<ChangeSql> {
    let columns: Vec<usize> = columns.collect();
    let mut writer = Writer::new(dialect, table);
    let now = writer.set(&columns);
    let write = std::mem::take(&mut writer.sql);
    let next = writer.push(" WHERE ").key(now + 1);
    writer.and_live().and_version(with_version, next);
    and_live_parents(&mut writer, &columns);
    let condition = std::mem::take(&mut writer.sql);
    let parts = Parts {
        action: Action::Update,
        write,
        condition,
        differs: and_differs(&mut writer, &columns),
        changing: changing(table, &columns),
        params: next - usize::from(!with_version),
    };
    Arc::new(ChangeSql::new(dialect, table, parts))
}
