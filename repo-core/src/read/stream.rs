//! Reading more rows than memory holds: chunk by chunk, or one by one.
//!
//! A chunk is a window after the last row of the one before it: what it costs does not grow with the distance
//! from the start, and nothing is held between two of them, no connection either. So chunks are not one
//! snapshot: a row that changes its place in the order meanwhile may come twice or not at all. In a transaction
//! that sees one snapshot, they are one.

use std::fmt;

use futures_util::{Stream, TryStreamExt as _, stream};

use crate::entity::Entity;
use crate::error::{Error, Result};
use crate::query::Query;
use crate::read::cursor::Cursor;
use crate::read::projection::Projection;
use crate::read::window::WindowRequest;
use crate::session::scope::{ReachableFrom, Scope};

/// The rows of a query, some at a time. Made by [`Query::chunks`].
#[must_use = "rows are read by `next`"]
pub struct Chunks<E: Entity, S: Scope, P = E> {
    query: Query<E, S, P>,
    size: u64,
    position: Option<Cursor>,
    is_done: bool,
}

impl<E: Entity, S: Scope, P: Projection<Entity = E>> Query<E, S, P>
where
    E::Tenancy: ReachableFrom<S>,
{
    /// All rows in their order, `size` at a time, so that no more are in memory. A chunk is a window: `size` is 1 to
    /// [`WindowRequest::MAX_SIZE`], which is 1,000, and the query has no limit and no offset of its own.
    ///
    /// ```no_run
    /// # use repo_core::{Database, Error, Repository};
    /// # #[derive(Repository)]
    /// # #[repository(table = "notes")]
    /// # struct Note { id: uuid::Uuid, text: String }
    /// # async fn f(db: Database) -> Result<(), Error> {
    /// let mut chunks = db.session().repo::<Note>().query().chunks(500);
    /// while let Some(notes) = chunks.next().await? {
    ///     println!("{} notes, up to {:?}", notes.len(), chunks.position());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn chunks(self, size: u64) -> Chunks<E, S, P> {
        Chunks { query: self, size, position: None, is_done: false }
    }

    /// All rows in their order, one by one. [`WindowRequest::MAX_SIZE`] of them are in memory.
    ///
    /// The stream ends after the first error.
    ///
    /// ```no_run
    /// # use futures_util::TryStreamExt as _;
    /// # use repo_core::{Database, Error, Repository};
    /// # #[derive(Repository)]
    /// # #[repository(table = "notes")]
    /// # struct Note { id: uuid::Uuid, text: String }
    /// # async fn f(db: Database) -> Result<(), Error> {
    /// let mut notes = db.session().repo::<Note>().query().stream();
    /// while let Some(note) = notes.try_next().await? { // of `futures_util::TryStreamExt`
    ///     println!("{}", note.text);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn stream(self) -> impl Stream<Item = Result<P>> + Send + Unpin {
        let chunks = self.chunks(WindowRequest::MAX_SIZE);
        let rows = stream::try_unfold(chunks, async |mut chunks| {
            let rows = chunks.next().await?;
            Ok::<_, Error>(rows.map(|rows| (stream::iter(rows.into_iter().map(Ok)), chunks)))
        });
        Box::pin(rows.try_flatten())
    }
}

impl<E: Entity, S: Scope, P: Projection<Entity = E>> Chunks<E, S, P>
where
    E::Tenancy: ReachableFrom<S>,
{
    /// The next rows, at least one; `None` after the last. Dropped before it is done, it has read nothing: the
    /// same rows come next.
    ///
    /// # Errors
    ///
    /// As for [`Query::window`]: a size that is 0 or above 1,000 is [`Error::InvalidInput`] of `window size`.
    pub async fn next(&mut self) -> Result<Option<Vec<P>>> {
        if self.is_done {
            return Ok(None);
        }
        let request = WindowRequest::first(self.size);
        let request = self.position.iter().cloned().fold(request, WindowRequest::after);
        let window = self.query.clone().window(request).await?;
        self.is_done = !window.has_next;
        self.position = window.end.or(self.position.take());
        Ok(Some(window.items).filter(|items| !items.is_empty()))
    }

    /// Goes on after this row, where an earlier reading of the same query was.
    pub fn after(mut self, position: Cursor) -> Self {
        self.position = Some(position);
        self
    }

    /// Where the rows that were read end, to go on from there another time; none before the first.
    pub fn position(&self) -> Option<&Cursor> {
        self.position.as_ref()
    }
}

impl<E: Entity, S: Scope, P> fmt::Debug for Chunks<E, S, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { query, size, position, .. } = self;
        f.debug_struct("Chunks")
            .field("query", query)
            .field("size", size)
            .field("position", position)
            .finish_non_exhaustive()
    }
}
