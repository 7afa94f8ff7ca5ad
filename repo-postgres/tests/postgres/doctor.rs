//! What the doctor says of a schema that somebody changed.

mod columns;
mod trail;

use chrono::{DateTime, Utc};
use repo_core::__beside::backend;
use repo_core::backend::{Access, Row};
use repo_core::{ColumnEnum, Database, Kind, Repository, TransactionOptions, Value, schema};
use uuid::Uuid;

use crate::scratch::{Scratch, statement};

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "teams", tenant)]
struct Team {
    id: Uuid,
    tenant_id: Uuid,
    name: String,
}

/// With a guard of every kind.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "Members \"1\"", tenant, soft_delete)]
struct Member {
    id: Uuid,
    tenant_id: Uuid,
    #[repository(unique, max_length = 10)]
    name: String,
    rank: Rank,
    #[repository(references = Team)]
    team_id: Uuid,
    #[repository(column = "Deleted at")]
    deleted_at: Option<DateTime<Utc>>,
}

/// Never changes.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "events", tenant, immutable)]
struct Event {
    id: i64,
    tenant_id: Uuid,
}

/// With columns of some types.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "bins", tenant)]
struct Bin {
    id: Uuid,
    tenant_id: String,
    n: i64,
    at: DateTime<Utc>,
    note: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ColumnEnum)]
enum Rank {
    Low,
    High,
}

/// `{m}` is the table of members, `{m}_x` a name that starts as it does.
fn named(sql: &str) -> String {
    sql.replace("{m}_pkey", "\"Members \"\"1\"\"_pkey\"")
        .replace("{m}_key", "\"Members \"\"1\"\"_tenant_id_name_key\"")
        .replace("{m}_idx", "\"Members \"\"1\"\"_tenant_id_team_id_idx\"")
        .replace("{m}_fkey", "\"Members \"\"1\"\"_team_id_fkey\"")
        .replace("{m}_rank", "\"Members \"\"1\"\"_rank_check\"")
        .replace("{m}_name", "\"Members \"\"1\"\"_name_check\"")
        .replace("{m}", "\"Members \"\"1\"\"\"")
}

async fn execute(db: &Database, sql: &str) {
    let mut raw = backend(db).begin(TransactionOptions::new()).await.unwrap();
    raw.execute_script(&named(sql)).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    raw.commit().await.unwrap();
}

/// What is found after `change`, undone by dropping all tables.
async fn findings(db: &Database, change: &str) -> Vec<String> {
    let schema = schema![Team, Member, Event, Bin];
    db.create_tables(&schema).await.unwrap();
    execute(db, change).await;
    let found = db.doctor(&schema).await.unwrap();
    execute(db, "DROP TABLE IF EXISTS {m}, teams, events, bins; DROP FUNCTION repo_refuse_change")
        .await;
    found.iter().map(|it| it.to_string().replace("Members \"1\"", "{m}")).collect()
}

