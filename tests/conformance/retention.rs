//! Removing what was deleted long ago.

use chrono::{DateTime, TimeDelta, Utc};
use repo_core::testing::FixedClock;
use repo_core::{Action, Actor, AuditEntry, Database, Error, Purged, Session, Tenant, schema};
use uuid::Uuid;

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{ACME, BOLT, Fixture, acme, backend, bolt};

fn alice(db: &Database) -> Session<Tenant<Uuid>> {
    acme(db).actor("alice")
}

/// Deletes `count` projects of two tasks each, a second apart; returns the time of the first deletion.
async fn delete_projects(
    session: &Session<Tenant<Uuid>>,
    clock: &FixedClock,
    count: i64,
) -> DateTime<Utc> {
    let (projects, tasks) = (session.repo::<Project>(), session.repo::<Task>());
    let mut first = None;
    for number in 0..count {
        let project = projects.create(project(&number.to_string())).await.unwrap();
        let one = tasks.create(task(&format!("{number}-1"), &project)).await.unwrap();
        let below = NewTask { parent_id: Some(one.id), ..task(&format!("{number}-2"), &project) };
        tasks.create(below).await.unwrap();
        first.get_or_insert(project.created_at);
        projects.delete(project.id).await.unwrap();
        clock.advance(TimeDelta::seconds(1));
    }
    first.expect("at least one")
}

fn purged(rows: u64, below: u64) -> Purged {
    let mut purged = Purged::default();
    (purged.rows, purged.below) = (rows, below);
    purged
}

pub(crate) async fn what_was_deleted_before_is_removed(fixture: Fixture) {
    let (db, clock) = fixture.with_clock(&projects()).await;
    let session = alice(&db);
    let first = delete_projects(&session, &clock, 5).await;
    let projects = session.repo::<Project>();
    let live = projects.create(project("live")).await.unwrap();
    let before = first + TimeDelta::seconds(3);
    assert_eq!(projects.purge_deleted_before(first).await.unwrap(), purged(0, 0));
    for chunk in [1, 2, 3, 1_000] {
        let would = projects.purge_deleted_before(before).chunk(chunk).dry_run().await.unwrap();
        assert_eq!(would, purged(3, 6), "{chunk}");
    }
    assert_eq!(projects.query().only_deleted().count().await.unwrap(), 5);
    let removed = projects.purge_deleted_before(before).chunk(2).await.unwrap();
    assert_eq!(removed, purged(3, 6));
    let left = projects.query().only_deleted().all().await.unwrap();
    assert!(left.len() == 2 && left.iter().all(|row| row.deleted_at >= Some(before)));
    assert_eq!(session.repo::<Task>().query().only_deleted().count().await.unwrap(), 4);
    assert_eq!(projects.purge_deleted_before(before).await.unwrap(), purged(0, 0));
    assert_eq!(projects.all().await.unwrap(), [live]);
}

pub(crate) async fn each_removed_row_is_an_entry(fixture: Fixture) {
    let (db, clock) = fixture.with_clock(&projects()).await;
    let session = alice(&db).because("retention");
    let first = delete_projects(&session, &clock, 2).await;
    let projects = session.repo::<Project>();
    let nobody = acme(&db).repo::<Project>();
    let refused = nobody.purge_deleted_before(first + TimeDelta::days(1)).await;
    assert_error!(refused, Error::MissingActor { entity: "Project" });
    let entries = session.audit().count().await.unwrap();
    projects.purge_deleted_before(first + TimeDelta::days(1)).dry_run().await.unwrap();
    assert_eq!(session.audit().count().await.unwrap(), entries);
    projects.purge_deleted_before(first + TimeDelta::days(1)).await.unwrap();
    let purges = session.audit().filter(AuditEntry::ACTION.eq(Action::Purge));
    let purges = purges.order_by(AuditEntry::SEQ.asc()).all().await.unwrap();
    let told: Vec<_> = purges.iter().map(|entry| &*entry.entity).collect();
    assert_eq!(told, ["tasks", "tasks", "tasks", "tasks", "projects", "projects"]);
    assert!(purges.iter().all(|entry| entry.reason.as_deref() == Some("retention")));
    assert!(purges.iter().all(|entry| entry.before.is_some() && entry.after.is_none()));
}

