//! The triggers that keep the rows of an immutable table as they are.
//!
//! They are enabled ALWAYS, so that a session with `session_replication_role = replica` does not pass them by.
//! `ON CONFLICT DO UPDATE` and `MERGE` fall to the trigger of UPDATE; TRUNCATE, which row triggers never
//! see, has one of its own.

use repo_core::backend::{generated_name, quote};
use repo_core::schema::{Guards, Table, Trigger};
use repo_core::{AuditEntry, Entity as _};

use super::blocks::{self, literal};
use super::push;

/// The function that all of them run, looked for in the search path, as a trigger that is made finds it.
const FUNCTION: &str = "repo_refuse_change";

const BODY: &str = "BEGIN
  RAISE EXCEPTION 'rows of \"%\" are only ever added and read', TG_TABLE_NAME
    USING ERRCODE = 'RP001', SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME;
END";

/// The function of the trigger that refuses entries below the first of their chain.
const EARLY: &str = "BEGIN
  IF NEW.seq < (SELECT min(seq) FROM repo_audit
                WHERE tenant = NEW.tenant AND seq < 4611686018427387904) THEN
    RAISE EXCEPTION 'rows of \"%\" are only ever added and read', TG_TABLE_NAME
      USING ERRCODE = 'RP001', SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NEW;
END";

/// A trigger: the end of its name, and when it fires.
struct Refusal {
    suffix: &'static str,
    event: &'static str,
    level: &'static str,
}

const REFUSALS: [Refusal; 2] = [
    Refusal { suffix: "refuse_change", event: "UPDATE OR DELETE", level: "FOR EACH ROW" },
    Refusal { suffix: "refuse_truncate", event: "TRUNCATE", level: "FOR EACH STATEMENT" },
];

pub(super) fn triggers(guards: &Guards) -> Vec<Trigger> {
    let refusals = REFUSALS.iter().filter(|_| guards.table.immutable);
    let trigger = |it: &Refusal| Trigger {
        name: name(guards.table, it),
        definition: format!("BEFORE {} {} {BODY}", it.event, it.level),
    };
    refusals.map(trigger).collect()
}

pub(super) fn of_shortened() -> Trigger {
    Trigger {
        name: generated_name(63, &[AuditEntry::TABLE.name, "refuse_early"]),
        definition: format!("BEFORE INSERT FOR EACH ROW {EARLY}"),
    }
}

pub(super) fn create(sql: &mut String, guards: &Guards) {
    if !guards.table.immutable {
        return;
    }
    let mut block = String::from("BEGIN\n");
    create_function(&mut block);
    for refusal in &REFUSALS {
        create_trigger(&mut block, guards.table, refusal);
    }
    block.push_str("END");
    blocks::run(sql, &block);
}

fn create_function(block: &mut String) {
    push(
        block,
        format_args!(
            "IF to_regprocedure('{FUNCTION}()') IS NULL THEN\n\
             CREATE FUNCTION {FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS "
        ),
    );
    block.push_str(&literal(BODY));
    block.push_str(";\nEND IF;\n");
}

fn create_trigger(block: &mut String, table: &Table, refusal: &Refusal) {
    let name = name(table, refusal);
    let (mut quoted, mut quoted_table) = (String::new(), String::new());
    quote(&mut quoted, &name);
    quote(&mut quoted_table, table.name);
    block.push_str("IF NOT EXISTS (SELECT FROM pg_catalog.pg_trigger WHERE tgname = ");
    block.push_str(&literal(&name));
    block.push_str(" AND tgrelid = ");
    block.push_str(&literal(&quoted_table));
    push(
        block,
        format_args!(
            "::regclass) THEN\n\
             CREATE TRIGGER {quoted} BEFORE {} ON {quoted_table} {} EXECUTE FUNCTION {FUNCTION}();\n\
             ALTER TABLE {quoted_table} ENABLE ALWAYS TRIGGER {quoted};\nEND IF;\n",
            refusal.event, refusal.level
        ),
    );
}

fn name(table: &Table, refusal: &Refusal) -> String {
    generated_name(63, &[table.name, refusal.suffix])
}
