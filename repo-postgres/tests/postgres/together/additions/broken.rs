//! What goes wrong while rows wait or share a statement: nobody is told what is another's, or nothing, or waits forever.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use repo_core::backend::Backend;
use repo_core::{Database, Error, TransactionOptions, schema};
use sqlx::{AssertSqlSafe, query_scalar};
use tokio::task::yield_now;
use tokio::time::timeout;
use uuid::Uuid;

use super::{Mark, Meter, NewMark, NewMeter, NewReading, Plant, Reading, reading};
use crate::capture::Watching;
use crate::scratch::{Scratch, is_pending};
use crate::together::{ACME, BOLT};

#[tokio::test]
async fn a_key_that_nobody_told_of_keeps_the_others_waiting_for_a_moment_only() {
    let Some(plant) = Plant::open(2).await else { return };
    let mut beside = plant.scratch.sqlx().await;
    let key = r#"CREATE UNIQUE INDEX ON "Readings ""1""" (meter)"#;
    sqlx::raw_sql(key).execute(&mut beside).await.unwrap();
    let open = plant.db.tenant(BOLT).begin().await.unwrap();
    open.session().repo::<Reading>().create(reading(3)).await.unwrap();
    let held = plant.pool.begin(TransactionOptions::new()).await.unwrap();
    let mut adding = plant.all_adding((0..6).map(reading)).await;
    held.rollback().await.unwrap();
    let blocked = adding.remove(3);
    for task in adding.drain(..3) {
        timeout(Duration::from_secs(10), task).await.unwrap().unwrap().unwrap();
    }
    assert!(!blocked.is_finished(), "its key may still become free");
    open.rollback().await.unwrap();
    for task in adding.into_iter().chain([blocked]) {
        timeout(Duration::from_secs(10), task).await.unwrap().unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_row_that_a_trigger_leaves_out_is_told_to_whom_it_belongs() {
    let Some(plant) = Plant::open(1).await else { return };
    let skip = "CREATE FUNCTION skip() RETURNS trigger LANGUAGE plpgsql AS \
        'BEGIN IF NEW.meter = ''m3'' THEN RETURN NULL; END IF; RETURN NEW; END'; \
        CREATE TRIGGER skip BEFORE INSERT ON \"Readings \"\"1\"\"\" \
        FOR EACH ROW EXECUTE FUNCTION skip()";
    plant.scratch.admin(skip).await;
    let held = plant.pool.begin(TransactionOptions::new()).await.unwrap();
    let named = |n: usize| NewReading { meter: format!("m{n}"), ..reading(n) };
    let adding = plant.all_adding((0..6).map(named)).await;
    held.rollback().await.unwrap();
    for (n, task) in adding.into_iter().enumerate() {
        let added = task.await.unwrap().map(|added| added.meter);
        match n {
            3 => assert!(matches!(added, Err(Error::Backend(_))), "{added:?}"),
            n => assert_eq!(added.unwrap(), format!("m{n}")),
        }
    }
    assert_eq!(plant.stored().await, 5);
    assert!(plant.shared_statements().await > 0, "they shared one");
}

#[tokio::test]
async fn a_statement_for_which_nobody_waits_any_more_gives_its_connection_back() {
    let Some(plant) = Plant::open(1).await else { return };
    let mut stuck = plant.stuck().await;
    for task in stuck.adding.drain(..) {
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
    }
    // Of another table, which nobody has locked.
    let mark = plant.db.session().repo::<Mark>();
    let mark = timeout(Duration::from_secs(10), mark.create(NewMark { text: "here".into() }));
    mark.await.unwrap().unwrap();
    stuck.go_on().await;
}

#[tokio::test]
async fn a_runtime_that_ends_leaves_nobody_of_another_one_in_the_dark() {
    let Some(plant) = Plant::open(1).await else { return };
    let mut beside = plant.scratch.sqlx().await;
    let other = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let held = plant.pool.begin(TransactionOptions::new()).await.unwrap();
    let readings = plant.readings(ACME);
    let ahead = other.spawn(async move { readings.create(reading(0)).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    // Before any of them loses its patience.
    let adding = plant.all_adding((1..6).map(reading)).await;
    let mut locked = plant.scratch.locked(r#""Readings ""1""" IN SHARE MODE"#).await;
    held.rollback().await.unwrap();
    plant.scratch.waiting_for_lock(&mut beside).await;
    other.shutdown_background();
    sqlx::raw_sql("ROLLBACK").execute(&mut locked).await.unwrap();
    for task in adding {
        timeout(Duration::from_secs(10), task).await.unwrap().unwrap().unwrap();
    }
    drop(ahead);
}

#[tokio::test]
async fn a_row_that_is_refused_is_nobody_elses_error() {
    let Some(plant) = Plant::open(1).await else { return };
    let mut beside = plant.scratch.sqlx().await;
    let check = r#"ALTER TABLE "Readings ""1""" ADD CONSTRAINT small CHECK (value < 30)"#;
    sqlx::raw_sql(check).execute(&mut beside).await.unwrap();
    let held = plant.pool.begin(TransactionOptions::new()).await.unwrap();
    let adding = plant.all_adding((0..40).map(reading)).await;
    held.rollback().await.unwrap();
    for (number, task) in adding.into_iter().enumerate() {
        let created = task.await.unwrap();
        match created {
            Ok(created) => assert_eq!(created.meter, reading(number).meter),
            Err(Error::Check { entity: "Reading", constraint }) if constraint == "small" => {
                assert!(number >= 30 && number.is_multiple_of(3), "{number} is small");
            }
            Err(error) => panic!("{number}: {error:?}"),
        }
    }
    assert_eq!(plant.stored().await, 36);
}

#[tokio::test]
async fn what_is_logged_of_a_refusal_has_nothing_of_a_row() {
    let Some(plant) = Plant::open(1).await else { return };
    let mut beside = plant.scratch.sqlx().await;
    let check = r#"ALTER TABLE "Readings ""1""" ADD CONSTRAINT small CHECK (value < 30)"#;
    sqlx::raw_sql(check).execute(&mut beside).await.unwrap();
    let planted = ["m-planted-31".to_owned()];
    let (rows, said) = (Watching::for_words(planted.to_vec()), "shared a statement".to_owned());
    let said = Watching::for_words(vec![said]);
    let held = plant.pool.begin(TransactionOptions::new()).await.unwrap();
    let secret =
        |number| NewReading { meter: planted[0].clone(), value: Some(40.0), ..reading(number) };
    let adding = plant.all_adding((0..6).map(secret)).await;
    held.rollback().await.unwrap();
    for task in adding {
        task.await.unwrap().unwrap_err();
    }
    let lines = |of: &Watching| -> Vec<_> {
        of.found().into_iter().map(|line| (line.level, line.target, line.text)).collect()
    };
    assert!(!lines(&said).is_empty(), "the refusal is logged");
    assert_eq!(lines(&rows), []);
}

#[tokio::test]
async fn a_wait_without_an_end_is_one() {
    let Some(scratch) = Scratch::new().await else { return };
    let options = scratch.options().pool_size(1).pool_timeout(Duration::MAX);
    let pool = options.connect_backend().await.unwrap();
    let db = Database::new(Arc::new(pool.clone()));
    db.create_tables(&schema![Reading]).await.unwrap();
    let readings = db.tenant(ACME).repo::<Reading>();
    let held = pool.begin(TransactionOptions::new()).await.unwrap();
    let adding = tokio::spawn(async move {
        let created = readings.create(reading(0)).await.unwrap();
        readings.get(created.id).await.unwrap()
    });
    yield_now().await;
    held.rollback().await.unwrap();
    assert_eq!(adding.await.unwrap().meter, reading(0).meter);
}

#[tokio::test]
async fn a_row_that_may_wait_for_somebody_elses_keeps_nobody_waiting() {
    let Some(plant) = Plant::open(3).await else { return };
    let of = |tenant: Uuid| plant.db.tenant(tenant).repo::<Meter>();
    let open = plant.db.tenant(ACME).begin().await.unwrap();
    open.session().repo::<Meter>().create(NewMeter { name: "a".into() }).await.unwrap();
    let held = plant.pool.begin(TransactionOptions::new()).await.unwrap();
    let other = plant.pool.begin(TransactionOptions::new()).await.unwrap();
    let mut adding = Vec::new();
    for (tenant, name) in [(ACME, "a"), (BOLT, "a"), (BOLT, "b"), (ACME, "c")] {
        let meters = of(tenant);
        let new = NewMeter { name: name.into() };
        adding.push(tokio::spawn(async move { meters.create(new).await }));
        yield_now().await;
    }
    held.rollback().await.unwrap();
    other.rollback().await.unwrap();
    let taken = adding.remove(0);
    for task in adding {
        timeout(Duration::from_secs(10), task).await.unwrap().unwrap().unwrap();
    }
    assert!(!taken.is_finished(), "its name may still become free");
    open.commit().await.unwrap();
    assert!(taken.await.unwrap().unwrap_err().is_conflict());
}

#[tokio::test]
async fn who_goes_away_while_waiting_leaves_no_row_and_keeps_nobody_from_theirs() {
    let Some(plant) = Plant::open(1).await else { return };
    for gone in [&[0][..], &[0, 1, 2], &[5, 6, 16, 17], &[39]] {
        let before = plant.stored().await;
        let held = plant.pool.begin(TransactionOptions::new()).await.unwrap();
        let adding = plant.all_adding((0..40).map(reading)).await;
        for gone in gone {
            adding[*gone].abort();
        }
        yield_now().await;
        held.rollback().await.unwrap();
        for (number, task) in adding.into_iter().enumerate() {
            match task.await {
                Ok(created) => assert_eq!(created.unwrap().meter, reading(number).meter),
                Err(_) => assert!(gone.contains(&number)),
            }
        }
        assert_eq!(plant.stored().await - before, 40 - gone.len() as i64);
    }
}

#[tokio::test]
async fn who_goes_away_while_the_rows_are_added_leaves_nobody_in_the_dark() {
    let Some(plant) = Plant::open(1).await else { return };
    for gone in [0, 4] {
        let before = plant.stored().await;
        let mut stuck = plant.stuck().await;
        let gone = stuck.adding.remove(gone);
        gone.abort();
        assert!(gone.await.unwrap_err().is_cancelled());
        stuck.go_on().await;
        for task in stuck.adding {
            task.await.unwrap().unwrap();
        }
        assert_eq!(plant.stored().await - before, 10);
    }
}

#[tokio::test]
async fn rows_whose_connection_is_killed_are_not_added_and_each_is_told() {
    let Some(plant) = Plant::open(1).await else { return };
    let mut stuck = plant.stuck().await;
    let kill = query_scalar("SELECT pg_terminate_backend($1, 5000)").bind(stuck.pid);
    let killed: bool = kill.fetch_one(&mut stuck.beside).await.unwrap();
    assert!(killed);
    stuck.go_on().await;
    for task in stuck.adding {
        let error = task.await.unwrap().unwrap_err();
        assert!(
            matches!(error, Error::Connection { .. } | Error::CommitUnknown { .. }),
            "{error:?}"
        );
    }
    assert_eq!(plant.stored().await, 0);
    plant.readings(ACME).create(reading(0)).await.unwrap();
}

#[tokio::test]
async fn a_row_whose_statement_takes_long_is_added_once() {
    let Some(plant) = Plant::open(2).await else { return };
    let other = plant.pool.begin(TransactionOptions::new()).await.unwrap();
    let mut stuck = plant.stuck().await;
    // For longer than anybody waits for others before they look for a connection themselves.
    tokio::time::sleep(Duration::from_millis(50)).await;
    stuck.adding.extend(plant.all_adding((10..25).map(reading)).await);
    other.rollback().await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    stuck.go_on().await;
    for task in stuck.adding {
        task.await.unwrap().unwrap();
    }
    assert_eq!(plant.stored().await, 25);
}

#[tokio::test]
async fn a_row_ahead_that_nobody_polls_keeps_nobody_waiting() {
    let Some(plant) = Plant::open(2).await else { return };
    let held = plant.pool.begin(TransactionOptions::new()).await.unwrap();
    let other = plant.pool.begin(TransactionOptions::new()).await.unwrap();
    let readings = plant.readings(ACME);
    let mut ahead = pin!(readings.create(reading(0)).into_future());
    assert!(is_pending(ahead.as_mut()).await);
    let adding = plant.all_adding((1..20).map(reading)).await;
    held.rollback().await.unwrap();
    other.rollback().await.unwrap();
    for task in adding {
        task.await.unwrap().unwrap();
    }
    assert_eq!(plant.stored().await, 19);
    assert_eq!(ahead.await.unwrap().meter, reading(0).meter);
}

#[tokio::test]
async fn a_table_that_changed_meanwhile_takes_each_row_or_refuses_it() {
    let Some(plant) = Plant::open(1).await else { return };
    for change in [r#"ALTER meter TYPE varchar(200)"#, "ADD note text", "DROP value"] {
        let before = plant.stored().await;
        let held = plant.pool.begin(TransactionOptions::new()).await.unwrap();
        let adding = plant.all_adding((0..20).map(reading)).await;
        let mut beside = plant.scratch.sqlx().await;
        let change = format!(r#"ALTER TABLE "Readings ""1""" {change}"#);
        sqlx::raw_sql(AssertSqlSafe(change.as_str())).execute(&mut beside).await.unwrap();
        held.rollback().await.unwrap();
        let is_gone = change.ends_with("DROP value");
        for task in adding {
            let created = task.await.unwrap();
            assert_eq!(created.is_err(), is_gone, "{change}: {created:?}");
        }
        assert_eq!(plant.stored().await - before, if is_gone { 0 } else { 20 });
    }
}
