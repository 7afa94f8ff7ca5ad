//! Rows that are deleted with the row that they refer to, and come back with it.

use chrono::{DateTime, TimeDelta, Utc};
use repo_core::{
    Action, AuditEntry, Database, Error, Repository, Session, Tenant, TransactionOptions,
    WindowRequest, schema,
};
use uuid::Uuid;

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{Fixture, acme, backend, bolt};

/// A session of the tenant in which alice acts.
fn alice(db: &Database) -> Session<Tenant<Uuid>> {
    acme(db).actor("alice")
}

/// A project with two tasks, a task below the first, and hints of all three.
struct Plan {
    project: Project,
    tasks: Vec<Task>,
    hints: Vec<Hint>,
}

async fn plan(session: &Session<Tenant<Uuid>>, name: &str) -> Plan {
    let project = session.repo::<Project>().create(project(name)).await.unwrap();
    let tasks = session.repo::<Task>();
    let first = tasks.create(task(&format!("{name}-1"), &project)).await.unwrap();
    let second = tasks.create(task(&format!("{name}-2"), &project)).await.unwrap();
    let below = NewTask { parent_id: Some(first.id), ..task(&format!("{name}-3"), &project) };
    let below = tasks.create(below).await.unwrap();
    let tasks = vec![first, second, below];
    let new = |(at, task): (usize, &Task)| NewHint {
        task_id: task.id,
        project_id: (at == 0).then_some(project.id),
    };
    let hints = tasks.iter().enumerate().map(new).collect::<Vec<_>>();
    let hints = session.repo::<Hint>().create_many(hints).await.unwrap();
    Plan { project, tasks, hints }
}

/// The actions of the trail from an entry on, with the entity.
async fn actions(session: &Session<Tenant<Uuid>>, from: i64) -> Vec<(Action, String)> {
    let entries = session.audit().filter(AuditEntry::SEQ.ge(from));
    let entries = entries.order_by(AuditEntry::SEQ.asc()).all().await.unwrap();
    entries.into_iter().map(|entry| (entry.action, entry.entity)).collect()
}

pub(crate) async fn children_are_deleted_with_their_parent(fixture: Fixture) {
    let (db, clock) = fixture.with_clock(&projects()).await;
    let session = alice(&db);
    let (gone, stays) = (plan(&session, "a").await, plan(&session, "b").await);
    clock.advance(TimeDelta::seconds(1));
    session.repo::<Project>().delete(gone.project.id).await.unwrap();
    assert_eq!(session.repo::<Project>().all().await.unwrap(), [stays.project]);
    assert_eq!(session.repo::<Task>().all().await.unwrap(), stays.tasks);
    assert_eq!(session.repo::<Hint>().all().await.unwrap(), stays.hints);
    let project = session.repo::<Project>().query().only_deleted().one().await.unwrap();
    let now = gone.project.created_at + TimeDelta::seconds(1);
    assert_eq!((project.version, project.deleted_at), (2, Some(now)));
    let deletion = project.deletion_id.expect("a deletion");
    assert_eq!(deletion.get_version_num(), 7);
    for (was, is) in gone
        .tasks
        .into_iter()
        .zip(session.repo::<Task>().query().only_deleted().all().await.unwrap())
    {
        let expected = Task {
            version: 2,
            updated_at: now,
            deleted_at: Some(now),
            deletion_id: Some(deletion),
            ..was
        };
        assert_eq!(is, expected);
    }
    let hints = session.repo::<Hint>().query().only_deleted().all().await.unwrap();
    let marks: Vec<_> = hints.iter().map(|hint| (hint.gone, hint.gone_with)).collect();
    assert_eq!(marks, [(Some(now), Some(deletion)); 3]);
}

pub(crate) async fn each_deleted_child_is_an_entry(fixture: Fixture) {
    let db = fixture.with(&projects()).await;
    let session = alice(&db).because("a test");
    let plan = plan(&session, "a").await;
    session.repo::<Project>().delete(plan.project.id).await.unwrap();
    session.repo::<Project>().restore(plan.project.id).await.unwrap();
    let one =
        |action| ["projects", "tasks", "tasks", "tasks"].map(|entity| (action, entity.to_owned()));
    assert_eq!(actions(&session, 5).await, [one(Action::Delete), one(Action::Restore)].concat());
    let task = plan.tasks[2].id.to_string();
    let entries = session.audit().filter(AuditEntry::ENTITY_ID.eq(&*task));
    let entries = entries.order_by(AuditEntry::SEQ.asc()).all().await.unwrap();
    let [_, delete, restore] = &entries[..] else { panic!("{entries:?}") };
    assert_eq!(delete.reason.as_deref(), Some("a test"));
    let before = delete.before.as_ref().unwrap().as_str();
    assert!(
        before.contains("\"code\":\"a-3\"") && before.contains("\"deletion_id\":null"),
        "{before}"
    );
    let after = delete.after.as_ref().unwrap().as_str();
    assert!(after.contains("\"version\":\"2\"") && after.contains("\"deletion_id\":\""), "{after}");
    let after = restore.after.as_ref().unwrap().as_str();
    assert!(
        after.contains("\"version\":\"3\"") && after.contains("\"deleted_at\":null"),
        "{after}"
    );
    let wanted = [delete.at, restore.at].map(|at| at.timestamp_subsec_nanos() % 1000);
    assert_eq!(wanted, [0, 0]);
}

