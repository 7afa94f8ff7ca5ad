//! Many rows at once, through binary `COPY`.
//!
//! `COPY` is one statement: it inserts all rows or none. It returns nothing, so ids that the database
//! makes are taken from the sequence first and written as given. One row is not worth a `COPY`; it
//! goes through the ordinary statement.

use repo_core::{Access, DatabaseError, Error, Insert, Kind, Row, Statement, Value, quote};
use sqlx::PgConnection;

use crate::error::Failure;
use crate::statement;
use crate::value::write_sized;

/// How much is collected before it is sent.
const CHUNK: usize = 64 * 1024;
/// What a binary `COPY` starts with: the signature, no flags, no extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const TRAILER: [u8; 2] = (-1_i16).to_be_bytes();

/// The ids in the order in which they are handed out. The sequence is looked up once.
const RESERVE: &str = "SELECT nextval(s.sequence) \
    FROM (SELECT pg_get_serial_sequence($1, $2)::regclass AS sequence OFFSET 0) s, \
         generate_series(1, $3)";

/// Inserts all rows. Returns the identities in the order of the rows, if the table has one.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    persistent: bool,
    insert: Insert<'_>,
) -> Result<Vec<i64>, Failure> {
    match insert.rows.len() {
        0 => Ok(Vec::new()),
        1 => insert_one(connection, persistent, insert).await,
        _ => insert_many(connection, persistent, insert).await,
    }
}

async fn insert_one(
    connection: &mut PgConnection,
    persistent: bool,
    insert: Insert<'_>,
) -> Result<Vec<i64>, Failure> {
    let mut params = Vec::with_capacity(insert.columns.len());
    insert.rows.encode(0, &mut params).map_err(Failure::Core)?;
    let statement =
        Statement { sql: insert.sql, params: &params, access: Access::Write, table: insert.table };
    let mut ids = Vec::new();
    let mut on_row = |row: &dyn Row| read_id(row, &insert).map(|id| ids.push(id));
    statement::run(connection, persistent, statement, &mut on_row).await?;
    Ok(ids)
}

fn read_id(row: &dyn Row, insert: &Insert<'_>) -> Result<i64, Error> {
    let column = insert.table.id().name;
    let entity = insert.table.entity;
    match row.value(0, Kind::I64) {
        Ok(Value::I64(id)) => Ok(id),
        Ok(_) => Err(Error::Decode { entity, column, reason: "is not an integer".into() }),
        Err(invalid) => Err(Error::Decode { entity, column, reason: invalid.into_reason() }),
    }
}

async fn insert_many(
    connection: &mut PgConnection,
    persistent: bool,
    insert: Insert<'_>,
) -> Result<Vec<i64>, Failure> {
    let ids = if insert.table.has_identity() {
        reserve(connection, persistent, &insert).await?
    } else {
        Vec::new()
    };
    copy(connection, &insert, &ids).await?;
    Ok(ids)
}

/// Takes an id for each row from the sequence of the table.
async fn reserve(
    connection: &mut PgConnection,
    persistent: bool,
    insert: &Insert<'_>,
) -> Result<Vec<i64>, Failure> {
    let count = insert.rows.len();
    let mut table = String::new();
    quote(&mut table, insert.table.name);
    let params = [
        Value::Text(table.into()),
        Value::Text(insert.table.id().name.into()),
        Value::I64(i64::try_from(count).expect("a slice has at most isize::MAX elements")),
    ];
    let statement =
        Statement { sql: RESERVE, params: &params, access: Access::Write, table: insert.table };
    let mut ids = Vec::with_capacity(count);
    let mut on_row = |row: &dyn Row| read_id(row, insert).map(|id| ids.push(id));
    statement::run(connection, persistent, statement, &mut on_row).await?;
    Ok(ids)
}

async fn copy(
    connection: &mut PgConnection,
    insert: &Insert<'_>,
    ids: &[i64],
) -> Result<(), Failure> {
    let count = insert.rows.len();
    let mut copy = connection.copy_in_raw(&copy_sql(insert, !ids.is_empty())).await?;
    let mut chunk = Vec::with_capacity(CHUNK + CHUNK / 4);
    chunk.extend_from_slice(HEADER);
    let mut values = Vec::with_capacity(insert.columns.len());
    for index in 0..count {
        values.clear();
        let row = insert.rows.encode(index, &mut values);
        if let Err(error) = row.and_then(|()| write_row(ids.get(index), &values, &mut chunk)) {
            // Where even that fails, the connection is at no defined point of the protocol.
            let aborted = copy.abort("a row could not be encoded").await;
            return Err(match aborted {
                Ok(()) => Failure::Core(error),
                Err(_) => Failure::Broken(error),
            });
        }
        if chunk.len() >= CHUNK {
            copy.send(&chunk[..]).await?;
            chunk.clear();
        }
    }
    chunk.extend_from_slice(&TRAILER);
    copy.send(&chunk[..]).await?;
    copy.finish().await?;
    Ok(())
}

fn copy_sql(insert: &Insert<'_>, with_id: bool) -> String {
    let table = insert.table;
    let id = with_id.then_some(table.roles.id);
    let mut sql = String::from("COPY ");
    quote(&mut sql, table.name);
    sql.push_str(" (");
    for (position, column) in id.iter().chain(insert.columns).enumerate() {
        if position > 0 {
            sql.push_str(", ");
        }
        quote(&mut sql, table.columns[*column].name);
    }
    sql.push_str(") FROM STDIN WITH (FORMAT binary)");
    sql
}

fn write_row(id: Option<&i64>, values: &[Value<'_>], out: &mut Vec<u8>) -> Result<(), Error> {
    let fields = values.len() + usize::from(id.is_some());
    let fields = i16::try_from(fields).expect("a Postgres table has at most 1,600 columns");
    out.extend_from_slice(&fields.to_be_bytes());
    let id = id.map(|id| Value::I64(*id));
    id.iter().chain(values).try_for_each(|value| {
        write_sized(value, out)
            .map_err(|invalid| Error::Backend(DatabaseError::new(format!("a value {invalid}"))))
    })
}
