//! What a transaction keeps, and what it undoes.

use repo_core::{Error, Isolation, Session, Tenant, TransactionOptions, schema};
use uuid::Uuid;

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{Fixture, NOBODY, acme};

/// The names of all items.
async fn names(db: &repo_core::Database) -> Vec<String> {
    let items = db.session().repo::<Item>().query().order_by(Item::NAME.asc()).all().await;
    items.unwrap().into_iter().map(|row| row.name).collect()
}

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

pub(crate) async fn it_is_seen_by_others_only_when_it_is_committed(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    if !fixture.is_shared() {
        return;
    }
    let tx = db.session().begin().await.unwrap();
    tx.repo::<Item>().create(item("a")).await.unwrap();
    assert_eq!(names(&db).await, [""; 0]);
    tx.commit().await.unwrap();
    assert_eq!(names(&db).await, ["a"]);
}

pub(crate) async fn a_nested_one_is_undone_alone(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    let outcome: Result<(), Error> = db
        .session()
        .transaction(async |tx| {
            tx.repo::<Item>().create(item("1")).await?;
            let undone: Result<(), Error> = tx
                .transaction(async |inner| {
                    inner.repo::<Item>().create_many([item("2"), item("3")]).await?;
                    inner
                        .transaction(async |innermost| {
                            innermost.repo::<Item>().create(item("4")).await.map(drop)
                        })
                        .await?;
                    Err(Error::TransactionEnded)
                })
                .await;
            assert_error!(undone, Error::TransactionEnded);
            tx.transaction(async |inner| inner.repo::<Item>().create(item("5")).await).await?;
            let level = tx.begin().await?;
            level.repo::<Item>().create(item("6")).await?;
            drop(level);
            let level = tx.begin().await?;
            level.repo::<Item>().create(item("7")).await?;
            level.commit().await?;
            let level = tx.begin().await?;
            level.repo::<Item>().create(item("8")).await?;
            level.rollback().await?;
            tx.repo::<Item>().create(item("9")).await.map(drop)
        })
        .await;
    outcome.unwrap();
    assert_eq!(names(&db).await, ["1", "5", "7", "9"]);
}

