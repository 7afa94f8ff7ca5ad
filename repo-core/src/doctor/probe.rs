//! Whether a check of the database does what the schema says: asked of values, in a transaction that only
//! reads.

use crate::backend::{Backend, Connection, Effect, Statement, TransactionOptions};
use crate::dialect::{Dialect, quote};
use crate::error::{DatabaseError, Error, Result};
use crate::schema::table::{ColumnDef, Table};
use crate::value::{Kind, Value};

/// What `condition` does not do as it should, in words that follow the name of the check.
pub(super) async fn check(
    backend: &dyn Backend,
    table: &'static Table,
    column: usize,
    condition: &str,
) -> Result<Option<String>> {
    let def = &table.columns[column];
    let sql = statement(backend.dialect(), table, def, condition);
    let mut connection = backend.begin(TransactionOptions::new().read_only()).await?;
    let mut problem = None;
    for (value, is_good) in values(backend.dialect(), def) {
        let shown = shown(&value);
        problem = match accepts(&mut *connection, &sql, value, table).await {
            Ok(accepted) if accepted == is_good => continue,
            Ok(true) => Some(format!("takes {shown}")),
            Ok(false) => Some(format!("refuses {shown}")),
            Err(Error::Backend(_)) => Some(format!("is not about `{}` alone", def.name)),
            Err(error) => return Err(error),
        };
        break;
    }
    connection.rollback().await?;
    Ok(problem)
}

/// The condition over one row of the one column: a check that is not known passes, as in the database.
fn statement(dialect: &dyn Dialect, table: &Table, def: &ColumnDef, condition: &str) -> String {
    // The condition may end in a comment.
    let mut sql = format!("SELECT (({condition}\n) IS NOT FALSE) FROM (SELECT ");
    dialect.placeholder(&mut sql, 1);
    sql.push_str(" AS ");
    quote(&mut sql, def.name);
    sql.push_str(") AS ");
    quote(&mut sql, table.name);
    sql
}

async fn accepts(
    connection: &mut dyn Connection,
    sql: &str,
    value: Value<'static>,
    table: &'static Table,
) -> Result<bool> {
    let mut accepted = None;
    let statement = Statement { sql, params: &[value], effect: Effect::Read, table };
    let mut on_row = |row: &dyn crate::backend::Row| {
        let invalid = |it: crate::InvalidValue| DatabaseError::new(it.into_reason());
        accepted = Some(row.value(0, Kind::Bool).map_err(invalid)? == Value::Bool(true));
        Ok(())
    };
    connection.run(statement, &mut on_row).await?;
    accepted.ok_or_else(|| Error::Backend(DatabaseError::new("a check has no answer")))
}

/// Values, each with whether the column takes it.
fn values(dialect: &dyn Dialect, def: &ColumnDef) -> Vec<(Value<'static>, bool)> {
    let text = |text: String| Value::Text(text.into());
    let mut values: Vec<_> =
        def.variants.iter().map(|variant| (text((*variant).to_owned()), true)).collect();
    if !def.variants.is_empty() {
        // Longer than any of them, so none of them.
        let longest = def.variants.iter().map(|variant| variant.len()).max().unwrap_or(0);
        values.push((text("?".repeat(longest + 1)), false));
        values.push((text(String::new()), def.variants.contains(&"")));
    }
    if let Some(most) = def.max_length.and_then(|most| usize::try_from(most).ok()) {
        if def.variants.is_empty() {
            values.push((text("ä".repeat(most)), true));
        }
        values.push((text("ä".repeat(most + 1)), false));
    }
    if dialect.storage_check(&mut String::new(), "", def) {
        values.extend(misfits(def.kind).into_iter().map(|value| (value, false)));
    }
    values
}

/// Values that fit the type in which a database without the kind's own stores it, but not the kind.
fn misfits(kind: Kind) -> Vec<Value<'static>> {
    let texts =
        |texts: &[&'static str]| texts.iter().map(|text| Value::Text((*text).into())).collect();
    match kind {
        Kind::Bool => vec![Value::I64(2)],
        Kind::I16 => vec![Value::I64(i64::from(i16::MAX) + 1)],
        Kind::I32 => vec![Value::I64(i64::from(i32::MAX) + 1)],
        Kind::F32 => vec![Value::F64(f64::from(f32::MAX) * 2.0), Value::F64(0.1)],
        Kind::Uuid => vec![Value::Bytes(vec![0; 15].into())],
        // Also what another program writes, in which equal values are texts that differ.
        Kind::Timestamp => {
            texts(&["?", "2026-01-31T23:59:59+00:00", "2026-01-31T23:59:59.123456789+00:00"])
        }
        Kind::Time => texts(&["?", "23:59:59", "23:59:59.123456789"]),
        Kind::Date | Kind::Json => texts(&["?"]),
        Kind::Decimal { precision, .. } => {
            vec![Value::I64(10_i64.pow(u32::from(precision.min(18))))]
        }
        // Infinity is no value of ours.
        _ => Vec::new(),
    }
}

fn shown(value: &Value<'_>) -> String {
    match value {
        Value::Text(text) if text.chars().count() > 40 => {
            format!("a text of {} characters", text.chars().count())
        }
        Value::Text(text) => format!("`{text}`"),
        other => format!("{other:?}"),
    }
}
