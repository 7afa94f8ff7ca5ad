//! Appending entries to the trail, on the connection of the transaction that they belong to.
//!
//! The head of a chain is locked here and nowhere else, after all that the entries tell of is written, and
//! the chains of one transaction in the order of their names: writers wait for each other in one order.

use std::collections::BTreeMap;

use super::author::Author;
use super::entry::{Action, AuditEntry, FIRST_UNCHAINED, TRAIL};
use super::format::{self, ZERO};
use super::heads::HEADS;
use super::image::{self, Image};
use crate::backend::{Connection, Effect, Insert, Row, Statement, no_rows};
use crate::dialect::Dialect;
use crate::error::{DatabaseError, Error, Result};
use crate::schema::table::{Chaining, Table};
use crate::sql::crud::insert_alone;
use crate::value::column_type::ColumnType as _;
use crate::value::{Kind, Value};
use crate::write::insert::Entities;

/// The most entries that are appended each by a statement of its own, where a statement can do that.
const FEW: usize = 2;

/// An entry that is not in the trail yet.
#[derive(Debug, Clone)]
pub(crate) struct Pending {
    pub(crate) author: Author,
    pub(crate) chaining: Chaining,
    /// The name of the table.
    pub(crate) entity: &'static str,
    pub(crate) entity_id: String,
    pub(crate) action: Action,
    pub(crate) before: Option<String>,
    pub(crate) after: Option<String>,
}

/// Appends `entries`, in their order within each chain.
pub(crate) async fn append(
    connection: &mut dyn Connection,
    dialect: &dyn Dialect,
    entries: Vec<Pending>,
) -> Result<()> {
    let mut chains: BTreeMap<_, Vec<Pending>> = BTreeMap::new();
    for entry in entries {
        let key = (entry.author.tenant.clone(), entry.chaining == Chaining::Unchained);
        chains.entry(key).or_default().push(entry);
    }
    for ((tenant, _), entries) in chains {
        let chaining = entries[0].chaining;
        match dialect.append_entry(chaining).filter(|_| entries.len() <= FEW) {
            Some(sql) => each(connection, &sql, &entries).await?,
            None if chaining == Chaining::Chained => {
                chained(connection, dialect, &tenant, entries).await?;
            }
            None => unchained(connection, dialect, &tenant, entries).await?,
        }
    }
    Ok(())
}

impl Pending {
    /// About no row: an entry of `entity`, which is no table of the application.
    pub(crate) fn about_no_row(
        author: Author,
        entity: &'static str,
        action: Action,
        after: Option<String>,
    ) -> Self {
        let (entity_id, chaining) = (String::new(), Chaining::Chained);
        Self { author, chaining, entity, entity_id, action, before: None, after }
    }

    /// Of the row with this id, in a table whose entries follow each other like this.
    pub(crate) fn of_row(
        author: &Author,
        (table, chaining): (&Table, Chaining),
        id: &Value<'_>,
        action: Action,
        [before, after]: [Option<String>; 2],
    ) -> Self {
        let (author, entity_id) = (author.clone(), image::text(id).into_owned());
        Self { author, chaining, entity: table.name, entity_id, action, before, after }
    }

    /// The parameters of the statement that appends one entry by itself.
    pub(crate) fn params(&self) -> Vec<Value<'_>> {
        let mut params = self.author.params(self.entity, self.action).to_vec();
        params.push(Value::Text(self.entity.into()));
        params.push(Value::Text(self.action.as_str().into()));
        params.push(Value::Text(self.entity_id.as_str().into()));
        for image in [&self.before, &self.after] {
            let text = image.as_deref().map(|text| Value::Text(text.into()));
            params.push(text.unwrap_or(Value::Null(Kind::Text)));
        }
        params
    }

    fn into_entry(self, seq: i64, hashes: Option<([u8; 32], [u8; 32])>) -> AuditEntry {
        let Author { tenant, actor, correlation_id, reason, at } = self.author;
        AuditEntry {
            tenant: tenant.to_string(),
            seq,
            entity: self.entity.to_owned(),
            entity_id: self.entity_id,
            action: self.action,
            actor: actor_of(&actor),
            correlation_id: correlation_id.as_deref().map(str::to_owned),
            reason: reason.as_deref().map(str::to_owned),
            at,
            before: self.before.map(Image::from_text),
            after: self.after.map(Image::from_text),
            prev_hash: hashes.map(|(prev, _)| prev.to_vec()),
            hash: hashes.map(|(_, hash)| hash.to_vec()),
        }
    }

    pub(crate) fn hash(&self, seq: i64, prev: &[u8]) -> [u8; 32] {
        let known = self.author.known(self.entity, self.action).encode();
        let (before, after) = (self.before.as_deref(), self.after.as_deref());
        format::hash(&known, &self.entity_id, before, after, seq, prev)
    }
}

