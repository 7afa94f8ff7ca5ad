//! Rows that a trigger of the application leaves as they were, without an error: nobody is told that they were changed or
//! removed, and nothing is recorded of them.

use chrono::{DateTime, TimeDelta, Utc};
use repo_core::{Database, Error, Repository, schema};
use uuid::Uuid;

use crate::attacker::run;
use crate::fixture::{Fixture, acme};
use crate::left_out::{assert_left_out, leave_out};

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "barrels", tenant)]
struct Barrel {
    id: Uuid,
    tenant_id: Uuid,
    #[repository(unique)]
    name: String,
    litres: i64,
}

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "vats", tenant, audited, events)]
struct Vat {
    id: Uuid,
    tenant_id: Uuid,
    #[repository(unique)]
    name: String,
    litres: i64,
}

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "cellars", tenant, soft_delete, events)]
struct Cellar {
    id: Uuid,
    tenant_id: Uuid,
    #[repository(unique)]
    name: String,
    litres: i64,
    deleted_at: Option<DateTime<Utc>>,
    #[repository(deletion_id)]
    deletion_id: Option<Uuid>,
}

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "casks", tenant, soft_delete)]
struct Cask {
    id: Uuid,
    tenant_id: Uuid,
    #[repository(unique)]
    name: String,
    litres: i64,
    #[repository(references = Cellar, on_delete = cascade)]
    cellar_id: Option<Uuid>,
    deleted_at: Option<DateTime<Utc>>,
    #[repository(deletion_id)]
    deletion_id: Option<Uuid>,
}

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "tuns", tenant, soft_delete, audited, versioned)]
struct Tun {
    id: Uuid,
    tenant_id: Uuid,
    #[repository(unique)]
    name: String,
    litres: i64,
    version: i64,
    deleted_at: Option<DateTime<Utc>>,
}

/// From here on, rows of the table stay as they are, whatever is asked for.
async fn hold(db: &Database, table: &str) {
    leave_out(db, "update", table).await;
    leave_out(db, "delete", table).await;
}

async fn let_go(db: &Database, table: &str) {
    let on = if db.system() == "sqlite" { String::new() } else { format!(" ON {table}") };
    run(db, &format!("DROP TRIGGER {table}_update{on}; DROP TRIGGER {table}_delete{on}")).await;
}

/// A row that is held stays as it is, whatever is asked for.
macro_rules! assert_stays {
    ($db:ident, $table:literal, $entity:ident, $new:expr, $patch:expr) => {{
        let (what, session) = (stringify!($entity), acme(&$db).actor("alice"));
        let repo = session.repo::<$entity>();
        let stored = repo.create($new).await.unwrap();
        let entries = session.audit().count().await.unwrap();
        hold(&$db, $table).await;
        let (id, other) = (stored.id, $entity { litres: 2, ..stored.clone() });
        assert_left_out(repo.patch(id, $patch.litres(2)).await, &format!("a patch of {what}"));
        assert_left_out(repo.update(&other).await, &format!("an update of {what}"));
        let many = repo.patch_many([(id, $patch.litres(2))]).await;
        assert_left_out(many, &format!("patches of {what}"));
        let more = repo.upsert($entity::NAME, {
            let mut new = $new;
            new.litres = 2;
            new
        });
        assert_left_out(more.await, &format!("an upsert of {what}"));
        let all = repo.query().patch_all($patch.litres(2)).await.unwrap();
        assert_eq!(all, 0, "none of {what} is patched");
        assert_left_out(repo.delete(id).await, &format!("a deletion of {what}"));
        assert_left_out(repo.delete_many([id]).await, &format!("deletions of {what}"));
        let inside = session.transaction(async |tx| tx.repo::<$entity>().delete(id).await);
        assert_left_out(inside.await, &format!("a deletion of {what} in a transaction"));
        let inside =
            session.transaction(async |tx| tx.repo::<$entity>().patch(id, $patch.litres(2)).await);
        assert_left_out(inside.await, &format!("a patch of {what} in a transaction"));
        match repo.query().delete_all().await {
            Ok(deleted) => assert_eq!(deleted, 0, "none of {what} is deleted"),
            refused => assert_left_out(refused, &format!("a deletion of all of {what}")),
        }
        assert_eq!(repo.get(id).await.unwrap(), stored, "{what} is as it was");
        assert_eq!(session.audit().count().await.unwrap(), entries, "{what}: nothing is recorded");
        // What is so already is no change: nobody is asked.
        assert_eq!(repo.update(&stored).await.unwrap(), stored);
        assert_eq!(repo.patch(id, $patch.litres(1)).await.unwrap(), stored);
        assert_eq!(repo.patch(id, $patch.add($entity::LITRES, 0)).await.unwrap(), stored);
        let_go(&$db, $table).await;
        (repo, id)
    }};
}

