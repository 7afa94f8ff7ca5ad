//! The doctor: which of the guards that a schema promises are not in the database.

use repo_core::schema::{Guards, Table};
use repo_core::{Database, Entity, GuardKind, Repository, Schema, TransactionOptions, schema};
use uuid::Uuid;

use crate::entities::*;
use crate::fixture::{Fixture, backend};
use crate::tables::everything;

/// A row whose changes are recorded.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "doors", audited)]
struct Door {
    id: Uuid,
}

fn everything_and_the_trail() -> Schema {
    everything().with::<Door>()
}

async fn findings(db: &Database, schema: &Schema) -> Vec<String> {
    let findings = db.doctor(schema).await.unwrap();
    findings.iter().map(ToString::to_string).collect()
}

async fn execute(db: &Database, sql: &str) {
    let mut raw = backend(db).begin(TransactionOptions::new()).await.unwrap();
    raw.execute_script(sql).await.unwrap();
    raw.commit().await.unwrap();
}

pub(crate) async fn it_finds_nothing_wrong_with_a_new_schema(fixture: Fixture) {
    let schema = everything_and_the_trail();
    let db = fixture.with(&schema).await;
    assert_eq!(findings(&db, &schema).await, [""; 0]);
    db.create_tables(&schema).await.unwrap();
    assert_eq!(findings(&db, &schema).await, [""; 0]);
}

pub(crate) async fn it_names_every_table_that_is_missing(fixture: Fixture) {
    let db = fixture.with(&schema![Team]).await;
    let found = db.doctor(&schema![Team, Item, Door]).await.unwrap();
    let names: Vec<_> = found.iter().map(|it| (it.kind, it.table, it.name.as_str())).collect();
    let missing = |name| (GuardKind::Table, name, name);
    let expected = ["items", "doors", "repo_audit", "repo_audit_heads"].map(missing);
    assert_eq!(names, expected);
    assert_eq!(found[0].to_string(), "the table `items` is missing");
}

pub(crate) async fn it_names_every_trigger_that_is_dropped(fixture: Fixture) {
    let schema = everything_and_the_trail();
    let db = fixture.with(&schema).await;
    let tables: [&Table; 4] =
        [Event::TABLE, LongNames::TABLE, Member::TABLE, repo_core::AuditEntry::TABLE];
    let mut dropped = 0;
    for table in tables {
        let dialect = db.dialect();
        for trigger in dialect.triggers(&Guards::new(dialect, table)) {
            let on = if db.system() == "postgres" {
                format!("ON \"{}\"", table.name)
            } else {
                String::new()
            };
            execute(&db, &format!("DROP TRIGGER \"{}\" {on}", trigger.name)).await;
            let expected = format!("the trigger `{}` of `{}` is missing", trigger.name, table.name);
            assert_eq!(findings(&db, &schema).await, [expected]);
            db.create_tables(&schema).await.unwrap();
            assert_eq!(findings(&db, &schema).await, [""; 0]);
            dropped += 1;
        }
    }
    assert_eq!(dropped, if db.system() == "postgres" { 4 } else { 17 });
}

