//! Rows that come to refer to one that a transaction deletes, which has held it in other ways before.

use std::time::Duration;

use chrono::{DateTime, Utc};
use repo_core::{Error, NoTenant, Repository, Session, Tenant, schema};
use uuid::Uuid;

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{Fixture, acme};

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "folders", soft_delete, versioned)]
struct Folder {
    id: Uuid,
    name: String,
    version: i64,
    deleted_at: Option<DateTime<Utc>>,
    #[repository(deletion_id)]
    deletion_id: Option<Uuid>,
}

/// Somebody whose papers stay.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "authors", soft_delete)]
struct Author {
    id: Uuid,
    name: String,
    deleted_at: Option<DateTime<Utc>>,
}

/// It goes with its folder, and with the paper that it is below.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "papers", soft_delete)]
struct Paper {
    id: Uuid,
    #[repository(references = Folder, on_delete = cascade)]
    folder_id: Uuid,
    #[repository(references = Author)]
    author_id: Option<Uuid>,
    #[repository(references = Paper, on_delete = cascade)]
    below_id: Option<Uuid>,
    title: String,
    deleted_at: Option<DateTime<Utc>>,
    #[repository(deletion_id)]
    deletion_id: Option<Uuid>,
}

/// What a transaction does to a row before it deletes it.
#[derive(Debug, Clone, Copy)]
enum Before {
    Patch,
    PatchAndCreate,
    CreateAndPatch,
    CreateManyAndPatch,
    LockAndPatch,
    Nested,
}

const BEFORE: [Before; 6] = [
    Before::Patch,
    Before::PatchAndCreate,
    Before::CreateAndPatch,
    Before::CreateManyAndPatch,
    Before::LockAndPatch,
    Before::Nested,
];

/// How it does.
#[derive(Debug, Clone, Copy)]
enum Deletion {
    One,
    Many,
    All,
    Nested,
}

const DELETIONS: [Deletion; 4] = [Deletion::One, Deletion::Many, Deletion::All, Deletion::Nested];

fn paper(folder: &Folder) -> NewPaper {
    NewPaper { folder_id: folder.id, author_id: None, below_id: None, title: "a".to_owned() }
}

fn of(author: &Author, folder: &Folder) -> NewPaper {
    NewPaper { author_id: Some(author.id), ..paper(folder) }
}

/// Time for the others to come to where they wait.
async fn meanwhile() {
    tokio::time::sleep(Duration::from_millis(60)).await;
}

async fn hold(tx: &Session<NoTenant>, folder: &Folder, before: Before) -> Result<(), Error> {
    let (folders, papers) = (tx.repo::<Folder>(), tx.repo::<Paper>());
    let patch = || FolderPatch::new().name("closing");
    match before {
        Before::Patch => folders.patch(folder.id, patch()).await.map(drop),
        Before::PatchAndCreate => {
            folders.patch(folder.id, patch()).await?;
            papers.create(paper(folder)).await.map(drop)
        }
        Before::CreateAndPatch => {
            papers.create(paper(folder)).await?;
            folders.patch(folder.id, patch()).await.map(drop)
        }
        Before::CreateManyAndPatch => {
            papers.create_many([paper(folder)]).await?;
            folders.patch(folder.id, patch()).await.map(drop)
        }
        Before::LockAndPatch => {
            folders.filter(Folder::ID.eq(folder.id)).for_update().one().await?;
            folders.patch(folder.id, patch()).await.map(drop)
        }
        Before::Nested => {
            tx.transaction(async |tx| tx.repo::<Folder>().patch(folder.id, patch()).await).await?;
            let create = async |tx: &Session<NoTenant>| {
                tx.repo::<Paper>().create(paper(folder)).await.map(drop)
            };
            tx.transaction(create).await
        }
    }
}

async fn delete(tx: &Session<NoTenant>, folder: &Folder, how: Deletion) -> Result<(), Error> {
    let folders = tx.repo::<Folder>();
    match how {
        Deletion::One => folders.delete(folder.id).await,
        Deletion::Many => folders.delete_many([folder.id]).await,
        Deletion::All => folders.filter(Folder::ID.eq(folder.id)).delete_all().await.map(drop),
        Deletion::Nested => {
            tx.transaction(async |tx| tx.repo::<Folder>().delete(folder.id).await).await
        }
    }
}