/// A deleted row that is held stays deleted, and stays.
macro_rules! assert_stays_deleted {
    ($db:ident, $table:literal, $repo:ident, $id:ident) => {{
        $repo.delete($id).await.unwrap();
        hold(&$db, $table).await;
        assert_left_out($repo.restore($id).await, concat!("a restoration in ", $table));
        assert_left_out($repo.purge($id).await, concat!("a purge in ", $table));
        let later = Utc::now() + TimeDelta::days(1);
        let purged = $repo.purge_deleted_before(later).await;
        assert_left_out(purged, concat!("a purge of old rows in ", $table));
        assert_eq!($repo.query().with_deleted().count().await.unwrap(), 1, $table);
        assert_eq!($repo.count().await.unwrap(), 0, $table);
    }};
}

pub(crate) async fn a_row_that_is_left_as_it_was_is_no_success(fixture: Fixture) {
    let db = fixture.with(&schema![Barrel, Vat, Cellar, Cask, Tun]).await;
    let name = || "A".to_owned();
    assert_stays!(db, "barrels", Barrel, NewBarrel { name: name(), litres: 1 }, BarrelPatch::new());
    assert_stays!(db, "vats", Vat, NewVat { name: name(), litres: 1 }, VatPatch::new());
    let (cellars, cellar) = assert_stays!(
        db,
        "cellars",
        Cellar,
        NewCellar { name: name(), litres: 1 },
        CellarPatch::new()
    );
    assert_stays_deleted!(db, "cellars", cellars, cellar);
    let new = || NewCask { name: name(), litres: 1, cellar_id: None };
    let (casks, cask) = assert_stays!(db, "casks", Cask, new(), CaskPatch::new());
    assert_stays_deleted!(db, "casks", casks, cask);
    let new = || NewTun { name: name(), litres: 1 };
    let (tuns, tun) = assert_stays!(db, "tuns", Tun, new(), TunPatch::new());
    assert_stays_deleted!(db, "tuns", tuns, tun);
}

pub(crate) async fn what_goes_along_and_is_left_out_keeps_the_whole(fixture: Fixture) {
    let db = fixture.with(&schema![Cellar, Cask]).await;
    let session = acme(&db);
    let (cellars, casks) = (session.repo::<Cellar>(), session.repo::<Cask>());
    let cellar = cellars.create(NewCellar { name: "A".to_owned(), litres: 1 }).await.unwrap();
    let cask = NewCask { name: "A".to_owned(), litres: 1, cellar_id: Some(cellar.id) };
    let cask = casks.create(cask).await.unwrap();
    hold(&db, "casks").await;
    assert_left_out(cellars.delete(cellar.id).await, "a deletion with what goes along");
    assert_left_out(cellars.delete_many([cellar.id]).await, "deletions with what goes along");
    assert_left_out(cellars.query().delete_all().await, "a deletion of all");
    assert_eq!((cellars.count().await.unwrap(), casks.count().await.unwrap()), (1, 1));

    let_go(&db, "casks").await;
    cellars.delete(cellar.id).await.unwrap();
    hold(&db, "casks").await;
    assert_left_out(cellars.restore(cellar.id).await, "a restoration with what comes along");
    assert_left_out(casks.purge(cask.id).await, "a purge below a deleted row");
    assert_eq!(casks.query().with_deleted().count().await.unwrap(), 1);
    assert!(casks.get(cask.id).await.unwrap_err().is_not_found());
    assert!(cellars.get(cellar.id).await.unwrap_err().is_not_found());
}