pub(crate) async fn a_nested_one_goes_with_the_one_around_it(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    let tx = db.session().begin().await.unwrap();
    tx.transaction(async |inner| inner.repo::<Item>().create(item("a")).await).await.unwrap();
    tx.rollback().await.unwrap();
    assert_eq!(names(&db).await, [""; 0]);
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

pub(crate) async fn an_error_in_a_nested_one_is_survived(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    let outcome: Result<(), Error> = db
        .session()
        .transaction(async |tx| {
            tx.repo::<Item>().create(item("a")).await?;
            let conflict: Result<_, Error> = tx
                .transaction(async |inner| {
                    inner.repo::<Item>().create(item("b")).await?;
                    inner.repo::<Item>().create(item("a")).await
                })
                .await;
            assert_error!(conflict, Error::Conflict { .. });
            let many: Result<_, Error> = tx
                .transaction(async |inner| {
                    inner.repo::<Item>().create_many([item("b"), item("b")]).await
                })
                .await;
            assert_error!(many, Error::Conflict { .. });
            let swallowed: Result<(), Error> = tx
                .transaction(async |inner| {
                    let _ = inner.repo::<Item>().create(item("a")).await;
                    Ok(())
                })
                .await;
            assert_error!(swallowed, Error::TransactionFailed { .. });
            tx.repo::<Item>().create(item("c")).await.map(drop)
        })
        .await;
    outcome.unwrap();
    assert_eq!(names(&db).await, ["a", "c"]);
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

pub(crate) async fn the_outer_one_waits_for_the_inner_one(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    let tx = db.session().begin().await.unwrap();
    let inner = tx.begin().await.unwrap();
    inner.repo::<Item>().create(item("a")).await.unwrap();
    assert_error!(tx.repo::<Item>().create(item("b")).await, Error::InnerTransactionOpen);
    assert_error!(tx.repo::<Item>().count().await, Error::InnerTransactionOpen);
    assert_error!(tx.begin().await, Error::InnerTransactionOpen);
    inner.commit().await.unwrap();
    tx.repo::<Item>().create(item("c")).await.unwrap();
    let inner = tx.begin().await.unwrap();
    assert_error!(tx.commit().await, Error::InnerTransactionOpen);
    assert_error!(inner.repo::<Item>().count().await, Error::TransactionEnded);
    drop(inner);
    assert_eq!(names(&db).await, [""; 0], "and was rolled back");
}

pub(crate) async fn a_read_only_one_reads(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    let a = db.session().repo::<Item>().create(item("a")).await.unwrap();
    let options = || TransactionOptions::new().read_only();
    let read: Result<_, Error> = db
        .session()
        .transaction_with(options(), async |tx| tx.repo::<Item>().get(a.id).await)
        .await;
    assert_eq!(read.unwrap(), a);
    for write in 0..4 {
        let tx = db.session().begin_with(options()).await.unwrap();
        let items = tx.repo::<Item>();
        let refused = match write {
            0 => items.create(item("b")).await.map(drop),
            1 => items.create_many([item("b"), item("c")]).await.map(drop),
            2 => items.patch(a.id, ItemPatch::new().size(1)).await.map(drop),
            _ => items.delete(a.id).await,
        };
        assert_error!(refused, Error::ReadOnly { .. });
        tx.rollback().await.unwrap();
    }
    db.session().repo::<Item>().create(item("b")).await.unwrap();
    assert_eq!(names(&db).await, ["a", "b"]);
}

pub(crate) async fn options_belong_to_the_outermost(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    let tx = db.session().begin().await.unwrap();
    let nested = tx.begin_with(TransactionOptions::new().read_only()).await;
    assert_error!(nested, Error::InvalidInput { column, .. } if column == "options");
    tx.repo::<Item>().create(item("a")).await.unwrap();
    tx.commit().await.unwrap();
}

pub(crate) async fn a_snapshot_stays_as_it_was(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    if !fixture.is_shared() {
        return;
    }
    for isolation in [Isolation::RepeatableRead, Isolation::Serializable] {
        let options = TransactionOptions::new().isolation(isolation).read_only();
        let tx = db.session().begin_with(options).await.unwrap();
        let before = tx.repo::<Item>().all().await.unwrap();
        let name = format!("{isolation:?}");
        db.session().repo::<Item>().create(item(&name)).await.unwrap();
        assert_eq!(tx.repo::<Item>().all().await.unwrap(), before);
        tx.commit().await.unwrap();
    }
    assert_eq!(db.session().repo::<Item>().count().await.unwrap(), 2);
}

pub(crate) async fn serializable_ones_run_as_if_one_after_the_other(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    let options = || TransactionOptions::new().isolation(Isolation::Serializable);
    let tasks: Vec<_> = (0..8)
        .map(|n| {
            let session = db.session();
            tokio::spawn(async move {
                loop {
                    let outcome: Result<(), Error> = session
                        .transaction_with(options(), async |tx| {
                            let items = tx.repo::<Item>();
                            if items.count().await? == 0 {
                                items.create(item(&n.to_string())).await?;
                            }
                            Ok(())
                        })
                        .await;
                    match outcome {
                        Err(error) if error.is_retryable() => {}
                        outcome => break outcome,
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(db.session().repo::<Item>().count().await.unwrap(), 1);
}

pub(crate) async fn a_lock_needs_a_transaction(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    let items = db.session().repo::<Item>();
    let a = items.create(item("a")).await.unwrap();
    let outside = items.filter(Item::ID.eq(a.id)).for_update().one().await;
    assert_error!(outside, Error::NoTransaction { operation: "for_update" });
    let inside: Result<_, Error> = db
        .session()
        .transaction(async |tx| {
            let locked = tx.repo::<Item>().query().order_by(Item::NAME.asc()).for_update();
            locked.all().await
        })
        .await;
    assert_eq!(inside.unwrap(), [a]);
}

pub(crate) async fn no_increment_under_a_lock_is_lost(fixture: Fixture) {
    let db = fixture.with(&schema![Counter]).await;
    let id = db.session().repo::<Counter>().create(counter("hits")).await.unwrap().id;
    let increment = &async |session: Session<repo_core::NoTenant>| -> Result<(), Error> {
        session
            .transaction(async |tx| {
                let counters = tx.repo::<Counter>();
                let row = counters.filter(Counter::ID.eq(id)).for_update().one().await?;
                let patch = CounterPatch::new().value(row.value + 1);
                counters.patch(id, patch).await.map(drop)
            })
            .await
    };
    let tasks = (0..10).map(|_| {
        let session = db.session();
        async move {
            for _ in 0..5 {
                increment(session.clone()).await.unwrap();
            }
        }
    });
    futures_util::future::join_all(tasks).await;
    let row = db.session().repo::<Counter>().get(id).await.unwrap();
    assert_eq!((row.value, row.version), (50, 51));
}

pub(crate) async fn it_runs_in_a_spawned_task(fixture: Fixture) {
    async fn rename(session: &Session<Tenant<Uuid>>, id: Uuid, title: &str) -> Result<(), Error> {
        let patch = TicketPatch::new().title(title);
        session.repo::<Ticket>().patch(id, patch).await.map(drop)
    }
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
            tickets.update(&created[0]).await?;
            let stale = tickets.update(&created[0]).await;
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

pub(crate) async fn the_session_outside_does_not_reach_into_it(fixture: Fixture) {
    let db = fixture.pool_of_one(&schema![Item]).await;
    let session = db.session();
    let outcome: Result<(), Error> = session
        .transaction(async |_tx| session.repo::<Item>().create(item("a")).await.map(drop))
        .await;
    assert_error!(outcome, Error::PoolTimeout { size: 1, idle: 0, .. });
    session.repo::<Item>().create(item("a")).await.unwrap();
}

pub(crate) async fn two_that_wait_for_each_other_can_be_run_again(fixture: Fixture) {
    let db = fixture.with(&schema![Counter]).await;
    let counters = db.session().repo::<Counter>();
    let created = counters.create_many([counter("a"), counter("b")]).await.unwrap();
    let ids = [created[0].id, created[1].id];
    let tasks = [[ids[0], ids[1]], [ids[1], ids[0]]].map(|order| {
        let session = db.session();
        tokio::spawn(async move {
            loop {
                let outcome: Result<(), Error> = session
                    .transaction(async |tx| {
                        let counters = tx.repo::<Counter>();
                        for id in order {
                            let query = counters.filter(Counter::ID.eq(id)).for_update();
                            let row = query.one().await?;
                            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                            let patch = CounterPatch::new().value(row.value + 1);
                            counters.patch(id, patch).await?;
                        }
                        Ok(())
                    })
                    .await;
                match outcome {
                    Err(error) if error.is_retryable() => {}
                    outcome => break outcome,
                }
            }
        })
    });
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let values: Vec<_> = counters.all().await.unwrap().iter().map(|row| row.value).collect();
    assert_eq!(values, [2, 2]);
}