pub(crate) async fn nobody_comes_to_a_row_that_was_held_before_it_is_deleted(fixture: Fixture) {
    let db = fixture.with(&schema![Folder, Author, Paper]).await;
    let others = fixture.beside(5).await;
    others.register(&schema![Folder, Author, Paper]).unwrap();
    let session = db.session();
    let new = || NewFolder { name: "a".to_owned() };
    for (before, how) in BEFORE.iter().flat_map(|b| DELETIONS.iter().map(move |d| (*b, *d))) {
        let folder = session.repo::<Folder>().create(new()).await.unwrap();
        let elsewhere = session.repo::<Folder>().create(new()).await.unwrap();
        let papers = session.repo::<Paper>();
        let other = papers.create(paper(&elsewhere)).await.unwrap();
        let gone = papers.create(paper(&folder)).await.unwrap();
        papers.delete(gone.id).await.unwrap();
        let tx = session.begin().await.unwrap();
        hold(&tx, &folder, before).await.unwrap();
        delete(&tx, &folder, how).await.unwrap();

        let (beside, id) = (others.session(), folder.id);
        let papers = beside.repo::<Paper>();
        let create = papers.create(paper(&folder));
        let create_many = papers.create_many([paper(&folder)]);
        let moved = papers.patch(other.id, PaperPatch::new().folder_id(id));
        let restore = papers.restore(gone.id);
        let within = beside.transaction(async |tx: &Session<NoTenant>| {
            tx.repo::<Paper>().create(paper(&folder)).await
        });
        let commit = async {
            meanwhile().await;
            tx.commit().await.unwrap();
        };
        let many = async { create_many.await.map(|mut rows| rows.remove(0)) };
        let arrivals = tokio::join!(create, many, moved, restore, within, commit);
        let (create, many, moved, restore, within, ()) = arrivals;
        let arrivals = [create, many, moved, restore, within];
        for (number, arrival) in arrivals.into_iter().enumerate() {
            let refused = matches!(
                arrival.map_err(Error::into_cause),
                Err(Error::ParentDeleted { entity: "Paper", parent: "Folder" })
            );
            assert!(refused, "{before:?}, {how:?}, arrival {number}");
        }
        let left = session.repo::<Paper>().filter(Paper::FOLDER_ID.eq(id)).count().await;
        assert_eq!(left.unwrap(), 0, "{before:?}, {how:?}");
        session.repo::<Folder>().delete(elsewhere.id).await.unwrap();
    }
}

pub(crate) async fn nor_to_one_that_does_not_take_it_along(fixture: Fixture) {
    let db = fixture.with(&schema![Folder, Author, Paper]).await;
    let others = fixture.beside(1).await;
    let session = db.session();
    let folder = session.repo::<Folder>().create(NewFolder { name: "a".to_owned() }).await.unwrap();
    for is_nested in [false, true] {
        let new = NewAuthor { name: "eve".to_owned() };
        let author = session.repo::<Author>().create(new).await.unwrap();
        let tx = session.begin().await.unwrap();
        tx.repo::<Author>().patch(author.id, AuthorPatch::new().name("x")).await.unwrap();
        tx.repo::<Paper>().create(of(&author, &folder)).await.unwrap();
        if is_nested {
            let delete = async |tx: &Session<NoTenant>| tx.repo::<Author>().delete(author.id).await;
            tx.transaction(delete).await.unwrap();
        } else {
            tx.repo::<Author>().delete(author.id).await.unwrap();
        }
        let papers = others.session().repo::<Paper>();
        let commit = async {
            meanwhile().await;
            tx.commit().await.unwrap();
        };
        let (created, ()) = tokio::join!(papers.create(of(&author, &folder)), commit);
        assert_error!(created, Error::ParentDeleted { entity: "Paper", parent: "Author" });
    }
}

pub(crate) async fn nor_to_a_row_that_goes_with_another(fixture: Fixture) {
    let db = fixture.with(&schema![Folder, Author, Paper]).await;
    let others = fixture.beside(1).await;
    let session = db.session();
    let folders = session.repo::<Folder>();
    let folder = folders.create(NewFolder { name: "a".to_owned() }).await.unwrap();
    let elsewhere = folders.create(NewFolder { name: "b".to_owned() }).await.unwrap();
    let above = session.repo::<Paper>().create(paper(&folder)).await.unwrap();
    let below = || NewPaper { below_id: Some(above.id), ..paper(&elsewhere) };
    let tx = session.begin().await.unwrap();
    tx.repo::<Paper>().create(below()).await.unwrap();
    tx.repo::<Paper>().patch(above.id, PaperPatch::new().title("b")).await.unwrap();
    tx.repo::<Folder>().delete(folder.id).await.unwrap();
    let papers = others.session().repo::<Paper>();
    let commit = async {
        meanwhile().await;
        tx.commit().await.unwrap();
    };
    let (created, ()) = tokio::join!(papers.create(below()), commit);
    assert_error!(created, Error::ParentDeleted { entity: "Paper", parent: "Paper" });
    assert_eq!(papers.count().await.unwrap(), 0);
}

/// The same of a tenant, where each change is recorded.
pub(crate) async fn nor_where_all_of_it_is_recorded(fixture: Fixture) {
    let db = fixture.with(&projects()).await;
    let others = fixture.beside(2).await;
    let session: Session<Tenant<Uuid>> = acme(&db).actor("alice");
    for is_first in [true, false] {
        let project = session.repo::<Project>().create(project("a")).await.unwrap();
        let tx = session.begin().await.unwrap();
        let own = async || tx.repo::<Task>().create(task("own", &project)).await.unwrap();
        if is_first {
            own().await;
        }
        let patch = ProjectPatch::new().name("b");
        tx.repo::<Project>().patch(project.id, patch).await.unwrap();
        if !is_first {
            own().await;
        }
        tx.repo::<Project>().delete(project.id).await.unwrap();
        let tasks = acme(&others).actor("bob").repo::<Task>();
        let commit = async {
            meanwhile().await;
            tx.commit().await.unwrap();
        };
        let (one, many, ()) = tokio::join!(
            tasks.create(task("one", &project)),
            tasks.create_many([task("many", &project)]),
            commit
        );
        assert_error!(one, Error::ParentDeleted { entity: "Task", parent: "Project" });
        assert_error!(many, Error::ParentDeleted { entity: "Task", parent: "Project" });
        assert_eq!(session.repo::<Task>().count().await.unwrap(), 0);
    }
}
