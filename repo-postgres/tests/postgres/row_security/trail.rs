//! The tables of the audit trail: entries of a tenant are its own, those that belong to none everybody's.

use repo_core::backend::{Access, Backend as _, Reach};
use repo_core::{Error, Repository, Value, schema};
use uuid::Uuid;

use super::{number, secured};
use crate::scratch::{Scratch, no_rows, statement};

#[derive(Debug, Repository)]
#[repository(table = "payments", tenant, audited)]
struct Payment {
    id: Uuid,
    tenant_id: Uuid,
    amount: i64,
}

#[tokio::test]
async fn a_chain_is_its_tenants_and_the_shared_one_is_everybodys() {
    let Some(scratch) = Scratch::of_a_role().await else { return };
    let pool = secured(&scratch).connect_backend().await.unwrap();
    let db = repo_core::Database::new(std::sync::Arc::new(pool.clone()));
    db.create_tables(&schema![Payment]).await.unwrap();
    let insert = "INSERT INTO repo_audit_heads (tenant, seq, prev_hash, hash) \
        VALUES ($1, 1, '', '') ON CONFLICT DO NOTHING";
    let acme = pool.within(&Reach::Tenant("acme".into())).unwrap();
    let all = pool.within(&Reach::All).unwrap();
    for (tenant, takes) in [("acme", true), ("", true), ("bolt", false)] {
        let params = [Value::Text(tenant.into())];
        let taken = acme.run(statement(insert, &params, Access::Write), &mut no_rows).await;
        if takes {
            assert_eq!(taken.unwrap(), 1);
        } else {
            assert!(matches!(taken, Err(Error::TenantMismatch { .. })), "{taken:?}");
        }
    }
    let count = "SELECT count(*) FROM repo_audit_heads";
    let bolt = pool.within(&Reach::Tenant("bolt".into())).unwrap();
    let params = [Value::Text("bolt".into())];
    bolt.run(statement(insert, &params, Access::Write), &mut no_rows).await.unwrap();
    assert_eq!(number(&*acme, count).await.unwrap(), 2);
    assert_eq!(number(&*bolt, count).await.unwrap(), 2);
    assert_eq!(number(&pool, count).await.unwrap(), 1, "the shared one");
    assert_eq!(number(&*all, count).await.unwrap(), 3);
    let params = [Value::Text("cove".into())];
    all.run(statement(insert, &params, Access::Write), &mut no_rows).await.unwrap();
    assert_eq!(
        number(&*all, count).await.unwrap(),
        4,
        "what is removed is recorded with its tenant"
    );
    assert_eq!(number(&*acme, "SELECT count(*) FROM repo_audit").await.unwrap(), 0);
}
