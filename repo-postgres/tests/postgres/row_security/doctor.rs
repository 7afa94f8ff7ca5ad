//! What the doctor says of policies that somebody changed.

use repo_core::{Database, Repository, Schema, schema};
use uuid::Uuid;

use super::{Ticket, secured};
use crate::scratch::Scratch;

#[derive(Debug, Repository)]
#[repository(table = "bills", tenant, audited)]
struct Bill {
    id: Uuid,
    #[repository(tenant)]
    shop: String,
    #[repository(default = 0)]
    amount: i64,
}

#[derive(Debug, Repository)]
#[repository(table = "offers", tenant)]
struct Offer {
    id: Uuid,
    tenant_id: i64,
}

fn everything() -> Schema {
    schema![Ticket, Bill, Offer]
}

async fn findings(db: &Database) -> Vec<String> {
    db.doctor(&everything()).await.unwrap().iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn policies_that_are_as_they_were_made_are_well() {
    let Some(scratch) = Scratch::of_a_role().await else { return };
    let db = secured(&scratch).connect().await.unwrap();
    db.create_tables(&everything()).await.unwrap();
    assert_eq!(findings(&db).await, [""; 0]);
    let cached = secured(&scratch).statement_cache(0).connect().await.unwrap();
    assert_eq!(findings(&cached).await, [""; 0]);
}

#[tokio::test]
async fn a_table_without_policies_is_told_only_to_who_wants_them() {
    let Some(scratch) = Scratch::of_a_role().await else { return };
    let without = scratch.options().connect().await.unwrap();
    without.create_tables(&schema![Offer]).await.unwrap();
    assert!(without.doctor(&schema![Offer]).await.unwrap().is_empty());
    let with = secured(&scratch).connect().await.unwrap();
    let found = with.doctor(&schema![Offer]).await.unwrap();
    let found: Vec<_> = found.iter().map(ToString::to_string).collect();
    let expected = [
        "the table `offers` has no row-level security",
        "the policy `repo_tenant` of `offers` is missing",
        "the policy `repo_all_tenants` of `offers` is missing",
        "the policy `repo_all_tenants_lock` of `offers` is missing",
        "the policy `repo_all_tenants_remove` of `offers` is missing",
    ];
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_policy_that_is_gone_changed_or_passed_by_is_told() {
    let Some(scratch) = Scratch::of_a_role().await else { return };
    let db = secured(&scratch).connect().await.unwrap();
    let tenant = "the policy `repo_tenant` of";
    let other = "shows or takes other rows than it should";
    for (change, expected) in [
        (
            "ALTER TABLE tickets DISABLE ROW LEVEL SECURITY",
            "the table `tickets` has no row-level security".to_owned(),
        ),
        (
            "ALTER TABLE repo_audit NO FORCE ROW LEVEL SECURITY",
            "the table `repo_audit` does not force row-level security, which its owner passes by".into(),
        ),
        ("DROP POLICY repo_tenant ON tickets", format!("{tenant} `tickets` is missing")),
        ("ALTER POLICY repo_tenant ON tickets USING (true)", format!("{tenant} `tickets` {other}")),
        (
            "ALTER POLICY repo_tenant ON offers WITH CHECK (true)",
            format!("{tenant} `offers` {other}"),
        ),
        (
            "ALTER POLICY repo_tenant ON bills USING (shop = 'a' OR amount = 0)",
            format!("{tenant} `bills` {other}"),
        ),
        ("ALTER POLICY repo_tenant ON repo_audit USING (true)", format!("{tenant} `repo_audit` {other}")),
        (
            "ALTER POLICY repo_all_tenants ON repo_audit_heads USING (tenant <> '')",
            format!("the policy `repo_all_tenants` of `repo_audit_heads` {other}"),
        ),
        (
            "ALTER POLICY repo_all_tenants_lock ON tickets WITH CHECK (true)",
            format!("the policy `repo_all_tenants_lock` of `tickets` {other}"),
        ),
        (
            "DROP POLICY repo_all_tenants ON tickets; CREATE POLICY repo_all_tenants ON tickets \
             USING ((SELECT current_setting('repo.all_tenants', true) = 'on'))",
            "the policy `repo_all_tenants` of `tickets` is PERMISSIVE FOR ALL instead of PERMISSIVE FOR \
             SELECT"
                .into(),
        ),
        (
            "ALTER POLICY repo_tenant ON tickets TO pg_monitor",
            format!("{tenant} `tickets` is PERMISSIVE FOR ALL TO some roles instead of PERMISSIVE FOR ALL"),
        ),
        (
            "CREATE POLICY open ON tickets FOR SELECT USING (true)",
            "the policy `open` of `tickets` is none of ours, and lets through what they refuse".into(),
        ),
    ] {
        db.create_tables(&everything()).await.unwrap();
        scratch.admin(change).await;
        assert_eq!(findings(&db).await, [expected], "{change}");
        let drop = "DROP TABLE tickets, bills, offers, repo_audit, repo_audit_heads";
        scratch.admin(drop).await;
    }
}

#[tokio::test]
async fn a_policy_that_is_written_another_way_or_refuses_more_is_well() {
    let Some(scratch) = Scratch::of_a_role().await else { return };
    let db = secured(&scratch).connect().await.unwrap();
    db.create_tables(&everything()).await.unwrap();
    let same = "shop = nullif(current_setting('repo.tenant', true), '')";
    scratch
        .admin(&format!("ALTER POLICY repo_tenant ON bills USING ({same}) WITH CHECK ({same})"))
        .await;
    scratch.admin("CREATE POLICY more ON bills AS RESTRICTIVE USING (amount < 10)").await;
    assert_eq!(findings(&db).await, [""; 0]);
}