#[tokio::test]
async fn a_key_or_a_check_that_is_not_as_it_should_be_is_told() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.options().connect().await.unwrap();
    let recheck = "ALTER TABLE {m} DROP CONSTRAINT {m}_rank, ADD CONSTRAINT {m}_rank CHECK";
    let rank = "the check `{m}_rank_check` of `{m}`";
    let key = "the unique key `{m}_tenant_id_name_key` of `{m}`";
    let index = "the index `{m}_tenant_id_team_id_idx` of `{m}`";
    for (change, expected) in [
        (
            "ALTER TABLE events DROP CONSTRAINT events_pkey, \
             ALTER tenant_id DROP NOT NULL, ADD PRIMARY KEY (id)"
                .to_owned(),
            vec![
                "the column `tenant_id` of `events` takes NULL".to_owned(),
                "the primary key `events_pkey` of `events` is (id) instead of (tenant_id, id)"
                    .into(),
            ],
        ),
        (
            "ALTER TABLE {m} DROP CONSTRAINT {m}_pkey".to_owned(),
            vec!["the primary key `{m}_pkey` of `{m}` is missing".into()],
        ),
        (
            "ALTER TABLE {m} DROP CONSTRAINT {m}_pkey; \
             CREATE UNIQUE INDEX {m}_pkey ON {m} (tenant_id, id)"
                .to_owned(),
            vec!["the primary key `{m}_pkey` of `{m}` is missing".into()],
        ),
        ("DROP INDEX {m}_key".to_owned(), vec![format!("{key} is missing")]),
        (
            "DROP INDEX {m}_key; CREATE UNIQUE INDEX {m}_key ON {m} (tenant_id, name)".to_owned(),
            vec![format!(
                "{key} is about all rows instead of the rows where \"Deleted at\" IS NULL"
            )],
        ),
        (
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{m}_key'::regclass"
                .to_owned(),
            vec![format!("{key} is not valid, or may be deferred")],
        ),
        (
            "DROP INDEX {m}_key; CREATE COLLATION any_case \
               (provider = icu, locale = 'und-u-ks-level2', deterministic = false); \
             CREATE UNIQUE INDEX {m}_key ON {m} (tenant_id, name COLLATE any_case) \
             WHERE \"Deleted at\" IS NULL"
                .to_owned(),
            vec![format!("{key} compares by another collation than its columns")],
        ),
        (
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{m}_idx'::regclass"
                .to_owned(),
            vec![format!("{index} is not valid: drop it, and make it again")],
        ),
        (
            "DROP INDEX {m}_idx; CREATE INDEX {m}_idx ON {m} USING hash (team_id)".to_owned(),
            vec![format!("{index} is missing")],
        ),
        (
            "DROP INDEX {m}_idx; CREATE INDEX {m}_idx ON {m} (tenant_id, team_id NULLS FIRST)"
                .to_owned(),
            vec![format!(
                "{index} is (tenant_id, (team_id NULLS FIRST)) instead of (tenant_id, team_id)"
            )],
        ),
        ("ALTER TABLE {m} DROP CONSTRAINT {m}_rank".to_owned(), vec![format!("{rank} is missing")]),
        (format!("{recheck} (rank = 'low')"), vec![format!("{rank} refuses `high`")]),
        (format!("{recheck} (length(rank) < 9)"), vec![format!("{rank} takes `?????`")]),
        (format!("{recheck} (true)"), vec![format!("{rank} takes `?????`")]),
        (
            format!("{recheck} (rank IN ('low', 'high') OR name = '')"),
            vec![format!("{rank} is not about `rank` alone")],
        ),
        (
            format!("{recheck} (rank IN ('low', 'high')) NOT VALID"),
            vec![format!("{rank} is not enforced, or not validated")],
        ),
        (
            "ALTER TABLE {m} DROP CONSTRAINT {m}_name, ADD CONSTRAINT {m}_name \
             CHECK (octet_length(name) <= 10)"
                .to_owned(),
            vec!["the check `{m}_name_check` of `{m}` refuses `ääääääääää`".into()],
        ),
        (
            "ALTER TABLE events SET UNLOGGED".to_owned(),
            vec!["the table `events` is UNLOGGED: a crash empties it".into()],
        ),
        ("DROP TABLE {m}".to_owned(), vec!["the table `{m}` is missing".into()]),
    ] {
        assert_eq!(findings(&db, &change).await, expected, "{change}");
    }
}

