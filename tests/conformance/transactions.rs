//! What a transaction keeps, and what it undoes.

use futures_util::FutureExt as _;
use repo_core::{Error, Isolation, Session, Tenant, TransactionOptions, schema};
use uuid::Uuid;

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{Fixture, NOBODY, acme, names};

pub(crate) async fn what_it_did_is_there_after_ok(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    let created = db
        .session()
        .transaction(async |tx| {
            assert!(tx.in_transaction());
            let items = tx.repo::<Item>();
            let a = items.create(item("a")).await?;
            items.create_many([item("b"), item("c")]).await?;
            assert_eq!(items.count().await?, 3, "seen inside");
            items.patch(a.id, ItemPatch::new().size(1)).await
        })
        .await
        .map_err(|error: Error| error)
        .unwrap();
    assert!(!db.session().in_transaction());
    assert_eq!(names(&db).await, ["a", "b", "c"]);
    assert_eq!(db.session().repo::<Item>().get(created.id).await.unwrap().size, Some(1));
}

pub(crate) async fn nothing_of_it_is_there_after_an_error(fixture: Fixture) {
    #[derive(Debug)]
    enum Trouble {
        Ours,
        Database(Error),
    }
    impl From<Error> for Trouble {
        fn from(error: Error) -> Self {
            Trouble::Database(error)
        }
    }
    let db = fixture.with(&schema![Item]).await;
    let kept = db.session().repo::<Item>().create(item("kept")).await.unwrap();
    let outcome = db
        .session()
        .transaction(async |tx| {
            let items = tx.repo::<Item>();
            items.create(item("a")).await?;
            items.create_many([item("b"), item("c")]).await?;
            items.delete(kept.id).await?;
            Err::<(), _>(Trouble::Ours)
        })
        .await;
    assert!(matches!(outcome, Err(Trouble::Ours)), "{outcome:?}");
    assert_eq!(names(&db).await, ["kept"]);
    let outcome: Result<Item, Trouble> =
        db.session().transaction(async |tx| Ok(tx.repo::<Item>().get(NOBODY).await?)).await;
    assert!(matches!(outcome, Err(Trouble::Database(Error::NotFound { .. }))), "{outcome:?}");
}

pub(crate) async fn nothing_of_it_is_there_after_a_panic(fixture: Fixture) {
    let db = fixture.pool_of_one(&schema![Item]).await;
    let session = db.session();
    let task = tokio::spawn(async move {
        let outcome: Result<(), Error> = session
            .transaction(async |tx| {
                tx.repo::<Item>().create(item("a")).await?;
                panic!("part of the case");
            })
            .await;
        outcome
    });
    assert!(task.await.unwrap_err().is_panic());
    assert_eq!(names(&db).await, [""; 0]);
    db.session().repo::<Item>().create(item("a")).await.unwrap();
}

pub(crate) async fn nothing_of_it_is_there_after_a_drop(fixture: Fixture) {
    let db = fixture.pool_of_one(&schema![Item]).await;
    let tx = db.session().begin().await.unwrap();
    tx.repo::<Item>().create(item("a")).await.unwrap();
    drop(tx);
    assert_eq!(names(&db).await, [""; 0]);

    let outcome = tokio::time::timeout(std::time::Duration::from_millis(50), async {
        db.session()
            .transaction(async |tx| {
                tx.repo::<Item>().create(item("a")).await?;
                std::future::pending::<Result<(), Error>>().await
            })
            .await
    });
    assert!(outcome.await.is_err(), "cancelled");
    assert_eq!(names(&db).await, [""; 0]);
    db.session().repo::<Item>().create(item("a")).await.unwrap();
}

pub(crate) async fn begin_commit_and_rollback_do_what_they_say(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    let tx = db.session().begin().await.unwrap();
    tx.repo::<Item>().create(item("a")).await.unwrap();
    tx.commit().await.unwrap();
    let tx = db.session().begin().await.unwrap();
    tx.repo::<Item>().create(item("b")).await.unwrap();
    tx.rollback().await.unwrap();
    assert_eq!(names(&db).await, ["a"]);
}

