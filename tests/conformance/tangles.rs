//! Rows that go with several others, and with each other in a circle.

use repo_core::{
    Action, AuditEntry, Database, Error, NoTenant, Repository, Session, Tenant, schema,
};
use uuid::Uuid;

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{Fixture, NOBODY, acme};

/// A session of the tenant in which alice acts.
fn alice(db: &Database) -> Session<Tenant<Uuid>> {
    acme(db).actor("alice")
}

/// The entities and ids of the entries about an action, in order.
async fn entries(session: &Session<Tenant<Uuid>>, action: Action) -> Vec<(String, String)> {
    let entries = session.audit().filter(AuditEntry::ACTION.eq(action));
    let entries = entries.order_by(AuditEntry::SEQ.asc()).all().await.unwrap();
    entries.into_iter().map(|entry| (entry.entity, entry.entity_id)).collect()
}

pub(crate) async fn rows_deleted_at_once_leave_a_common_child_to_the_last(fixture: Fixture) {
    let db = fixture.with(&projects()).await;
    let session = alice(&db);
    let (projects, tasks) = (session.repo::<Project>(), session.repo::<Task>());
    let hints = session.repo::<Hint>();
    let a = projects.create(project("a")).await.unwrap();
    let b = projects.create(project("b")).await.unwrap();
    let t = tasks.create(task("t", &a)).await.unwrap();
    let both = NewHint { task_id: t.id, project_id: Some(b.id) };
    let both = hints.create(both).await.unwrap();
    let of_a = hints.create(NewHint { task_id: t.id, project_id: Some(a.id) }).await.unwrap();
    let all = [both.clone(), of_a.clone()];
    for is_a_first in [true, false] {
        for is_by_id in [true, false] {
            if is_by_id {
                projects.delete_many([a.id, b.id]).await.unwrap();
            } else {
                assert_eq!(projects.query().delete_all().await.unwrap(), 2);
            }
            assert_eq!(hints.count().await.unwrap(), 0);
            let (first, last) = if is_a_first { (a.id, b.id) } else { (b.id, a.id) };
            projects.restore(first).await.unwrap();
            let expected = if is_a_first { vec![of_a.clone()] } else { Vec::new() };
            assert_eq!(hints.all().await.unwrap(), expected, "the other waits");
            let refused = hints.restore(both.id).await;
            assert_error!(refused, Error::ParentDeleted { entity: "Hint", .. });
            projects.restore(last).await.unwrap();
            assert_eq!(hints.all().await.unwrap(), all);
            assert_eq!(tasks.count().await.unwrap(), 1);
        }
    }
}

pub(crate) async fn rows_come_back_at_once_in_any_order_of_their_ids(fixture: Fixture) {
    let db = fixture.with(&projects()).await;
    let session = alice(&db);
    let (projects, tasks) = (session.repo::<Project>(), session.repo::<Task>());
    let a = projects.create(project("a")).await.unwrap();
    let above = tasks.create(task("above", &a)).await.unwrap();
    let below = NewTask { parent_id: Some(above.id), ..task("below", &a) };
    let below = tasks.create(below).await.unwrap();
    let lowest = NewTask { parent_id: Some(below.id), ..task("lowest", &a) };
    let lowest = tasks.create(lowest).await.unwrap();
    let all = [above.id, below.id, lowest.id];

    // Each by a deletion of its own, or all by one; from below and from above.
    for is_one_deletion in [false, true] {
        for ids in [all, [lowest.id, below.id, above.id]] {
            if is_one_deletion {
                tasks.delete(above.id).await.unwrap();
            } else {
                for id in [lowest.id, below.id, above.id] {
                    tasks.delete(id).await.unwrap();
                }
            }
            let back = tasks.restore_many(ids).await.unwrap();
            assert_eq!(back.iter().map(|row| row.id).collect::<Vec<_>>(), ids);
            assert_eq!(tasks.count().await.unwrap(), 3);
        }
    }

    projects.delete(a.id).await.unwrap();
    let refused = tasks.restore_many([lowest.id, above.id]).await.unwrap_err();
    assert_eq!(refused.row(), Some(0), "{refused}");
    assert_error!(Err::<(), _>(refused.into_cause()), Error::ParentDeleted { entity: "Task", .. });
    assert_eq!(tasks.count().await.unwrap(), 0);

    // What goes with a row before it is gone already.
    tasks.purge_many([above.id, lowest.id]).await.unwrap();
    assert_eq!(tasks.query().with_deleted().count().await.unwrap(), 0);
}

