//! Adding rows, alone, or recorded and told of.
//!
//! A row that would refer to a deleted one is refused by the statement that adds it, or, of several, before.
//! Ids that the database makes come back with it.

use chrono::{DateTime, Utc};

use crate::audit::Action;
use crate::audit::author::Author;
use crate::backend::{Addition, Effect, Insert, InsertRows, Row, Statement};
use crate::entity::Entity;
use crate::error::Result;
use crate::hooks::note;
use crate::repo::Repo;
use crate::session::Session;
use crate::session::scope::Scope;
use crate::transaction::Own;
use crate::value::Value;
use crate::value::encode::Encoder;
use crate::write::added::{Added, identity, made_id, with_id};
use crate::write::ahead;
use crate::write::brief;
use crate::write::parents::{self, Parents};
use crate::write::perform::one;
use crate::write::refused;

/// How many rows are encoded at once for what is recorded and told of them.
const CHUNK: usize = 1_000;

/// Adds a row that was completed `now`, and returns it as it is stored.
pub(crate) async fn insert_one<E: Entity, S: Scope>(
    repo: &Repo<E, S>,
    mut entity: E,
    now: DateTime<Utc>,
) -> Result<E> {
    let Some(author) = Author::at(repo.session(), E::TABLE, now)? else {
        return insert_unrecorded(repo, entity).await;
    };
    let recorded = repo.crud().recorded_insert.as_deref();
    if let Some(sql) = recorded.filter(|_| !repo.session().in_transaction()) {
        let mut params = insert_values(&entity)?;
        params.extend(author.params(E::TABLE.name, Action::Create));
        let mut read = |row: &dyn Row| made_id::<E>(row, E::TABLE.roles.id);
        let answer =
            one(repo.session(), (E::TABLE, Action::Create), sql, &params, &mut read).await?;
        params.truncate(repo.crud().insert_columns.len());
        let made = unless_refused(repo.session(), &entity, Added::of_answer(answer)).await?;
        let entity = with_id(entity, made);
        if E::TABLE.is_hooked(Action::Create) {
            note_created(repo.session(), None, std::iter::once(&entity)).await?;
        }
        return Ok(entity);
    }
    if let Some(added) = insert_briefly(repo, &entity, &author).await? {
        let made = unless_refused(repo.session(), &entity, added).await?;
        return Ok(with_id(entity, made));
    }
    let own = repo.session().own_transaction().await?;
    let done = async {
        let made = insert_plain(own.session(), repo, &entity).await?;
        entity = with_id(entity, made);
        note_created(own.session(), Some(&author), std::iter::once(&entity)).await?;
        Ok(entity)
    }
    .await;
    own.finish(done).await
}

/// The same where no entry tells of it. By itself it is one statement: what it did is committed then.
async fn insert_unrecorded<E: Entity, S: Scope>(repo: &Repo<E, S>, entity: E) -> Result<E> {
    let session = repo.session();
    if !E::TABLE.is_seen(Action::Create) {
        let made = insert_plain(session, repo, &entity).await?;
        return Ok(with_id(entity, made));
    }
    // Between the row and its event nobody commits.
    let own = Own::outer(session);
    let done = async {
        let made = insert_plain(session, repo, &entity).await?;
        let entity = with_id(entity, made);
        note_created(session, None, std::iter::once(&entity)).await?;
        Ok(entity)
    }
    .await;
    match own {
        Some(own) => own.finish(done).await,
        None => done,
    }
}

/// Inserts the row alone. Returns the id, where the database makes it.
async fn insert_plain<E: Entity, S: Scope>(
    session: &Session<S>,
    repo: &Repo<E, S>,
    entity: &E,
) -> Result<Option<E::Id>> {
    let params = &insert_values(entity)?;
    if add_among_others(session, repo, params).await? {
        return Ok(None);
    }
    let mut made = None;
    let mut read = |row: &dyn Row| {
        made = made_id::<E>(row, 0)?;
        Ok(())
    };
    let guarded = repo.crud().guarded_insert.as_deref();
    let sql = guarded.unwrap_or(&repo.crud().insert);
    let statement = Statement { sql, params, effect: Effect::Insert, table: E::TABLE };
    let added = session.run(statement, &mut read).await?;
    unless_refused(session, entity, Added::of(E::TABLE, added, made)).await
}

