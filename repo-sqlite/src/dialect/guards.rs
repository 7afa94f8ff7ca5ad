//! The triggers that a table has: those that keep the rows of an immutable table as they are, and those
//! that keep tenants apart.
//!
//! They hold for every connection, whatever its pragmas, and so for one that is not ours:
//!
//! - Without `recursive_triggers` REPLACE removes rows unseen by a trigger of DELETE. So each unique key has a
//!   trigger before INSERT, which says what SQLite itself says of a key that is taken.
//! - Without `foreign_keys` a row may refer to anything. So each reference that carries a tenant has
//!   triggers that look for the row referred to. After the write, because a row may refer to itself.

use repo_core::backend::{generated_name, quote, quote_literal};
use repo_core::schema::{ForeignKey, Guards, Table, Trigger, UniqueKey};
use repo_core::{AuditEntry, Entity as _, Kind};

use super::append;

/// What the message of a refused change ends in.
pub(crate) const IMMUTABLE: &str = " are only ever added and read";

/// What SQLite says of a reference to a row that is not there.
pub(crate) const FOREIGN_KEY: &str = "FOREIGN KEY constraint failed";

/// What SQLite says of a key that is taken, before it names the columns.
pub(crate) const UNIQUE: &str = "UNIQUE constraint failed: ";

const CREATE: &str = "CREATE TRIGGER ";

/// Of several triggers for one event SQLite runs the one made last first: the primary key is looked at
/// before the others.
pub(super) fn triggers(guards: &Guards) -> Vec<Trigger> {
    let mut triggers = Vec::new();
    if guards.table.immutable {
        triggers.extend(guard_rowid(guards.table));
        triggers.extend(guards.keys.iter().rev().map(|key| refuse_replace(guards.table, key)));
        triggers.push(refuse(guards.table, "UPDATE", "refuse_update"));
        triggers.push(refuse(guards.table, "DELETE", "refuse_delete"));
    }
    for reference in guards.references.iter().filter(|reference| reference.is_composite()) {
        triggers.push(refuse_stray(guards.table, reference, Write::Insert));
        triggers.push(refuse_stray(guards.table, reference, Write::Update));
    }
    triggers
}

pub(super) fn create(sql: &mut String, guards: &Guards) {
    for trigger in triggers(guards) {
        let rest = trigger.definition.strip_prefix(CREATE).unwrap_or_default();
        append(sql, format_args!("{CREATE}IF NOT EXISTS {rest};\n"));
    }
}

/// Of entries below the first of their chain.
pub(super) fn of_shortened() -> Trigger {
    let trail = AuditEntry::TABLE.name;
    let head = format!(
        "BEFORE INSERT ON {0} WHEN NEW.\"seq\" < (SELECT min(\"seq\") FROM {0} \
         WHERE \"tenant\" = NEW.\"tenant\" AND \"seq\" < 4611686018427387904)",
        quoted(trail)
    );
    let message = format!("rows of {}{IMMUTABLE}", quoted(trail));
    trigger(generated_name(63, &[trail, "refuse_early"]), &head, &message)
}

fn refuse(table: &Table, event: &str, suffix: &str) -> Trigger {
    let head = format!("BEFORE {event} ON {}", quoted(table.name));
    let message = format!("rows of {}{IMMUTABLE}", quoted(table.name));
    trigger(generated_name(63, &[table.name, suffix]), &head, &message)
}

fn refuse_replace(table: &Table, key: &UniqueKey) -> Trigger {
    let mut taken: Vec<String> = key.columns.iter().map(|it| equal(it, it)).collect();
    taken.extend(key.predicate.clone());
    let head = format!(
        "BEFORE INSERT ON {0} WHEN EXISTS (SELECT 1 FROM {0} WHERE {1})",
        quoted(table.name),
        taken.join(" AND "),
    );
    let columns: Vec<_> =
        key.columns.iter().map(|column| format!("{}.{column}", table.name)).collect();
    // A primary key that is the identity alone has the name of the unique key with the tenant.
    let suffix = if key.is_primary { "refuse_replace" } else { "refuse_replace_by_key" };
    let name = generated_name(63, &[&key.name, suffix]);
    trigger(name, &head, &format!("{UNIQUE}{}", columns.join(", ")))
}

