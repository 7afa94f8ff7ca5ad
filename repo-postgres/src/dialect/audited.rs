//! A change of one row and its entry in the audit trail, as one statement.
//!
//! Common table expressions in a chain: the row as it was, locked; the change; the entry's text; the head
//! of the tenant's chain, moved on last; the entry itself. Each reads what the one before it returned, so
//! that the order is theirs and not the planner's. The bytes that are hashed are those that core hashes.

use std::fmt::Write as _;

use repo_core::{AuditedChange, Chaining, ColumnDef, ImageOf, Kind, quote};

/// The most arguments of a function.
const MOST_ARGUMENTS: usize = 90;

/// The bytes of 32 zeros: the hash before the first entry.
const ZERO: &str = "'\\x0000000000000000000000000000000000000000000000000000000000000000'::bytea";

/// The columns of an entry.
const COLUMNS: &str = "\"tenant\", \"seq\", \"entity\", \"entity_id\", \"action\", \"actor\", \
    \"correlation_id\", \"reason\", \"at\", \"before\", \"after\", \"prev_hash\", \"hash\"";

/// See [`Dialect::change_with_before`](repo_core::Dialect::change_with_before).
pub(super) fn change_with_before(change: &AuditedChange<'_>) -> Option<String> {
    let mut sql = String::with_capacity(1024);
    before_and_after(&mut sql, change);
    let (before, after) = (qualified(change, "repo_before"), qualified(change, "repo_after"));
    change.before.map(|_| {
        format!("{sql} SELECT {before}, {after} FROM repo_before LEFT JOIN repo_after ON true")
    })
}

/// See [`Dialect::recorded_change`](repo_core::Dialect::recorded_change).
pub(super) fn recorded_change(change: &AuditedChange<'_>) -> String {
    let mut sql = String::with_capacity(4096);
    before_and_after(&mut sql, change);
    entry(&mut sql, change);
    let names = Names {
        entity: literal(change.table.name),
        action: literal(change.action.as_str()),
        first: change.params + 1,
    };
    let insert = append(&mut sql, &names, change.chaining);
    push(&mut sql, format_args!(", repo_entered AS ({insert})"));
    let columns = change.columns;
    push(&mut sql, format_args!(" SELECT {columns} FROM repo_after"));
    if change.before.is_some() {
        // What changed nothing is answered as it was.
        push(
            &mut sql,
            format_args!(
                " UNION ALL SELECT {columns} FROM repo_before \
                 WHERE NOT EXISTS (SELECT FROM repo_after)"
            ),
        );
    }
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

/// The row as it was, locked, and the change.
fn before_and_after(sql: &mut String, change: &AuditedChange<'_>) {
    let AuditedChange { write, columns, .. } = change;
    match change.before {
        Some(before) => push(
            sql,
            format_args!(
                "WITH repo_before AS ({before} FOR NO KEY UPDATE), \
                 repo_after AS ({write} AND EXISTS (SELECT FROM repo_before) RETURNING {columns})"
            ),
        ),
        None => push(sql, format_args!("WITH repo_after AS ({write} RETURNING {columns})")),
    }
}

/// The id and the images, as text: of the row that is left, or of the one that is gone.
fn entry(sql: &mut String, change: &AuditedChange<'_>) {
    let id = &change.table.columns[change.table.roles.id];
    let id = text(&column("repo_after", id), id.kind);
    let (before, after) = change.images;
    // A row that is gone is what the change returned.
    let was = if change.before.is_some() { "repo_before" } else { "repo_after" };
    let (before, after) = (image(change, before, was), image(change, after, "repo_after"));
    let from = match change.before {
        Some(_) => "repo_before, repo_after",
        None => "repo_after",
    };
    push(
        sql,
        format_args!(
            ", repo_entry AS (SELECT {id} AS entity_id, {before}::text AS before, \
             {after}::text AS after FROM {from})"
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
    let first = hash(&known, "1::bigint", ZERO);
    let next = hash(&known, "h.\"seq\" + 1", "h.\"hash\"");
    let values = values("h.seq", "h.prev_hash", "h.hash");
    push(
        sql,
        format_args!(
            ", repo_head AS (INSERT INTO \"repo_audit_heads\" AS h \
             (\"tenant\", \"seq\", \"prev_hash\", \"hash\") \
             SELECT {tenant}, 1, {ZERO}, {first} FROM repo_entry e \
             ON CONFLICT (\"tenant\") DO UPDATE SET \"seq\" = h.\"seq\" + 1, \
             \"prev_hash\" = h.\"hash\", \"hash\" = (SELECT {next} FROM repo_entry e) \
             RETURNING \"seq\", \"prev_hash\", \"hash\")"
        ),
    );
    format!("INSERT INTO \"repo_audit\" ({COLUMNS}) SELECT {values} FROM repo_entry e, repo_head h")
}

/// The hash of the entry `e`.
fn hash(known: &str, seq: &str, prev: &str) -> String {
    let (id, before, after) = (field("e.entity_id"), field("e.before"), field("e.after"));
    format!(
        "sha256({known} || {id} || {before} || {after} || '\\x00000008'::bytea || int8send({seq}) \
         || '\\x00000020'::bytea || {prev})"
    )
}

/// A text with its length, or what stands for NULL.
fn field(text: &str) -> String {
    format!(
        "coalesce(int4send(octet_length({text})) || convert_to({text}, 'UTF8'), \
         '\\xffffffff'::bytea)"
    )
}

fn image(change: &AuditedChange<'_>, of: ImageOf, row: &str) -> String {
    let columns = &change.table.columns;
    match of {
        ImageOf::Nothing => "NULL".to_owned(),
        ImageOf::Row => object(columns.iter().map(|def| member(row, def)).collect()),
        ImageOf::Changes => {
            let changing = change.changing.iter().map(|index| {
                let def = &columns[*index];
                let (was, is) = (compared("repo_before", def), compared("repo_after", def));
                format!("CASE WHEN {was} IS DISTINCT FROM {is} THEN {} END", member(row, def))
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
fn member(row: &str, def: &ColumnDef) -> String {
    let name = serde_json::to_string(def.name).expect("a name is a string");
    if def.sensitive {
        return literal(&format!("{name}:{{\"redacted\":true}}"));
    }
    let text = text(&column(row, def), def.kind);
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
fn compared(row: &str, def: &ColumnDef) -> String {
    let column = column(row, def);
    if def.kind == Kind::Json { format!("{column}::text") } else { column }
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
