//! What the doctor says of policies that somebody changed.

use repo_core::__beside::backend;
use repo_core::{Database, Repository, TransactionOptions, schema};
use uuid::Uuid;

use super::secured;
use crate::scratch::{Scratch, partitioned};

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "Notes \"1\"", tenant, audited)]
struct Note {
    id: Uuid,
    #[repository(tenant, column = "Owner of it")]
    tenant_id: String,
}

async fn execute(db: &Database, sql: &str) {
    let sql = sql.replace("{n}", "\"Notes \"\"1\"\"\"").replace("{t}", "\"Owner of it\"");
    let mut raw = backend(db).begin(TransactionOptions::new()).await.unwrap();
    raw.execute_script(&sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    raw.commit().await.unwrap();
}

/// What is found after `change`, with all tables made anew before.
async fn findings(db: &Database, change: &str) -> Vec<String> {
    let schema = schema![Note];
    execute(db, "DROP TABLE IF EXISTS {n}, repo_audit, repo_audit_heads").await;
    db.create_tables(&schema).await.unwrap();
    execute(db, change).await;
    let found = db.doctor(&schema).await.unwrap();
    found.iter().map(|it| it.to_string().replace("Notes \"1\"", "{n}")).collect()
}

#[tokio::test]
async fn policies_as_they_are_made_are_well() {
    let Some(scratch) = Scratch::of_a_role().await else { return };
    let db = secured(&scratch).connect().await.unwrap();
    assert_eq!(findings(&db, "SELECT 1").await, [""; 0]);
    // Without the option nothing is promised.
    let plain = scratch.options().connect().await.unwrap();
    assert_eq!(findings(&plain, "SELECT 1").await, [""; 0]);
}

#[tokio::test]
async fn row_level_security_that_nobody_asked_for_is_told() {
    let Some(scratch) = Scratch::of_a_role().await else { return };
    let db = scratch.options().connect().await.unwrap();
    for table in ["{n}", "repo_audit", "repo_audit_heads"] {
        let enable =
            format!("ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY");
        let problem = "has row-level security enabled where it should have none: it may hide rows";
        let expected = format!("the table `{table}` {problem}");
        assert_eq!(findings(&db, &enable).await, [expected]);
    }
}

#[tokio::test]
async fn a_connection_that_says_no_tenant_is_told_to_say_one() {
    let Some(scratch) = Scratch::of_a_role().await else { return };
    secured(&scratch).connect().await.unwrap().create_tables(&schema![Note]).await.unwrap();
    let plain = scratch.options().connect().await.unwrap();
    let found = plain.doctor(&schema![Note]).await.unwrap();
    let found: Vec<_> = found.iter().map(ToString::to_string).collect();
    let expected = ["Notes \"1\"", "repo_audit", "repo_audit_heads"].map(|table| {
        format!(
            "the table `{table}` has row-level security, and this connection says no tenant: \
             connect with `row_level_security(true)`"
        )
    });
    assert_eq!(found, expected);
    // Whom it does not bind it hides nothing from.
    let admin = repo_postgres::connect(&scratch.admin_url()).await.unwrap();
    assert_eq!(admin.doctor(&schema![Note]).await.unwrap(), []);
}

#[tokio::test]
async fn a_partitioned_table_with_policies_is_told() {
    let Some(scratch) = Scratch::of_a_role().await else { return };
    let db = secured(&scratch).connect().await.unwrap();
    let script = schema![Note].script(db.dialect()).unwrap();
    execute(&db, "DROP TABLE IF EXISTS {n}, repo_audit, repo_audit_heads").await;
    execute(&db, &partitioned(&script, "\"Notes \"\"1\"\"\"", "{t}")).await;
    let found = db.doctor(&schema![Note]).await.unwrap();
    let found: Vec<_> = found.iter().map(ToString::to_string).collect();
    let problem = "is partitioned: its triggers and policies do not guard each partition";
    assert_eq!(found, [format!("the table `Notes \"1\"` {problem}")]);
}

#[tokio::test]
async fn a_policy_that_is_not_as_it_should_be_is_told() {
    let Some(scratch) = Scratch::of_a_role().await else { return };
    let db = secured(&scratch).connect().await.unwrap();
    let again = "DROP POLICY repo_tenant ON {n}; CREATE POLICY repo_tenant ON {n}";
    let main = "the policy `repo_tenant` of `{n}`";
    let ours = "{t} = (SELECT nullif(current_setting('repo.tenant', true), ''))";
    for (change, expected) in [
        ("DROP POLICY repo_tenant ON {n}".to_owned(), format!("{main} is missing")),
        (format!("{again} USING (true)"), format!("{main} shows rows of other tenants")),
        (format!("{again} USING (false)"), format!("{main} hides rows of the tenant")),
        (
            format!(
                "{again} USING ({ours} OR {{t}} = current_setting('other.tenant', true)) WITH CHECK (true)"
            ),
            format!("{main} takes rows of other tenants"),
        ),
        (
            format!("{again} USING ({ours}) WITH CHECK (false)"),
            format!("{main} refuses rows of the tenant"),
        ),
        (
            format!("{again} FOR SELECT USING ({ours})"),
            format!("{main} is for other commands than it should be"),
        ),
        (
            format!("{again} AS RESTRICTIVE USING ({ours})"),
            format!("{main} is RESTRICTIVE, or not for all roles"),
        ),
        (
            format!("{again} TO CURRENT_USER USING ({ours})"),
            format!("{main} is RESTRICTIVE, or not for all roles"),
        ),
        (
            format!("{again} USING ({ours} OR id IS NULL)"),
            format!("{main} is not about the tenant alone"),
        ),
        (
            "ALTER POLICY repo_all_tenants_lock ON {n} WITH CHECK (true)".to_owned(),
            "the policy `repo_all_tenants_lock` of `{n}` takes rows of other tenants".to_owned(),
        ),
        (
            "CREATE POLICY everybody ON {n} USING (true)".to_owned(),
            "the table `{n}` has a policy `everybody`, which may show rows of other tenants"
                .to_owned(),
        ),
        (
            "CREATE POLICY odd ON {n} AS RESTRICTIVE USING (id IS NOT NULL)".to_owned(),
            "the table `{n}` has a policy `odd`, which may hide rows of the tenant, or refuse them"
                .to_owned(),
        ),
        (
            "CREATE TABLE whole (LIKE {n}); ALTER TABLE {n} INHERIT whole".to_owned(),
            "the table `{n}` is part of another table, through which its policies do not hold"
                .to_owned(),
        ),
        (
            "ALTER TABLE {n} NO FORCE ROW LEVEL SECURITY".to_owned(),
            "the table `{n}` does not FORCE row-level security on its owner".to_owned(),
        ),
        (
            "ALTER TABLE repo_audit DISABLE ROW LEVEL SECURITY".to_owned(),
            "the table `repo_audit` has no row-level security enabled".to_owned(),
        ),
        (
            "ALTER POLICY repo_tenant ON repo_audit USING (true)".to_owned(),
            "the policy `repo_tenant` of `repo_audit` shows rows of other tenants".to_owned(),
        ),
    ] {
        assert_eq!(findings(&db, &change).await, [expected], "{change}");
    }
}

#[tokio::test]
async fn a_policy_with_the_same_meaning_is_well() {
    let Some(scratch) = Scratch::of_a_role().await else { return };
    let db = secured(&scratch).connect().await.unwrap();
    let rewritten = "ALTER POLICY repo_tenant ON {n} \
        USING (current_setting('repo.tenant', true) = {t} AND {t} <> '') -- the same\n";
    assert_eq!(findings(&db, rewritten).await, [""; 0]);
}
