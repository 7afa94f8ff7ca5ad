//! A change of one row and its entry in the audit trail, as one statement.
//!
//! Common table expressions in a chain: the change, which has the row as it was beside it and answers with the
//! entry's texts; the head of the tenant's chain, moved on last; the entry itself. Each reads what the one
//! before it returned, so that the order is theirs and not the planner's. The bytes that are hashed are those
//! that core hashes. Most of the time goes into making the executor's nodes and expressions anew for each
//! statement: there are as few of both as there can be.

use std::fmt::Write as _;

use repo_core::Kind;
use repo_core::backend::{AuditedChange, ImageOf, quote};
use repo_core::schema::{Chaining, ColumnDef};

use super::blocks::literal;
use crate::error::ENTRY_LEFT_OUT;

/// The most arguments of a function.
const MOST_ARGUMENTS: usize = 90;

/// The bytes of 32 zeros: the hash before the first entry. As all bytes here, written so that it means the same
/// whatever `standard_conforming_strings` is.
const ZERO: &str =
    "decode('0000000000000000000000000000000000000000000000000000000000000000', 'hex')";

/// The number after the head `h`, or NULL, which its column refuses, where that would be none of a chain.
const NEXT: &str = "CASE WHEN h.\"seq\" < 4611686018427387903 THEN h.\"seq\" + 1 END";

/// What the statement itself returns beside columns of the row, which have no names like these.
const ID: &str = "\"repo_entry.id\"";
const BEFORE: &str = "\"repo_entry.before\"";
const AFTER: &str = "\"repo_entry.after\"";

/// What the row as it was is called, as no table can be, and the transaction that made it.
const BESIDE: &str = "\"repo.before\"";
const XMIN: &str = "\"repo_before.xmin\"";

/// The columns of an entry.
const COLUMNS: &str = "\"tenant\", \"seq\", \"entity\", \"entity_id\", \"action\", \"actor\", \
    \"correlation_id\", \"reason\", \"at\", \"before\", \"after\", \"prev_hash\", \"hash\"";

/// See [`Dialect::change_with_before`](repo_core::backend::Dialect::change_with_before).
pub(super) fn change_with_before(change: &AuditedChange<'_>) -> Option<String> {
    let before = change.before?;
    let mut sql = String::with_capacity(2048);
    update_from(&mut sql, change, before);
    push(&mut sql, format_args!(" RETURNING {}, {}", was_columns(change.was), change.columns));
    Some(sql)
}