/// The number of a row is a key that no schema names. Where an INSERT does not give it, a trigger before
/// it sees -1: no row may have that number, or it would stand in the way of all. Where the number is an id that is
/// assigned, every INSERT gives it.
fn guard_rowid(table: &Table) -> Vec<Trigger> {
    let Some(rowid) = rowid(table) else { return Vec::new() };
    let on = quoted(table.name);
    let name = |suffix| generated_name(63, &[table.name, suffix]);
    let minus_one = format!("AFTER INSERT ON {on} WHEN NEW.{rowid} = -1");
    let minus_one =
        trigger(name("refuse_minus_one"), &minus_one, "a row cannot have the number -1");
    if table.has_identity() {
        return vec![minus_one];
    }
    let taken = format!(
        "BEFORE INSERT ON {on} WHEN EXISTS (SELECT 1 FROM {on} WHERE {rowid} = NEW.{rowid})"
    );
    let is_assigned = is_assigned(table);
    // Which trigger is run first depends on when it was made: the key is called as its own trigger calls it.
    let column = if is_assigned { table.id().name } else { rowid };
    let message = format!("{UNIQUE}{}.{column}", table.name);
    let taken = trigger(name("refuse_replace_by_rowid"), &taken, &message);
    if is_assigned { vec![taken] } else { vec![minus_one, taken] }
}

/// Whether the number of a row is its id, and assigned: SQLite takes an `INTEGER` that is a key by itself for it.
fn is_assigned(table: &Table) -> bool {
    let is_integer = matches!(table.id().kind, Kind::I16 | Kind::I32 | Kind::I64);
    table.has_assigned_ids() && table.roles.tenant.is_none() && is_integer
}

/// What the number of a row can be called beside the columns, if anything.
pub(crate) fn rowid(table: &Table) -> Option<&'static str> {
    let is_free = |name: &&str| table.columns.iter().all(|it| !it.name.eq_ignore_ascii_case(name));
    ["rowid", "_rowid_", "oid"].into_iter().find(is_free)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Write {
    Insert,
    Update,
}

/// Of a key with a part that is NULL nothing is asked, nor of one that stays as it is, as by a foreign key.
fn refuse_stray(table: &Table, key: &ForeignKey, write: Write) -> Trigger {
    let columns: Vec<_> = key.columns.iter().map(|column| quoted(column)).collect();
    let mut conditions: Vec<_> =
        columns.iter().map(|column| format!("NEW.{column} IS NOT NULL")).collect();
    let (event, suffix) = match write {
        Write::Insert => ("INSERT".to_owned(), "insert"),
        Write::Update => {
            let changed = columns.iter().map(|column| format!("NEW.{column} IS NOT OLD.{column}"));
            conditions.push(format!("({})", changed.collect::<Vec<_>>().join(" OR ")));
            (format!("UPDATE OF {}", columns.join(", ")), "update")
        }
    };
    let parent = key.parent_columns.iter().zip(&key.columns);
    let parent: Vec<_> = parent.map(|(parent, column)| equal(parent, column)).collect();
    let head = format!(
        "AFTER {event} ON {} WHEN {} AND NOT EXISTS (SELECT 1 FROM {} WHERE {})",
        quoted(table.name),
        conditions.join(" AND "),
        quoted(&key.parent),
        parent.join(" AND "),
    );
    trigger(generated_name(63, &[&key.name, suffix]), &head, FOREIGN_KEY)
}

/// `"column" = NEW."of"`
fn equal(column: &str, of: &str) -> String {
    format!("{} = NEW.{}", quoted(column), quoted(of))
}

/// In the form in which SQLite keeps it.
fn trigger(name: String, head: &str, message: &str) -> Trigger {
    let mut definition = format!("{CREATE}{} {head} BEGIN SELECT RAISE(ABORT, ", quoted(&name));
    quote_literal(&mut definition, message);
    definition.push_str("); END");
    Trigger { name, definition }
}

fn quoted(name: &str) -> String {
    let mut sql = String::new();
    quote(&mut sql, name);
    sql
}
