//! What a program does about changes of rows: what it asks of them before they are kept, and whom it tells
//! of them afterwards.
//!
//! An operation comes here with the rows that it changed, in its transaction, before that ends: problems
//! undo it, entries and events wait for the end. Absent: whether the rows are at hand, which each way to
//! write sees to where [`Table::is_seen`] says so.

use std::any::TypeId;

use crate::audit::Action;
use crate::audit::author::Author;
use crate::audit::image::is_same;
use crate::error::Result;
use crate::schema::table::Table;
use crate::session::Session;
use crate::session::scope::Scope;
use crate::transaction::Own;
use crate::validation::{Problem, refuse};
use crate::value::Value;
use crate::write::perform;

/// What is asked of the rows of an entity, and whether somebody is told of their changes. Written by the
/// derive.
#[derive(Debug, Clone, Copy)]
pub struct Hooks {
    /// Of `validate(create)`: the problems of a row that is added as it was, by an import.
    pub create: Option<CheckRow>,
    /// Of `validate(update)`: the problems of a row, by what it was and what it will be.
    pub update: Option<CheckUpdate>,
    /// Of `validate(delete)`: the problems of deleting a row.
    pub delete: Option<CheckRow>,
    /// Of `events`: the type of the entity.
    pub events: Option<fn() -> TypeId>,
}

/// The problems of a changed row, by all of its columns as they were and as they are.
pub type CheckUpdate = fn(&[Value<'_>], &[Value<'_>]) -> Result<Vec<Problem>>;

/// The problems of a row, by all of its columns.
pub type CheckRow = fn(&[Value<'_>]) -> Result<Vec<Problem>>;

/// A row as it was and as it is: all of its columns, or none where there was or is no row.
pub(crate) type Changed<'r> = (Option<&'r [Value<'r>]>, Option<&'r [Value<'r>]>);

impl Hooks {
    /// Nothing is asked, and nobody is told.
    pub const NONE: Self = Self { create: None, update: None, delete: None, events: None };
}

impl Table {
    /// Whether a change must not be made without the row at hand: it is recorded, validated or told of.
    pub(crate) fn is_seen(&self, action: Action) -> bool {
        self.audit.is_some() || self.is_hooked(action)
    }

    /// The same, of what the program does about it alone.
    pub(crate) fn is_hooked(&self, action: Action) -> bool {
        self.hooks.events.is_some() || self.is_validated(action)
    }

    /// Whether rows go with their parent one by one, and not by the database alone.
    pub(crate) fn is_seen_to_go(&self) -> bool {
        self.is_seen(Action::Delete)
    }

    /// Whether something is asked of the row once its change is known.
    pub(crate) fn is_validated(&self, action: Action) -> bool {
        match action {
            Action::Update => self.hooks.update.is_some(),
            Action::Delete => self.hooks.delete.is_some(),
            _ => false,
        }
    }

    /// Whether something may be asked of a row that goes with one that is purged. Of the one that is purged nothing
    /// is: it was asked when it was deleted.
    fn is_asked_below(&self, action: Action) -> bool {
        action == Action::Purge && self.hooks.delete.is_some()
    }

    /// Whether the row was deleted before, and so asked.
    fn is_marked(&self, row: &[Value<'_>]) -> bool {
        let mark = self.roles.deleted_at.and_then(|column| row.get(column));
        mark.is_some_and(|mark| !mark.is_null())
    }
}

impl<S: Scope> Session<S> {
    /// The transaction of a change of which the rows are seen. What may be refused is a savepoint in the
    /// caller's, which then goes on without it.
    pub(crate) async fn transaction_for(&self, table: &Table, action: Action) -> Result<Own<S>> {
        if table.is_validated(action) {
            return self.begin_own().await.map(Own::Inner);
        }
        self.own_transaction().await
    }
}

/// Validates rows that were changed in the session's transaction, records them, and tells of them when it is
/// committed. Rows in which nothing differs are left out.
pub(crate) async fn note<S: Scope>(
    session: &Session<S>,
    table: &'static Table,
    action: Action,
    author: Option<&Author>,
    rows: &[Changed<'_>],
) -> Result<()> {
    let is_hooked = table.is_hooked(action) || table.is_asked_below(action);
    let hooked = rows.iter().copied().filter(|row| is_hooked && differs(row));
    let hooked: Vec<_> = hooked.collect();
    for row in &hooked {
        validate(table, action, row)?;
    }
    if let Some(author) = author.filter(|_| table.audit.is_some()) {
        let mut entries = Vec::with_capacity(rows.len());
        for (was, is) in rows {
            entries.extend(perform::entry(table, action, author, *was, *is)?);
        }
        session.record(entries).await?;
    }
    session.tell(table, action, &hooked).await
}

/// Validates a row that is to be added as it was.
pub(crate) fn validate_new(table: &Table, row: &[Value<'_>]) -> Result<()> {
    let problems = table.hooks.create.map(|check| check(row)).transpose()?;
    refuse(table, None, problems.unwrap_or_default())
}

fn differs((was, is): &Changed<'_>) -> bool {
    let (Some(was), Some(is)) = (was, is) else { return true };
    was.iter().zip(*is).any(|(was, is)| !is_same(was, is))
}

fn validate(table: &Table, action: Action, (was, is): &Changed<'_>) -> Result<()> {
    let Some(was) = was else { return Ok(()) };
    let problems = match (action, is) {
        (Action::Update, Some(is)) => table.hooks.update.map(|check| check(was, is)),
        (Action::Delete | Action::Purge, _) if !table.is_marked(was) => {
            table.hooks.delete.map(|check| check(was))
        }
        _ => None,
    };
    refuse(table, was.get(table.roles.id), problems.transpose()?.unwrap_or_default())
}