pub(crate) async fn exactly_what_it_deleted_comes_back(fixture: Fixture) {
    let (db, clock) = fixture.with_clock(&projects()).await;
    let session = alice(&db);
    let plan = plan(&session, "a").await;
    let (projects, tasks) = (session.repo::<Project>(), session.repo::<Task>());
    // Alone, in the same moment: time does not tell the two deletions apart.
    tasks.delete(plan.tasks[0].id).await.unwrap();
    assert_eq!(tasks.all().await.unwrap(), [plan.tasks[1].clone()], "the task below went with it");
    projects.delete(plan.project.id).await.unwrap();
    assert_eq!(tasks.count().await.unwrap(), 0);
    clock.advance(TimeDelta::seconds(1));
    let restored = projects.restore(plan.project.id).await.unwrap();
    assert_eq!((restored.version, restored.deleted_at, restored.deletion_id), (3, None, None));
    let now = plan.project.created_at + TimeDelta::seconds(1);
    let second = Task { version: 3, updated_at: now, ..plan.tasks[1].clone() };
    assert_eq!(tasks.all().await.unwrap(), [second]);
    assert_eq!(session.repo::<Hint>().all().await.unwrap(), [plan.hints[1].clone()]);
    tasks.restore(plan.tasks[0].id).await.unwrap();
    assert_eq!(tasks.count().await.unwrap(), 3);
    assert_eq!(session.repo::<Hint>().all().await.unwrap(), plan.hints);
}

pub(crate) async fn a_long_line_of_rows_goes_and_comes_back(fixture: Fixture) {
    let db = fixture.with(&projects()).await;
    let session = alice(&db);
    let project = session.repo::<Project>().create(project("a")).await.unwrap();
    let other = session.repo::<Project>().create(self::project("b")).await.unwrap();
    let tasks = session.repo::<Task>();
    let first = tasks.create(task("first", &project)).await.unwrap();
    let mut last = first.id;
    for number in 0..30 {
        let new = NewTask { parent_id: Some(last), ..task(&number.to_string(), &other) };
        last = tasks.create(new).await.unwrap().id;
    }
    session.repo::<Project>().delete(project.id).await.unwrap();
    assert_eq!(tasks.count().await.unwrap(), 0, "across another project, to the end");
    session.repo::<Project>().restore(project.id).await.unwrap();
    assert_eq!(tasks.count().await.unwrap(), 31);
}

pub(crate) async fn rows_that_refer_to_each_other_go_together(fixture: Fixture) {
    let db = fixture.with(&projects()).await;
    let session = alice(&db);
    let plan = plan(&session, "a").await;
    let tasks = session.repo::<Task>();
    let [first, _, third] = &plan.tasks[..] else { panic!("three tasks") };
    tasks.patch(first.id, TaskPatch::new().parent_id(Some(third.id))).await.unwrap();
    tasks.delete(third.id).await.unwrap();
    assert_eq!(tasks.all().await.unwrap(), [plan.tasks[1].clone()]);
    tasks.restore(third.id).await.unwrap();
    assert_eq!(tasks.count().await.unwrap(), 3);
}

pub(crate) async fn a_child_stays_deleted_while_its_parent_is(fixture: Fixture) {
    let db = fixture.with(&projects()).await;
    let session = alice(&db);
    let plan = plan(&session, "a").await;
    let tasks = session.repo::<Task>();
    session.repo::<Project>().delete(plan.project.id).await.unwrap();
    let restored = tasks.restore(plan.tasks[1].id).await;
    assert_error!(restored, Error::ParentDeleted { entity: "Task", parent: "Project" });
    let restored = session.repo::<Hint>().restore(plan.hints[1].id).await;
    assert_error!(restored, Error::ParentDeleted { entity: "Hint", parent: "Task" });
    assert_eq!(tasks.count().await.unwrap(), 0);
}

