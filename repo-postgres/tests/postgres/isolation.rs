//! What is said of a race where each transaction sees one snapshot, as a role may have it by default.

use std::time::Duration;

use chrono::{DateTime, Utc};
use repo_core::{Error, Isolation, Repository, TransactionOptions, schema};
use uuid::Uuid;

use crate::scratch::Scratch;

const ACME: Uuid = Uuid::from_u128(7);

#[derive(Debug, Clone, Repository)]
#[repository(table = "projects", tenant, soft_delete)]
struct Project {
    id: Uuid,
    tenant_id: Uuid,
    name: String,
    deleted_at: Option<DateTime<Utc>>,
    #[repository(deletion_id)]
    deletion_id: Option<Uuid>,
}

/// Goes with either of two.
#[derive(Debug, Clone, Repository)]
#[repository(table = "bonds", tenant, soft_delete)]
struct Bond {
    id: Uuid,
    tenant_id: Uuid,
    #[repository(references = Project, on_delete = cascade)]
    from_id: Uuid,
    #[repository(references = Project, on_delete = cascade)]
    to_id: Uuid,
    deleted_at: Option<DateTime<Utc>>,
    #[repository(deletion_id)]
    deletion_id: Option<Uuid>,
}

#[derive(Debug, Clone, Repository)]
#[repository(table = "tasks", tenant, soft_delete)]
struct Task {
    id: Uuid,
    tenant_id: Uuid,
    #[repository(references = Project, on_delete = cascade)]
    project_id: Uuid,
    deleted_at: Option<DateTime<Utc>>,
    #[repository(deletion_id)]
    deletion_id: Option<Uuid>,
}

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
    let session = db.tenant(ACME).actor("alice");
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

#[tokio::test]
async fn what_others_read_meanwhile_is_no_conflict_of_versions() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.options().connect().await.unwrap();
    db.create_tables(&schema![Meter]).await.unwrap();
    let session = db.tenant(ACME).actor("alice");
    let new = (0..2).map(|_| NewMeter { count: 1 });
    let rows = session.repo::<Meter>().create_many(new).await.unwrap();
    let serializable = || TransactionOptions::new().isolation(Isolation::Serializable);
    let first = session.begin_with(serializable()).await.unwrap();
    let second = session.begin_with(serializable()).await.unwrap();
    for tx in [&first, &second] {
        assert_eq!(tx.repo::<Meter>().all().await.unwrap().len(), 2);
    }
    let patch = || MeterPatch::new().count(0);
    first.repo::<Meter>().patch(rows[0].id, patch()).if_version(1).await.unwrap();
    first.commit().await.unwrap();
    let error = second.repo::<Meter>().patch(rows[1].id, patch()).if_version(1).await.unwrap_err();
    assert!(error.is_retryable(), "{error:?}");
    second.rollback().await.unwrap();
    session.repo::<Meter>().patch(rows[1].id, patch()).if_version(1).await.unwrap();
}

#[tokio::test]
async fn a_row_that_is_added_while_its_parent_is_deleted_goes_along_whatever_the_default_is() {
    for default in ["read committed", "repeatable read", "serializable"] {
        let Some(scratch) = Scratch::of_a_role().await else { return };
        let role = scratch.role();
        let level = format!("ALTER ROLE {role} SET default_transaction_isolation = '{default}'");
        scratch.admin(&level).await;
        let db = scratch.options().pool_size(4).connect().await.unwrap();
        db.create_tables(&schema![Project, Task]).await.unwrap();
        let session = db.tenant(ACME);
        let projects = session.repo::<Project>();
        for how in 0..3 {
            let project = projects.create(NewProject { name: "a".to_owned() }).await.unwrap();
            let adding = session.begin().await.unwrap();
            let task = NewTask { project_id: project.id };
            let task = adding.repo::<Task>().create(task).await.unwrap();
            let delete = async {
                match how {
                    0 => projects.delete(project.id).await,
                    1 => projects.delete_many([project.id]).await,
                    _ => projects.query().delete_in_chunks(10).await.map(drop),
                }
            };
            let commit = async {
                tokio::time::sleep(Duration::from_millis(100)).await;
                adding.commit().await
            };
            let (deleted, committed) = tokio::join!(delete, commit);
            committed.unwrap();
            deleted.unwrap();
            let left = session.repo::<Task>().find(task.id).await.unwrap();
            assert!(left.is_none(), "{default}: its project is deleted");
        }
    }
}

#[tokio::test]
async fn a_snapshot_that_hides_what_would_go_along_deletes_nothing() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.options().pool_size(4).connect().await.unwrap();
    db.create_tables(&schema![Project, Task]).await.unwrap();
    let session = db.tenant(ACME);
    let project = NewProject { name: "a".to_owned() };
    let project = session.repo::<Project>().create(project).await.unwrap();
    for (isolation, many) in [
        (Isolation::RepeatableRead, false),
        (Isolation::RepeatableRead, true),
        (Isolation::Serializable, false),
        (Isolation::Serializable, true),
    ] {
        let options = TransactionOptions::new().isolation(isolation);
        let deleting = session.begin_with(options).await.unwrap();
        deleting.repo::<Project>().get(project.id).await.unwrap();
        let task = NewTask { project_id: project.id };
        session.repo::<Task>().create(task).await.unwrap();
        let projects = deleting.repo::<Project>();
        let deleted = match many {
            true => projects.delete_many([project.id]).await,
            false => projects.delete(project.id).await,
        };
        let ended = match deleted {
            Ok(()) => deleting.commit().await,
            Err(error) => deleting.rollback().await.and(Err(error)),
        };
        let error = ended.expect_err("a task that the snapshot does not show");
        assert!(matches!(error, Error::Unsupported { .. }), "{isolation:?}: {error:?}");
        session.repo::<Project>().get(project.id).await.unwrap();
    }
}

#[tokio::test]
async fn a_snapshot_that_hides_which_parents_are_back_restores_nothing() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.options().pool_size(4).connect().await.unwrap();
    db.create_tables(&schema![Project, Bond]).await.unwrap();
    let session = db.tenant(ACME);
    let (projects, bonds) = (session.repo::<Project>(), session.repo::<Bond>());
    let new = ["a", "b"].map(|name| NewProject { name: name.to_owned() });
    let both = projects.create_many(new).await.unwrap();
    let bond = NewBond { from_id: both[0].id, to_id: both[1].id };
    let bond = bonds.create(bond).await.unwrap();
    projects.delete_many([both[0].id, both[1].id]).await.unwrap();
    let options = TransactionOptions::new().isolation(Isolation::RepeatableRead);
    let restoring = session.begin_with(options).await.unwrap();
    assert_eq!(restoring.repo::<Project>().count().await.unwrap(), 0);
    projects.restore(both[0].id).await.unwrap();
    let refused = restoring.repo::<Project>().restore(both[1].id).await;
    assert!(matches!(refused, Err(Error::Unsupported { .. })), "{refused:?}");
    restoring.rollback().await.unwrap();
    projects.restore(both[1].id).await.unwrap();
    bonds.get(bond.id).await.unwrap();
}