pub(crate) async fn it_names_a_unique_index_that_is_not_as_it_should_be(fixture: Fixture) {
    let schema = schema![Ticket];
    let db = fixture.with(&schema).await;
    let found = async |sql: &str| {
        execute(&db, "DROP INDEX IF EXISTS tickets_tenant_id_code_key").await;
        execute(&db, sql).await;
        let mut found = findings(&db, &schema).await;
        assert!(found.len() < 2, "{found:?}");
        let start = "the unique key `tickets_tenant_id_code_key` of `tickets` ";
        found.pop().map(|it| it.strip_prefix(start).expect(&it).to_owned())
    };
    let create = "CREATE UNIQUE INDEX tickets_tenant_id_code_key ON tickets";
    for (columns, expected) in [
        ("(tenant_id, code)", "is about all rows instead of the rows where \"deleted_at\" IS NULL"),
        ("(code) WHERE deleted_at IS NULL", "is (code) instead of (tenant_id, code)"),
        (
            "(tenant_id, lower(code)) WHERE deleted_at IS NULL",
            "is (tenant_id, (an expression)) instead of (tenant_id, code)",
        ),
    ] {
        assert_eq!(found(&format!("{create} {columns}")).await.as_deref(), Some(expected));
    }
    let other = found(&format!("{create} (tenant_id, code) WHERE weight = 1")).await.unwrap();
    assert!(other.starts_with("is about the rows where "), "{other}");
    let plain =
        format!("{} (tenant_id, code) WHERE deleted_at IS NULL", create.replace("UNIQUE", ""));
    assert_eq!(found(&plain).await.as_deref(), Some("is missing"));
    assert_eq!(found("SELECT 1").await.as_deref(), Some("is missing"));
    let renamed = create.replace("_key", "_another");
    let renamed = format!("{renamed} (\"code\", tenant_id DESC) WHERE (\"deleted_at\" IS NULL)");
    assert_eq!(found(&renamed).await, None, "the same under another name");
}

#[derive(Debug, Repository)]
#[repository(table = "parcels", tenant, soft_delete, index(state, sent desc))]
struct Parcel {
    id: Uuid,
    tenant_id: Uuid,
    state: String,
    sent: i64,
    deleted_at: Option<chrono::DateTime<chrono::Utc>>,
}

pub(crate) async fn it_names_an_index_that_does_not_find_what_it_should(fixture: Fixture) {
    let schema = schema![Parcel];
    let db = fixture.with(&schema).await;
    let found = async |sql: &str| {
        execute(&db, "DROP INDEX IF EXISTS parcels_tenant_id_state_sent_desc_idx").await;
        execute(&db, "DROP INDEX IF EXISTS another").await;
        execute(&db, sql).await;
        let mut found = db.doctor(&schema).await.unwrap();
        assert!(found.len() < 2 && found.iter().all(|it| it.kind == GuardKind::Index), "{found:?}");
        let start = "the index `parcels_tenant_id_state_sent_desc_idx` of `parcels` ";
        found.pop().map(|it| it.to_string().strip_prefix(start).expect(&it.problem).to_owned())
    };
    let named = |columns| {
        format!("CREATE INDEX parcels_tenant_id_state_sent_desc_idx ON parcels {columns}")
    };
    for (columns, is) in [
        ("(tenant_id, state)", "(tenant_id, state)"),
        ("(state, tenant_id, sent DESC)", "(state, tenant_id, sent DESC)"),
        ("(tenant_id, state, sent)", "(tenant_id, state, sent)"),
        ("(tenant_id, lower(state), sent DESC)", "(tenant_id, (an expression), sent DESC)"),
    ] {
        let expected = format!("is {is} instead of (tenant_id, state, sent DESC)");
        assert_eq!(found(&named(columns)).await, Some(expected));
    }
    let of_some = named("(tenant_id, state, sent DESC) WHERE deleted_at IS NULL");
    assert_eq!(found(&of_some).await.as_deref(), Some("is missing"));
    assert_eq!(found("SELECT 1").await.as_deref(), Some("is missing"));
    for columns in [
        "(tenant_id, state, sent DESC)",
        "(tenant_id, state, sent DESC, id)",
        "(tenant_id DESC, state DESC, sent)",
    ] {
        let sound = format!("CREATE INDEX another ON parcels {columns}");
        assert_eq!(found(&sound).await, None, "{columns}: the same under another name");
    }
    let key = "CREATE UNIQUE INDEX another ON parcels (tenant_id, state, sent DESC)";
    assert_eq!(found(key).await, None, "a key finds rows as well");
    execute(&db, "DROP INDEX another").await;
    db.create_tables(&schema).await.unwrap();
    assert_eq!(findings(&db, &schema).await, [""; 0]);
}

