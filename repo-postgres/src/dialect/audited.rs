//! A change of one row and its entry in the audit trail, as one statement.
//!
//! Common table expressions in a chain: the change, which takes the row as it was, locked, beside it; the
//! entry's text; the head of the tenant's chain, moved on last; the entry itself. Each reads what the one
//! before it returned, so that the order is theirs and not the planner's. The bytes that are hashed are those
//! that core hashes. Most of the time goes into making the executor's nodes and expressions anew for each
//! statement: there are as few of both as there can be.

use std::fmt::Write as _;

use repo_core::{AuditedChange, Chaining, ColumnDef, ImageOf, Kind, quote};

use crate::error::ENTRY_LEFT_OUT;

/// The most arguments of a function.
const MOST_ARGUMENTS: usize = 90;

/// The bytes of 32 zeros: the hash before the first entry. As all bytes here, written so that it means the same
/// whatever `standard_conforming_strings` is.
const ZERO: &str =
    "decode('0000000000000000000000000000000000000000000000000000000000000000', 'hex')";

/// The columns of an entry.
const COLUMNS: &str = "\"tenant\", \"seq\", \"entity\", \"entity_id\", \"action\", \"actor\", \
    \"correlation_id\", \"reason\", \"at\", \"before\", \"after\", \"prev_hash\", \"hash\"";

/// See [`Dialect::change_with_before`](repo_core::Dialect::change_with_before).
pub(super) fn change_with_before(change: &AuditedChange<'_>) -> Option<String> {
    let AuditedChange { write, condition, columns, .. } = change;
    let select = change.before?;
    let (before, after) = (qualified(change, "repo_before"), qualified(change, "repo_after"));
    Some(format!(
        "WITH repo_before AS ({select} FOR NO KEY UPDATE), \
         repo_after AS ({write}{condition} AND EXISTS (SELECT FROM repo_before) RETURNING {columns}) \
         SELECT {before}, {after} FROM repo_before LEFT JOIN repo_after ON true"
    ))
}

/// See [`Dialect::recorded_change`](repo_core::Dialect::recorded_change).
pub(super) fn recorded_change(change: &AuditedChange<'_>) -> String {
    let mut sql = String::with_capacity(4096);
    changed(&mut sql, change);
    entry(&mut sql, change);
    let names = Names {
        entity: literal(change.table.name),
        action: literal(change.action.as_str()),
        first: change.params + 1,
    };
    let insert = append(&mut sql, &names, change.chaining);
    let columns = change.columns;
    let answer = match change.chaining {
        // Where the head is left out, the entry has no number, and is refused. Where the entry is, the chain tells of
        // the gap: to ask for it here would cost a twentieth of the statement.
        Chaining::Chained => format!("({insert}) SELECT {columns}"),
        Chaining::Unchained => format!(
            "({insert} RETURNING 1) SELECT {columns}, \
             CASE WHEN NOT EXISTS (SELECT FROM repo_entered) \
             THEN current_setting('{ENTRY_LEFT_OUT}') END"
        ),
    };
    push(&mut sql, format_args!(", repo_entered AS {answer} FROM repo_after"));
    sql
}

/// See [`Dialect::append_entry`](repo_core::Dialect::append_entry).
pub(super) fn append_entry(chaining: Chaining) -> String {
    let mut sql = String::from(
        "WITH repo_entry AS (SELECT $9::text AS entity_id, $10::text AS before, $11::text AS after)",
    );
    let names = Names { entity: "$7".to_owned(), action: "$8".to_owned(), first: 1 };
    let insert = append(&mut sql, &names, chaining);
    push(&mut sql, format_args!(" {insert}"));
    sql
}

/// How an entry is called, and where its parameters start.
struct Names {
    entity: String,
    action: String,
    first: usize,
}

