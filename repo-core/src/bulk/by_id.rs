//! Many rows by their ids: all of them or none, as if each was changed alone.
//!
//! Absent: how many rows are deleted at once (`deletion.rs`), and what a query names (`bulk.rs`).

use std::collections::{HashMap, HashSet};

use super::deletion::delete_many;
use super::{Bulk, CHUNK};
use crate::audit::author::Author;
use crate::cascade;
use crate::entity::{Entity, Mutable, SoftDelete};
use crate::error::{Error, Result};
use crate::filter::{Filter, Node};
use crate::query::{Query, Visibility};
use crate::read::{IdKey, encode_id};
use crate::repo::{Repo, id_in_words, not_found};
use crate::session::Session;
use crate::session::scope::{Scope, WritableFrom};
use crate::transaction::Own;
use crate::write::change::Writing;
use crate::write::patch::IntoPatch;

impl<E: Entity, S: Scope> Repo<E, S> {
    /// Makes a change in each of these rows, in this order, and returns them as they are then stored. All or
    /// none.
    ///
    /// # Errors
    ///
    /// As for [`patch`](Self::patch), of the one that [`row`](Error::row) tells.
    pub fn patch_many<P: IntoPatch<E>>(
        &self,
        patches: impl IntoIterator<Item = (E::Id, P)>,
    ) -> Writing<'_, Vec<E>>
    where
        E: Mutable,
        E::Tenancy: WritableFrom<S>,
    {
        let patches: Vec<_> = patches.into_iter().map(|(id, patch)| (id, patch.into())).collect();
        Writing::new(async move {
            // Whoever acts for nobody is told before anything is sent.
            Author::of(self.session(), E::TABLE)?;
            let own = Own::Inner(self.session().begin_own().await?);
            let done = async {
                let repo = Repo::<E, S>::new(own.session().clone());
                let mut patched = Vec::with_capacity(patches.len());
                for (index, (id, patch)) in patches.into_iter().enumerate() {
                    let done = repo.patch(id, patch).await;
                    patched.push(done.map_err(|error| error.in_row(index))?);
                }
                Ok(patched)
            }
            .await;
            own.finish(done).await
        })
    }

    /// Deletes the rows with these ids, as [`delete`](Self::delete) does each of them. All or none.
    ///
    /// # Errors
    ///
    /// - [`is_not_found`](Error::is_not_found): the one that [`row`](Error::row) tells is no live row of this
    ///   tenant.
    /// - [`Error::ForeignKey`]: a row refers to one of them, and they were to be removed.
    pub fn delete_many(&self, ids: impl IntoIterator<Item = E::Id>) -> Writing<'_, ()>
    where
        E: Mutable,
        E::Tenancy: WritableFrom<S>,
    {
        let ids: Vec<_> = ids.into_iter().collect();
        Writing::new(async move { delete_many(self, ids).await })
    }

    /// Brings these deleted rows back, as [`restore`](Self::restore) does each of them, and returns them as they are
    /// then stored, in this order, each once. All or none. One that comes back with another of them is met, and one
    /// that is below another of them may stand before it.
    ///
    /// # Errors
    ///
    /// As for [`restore`](Self::restore), of the one that [`row`](Error::row) tells.
    pub fn restore_many(&self, ids: impl IntoIterator<Item = E::Id>) -> Writing<'_, Vec<E>>
    where
        E: SoftDelete,
        E::Tenancy: WritableFrom<S>,
    {
        let ids: Vec<_> = ids.into_iter().collect();
        Writing::new(async move {
            may_change::<E, S>(self.session())?;
            let own = Own::Inner(self.session().begin_looking_anew().await?);
            let done =
                async { Many::<E, S>::held(own.session(), ids).await?.restore().await }.await;
            own.finish(done).await
        })
    }

    /// Removes these deleted rows for good, as [`purge`](Self::purge) does each of them, in this order. All or none.
    /// One that goes with another before it is met.
    ///
    /// # Errors
    ///
    /// As for [`purge`](Self::purge), of the one that [`row`](Error::row) tells.
    pub fn purge_many(&self, ids: impl IntoIterator<Item = E::Id>) -> Writing<'_, ()>
    where
        E: SoftDelete,
        E::Tenancy: WritableFrom<S>,
    {
        let ids: Vec<_> = ids.into_iter().collect();
        Writing::new(async move {
            may_change::<E, S>(self.session())?;
            let own = Own::Inner(self.session().begin_looking_anew().await?);
            let done = async { Many::<E, S>::held(own.session(), ids).await?.purge().await }.await;
            own.finish(done).await
        })
    }
}

/// Rows that are deleted, and held.
struct Many<E: Entity, S: Scope> {
    repo: Repo<E, S>,
    /// All that were named.
    ids: Vec<E::Id>,
    /// Each row once: its id, and the place at which it was first named.
    once: Vec<(IdKey, usize)>,
}

