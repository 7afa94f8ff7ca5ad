//! Adding those of many rows that can be added: `create_many_partial`.
//!
//! One transaction, a savepoint in the caller's. All rows are tried at once, and by halves where one of them is
//! refused, until each is added or has its error; what comes of them is what would come of one savepoint a row.
//! What is not a row's fault ends the whole. Absent: all or none (`insert.rs`).

use std::ops::Range;

use chrono::{DateTime, Utc};

use crate::audit::Action;
use crate::audit::author::Author;
use crate::entity::Entity;
use crate::error::{Error, Result};
use crate::repo::Repo;
use crate::session::Session;
use crate::session::scope::{Scope, WritableFrom};
use crate::transaction::Own;
use crate::write::ahead::may_refer_ahead;
use crate::write::change::Writing;
use crate::write::insert::{encode, note_created};
use crate::write::refused::insert_apart;

impl<E: Entity, S: Scope> Repo<E, S> {
    /// Adds those of the rows that can be added, in one transaction, and returns for each, in their order, the
    /// row as it is stored or why it was refused. A row is refused where [`create`](Self::create) would have
    /// refused it after those before it.
    ///
    /// ```no_run
    /// # use repo_core::{Database, Error, Repository};
    /// # #[derive(Repository)]
    /// # #[repository(table = "articles")]
    /// # struct Article { id: uuid::Uuid, #[repository(unique)] number: String }
    /// # async fn f(db: Database, numbers: Vec<String>) -> Result<(), Error> {
    /// let articles = db.session().repo::<Article>();
    /// let new = numbers.iter().map(|number| NewArticle { number: number.clone() });
    /// for (number, created) in numbers.iter().zip(articles.create_many_partial(new).await?) {
    ///     match created {
    ///         Ok(article) => println!("{number} is {}", article.id),
    ///         Err(refused) => println!("{number} was left out: {refused}"),
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// What no row is the cause of, such as a lost connection: then none was added.
    pub fn create_many_partial<N: Into<E::New>>(
        &self,
        new: impl IntoIterator<Item = N>,
    ) -> Writing<'_, Vec<Result<E>>>
    where
        E::Tenancy: WritableFrom<S>,
    {
        let completed = self.session().database().now().map(|now| {
            let all = new.into_iter().map(|new| self.complete(new.into(), now).map(|it| it.entity));
            (all.collect::<Vec<Result<E>>>(), now)
        });
        Writing::new(async move {
            let (completed, now) = completed?;
            insert_valid(self, completed, now).await
        })
    }
}

/// Adds the rows of which the program has nothing to say.
async fn insert_valid<E: Entity, S: Scope>(
    repo: &Repo<E, S>,
    completed: Vec<Result<E>>,
    now: DateTime<Utc>,
) -> Result<Vec<Result<E>>> {
    let (mut entities, mut results) = (Vec::new(), Vec::with_capacity(completed.len()));
    for row in completed {
        match row {
            Ok(entity) => {
                entities.push(entity);
                results.push(None);
            }
            Err(error) if error.is_validation_failed() => results.push(Some(error)),
            Err(error) => return Err(error),
        }
    }
    let mut tried = insert_partial(repo, entities, now).await?.into_iter();
    let rows = results.into_iter();
    Ok(rows
        .filter_map(|refused| refused.map_or_else(|| tried.next(), |it| Some(Err(it))))
        .collect())
}

async fn insert_partial<E: Entity, S: Scope>(
    repo: &Repo<E, S>,
    mut entities: Vec<E>,
    now: DateTime<Utc>,
) -> Result<Vec<Result<E>>> {
    let author = Author::at(repo.session(), E::TABLE, now)?;
    let mut errors: Vec<_> = entities.iter().map(|entity| encode(entity).err()).collect();
    if errors.iter().any(Option::is_none) {
        let own = Own::Inner(repo.session().begin_own().await?);
        let done = async {
            insert_each(own.session(), repo, &mut entities, &mut errors).await?;
            let added = entities.iter().zip(&errors).filter(|(_, error)| error.is_none());
            if E::TABLE.is_seen(Action::Create) {
                let added = added.map(|(entity, _)| entity);
                note_created(own.session(), author.as_ref(), added).await?;
            }
            Ok(())
        }
        .await;
        own.finish(done).await?;
    }
    let rows = entities.into_iter().zip(errors);
    Ok(rows.map(|(entity, error)| error.map_or(Ok(entity), Err)).collect())
}

/// Adds the rows that have no error yet, and gives an error to each that is refused.
async fn insert_each<E: Entity, S: Scope>(
    session: &Session<S>,
    repo: &Repo<E, S>,
    entities: &mut [E],
    errors: &mut [Option<Error>],
) -> Result<()> {
    // The next is last.
    let mut left: Vec<Range<usize>> = runs(errors, may_refer_ahead(entities));
    left.reverse();
    while let Some(rows) = left.pop() {
        let Err(error) = insert_apart(session, repo, &mut entities[rows.clone()]).await else {
            continue;
        };
        if !error.is_of_a_row() {
            return Err(error);
        }
        let parts = match error.row().or((rows.len() == 1).then_some(0)) {
            Some(row) => {
                let row = rows.start + row;
                errors[row] = Some(error.into_cause());
                [rows.start..row, row + 1..rows.end]
            }
            None => {
                let middle = rows.start + rows.len() / 2;
                [rows.start..middle, middle..rows.end]
            }
        };
        left.extend(parts.into_iter().rev().filter(|part| !part.is_empty()));
    }
    Ok(())
}

/// The rows without an error, those side by side together. Each by itself where one may refer to
/// another that comes later: that reference is then refused on every database.
fn runs(errors: &[Option<Error>], are_apart: bool) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for (row, _) in errors.iter().enumerate().filter(|(_, error)| error.is_none()) {
        match runs.last_mut().filter(|run| run.end == row && !are_apart) {
            Some(run) => run.end += 1,
            None => runs.push(row..row + 1),
        }
    }
    runs
}
