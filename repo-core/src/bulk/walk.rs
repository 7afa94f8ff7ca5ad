//! The rows of a query by id, some at a time.
//!
//! A database that orders all that is left each time takes the longer for a chunk the more rows there are. So where the
//! first chunk is not all, the ids of many rows are read at once, and each chunk is looked up by its ids, as the query
//! still has it.

use std::collections::VecDeque;

use super::Bulk;
use crate::backend::{Effect, Row, Statement};
use crate::cascade::Stored;
use crate::entity::Entity;
use crate::error::Result;
use crate::filter::{Comparison, Node};
use crate::query::Selection;
use crate::session::Session;
use crate::session::scope::{Scope, WritableFrom};
use crate::sql::writer::Writer;
use crate::value::Value;

/// How many ids are read at once, 24 to 40 bytes each.
const AHEAD: usize = 50_000;

/// How far it is.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// The id of the last row that was asked for.
    last: Option<Value<'static>>,
    /// The ids of those that come next.
    ahead: VecDeque<Value<'static>>,
    /// Whether there are none after these.
    is_last: bool,
}

impl Walk {
    /// Whether there may be rows that were not asked for. Reads which come next, unless that is known.
    pub(super) async fn goes_on<E: Entity, S: Scope>(
        &mut self,
        bulk: &Bulk<E, S>,
        session: &Session<S>,
    ) -> Result<bool>
    where
        E::Tenancy: WritableFrom<S>,
    {
        if let (Some(last), true) = (&self.last, self.ahead.is_empty() && !self.is_last) {
            let mut selection = bulk.selection.clone();
            selection.filters.push(Node::Compare {
                column: E::TABLE.roles.id,
                comparison: Comparison::Greater,
                value: last.clone(),
            });
            self.ahead = ids::<E, S>(session, &selection).await?;
            self.is_last = self.ahead.len() < AHEAD;
        }
        Ok(!self.ahead.is_empty() || !self.is_last)
    }

    /// The next rows that are left, locked: of some that come next there may be none.
    pub(super) async fn next<E: Entity, S: Scope>(
        &mut self,
        bulk: &Bulk<E, S>,
        session: &Session<S>,
        most: usize,
    ) -> Result<Vec<Stored>>
    where
        E::Tenancy: WritableFrom<S>,
    {
        let id = E::TABLE.roles.id;
        if self.ahead.is_empty() {
            let rows = bulk.next(session, None, most).await?;
            self.is_last = rows.len() < most;
            self.last = rows.last().map(|row| row[id].clone());
            return Ok(rows);
        }
        let values: Vec<_> = self.ahead.drain(..most.min(self.ahead.len())).collect();
        self.last = values.last().cloned();
        bulk.next(session, Some(&values), most).await
    }
}

/// The ids of the next rows.
async fn ids<E: Entity, S: Scope>(
    session: &Session<S>,
    selection: &Selection,
) -> Result<VecDeque<Value<'static>>> {
    let (table, id) = (E::TABLE, E::TABLE.roles.id);
    let mut writer = Writer::new(session.dialect(), table);
    writer.push("SELECT ").column(id).push(" FROM ").table_name();
    writer.restrict(selection, &[])?;
    writer.push(" ORDER BY ").column(id).push(&format!(" LIMIT {AHEAD}"));
    let mut ids = VecDeque::new();
    let mut on_row = |row: &dyn Row| {
        ids.push_back(table.read(row, 0, id)?.into_owned());
        Ok(())
    };
    let (sql, params) = (&writer.sql, &writer.params);
    session.run(Statement { sql, params, effect: Effect::Read, table }, &mut on_row).await?;
    Ok(ids)
}
