//! No row comes to refer to a deleted one.

use std::sync::Arc;

use repo_core::testing::{Event as Noted, Recorder};
use repo_core::{Database, Error, Session, Tenant};
use uuid::Uuid;

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{Fixture, NOBODY, acme, backend, bolt};

fn alice(db: &Database) -> Session<Tenant<Uuid>> {
    acme(db).actor("alice")
}

/// A deleted project and a live one, a deleted person and a live one.
struct People {
    gone: Project,
    here: Project,
    lost: Person,
    eve: Person,
}

async fn people(session: &Session<Tenant<Uuid>>) -> People {
    let (projects, persons) = (session.repo::<Project>(), session.repo::<Person>());
    let person = |name: &str| NewPerson { name: name.to_owned() };
    let people = People {
        gone: projects.create(project("gone")).await.unwrap(),
        here: projects.create(project("here")).await.unwrap(),
        lost: persons.create(person("lost")).await.unwrap(),
        eve: persons.create(person("eve")).await.unwrap(),
    };
    projects.delete(people.gone.id).await.unwrap();
    persons.delete(people.lost.id).await.unwrap();
    people
}

pub(crate) async fn nothing_is_created_under_a_deleted_parent(fixture: Fixture) {
    let db = fixture.with(&projects()).await;
    let session = alice(&db);
    let People { gone, here, lost, eve } = people(&session).await;
    let tasks = session.repo::<Task>();
    let created = tasks.create(task("a", &gone)).await;
    assert_error!(created, Error::ParentDeleted { entity: "Task", parent: "Project" });
    let of = |owner: &Person, project| NewTask { owner_id: Some(owner.id), ..task("a", project) };
    let created = tasks.create(of(&lost, &here)).await;
    assert_error!(created, Error::ParentDeleted { entity: "Task", parent: "Person" });
    let created = tasks.create_many([of(&eve, &here), task("b", &here), task("c", &gone)]).await;
    assert_error!(created, Error::ParentDeleted { entity: "Task", parent: "Project" });
    let task = tasks.create(of(&eve, &here)).await.unwrap();
    let hint = |project_id| NewHint { task_id: task.id, project_id };
    let hints = session.repo::<Hint>();
    let created = hints.create(hint(Some(gone.id))).await;
    assert_error!(created, Error::ParentDeleted { entity: "Hint", parent: "Project" });
    let created = hints.create_many([hint(None), hint(Some(gone.id))]).await;
    assert_error!(created, Error::ParentDeleted { entity: "Hint", parent: "Project" });
    let once = tasks.create_or_get(Task::CODE, self::task("d", &gone)).await;
    assert_error!(once, Error::ParentDeleted { entity: "Task", parent: "Project" });
    let kept = hints.create(hint(Some(here.id))).await.unwrap();
    assert_eq!(hints.all().await.unwrap(), [kept]);
    assert_eq!(tasks.all().await.unwrap(), [task]);
}

pub(crate) async fn nothing_is_moved_under_a_deleted_parent(fixture: Fixture) {
    let db = fixture.with(&projects()).await;
    let session = alice(&db);
    let People { gone, here, lost, eve } = people(&session).await;
    let (tasks, hints) = (session.repo::<Task>(), session.repo::<Hint>());
    let task = tasks.create(task("a", &here)).await.unwrap();
    let patched = tasks.patch(task.id, TaskPatch::new().project_id(gone.id)).await;
    assert_error!(patched, Error::ParentDeleted { entity: "Task", parent: "Project" });
    let patch = TaskPatch::new().owner_id(Some(lost.id)).code("b");
    let patched = tasks.patch(task.id, patch).if_version(1).await;
    assert_error!(patched, Error::ParentDeleted { entity: "Task", parent: "Person" });
    let updated = tasks.update(&Task { owner_id: Some(lost.id), ..task.clone() }).await;
    assert_error!(updated, Error::ParentDeleted { entity: "Task", parent: "Person" });
    let hint = hints.create(NewHint { task_id: task.id, project_id: None }).await.unwrap();
    let patched = hints.patch(hint.id, HintPatch::new().project_id(Some(gone.id))).await;
    assert_error!(patched, Error::ParentDeleted { entity: "Hint", parent: "Project" });
    let stale = tasks.patch(task.id, TaskPatch::new().project_id(gone.id)).if_version(9).await;
    assert_error!(stale, Error::VersionConflict { actual: Some(1), .. });
    let missing = tasks.patch(NOBODY, TaskPatch::new().project_id(gone.id)).await;
    assert_error!(missing, Error::NotFound { .. });
    assert_eq!(tasks.get(task.id).await.unwrap(), task);
    let owned = tasks.patch(task.id, TaskPatch::new().owner_id(Some(eve.id))).await.unwrap();
    assert_eq!(owned.owner_id, Some(eve.id));
}

