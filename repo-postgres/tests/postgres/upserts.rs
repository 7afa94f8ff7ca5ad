//! Many rows that are upserted together: what ends them all, and what has them taken one by one.

use std::sync::Arc;
use std::time::Duration;

use repo_core::testing::{Event, Recorder};
use repo_core::{Database, Error, Outcome, Repository, schema};
use sqlx::{AssertSqlSafe, PgConnection};
use uuid::Uuid;

use crate::scratch::Scratch;

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "stocks")]
struct Stock {
    id: Uuid,
    #[repository(unique)]
    code: i64,
    number: i64,
}

fn stocks(count: i64, number: i64) -> impl Iterator<Item = NewStock> {
    (0..count).map(move |code| NewStock { code, number })
}

/// Three stocks, of which a transaction beside holds the second, and what the server is asked meanwhile.
async fn held(scratch: &Scratch, url: &str) -> (Database, Recorder, PgConnection) {
    let options = repo_postgres::Options::new(url).unwrap().application_name(&scratch.schema);
    let recorder = Recorder::new(Arc::new(options.connect_backend().await.unwrap()));
    let db = Database::new(Arc::new(recorder.clone()));
    db.create_tables(&schema![Stock]).await.unwrap();
    db.session().repo::<Stock>().create_many(stocks(3, 0)).await.unwrap();
    recorder.clear();
    let mut beside = scratch.sqlx().await;
    let hold = "BEGIN; UPDATE stocks SET number = number WHERE code = 1";
    sqlx::raw_sql(hold).execute(&mut beside).await.unwrap();
    (db, recorder, beside)
}

/// Which are there, and the lock: no row was tried by itself.
fn assert_tried_once(recorder: &Recorder) {
    let is_asked = |it: &Event| matches!(it, Event::Statement { .. } | Event::Insert { .. });
    let events = recorder.events();
    assert_eq!(events.iter().filter(|it| is_asked(it)).count(), 2, "{events:?}");
}

#[tokio::test]
async fn rows_whose_statement_is_cancelled_are_not_tried_again() {
    let Some(scratch) = Scratch::new().await else { return };
    let (db, recorder, mut beside) = held(&scratch, &scratch.url).await;
    let repo = db.session().repo::<Stock>();
    let upserted = tokio::spawn(async move { repo.upsert_many(Stock::CODE, stocks(3, 7)).await });
    let pid = scratch.waiting_for_lock(&mut beside).await;
    let cancel = sqlx::query("SELECT pg_cancel_backend($1)").bind(pid);
    cancel.execute(&mut beside).await.unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(10), upserted).await;
    let error = ended.expect("it waits for nothing").unwrap().unwrap_err();
    let Error::Backend(said) = &error else { panic!("{error:?}") };
    assert_eq!(said.code.as_deref(), Some("57014"));
    assert_tried_once(&recorder);
    sqlx::raw_sql("ROLLBACK").execute(&mut beside).await.unwrap();
    let changed = db.session().repo::<Stock>().filter(Stock::NUMBER.ne(0)).count().await;
    assert_eq!(changed.unwrap(), 0);
}

#[tokio::test]
async fn rows_whose_lock_is_not_to_be_had_in_time_are_not_tried_again() {
    let Some(scratch) = Scratch::new().await else { return };
    let url = format!("{}%20-c%20lock_timeout%3D300ms", scratch.url);
    let (db, recorder, _beside) = held(&scratch, &url).await;
    let upserted = db.session().repo::<Stock>().upsert_many(Stock::CODE, stocks(3, 7)).await;
    let error = upserted.unwrap_err();
    assert!(matches!(error, Error::Busy { .. }) && error.is_retryable(), "{error:?}");
    assert_tried_once(&recorder);
}

#[tokio::test]
async fn rows_of_a_deadlock_are_not_tried_again() {
    let Some(scratch) = Scratch::new().await else { return };
    let url = format!("{}%20-c%20deadlock_timeout%3D50ms", scratch.url);
    let (db, recorder, mut beside) = held(&scratch, &url).await;
    let patient = "SET deadlock_timeout = '1min'; UPDATE stocks SET number = 3 WHERE code = 0";
    let tx = db.session().begin().await.unwrap();
    let first = tx.repo::<Stock>().find_by_code(0).await.unwrap().unwrap();
    tx.repo::<Stock>().patch(first.id, StockPatch::new().number(1)).await.unwrap();
    let other = tokio::spawn(async move {
        sqlx::raw_sql(patient).execute(&mut beside).await.unwrap();
        beside
    });
    let mut third = scratch.sqlx().await;
    waits(&mut third).await;
    recorder.clear();
    let nested = tx.begin().await.unwrap();
    let upserted = nested.repo::<Stock>().upsert_many(Stock::CODE, stocks(3, 7)).await;
    let error = upserted.unwrap_err();
    assert!(matches!(error, Error::Serialization { .. }), "{error:?}");
    assert_tried_once(&recorder);
    drop(nested);
    drop(tx);
    drop(other.await.unwrap());
}

/// Until somebody waits for a row of the stocks.
async fn waits(beside: &mut PgConnection) {
    let sql = "SELECT count(*) FROM pg_stat_activity \
        WHERE wait_event_type = 'Lock' AND strpos(query, 'UPDATE stocks SET number = 3') > 0";
    for _ in 0..400 {
        let waiting = sqlx::query_scalar::<_, i64>(sql).fetch_one(&mut *beside).await.unwrap();
        if waiting > 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("nobody waits for the row")
}

#[tokio::test]
async fn rows_that_policies_of_the_application_s_own_do_not_take_by_copy_are_taken_one_by_one() {
    let Some(scratch) = Scratch::of_a_role().await else { return };
    let db = scratch.options().pool_size(1).connect().await.unwrap();
    db.create_tables(&schema![Stock]).await.unwrap();
    let policy = "ALTER TABLE stocks ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; \
        CREATE POLICY own ON stocks USING (number < 9)";
    scratch.admin(policy).await;
    let repo = db.session().repo::<Stock>();
    for outcome in [Outcome::Created, Outcome::Unchanged] {
        let upserted = repo.upsert_many(Stock::CODE, stocks(1_000, 7)).await.unwrap();
        assert_eq!(upserted.len(), 1_000);
        assert!(upserted.iter().all(|it| it.outcome == outcome));
    }
}

#[tokio::test]
async fn rows_that_a_trigger_puts_elsewhere_are_taken_one_by_one() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.options().pool_size(1).connect().await.unwrap();
    db.create_tables(&schema![Stock]).await.unwrap();
    let elsewhere = "CREATE TABLE more (UNIQUE (code)) INHERITS (stocks); \
        CREATE FUNCTION elsewhere() RETURNS trigger LANGUAGE plpgsql AS \
        $$ BEGIN INSERT INTO more VALUES (new.*); RETURN NULL; END $$; \
        CREATE TRIGGER elsewhere BEFORE INSERT ON stocks FOR EACH ROW EXECUTE FUNCTION elsewhere()";
    sqlx::raw_sql(AssertSqlSafe(elsewhere)).execute(&mut scratch.sqlx().await).await.unwrap();
    let repo = db.session().repo::<Stock>();
    let upserted = repo.upsert_many(Stock::CODE, stocks(3, 7)).await.unwrap();
    assert!(upserted.iter().all(|it| it.outcome == Outcome::Unchanged));
    assert_eq!(repo.count().await.unwrap(), 3);
}
