//! Running reads and decoding what they answer.

pub(crate) mod cursor;
pub(crate) mod cursor_value;
pub(crate) mod held;
pub(crate) mod lookup;
pub(crate) mod page;
pub(crate) mod projection;
pub(crate) mod reading;
pub(crate) mod series;
pub(crate) mod stream;
pub(crate) mod values;
pub(crate) mod window;

use std::collections::HashMap;

use crate::backend::{Effect, OnRow, Row, Statement};
use crate::entity::Entity;
use crate::error::{Error, Result};
use crate::filter::{Comparison, Filter, Node};
use crate::query::{Query, Selection};
use crate::read::lookup::look_up;
use crate::read::projection::Projection;
use crate::read::window::Bound;
use crate::repo::Repo;
use crate::schema::table::Table;
use crate::session::Session;
use crate::session::scope::{ReachableFrom, Scope};
use crate::sql::shape::Shape;
use crate::sql::writer::Writer;
use crate::value::column_type::ColumnType;
use crate::value::encode::Decoder;
use crate::value::stored::stored;
use crate::value::{Kind, Value};

/// The live row with this id.
pub(crate) async fn find<E: Entity, S: Scope>(repo: &Repo<E, S>, id: E::Id) -> Result<Option<E>>
where
    E::Tenancy: ReachableFrom<S>,
{
    let tenant = repo.tenant()?;
    if tenant.is_none() && E::TABLE.roles.tenant.is_some() {
        return by_id(repo, &id).at_most_one().await;
    }
    let key = [tenant, Some(encode_id::<E>(&id)?)];
    let (params, count) = pack(key);
    let mut found = None;
    let mut on_row = |row: &dyn Row| {
        found = Some(decode(row)?);
        Ok(())
    };
    look_up(repo.session(), &repo.crud().find, E::TABLE, &params[..count], &mut on_row).await?;
    Ok(found)
}

/// Whether there is a live row with this id.
pub(crate) async fn exists<E: Entity, S: Scope>(repo: &Repo<E, S>, id: E::Id) -> Result<bool>
where
    E::Tenancy: ReachableFrom<S>,
{
    let tenant = repo.tenant()?;
    if tenant.is_none() && E::TABLE.roles.tenant.is_some() {
        return by_id(repo, &id).exists().await;
    }
    let (params, count) = pack([tenant, Some(encode_id::<E>(&id)?)]);
    let mut exists = false;
    let mut on_row = |_: &dyn Row| {
        exists = true;
        Ok(())
    };
    look_up(repo.session(), &repo.crud().exists, E::TABLE, &params[..count], &mut on_row).await?;
    Ok(exists)
}

/// The live rows with these ids, in their order.
pub(crate) async fn get_many<E: Entity, S: Scope>(
    repo: &Repo<E, S>,
    ids: &[E::Id],
) -> Result<Vec<Option<E>>>
where
    E::Tenancy: ReachableFrom<S>,
{
    let mut wanted: HashMap<IdKey, Vec<usize>> = HashMap::with_capacity(ids.len());
    for (position, id) in ids.iter().enumerate() {
        wanted.entry(IdKey::of(&encode_id::<E>(id)?)).or_default().push(position);
    }
    let mut found: Vec<Option<E>> = ids.iter().map(|_| None).collect();
    if ids.is_empty() {
        return Ok(found);
    }
    let mut several = false;
    let mut place = |row: &dyn Row| {
        let id = IdKey::of(&E::TABLE.read(row, E::TABLE.roles.id, E::TABLE.roles.id)?);
        for position in wanted.get(&id).into_iter().flatten() {
            several |= found[*position].replace(decode(row)?).is_some();
        }
        Ok(())
    };
    let list: Result<Vec<_>> = ids.iter().map(|id| encode_id::<E>(id)).collect();
    let tenant = repo.tenant()?;
    if tenant.is_none() && E::TABLE.roles.tenant.is_some() {
        let values = list?.into_iter().map(Value::into_owned).collect();
        let node = Node::InList { column: E::TABLE.roles.id, values, negated: false };
        let selection = repo.filter(Filter::new(node)).into_selection();
        let mut writer = writer::<E, S>(repo);
        writer.rows(&Shape::of::<E>(E::TABLE), &selection, &[])?;
        let (sql, params) = (&writer.sql, &writer.params);
        let statement = Statement { sql, params, effect: Effect::Read, table: E::TABLE };
        repo.session().run(statement, &mut place).await?;
        // Told after the statement, whose errors would fail a transaction.
        return if several {
            Err(Error::MoreThanOne { entity: E::TABLE.entity })
        } else {
            Ok(found)
        };
    }
    let (params, count) = pack([tenant, Some(Value::List(E::TABLE.id().kind, list?))]);
    let (sql, params) = (&repo.crud().get_many, &params[..count]);
    let statement = Statement { sql, params, effect: Effect::Read, table: E::TABLE };
    repo.session().run(statement, &mut place).await?;
    Ok(found)
}