/// The change. It answers with the row, and with what it was where that is a row of its own: its columns are
/// called by their numbers, so that a name in the condition is one of the row that is changed.
fn changed(sql: &mut String, change: &AuditedChange<'_>) {
    let AuditedChange { write, condition, columns, .. } = change;
    let Some(select) = change.before else {
        let after = format_args!("WITH repo_after AS ({write}{condition} RETURNING {columns})");
        return push(sql, after);
    };
    let names: Vec<String> = change.was.iter().copied().map(was).collect();
    let names = names.join(", ");
    push(
        sql,
        format_args!(
            "WITH repo_after AS ({write} FROM ({select} FOR NO KEY UPDATE) AS repo_before ({names})\
             {condition} RETURNING {columns}, {names})"
        ),
    );
}

/// The name of a column of the row as it was.
fn was(index: usize) -> String {
    format!("\"repo_before.{index}\"")
}

/// The id and the images, as text: of the row that is left, or of the one that is gone.
fn entry(sql: &mut String, change: &AuditedChange<'_>) {
    let id = &change.table.columns[change.table.roles.id];
    let id = text(&is(id), id.kind);
    let (before, after) = change.images;
    // A row that is gone is what the change returned.
    let old = |index: usize| match change.before {
        Some(_) => was(index),
        None => is(&change.table.columns[index]),
    };
    let new = |index: usize| is(&change.table.columns[index]);
    let (before, after) = (image(change, before, &old), image(change, after, &new));
    push(
        sql,
        format_args!(
            ", repo_entry AS (SELECT {id} AS entity_id, {before}::text AS before, \
             {after}::text AS after FROM repo_after)"
        ),
    );
}

/// The head of the chain; returns the statement that inserts the entry.
fn append(sql: &mut String, names: &Names, chaining: Chaining) -> String {
    let Names { entity, action, first } = names;
    let [tenant, known, actor, correlation, reason, at] =
        [0, 1, 2, 3, 4, 5].map(|index| format!("${}", first + index));
    let values = |seq: &str, prev: &str, hash: &str| {
        format!(
            "{tenant}, {seq}, {entity}, e.entity_id, {action}, {actor}, {correlation}, {reason}, \
             {at}, e.before, e.after, {prev}, {hash}"
        )
    };
    if chaining == Chaining::Unchained {
        let values = values("nextval('repo_audit_unchained')", "NULL::bytea", "NULL::bytea");
        return format!("INSERT INTO \"repo_audit\" ({COLUMNS}) SELECT {values} FROM repo_entry e");
    }
    let first = format!("sha256(e.hashed || decode('000000000000000100000020', 'hex') || {ZERO})");
    let next =
        "sha256(e.hashed || int8send(h.\"seq\" + 1) || decode('00000020', 'hex') || h.\"hash\")";
    let values = values("h.seq", "h.prev_hash", "h.hash");
    let hashed = hashed(&known);
    push(
        sql,
        format_args!(
            ", repo_hashed AS MATERIALIZED (SELECT {hashed} AS hashed FROM repo_entry e)\
             , repo_head AS (INSERT INTO \"repo_audit_heads\" AS h \
             (\"tenant\", \"seq\", \"prev_hash\", \"hash\") \
             SELECT {tenant}, 1, {ZERO}, {first} FROM repo_hashed e \
             ON CONFLICT (\"tenant\") DO UPDATE SET \"seq\" = h.\"seq\" + 1, \
             \"prev_hash\" = h.\"hash\", \"hash\" = (SELECT {next} FROM repo_hashed e) \
             RETURNING \"seq\", \"prev_hash\", \"hash\")"
        ),
    );
    format!(
        "INSERT INTO \"repo_audit\" ({COLUMNS}) SELECT {values} \
         FROM repo_entry e LEFT JOIN repo_head h ON true"
    )
}

/// What is hashed of the entry `e` before its number and the hash of the entry before it.
fn hashed(known: &str) -> String {
    let (id, before, after) = (field("e.entity_id"), field("e.before"), field("e.after"));
    format!("{known} || {id} || {before} || {after} || decode('00000008', 'hex')")
}

/// A text with its length, or what stands for NULL.
fn field(text: &str) -> String {
    format!(
        "coalesce(int4send(octet_length({text})) || convert_to({text}, 'UTF8'), \
         decode('ffffffff', 'hex'))"
    )
}