async fn each(connection: &mut dyn Connection, sql: &str, entries: &[Pending]) -> Result<()> {
    for entry in entries {
        execute(connection, sql, &entry.params()).await?;
    }
    Ok(())
}

async fn chained(
    connection: &mut dyn Connection,
    dialect: &dyn Dialect,
    tenant: &str,
    entries: Vec<Pending>,
) -> Result<()> {
    let head = lock(connection, dialect, tenant).await?;
    let (mut seq, mut prev, mut last) = (head.seq, ZERO, head.hash);
    let mut rows = Vec::with_capacity(entries.len());
    for entry in entries {
        seq = next_in_chain(seq)?;
        prev = last;
        last = entry.hash(seq, &prev);
        rows.push(entry.into_entry(seq, Some((prev, last))));
    }
    insert(connection, dialect, &rows).await?;
    let params = [
        Value::Text(tenant.into()),
        Value::I64(seq),
        Value::Bytes((&prev[..]).into()),
        Value::Bytes((&last[..]).into()),
    ];
    execute(connection, &set_head(dialect), &params).await
}

async fn unchained(
    connection: &mut dyn Connection,
    dialect: &dyn Dialect,
    tenant: &str,
    entries: Vec<Pending>,
) -> Result<()> {
    let count = i64::try_from(entries.len()).unwrap_or(i64::MAX);
    let params = [Value::Text(tenant.into()), Value::I64(count)];
    let mut numbers = Vec::with_capacity(entries.len());
    let mut on_row = |row: &dyn Row| {
        numbers.push(row.value(0, Kind::I64).and_then(i64::decode).map_err(unreadable)?);
        Ok(())
    };
    let sql = dialect.unchained_numbers();
    let statement = Statement { sql, params: &params, effect: Effect::Lock, table: &TRAIL };
    connection.run(statement, &mut on_row).await?;
    if numbers.len() != entries.len() {
        return Err(unreadable("fewer numbers than entries"));
    }
    let rows: Vec<AuditEntry> =
        entries.into_iter().zip(numbers).map(|(entry, seq)| entry.into_entry(seq, None)).collect();
    insert(connection, dialect, &rows).await
}

/// The last entry of a chain.
pub(super) struct Head {
    pub(super) seq: i64,
    pub(super) hash: [u8; 32],
}

impl Head {
    /// Before the first entry.
    pub(super) const NONE: Self = Self { seq: 0, hash: ZERO };

    pub(super) fn read(row: &dyn Row) -> Result<Self> {
        let seq = row.value(0, Kind::I64).and_then(i64::decode).map_err(unreadable)?;
        let Value::Bytes(hash) = row.value(1, Kind::Bytes).map_err(unreadable)? else {
            return Err(unreadable("its hash is none"));
        };
        let hash = (&*hash).try_into().map_err(|_| unreadable("its hash has not 32 bytes"))?;
        Ok(Self { seq, hash })
    }
}

/// The number after `seq` in a chain; none is from 2^62 on.
pub(super) fn next_in_chain(seq: i64) -> Result<i64> {
    let is_last = seq >= FIRST_UNCHAINED - 1;
    if is_last { Err(Error::trail_astray()) } else { Ok(seq + 1) }
}