/// The rows of a selection.
pub(crate) async fn rows<E: Entity, S: Scope, P: Projection>(
    repo: &Repo<E, S>,
    selection: &Selection,
) -> Result<Vec<P>> {
    let shape = Shape::of::<P>(E::TABLE);
    let mut rows = Vec::new();
    let mut on_row = |row: &dyn Row| {
        rows.push(shape.read(row)?);
        Ok(())
    };
    each(repo, &shape, selection, &[], &mut on_row).await?;
    Ok(rows)
}

/// Reads the rows of a selection that lie within bounds.
pub(crate) async fn each<E: Entity, S: Scope>(
    repo: &Repo<E, S>,
    shape: &Shape,
    selection: &Selection,
    bounds: &[Bound],
    on_row: OnRow<'_>,
) -> Result<()> {
    let mut writer = writer::<E, S>(repo);
    repo.session().looks_at(shape.linked())?;
    writer.rows(shape, selection, bounds)?;
    // A lock is taken by the connection that writes.
    let effect = if selection.for_update { Effect::Lock } else { Effect::Read };
    let (sql, params) = (&writer.sql, &writer.params);
    let statement = Statement { sql, params, effect, table: E::TABLE };
    repo.session().run(statement, on_row).await.map(drop)
}

/// The rows of a page, and how many there are in all.
///
/// Each row has the total beside it. A page without rows has none to tell the total: before the first row there
/// is then nothing to count, and any other page is asked for again, with a row for the total alone.
pub(crate) async fn page<E: Entity, S: Scope, P: Projection>(
    repo: &Repo<E, S>,
    selection: &Selection,
) -> Result<(Vec<P>, u64)> {
    let shape = Shape::of::<P>(E::TABLE).with_keys(&selection.order);
    repo.session().looks_at(shape.linked())?;
    // Rows that are locked may be gone, or be left out, although they are counted.
    if !selection.for_update {
        let mut writer = writer::<E, S>(repo);
        writer.page(&shape, selection)?;
        let found = page_of(repo, &shape, &writer).await?;
        if let Some(page) = found.or_else(|| selection.offset.is_none().then(Default::default)) {
            return Ok(page);
        }
    }
    let mut writer = writer::<E, S>(repo);
    writer.page_or_total(&shape, selection)?;
    Ok(page_of(repo, &shape, &writer).await?.unwrap_or_default())
}

/// The rows and the total that a statement answers with; none where it has no row.
async fn page_of<E: Entity, S: Scope, P: Projection>(
    repo: &Repo<E, S>,
    shape: &Shape,
    writer: &Writer<'_>,
) -> Result<Option<(Vec<P>, u64)>> {
    let mut page: Option<(Vec<P>, u64)> = None;
    let mut on_row = |row: &dyn Row| {
        let (items, total) = page.get_or_insert_default();
        if items.is_empty() {
            *total = number(row, shape.width())?;
        }
        if !shape.is_missing(row) {
            items.push(shape.read(row)?);
        }
        Ok(())
    };
    run(repo.session(), writer, &mut on_row).await?;
    Ok(page)
}

/// How many rows a selection names.
pub(crate) async fn count<E: Entity, S: Scope>(
    repo: &Repo<E, S>,
    selection: &Selection,
) -> Result<u64> {
    let mut writer = writer::<E, S>(repo);
    writer.count(selection)?;
    let mut count = 0;
    let mut on_row = |row: &dyn Row| {
        count = number(row, 0)?;
        Ok(())
    };
    let (sql, params) = (&writer.sql, &writer.params);
    let statement = Statement { sql, params, effect: Effect::Read, table: E::TABLE };
    repo.session().run(statement, &mut on_row).await?;
    Ok(count)
}

