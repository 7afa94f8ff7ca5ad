//! A trail by hand: the columns of an entry, and what changed as JSON.

use benches::{Result, Ticket};
use serde_json::{Map, Value};

/// The statement that adds an entry, with placeholders as both databases understand them.
pub(crate) const LOG: &str = "INSERT INTO audit_log \
    (tenant_id, entity, entity_id, action, actor, correlation_id, reason, at, before, after) \
    VALUES ($1, 'tickets', $2, $3, $4, $5, $6, $7, $8, $9)";

/// How many entries there are, and the newest.
pub(crate) const ENTRIES: &str = "SELECT count(*) FROM audit_log";
pub(crate) const NEWEST: &str =
    "SELECT CAST(before AS text), CAST(after AS text) FROM audit_log ORDER BY id DESC LIMIT 1";

/// The table of the entries, with an index to find those of a row.
macro_rules! create_log {
    ($id:literal, $uuid:literal, $moment:literal, $json:literal, $end:literal) => {
        concat!(
            "CREATE TABLE audit_log (id ",
            $id,
            ", tenant_id ",
            $uuid,
            " NOT NULL, entity text NOT NULL, entity_id ",
            $uuid,
            " NOT NULL, action text NOT NULL, actor text NOT NULL, correlation_id text, reason text, at ",
            $moment,
            " NOT NULL, before ",
            $json,
            ", after ",
            $json,
            ")",
            $end,
            "; CREATE INDEX audit_log_rows ON audit_log (tenant_id, entity, entity_id)"
        )
    };
}
pub(crate) use create_log;

/// All columns of a row.
pub(crate) fn whole(ticket: &Ticket) -> Result<Map<String, Value>> {
    match serde_json::to_value(ticket)? {
        Value::Object(columns) => Ok(columns),
        other => Err(format!("a row is an object, not {other}").into()),
    }
}

/// The columns in which two rows differ.
pub(crate) fn changes(
    before: &Ticket,
    after: &Ticket,
) -> Result<(Map<String, Value>, Map<String, Value>)> {
    let (mut before, mut after) = (whole(before)?, whole(after)?);
    before.retain(|column, value| after.get(column) != Some(value));
    after.retain(|column, _| before.contains_key(column));
    Ok((before, after))
}