pub(crate) async fn what_is_below_a_row_that_waits_waits_with_it(fixture: Fixture) {
    let db = fixture.with(&projects()).await;
    let session = alice(&db);
    let (projects, tasks) = (session.repo::<Project>(), session.repo::<Task>());
    let a = projects.create(project("a")).await.unwrap();
    let b = projects.create(project("b")).await.unwrap();
    let above = tasks.create(task("above", &a)).await.unwrap();
    let mut last = above.id;
    for code in ["1", "2", "3"] {
        let new = NewTask { parent_id: Some(last), ..task(code, &b) };
        last = tasks.create(new).await.unwrap().id;
    }
    let alone = tasks.create(task("alone", &b)).await.unwrap();
    let hint = NewHint { task_id: last, project_id: Some(b.id) };
    session.repo::<Hint>().create(hint).await.unwrap();
    projects.delete_many([a.id, b.id]).await.unwrap();
    projects.restore(b.id).await.unwrap();
    let there = tasks.all().await.unwrap();
    assert_eq!(there.iter().map(|row| row.id).collect::<Vec<_>>(), [alone.id]);
    assert_eq!(session.repo::<Hint>().count().await.unwrap(), 0);
    projects.restore(a.id).await.unwrap();
    assert_eq!(tasks.count().await.unwrap(), 5);
    assert_eq!(session.repo::<Hint>().count().await.unwrap(), 1);
    // Each of them came back once.
    assert_eq!(entries(&session, Action::Restore).await.len(), 7);
}

pub(crate) async fn a_circle_comes_back_with_the_last_row_it_is_below(fixture: Fixture) {
    let db = fixture.with(&projects()).await;
    let session = alice(&db);
    let (projects, tasks) = (session.repo::<Project>(), session.repo::<Task>());
    let a = projects.create(project("a")).await.unwrap();
    let b = projects.create(project("b")).await.unwrap();
    let first = tasks.create(task("first", &a)).await.unwrap();
    let new = NewTask { parent_id: Some(first.id), ..task("second", &b) };
    let second = tasks.create(new).await.unwrap();
    tasks.patch(first.id, TaskPatch::new().parent_id(Some(second.id))).await.unwrap();
    for (one, other) in [(&a, &b), (&b, &a)] {
        projects.delete_many([a.id, b.id]).await.unwrap();
        projects.restore(one.id).await.unwrap();
        assert_eq!(tasks.count().await.unwrap(), 0);
        projects.restore(other.id).await.unwrap();
        assert_eq!(tasks.count().await.unwrap(), 2);
    }
    // Deleted at once with one of the circle, it comes back with the project.
    projects.delete_many([a.id, b.id]).await.unwrap();
    projects.restore(a.id).await.unwrap();
    let refused = tasks.restore(first.id).await;
    assert_error!(refused, Error::ParentDeleted { entity: "Task", parent: "Task" });
    projects.restore(b.id).await.unwrap();
    assert_eq!(tasks.count().await.unwrap(), 2);
}

