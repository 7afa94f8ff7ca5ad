//! What is cancelled at its very end, when the server may have committed it.

use repo_core::backend::{Access, Backend};
use repo_core::{Error, TransactionOptions, Value};
use repo_postgres::{Options, Postgres};

use crate::between::Between;
use crate::scratch::{
    CREATE_NOTES, INSERT_NOTE, Rows, Scratch, count, no_rows, note, notes, script, statement,
};

const PID: &str = "SELECT pg_backend_pid()::int8";
const COUNT: &str = "SELECT count(*) FROM notes";

/// What the server says of a statement that is complete.
const COMMITTED: &[u8] = b"C\0\0\0\x0bCOMMIT\0";
const COPIED: &[u8] = b"C\0\0\0\x0eCOPY 1000\0";
/// What it says of one that was cancelled.
const CANCELLED: &[u8] = b"E\0\0\0\x25SERROR\0VERROR\0C57014\0Mcancelled\0\0";

async fn pool_of_one(between: &Between) -> Postgres {
    let options = Options::new(&between.url).unwrap().pool_size(1);
    let db = options.connect_backend().await.unwrap();
    script(&db, CREATE_NOTES).await;
    db
}

#[tokio::test]
async fn a_commit_that_was_complete_has_happened() {
    let Some(scratch) = Scratch::new().await else { return };
    let between = Between::new(&scratch.url).await;
    let db = pool_of_one(&between).await;
    let pid = count(&db, PID).await;
    between.change(COMMITTED, &[COMMITTED, CANCELLED].concat());
    let mut transaction = db.begin(TransactionOptions::new()).await.unwrap();
    let params = note(1, "a note");
    let insert = statement(INSERT_NOTE, &params, Access::Write);
    transaction.run(insert, &mut no_rows).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(count(&db, COUNT).await, 1);
    assert_eq!(count(&db, PID).await, pid);
}

#[tokio::test]
async fn a_commit_that_is_cancelled_before_has_not() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.options().pool_size(1).connect_backend().await.unwrap();
    let cancels = "CREATE FUNCTION cancels() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
        PERFORM pg_cancel_backend(pg_backend_pid()); PERFORM pg_sleep(20); RETURN NULL; END $$; \
        CREATE CONSTRAINT TRIGGER cancels AFTER INSERT ON notes DEFERRABLE INITIALLY DEFERRED \
        FOR EACH ROW EXECUTE FUNCTION cancels()";
    script(&db, &format!("{CREATE_NOTES}; {cancels}")).await;
    let mut transaction = db.begin(TransactionOptions::new()).await.unwrap();
    let params = note(1, "a note");
    let insert = statement(INSERT_NOTE, &params, Access::Write);
    transaction.run(insert, &mut no_rows).await.unwrap();
    let error = transaction.commit().await.unwrap_err();
    let Error::Backend(source) = &error else { panic!("{error:?}") };
    assert_eq!(source.code.as_deref(), Some("57014"));
    assert_eq!(count(&db, COUNT).await, 0);
}

#[tokio::test]
async fn a_copy_that_is_cancelled_at_its_end_may_have_happened_and_costs_the_connection() {
    let Some(scratch) = Scratch::new().await else { return };
    let between = Between::new(&scratch.url).await;
    let db = pool_of_one(&between).await;
    let pid = count(&db, PID).await;
    between.change(COPIED, &[COPIED, CANCELLED].concat());
    let row = |first: i32| {
        move |index| {
            let row = note(first + i32::try_from(index).unwrap(), "a note");
            Ok(row.into_iter().map(Value::into_owned).collect())
        }
    };
    let error = db.insert(notes(&Rows(1_000, row(0)))).await.unwrap_err();
    assert!(matches!(error, Error::CommitUnknown { .. }), "{error:?}");
    assert_eq!(count(&db, COUNT).await, 1_000);
    assert_ne!(count(&db, PID).await, pid);

    let mut transaction = db.begin(TransactionOptions::new()).await.unwrap();
    transaction.savepoint(1).await.unwrap();
    let error = transaction.insert(notes(&Rows(1_000, row(1_000)))).await.unwrap_err();
    assert!(matches!(error, Error::Backend(_)), "{error:?}");
    let error = transaction.rollback_to(1).await.unwrap_err();
    assert!(matches!(error, Error::TransactionFailed { .. }), "{error:?}");
    let error = transaction.commit().await.unwrap_err();
    assert!(matches!(error, Error::TransactionFailed { .. }), "{error:?}");
    assert_eq!(count(&db, COUNT).await, 1_000);
}
