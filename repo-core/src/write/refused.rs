//! Which row of a batch was refused, where the database does not tell.
//!
//! The rows are added once more after the failure, by halves, in a transaction of their own that is rolled back,
//! and in a savepoint where the caller has one. What is named is the first row that is refused after those
//! before it, with its own error: the same on every database. Nothing is read from messages, and nothing is
//! guessed. Absent: batches of which some rows may fail (`partial.rs`).

use std::collections::HashMap;

use crate::entity::Entity;
use crate::error::{Error, Result};
use crate::read::IdKey;
use crate::repo::Repo;
use crate::session::Session;
use crate::session::scope::Scope;
use crate::transaction::Own;
use crate::write::insert::{encode, insert_under_parents};

/// The error of a batch that was not added, with the row that is the cause. A transaction in which the database
/// refused it allows a rollback only, as after any error.
///
/// As it is, without a row, where it is of none, where the reason was gone when it was looked for, and where
/// rows refer to others that come after them.
pub(crate) async fn explain<E: Entity, S: Scope>(
    repo: &Repo<E, S>,
    entities: &mut [E],
    error: Error,
) -> Error {
    let is_known = error.row().is_some() || !error.is_of_a_row();
    let error = if is_known || refers_ahead(entities) {
        error
    } else if entities.len() == 1 {
        error.in_row(0)
    } else {
        find(repo, entities).await.ok().flatten().unwrap_or(error)
    };
    if !matches!(
        error.cause(),
        Error::InvalidInput { .. } | Error::Invalid { .. } | Error::ParentDeleted { .. }
    ) {
        repo.session().fail(&error).await;
    }
    error
}

/// Adds the rows by themselves: those before them stay, whatever comes of these.
pub(crate) async fn insert_apart<E: Entity, S: Scope>(
    session: &Session<S>,
    repo: &Repo<E, S>,
    entities: &mut [E],
) -> Result<()> {
    let own = Own::Inner(session.begin_own().await?);
    let done = insert_under_parents(own.session(), repo, entities).await;
    own.finish(done).await
}

/// Whether rows of this table can refer to others of it.
pub(crate) fn refers_to_itself<E: Entity>() -> bool {
    E::TABLE.references.iter().any(|it| (it.parent)().name == E::TABLE.name)
}

/// The error of the first row that is refused, if one still is.
async fn find<E: Entity, S: Scope>(repo: &Repo<E, S>, entities: &mut [E]) -> Result<Option<Error>> {
    let transaction = repo.session().begin_own().await?;
    let found = first(transaction.session(), repo, entities).await;
    transaction.rollback().await?;
    found
}

async fn first<E: Entity, S: Scope>(
    session: &Session<S>,
    repo: &Repo<E, S>,
    entities: &mut [E],
) -> Result<Option<Error>> {
    // All before these are added, and one of these is refused.
    let mut rows = 0..entities.len();
    while !rows.is_empty() {
        let middle = rows.start + rows.len().div_ceil(2);
        let half = rows.start..middle;
        match insert_apart(session, repo, &mut entities[half.clone()]).await {
            Ok(()) => rows.start = middle,
            Err(error) if !error.is_of_a_row() => return Err(error),
            Err(error) => match error.row().or((half.len() == 1).then_some(0)) {
                Some(row) => return Ok(Some(error.in_row(half.start + row))),
                None => rows.end = middle,
            },
        }
    }
    Ok(None)
}

/// Whether a row refers to one that comes after it: a part of the rows may then be refused where the whole is
/// not.
fn refers_ahead<E: Entity>(entities: &[E]) -> bool {
    if !refers_to_itself::<E>() || E::TABLE.has_identity() {
        return false;
    }
    let rows: Vec<_> = entities.iter().filter_map(|entity| encode(entity).ok()).collect();
    let id = |row: &Vec<crate::Value<'_>>| IdKey::of(&row[E::TABLE.roles.id]);
    let places: HashMap<IdKey, usize> =
        rows.iter().enumerate().map(|(place, row)| (id(row), place)).collect();
    let mut own = E::TABLE.references.iter().filter(|it| (it.parent)().name == E::TABLE.name);
    own.any(|reference| {
        let target = |row: &Vec<_>| places.get(&IdKey::of(&row[reference.column])).copied();
        rows.iter().enumerate().any(|(place, row)| target(row).is_some_and(|it| it > place))
    })
}
