//! The statements of patches: rendered once for each set of columns.
//!
//! Which columns a patch sets is up to the caller, but a program has few kinds of patches. Their order
//! is always that of the table, so that one set has one text, for the database's cache as well.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::audit::Action;
use crate::dialect::Dialect;
use crate::schema::table::Table;
use crate::sql::change::{ChangeSql, Parts};
use crate::sql::clauses::{and_differs, and_live_parents, changing};
use crate::sql::writer::Writer;
use crate::value::Value;
use crate::write::patch::Changes;

/// How many texts are kept for an entity; others are rendered at each use.
const MOST: usize = 256;
/// The bit of a set of columns that stands for the version in the condition.
const VERSION: u32 = u64::BITS - 1;

/// The texts that are known.
#[derive(Debug, Default)]
pub(crate) struct PatchSql {
    known: RwLock<HashMap<[u64; 2], Arc<ChangeSql>>>,
}

impl PatchSql {
    /// The statement that makes these changes, of which there is at least one, where any column differs.
    ///
    /// Parameters: those of the changes, now, key, version (where it is asked for).
    pub(crate) fn text(
        &self,
        dialect: &dyn Dialect,
        table: &'static Table,
        changes: &Changes,
        with_version: bool,
    ) -> Arc<ChangeSql> {
        let sets = bits(&changes.set, with_version).zip(bits(&changes.add, false));
        let Some(set) = sets.map(|(set, add)| [set, add]) else {
            return render(dialect, table, changes, with_version);
        };
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(text) = known.get(&set) {
            return Arc::clone(text);
        }
        drop(known);
        let text = render(dialect, table, changes, with_version);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() < MOST {
            known.insert(set, Arc::clone(&text));
        }
        text
    }
}

/// A bit for each column; none where a table has too many.
fn bits(columns: &[(usize, Value<'_>)], with_version: bool) -> Option<u64> {
    columns.iter().try_fold(u64::from(with_version) << VERSION, |set, (column, _)| {
        (*column < VERSION as usize).then(|| set | 1 << column)
    })
}

fn render(
    dialect: &dyn Dialect,
    table: &'static Table,
    changes: &Changes,
    with_version: bool,
) -> Arc<ChangeSql> {
    let (set, add) = changes.columns();
    let mut writer = Writer::new(dialect, table);
    let now = writer.set(&set, &add);
    let write = std::mem::take(&mut writer.sql);
    let next = writer.push(" WHERE ").key(now + 1);
    writer.and_live().and_version(with_version, next);
    and_live_parents(&mut writer, &set, now + 1);
    let condition = std::mem::take(&mut writer.sql);
    let parts = Parts {
        action: Action::Update,
        write,
        condition,
        key: now + 1,
        differs: and_differs(&mut writer, &set, &add),
        changing: changing(table, &[set, add].concat()),
        params: next - usize::from(!with_version),
    };
    Arc::new(ChangeSql::new(dialect, table, parts))
}
