//! What it says of the audit trail's own tables, and of rows beside its guards.

use repo_core::{Database, Repository, schema};
use uuid::Uuid;

use super::{Event, execute};
use crate::scratch::{Scratch, partitioned};

/// A row whose changes are recorded.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "doors", tenant, audited)]
struct Door {
    id: Uuid,
    tenant_id: Uuid,
}

/// What is found after `change` of the trail, which is made anew before.
async fn findings_of_trail(db: &Database, change: &str) -> Vec<String> {
    let schema = schema![Door];
    execute(db, "DROP TABLE IF EXISTS doors, repo_audit, repo_audit_heads CASCADE").await;
    db.create_tables(&schema).await.unwrap();
    execute(db, change).await;
    let found = db.doctor(&schema).await.unwrap();
    found.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn a_rule_or_a_trigger_of_the_trail_is_told_while_it_is_enabled() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.options().connect().await.unwrap();
    let lose =
        "CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'";
    execute(&db, lose).await;
    for (make, disable, expected) in [
        (
            "CREATE RULE lost AS ON INSERT TO repo_audit DO INSTEAD NOTHING",
            "ALTER TABLE repo_audit DISABLE RULE lost",
            "the table `repo_audit` has a rule, which does something else instead",
        ),
        (
            "CREATE TRIGGER lost BEFORE UPDATE ON repo_audit_heads FOR EACH ROW EXECUTE FUNCTION lose()",
            "ALTER TABLE repo_audit_heads DISABLE TRIGGER lost",
            "the trigger `lost` of `repo_audit_heads` is none of ours, and may lose entries",
        ),
    ] {
        assert_eq!(findings_of_trail(&db, make).await, [expected]);
        let off = format!("{make}; {disable}");
        assert_eq!(findings_of_trail(&db, &off).await, [""; 0], "{off}");
    }
}

#[tokio::test]
async fn tables_that_hold_rows_beside_the_guards_are_told() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.options().connect().await.unwrap();
    let inherited = "has tables that inherit from it, whose rows its guards do not cover";
    for parent in ["repo_audit", "repo_audit_heads", "doors"] {
        let kid = format!("CREATE TABLE kid () INHERITS ({parent})");
        assert_eq!(
            findings_of_trail(&db, &kid).await,
            [format!("the table `{parent}` {inherited}")]
        );
    }
    let problem = "is partitioned: its triggers and policies do not guard each partition";
    let script = schema![Event, Door].script(db.dialect()).unwrap();
    for (table, by, is_guarded) in
        [("\"events\"", "id", true), ("\"repo_audit\"", "tenant", true), ("\"doors\"", "id", false)]
    {
        execute(&db, "DROP TABLE IF EXISTS events, doors, repo_audit, repo_audit_heads CASCADE")
            .await;
        execute(&db, &partitioned(&script, table, by)).await;
        let found = db.doctor(&schema![Event, Door]).await.unwrap();
        let found: Vec<_> = found.iter().map(ToString::to_string).collect();
        let expected =
            is_guarded.then(|| format!("the table `{table}` {problem}").replace('"', ""));
        assert_eq!(found, Vec::from_iter(expected));
    }
}

#[tokio::test]
async fn a_trail_without_the_sequence_of_its_unchained_entries_is_told() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.options().connect().await.unwrap();
    let found = findings_of_trail(&db, "DROP SEQUENCE repo_audit_unchained").await;
    let problem =
        "has no sequence `repo_audit_unchained`, which numbers entries outside of a chain";
    assert_eq!(found, [format!("the table `repo_audit` {problem}")]);
}

#[tokio::test]
async fn a_sequence_that_may_give_numbers_of_a_chain_is_told_with_what_to_run() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.options().connect().await.unwrap();
    assert_eq!(findings_of_trail(&db, "SELECT nextval('repo_audit_unchained')").await, [""; 0]);
    let first = "4611686018427387904";
    for change in [
        "ALTER SEQUENCE repo_audit_unchained NO MINVALUE".to_owned(),
        "ALTER SEQUENCE repo_audit_unchained CYCLE".to_owned(),
        "ALTER SEQUENCE repo_audit_unchained INCREMENT BY -1".to_owned(),
        "ALTER SEQUENCE repo_audit_unchained NO MINVALUE START 1 RESTART".to_owned(),
        format!(
            "DROP SEQUENCE repo_audit_unchained; CREATE SEQUENCE repo_audit_unchained START {first}"
        ),
    ] {
        let found = findings_of_trail(&db, &change).await;
        let [told] = &found[..] else { panic!("{found:?}") };
        let problem = "the table `repo_audit` has a sequence `repo_audit_unchained` that may give numbers \
                       of a chain, or give numbers again: run `";
        let told = told.strip_prefix(problem).and_then(|rest| rest.strip_suffix('`'));
        execute(&db, told.expect(&change)).await;
        assert_eq!(db.doctor(&schema![Door]).await.unwrap(), [], "{change}");
        let behind = format!("SELECT 1 / (nextval('repo_audit_unchained') > {first})::int");
        execute(&db, &behind).await;
    }
}
