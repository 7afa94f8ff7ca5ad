//! Rows through binary `COPY`: encoded and sent in chunks, so that they are never all in memory twice.

use repo_core::backend::Insert;
use repo_core::{DatabaseError, Error, Value};
use sqlx::PgConnection;

use super::{all_of, push_target};
use crate::error::Failure;
use crate::value::{fits, write_sized};

/// How much is collected before it is sent.
const CHUNK: usize = 64 * 1024;
/// What a binary `COPY` starts with: the signature, no flags, no extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const TRAILER: [u8; 2] = (-1_i16).to_be_bytes();

/// Inserts the rows, with the ids if there are any.
pub(super) async fn insert(
    connection: &mut PgConnection,
    insert: &Insert<'_>,
    ids: &[i64],
) -> Result<(), Failure> {
    let count = insert.rows.len();
    let mut sql = String::from("COPY ");
    push_target(&mut sql, insert, !ids.is_empty());
    sql.push_str(" FROM STDIN WITH (FORMAT binary)");
    let mut copy = connection.copy_in_raw(&sql).await?;
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
    // The driver reads an answer too few where the server is interrupted after it took the rows.
    let added = copy.finish().await.map_err(Failure::at_the_end)?;
    all_of(count, added)
}

fn write_row(id: Option<&i64>, values: &[Value<'_>], out: &mut Vec<u8>) -> Result<(), Error> {
    let fields = values.len() + usize::from(id.is_some());
    let fields = i16::try_from(fields).expect("a Postgres table has at most 1,600 columns");
    out.extend_from_slice(&fields.to_be_bytes());
    let id = id.map(|id| Value::I64(*id));
    id.iter().chain(values).try_for_each(|value| {
        write_sized(value, out)
            .map_err(|invalid| Error::Backend(DatabaseError::new(format!("a value {invalid}"))))
    })?;
    // What was collected before is less than a chunk.
    fits(out.len())
}