/// See [`Dialect::recorded_change`](repo_core::backend::Dialect::recorded_change).
pub(super) fn recorded_change(change: &AuditedChange<'_>) -> String {
    let mut sql = String::with_capacity(4096);
    changed(&mut sql, change);
    let names = Names {
        source: "repo_after",
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

/// See [`Dialect::append_entry`](repo_core::backend::Dialect::append_entry).
pub(super) fn append_entry(chaining: Chaining) -> String {
    let mut sql = format!(
        "WITH repo_entry AS (SELECT $9::text AS {ID}, $10::text AS {BEFORE}, $11::text AS {AFTER})"
    );
    let source = "repo_entry";
    let names = Names { source, entity: "$7".to_owned(), action: "$8".to_owned(), first: 1 };
    let insert = append(&mut sql, &names, chaining);
    push(&mut sql, format_args!(" {insert}"));
    sql
}

/// How an entry is called, and where its parameters start.
struct Names {
    /// What has the id and the images.
    source: &'static str,
    entity: String,
    action: String,
    first: usize,
}

/// The change, which answers with the row and with what the entry holds of it: its id, and its images as text.
fn changed(sql: &mut String, change: &AuditedChange<'_>) {
    sql.push_str("WITH repo_after AS (");
    match change.before {
        Some(before) => update_from(sql, change, before),
        None => push(sql, format_args!("{}{}", change.write, change.condition)),
    }
    push(sql, format_args!(" RETURNING {}, ", change.columns));
    entry(sql, change);
    sql.push(')');
}

/// An `UPDATE` that has the row as it was beside it, read by the condition `before`. The columns of that row are
/// called by their numbers, so that a name in the condition is one of the row that is changed.
///
/// It is read without a lock. Where somebody changes the row meanwhile, `UPDATE` waits and goes on with what the row
/// is then, beside the row as it was before: the two are not of one transaction, and nothing is changed. Who then waits
/// locks the row for whoever would come to refer to it too: two that lock it as changes do, and change it in the same
/// statement, wait for each other in a circle beside somebody who adds children.
fn update_from(sql: &mut String, change: &AuditedChange<'_>, before: &str) {
    let AuditedChange { table, write, condition, was, .. } = change;
    let mut name = String::new();
    quote(&mut name, table.name);
    let columns: Vec<String> = was.iter().map(|index| is(&table.columns[*index])).collect();
    let (columns, names) = (columns.join(", "), was_columns(was));
    if change.waits {
        let rows = format_args!("SELECT {columns} FROM {name}{before} FOR UPDATE");
        return push(sql, format_args!("{write} FROM ({rows}) AS {BESIDE} ({names}){condition}"));
    }
    let rows = format_args!("SELECT {columns}, xmin FROM {name}{before}");
    push(
        sql,
        format_args!(
            "{write} FROM ({rows}) AS {BESIDE} ({names}, {XMIN}){condition} AND {name}.xmin = {XMIN}"
        ),
    );
}

/// The name of a column of the row as it was.
fn was(index: usize) -> String {
    format!("\"repo_before.{index}\"")
}

fn was_columns(columns: &[usize]) -> String {
    columns.iter().copied().map(was).collect::<Vec<_>>().join(", ")
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
    push(sql, format_args!("{id} AS {ID}, {before}::text AS {BEFORE}, {after}::text AS {AFTER}"));
}

/// The head of the chain; returns the statement that inserts the entry.
fn append(sql: &mut String, names: &Names, chaining: Chaining) -> String {
    let Names { source, entity, action, first } = names;
    let [tenant, known, actor, correlation, reason, at] =
        [0, 1, 2, 3, 4, 5].map(|index| format!("${}", first + index));
    let values = |seq: &str, prev: &str, hash: &str| {
        format!(
            "{tenant}, {seq}, {entity}, e.{ID}, {action}, {actor}, {correlation}, {reason}, \
             {at}, e.{BEFORE}, e.{AFTER}, {prev}, {hash}"
        )
    };
    if chaining == Chaining::Unchained {
        let values = values("nextval('repo_audit_unchained')", "NULL::bytea", "NULL::bytea");
        return format!("INSERT INTO \"repo_audit\" ({COLUMNS}) SELECT {values} FROM {source} e");
    }
    let first = format!("sha256(e.hashed || decode('000000000000000100000020', 'hex') || {ZERO})");
    let next =
        format!("sha256(e.hashed || int8send({NEXT}) || decode('00000020', 'hex') || h.\"hash\")");
    let values = values("h.seq", "h.prev_hash", "h.hash");
    let hashed = hashed(&known);
    push(
        sql,
        format_args!(
            ", repo_hashed AS MATERIALIZED (SELECT {hashed} AS hashed FROM {source} e)\
             , repo_head AS (INSERT INTO \"repo_audit_heads\" AS h \
             (\"tenant\", \"seq\", \"prev_hash\", \"hash\") \
             SELECT {tenant}, 1, {ZERO}, {first} FROM repo_hashed e \
             ON CONFLICT (\"tenant\") DO UPDATE SET \"seq\" = {NEXT}, \
             \"prev_hash\" = h.\"hash\", \"hash\" = (SELECT {next} FROM repo_hashed e) \
             RETURNING \"seq\", \"prev_hash\", \"hash\")"
        ),
    );
    format!(
        "INSERT INTO \"repo_audit\" ({COLUMNS}) SELECT {values} \
         FROM {source} e LEFT JOIN repo_head h ON true"
    )
}

/// What is hashed of the entry `e` before its number and the hash of the entry before it.
fn hashed(known: &str) -> String {
    let [id, before, after] = [ID, BEFORE, AFTER].map(|name| field(&format!("e.{name}")));
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

fn push(sql: &mut String, text: std::fmt::Arguments<'_>) {
    sql.write_fmt(text).expect("a String takes whatever is written to it");
}