pub(crate) async fn an_error_that_was_swallowed_fails_it(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    let outcome: Result<(), Error> = db
        .session()
        .transaction(async |tx| {
            let items = tx.repo::<Item>();
            items.create(item("a")).await?;
            let _ = items.create(item("a")).await;
            Ok(())
        })
        .await;
    match outcome {
        Err(Error::TransactionFailed { reason }) => {
            assert_eq!(reason, "another `Item` has the same name");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(names(&db).await, [""; 0], "never Ok with lost writes");
}

pub(crate) async fn after_an_error_nothing_goes_on_but_a_rollback(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    let tx = db.session().begin().await.unwrap();
    let items = tx.repo::<Item>();
    let a = items.create(item("a")).await.unwrap();
    assert_error!(items.create(item("a")).await, Error::Conflict { .. });
    assert_error!(items.create(item("b")).await, Error::TransactionFailed { .. });
    assert_error!(items.create_many([item("b")]).await, Error::TransactionFailed { .. });
    assert_error!(items.get(a.id).await, Error::TransactionFailed { .. });
    assert_error!(items.delete(a.id).await, Error::TransactionFailed { .. });
    assert_error!(items.count().await, Error::TransactionFailed { .. });
    assert_error!(tx.begin().await, Error::TransactionFailed { .. });
    assert_error!(tx.commit().await, Error::TransactionFailed { .. });
    assert_eq!(names(&db).await, [""; 0]);
}

pub(crate) async fn what_was_never_sent_does_not_fail_it(fixture: Fixture) {
    let db = fixture.with(&schema![Item, Ticket]).await;
    let outcome: Result<(), Error> = acme(&db)
        .transaction(async |tx| {
            let items = tx.repo::<Item>();
            assert_error!(items.create(item("a\0")).await, Error::InvalidInput { .. });
            assert_error!(items.get(NOBODY).await, Error::NotFound { .. });
            assert_error!(items.delete(NOBODY).await, Error::NotFound { .. });
            let patch = ItemPatch::new().size(1);
            assert_error!(items.patch(NOBODY, patch).await, Error::NotFound { .. });
            assert_error!(items.query().one().await, Error::NoMatch { .. });
            let tickets = tx.repo::<Ticket>();
            let created = tickets.create(ticket("A-1")).await?;
            assert_error!(tickets.purge(created.id).await, Error::NotDeleted { .. });
            items.create(item("b")).await.map(drop)
        })
        .await;
    outcome.unwrap();
    assert_eq!(names(&db).await, ["b"]);
}

pub(crate) async fn its_session_ends_with_it(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    for commit in [true, false] {
        let tx = db.session().begin().await.unwrap();
        let session = tx.session().clone();
        if commit {
            tx.commit().await.unwrap()
        } else {
            tx.rollback().await.unwrap()
        }
        assert_error!(session.repo::<Item>().count().await, Error::TransactionEnded);
        assert_error!(session.repo::<Item>().create(item("a")).await, Error::TransactionEnded);
        assert_error!(session.begin().await, Error::TransactionEnded);
        assert_error!(session.after_commit(async {}).await, Error::TransactionEnded);
    }
    let tx = db.session().begin().await.unwrap();
    let session = tx.session().clone();
    drop(tx);
    assert_error!(session.repo::<Item>().count().await, Error::TransactionEnded);

    let tx = db.session().begin().await.unwrap();
    let inner = tx.begin().await.unwrap();
    let session = inner.session().clone();
    inner.commit().await.unwrap();
    assert_error!(session.repo::<Item>().count().await, Error::TransactionEnded);
    tx.repo::<Item>().create(item("a")).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(names(&db).await, ["a"]);
}

/// A function of the application, which takes any session.
async fn rename(session: &Session<Tenant<Uuid>>, id: Uuid, title: &str) -> Result<(), Error> {
    let patch = TicketPatch::new().title(title);
    session.repo::<Ticket>().patch(id, patch).await.map(drop)
}

pub(crate) async fn it_runs_in_a_spawned_task(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    let session = acme(&db);
    let task = tokio::spawn(async move {
        let session = &session;
        session
            .transaction(async |tx| {
                let created = tx.repo::<Ticket>().create(ticket("A-1")).await?;
                rename(tx, created.id, "inside").await?;
                tx.transaction(async |inner| rename(inner, created.id, "within").await).await?;
                Ok::<_, Error>(created.id)
            })
            .await
    });
    let id = task.await.unwrap().unwrap();
    assert_eq!(acme(&db).repo::<Ticket>().get(id).await.unwrap().title, "within");
    rename(&acme(&db), id, "outside").await.unwrap();
    assert_eq!(acme(&db).repo::<Ticket>().get(id).await.unwrap().title, "outside");
}

pub(crate) async fn a_pool_of_one_is_enough_for_everything_inside(fixture: Fixture) {
    let db = fixture.pool_of_one(&schema![Ticket, Item]).await;
    let outcome: Result<(), Error> = acme(&db)
        .transaction(async |tx| {
            let tickets = tx.repo::<Ticket>();
            let created = tickets.create_many([ticket("A-1"), ticket("A-2")]).await?;
            tickets.get_many([created[1].id, created[0].id]).await?;
            let changed = Ticket { weight: 7, ..created[0].clone() };
            tickets.update(&changed).await?;
            let stale = tickets.update(&changed).await;
            assert_error!(stale, Error::VersionConflict { .. });
            tickets.delete(created[0].id).await?;
            tickets.restore(created[0].id).await?;
            tickets.query().page(repo_core::PageRequest::number(1)).await?;
            tickets.query().for_update().all().await?;
            tx.transaction(async |inner| inner.repo::<Item>().create(item("a")).await).await?;
            Ok(())
        })
        .await;
    outcome.unwrap();
    let tickets = acme(&db).repo::<Ticket>();
    assert_eq!(tickets.count().await.unwrap(), 2);
    let stale = tickets.patch(NOBODY, TicketPatch::new().title("x")).if_version(1).await;
    assert_error!(stale, Error::NotFound { .. });
}

pub(crate) async fn a_write_beside_it_is_refused_before_anything_waits(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket, Item]).await;
    let acme = acme(&db);
    let tickets = acme.repo::<Ticket>();
    let made = tickets.create(ticket("A-1")).await.unwrap();
    acme.transaction(async |tx| {
        rename(tx, made.id, "inside").await?;
        // It would wait for the row, or for the whole database.
        assert_error!(rename(&acme, made.id, "outside").await, Error::OutsideTransaction);
        assert_error!(tickets.create(ticket("A-2")).await, Error::OutsideTransaction);
        assert_error!(acme.begin().await.map(drop), Error::OutsideTransaction);
        assert_error!(db.create_tables(&schema![Item]).await, Error::OutsideTransaction);
        let other = db.session().transaction(async |_| Ok::<_, Error>(())).await;
        assert_error!(other, Error::OutsideTransaction);
        tx.transaction(async |_| {
            assert_error!(rename(&acme, made.id, "outside").await, Error::OutsideTransaction);
            Ok::<_, Error>(())
        })
        .await?;
        Ok::<_, Error>(())
    })
    .await
    .unwrap();
    assert_eq!(tickets.get(made.id).await.unwrap().title, "inside");
    rename(&acme, made.id, "outside").await.unwrap();
}