pub(crate) async fn a_row_of_a_circle_is_purged_with_the_others(fixture: Fixture) {
    let db = fixture.with(&projects()).await;
    let session = alice(&db);
    let (projects, tasks) = (session.repo::<Project>(), session.repo::<Task>());
    let project = projects.create(project("a")).await.unwrap();
    let root = tasks.create(task("root", &project)).await.unwrap();
    let new = NewTask { parent_id: Some(root.id), ..task("below", &project) };
    let below = tasks.create(new).await.unwrap();
    tasks.patch(root.id, TaskPatch::new().parent_id(Some(below.id))).await.unwrap();
    let spent = NewHours { task_id: below.id, spent: 1 };
    let spent = session.repo::<Hours>().create(spent).await.unwrap();
    assert_error!(tasks.purge(NOBODY).await, Error::NotFound { entity: "Task", .. });
    assert_error!(tasks.purge(root.id).await, Error::NotDeleted { entity: "Task", .. });
    tasks.delete(root.id).await.unwrap();
    let stale = tasks.purge(root.id).if_version(2).await;
    assert_error!(stale, Error::VersionConflict { expected: 2, actual: Some(3), .. });
    assert_eq!(tasks.query().only_deleted().count().await.unwrap(), 2);
    tasks.purge(root.id).if_version(3).await.unwrap();
    assert_eq!(tasks.query().with_deleted().count().await.unwrap(), 0);
    let gone = |entity: &str, id: Uuid| (entity.to_owned(), id.to_string());
    let expected = [gone("hours", spent.id), gone("tasks", below.id), gone("tasks", root.id)];
    assert_eq!(entries(&session, Action::Purge).await, expected);
    let itself = tasks.create(task("itself", &project)).await.unwrap();
    tasks.patch(itself.id, TaskPatch::new().parent_id(Some(itself.id))).await.unwrap();
    tasks.delete(itself.id).await.unwrap();
    tasks.purge(itself.id).await.unwrap();
    assert_eq!(tasks.query().with_deleted().count().await.unwrap(), 0);
}

pub(crate) async fn a_row_of_a_circle_is_removed_with_the_others(fixture: Fixture) {
    let db = fixture.with(&schema![Branch]).await;
    let session = alice(&db);
    let branches = session.repo::<Branch>();
    let mut line: Vec<Branch> = Vec::new();
    for name in ["0", "1", "2", "3"] {
        let parent_id = line.last().map(|branch| branch.id);
        let new = NewBranch { name: name.to_owned(), parent_id };
        line.push(branches.create(new).await.unwrap());
    }
    let back = BranchPatch::new().parent_id(Some(line[2].id));
    branches.patch(line[0].id, back).await.unwrap();
    let stale = branches.delete(line[0].id).if_version(1).await;
    assert_error!(stale, Error::VersionConflict { expected: 1, actual: Some(2), .. });
    assert_error!(branches.delete(NOBODY).await, Error::NotFound { entity: "Branch", .. });
    assert_eq!(branches.count().await.unwrap(), 4);
    branches.delete(line[0].id).if_version(2).await.unwrap();
    assert_eq!(branches.count().await.unwrap(), 0);
    let gone = |at: usize| ("branches".to_owned(), line[at].id.to_string());
    assert_eq!(entries(&session, Action::Delete).await, [gone(1), gone(2), gone(3), gone(0)]);
    assert_error!(branches.delete(line[0].id).await, Error::NotFound { entity: "Branch", .. });
}

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "folders")]
struct Folder {
    id: Uuid,
}

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "papers")]
struct Paper {
    id: Uuid,
    #[repository(references = Folder, on_delete = cascade)]
    folder_id: Uuid,
    #[repository(references = Paper, on_delete = cascade)]
    below_id: Option<Uuid>,
    #[repository(references = Paper, on_delete = cascade)]
    canonical_id: Option<Uuid>,
}

/// It goes with its folder, and keeps its paper.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "stamps")]
struct Stamp {
    id: Uuid,
    #[repository(references = Folder, on_delete = cascade)]
    folder_id: Uuid,
    #[repository(references = Paper)]
    paper_id: Uuid,
}