#[tokio::test]
async fn a_reference_that_is_not_as_it_should_be_is_told() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.options().connect().await.unwrap();
    let again = "ALTER TABLE {m} DROP CONSTRAINT {m}_fkey, ADD CONSTRAINT {m}_fkey FOREIGN KEY";
    for (change, expected) in [
        ("ALTER TABLE {m} DROP CONSTRAINT {m}_fkey".to_owned(), "is missing"),
        (
            format!("ALTER TABLE teams ADD UNIQUE (id); {again} (team_id) REFERENCES teams (id)"),
            "is (team_id) to `teams` (id) instead of (tenant_id, team_id) to `teams` (tenant_id, id)",
        ),
        (
            format!(
                "{again} (team_id, tenant_id) REFERENCES teams (id, tenant_id) ON DELETE CASCADE"
            ),
            "has ON DELETE CASCADE instead of ON DELETE RESTRICT",
        ),
        (
            format!("{again} (team_id, tenant_id) REFERENCES teams (id, tenant_id)"),
            "has ON DELETE NO ACTION instead of ON DELETE RESTRICT",
        ),
        (
            "ALTER TABLE {m} DROP CONSTRAINT {m}_fkey, \
             ADD CONSTRAINT other FOREIGN KEY (tenant_id, team_id) REFERENCES teams"
                .to_owned(),
            "has ON DELETE NO ACTION instead of ON DELETE RESTRICT",
        ),
        (
            format!("{again} (tenant_id, team_id) REFERENCES teams ON DELETE RESTRICT NOT VALID"),
            "is disabled, not enforced, or not validated",
        ),
        (
            format!("{again} (tenant_id, team_id) REFERENCES teams MATCH FULL ON DELETE RESTRICT"),
            "is MATCH FULL: it refuses a NULL beside a tenant",
        ),
        (
            format!(
                "{again} (tenant_id, team_id) REFERENCES teams ON DELETE RESTRICT \
                 DEFERRABLE INITIALLY DEFERRED"
            ),
            "is INITIALLY DEFERRED: it is asked at the commit",
        ),
        (
            format!(
                "{again} (tenant_id, team_id) REFERENCES teams ON DELETE RESTRICT ON UPDATE CASCADE"
            ),
            "has an ON UPDATE that changes rows unseen",
        ),
        (
            format!(
                "{again} (tenant_id, team_id) REFERENCES teams ON DELETE RESTRICT ON UPDATE SET DEFAULT"
            ),
            "has an ON UPDATE that changes rows unseen",
        ),
        (
            "ALTER TABLE {m} DISABLE TRIGGER ALL".to_owned(),
            "is disabled, not enforced, or not validated",
        ),
    ] {
        let expected = format!("the foreign key `{{m}}_team_id_fkey` of `{{m}}` {expected}");
        assert_eq!(findings(&db, &change).await, [expected], "{change}");
    }
}

#[tokio::test]
async fn a_trigger_that_is_not_as_it_should_be_is_told() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.options().connect().await.unwrap();
    let again = "DROP TRIGGER events_refuse_change ON events; \
        CREATE TRIGGER events_refuse_change BEFORE UPDATE";
    let always = "ALTER TABLE events ENABLE ALWAYS TRIGGER events_refuse_change";
    let run = "EXECUTE FUNCTION repo_refuse_change()";
    let other = "does not do what it should";
    let state = "is not enabled ALWAYS";
    for (change, change_problem, truncate_problem) in [
        ("DROP TRIGGER events_refuse_change ON events".to_owned(), Some("is missing"), None),
        ("DROP TRIGGER events_refuse_truncate ON events".to_owned(), None, Some("is missing")),
        ("ALTER TABLE events DISABLE TRIGGER events_refuse_change".to_owned(), Some(state), None),
        ("ALTER TABLE events ENABLE TRIGGER events_refuse_truncate".to_owned(), None, Some(state)),
        (
            "ALTER TABLE events ENABLE REPLICA TRIGGER events_refuse_change".to_owned(),
            Some(state),
            None,
        ),
        ("ALTER TABLE events DISABLE TRIGGER ALL".to_owned(), Some(state), Some(state)),
        (format!("{again} ON events FOR EACH ROW {run}; {always}"), Some(other), None),
        (
            format!("{again} OF id OR DELETE ON events FOR EACH ROW {run}; {always}"),
            Some(other),
            None,
        ),
        (
            format!("{again} OR DELETE ON events FOR EACH ROW WHEN (OLD.id > 9) {run}; {always}"),
            Some(other),
            None,
        ),
        (
            format!("{again} OR DELETE ON events FOR EACH STATEMENT {run}; {always}"),
            Some(other),
            None,
        ),
        (
            "CREATE OR REPLACE FUNCTION repo_refuse_change() RETURNS trigger LANGUAGE plpgsql AS \
             'BEGIN RETURN NEW; END'"
                .to_owned(),
            Some(other),
            Some(other),
        ),
        (format!("{again} OR DELETE ON events FOR EACH ROW {run}; {always}"), None, None),
    ] {
        let told = |name: &str, problem: Option<&str>| {
            problem.map(|it| format!("the trigger `events_refuse_{name}` of `events` {it}"))
        };
        let expected = told("change", change_problem).into_iter();
        let expected: Vec<_> = expected.chain(told("truncate", truncate_problem)).collect();
        assert_eq!(findings(&db, &change).await, expected, "{change}");
    }
}

