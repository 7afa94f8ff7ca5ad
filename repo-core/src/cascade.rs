//! Rows that are deleted, brought back or removed together with the row that they refer to.
//!
//! All of it is one transaction, a savepoint in the caller's: where rows are marked, the row itself first and
//! then what refers to it, level by level; where they are removed, from the lowest level up. Rows are locked
//! before they are changed, so that nobody comes to refer to them meanwhile (`write/parents.rs`). What one row
//! does is in `write/target.rs`, which rows go with which in `schema/registry.rs`.

mod marks;
mod removal;
mod returning;

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
pub(crate) use removal::Collected;
use uuid::Uuid;

use crate::audit::Action;
use crate::audit::author::Author;
use crate::backend::{Effect, Row, Statement};
use crate::database::Database;
use crate::entity::Entity;
use crate::error::{Error, Result};
use crate::hooks::{Changed, note};
use crate::read::{IdKey, encode_id};
use crate::repo::Repo;
use crate::schema::registry::Registry;
use crate::schema::table::Table;
use crate::session::Session;
use crate::session::scope::Scope;
use crate::sql::together::{Among, State};
use crate::sql::writer::Writer;
use crate::transaction::Own;
use crate::value::Value;
use crate::write::perform::values;
use crate::write::target::Target;

/// Deletes the row of `target`, and what goes with it.
pub(crate) async fn delete<E: Entity, S: Scope>(target: Target<'_, E, S>) -> Result<()> {
    let database = target.repo.session().database();
    let registry = known(database, E::TABLE)?;
    if E::TABLE.roles.deleted_at.is_none() {
        return remove(target, &registry, Action::Delete).await;
    }
    if registry.marked_with(E::TABLE).next().is_none() {
        return target.delete().await;
    }
    let at = database.now()?;
    let deletion = database.ids().next_id(at);
    let author = author(target.repo.session(), E::TABLE, &registry, at)?;
    let own = Own::Inner(target.repo.session().begin_looking_anew().await?);
    let done = async {
        let repo = Repo::new(own.session().clone());
        let root = Target { at: Some(at), deletion: Some(deletion), ..target.inside(&repo) };
        root.delete().await?;
        let cascade = Cascade::new(own.session(), &registry, root.tenant.as_ref(), author, at);
        cascade.mark(E::TABLE, vec![owned_id::<E>(&root.id)?], deletion).await
    }
    .await;
    target.outcome(own.finish(done).await)
}

/// Brings the row of `target` back, and what was deleted with it.
pub(crate) async fn restore<E: Entity, S: Scope>(target: Target<'_, E, S>) -> Result<E> {
    let database = target.repo.session().database();
    let registry = known(database, E::TABLE)?;
    if registry.marked_with(E::TABLE).next().is_none() {
        return target.restore().await;
    }
    let at = database.now()?;
    let author = author(target.repo.session(), E::TABLE, &registry, at)?;
    let own = Own::Inner(target.repo.session().begin_looking_anew().await?);
    let done = async {
        let repo = Repo::new(own.session().clone());
        let root = Target { at: Some(at), ..target.inside(&repo) };
        let id = [owned_id::<E>(&root.id)?];
        let cascade = Cascade::new(own.session(), &registry, root.tenant.as_ref(), author, at);
        let deleted = cascade.rows(cascade.among(E::TABLE, E::TABLE.roles.id, &id), State::Any);
        let deleted = deleted.await?.pop();
        let restored = root.restore().await?;
        if let Some((row, deletion)) = deleted.and_then(|row| deletion_of(E::TABLE, row)) {
            cascade.unmark(E::TABLE, row, deletion).await?;
        }
        Ok(restored)
    }
    .await;
    target.outcome(own.finish(done).await)
}

/// Removes the deleted row of `target` for good, and what goes with it.
pub(crate) async fn purge<E: Entity, S: Scope>(target: Target<'_, E, S>) -> Result<()> {
    let registry = known(target.repo.session().database(), E::TABLE)?;
    remove(target, &registry, Action::Purge).await
}

