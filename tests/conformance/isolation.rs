//! Transactions beside each other: what one sees of another, and who waits.

use std::future::IntoFuture as _;

use futures_util::StreamExt as _;
use repo_core::{Error, Isolation, Session, TransactionOptions, schema};

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{Fixture, acme, bolt, names};

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

pub(crate) async fn a_row_is_locked_by_its_id(fixture: Fixture) {
    let db = fixture.with(&schema![Item, Ticket]).await;
    let items = db.session().repo::<Item>();
    let (a, nobody) = (items.create(item("a")).await.unwrap(), uuid::Uuid::nil());
    for id in [a.id, nobody] {
        let outside = items.get_for_update(id).await;
        assert_error!(outside, Error::NoTransaction { operation: "for_update" });
        let outside = items.find_for_update(id).await;
        assert_error!(outside, Error::NoTransaction { operation: "for_update" });
    }
    let tickets = acme(&db).repo::<Ticket>();
    let deleted = tickets.create(ticket("gone")).await.unwrap();
    tickets.delete(deleted.id).await.unwrap();
    let theirs = bolt(&db).repo::<Ticket>().create(ticket("theirs")).await.unwrap();
    let outcome: Result<(), Error> = acme(&db)
        .transaction(async |tx| {
            let tickets = tx.repo::<Ticket>();
            for id in [nobody, deleted.id, theirs.id] {
                assert_eq!(tickets.find_for_update(id).await?, None);
                let missing = tickets.get_for_update(id).await.unwrap_err();
                assert_eq!(missing.to_string(), format!("no `Ticket` has the id {id}"));
                assert!(missing.is_not_found());
            }
            Ok(())
        })
        .await;
    outcome.unwrap();
    let inside: Result<_, Error> = db
        .session()
        .transaction(async |tx| {
            let items = tx.repo::<Item>();
            assert_eq!(items.find_for_update(a.id).await?.as_ref(), Some(&a));
            items.get_for_update(a.id).await
        })
        .await;
    assert_eq!(inside.unwrap(), a);
}

pub(crate) async fn no_increment_under_a_lock_is_lost(fixture: Fixture) {
    let db = fixture.with(&schema![Counter]).await;
    let id = db.session().repo::<Counter>().create(counter("hits")).await.unwrap().id;
    let increment = &async |session: Session<repo_core::NoTenant>| -> Result<(), Error> {
        session
            .transaction(async |tx| {
                let counters = tx.repo::<Counter>();
                let row = counters.get_for_update(id).await?;
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

pub(crate) async fn the_session_outside_does_not_reach_into_it(fixture: Fixture) {
    let db = fixture.pool_of_one(&schema![Item]).await;
    let session = db.session();
    let items = session.repo::<Item>();
    let read = session.transaction(async |_tx| items.count().await.map(drop)).await;
    assert_error!(read, Error::PoolTimeout { size: 1, idle: 0, .. });
    let written = session.transaction(async |_tx| items.create(item("a")).await.map(drop)).await;
    assert_error!(written, Error::OutsideTransaction);
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

pub(crate) async fn a_lock_is_a_write_and_refused_in_a_read_only_one(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    db.session().repo::<Item>().create(item("a")).await.unwrap();
    let tx = db.session().begin_with(TransactionOptions::new().read_only()).await.unwrap();
    let locked = tx.repo::<Item>().query().for_update().all().await;
    assert_error!(locked, Error::ReadOnly { .. });
    tx.rollback().await.unwrap();
}

pub(crate) async fn operations_at_once_in_one_stand_in_line(fixture: Fixture) {
    let db = fixture.pool_of_one(&schema![Item]).await;
    let outcome: Result<(), Error> = db
        .session()
        .transaction(async |tx| {
            let items = tx.repo::<Item>();
            let created = (0..20).map(|n| items.create(item(&format!("{n:02}"))));
            for created in futures_util::future::join_all(created).await {
                items.get(created?.id).await?;
            }
            Ok(())
        })
        .await;
    outcome.unwrap();
    assert_eq!(names(&db).await.len(), 20);
}

pub(crate) async fn operations_of_several_statements_stand_in_line_as_well(fixture: Fixture) {
    let db = fixture.pool_of_one(&schema![Item]).await;
    let outcome: Result<(), Error> = db
        .session()
        .transaction(async |tx| {
            let items = tx.repo::<Item>();
            let old = items.create_many(["a", "b", "c", "d"].map(item)).await?;
            let (larger, gone) = (|| ItemPatch::new().size(Some(7)), old[3].id);
            let small = items.filter(Item::NAME.lt("b"));
            let (many, partial, patched, all, upserted, deleted, count, nested) = tokio::join!(
                items.create_many(["e", "f"].map(item)).into_future(),
                items.create_many_partial(["g", "a"].map(item)).into_future(),
                items.patch_many([(old[1].id, larger()), (old[2].id, larger())]),
                small.patch_all(larger()),
                items.upsert(Item::NAME, item("h")).into_future(),
                items.delete_many([gone]).into_future(),
                items.count(),
                items.get(old[0].id),
            );
            assert_eq!((many?.len(), partial?.len()), (2, 2));
            assert_eq!((patched?.len(), all?), (2, 1));
            deleted?;
            upserted?;
            count?;
            nested?;
            Ok(())
        })
        .await;
    outcome.unwrap();
    assert_eq!(names(&db).await, ["a", "b", "c", "e", "f", "g", "h"]);
}

pub(crate) async fn a_stream_of_operations_in_one_goes_on_beside_others(fixture: Fixture) {
    let db = fixture.pool_of_one(&schema![Item]).await;
    let new = (0..20).map(|n| item(&format!("{n:02}")));
    let all = db.session().repo::<Item>().create_many(new).await.unwrap();
    let outcome: Result<usize, Error> = db
        .session()
        .transaction(async |tx| {
            let items = tx.repo::<Item>();
            let mut found =
                futures_util::stream::iter(&all).map(|item| items.get(item.id)).buffered(3);
            let mut count = 0;
            while let Some(item) = found.next().await {
                // Those that the stream has begun wait, and are not polled meanwhile.
                items.patch(item?.id, ItemPatch::new().size(Some(count))).await?;
                count += 1;
            }
            Ok(count as usize)
        })
        .await;
    assert_eq!(outcome.unwrap(), 20);
}

pub(crate) async fn two_pools_write_beside_each_other(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    let other = fixture.beside(2).await;
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let session = if task % 2 == 0 { db.session() } else { other.session() };
            tokio::spawn(async move {
                for n in 0..20 {
                    let outcome: Result<(), Error> = session
                        .transaction(async |tx| {
                            let items = tx.repo::<Item>();
                            let created = items.create(item(&format!("{task} {n}"))).await?;
                            items.patch(created.id, ItemPatch::new().size(n)).await.map(drop)
                        })
                        .await;
                    outcome.unwrap();
                    session
                        .repo::<Item>()
                        .create(item(&format!("{task} {n} alone")))
                        .await
                        .unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(other.session().repo::<Item>().count().await.unwrap(), 320);
}