/// The head, which nobody else moves until the transaction ends.
async fn lock(
    connection: &mut dyn Connection,
    dialect: &dyn Dialect,
    tenant: &str,
) -> Result<Head> {
    let (sql, wanted) = lock_head(dialect);
    let params = [Value::Text(tenant.into()), Value::Bytes((&ZERO[..]).into())];
    let mut head = Head::NONE;
    let mut on_row = |row: &dyn Row| {
        head = Head::read(row)?;
        Ok(())
    };
    let statement =
        Statement { sql: &sql, params: &params[..wanted], effect: Effect::Lock, table: &HEADS };
    connection.run(statement, &mut on_row).await?;
    Ok(head)
}

/// Where rows are locked the row is made first if it is not there; where a transaction locks the whole
/// database it is enough to look. Returns the number of parameters too.
pub(super) fn lock_head(dialect: &dyn Dialect) -> (String, usize) {
    let mut locks = String::new();
    dialect.lock_rows(&mut locks);
    let (tenant, zero) = (placeholder(dialect, 1), placeholder(dialect, 2));
    if locks.is_empty() {
        let select = "SELECT \"seq\", \"hash\" FROM \"repo_audit_heads\" WHERE \"tenant\" = ";
        return (format!("{select}{tenant}"), 1);
    }
    let insert = format!(
        "INSERT INTO \"repo_audit_heads\" (\"tenant\", \"seq\", \"prev_hash\", \"hash\") \
         VALUES ({tenant}, 0, {zero}, {zero}) \
         ON CONFLICT (\"tenant\") DO UPDATE SET \"seq\" = \"repo_audit_heads\".\"seq\" \
         RETURNING \"seq\", \"hash\""
    );
    (insert, 2)
}

pub(super) fn set_head(dialect: &dyn Dialect) -> String {
    let [tenant, seq, prev, hash] = [1, 2, 3, 4].map(|index| placeholder(dialect, index));
    format!(
        "INSERT INTO \"repo_audit_heads\" (\"tenant\", \"seq\", \"prev_hash\", \"hash\") \
         VALUES ({tenant}, {seq}, {prev}, {hash}) \
         ON CONFLICT (\"tenant\") DO UPDATE SET \"seq\" = excluded.\"seq\", \
         \"prev_hash\" = excluded.\"prev_hash\", \"hash\" = excluded.\"hash\""
    )
}

fn placeholder(dialect: &dyn Dialect, index: usize) -> String {
    let mut text = String::new();
    dialect.placeholder(&mut text, index);
    text
}

async fn insert(
    connection: &mut dyn Connection,
    dialect: &dyn Dialect,
    rows: &[AuditEntry],
) -> Result<()> {
    let (columns, sql) = insert_alone(dialect, &TRAIL);
    let insert = Insert { table: &TRAIL, columns: &columns, sql: &sql, rows: &Entities(rows) };
    // Entries are no rows that the caller gave.
    connection.insert(insert).await.map(drop).map_err(|error| of_entry(error.into_cause()))
}

async fn execute(connection: &mut dyn Connection, sql: &str, params: &[Value<'_>]) -> Result<()> {
    let statement = Statement { sql, params, effect: Effect::Insert, table: &TRAIL };
    match connection.run(statement, &mut no_rows).await.map_err(of_entry)? {
        0 => Err(unreadable("no row was written")),
        _ => Ok(()),
    }
}

/// Whether an entry is not added because the database has no audit trail.
pub(crate) fn is_without_trail(error: &Error) -> bool {
    let Error::Backend(said) = error else { return false };
    [&TRAIL, &HEADS].iter().any(|table| said.is_missing_table(table.name))
}

/// Why an entry is not added: that its number is taken is no conflict of the row that it tells of.
pub(super) fn of_entry(error: Error) -> Error {
    if matches!(error, Error::Conflict { .. }) { Error::trail_astray() } else { error }
}

/// The actor as an entry has it; it was made from one.
fn actor_of(text: &str) -> crate::Actor {
    crate::Actor::decode(Value::Text(text.into())).unwrap_or_else(|_| text.into())
}

pub(super) fn unreadable(reason: impl std::fmt::Display) -> Error {
    Error::Backend(DatabaseError::new(format!("the audit trail cannot be appended to: {reason}")))
}
