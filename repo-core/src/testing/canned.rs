//! A backend without a database.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use crate::backend::{
    Backend, Connection, Health, Insert, OnRow, Row, Statement, TransactionOptions,
};
use crate::dialect::{Dialect, JsonType, TextMatch, quote};
use crate::entity::Entity;
use crate::error::Result;
use crate::read::held::Held;
use crate::schema::table::ColumnDef;
use crate::value::{InvalidValue, Kind, Value};
use crate::write::insert::encode;

/// A backend that answers at once: with the rows it was given, or with none and one row affected. A statement that adds
/// a row and reads it back is answered with that row: so `create_or_get` and `upsert` add theirs, unless the answer to
/// their question before is a row that is there.
///
/// Clones share their answers.
#[derive(Debug, Clone, Default)]
pub struct Canned {
    answers: Arc<Mutex<VecDeque<Answer>>>,
}

/// SQL as the standard has it, for [`Canned`].
#[derive(Debug, Clone, Copy, Default)]
pub struct PlainDialect;

/// Rows and how many are affected, or why an entity cannot be a row.
#[derive(Debug)]
struct Answer {
    rows: Result<Vec<Vec<Value<'static>>>>,
    affected: u64,
}

struct CannedRow<'a>(&'a [Value<'static>]);

impl Canned {
    /// No answers yet: every statement affects one row and returns none, but for the row that it adds.
    pub fn new() -> Self {
        Self::default()
    }

    /// The next statement that has no answer yet returns these rows, each with its columns in order.
    #[must_use]
    pub fn then_rows(self, rows: Vec<Vec<Value<'static>>>) -> Self {
        let affected = rows.len() as u64;
        self.push(Answer { rows: Ok(rows), affected })
    }

    /// The next statement that has no answer yet returns these entities, as they would be stored: an answer to whoever
    /// asks for whole rows. Where one has a value that its column cannot hold, the statement fails.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use repo_core::testing::Canned;
    /// use repo_core::{Database, Repository};
    ///
    /// #[derive(Debug, PartialEq, Repository)]
    /// #[repository(table = "notes", tenant)]
    /// struct Note { id: uuid::Uuid, tenant_id: i64, text: String }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), repo_core::Error> {
    /// let milk = Note { id: uuid::Uuid::max(), tenant_id: 7, text: "milk".into() };
    /// let canned = Canned::new().then_entities([&milk]);
    /// let notes = Database::new(Arc::new(canned)).tenant(7).repo::<Note>();
    /// assert_eq!(notes.get(milk.id).await?, milk);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn then_entities<'e, E: Entity>(self, entities: impl IntoIterator<Item = &'e E>) -> Self {
        let stored = |entity: &E| {
            encode(entity).map(|row| row.into_iter().map(Value::into_owned).collect::<Vec<_>>())
        };
        let rows: Result<Vec<_>> = entities.into_iter().map(stored).collect();
        let affected = rows.as_ref().map_or(0, |rows| rows.len() as u64);
        self.push(Answer { rows, affected })
    }

    /// The next statement that has no answer yet affects this many rows and returns none.
    #[must_use]
    pub fn then_affected(self, affected: u64) -> Self {
        self.push(Answer { rows: Ok(Vec::new()), affected })
    }

    fn push(self, answer: Answer) -> Self {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).push_back(answer);
        self
    }

    fn answer(&self, statement: Statement<'_>, on_row: OnRow<'_>) -> Result<u64> {
        let answer = self.answers.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let Some(Answer { rows, affected }) = answer else {
            added(statement).map_or(Ok(()), |row| on_row(&CannedRow(&row)))?;
            return Ok(1);
        };
        for row in &rows? {
            on_row(&CannedRow(row))?;
        }
        Ok(affected)
    }

    /// Identities that count from 1, where the table has them.
    fn identities(insert: Insert<'_>) -> Result<Vec<i64>> {
        let mut values = Vec::new();
        for index in 0..insert.rows.len() {
            values.clear();
            insert.rows.encode(index, &mut values)?;
        }
        let count = if insert.table.has_identity() { insert.rows.len() } else { 0 };
        Ok((1..).take(count).collect())
    }
}