pub(crate) async fn a_row_of_two_parents_comes_back_when_both_are_there(fixture: Fixture) {
    let db = fixture.with(&projects()).await;
    let session = alice(&db);
    let (first, second) = (plan(&session, "a").await, plan(&session, "b").await);
    let (projects, hints) = (session.repo::<Project>(), session.repo::<Hint>());
    let new = NewHint { task_id: first.tasks[1].id, project_id: Some(second.project.id) };
    let both = hints.create(new).await.unwrap();
    projects.delete(first.project.id).await.unwrap();
    projects.delete(second.project.id).await.unwrap();
    // The first deletion took it.
    projects.restore(second.project.id).await.unwrap();
    assert_eq!(hints.all().await.unwrap(), second.hints);
    projects.delete(second.project.id).await.unwrap();
    let restored = projects.restore(first.project.id).await;
    assert_error!(restored, Error::ParentDeleted { entity: "Hint", parent: "Project" });
    assert_eq!(projects.count().await.unwrap(), 0, "nothing came back");
    assert_eq!(session.repo::<Task>().count().await.unwrap(), 0);
    projects.restore(second.project.id).await.unwrap();
    projects.restore(first.project.id).await.unwrap();
    assert_eq!(hints.get(both.id).await.unwrap(), both);
}

pub(crate) async fn a_row_comes_back_as_it_was_also_to_one_that_has_gone_since(fixture: Fixture) {
    let db = fixture.with(&projects()).await;
    let session = alice(&db);
    let plan = plan(&session, "a").await;
    let (tasks, persons) = (session.repo::<Task>(), session.repo::<Person>());
    let eve = persons.create(NewPerson { name: "eve".to_owned() }).await.unwrap();
    tasks.patch(plan.tasks[1].id, TaskPatch::new().owner_id(Some(eve.id))).await.unwrap();
    session.repo::<Project>().delete(plan.project.id).await.unwrap();
    persons.delete(eve.id).await.unwrap();
    session.repo::<Project>().restore(plan.project.id).await.unwrap();
    assert_eq!(tasks.get(plan.tasks[1].id).await.unwrap().owner_id, Some(eve.id));
}

pub(crate) async fn a_child_that_collides_keeps_all_deleted(fixture: Fixture) {
    let db = fixture.with(&projects()).await;
    let session = alice(&db);
    let (old, new) = (plan(&session, "a").await, plan(&session, "b").await);
    session.repo::<Project>().delete(old.project.id).await.unwrap();
    session.repo::<Task>().create(task("a-3", &new.project)).await.unwrap();
    let before = session.audit().count().await.unwrap();
    let restored = session.repo::<Project>().restore(old.project.id).await;
    assert_error!(restored, Error::RestoreConflict { entity: "Task", columns } if columns == ["code"]);
    assert_eq!(session.repo::<Project>().all().await.unwrap(), [new.project]);
    assert_eq!(session.repo::<Task>().count().await.unwrap(), 4);
    assert_eq!(session.audit().count().await.unwrap(), before);
}

pub(crate) async fn a_failed_cascade_is_survived_by_its_transaction(fixture: Fixture) {
    let db = fixture.with(&projects()).await;
    let session = alice(&db);
    let plan = plan(&session, "a").await;
    session.repo::<Project>().delete(plan.project.id).await.unwrap();
    let done: Result<(), Error> = session
        .transaction(async |tx| {
            let other = tx.repo::<Project>().create(project("b")).await?;
            tx.repo::<Task>().create(task("a-1", &other)).await?;
            let restored = tx.repo::<Project>().restore(plan.project.id).await;
            assert_error!(restored, Error::RestoreConflict { .. });
            tx.repo::<Project>().delete(other.id).await?;
            tx.repo::<Project>().restore(plan.project.id).await.map(drop)
        })
        .await;
    done.unwrap();
    assert_eq!(session.repo::<Task>().all().await.unwrap().len(), 3);
}

pub(crate) async fn the_version_is_that_of_the_row_itself(fixture: Fixture) {
    let db = fixture.with(&projects()).await;
    let session = alice(&db);
    let plan = plan(&session, "a").await;
    let projects = session.repo::<Project>();
    let deleted = projects.delete(plan.project.id).if_version(7).await;
    assert_error!(deleted, Error::VersionConflict { expected: 7, actual: Some(1), .. });
    assert_eq!(session.repo::<Task>().all().await.unwrap(), plan.tasks);
    projects.delete(plan.project.id).if_version(1).await.unwrap();
    assert_error!(
        projects.delete(plan.project.id).await,
        Error::NotFound { entity: "Project", .. }
    );
    let restored = projects.restore(plan.project.id).if_version(1).await;
    assert_error!(restored, Error::VersionConflict { expected: 1, actual: Some(2), .. });
    projects.restore(plan.project.id).if_version(2).await.unwrap();
    assert_error!(projects.restore(plan.project.id).await, Error::NotDeleted { .. });
    assert_eq!(session.repo::<Task>().count().await.unwrap(), 3);
}

