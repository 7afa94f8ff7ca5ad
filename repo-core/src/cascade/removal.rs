//! Removing rows before the row that they refer to.

use std::collections::{HashMap, HashSet, VecDeque};

use super::{Cascade, Stored, ids};
use crate::audit::Action;
use crate::backend::{Effect, Statement, no_rows};
use crate::error::{Error, Result};
use crate::read::IdKey;
use crate::schema::table::Table;
use crate::session::scope::Scope;
use crate::sql::together::State;
use crate::value::Value;

/// Rows below others, each once.
#[derive(Debug, Default)]
pub(crate) struct Collected {
    seen: HashMap<&'static str, HashSet<IdKey>>,
    rows: HashMap<&'static str, Vec<Stored>>,
}

impl Collected {
    /// Whether the row is met for the first time.
    pub(crate) fn is_new(&mut self, table: &'static Table, id: &Value<'_>) -> bool {
        self.seen.entry(table.name).or_default().insert(IdKey::of(id))
    }

    /// Whether the row was met.
    pub(crate) fn has(&self, table: &Table, id: &Value<'_>) -> bool {
        self.seen.get(table.name).is_some_and(|ids| ids.contains(&IdKey::of(id)))
    }

    /// As if these rows had not been met.
    pub(crate) fn unmeet(&mut self, table: &Table, of: &[Value<'_>]) {
        if let Some(seen) = self.seen.get_mut(table.name) {
            of.iter().for_each(|id| {
                seen.remove(&IdKey::of(id));
            });
        }
    }

    /// The ids of the rows of `table` that are kept.
    pub(crate) fn ids(&self, table: &Table) -> Vec<Value<'static>> {
        self.rows.get(table.name).map_or_else(Vec::new, |rows| ids(table, rows))
    }

    /// Whether no row was met.
    pub(super) fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }

    /// Keeps a row.
    pub(crate) fn add(&mut self, table: &'static Table, row: Stored) {
        self.rows.entry(table.name).or_default().push(row);
    }

    /// How many rows of `table` were met, and of all others.
    pub(crate) fn counts(&self, table: &Table) -> (u64, u64) {
        let of = |name: &str| self.seen.get(name).map_or(0, |ids| ids.len() as u64);
        let all: u64 = self.seen.values().map(|ids| ids.len() as u64).sum();
        (of(table.name), all - of(table.name))
    }

    /// Forgets the rows and remembers that they were met.
    pub(crate) fn forget(&mut self) {
        self.rows.clear();
    }
}

/// The ids of rows of one table in such an order that none comes before one below it; of a circle the rows are the
/// last.
fn lowest_first(table: &'static Table, rows: &[Stored]) -> Vec<Value<'static>> {
    let columns: Vec<_> = table.own_references().collect();
    let places: HashMap<_, _> =
        rows.iter().enumerate().map(|(at, row)| (IdKey::of(&row[table.roles.id]), at)).collect();
    let above = |at: usize| -> Vec<usize> {
        let parent = |column: &usize| places.get(&IdKey::of(&rows[at][*column])).copied();
        columns.iter().filter_map(parent).filter(|parent| *parent != at).collect()
    };
    let mut below = vec![0_usize; rows.len()];
    (0..rows.len()).flat_map(above).for_each(|parent| below[parent] += 1);
    let mut order: Vec<usize> = (0..rows.len()).filter(|at| below[*at] == 0).collect();
    let mut next = 0;
    while let Some(&row) = order.get(next) {
        next += 1;
        for parent in above(row) {
            below[parent] -= 1;
            if below[parent] == 0 {
                order.push(parent);
            }
        }
    }
    order.extend((0..rows.len()).filter(|at| below[*at] > 0));
    order.into_iter().map(|at| rows[at][table.roles.id].clone()).collect()
}

impl<S: Scope> Cascade<'_, S> {
    /// Adds all rows below these, locked.
    pub(crate) async fn collect(
        &self,
        root: &'static Table,
        of: Vec<Value<'static>>,
        collected: &mut Collected,
    ) -> Result<()> {
        let mut parents = VecDeque::from([(root, of)]);
        while let Some((parent, of)) = parents.pop_front().filter(|(_, of)| !of.is_empty()) {
            for child in self.registry.removed_with(parent) {
                let mut rows =
                    self.rows(self.among(child.table, child.column, &of), State::Any).await?;
                rows.retain(|row| collected.is_new(child.table, &row[child.table.roles.id]));
                if !rows.is_empty() {
                    parents.push_back((child.table, ids(child.table, &rows)));
                    rows.into_iter().for_each(|row| collected.add(child.table, row));
                }
            }
        }
        Ok(())
    }

    /// Removes what was collected below `root`, and rows of `root` among it, children before their parents.
    pub(crate) async fn remove(
        &self,
        mut collected: Collected,
        root: &'static Table,
        action: Action,
    ) -> Result<()> {
        let dialect = self.session.dialect();
        let below = self.registry.below(root);
        let last = (!below.iter().any(|table| table.name == root.name)).then_some(root);
        for table in below.into_iter().chain(last) {
            let Some(rows) = collected.rows.remove(table.name) else { continue };
            let at_once = dialect.cascade_limit().map_or(rows.len(), |limit| limit / 2);
            let (of, mut removed) = (ids(table, &rows), 0);
            let order = if of.len() > at_once { lowest_first(table, &rows) } else { of.clone() };
            for some in order.chunks(at_once) {
                let writer = self.among(table, table.roles.id, some).remove(dialect);
                let (sql, params) = (&writer.sql, &writer.params);
                let statement = Statement { sql, params, effect: Effect::Delete, table };
                removed += self.session.run(statement, &mut no_rows).await?;
            }
            // The rows were locked. Of a table that is not seen to go the database may have removed some with
            // their parents, and counts them with those.
            if removed != rows.len() as u64
                && (table.is_seen_to_go()
                    || !self
                        .rows(self.among(table, table.roles.id, &of), State::Any)
                        .await?
                        .is_empty())
            {
                return Err(Error::left_out());
            }
            let gone: Vec<_> = rows.iter().map(|row| (Some(row.as_slice()), None)).collect();
            self.note(table, action, &gone).await?;
        }
        Ok(())
    }
}