/// A letter as it was: of any state and length, from nobody.
#[derive(Debug, Repository)]
#[repository(table = "letters", tenant)]
struct Before {
    id: Uuid,
    tenant_id: Uuid,
    state: String,
    body: String,
}

#[derive(Debug, Repository)]
#[repository(table = "letters", tenant, versioned)]
struct Letter {
    id: Uuid,
    tenant_id: Uuid,
    state: Status,
    #[repository(max_length = 40)]
    body: String,
    #[repository(references = Team)]
    team_id: Uuid,
    version: i64,
}

pub(crate) async fn it_names_all_that_a_table_of_before_lacks(fixture: Fixture) {
    let db = fixture.with(&schema![Before, Team]).await;
    let mut found = findings(&db, &schema![Letter, Team]).await;
    // SQLite keeps tenants apart by triggers as well, and has a check for the form of an id.
    found.retain(|it| !it.starts_with("the trigger") && !it.contains("`letters_team_id_check`"));
    assert_eq!(
        found,
        [
            "the column `team_id` of `letters` is missing",
            "the column `version` of `letters` is missing",
            "the foreign key `letters_team_id_fkey` of `letters` is missing",
            "the check `letters_state_check` of `letters` is missing",
            "the check `letters_body_check` of `letters` is missing",
            "the index `letters_tenant_id_team_id_idx` of `letters` is missing",
        ]
    );
}

/// A letter of which less is known.
#[derive(Debug, Repository)]
#[repository(table = "letters", tenant)]
struct Scrap {
    id: Uuid,
    tenant_id: Uuid,
    body: Option<String>,
}

pub(crate) async fn it_names_a_column_that_refuses_what_the_schema_lets_be_null(fixture: Fixture) {
    let db = fixture.with(&schema![Before]).await;
    assert_eq!(
        findings(&db, &schema![Scrap]).await,
        [
            "the column `body` of `letters` is NOT NULL where the schema lets it be NULL",
            "the column `state` of `letters` is none of the schema's, and is NOT NULL without a \
             default: no row can be created",
        ]
    );
}

pub(crate) async fn it_says_of_a_view_that_it_is_no_table_and_no_more(fixture: Fixture) {
    let db = fixture.with(&schema![Before]).await;
    execute(&db, "ALTER TABLE letters RENAME TO papers").await;
    execute(&db, "CREATE VIEW letters AS SELECT * FROM papers").await;
    assert_eq!(findings(&db, &schema![Before]).await, ["the table `letters` is no table"]);
}

pub(crate) async fn it_names_a_trigger_of_the_trail_that_is_none_of_its_own(fixture: Fixture) {
    let schema = everything_and_the_trail();
    let db = fixture.with(&schema).await;
    let is_postgres = db.system() == "postgres";
    if is_postgres {
        let lose = "CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql \
            AS 'BEGIN RETURN NULL; END'";
        execute(&db, lose).await;
    }
    let body = match is_postgres {
        true => "FOR EACH ROW EXECUTE FUNCTION lose()",
        false => "BEGIN SELECT RAISE(IGNORE); END",
    };
    for (event, on) in
        [("INSERT", "repo_audit"), ("UPDATE", "repo_audit_heads"), ("INSERT", "REPO_AUDIT")]
    {
        let table = on.to_lowercase();
        execute(&db, &format!("CREATE TRIGGER lost BEFORE {event} ON {on} {body}")).await;
        let expected =
            format!("the trigger `lost` of `{table}` is none of ours, and may lose entries");
        assert_eq!(findings(&db, &schema).await, [expected]);
        let on = if is_postgres { format!("ON {table}") } else { String::new() };
        execute(&db, &format!("DROP TRIGGER lost {on}")).await;
    }
}

