//! The repository of an entity in a session: what all entities share.
//!
//! Reads need a scope that reaches the entity; writes are in `write.rs`. Nothing here commits.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::audit::image;
use crate::entity::Entity;
use crate::error::{Error, Result};
use crate::filter::IntoFilter;
use crate::query::Query;
use crate::read;
use crate::session::Session;
use crate::session::scope::{ReachableFrom, Scope};
use crate::sql::crud::CrudSql;
use crate::value::Value;
use crate::value::stored::stored;

/// The rows of `E` that a session reaches. Cheap to clone.
///
/// The derive wraps it as `XRepository`, which derefs to it.
pub struct Repo<E: Entity, S: Scope> {
    session: Session<S>,
    crud: Arc<CrudSql>,
    entity: PhantomData<fn() -> E>,
}

impl<E: Entity, S: Scope> Repo<E, S> {
    pub(crate) fn new(session: Session<S>) -> Self {
        let crud = session.database().crud::<E>();
        Self { session, crud, entity: PhantomData }
    }

    /// The session.
    pub fn session(&self) -> &Session<S> {
        &self.session
    }

    pub(crate) fn crud(&self) -> &CrudSql {
        &self.crud
    }
}

/// Reading: live rows of the session's tenant.
///
/// ```no_run
/// # use repo_core::{Database, Repository, Result};
/// # use uuid::Uuid;
/// # #[derive(Debug, Repository)]
/// # #[repository(table = "notes", tenant, soft_delete, versioned)]
/// # struct Note {
/// #     id: Uuid,
/// #     tenant_id: Uuid,
/// #     #[repository(unique)]
/// #     title: String,
/// #     done: bool,
/// #     version: i64,
/// #     deleted_at: Option<chrono::DateTime<chrono::Utc>>,
/// # }
/// # async fn f(db: Database, tenant: Uuid, id: Uuid, other: Uuid) -> Result<()> {
/// let notes = db.tenant(tenant).repo::<Note>();
/// let note: Note = notes.get(id).await?; // an error if there is none
/// let maybe: Option<Note> = notes.find(id).await?;
/// let several: Vec<Option<Note>> = notes.get_many([id, other]).await?; // in the order of the ids
/// let open: Vec<Note> = notes.filter(Note::DONE.eq(false)).all().await?;
/// println!("{} of {} notes are open", open.len(), notes.count().await?);
/// # Ok(())
/// # }
/// ```
impl<E: Entity, S: Scope> Repo<E, S>
where
    E::Tenancy: ReachableFrom<S>,
{
    /// A query over all rows.
    pub fn query(&self) -> Query<E, S> {
        Query::new(self.clone())
    }

    /// A query over the rows for which `filter` holds.
    pub fn filter(&self, filter: impl IntoFilter<E>) -> Query<E, S> {
        self.query().filter(filter)
    }

    /// The row with this id, or none.
    ///
    /// # Errors
    ///
    /// [`Error::MoreThanOne`]: in a session over all tenants, when several have a row with this id.
    pub async fn find(&self, id: E::Id) -> Result<Option<E>> {
        read::find(self, id).await
    }

    /// The row with this id.
    ///
    /// # Errors
    ///
    /// [`is_not_found`](Error::is_not_found): no live row of this tenant has this id.
    pub async fn get(&self, id: E::Id) -> Result<E> {
        let found = read::find(self, id.clone()).await?;
        found.ok_or_else(|| not_found::<E>(&id))
    }

    /// The row with this id, or none, locked until the transaction ends, as
    /// [`for_update`](Query::for_update).
    ///
    /// # Errors
    ///
    /// - As for [`find`](Self::find).
    /// - [`Error::NoTransaction`]: outside a transaction.
    /// - [`Error::ReadOnly`]: in a read-only one.
    pub async fn find_for_update(&self, id: E::Id) -> Result<Option<E>> {
        read::by_id(self, &id).for_update().at_most_one().await
    }

    /// The row with this id, locked until the transaction ends, as [`for_update`](Query::for_update).
    ///
    /// # Errors
    ///
    /// - As for [`get`](Self::get).
    /// - [`Error::NoTransaction`]: outside a transaction.
    /// - [`Error::ReadOnly`]: in a read-only one.
    pub async fn get_for_update(&self, id: E::Id) -> Result<E> {
        let found = self.find_for_update(id.clone()).await?;
        found.ok_or_else(|| not_found::<E>(&id))
    }

    /// The rows with these ids, in their order; `None` for each id that has no row.
    ///
    /// # Errors
    ///
    /// [`Error::MoreThanOne`]: in a session over all tenants, when several have a row with one of them.
    pub fn get_many(
        &self,
        ids: impl IntoIterator<Item = E::Id>,
    ) -> impl Future<Output = Result<Vec<Option<E>>>> + Send {
        let ids: Vec<E::Id> = ids.into_iter().collect();
        async move { read::get_many(self, &ids).await }
    }

    /// Whether a row has this id.
    ///
    /// # Errors
    ///
    /// Whatever kept the database from answering.
    pub async fn exists(&self, id: E::Id) -> Result<bool> {
        read::exists(self, id).await
    }

    /// How many rows there are.
    ///
    /// # Errors
    ///
    /// Whatever kept the database from answering.
    pub async fn count(&self) -> Result<u64> {
        self.query().count().await
    }

    /// All rows, by id.
    ///
    /// # Errors
    ///
    /// Whatever kept the database from answering.
    pub async fn all(&self) -> Result<Vec<E>> {
        self.query().all().await
    }

    /// The row with the lowest id.
    ///
    /// # Errors
    ///
    /// Whatever kept the database from answering.
    pub async fn first(&self) -> Result<Option<E>> {
        self.query().first().await
    }

    /// The tenant whose rows this reaches; `None` for all rows there are. Asked before each operation: none is done
    /// where another entity is on the table.
    pub(crate) fn tenant(&self) -> Result<Option<Value<'_>>> {
        if let Some(reason) = &self.crud.refused {
            return Err(Error::InvalidSchema { reason: reason.clone() });
        }
        let column = E::TABLE.tenant().unwrap_or(E::TABLE.id());
        E::Tenancy::tenant(self.session.scope())
            .map_err(|invalid| Error::invalid_value(column.name, invalid))
    }
}

/// The most characters of an id that an error holds.
const SHOWN: usize = 200;

/// The id in words, for an error.
pub(crate) fn id_in_words<E: Entity>(id: &E::Id) -> String {
    stored(id, E::TABLE.id().kind)
        .map_or_else(|invalid| invalid.to_string(), |id| value_in_words(&id))
}

/// The same of one that is encoded.
pub(crate) fn value_in_words(id: &Value<'_>) -> String {
    let text = image::text(id);
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}..", &text[..end]),
        None => text.into_owned(),
    }
}

pub(crate) fn not_found<E: Entity>(id: &E::Id) -> Error {
    Error::NotFound { entity: E::TABLE.entity, id: id_in_words::<E>(id) }
}

impl<E: Entity, S: Scope> Clone for Repo<E, S> {
    fn clone(&self) -> Self {
        Self { session: self.session.clone(), crud: Arc::clone(&self.crud), entity: PhantomData }
    }
}

impl<E: Entity, S: Scope> fmt::Debug for Repo<E, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Repo")
            .field("table", &E::TABLE.name)
            .field("session", &self.session)
            .finish()
    }
}
