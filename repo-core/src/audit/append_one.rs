//! Appending the entry of one change where all statements run at once.
//!
//! What is appended is what `append.rs` appends, and nobody else writes meanwhile: so the head is looked at
//! without a lock. The texts are rendered once for a database.

use super::append::{Head, Pending, lock_head, next_in_chain, of_entry, set_head, unreadable};
use super::entry::TRAIL;
use super::heads::HEADS;
use crate::backend::{Effect, Row, Statement, Steps, no_rows};
use crate::dialect::Dialect;
use crate::error::Result;
use crate::schema::table::{Chaining, Table};
use crate::sql::crud::insert_alone;
use crate::value::column_type::ColumnType as _;
use crate::value::{Kind, Value};

/// The statements that append an entry.
#[derive(Debug)]
pub(crate) struct TrailSql {
    head: String,
    set_head: String,
    insert: String,
    unchained_numbers: &'static str,
}

impl TrailSql {
    /// None where a head is locked, and not only looked at.
    pub(crate) fn new(dialect: &dyn Dialect) -> Option<Self> {
        let mut locks = String::new();
        dialect.lock_rows(&mut locks);
        let (head, _) = lock_head(dialect);
        let insert = insert_alone(dialect, &TRAIL).1;
        let unchained_numbers = dialect.unchained_numbers();
        let texts = Self { head, set_head: set_head(dialect), insert, unchained_numbers };
        locks.is_empty().then_some(texts)
    }

    /// Those that write.
    pub(crate) fn writes(&self) -> [&str; 2] {
        [&self.insert, &self.set_head]
    }

    /// Appends an entry to the chain of its tenant, or outside of it.
    pub(crate) fn append(&self, steps: &mut dyn Steps, entry: &Pending) -> Result<()> {
        if entry.chaining == Chaining::Unchained {
            let seq = self.unchained_number(steps, entry)?;
            return self.insert(steps, entry, seq, None);
        }
        let last = self.last(steps, entry)?;
        let seq = next_in_chain(last.seq)?;
        let hash = entry.hash(seq, &last.hash);
        self.insert(steps, entry, seq, Some([&last.hash, &hash]))?;
        let [prev, hash] = [last.hash, hash].map(|hash| Value::Bytes(hash.to_vec().into()));
        let params = [text(&entry.author.tenant), Value::I64(seq), prev, hash];
        write(steps, &self.set_head, &params, &HEADS)
    }

    fn last(&self, steps: &mut dyn Steps, entry: &Pending) -> Result<Head> {
        let params = [text(&entry.author.tenant)];
        let mut head = Head::NONE;
        let mut on_row = |row: &dyn Row| {
            head = Head::read(row)?;
            Ok(())
        };
        let sql = self.head.as_str();
        let statement = Statement { sql, params: &params, effect: Effect::Lock, table: &HEADS };
        steps.run(statement, &mut on_row)?;
        Ok(head)
    }

    fn unchained_number(&self, steps: &mut dyn Steps, entry: &Pending) -> Result<i64> {
        let params = [text(&entry.author.tenant), Value::I64(1)];
        let mut number = None;
        let mut on_row = |row: &dyn Row| {
            number = Some(row.value(0, Kind::I64).and_then(i64::decode).map_err(unreadable)?);
            Ok(())
        };
        let sql = self.unchained_numbers;
        let statement = Statement { sql, params: &params, effect: Effect::Lock, table: &TRAIL };
        steps.run(statement, &mut on_row)?;
        number.ok_or_else(|| unreadable("there is no number for the entry"))
    }

    fn insert(
        &self,
        steps: &mut dyn Steps,
        entry: &Pending,
        seq: i64,
        hashes: Option<[&[u8; 32]; 2]>,
    ) -> Result<()> {
        let author = &entry.author;
        let [prev, hash] = match hashes {
            Some(hashes) => hashes.map(|hash| Value::Bytes((&hash[..]).into())),
            None => [Value::Null(Kind::Bytes), Value::Null(Kind::Bytes)],
        };
        let params = [
            text(&author.tenant),
            Value::I64(seq),
            text(entry.entity),
            text(&entry.entity_id),
            text(entry.action.as_str()),
            text(&author.actor),
            optional(author.correlation_id.as_deref()),
            optional(author.reason.as_deref()),
            Value::Timestamp(author.at),
            optional(entry.before.as_deref()),
            optional(entry.after.as_deref()),
            prev,
            hash,
        ];
        write(steps, &self.insert, &params, &TRAIL)
    }
}

fn write(
    steps: &mut dyn Steps,
    sql: &str,
    params: &[Value<'_>],
    table: &'static Table,
) -> Result<()> {
    let statement = Statement { sql, params, effect: Effect::Insert, table };
    match steps.run(statement, &mut no_rows).map_err(of_entry)? {
        0 => Err(unreadable("no row was written")),
        _ => Ok(()),
    }
}

fn text(text: &str) -> Value<'_> {
    Value::Text(text.into())
}

fn optional(text: Option<&str>) -> Value<'_> {
    text.map_or(Value::Null(Kind::Text), |text| Value::Text(text.into()))
}