pub(crate) async fn no_row_of_another_tenant_goes_along(fixture: Fixture) {
    let db = fixture.with(&projects()).await;
    let ours = plan(&alice(&db), "a").await;
    let eve = bolt(&db).actor("eve");
    let theirs = eve.repo::<Project>().delete(ours.project.id).await;
    assert_error!(theirs, Error::NotFound { entity: "Project", .. });
    assert_eq!(alice(&db).repo::<Task>().all().await.unwrap(), ours.tasks);
    alice(&db).repo::<Project>().delete(ours.project.id).await.unwrap();
    assert_error!(eve.repo::<Project>().restore(ours.project.id).await, Error::NotFound { .. });
    assert_error!(eve.repo::<Project>().purge(ours.project.id).await, Error::NotFound { .. });
    assert_eq!(eve.audit().count().await.unwrap(), 0);
}

pub(crate) async fn nobody_deletes_what_is_recorded(fixture: Fixture) {
    let db = fixture.with(&projects()).await;
    let plan = plan(&alice(&db), "a").await;
    let deleted = acme(&db).repo::<Project>().delete(plan.project.id).await;
    assert_error!(deleted, Error::MissingActor { entity: "Project" });
    let album = fixture.with(&schema![Album, Track, Play]).await.session().repo::<Album>();
    let made = album.create(NewAlbum { title: "a".to_owned() }).await.unwrap();
    assert_error!(album.delete(made.id).await, Error::MissingActor { entity: "Play" });
    assert!(album.exists(made.id).await.unwrap());
}

pub(crate) async fn what_goes_along_must_be_known(fixture: Fixture) {
    let known = fixture.with(&projects()).await;
    let plan = plan(&alice(&known), "a").await;
    let stranger = Database::new(std::sync::Arc::clone(backend(&known)));
    let projects = alice(&stranger).repo::<Project>();
    assert_error!(projects.delete(plan.project.id).await, Error::Configuration { .. });
    assert_error!(projects.restore(plan.project.id).await, Error::Configuration { .. });
    assert_error!(projects.purge(plan.project.id).await, Error::Configuration { .. });
    assert_eq!(alice(&known).repo::<Task>().all().await.unwrap(), plan.tasks);
    let incomplete = stranger.register(&schema![Task]);
    assert_error!(incomplete, Error::InvalidSchema { .. });
    // Clones know the same, whatever their clock.
    let clone = stranger.clone().with_ids(repo_core::UuidV7::default());
    clone.register(&self::projects()).unwrap();
    projects.delete(plan.project.id).await.unwrap();
    assert_eq!(alice(&known).repo::<Task>().count().await.unwrap(), 0);
}

pub(crate) async fn what_is_recorded_is_removed_row_by_row(fixture: Fixture) {
    let db = fixture.with(&schema![Album, Track, Play]).await;
    let session = db.session().actor("alice");
    let (albums, tracks) = (session.repo::<Album>(), session.repo::<Track>());
    let album = albums.create(NewAlbum { title: "a".to_owned() }).await.unwrap();
    let track = |remix_of| NewTrack { album_id: album.id, remix_of };
    let first = tracks.create(track(None)).await.unwrap();
    let remix = tracks.create(track(Some(first.id))).await.unwrap();
    let plays = [first.id, remix.id, remix.id].map(|track_id| NewPlay { track_id });
    session.repo::<Play>().create_many(plays).await.unwrap();
    // Whoever removes them by hand would leave no entry.
    let mut raw = backend(&db).begin(TransactionOptions::new()).await.unwrap();
    assert!(raw.execute_script("DELETE FROM albums").await.is_err());
    raw.rollback().await.unwrap();
    albums.delete(album.id).await.unwrap();
    assert_eq!(session.repo::<Play>().count().await.unwrap(), 0);
    assert_eq!(tracks.count().await.unwrap(), 0);
    let deleted =
        session.audit().filter(AuditEntry::ACTION.eq(Action::Delete)).all().await.unwrap();
    assert_eq!(deleted.len(), 3);
    assert!(deleted.iter().all(|entry| entry.before.is_some() && entry.after.is_none()));
}