pub(crate) async fn a_tree_is_removed_in_any_chunks(fixture: Fixture) {
    let (db, clock) = fixture.with_clock(&projects()).await;
    let session = alice(&db);
    let project = session.repo::<Project>().create(project("a")).await.unwrap();
    let tasks = session.repo::<Task>();
    for number in 0..3 {
        let mut last = None;
        for level in 0..4 {
            let code = format!("{number}-{level}");
            let new = NewTask { parent_id: last, ..task(&code, &project) };
            last = Some(tasks.create(new).await.unwrap().id);
            let hint = NewHint { task_id: last.expect("made"), project_id: None };
            session.repo::<Hint>().create(hint).await.unwrap();
        }
        // From below: each with a deletion of its own, the lowest first.
        while let Some(id) = last {
            last = tasks.get(id).await.unwrap().parent_id;
            tasks.delete(id).await.unwrap();
            clock.advance(TimeDelta::seconds(1));
        }
    }
    let before = project.created_at + TimeDelta::seconds(10);
    for chunk in [1, 3, 100] {
        let would = tasks.purge_deleted_before(before).chunk(chunk).dry_run().await.unwrap();
        assert_eq!(would, purged(10, 10), "{chunk}");
    }
    let removed = tasks.purge_deleted_before(before).chunk(3).await.unwrap();
    assert_eq!(removed, purged(10, 10));
    assert_eq!(tasks.query().with_deleted().count().await.unwrap(), 2);
}

pub(crate) async fn all_tenants_have_one_retention(fixture: Fixture) {
    let (db, clock) = fixture.with_clock(&projects()).await;
    let eve = bolt(&db).actor("eve");
    let first = delete_projects(&alice(&db), &clock, 2).await;
    delete_projects(&eve, &clock, 3).await;
    let before = first + TimeDelta::days(1);
    let job = db.all_tenants("retention").actor(Actor::System("cleanup"));
    let projects = job.repo::<Project>();
    let nobody = db.all_tenants("retention").repo::<Project>();
    let refused = nobody.purge_deleted_before(before).await;
    assert_error!(refused, Error::MissingActor { entity: "Project" });
    let would = projects.purge_deleted_before(before).chunk(1).dry_run().await.unwrap();
    assert_eq!(would, purged(5, 10));
    assert_eq!(projects.purge_deleted_before(before).chunk(2).await.unwrap(), would);
    for (session, tenant, rows) in [(alice(&db), ACME, 6), (eve, BOLT, 9)] {
        let purges = session.audit().filter(AuditEntry::ACTION.eq(Action::Purge));
        let purges = purges.all().await.unwrap();
        assert_eq!(purges.len(), rows);
        assert!(purges.iter().all(|entry| entry.tenant == tenant.to_string()
            && entry.actor == Actor::System("cleanup".to_owned())
            && entry.reason.as_deref() == Some("retention")));
    }
}

pub(crate) async fn one_tenant_removes_its_own(fixture: Fixture) {
    let (db, clock) = fixture.with_clock(&projects()).await;
    let eve = bolt(&db).actor("eve");
    let first = delete_projects(&alice(&db), &clock, 2).await;
    delete_projects(&eve, &clock, 1).await;
    let later = first + TimeDelta::days(1);
    let removed = eve.repo::<Project>().purge_deleted_before(later).await.unwrap();
    assert_eq!(removed, purged(1, 2));
    let left = db.all_tenants("a case").actor("auditor").repo::<Project>();
    let left = left.query().only_deleted();
    assert!(left.all().await.unwrap().iter().all(|row| row.tenant_id == ACME));
}

pub(crate) async fn what_belongs_to_no_tenant_is_removed_without_one(fixture: Fixture) {
    let (db, clock) = fixture.with_clock(&schema![Notice]).await;
    let notices = db.session().repo::<Notice>();
    for _ in 0..5 {
        let notice = notices.create(NewNotice {}).await.unwrap();
        notices.delete(notice.id).await.unwrap();
    }
    clock.advance(TimeDelta::seconds(1));
    let now = repo_core::Clock::now(&clock);
    let nothing = notices.purge_deleted_before(now).chunk(0).await;
    assert_error!(nothing, Error::InvalidInput { column, .. } if column == "chunk");
    let stranger = Database::new(std::sync::Arc::clone(backend(&db))).session();
    let unknown = stranger.repo::<Notice>().purge_deleted_before(now).await;
    assert_error!(unknown, Error::Configuration { .. });
    let inside: Result<Purged, Error> = db
        .session()
        .transaction(async |tx| tx.repo::<Notice>().purge_deleted_before(now).chunk(2).await)
        .await;
    assert_eq!(inside.unwrap(), purged(5, 0));
}