/// Papers of a folder, each below another one, in an order that their ids do not tell, and each its own canonical one.
async fn papers(session: &Session<NoTenant>, folder: &Folder, count: usize) -> Vec<Uuid> {
    let papers = session.repo::<Paper>();
    let new = |_| NewPaper { folder_id: folder.id, below_id: None, canonical_id: None };
    let made = papers.create_many((0..count).map(new)).await.unwrap();
    let order: Vec<Uuid> = (0..count).map(|number| made[number * 997 % count].id).collect();
    let above = [None].into_iter().chain(order.iter().copied().map(Some));
    let patch = |(id, above): (&Uuid, Option<Uuid>)| {
        (*id, PaperPatch::new().below_id(above).canonical_id(*id))
    };
    papers.patch_many(order.iter().zip(above).map(patch)).await.unwrap();
    order
}

pub(crate) async fn rows_far_below_each_other_are_removed_with_the_first(fixture: Fixture) {
    let db = fixture.with(&schema![Folder, Paper]).await;
    let session = db.session();
    let repo = session.repo::<Paper>();
    let folder = session.repo::<Folder>().create(NewFolder {}).await.unwrap();
    let order = papers(&session, &folder, 2_100).await;
    repo.delete(order[5]).await.unwrap();
    assert_eq!(repo.count().await.unwrap(), 5, "those above it stay");
    session.repo::<Folder>().delete(folder.id).await.unwrap();
    assert_eq!(repo.count().await.unwrap(), 0);

    for is_by_id in [true, false] {
        let folder = session.repo::<Folder>().create(NewFolder {}).await.unwrap();
        let order = papers(&session, &folder, 2_100).await;
        let deleted = session.transaction(async |tx| {
            let papers = tx.repo::<Paper>();
            match is_by_id {
                true => papers.delete_many([order[0]]).await,
                false => papers.query().delete_all().await.map(|count| assert_eq!(count, 2_100)),
            }
        });
        deleted.await.unwrap();
        assert_eq!(repo.count().await.unwrap(), 0);
    }
}

pub(crate) async fn what_keeps_a_row_goes_before_it_where_both_go_with_another(fixture: Fixture) {
    let db = fixture.with(&schema![Folder, Stamp, Paper]).await;
    let session = db.session();
    let folders = session.repo::<Folder>();
    for is_alone in [true, false] {
        let folder = folders.create(NewFolder {}).await.unwrap();
        let order = papers(&session, &folder, 3).await;
        let stamp = NewStamp { folder_id: folder.id, paper_id: order[2] };
        session.repo::<Stamp>().create(stamp).await.unwrap();
        let refused = session.repo::<Paper>().delete(order[0]).await;
        assert_error!(refused, Error::ForeignKey { .. });
        match is_alone {
            true => folders.delete(folder.id).await.unwrap(),
            false => assert_eq!(folders.query().delete_all().await.unwrap(), 1),
        }
        assert_eq!(session.repo::<Paper>().count().await.unwrap(), 0);
        assert_eq!(session.repo::<Stamp>().count().await.unwrap(), 0);
    }
}

pub(crate) async fn however_many_go_with_a_row_each_is_recorded_before_those_below_it(
    fixture: Fixture,
) {
    let db = fixture.with(&schema![Branch]).await;
    let session = alice(&db);
    let create = session.transaction(async |tx| {
        let mut order: Vec<Uuid> = Vec::new();
        for number in 0..600 {
            let new = NewBranch { name: number.to_string(), parent_id: order.last().copied() };
            order.push(tx.repo::<Branch>().create(new).await?.id);
        }
        Ok::<_, Error>(order)
    });
    let order = create.await.unwrap();
    session.repo::<Branch>().delete(order[0]).await.unwrap();
    let deleted: Vec<String> =
        entries(&session, Action::Delete).await.into_iter().map(|(_, id)| id).collect();
    let below: Vec<String> = order[1..].iter().map(Uuid::to_string).collect();
    assert_eq!(deleted.len(), 600);
    let recorded: Vec<String> =
        deleted.into_iter().filter(|id| *id != order[0].to_string()).collect();
    assert_eq!(recorded, below);
}