pub(crate) async fn what_is_recorded_is_not_removed_by_who_does_not_know_it(fixture: Fixture) {
    let db = fixture.with(&schema![Album, Track, Play]).await;
    let session = db.session().actor("alice");
    let album = session.repo::<Album>().create(NewAlbum { title: "a".to_owned() }).await.unwrap();
    let new = NewTrack { album_id: album.id, remix_of: None };
    let track = session.repo::<Track>().create(new).await.unwrap();
    session.repo::<Play>().create(NewPlay { track_id: track.id }).await.unwrap();
    let stranger = Database::new(std::sync::Arc::clone(backend(&db))).session();
    let deleted = stranger.repo::<Album>().delete(album.id).await;
    assert_error!(deleted, Error::ForeignKey { entity: "Album", .. });
    assert_eq!(session.repo::<Play>().count().await.unwrap(), 1);
}

pub(crate) async fn a_purge_removes_what_went_along(fixture: Fixture) {
    let db = fixture.with(&projects()).await;
    let session = alice(&db);
    let (gone, stays) = (plan(&session, "a").await, plan(&session, "b").await);
    let hours = |task: &Task| NewHours { task_id: task.id, spent: 1 };
    let spent = [hours(&gone.tasks[2]), hours(&stays.tasks[0])];
    session.repo::<Hours>().create_many(spent).await.unwrap();
    session.repo::<Project>().delete(gone.project.id).await.unwrap();
    assert_eq!(session.repo::<Hours>().count().await.unwrap(), 2, "they keep no mark");
    let from = i64::try_from(session.audit().count().await.unwrap()).unwrap() + 1;
    session.repo::<Project>().purge(gone.project.id).await.unwrap();
    let purged = |entity: &str| (Action::Purge, entity.to_owned());
    let expected =
        [purged("hours"), purged("tasks"), purged("tasks"), purged("tasks"), purged("projects")];
    assert_eq!(actions(&session, from).await, expected);
    let left = session.repo::<Task>().query().with_deleted();
    assert_eq!(left.window(WindowRequest::first(9)).await.unwrap().items, stays.tasks);
    assert_eq!(session.repo::<Hint>().query().with_deleted().all().await.unwrap(), stays.hints);
    let live = session.repo::<Project>().purge(stays.project.id).await;
    assert_error!(live, Error::NotDeleted { entity: "Project", .. });
    assert_eq!(session.repo::<Hours>().count().await.unwrap(), 1);
}

/// Marked when it is deleted.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "cabins", soft_delete)]
struct Cabin {
    id: Uuid,
    deleted_at: Option<DateTime<Utc>>,
    #[repository(deletion_id)]
    deletion_id: Option<Uuid>,
}

/// Keeps no mark.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "cots")]
struct Cot {
    id: Uuid,
    #[repository(references = Cabin, on_delete = cascade)]
    cabin_id: Uuid,
}

/// Marked when it is deleted by itself.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "covers", soft_delete, events)]
struct Cover {
    id: Uuid,
    #[repository(references = Cot, on_delete = cascade)]
    cot_id: Uuid,
    deleted_at: Option<DateTime<Utc>>,
    #[repository(deletion_id)]
    deletion_id: Option<Uuid>,
}

pub(crate) async fn below_a_row_that_keeps_no_mark_rows_are_removed_with_it(fixture: Fixture) {
    let db = fixture.with(&schema![Cabin, Cot, Cover]).await;
    let session = db.session();
    let (cabins, cots, covers) =
        (session.repo::<Cabin>(), session.repo::<Cot>(), session.repo::<Cover>());
    let cabin = cabins.create(NewCabin {}).await.unwrap();
    let count = async || {
        let stored = covers.query().with_deleted().count().await.unwrap();
        (cots.count().await.unwrap(), covers.count().await.unwrap(), stored)
    };
    for is_purged in [false, true] {
        let cot = cots.create(NewCot { cabin_id: cabin.id }).await.unwrap();
        let both = [cot.id, cot.id].map(|cot_id| NewCover { cot_id });
        let both = covers.create_many(both).await.unwrap();
        covers.delete(both[0].id).await.unwrap();
        if is_purged {
            cabins.delete(cabin.id).await.unwrap();
            assert_eq!(count().await, (1, 1, 2), "what is below is found still");
            cabins.purge(cabin.id).await.unwrap();
        } else {
            cots.delete(cot.id).await.unwrap();
        }
        assert_eq!(count().await, (0, 0, 0));
    }
}
