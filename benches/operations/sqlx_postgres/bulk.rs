//! Many rows at once, by hand: a binary `COPY`, and an array for each column.

use benches::{Error, Result, Ticket, columns};
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use sqlx::encode::{Encode, IsNull};
use sqlx::postgres::PgArgumentBuffer;
use sqlx::types::Json;
use sqlx::{PgPool, Postgres};
use uuid::Uuid;

const COPY: &str = concat!("COPY tickets (", columns!(), ") FROM STDIN WITH (FORMAT binary)");
const UNNEST: &str = concat!(
    "INSERT INTO tickets (",
    columns!(),
    ") SELECT * FROM UNNEST($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::int8[], \
     $6::jsonb[], $7::numeric[], $8::bool[], $9::text[], $10::int8[], $11::timestamptz[], \
     $12::timestamptz[], $13::timestamptz[])"
);
const CHUNK: usize = 64 * 1024;
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const TRAILER: [u8; 2] = (-1_i16).to_be_bytes();
const JSONB_VERSION: u8 = 1;

pub(super) async fn copy(pool: &PgPool, tickets: &[Ticket]) -> Result<()> {
    let mut connection = pool.acquire().await?;
    let mut copy = connection.copy_in_raw(COPY).await?;
    let mut buffer = PgArgumentBuffer::default();
    buffer.reserve(CHUNK + CHUNK / 4);
    buffer.extend_from_slice(HEADER);
    for ticket in tickets {
        write_row(&mut buffer, ticket)?;
        if buffer.len() >= CHUNK {
            copy.send(&buffer[..]).await?;
            buffer.clear();
        }
    }
    buffer.extend_from_slice(&TRAILER);
    copy.send(&buffer[..]).await?;
    copy.finish().await?;
    Ok(())
}

fn write_row(buffer: &mut PgArgumentBuffer, ticket: &Ticket) -> Result<()> {
    buffer.extend_from_slice(&13_i16.to_be_bytes());
    field(buffer, &ticket.id)?;
    field(buffer, &ticket.tenant_id)?;
    field(buffer, &ticket.subject.as_str())?;
    field(buffer, &ticket.status.as_str())?;
    field(buffer, &ticket.attempts)?;
    sized(buffer, |buffer| {
        buffer.push(JSONB_VERSION);
        serde_json::to_writer(&mut **buffer, &ticket.context)?;
        Ok(IsNull::No)
    })?;
    field(buffer, &ticket.amount)?;
    field(buffer, &ticket.urgent)?;
    field(buffer, &ticket.reporter.as_deref())?;
    field(buffer, &ticket.version)?;
    field(buffer, &ticket.created_at)?;
    field(buffer, &ticket.updated_at)?;
    field(buffer, &ticket.deleted_at)
}

fn field<'q>(buffer: &mut PgArgumentBuffer, value: &impl Encode<'q, Postgres>) -> Result<()> {
    sized(buffer, |buffer| value.encode_by_ref(buffer))
}

/// The length of what `write` appends, then that.
fn sized(
    buffer: &mut PgArgumentBuffer,
    write: impl FnOnce(&mut PgArgumentBuffer) -> Result<IsNull>,
) -> Result<()> {
    let start = buffer.len();
    buffer.extend_from_slice(&[0; 4]);
    let length = match write(buffer)? {
        IsNull::Yes => -1,
        IsNull::No => i32::try_from(buffer.len() - start - 4)?,
    };
    buffer[start..start + 4].copy_from_slice(&length.to_be_bytes());
    Ok(())
}

pub(super) async fn unnest(pool: &PgPool, tickets: &[Ticket]) -> Result<(), Error> {
    sqlx::query(UNNEST)
        .bind(tickets.iter().map(|ticket| ticket.id).collect::<Vec<Uuid>>())
        .bind(tickets.iter().map(|ticket| ticket.tenant_id).collect::<Vec<Uuid>>())
        .bind(tickets.iter().map(|ticket| ticket.subject.as_str()).collect::<Vec<&str>>())
        .bind(tickets.iter().map(|ticket| ticket.status.as_str()).collect::<Vec<&str>>())
        .bind(tickets.iter().map(|ticket| ticket.attempts).collect::<Vec<i64>>())
        .bind(tickets.iter().map(|ticket| Json(&ticket.context)).collect::<Vec<_>>())
        .bind(tickets.iter().map(|ticket| ticket.amount).collect::<Vec<Decimal>>())
        .bind(tickets.iter().map(|ticket| ticket.urgent).collect::<Vec<bool>>())
        .bind(tickets.iter().map(|ticket| ticket.reporter.as_deref()).collect::<Vec<_>>())
        .bind(tickets.iter().map(|ticket| ticket.version).collect::<Vec<i64>>())
        .bind(tickets.iter().map(|ticket| ticket.created_at).collect::<Vec<DateTime<Utc>>>())
        .bind(tickets.iter().map(|ticket| ticket.updated_at).collect::<Vec<DateTime<Utc>>>())
        .bind(tickets.iter().map(|ticket| ticket.deleted_at).collect::<Vec<Option<_>>>())
        .execute(pool)
        .await?;
    Ok(())
}