/// Removes a row. What the database would remove with it in silence is removed first where that is to be
/// seen, or turns out to be more than the database removes by itself.
async fn remove<E: Entity, S: Scope>(
    target: Target<'_, E, S>,
    registry: &Registry,
    action: Action,
) -> Result<()> {
    let below = registry.below(E::TABLE);
    if !below.iter().any(|table| table.is_seen_to_go()) {
        let removed = remove_alone(&target, action).await;
        let session = target.repo.session();
        // In a transaction of the caller's some of them are gone then.
        let is_undone = !session.in_transaction();
        let is_too_deep = |error: &Error| {
            is_undone && matches!(error, Error::Backend(said) if said.is_too_deep())
        };
        if !removed.as_ref().is_err_and(is_too_deep) {
            return removed;
        }
    }
    let at = target.repo.session().database().now()?;
    let author = author(target.repo.session(), E::TABLE, registry, at)?;
    let own = Own::Inner(target.repo.session().begin_looking_anew().await?);
    let done = async {
        let repo = Repo::new(own.session().clone());
        let root = Target { at: Some(at), ..target.inside(&repo) };
        let id = [owned_id::<E>(&root.id)?];
        let cascade = Cascade::new(own.session(), registry, root.tenant.as_ref(), author, at);
        // Locked first: nobody comes to refer to it while the rows below are looked for.
        let locked = cascade.among(E::TABLE, E::TABLE.roles.id, &id);
        let row = cascade.rows(locked, State::Any).await?.pop();
        // It may refer to a row below it: then neither goes before the other.
        let is_one = registry.goes_with_itself(E::TABLE);
        let row = row.filter(|row| is_one && root.is_met_by(row, action));
        if is_one && row.is_none() {
            return remove_alone(&root, action).await;
        }
        let mut collected = Collected::default();
        collected.is_new(E::TABLE, &id[0]);
        cascade.collect(E::TABLE, id.to_vec(), &mut collected).await?;
        row.into_iter().for_each(|row| collected.add(E::TABLE, row));
        cascade.remove(collected, E::TABLE, action).await?;
        if is_one { Ok(()) } else { remove_alone(&root, action).await }
    }
    .await;
    target.outcome(own.finish(done).await)
}

impl<E: Entity, S: Scope> Target<'_, E, S> {
    /// Whether the stored row has the state and the version that its removal asks for.
    fn is_met_by(&self, row: &Stored, action: Action) -> bool {
        let roles = &E::TABLE.roles;
        let is_deleted = roles.deleted_at.is_some_and(|column| !row[column].is_null());
        let is_version = |expected| roles.version.is_some_and(|at| row[at] == Value::I64(expected));
        is_deleted == (action == Action::Purge) && self.expected.is_none_or(is_version)
    }
}

async fn remove_alone<E: Entity, S: Scope>(
    target: &Target<'_, E, S>,
    action: Action,
) -> Result<()> {
    if action == Action::Purge { target.purge().await } else { target.delete().await }
}

/// What the rows of all levels have in common.
pub(crate) struct Cascade<'c, S: Scope> {
    /// In the transaction.
    session: &'c Session<S>,
    registry: &'c Registry,
    tenant: Option<&'c Value<'c>>,
    /// Of entries about rows whose table is audited.
    author: Option<Author>,
    at: DateTime<Utc>,
    /// Rows are locked to be changed, or only read.
    looks: Effect,
}

/// All columns of a row, or of one whose changes are not recorded those that are asked for.
pub(crate) type Stored = Vec<Value<'static>>;

impl<'c, S: Scope> Cascade<'c, S> {
    pub(crate) fn new(
        session: &'c Session<S>,
        registry: &'c Registry,
        tenant: Option<&'c Value<'c>>,
        author: Option<Author>,
        at: DateTime<Utc>,
    ) -> Self {
        Self { session, registry, tenant, author, at, looks: Effect::Lock }
    }

    /// The same, that changes nothing.
    pub(crate) fn only_reading(self) -> Self {
        Self { looks: Effect::Read, ..self }
    }