impl<E: SoftDelete, S: Scope> Many<E, S>
where
    E::Tenancy: WritableFrom<S>,
{
    /// Holds the rows. Refuses the first that is not deleted.
    async fn held(session: &Session<S>, ids: Vec<E::Id>) -> Result<Self> {
        let repo = Repo::<E, S>::new(session.clone());
        let (mut once, mut named) = (Vec::with_capacity(ids.len()), HashSet::new());
        for (place, id) in ids.iter().enumerate() {
            let id = encode_id::<E>(id).map_err(|error| error.in_row(place))?;
            let key = IdKey::of(&id);
            if named.insert(key.clone()) {
                once.push((key, place));
            }
        }
        let this = Self { repo, ids, once };
        let deleted = this.deleted().await?;
        for (key, place) in &this.once {
            if !deleted.contains(key) {
                return Err(this.refused(key, *place).await?.in_row(*place));
            }
        }
        Ok(this)
    }

    /// Those that are deleted. All who hold several hold them in the order of their ids.
    async fn deleted(&self) -> Result<HashSet<IdKey>> {
        let mut sorted = self.once.clone();
        sorted.sort_unstable();
        let mut deleted = HashSet::with_capacity(sorted.len());
        for named in sorted.chunks(CHUNK) {
            let mut bulk = Bulk::new(self.among(named), "by id")?;
            bulk.selection.visibility = Visibility::OnlyDeleted;
            let rows = bulk.next(self.repo.session(), None, named.len()).await?;
            deleted.extend(rows.iter().map(|row| IdKey::of(&row[E::TABLE.roles.id])));
        }
        Ok(deleted)
    }

    /// Why a row that is not deleted is none of these.
    async fn refused(&self, key: &IdKey, place: usize) -> Result<Error> {
        let id = &self.ids[place];
        let there = self.among(&[(key.clone(), place)]).with_deleted().at_most_one().await?;
        Ok(match there {
            Some(_) => Error::NotDeleted { entity: E::TABLE.entity, id: id_in_words::<E>(id) },
            None => not_found::<E>(id),
        })
    }

    /// Those below a row that comes back later wait for it. From one round to the next the order is turned, so that
    /// rows that were named from the lowest to the highest take two.
    async fn restore(self) -> Result<Vec<E>> {
        let mut waiting: Vec<_> = self.once.iter().map(|(_, place)| *place).collect();
        loop {
            let (mut left, mut refused) = (Vec::new(), None);
            for place in waiting.iter().copied() {
                match self.repo.restore(self.ids[place].clone()).await {
                    // It came back with one before it.
                    Ok(_) | Err(Error::NotDeleted { .. }) => {}
                    Err(error @ Error::ParentDeleted { .. }) => {
                        left.push(place);
                        if refused.as_ref().is_none_or(|(first, _)| place < *first) {
                            refused = Some((place, error));
                        }
                    }
                    Err(error) => return Err(error.in_row(place)),
                }
            }
            match refused {
                None => return self.rows().await,
                Some((place, error)) if left.len() == waiting.len() => {
                    return Err(error.in_row(place));
                }
                Some(_) => waiting = left.into_iter().rev().collect(),
            }
        }
    }

    async fn purge(self) -> Result<()> {
        for (_, place) in &self.once {
            match self.repo.purge(self.ids[*place].clone()).await {
                // It went with one before it.
                Ok(()) => {}
                Err(error) if error.is_not_found() => {}
                Err(error) => return Err(error.in_row(*place)),
            }
        }
        Ok(())
    }

    /// The rows as they are, in the order in which they were named.
    async fn rows(&self) -> Result<Vec<E>> {
        let mut rows = HashMap::with_capacity(self.once.len());
        for named in self.once.chunks(CHUNK) {
            for row in self.among(named).all().await? {
                rows.insert(IdKey::of(&encode_id::<E>(row.id())?), row);
            }
        }
        let row = |(key, place): &(IdKey, usize)| {
            rows.remove(key).ok_or_else(|| not_found::<E>(&self.ids[*place]))
        };
        self.once.iter().map(row).collect()
    }

    fn among(&self, named: &[(IdKey, usize)]) -> Query<E, S> {
        let values = named.iter().map(|(key, _)| key.to_value()).collect();
        let column = E::TABLE.roles.id;
        self.repo.filter(Filter::new(Node::InList { column, values, negated: false }))
    }
}

/// Refuses, before anything is sent, where nobody acts, or it is not known what goes with the rows.
fn may_change<E: Entity, S: Scope>(session: &Session<S>) -> Result<()> {
    let database = session.database();
    let registry = cascade::known(database, E::TABLE)?;
    cascade::author(session, E::TABLE, &registry, database.now()?).map(drop)
}