#[tokio::test]
async fn what_means_the_same_is_well_however_it_is_written() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.options().connect().await.unwrap();
    for change in [
        "ALTER TABLE {m} DROP CONSTRAINT {m}_rank, \
         ADD CONSTRAINT {m}_rank CHECK (NOT rank NOT IN ('high', 'low'))",
        "ALTER TABLE {m} DROP CONSTRAINT {m}_name, \
         ADD CONSTRAINT {m}_name CHECK (char_length(name) < 11)",
        "DROP INDEX {m}_key; \
         CREATE UNIQUE INDEX other ON {m} (name, tenant_id) INCLUDE (rank) WHERE \"Deleted at\" IS NULL",
        "DROP INDEX {m}_key; \
         CREATE UNIQUE INDEX {m}_key ON {m} (tenant_id, name) WHERE \"Deleted at\" ISNULL",
        "DROP INDEX {m}_key; \
         CREATE UNIQUE INDEX {m}_key ON {m} (tenant_id, name) WHERE {m}.\"Deleted at\" IS NULL",
        "ALTER TABLE {m} RENAME CONSTRAINT {m}_fkey TO other",
        "ALTER TABLE {m} ADD note text NOT NULL DEFAULT '', ADD CHECK (note <> 'x')",
        "ALTER TABLE bins ALTER note TYPE varchar COLLATE \"POSIX\", ALTER at TYPE timestamptz(6)",
        "DROP DOMAIN IF EXISTS brief; DROP DOMAIN IF EXISTS words; \
         CREATE DOMAIN words AS varchar COLLATE \"C\"; CREATE DOMAIN brief AS words; \
         ALTER TABLE bins ALTER note TYPE brief",
        "CREATE DOMAIN inner_number AS bigint NOT NULL; \
         CREATE DOMAIN number AS inner_number; \
         ALTER TABLE bins ALTER n TYPE number, ALTER n DROP NOT NULL",
        "ALTER TABLE events ALTER id DROP IDENTITY; CREATE SEQUENCE numbers OWNED BY events.id; \
         ALTER TABLE events ALTER id SET DEFAULT nextval('numbers')",
        "ALTER TABLE events ALTER id SET INCREMENT 10 SET CACHE 5 SET START 100",
        "CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; \
         CREATE TRIGGER other BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION other()",
    ] {
        assert_eq!(findings(&db, change).await, [""; 0], "{change}");
        execute(&db, "DROP FUNCTION IF EXISTS other").await;
    }
}

/// Servers before 15 have no such keys.
#[tokio::test]
async fn a_unique_key_that_takes_one_null_is_told() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.options().connect().await.unwrap();
    let mut version = 0;
    let mut on_row = |row: &dyn Row| {
        let Value::I32(number) = row.value(0, Kind::I32).unwrap() else { panic!("no number") };
        version = number;
        Ok(())
    };
    let sql = "SELECT current_setting('server_version_num')::int";
    let question = statement(sql, &[], Access::Read);
    backend(&db).run(question, &mut on_row).await.unwrap();
    assert!(version > 0, "a version is told");
    if version < 150_000 {
        return;
    }
    let change = "DROP INDEX {m}_key; CREATE UNIQUE INDEX {m}_key ON {m} (tenant_id, name) \
        NULLS NOT DISTINCT WHERE \"Deleted at\" IS NULL";
    let problem = "is NULLS NOT DISTINCT: it takes one NULL";
    let expected = format!("the unique key `{{m}}_tenant_id_name_key` of `{{m}}` {problem}");
    assert_eq!(findings(&db, change).await, [expected]);
}