    pub(crate) fn among<'a>(
        &'a self,
        table: &'static Table,
        column: usize,
        values: &'a [Value<'static>],
    ) -> Among<'a> {
        Among { table, tenant: self.tenant, column, values }
    }

    /// The rows, locked where they are to be changed.
    pub(crate) async fn rows(&self, among: Among<'_>, state: State) -> Result<Vec<Stored>> {
        let dialect = self.session.dialect();
        let mut writer = among.select(dialect, state);
        self.lock(&mut writer);
        self.answers(&writer).await
    }

    /// Ends a `SELECT` of rows that are to be changed.
    pub(crate) fn lock(&self, writer: &mut Writer<'_>) {
        if self.looks == Effect::Lock {
            self.session.dialect().lock_rows(&mut writer.sql);
        }
    }

    /// The rows that a `SELECT` answers with.
    pub(crate) async fn answers(&self, writer: &Writer<'_>) -> Result<Vec<Stored>> {
        answers(self.session, writer, self.looks).await
    }

    /// Validates each row that was changed, in the order of `rows`, records it and tells of it, where the table
    /// asks for that.
    pub(crate) async fn note_pairs(
        &self,
        table: &'static Table,
        action: Action,
        rows: &[Stored],
        after: Vec<Stored>,
    ) -> Result<()> {
        let id = |row: &Stored| IdKey::of(&row[table.roles.id]);
        // By id: `RETURNING` promises no order.
        let after: HashMap<IdKey, Stored> = after.into_iter().map(|row| (id(&row), row)).collect();
        let pairs = rows.iter().filter_map(|row| {
            let after = after.get(&id(row))?;
            Some((Some(row.as_slice()), Some(after.as_slice())))
        });
        self.note(table, action, &pairs.collect::<Vec<_>>()).await
    }

    /// Validates rows, records them and tells of them, where the table asks for that.
    async fn note(
        &self,
        table: &'static Table,
        action: Action,
        rows: &[Changed<'_>],
    ) -> Result<()> {
        note(self.session, table, action, self.author.as_ref(), rows).await
    }
}

/// The rows that a statement answers with.
pub(crate) async fn answers<S: Scope>(
    session: &Session<S>,
    writer: &Writer<'_>,
    effect: Effect,
) -> Result<Vec<Stored>> {
    let (table, mut rows) = (writer.table, Vec::new());
    let mut on_row = |row: &dyn Row| {
        rows.push(values(table, row)?);
        Ok(())
    };
    let (sql, params) = (&writer.sql, &writer.params);
    session.run(Statement { sql, params, effect, table }, &mut on_row).await?;
    Ok(rows)
}

/// The tables that are known; an entity whose rows go with others is not deleted without them.
pub(crate) fn known(database: &Database, table: &'static Table) -> Result<Arc<Registry>> {
    let registry = database.registry();
    if table.roles.deletion_id.is_none() || registry.knows(table) {
        return Ok(registry);
    }
    Err(Error::Configuration {
        reason: format!(
            "a `{}` is deleted together with what refers to it, and the database was not told what does: \
             `register` the schema, or make it with `create_tables`",
            table.entity
        ),
    })
}

/// Who changes the row and those below it, where any of that is recorded; asked before anything is sent.
pub(crate) fn author<S: Scope>(
    session: &Session<S>,
    table: &'static Table,
    registry: &Registry,
    at: DateTime<Utc>,
) -> Result<Option<Author>> {
    let mut author = Author::of(session, table)?;
    for table in registry.below(table) {
        if author.is_none() {
            author = Author::of(session, table)?;
        }
    }
    Ok(author.map(|author| Author { at, ..author }))
}

fn owned_id<E: Entity>(id: &E::Id) -> Result<Value<'static>> {
    encode_id::<E>(id).map(Value::into_owned)
}

/// A row and the deletion that deleted it.
fn deletion_of(table: &Table, row: Stored) -> Option<(Stored, Uuid)> {
    match row[table.roles.deletion_id?] {
        Value::Uuid(deletion) => Some((row, deletion)),
        _ => None,
    }
}

/// The ids of rows.
pub(crate) fn ids(table: &Table, rows: &[Stored]) -> Vec<Value<'static>> {
    rows.iter().map(|row| row[table.roles.id].clone()).collect()
}
