//! Which rows come back with the row that they were deleted with.
//!
//! One deletion may have taken a row with several others. It comes back with the last of them: while another
//! parent stays deleted, so does the row, and what is only below it. Absent: bringing them back (`marks.rs`).

use std::collections::{BTreeMap, VecDeque};

use uuid::Uuid;

use super::{Cascade, Collected, Stored, ids};
use crate::error::Result;
use crate::schema::table::Table;
use crate::session::scope::Scope;
use crate::sql::together::State;
use crate::write::parents::taking_along;

/// Rows of one table.
pub(super) type Rows = (&'static Table, Vec<Stored>);

impl<S: Scope> Cascade<'_, S> {
    /// The row itself, and those below it that `deletion` deleted and that come back with it, locked, parents
    /// before their children.
    pub(super) async fn returning(
        &self,
        root: &'static Table,
        row: Stored,
        deletion: Uuid,
    ) -> Result<Vec<Rows>> {
        let mut met = Collected::default();
        met.is_new(root, &row[root.roles.id]);
        let mut parents = VecDeque::from([(root, vec![row[root.roles.id].clone()])]);
        let mut found = vec![(root, vec![row])];
        while let Some((parent, of)) = parents.pop_front() {
            for child in self.registry.marked_with(parent) {
                let among = self.among(child.table, child.column, &of);
                let mut rows = self.rows(among, State::DeletedBy(deletion)).await?;
                rows.retain(|row| met.is_new(child.table, &row[child.table.roles.id]));
                if !rows.is_empty() {
                    parents.push_back((child.table, ids(child.table, &rows)));
                    found.push((child.table, rows));
                }
            }
        }
        let staying = self.staying(&found, &met, deletion).await?;
        leave(&mut found, staying);
        Ok(found)
    }

    /// The parents of these rows that `deletion` deleted as well, and that are none of them.
    ///
    /// They are not locked: whoever brings one of them back meanwhile waits for the rows, and finds then what has
    /// come back here.
    async fn staying(&self, found: &[Rows], met: &Collected, deletion: Uuid) -> Result<Collected> {
        let mut others = BTreeMap::new();
        for (table, rows) in &found[1..] {
            for (column, parent) in taking_along(table) {
                let ids = rows.iter().map(|row| &row[column]);
                let ids = ids.filter(|id| !id.is_null() && !met.has(parent, id));
                let (_, known) = others.entry(parent.name).or_insert((parent, Vec::new()));
                known.extend(ids.cloned());
            }
        }
        let mut staying = Collected::default();
        for (parent, of) in others.into_values() {
            if of.is_empty() || parent.roles.deletion_id.is_none() {
                continue;
            }
            let dialect = self.session.dialect();
            let among = self.among(parent, parent.roles.id, &of);
            for row in self.answers(&among.select(dialect, State::StillDeletedBy(deletion))).await?
            {
                staying.is_new(parent, &row[parent.roles.id]);
            }
        }
        Ok(staying)
    }
}

/// Takes out the rows below those that stay, but for the first.
fn leave(found: &mut [Rows], mut staying: Collected) {
    let mut is_done = staying.is_empty();
    while !is_done {
        is_done = true;
        for (table, rows) in &mut found[1..] {
            let parents: Vec<_> = taking_along(table).collect();
            rows.retain(|row| {
                let is_left = parents.iter().any(|(at, parent)| staying.has(parent, &row[*at]));
                if is_left {
                    is_done = false;
                    staying.is_new(table, &row[table.roles.id]);
                }
                !is_left
            });
        }
    }
}