/// The image of a row, whose columns `named` names by their numbers.
fn image(change: &AuditedChange<'_>, of: ImageOf, named: &dyn Fn(usize) -> String) -> String {
    let columns = change.table.columns;
    match of {
        ImageOf::Nothing => "NULL".to_owned(),
        ImageOf::Row => {
            let members = columns.iter().enumerate();
            object(members.map(|(index, def)| member(&named(index), def)).collect())
        }
        ImageOf::Changes => {
            let changing = change.changing.iter().map(|index| {
                let def = &columns[*index];
                let (was, is) = (compared(was(*index), def), compared(is(def), def));
                let member = member(&named(*index), def);
                format!("CASE WHEN {was} IS DISTINCT FROM {is} THEN {member} END")
            });
            object(changing.collect())
        }
    }
}

/// `{"a":"1","b":null}`, of the members that are not NULL.
fn object(members: Vec<String>) -> String {
    let parts: Vec<String> = members
        .chunks(MOST_ARGUMENTS)
        .map(|members| format!("nullif(concat_ws(',', {}), '')", members.join(", ")))
        .collect();
    match &parts[..] {
        [one] => format!("'{{' || {one} || '}}'"),
        parts => format!("'{{' || concat_ws(',', {}) || '}}'", parts.join(", ")),
    }
}

/// `"name":value`
fn member(column: &str, def: &ColumnDef) -> String {
    let name = serde_json::to_string(def.name).expect("a name is a string");
    if def.sensitive {
        return literal(&format!("{name}:{{\"redacted\":true}}"));
    }
    let text = text(column, def.kind);
    let value = match def.kind {
        Kind::Bool => text,
        Kind::Text | Kind::Json => format!("to_json({text})::text"),
        // What has no quote, no backslash and no control character.
        _ => format!("'\"' || {text} || '\"'"),
    };
    let name = literal(&format!("{name}:"));
    if def.nullable {
        format!("{name} || coalesce({value}, 'null')")
    } else {
        format!("{name} || {value}")
    }
}

/// A value as text, the same as core's.
fn text(column: &str, kind: Kind) -> String {
    match kind {
        Kind::Text => column.to_owned(),
        Kind::F32 => format!("encode(float4send({column}), 'hex')"),
        Kind::F64 => format!("encode(float8send({column}), 'hex')"),
        Kind::Bytes => format!("encode({column}, 'hex')"),
        Kind::Timestamp => format!(
            "to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"+00:00\"')"
        ),
        Kind::Date => format!("to_char({column}, 'YYYY-MM-DD')"),
        Kind::Time => format!("to_char({column}::interval, 'HH24:MI:SS.US')"),
        _ => format!("{column}::text"),
    }
}

/// A column as changes of it are seen: documents by their text.
fn compared(column: String, def: &ColumnDef) -> String {
    if def.kind == Kind::Json { format!("{column}::text") } else { column }
}

/// The name of a column of the row as it is.
fn is(def: &ColumnDef) -> String {
    let mut name = String::new();
    quote(&mut name, def.name);
    name
}

fn column(row: &str, def: &ColumnDef) -> String {
    let mut column = format!("{row}.");
    quote(&mut column, def.name);
    column
}

fn qualified(change: &AuditedChange<'_>, row: &str) -> String {
    let columns: Vec<String> = change.table.columns.iter().map(|def| column(row, def)).collect();
    columns.join(", ")
}

/// A text of the program as a literal: the name of a table, a column or an action.
fn literal(text: &str) -> String {
    let doubled = text.replace('\'', "''");
    // A backslash has a meaning of its own where the server is set so; in this form it always has.
    if doubled.contains('\\') {
        return format!("E'{}'", doubled.replace('\\', "\\\\"));
    }
    format!("'{doubled}'")
}

fn push(sql: &mut String, text: std::fmt::Arguments<'_>) {
    sql.write_fmt(text).expect("a String takes whatever is written to it");
}