pub(crate) async fn what_refers_to_a_deleted_row_already_can_be_changed(fixture: Fixture) {
    let db = fixture.with(&projects()).await;
    let session = alice(&db);
    let People { here, eve, .. } = people(&session).await;
    let tasks = session.repo::<Task>();
    let task = NewTask { owner_id: Some(eve.id), ..task("a", &here) };
    let task = tasks.create(task).await.unwrap();
    session.repo::<Person>().delete(eve.id).await.unwrap();
    let task = tasks.update(&Task { code: "b".to_owned(), ..task }).await.unwrap();
    let patch = TaskPatch::new().code("c").owner_id(Some(eve.id));
    let task = tasks.patch(task.id, patch).await.unwrap();
    assert_eq!((&*task.code, task.owner_id, task.version), ("c", Some(eve.id), 3));
    tasks.patch(task.id, TaskPatch::new().owner_id(None)).await.unwrap();
    let back = tasks.patch(task.id, TaskPatch::new().owner_id(Some(eve.id))).await;
    assert_error!(back, Error::ParentDeleted { entity: "Task", parent: "Person" });
}

pub(crate) async fn a_parent_that_is_missing_is_no_deleted_one(fixture: Fixture) {
    let db = fixture.with(&projects()).await;
    let session = alice(&db);
    let People { gone, here, .. } = people(&session).await;
    let tasks = session.repo::<Task>();
    let lost = || NewTask { project_id: NOBODY, ..task("a", &here) };
    assert_error!(tasks.create(lost()).await, Error::ForeignKey { entity: "Task", .. });
    assert_error!(tasks.create_many([lost()]).await, Error::ForeignKey { entity: "Task", .. });
    // Another tenant learns nothing of it.
    let theirs = bolt(&db).actor("eve").repo::<Task>();
    assert_error!(theirs.create(task("a", &gone)).await, Error::ForeignKey { entity: "Task", .. });
    assert_error!(theirs.create(task("a", &here)).await, Error::ForeignKey { entity: "Task", .. });
}

pub(crate) async fn a_refusal_lets_the_transaction_go_on(fixture: Fixture) {
    let db = fixture.with(&projects()).await;
    let session = alice(&db);
    let People { gone, here, .. } = people(&session).await;
    let done: Result<(), Error> = session
        .transaction(async |tx| {
            let tasks = tx.repo::<Task>();
            assert_error!(tasks.create(task("a", &gone)).await, Error::ParentDeleted { .. });
            let many = tasks.create_many([task("a", &gone)]).await;
            assert_error!(many, Error::ParentDeleted { .. });
            let kept = tasks.create(task("a", &here)).await?;
            let moved = tasks.patch(kept.id, TaskPatch::new().project_id(gone.id)).await;
            assert_error!(moved, Error::ParentDeleted { .. });
            let hint = NewHint { task_id: kept.id, project_id: Some(gone.id) };
            assert_error!(tx.repo::<Hint>().create(hint).await, Error::ParentDeleted { .. });
            Ok(())
        })
        .await;
    done.unwrap();
    assert_eq!(session.repo::<Task>().count().await.unwrap(), 1);
    let created = session.audit().count().await.unwrap();
    assert_eq!(created, 4, "two projects, a deletion and a task");
}

