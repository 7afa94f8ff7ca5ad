//! Deleting all rows of a query, and many by their ids, with what goes along.
//!
//! Rows that may go with others of the same query are held all at once, so that each is met and counted. Absent:
//! what goes with which (`schema/registry.rs`), and how it is deleted (`cascade.rs`).

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Bulk, CHUNK, Work};
use crate::audit::Action;
use crate::audit::author::Author;
use crate::backend::Effect;
use crate::cascade::{self, Cascade, Collected, Stored};
use crate::entity::{Entity, Mutable};
use crate::error::{Error, Result};
use crate::filter::{Filter, Node};
use crate::read::{IdKey, encode_id};
use crate::repo::{Repo, id_in_words, not_found};
use crate::schema::registry::Registry;
use crate::schema::table::Table;
use crate::session::Session;
use crate::session::scope::{Scope, WritableFrom};
use crate::sql::writer::Writer;
use crate::transaction::Own;

/// What all rows of a deletion have in common.
pub(super) struct Deletion {
    /// How many rows are deleted at once.
    pub(super) chunk: usize,
    /// That is all of them: a row may go with another.
    pub(super) is_whole: bool,
    registry: Arc<Registry>,
    author: Option<Author>,
    at: DateTime<Utc>,
    id: Uuid,
}

impl Deletion {
    /// Refuses where nobody acts, or it is not known what goes with the rows.
    pub(super) fn new<S: Scope>(session: &Session<S>, table: &'static Table) -> Result<Self> {
        let database = session.database();
        let (registry, at) = (cascade::known(database, table)?, database.now()?);
        let author = cascade::author(session, table, &registry, at)?;
        let is_whole = registry.goes_with_itself(table);
        let chunk = if is_whole { super::all() } else { CHUNK };
        Ok(Self { chunk, is_whole, registry, author, at, id: database.ids().next_id(at) })
    }
}

pub(super) async fn delete_many<E: Mutable, S: Scope>(
    repo: &Repo<E, S>,
    ids: Vec<E::Id>,
) -> Result<()>
where
    E::Tenancy: WritableFrom<S>,
{
    let deletion = Deletion::new(repo.session(), E::TABLE)?;
    let own = Own::Inner(repo.session().begin_looking_anew().await?);
    let done = async {
        let repo = Repo::<E, S>::new(own.session().clone());
        let key = |(place, id): (usize, &E::Id)| {
            let id = encode_id::<E>(id).map_err(|error| error.in_row(place))?;
            Ok((IdKey::of(&id), place))
        };
        let mut named = ids.iter().enumerate().map(key).collect::<Result<Vec<_>>>()?;
        // All who hold several hold them in the order of their ids.
        named.sort_unstable();
        // An id that is given twice is one row.
        let mut met = HashSet::with_capacity(ids.len());
        for named in named.chunks(deletion.chunk) {
            let column = E::TABLE.roles.id;
            let values = named.iter().map(|(key, _)| key.to_value()).collect();
            let among = Filter::new(Node::InList { column, values, negated: false });
            let bulk = Bulk::new(repo.filter(among), "delete_many")?;
            let rows = bulk.next(repo.session(), None, deletion.chunk).await?;
            met.extend(rows.iter().map(|row| IdKey::of(&row[column])));
            let missing = named.iter().filter(|(key, _)| !met.contains(key));
            if let Some(place) = missing.map(|(_, place)| *place).min() {
                return Err(not_found::<E>(&ids[place]).in_row(place));
            }
            bulk.delete_rows(repo.session(), &deletion, rows).await?;
        }
        Ok(())
    }
    .await;
    own.finish(done).await.map_err(|error| at_its_index::<E>(error, &ids))
}

/// A refusal of one of these rows, with its place among them.
fn at_its_index<E: Entity>(error: Error, ids: &[E::Id]) -> Error {
    let index = match &error {
        Error::ValidationFailed { entity, id: Some(id), .. } if *entity == E::TABLE.entity => {
            ids.iter().position(|given| id_in_words::<E>(given) == *id)
        }
        _ => None,
    };
    match index {
        Some(index) => error.in_row(index),
        None => error,
    }
}

impl<E: Entity, S: Scope> Bulk<E, S>
where
    E::Tenancy: WritableFrom<S>,
{
    pub(super) async fn delete(self) -> Result<u64> {
        let session = self.repo.session();
        let deletion = Deletion::new(session, E::TABLE)?;
        let is_simple = E::TABLE.roles.deleted_at.is_none() && !E::TABLE.is_seen(Action::Delete);
        if is_simple && deletion.registry.removed_with(E::TABLE).is_empty() {
            let mut writer = Writer::new(session.dialect(), E::TABLE);
            writer.push("DELETE FROM ").table_name();
            writer.restrict(&self.selection, &[])?;
            return self.at_once(&writer, Effect::Delete).await;
        }
        self.in_chunks(&Work::Delete(&deletion)).await
    }

    /// Deletes rows, which are locked, and what goes with them.
    pub(super) async fn delete_rows(
        &self,
        session: &Session<S>,
        deletion: &Deletion,
        rows: Vec<Stored>,
    ) -> Result<u64> {
        let Deletion { registry, author, at, id, .. } = deletion;
        let (table, tenant) = (E::TABLE, self.selection.tenant.as_ref());
        let cascade = Cascade::new(session, registry, tenant, author.clone(), *at);
        let (ids, count) = (cascade::ids(table, &rows), rows.len() as u64);
        if rows.is_empty() {
            return Ok(0);
        }
        if table.roles.deleted_at.is_some() {
            cascade.change(table, &rows, Some(*id)).await?;
            cascade.mark(table, ids, *id).await?;
            return Ok(count);
        }
        let mut collected = Collected::default();
        for (row, id) in rows.into_iter().zip(&ids) {
            if collected.is_new(table, id) {
                collected.add(table, row);
            }
        }
        cascade.collect(table, ids, &mut collected).await?;
        cascade.remove(collected, table, Action::Delete).await?;
        Ok(count)
    }
}