/// What a statement that adds a row reads back of it: the row, or the id alone. An identity is 1.
fn added(statement: Statement<'_>) -> Option<Vec<Value<'static>>> {
    let Statement { sql, params, table, .. } = statement;
    let (_, returned) = sql.strip_prefix("INSERT INTO ")?.rsplit_once(" RETURNING ")?;
    let mut row: Vec<_> = params.iter().cloned().map(Value::into_owned).collect();
    if table.has_identity() {
        row.insert(table.roles.id.min(row.len()), Value::I64(1));
    }
    let names = |columns: &[ColumnDef]| {
        let mut names = String::new();
        for column in columns {
            names.push_str(if names.is_empty() { "" } else { ", " });
            quote(&mut names, column.name);
        }
        names
    };
    if returned == names(table.columns) {
        return Some(row);
    }
    let is_id = returned == names(std::slice::from_ref(table.id()));
    row.get(table.roles.id).filter(|_| is_id).cloned().map(|id| vec![id])
}

#[async_trait]
impl Backend for Canned {
    fn dialect(&self) -> &dyn Dialect {
        &PlainDialect
    }

    async fn run(&self, statement: Statement<'_>, on_row: OnRow<'_>) -> Result<u64> {
        self.answer(statement, on_row)
    }

    async fn insert(&self, insert: Insert<'_>) -> Result<Vec<i64>> {
        Self::identities(insert)
    }

    async fn begin(&self, _: TransactionOptions) -> Result<Box<dyn Connection>> {
        Ok(Box::new(self.clone()))
    }

    async fn health(&self) -> Result<Health> {
        Ok(Health::new(Duration::ZERO, 1, 1))
    }

    async fn close(&self) {}
}

#[async_trait]
impl Connection for Canned {
    async fn run(&mut self, statement: Statement<'_>, on_row: OnRow<'_>) -> Result<u64> {
        self.answer(statement, on_row)
    }

    async fn insert(&mut self, insert: Insert<'_>) -> Result<Vec<i64>> {
        Self::identities(insert)
    }

    async fn execute_script(&mut self, _: &str) -> Result<()> {
        Ok(())
    }

    async fn savepoint(&mut self, _: usize) -> Result<()> {
        Ok(())
    }

    async fn release(&mut self, _: usize) -> Result<()> {
        Ok(())
    }

    async fn rollback_to(&mut self, _: usize) -> Result<()> {
        Ok(())
    }

    async fn commit(self: Box<Self>) -> Result<()> {
        Ok(())
    }

    async fn rollback(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}

impl Row for CannedRow<'_> {
    fn value(&self, index: usize, _: Kind) -> Result<Value<'_>, InvalidValue> {
        let value = self.0.get(index).map(Value::borrowed);
        value.ok_or_else(|| InvalidValue::new("is missing from the canned row"))
    }
}

impl Dialect for PlainDialect {
    fn unchained_numbers(&self) -> &'static str {
        "SELECT 4611686018427387904 WHERE $1 IS NOT NULL AND $2 > 0"
    }

    fn name(&self) -> &'static str {
        "canned"
    }

    fn placeholder(&self, sql: &mut String, index: usize) {
        // Writing to a `String` does not fail.
        let _ = write!(sql, "${index}");
    }

    fn column_type(&self, sql: &mut String, kind: Kind) {
        let _ = match kind {
            Kind::Decimal { precision, scale } => write!(sql, "NUMERIC({precision}, {scale})"),
            other => write!(sql, "{}", format!("{other:?}").to_uppercase()),
        };
    }

    fn identity_type(&self, sql: &mut String) {
        sql.push_str("BIGINT GENERATED BY DEFAULT AS IDENTITY");
    }

    fn in_list(&self, sql: &mut String, quoted: &str, placeholder: usize, _: Kind) {
        let _ = write!(sql, "{quoted} = ANY(${placeholder})");
    }

    fn text_match(&self, sql: &mut String, quoted: &str, placeholder: usize, place: TextMatch) {
        let _ = match place {
            TextMatch::Contains => write!(sql, "POSITION(${placeholder} IN {quoted}) > 0"),
            TextMatch::ContainsIgnoreCase => {
                write!(sql, "POSITION(${placeholder} IN LOWER({quoted})) > 0")
            }
            TextMatch::StartsWith => write!(sql, "POSITION(${placeholder} IN {quoted}) = 1"),
            TextMatch::EqualsIgnoreCase => write!(sql, "LOWER({quoted}) = ${placeholder}"),
            TextMatch::EndsWith => {
                write!(sql, "RIGHT({quoted}, CHAR_LENGTH(${placeholder})) = ${placeholder}")
            }
        };
    }

    fn json_value(&self, sql: &mut String, quoted: &str, placeholder: usize, what: JsonType) {
        let _ = match what {
            JsonType::Null => write!(sql, "JSON_QUERY({quoted}, ${placeholder}) = 'null'"),
            _ => write!(sql, "JSON_VALUE({quoted}, ${placeholder})"),
        };
    }

    fn json_exists(&self, sql: &mut String, quoted: &str, placeholder: usize) {
        let _ = write!(sql, "JSON_EXISTS({quoted}, ${placeholder})");
    }

    fn json_has_element(
        &self,
        sql: &mut String,
        quoted: &str,
        placeholder: usize,
        _: JsonType,
        sought: usize,
    ) {
        let _ = write!(sql, "${sought} MEMBER OF (JSON_QUERY({quoted}, ${placeholder}))");
    }

    fn lock_rows(&self, sql: &mut String) {
        sql.push_str(" FOR UPDATE");
    }

    fn lock_rows_held(&self, sql: &mut String, held: Held) {
        self.lock_rows(sql);
        sql.push_str(match held {
            Held::Awaited => "",
            Held::Skipped => " SKIP LOCKED",
            Held::Refused => " NOWAIT",
        });
    }

    fn keep_rows(&self, sql: &mut String) {
        sql.push_str(" FOR KEY SHARE");
    }
}
