//! What is said of a race where each transaction sees one snapshot, as a role may have it by default.

use repo_core::{Repository, schema};
use uuid::Uuid;

use crate::scratch::Scratch;

#[derive(Debug, Clone, Repository)]
#[repository(table = "meters", tenant, versioned, audited)]
struct Meter {
    id: Uuid,
    tenant_id: Uuid,
    count: i64,
    version: i64,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_race_for_the_chain_is_no_conflict_of_versions() {
    let Some(scratch) = Scratch::of_a_role().await else { return };
    let role = scratch.role();
    let snapshots =
        format!("ALTER ROLE {role} SET default_transaction_isolation = 'repeatable read'");
    scratch.admin(&snapshots).await;
    let db = scratch.options().pool_size(8).connect().await.unwrap();
    db.create_tables(&schema![Meter]).await.unwrap();
    let session = db.tenant(Uuid::from_u128(7)).actor("alice");
    let new = (0..8).map(|_| NewMeter { count: 0 });
    let rows = session.repo::<Meter>().create_many(new).await.unwrap();
    let mut writers = Vec::new();
    for Meter { id, .. } in rows {
        let session = session.clone();
        writers.push(tokio::spawn(async move {
            let meters = session.repo::<Meter>();
            for version in 1..10 {
                // Nobody else changes this row.
                while let Err(error) =
                    meters.patch(id, MeterPatch::new().count(version)).if_version(version).await
                {
                    assert!(error.is_retryable() && !error.is_version_conflict(), "{error}");
                }
            }
            let stale = meters.patch(id, MeterPatch::new().count(0)).if_version(1).await;
            assert!(stale.unwrap_err().is_version_conflict());
        }));
    }
    for writer in writers {
        writer.await.unwrap();
    }
}