pub(crate) async fn no_child_slips_under_a_parent_that_is_being_deleted(fixture: Fixture) {
    let db = fixture.with(&projects()).await;
    let session = alice(&db);
    for round in 0..12 {
        let project = session.repo::<Project>().create(project("a")).await.unwrap();
        let adders: Vec<_> = (0..4)
            .map(|adder| {
                let (session, project) = (session.clone(), project.clone());
                tokio::spawn(async move {
                    let tasks = session.repo::<Task>();
                    for number in 0..5 {
                        let new = task(&format!("{round}-{adder}-{number}"), &project);
                        let created = match number % 2 {
                            0 => tasks.create(new).await.map(drop),
                            _ => tasks.create_many([new]).await.map(drop),
                        };
                        match created.map_err(Error::into_cause) {
                            Ok(()) => {}
                            Err(Error::ParentDeleted { .. }) => return,
                            Err(error) => panic!("{error:?}"),
                        }
                    }
                })
            })
            .collect();
        tokio::task::yield_now().await;
        session.repo::<Project>().delete(project.id).await.unwrap();
        for adder in adders {
            adder.await.unwrap();
        }
        let tasks = session.repo::<Task>();
        assert_eq!(tasks.list_by_project_id(project.id).await.unwrap(), []);
        let deleted = tasks.query().only_deleted().filter(Task::PROJECT_ID.eq(project.id));
        let deleted = deleted.all().await.unwrap();
        let of = session.repo::<Project>().query().only_deleted();
        let of = of.filter(Project::ID.eq(project.id)).one().await.unwrap();
        assert!(deleted.iter().all(|task| task.deletion_id == of.deletion_id));
    }
}

pub(crate) async fn whoever_adds_a_child_and_changes_its_parent_waits_for_nobody_in_a_circle(
    fixture: Fixture,
) {
    let db = fixture.with(&projects()).await;
    let session = alice(&db);
    let project = session.repo::<Project>().create(project("a")).await.unwrap();
    let barrier = Arc::new(tokio::sync::Barrier::new(2));
    let is_shared = fixture.is_shared() && db.system() == "postgres";
    let add = |code: &'static str| {
        let (session, project, barrier) = (session.clone(), project.clone(), Arc::clone(&barrier));
        tokio::spawn(async move {
            session
                .transaction(async |tx| {
                    tx.repo::<Task>().create(task(code, &project)).await?;
                    if is_shared {
                        barrier.wait().await;
                    }
                    let patch = ProjectPatch::new().name(code);
                    tx.repo::<Project>().patch(project.id, patch).await.map(drop)
                })
                .await
        })
    };
    let (one, other): (_, _) = tokio::join!(add("a"), add("b"));
    let outcomes: [Result<(), Error>; 2] = [one.unwrap(), other.unwrap()];
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert_eq!(session.repo::<Task>().count().await.unwrap(), 2);
}

pub(crate) async fn a_guarded_row_is_one_statement(fixture: Fixture) {
    let db = fixture.with(&projects()).await;
    let People { here, eve, .. } = people(&alice(&db)).await;
    let task = alice(&db).repo::<Task>().create(task("a", &here)).await.unwrap();
    let recorder = Recorder::new(Arc::clone(backend(&db)));
    let session = alice(&Database::new(Arc::new(recorder.clone())));
    let is_one = |what: &str| {
        let noted = recorder.events();
        assert!(matches!(noted[..], [Noted::Statement { .. }]), "{what}: {noted:?}");
        recorder.clear();
    };
    let hints = session.repo::<Hint>();
    let new = NewHint { task_id: task.id, project_id: Some(here.id) };
    let hint = hints.create(new).await.unwrap();
    is_one("create");
    hints.patch(hint.id, HintPatch::new().project_id(None)).await.unwrap();
    is_one("patch");
    if db.system() == "postgres" {
        let new = NewTask { owner_id: Some(eve.id), ..self::task("b", &here) };
        session.repo::<Task>().create(new).await.unwrap();
        is_one("a recorded create");
        let patch = TaskPatch::new().owner_id(Some(eve.id));
        session.repo::<Task>().patch(task.id, patch).await.unwrap();
        is_one("a recorded patch");
    }
}
