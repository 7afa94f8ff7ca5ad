//! Deleting the rows of a query in chunks: what a series keeps, and for how long.
//!
//! Each chunk is a transaction of its own: nothing is locked for long, and what was deleted stays deleted when a
//! later chunk fails. How rows are deleted is in `deletion.rs`; what was deleted is removed in `purge.rs`.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;

use super::Bulk;
use super::deletion::Deletion;
use super::walk::Walk;
use crate::entity::{Entity, Mutable};
use crate::error::{Error, Result};
use crate::query::Query;
use crate::read;
use crate::session::scope::{Scope, WritableFrom};
use crate::transaction::Own;

const METHOD: &str = "delete_in_chunks";

/// A deletion of the rows of a query, some at a time, done when it is awaited; returns how many were deleted.
/// Made by [`Query::delete_in_chunks`].
#[must_use = "rows are deleted when this is awaited"]
pub struct DeleteInChunks<E: Entity, S: Scope> {
    query: Query<E, S>,
    chunk: u32,
    is_dry: bool,
    /// Said where it is known that the rows can be deleted: a bound here would be one mistake more.
    run: fn(Self) -> Deleting,
}

type Deleting = Pin<Box<dyn Future<Output = Result<u64>> + Send>>;

impl<E: Entity, S: Scope> Query<E, S> {
    /// Deletes all rows of the query, as [`delete`](crate::Repo::delete) does each of them, and returns how
    /// many: `rows` at a time by their id, each time in a transaction of its own. A chunk that fails is undone;
    /// those before it are not.
    ///
    /// Where rows of the entity are deleted together with others of the same entity, or are chosen by rows that they
    /// find, all of them are one chunk.
    ///
    /// ```no_run
    /// # use chrono::{DateTime, TimeDelta, Utc};
    /// # use repo_core::{Database, Error, Repository};
    /// # #[derive(Repository)]
    /// # #[repository(table = "samples")]
    /// # struct Sample { id: uuid::Uuid, #[repository(index)] at: DateTime<Utc> }
    /// # async fn f(db: Database) -> Result<(), Error> {
    /// let samples = db.session().repo::<Sample>();
    /// let old = || samples.filter(Sample::AT.lt(Utc::now() - TimeDelta::days(30)));
    /// let would = old().delete_in_chunks(500).dry_run().await?;
    /// let deleted = old().delete_in_chunks(500).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// - [`is_invalid_input`](Error::is_invalid_input): it is asked for inside a transaction, a chunk has no
    ///   rows, or the query has a limit or an offset, asks for deleted rows, or passes over rows that others hold.
    /// - [`Error::ForeignKey`]: a row refers to one of them, and they were to be removed.
    pub fn delete_in_chunks(self, rows: u32) -> DeleteInChunks<E, S>
    where
        E: Mutable,
        E::Tenancy: WritableFrom<S>,
    {
        let run = |deletion| -> Deleting { Box::pin(run(deletion)) };
        DeleteInChunks { query: self, chunk: rows, is_dry: false, run }
    }
}

impl<E: Entity, S: Scope> DeleteInChunks<E, S> {
    /// Only counts what would be deleted.
    pub fn dry_run(mut self) -> Self {
        self.is_dry = true;
        self
    }
}

impl<E: Entity, S: Scope> IntoFuture for DeleteInChunks<E, S> {
    type Output = Result<u64>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<u64>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        (self.run)(self)
    }
}

async fn run<E: Entity, S: Scope>(deletion: DeleteInChunks<E, S>) -> Result<u64>
where
    E::Tenancy: WritableFrom<S>,
{
    let DeleteInChunks { query, chunk, is_dry, .. } = deletion;
    if chunk == 0 {
        return Err(Error::invalid_input(METHOD, "has at least one row at a time"));
    }
    let bulk = Bulk::new(query, METHOD)?;
    if bulk.repo.session().in_transaction() {
        let reason = "is several transactions, and not to be done inside one: use `delete_all`";
        return Err(Error::invalid_input(METHOD, reason));
    }
    if is_dry {
        return read::count(&bulk.repo, &bulk.selection).await;
    }
    bulk.repo.session().refuse_within_transaction()?;
    if bulk.selection.is_linked() {
        // Once: of what is left others may be chosen, now that these are gone.
        return bulk.delete_chunk(&mut Walk::default(), chunk as usize).await;
    }
    let mut deleted = 0;
    loop {
        let (mut walk, mut rows) = (Walk::default(), 0);
        while walk.goes_on(&bulk, bulk.repo.session()).await? {
            rows += bulk.delete_chunk(&mut walk, chunk as usize).await?;
        }
        // The last is no end: others may have come meanwhile, and may be before it.
        if rows == 0 {
            return Ok(deleted);
        }
        deleted += rows;
    }
}

impl<E: Entity, S: Scope> Bulk<E, S>
where
    E::Tenancy: WritableFrom<S>,
{
    /// Deletes the next rows in a transaction.
    async fn delete_chunk(&self, walk: &mut Walk, most: usize) -> Result<u64> {
        let mut deletion = Deletion::new(self.repo.session(), E::TABLE)?;
        let is_whole = deletion.is_whole || self.selection.is_linked();
        deletion.chunk = if is_whole { super::all() } else { most };
        let own = Own::Inner(self.repo.session().begin_looking_anew().await?);
        let done = async {
            let rows = walk.next(self, own.session(), deletion.chunk).await?;
            self.delete_rows(own.session(), &deletion, rows).await
        }
        .await;
        own.finish(done).await
    }
}

impl<E: Entity, S: Scope> fmt::Debug for DeleteInChunks<E, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeleteInChunks")
            .field("query", &self.query)
            .field("chunk", &self.chunk)
            .field("dry_run", &self.is_dry)
            .finish()
    }
}