/// Tasks that each do the same many times, and what they were told.
async fn many_at_once<W: Future<Output = Result<(), Error>> + Send + 'static>(
    work: impl Fn(usize) -> W + Clone + Send + 'static,
) -> Vec<Error> {
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let work = work.clone();
            tokio::spawn(async move {
                let mut errors = Vec::new();
                for step in 0..60 {
                    errors.extend(work(task + step).await.err());
                }
                errors
            })
        })
        .collect();
    let mut errors = Vec::new();
    for task in tasks {
        errors.extend(task.await.unwrap());
    }
    errors
}

pub(crate) async fn a_row_that_others_change_back_and_forth_is_none_that_is_left(fixture: Fixture) {
    let db = fixture.with(&schema![Cellar, Cask]).await;
    let session = acme(&db);
    let cellar = NewCellar { name: "A".to_owned(), litres: 1 };
    let cellar = session.repo::<Cellar>().create(cellar).await.unwrap();
    let cask = NewCask { name: "A".to_owned(), litres: 1, cellar_id: None };
    let cask = session.repo::<Cask>().create(cask).await.unwrap();
    let (cellars, casks, id) = (session.clone(), session.clone(), cellar.id);
    let toggled = many_at_once(move |step| {
        let (session, patch) = (casks.clone(), CaskPatch::new().litres((step % 2) as i64));
        async move { session.repo::<Cask>().patch(cask.id, patch).await.map(drop) }
    });
    let errors = toggled.await;
    assert!(errors.is_empty(), "{errors:?}");
    let there_and_back = many_at_once(move |step| {
        let session = cellars.clone();
        async move {
            let cellars = session.repo::<Cellar>();
            match step % 2 {
                0 => cellars.delete(id).await,
                _ => cellars.restore(id).await.map(drop),
            }
        }
    });
    for error in there_and_back.await {
        let is_expected = error.is_not_found() || matches!(error, Error::NotDeleted { .. });
        assert!(is_expected || error.is_retryable(), "{error:?}");
    }
}

pub(crate) async fn a_row_whose_parent_comes_and_goes_is_none_that_is_left(fixture: Fixture) {
    let db = fixture.with(&schema![Cellar, Cask]).await;
    let session = acme(&db);
    let cellar = NewCellar { name: "A".to_owned(), litres: 1 };
    let cellar = session.repo::<Cellar>().create(cellar).await.unwrap().id;
    let cask = NewCask { name: "A".to_owned(), litres: 1, cellar_id: None };
    let cask = session.repo::<Cask>().create(cask).await.unwrap().id;
    let (goes, moves) = (session.clone(), session.clone());
    let parent = many_at_once(move |step| {
        let session = goes.clone();
        async move {
            let cellars = session.repo::<Cellar>();
            match step % 2 {
                0 => cellars.delete(cellar).await,
                _ => cellars.restore(cellar).await.map(drop),
            }
        }
    });
    let child = many_at_once(move |step| {
        let (session, cellar) = (moves.clone(), (step % 2 == 0).then_some(cellar));
        async move {
            let patch = CaskPatch::new().cellar_id(cellar);
            session.repo::<Cask>().patch(cask, patch).await.map(drop)
        }
    });
    let (goes, moves) = tokio::join!(parent, child);
    for error in goes {
        let is_expected = error.is_not_found() || matches!(error, Error::NotDeleted { .. });
        assert!(is_expected || error.is_retryable(), "{error:?}");
    }
    for error in moves {
        // Of a cask that went with its cellar nothing is patched.
        let is_expected = error.is_not_found() || matches!(error, Error::ParentDeleted { .. });
        assert!(is_expected || error.is_retryable(), "{error:?}");
    }
}