/// What rows of before refer to.
#[derive(Debug, Repository)]
#[repository(table = "legacy")]
struct Legacy {
    #[repository(assigned)]
    id: i64,
}

/// Rows whose changes are recorded.
#[derive(Debug, Repository)]
#[repository(table = "papers", audited)]
struct Paper {
    #[repository(assigned)]
    id: i64,
    #[repository(references = Legacy)]
    legacy_id: Option<i64>,
}

/// Rows whose changes are counted.
#[derive(Debug, Repository)]
#[repository(table = "drafts", versioned)]
struct Draft {
    #[repository(assigned)]
    id: i64,
    version: i64,
}

/// Rows that change as they like.
#[derive(Debug, Repository)]
#[repository(table = "loose_sheets")]
struct LooseSheet {
    #[repository(assigned)]
    id: i64,
}

pub(crate) async fn it_names_a_foreign_key_that_changes_rows_unseen(fixture: Fixture) {
    let schema = schema![Legacy, Paper, Draft, LooseSheet];
    let db = fixture.with(&schema).await;
    let is_sqlite = db.system() == "sqlite";
    let integer = if is_sqlite { "INTEGER" } else { "bigint" };
    let mut expected = Vec::new();
    for (action, what) in [
        ("ON DELETE CASCADE", Some("has an ON DELETE that removes rows unseen")),
        ("ON DELETE SET NULL", Some("has an ON DELETE that changes rows unseen")),
        ("ON DELETE SET DEFAULT", Some("has an ON DELETE that changes rows unseen")),
        ("ON UPDATE CASCADE", Some("has an ON UPDATE that changes rows unseen")),
        ("ON DELETE RESTRICT ON UPDATE RESTRICT", None),
    ] {
        for table in ["papers", "drafts", "loose_sheets"] {
            let column = action.to_lowercase().replace(' ', "_");
            let add = format!(
                "ALTER TABLE {table} ADD COLUMN {column} {integer} REFERENCES legacy (id) {action}"
            );
            execute(&db, &add).await;
            let name = if is_sqlite { column.clone() } else { format!("{table}_{column}_fkey") };
            let key = format!("the foreign key `{name}` of `{table}`");
            let is = format!("is ({column}) to `legacy` (id), none of the schema's");
            expected.extend(
                what.filter(|_| table != "loose_sheets")
                    .map(|what| format!("{key} {is}, and {what}")),
            );
        }
    }
    let mut found = findings(&db, &schema).await;
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}

pub(crate) async fn it_names_a_second_foreign_key_that_removes_rows_unseen(fixture: Fixture) {
    let schema = schema![Legacy, Paper];
    let ours = "CONSTRAINT papers_legacy_id_fkey FOREIGN KEY (legacy_id) REFERENCES legacy (id) ON DELETE RESTRICT";
    let theirs =
        "CONSTRAINT cascades FOREIGN KEY (legacy_id) REFERENCES legacy (id) ON DELETE CASCADE";
    for keys in [[ours, theirs], [theirs, ours]] {
        let db = fixture.with(&schema![Legacy]).await;
        let (types, name) = match db.system() {
            "sqlite" => (["INTEGER", ") STRICT"], "legacy_id"),
            _ => (["bigint", ")"], "cascades"),
        };
        let [integer, end] = types;
        let keys = keys.join(", ");
        let table = format!(
            "CREATE TABLE papers (id {integer} NOT NULL, legacy_id {integer}, \
             CONSTRAINT papers_pkey PRIMARY KEY (id), {keys}{end}"
        );
        execute(&db, &table).await;
        db.create_tables(&schema).await.unwrap();
        let expected = format!(
            "the foreign key `{name}` of `papers` is (legacy_id) to `legacy` (id), none of the \
             schema's, and has an ON DELETE that removes rows unseen"
        );
        assert_eq!(findings(&db, &schema).await, [expected]);
        execute(&db, "DROP TABLE papers").await;
    }
}