/// Whether a selection names any row.
pub(crate) async fn any<E: Entity, S: Scope>(
    repo: &Repo<E, S>,
    selection: &Selection,
) -> Result<bool> {
    let mut writer = writer::<E, S>(repo);
    writer.any(selection)?;
    answers(repo.session(), E::TABLE, &writer.sql, &writer.params).await
}

pub(crate) fn decode<E: Entity>(row: &dyn Row) -> Result<E> {
    E::decode(&mut Decoder::new(E::TABLE, row))
}

/// The id as a value.
pub(crate) fn encode_id<E: Entity>(id: &E::Id) -> Result<Value<'_>> {
    let column = E::TABLE.id();
    stored(id, column.kind).map_err(|invalid| Error::invalid_value(column.name, invalid))
}

/// The values that are there, at the front, and how many they are: parameters without an allocation.
pub(crate) fn pack<const N: usize>(values: [Option<Value<'_>>; N]) -> ([Value<'_>; N], usize) {
    let mut packed = std::array::from_fn(|_| Value::Null(Kind::Bool));
    let mut count = 0;
    for value in values.into_iter().flatten() {
        packed[count] = value;
        count += 1;
    }
    (packed, count)
}

/// An id as a key of a map.
#[doc(hidden)]
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IdKey {
    Uuid(uuid::Uuid),
    I16(i16),
    I32(i32),
    I64(i64),
    Text(String),
    Other,
}

impl IdKey {
    /// The id, unless it is nothing.
    pub(crate) fn of_some(value: &Value<'_>) -> Option<Self> {
        Some(Self::of(value)).filter(|key| *key != IdKey::Other)
    }

    pub(crate) fn to_value(&self) -> Value<'static> {
        match self {
            IdKey::Uuid(id) => Value::Uuid(*id),
            IdKey::I16(id) => Value::I16(*id),
            IdKey::I32(id) => Value::I32(*id),
            IdKey::I64(id) => Value::I64(*id),
            IdKey::Text(id) => Value::Text(id.clone().into()),
            IdKey::Other => Value::Null(Kind::I64),
        }
    }

    pub(crate) fn of(value: &Value<'_>) -> Self {
        match value {
            Value::Uuid(id) => IdKey::Uuid(*id),
            Value::I16(id) => IdKey::I16(*id),
            Value::I32(id) => IdKey::I32(*id),
            Value::I64(id) => IdKey::I64(*id),
            Value::Text(id) => IdKey::Text(id.as_ref().to_owned()),
            _ => IdKey::Other,
        }
    }
}

/// The query for the live row with this id, of which there are several at most in a session over all tenants.
pub(crate) fn by_id<E: Entity, S: Scope>(repo: &Repo<E, S>, id: &E::Id) -> Query<E, S>
where
    E::Tenancy: ReachableFrom<S>,
{
    let column = E::TABLE.roles.id;
    let node = match stored(id, E::TABLE.id().kind) {
        Ok(value) => {
            Node::Compare { column, comparison: Comparison::Equal, value: value.into_owned() }
        }
        Err(invalid) => Node::Invalid { column: E::TABLE.id().name, invalid },
    };
    repo.query().filter(Filter::new(node))
}

pub(crate) fn writer<E: Entity, S: Scope>(repo: &Repo<E, S>) -> Writer<'_> {
    let dialect = repo.session().dialect();
    Writer::new(dialect, E::TABLE).with_columns(&repo.crud().columns)
}

/// Runs what the writer wrote, which reads.
pub(crate) async fn run<S: Scope>(
    session: &Session<S>,
    writer: &Writer<'_>,
    on_row: OnRow<'_>,
) -> Result<()> {
    let Writer { sql, params, table, .. } = writer;
    session.run(Statement { sql, params, effect: Effect::Read, table }, on_row).await.map(drop)
}

async fn answers<S: Scope>(
    session: &Session<S>,
    table: &'static Table,
    sql: &str,
    params: &[Value<'_>],
) -> Result<bool> {
    let mut answered = false;
    let mut on_row = |_: &dyn Row| {
        answered = true;
        Ok(())
    };
    session.run(Statement { sql, params, effect: Effect::Read, table }, &mut on_row).await?;
    Ok(answered)
}

/// A count, which no database gives below zero.
fn number(row: &dyn Row, index: usize) -> Result<u64> {
    let value = row.value(index, Kind::I64).and_then(i64::decode);
    value.ok().and_then(|count| u64::try_from(count).ok()).ok_or_else(|| {
        Error::Backend(crate::error::DatabaseError::new("the database gave no count"))
    })
}
