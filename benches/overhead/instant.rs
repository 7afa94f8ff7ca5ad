//! A backend that answers at once: each statement with the same ticket, from memory.

use std::borrow::Cow;
use std::hint::black_box;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use repo_core::backend::{Access, Backend, Connection, Dialect, Insert, OnRow, Row, Statement};
use repo_core::testing::PlainDialect;
use repo_core::{
    DatabaseError, Error, Health, InvalidValue, Kind, Result, TransactionOptions, Value,
};
use uuid::Uuid;

pub(crate) const ID: Uuid = Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0001);
pub(crate) const SUBJECT: &str = "The export of account 7 stops after the first page";
pub(crate) const STATUS: &str = "resolved";
pub(crate) const CONTEXT: &str =
    r#"{"service":"billing-export","lines":7,"tags":["export","customer"]}"#;
pub(crate) const REPORTER: &str = "user7@example.com";

#[derive(Debug)]
pub(crate) struct InstantBackend;

struct InstantRow;

/// The time in the row.
pub(crate) fn moment() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH
}

#[async_trait]
impl Backend for InstantBackend {
    fn dialect(&self) -> &dyn Dialect {
        &PlainDialect
    }

    async fn run(&self, statement: Statement<'_>, on_row: OnRow<'_>) -> Result<u64> {
        // What returns all columns ends with the last one.
        let returns = statement.sql.ends_with("\"deleted_at\"");
        let is_answered = returns || statement.access() == Access::Read;
        black_box(statement.params);
        if is_answered {
            on_row(&InstantRow)?;
        }
        Ok(1)
    }

    async fn insert(&self, _: Insert<'_>) -> Result<Vec<i64>> {
        Err(unanswered())
    }

    async fn begin(&self, _: TransactionOptions) -> Result<Box<dyn Connection>> {
        Err(unanswered())
    }

    async fn health(&self) -> Result<Health> {
        Err(unanswered())
    }

    async fn close(&self) {}
}

impl Row for InstantRow {
    fn value(&self, index: usize, kind: Kind) -> Result<Value<'_>, InvalidValue> {
        Ok(match (index, kind) {
            (_, Kind::Uuid) => Value::Uuid(ID),
            (2, _) => Value::Text(Cow::Borrowed(SUBJECT)),
            (3, _) => Value::Text(Cow::Borrowed(STATUS)),
            (8, _) => Value::Text(Cow::Borrowed(REPORTER)),
            (12, kind) => Value::Null(kind),
            (_, Kind::I64) => Value::I64(3),
            (_, Kind::Json) => Value::Json(Cow::Borrowed(CONTEXT)),
            (_, Kind::Decimal { scale, .. }) => Value::Decimal { units: 4_200, scale },
            (_, Kind::Bool) => Value::Bool(true),
            (_, Kind::Timestamp) => Value::Timestamp(moment()),
            _ => return Err(InvalidValue::new("is of a kind that no ticket has")),
        })
    }
}

fn unanswered() -> Error {
    Error::Backend(DatabaseError::new("this backend answers single statements only"))
}
