//! Which row of a batch was refused, where the database does not tell.
//!
//! The rows are added once more after the failure, by halves, in a transaction of their own that is rolled back,
//! and in a savepoint where the caller has one. What is named is the first row that is refused after those
//! before it, with its own error: the same on every database. Nothing is read from messages, and nothing is
//! guessed. Absent: batches of which some rows may fail (`partial.rs`).

use crate::entity::Entity;
use crate::error::{Error, Result};
use crate::repo::Repo;
use crate::session::Session;
use crate::session::scope::Scope;
use crate::transaction::Own;
use crate::write::ahead::refers_ahead;
use crate::write::insert::insert_under_parents;

/// The error of a batch that was not added, with the row that is the cause. A transaction in which the database
/// refused it allows a rollback only, as after any error.
///
/// As it is, without a row, where it is of none, where the reason was gone when it was looked for, and where
/// rows whose ids are made refer to others that come after them: a part of them may then be refused where the whole is
/// not.
pub(crate) async fn explain<E: Entity, S: Scope>(
    repo: &Repo<E, S>,
    entities: &mut [E],
    error: Error,
) -> Error {
    let is_known = error.row().is_some() || !error.is_of_a_row();
    let is_in_order = || E::TABLE.has_assigned_ids() || !refers_ahead(entities);
    let error = if is_known || !is_in_order() {
        error
    } else if entities.len() == 1 {
        error.in_row(0)
    } else {
        find(repo, entities).await.ok().flatten().unwrap_or(error)
    };
    if !matches!(
        error.cause(),
        Error::InvalidInput { .. } | Error::ValidationFailed { .. } | Error::ParentDeleted { .. }
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