pub(crate) async fn a_write_beside_one_that_only_reads_waits_for_nothing(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    if !fixture.is_shared() {
        return;
    }
    let acme = acme(&db);
    let tickets = acme.repo::<Ticket>();
    let read_only = TransactionOptions::new().isolation(Isolation::RepeatableRead).read_only();
    acme.transaction_with(read_only, async |tx| {
        let seen = tx.repo::<Ticket>();
        assert_eq!(seen.count().await?, 0);
        tickets.create(ticket("A-1")).await?;
        acme.transaction(async |beside| {
            assert_error!(tickets.create(ticket("A-2")).await, Error::OutsideTransaction);
            beside.repo::<Ticket>().create(ticket("A-2")).await
        })
        .await?;
        assert_eq!(seen.count().await?, 0, "it sees what was there when it began");
        Ok::<_, Error>(())
    })
    .await
    .unwrap();
    assert_eq!(tickets.count().await.unwrap(), 2);
    let outcome: Result<(), Error> = acme
        .transaction(async |_| {
            let read_only = TransactionOptions::new().read_only();
            acme.transaction_with(read_only, async |_| {
                assert_error!(tickets.create(ticket("A-3")).await, Error::OutsideTransaction);
                Ok(())
            })
            .await
        })
        .await;
    outcome.unwrap();
}

pub(crate) async fn a_task_of_its_own_writes_when_it_is_over(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    let acme = acme(&db);
    let made = acme.repo::<Ticket>().create(ticket("A-1")).await.unwrap();
    let task = acme
        .transaction(async |tx| {
            rename(tx, made.id, "inside").await?;
            let beside = acme.clone();
            Ok::<_, Error>(tokio::spawn(async move { rename(&beside, made.id, "outside").await }))
        })
        .await
        .unwrap();
    task.await.unwrap().unwrap();
    assert_eq!(acme.repo::<Ticket>().get(made.id).await.unwrap().title, "outside");
}

pub(crate) async fn a_panic_within_leaves_nothing_around_later_writes(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    let session = db.session();
    let work = session.transaction(async |_| -> Result<(), Error> { panic!("within") });
    let panicked = std::panic::AssertUnwindSafe(work).catch_unwind().await;
    assert!(panicked.is_err());
    session.repo::<Item>().create(item("a")).await.unwrap();
}
