//! Marking rows with the row that they refer to, and bringing back exactly those.

use std::collections::VecDeque;

use uuid::Uuid;

use super::{Cascade, Stored, answers, ids};
use crate::audit::Action;
use crate::backend::{Effect, Statement, no_rows};
use crate::error::{Error, Result};
use crate::schema::table::Table;
use crate::session::scope::Scope;
use crate::sql::together::State;
use crate::value::Value;
use crate::write::parents::Parents;

impl<S: Scope> Cascade<'_, S> {
    /// Marks the live rows below the rows with these ids as deleted by `deletion`.
    pub(crate) async fn mark(
        &self,
        root: &'static Table,
        ids_of_root: Vec<Value<'static>>,
        deletion: Uuid,
    ) -> Result<()> {
        let mut parents = VecDeque::from([(root, ids_of_root)]);
        while let Some((parent, of)) = parents.pop_front() {
            for child in self.registry.marked_with(parent) {
                let rows =
                    self.rows(self.among(child.table, child.column, &of), State::Live).await?;
                if !rows.is_empty() {
                    self.change(child.table, &rows, Some(deletion)).await?;
                    parents.push_back((child.table, ids(child.table, &rows)));
                }
            }
        }
        Ok(())
    }

    /// Brings back the rows below a row that `deletion` deleted with it, and with no other that stays deleted.
    pub(crate) async fn unmark(
        &self,
        root: &'static Table,
        row: Stored,
        deletion: Uuid,
    ) -> Result<()> {
        let restored = self.returning(root, row, deletion).await?;
        // The first is the row itself, which is there already.
        for (table, rows) in restored[1..].iter().filter(|(_, rows)| !rows.is_empty()) {
            self.change(table, rows, None).await.map_err(as_restore_conflict)?;
        }
        // At the end: a row may refer to several that come back.
        for (table, rows) in restored {
            let mut parents = Parents::taking_along(table);
            rows.iter().for_each(|row| parents.add_row(row));
            parents.check(self.session, self.tenant).await?;
        }
        Ok(())
    }

    /// Marks rows, which are locked, as deleted by `deletion`, or brings them back if there is none.
    pub(crate) async fn change(
        &self,
        table: &'static Table,
        rows: &[Stored],
        deletion: Option<Uuid>,
    ) -> Result<()> {
        let dialect = self.session.dialect();
        let of = ids(table, rows);
        let among = self.among(table, table.roles.id, &of);
        let mut writer = among.mark(dialect, deletion, Value::Timestamp(self.at));
        let action = if deletion.is_some() { Action::Delete } else { Action::Restore };
        if !table.is_seen(action) {
            let (sql, params) = (&writer.sql, &writer.params);
            let statement = Statement { sql, params, effect: Effect::Update, table };
            let changed = self.session.run(statement, &mut no_rows).await?;
            return if changed == rows.len() as u64 { Ok(()) } else { Err(Error::left_out()) };
        }
        writer.push(" RETURNING ").all_columns();
        let after = answers(self.session, &writer, Effect::Update).await?;
        if after.len() != rows.len() {
            return Err(Error::left_out());
        }
        self.note_pairs(table, action, rows, after).await
    }
}

fn as_restore_conflict(error: Error) -> Error {
    match error {
        Error::Conflict { entity, columns, .. } => Error::RestoreConflict { entity, columns },
        other => other,
    }
}