/// Adds a row by itself, where a backend may add it together with those of others; `false` where it may not.
async fn add_among_others<E: Entity, S: Scope>(
    session: &Session<S>,
    repo: &Repo<E, S>,
    params: &[Value<'_>],
) -> Result<bool> {
    let crud = repo.crud();
    let Some(of_rows) = crud.insert_of_rows.as_deref().filter(|_| !session.in_transaction()) else {
        return Ok(false);
    };
    let statement =
        Statement { sql: &crud.insert, params, effect: Effect::Insert, table: E::TABLE };
    session.add(Addition { statement, columns: &crud.insert_columns, of_rows }).await?;
    Ok(true)
}

/// Adds a row with its entry, where that is done at once; `None` where it is not.
async fn insert_briefly<E: Entity, S: Scope>(
    repo: &Repo<E, S>,
    entity: &E,
    author: &Author,
) -> Result<Option<Added<E::Id>>> {
    if E::TABLE.is_hooked(Action::Create) || !repo.session().is_plain() {
        return Ok(None);
    }
    let params = insert_values(entity)?;
    let sql = repo.crud().guarded_insert.as_deref().unwrap_or(&repo.crud().insert);
    Ok(match brief::insert(repo.session(), (E::TABLE, sql), &params, author).await? {
        None => None,
        Some(Added::Nothing) => Some(Added::Nothing),
        Some(Added::Row(made)) => Some(Added::Row(made.map(identity::<E>).transpose()?)),
    })
}

/// The id of a row that was added; where none was, it would have referred to a deleted one, or the database left it
/// out.
async fn unless_refused<E: Entity, S: Scope>(
    session: &Session<S>,
    entity: &E,
    added: Added<E::Id>,
) -> Result<Option<E::Id>> {
    if let Added::Row(made) = added {
        return Ok(made);
    }
    let parents = parents_of(std::slice::from_ref(entity))?;
    let refused = parents.refused(session, tenant_of(entity)?.as_ref()).await?;
    Err(refused)
}

/// Records rows that were added, and tells of them.
pub(crate) async fn note_created<E: Entity, S: Scope>(
    session: &Session<S>,
    author: Option<&Author>,
    entities: impl IntoIterator<Item = &E>,
) -> Result<()> {
    let entities: Vec<&E> = entities.into_iter().collect();
    for entities in entities.chunks(CHUNK) {
        let rows: Result<Vec<_>> = entities.iter().map(|entity| encode(*entity)).collect();
        let rows = rows?;
        let added: Vec<_> = rows.iter().map(|row| (None, Some(row.as_slice()))).collect();
        note(session, E::TABLE, Action::Create, author, &added).await?;
    }
    Ok(())
}

/// Adds all rows or none, and returns them in their order.
pub(crate) async fn insert_many<E: Entity, S: Scope>(
    repo: &Repo<E, S>,
    mut entities: Vec<E>,
    now: DateTime<Utc>,
) -> Result<Vec<E>> {
    let (session, author) = (repo.session(), Author::at(repo.session(), E::TABLE, now)?);
    if entities.is_empty() {
        return Ok(entities);
    }
    let is_alone = !E::TABLE.is_seen(Action::Create)
        && !parents::has_marked(E::TABLE)
        && !session.in_transaction()
        && ahead::parts(&entities)?.len() == 1;
    let done = if is_alone {
        insert_rows(session, repo, &mut entities).await
    } else {
        // In the caller's transaction a savepoint: what refused a row is looked for after it.
        let own = Own::Inner(session.begin_own().await?);
        let done = insert_recorded(own.session(), repo, &mut entities, author.as_ref()).await;
        own.finish(done).await
    };
    match done {
        Ok(()) => Ok(entities),
        Err(error) => Err(refused::explain(repo, &mut entities, error).await),
    }
}

/// Adds the rows, each with its entry and its event.
pub(crate) async fn insert_recorded<E: Entity, S: Scope>(
    session: &Session<S>,
    repo: &Repo<E, S>,
    entities: &mut [E],
    author: Option<&Author>,
) -> Result<()> {
    insert_under_parents(session, repo, entities).await?;
    if E::TABLE.is_seen(Action::Create) {
        note_created(session, author, &*entities).await?;
    }
    Ok(())
}

/// Adds the rows, in a transaction, unless one of them would refer to a deleted row, or to one that is not there yet.
pub(crate) async fn insert_under_parents<E: Entity, S: Scope>(
    session: &Session<S>,
    repo: &Repo<E, S>,
    entities: &mut [E],
) -> Result<()> {
    for rows in ahead::parts(entities)? {
        let part = &mut entities[rows.clone()];
        let done = async {
            check_parents(session, part).await?;
            insert_rows(session, repo, part).await
        }
        .await;
        done.map_err(|error| match error.row().or((rows.len() == 1).then_some(0)) {
            Some(row) => error.in_row(rows.start + row),
            None => error,
        })?;
    }
    Ok(())
}

/// Refuses rows that would refer to a deleted one.
pub(crate) async fn check_parents<E: Entity, S: Scope>(
    session: &Session<S>,
    entities: &[E],
) -> Result<()> {
    match entities.first().filter(|_| parents::has_marked(E::TABLE)) {
        Some(first) => parents_of(entities)?.check(session, tenant_of(first)?.as_ref()).await,
        None => Ok(()),
    }
}

/// What rows refer to that can be deleted.
fn parents_of<E: Entity>(entities: &[E]) -> Result<Parents<'_>> {
    let mut parents = Parents::of(E::TABLE);
    for entity in entities {
        parents.add_row(&encode(entity)?);
    }
    Ok(parents)
}

/// The tenant of a row, which is that of the session.
pub(crate) fn tenant_of<E: Entity>(entity: &E) -> Result<Option<Value<'static>>> {
    let Some(column) = E::TABLE.roles.tenant else { return Ok(None) };
    Ok(encode(entity)?.into_iter().nth(column).map(Value::into_owned))
}

/// Inserts the rows alone, and sets the ids that the database makes.
async fn insert_rows<E: Entity, S: Scope>(
    session: &Session<S>,
    repo: &Repo<E, S>,
    entities: &mut [E],
) -> Result<()> {
    if session.in_transaction() {
        // A value that fits no column is found before the database is asked, so that the transaction
        // can go on; by itself an insert of which a row does not fit does nothing anyway.
        for (index, entity) in entities.iter().enumerate() {
            encode(entity).map_err(|error| error.in_row(index))?;
        }
    }
    let identities = {
        let insert = Insert {
            table: E::TABLE,
            columns: &repo.crud().insert_columns,
            sql: &repo.crud().insert,
            rows: &Entities(entities),
        };
        session.insert(insert).await?
    };
    for (entity, id) in entities.iter_mut().zip(identities) {
        entity.set_id(identity::<E>(id)?);
    }
    Ok(())
}

/// Entities as the rows of an insert.
pub(crate) struct Entities<'e, E>(pub(crate) &'e [E]);

impl<E: Entity> InsertRows for Entities<'_, E> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn encode<'a>(&'a self, index: usize, values: &mut Vec<Value<'a>>) -> Result<()> {
        let mut encoder = Encoder::reuse(E::TABLE, std::mem::take(values));
        self.0[index].encode(&mut encoder);
        *values = encoder.finish().map_err(|error| error.in_row(index))?;
        if E::TABLE.has_identity() {
            values.remove(E::TABLE.roles.id);
        }
        Ok(())
    }
}

/// The columns of an entity that an insert gives.
pub(crate) fn insert_values<E: Entity>(entity: &E) -> Result<Vec<Value<'_>>> {
    let mut values = encode(entity)?;
    if E::TABLE.has_identity() {
        values.remove(E::TABLE.roles.id);
    }
    Ok(values)
}

/// All columns of an entity.
pub(crate) fn encode<E: Entity>(entity: &E) -> Result<Vec<Value<'_>>> {
    let mut encoder = Encoder::new(E::TABLE);
    entity.encode(&mut encoder);
    encoder.finish()
}
