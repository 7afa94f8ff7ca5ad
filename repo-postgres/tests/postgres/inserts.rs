//! Bulk inserts: all rows or none, identities in order.

use repo_core::{Backend, Error, TransactionOptions, Value};

use crate::scratch::{
    CREATE_EVENTS, CREATE_NOTES, Rows, Scratch, count, events, note, notes, read, script,
};

fn owned(id: usize, body: &str) -> Vec<Value<'static>> {
    let id = i32::try_from(id).unwrap();
    note(id, body).into_iter().map(Value::into_owned).collect()
}

#[tokio::test]
async fn ten_thousand_rows_are_inserted() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.connect().await;
    script(&db, CREATE_NOTES).await;
    for rows in [0, 1, 2, 10_000] {
        script(&db, "TRUNCATE notes").await;
        let rows = Rows(rows, |index| Ok(owned(index, &format!("note {index}, ünïcödé"))));
        assert!(db.insert(notes(&rows)).await.unwrap().is_empty());
        assert_eq!(count(&db, "SELECT count(*) FROM notes").await, rows.0 as i64);
    }
    let wrong = "SELECT count(*) FROM notes WHERE body <> 'note ' || id || ', ünïcödé'";
    assert_eq!(count(&db, wrong).await, 0);
}

#[tokio::test]
async fn identities_come_back_in_the_order_of_the_rows() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.connect().await;
    script(&db, CREATE_EVENTS).await;
    for (offset, rows) in [(0, 1), (10, 5), (100, 3_000)] {
        let body = move |index| format!("event {}", offset + index);
        let rows = Rows(rows, move |index| Ok(vec![Value::Text(body(index).into())]));
        let ids = db.insert(events(&rows)).await.unwrap();
        assert_eq!(ids.len(), rows.0);
        for index in [0, rows.0 / 2, rows.0 - 1] {
            let sql = "SELECT body FROM \"Events \"\"1\"\"\" WHERE id = $1";
            let found = read(&db, sql, &[Value::I64(ids[index])], repo_core::Kind::Text).await;
            assert_eq!(found.unwrap(), [Value::Text(body(index).into())]);
        }
    }
}

#[tokio::test]
async fn one_bad_row_of_many_inserts_none() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.options().pool_size(1).connect_backend().await.unwrap();
    script(&db, CREATE_NOTES).await;
    let before = count(&db, "SELECT pg_backend_pid()::int8").await;

    // Refused by the server: row 9,000 has the key of row 0.
    let rows = Rows(10_000, |index| Ok(owned(index % 9_000, "a note")));
    let error = db.insert(notes(&rows)).await.unwrap_err();
    assert!(matches!(&error, Error::Conflict { entity: "Note", .. }), "{error:?}");
    assert_eq!(count(&db, "SELECT count(*) FROM notes").await, 0);

    // Refused by us, in the first chunk and in a later one.
    for bad in [1, 9_000] {
        let rows = Rows(10_000, |index| {
            if index == bad {
                return Err(Error::invalid_input("body", "contains a NUL"));
            }
            Ok(owned(index, "a note that is long enough to fill the chunks"))
        });
        let error = db.insert(notes(&rows)).await.unwrap_err();
        assert!(error.is_invalid_input(), "{error:?}");
        assert_eq!(count(&db, "SELECT count(*) FROM notes").await, 0);
    }
    assert_eq!(count(&db, "SELECT pg_backend_pid()::int8").await, before);
}

#[tokio::test]
async fn refused_by_us_after_it_was_refused_by_the_server() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.options().pool_size(1).connect_backend().await.unwrap();
    script(&db, CREATE_NOTES).await;
    let rows = Rows(100_000, |index| {
        if index == 99_999 {
            return Err(Error::invalid_input("body", "contains a NUL"));
        }
        Ok(owned(index % 10, "a note"))
    });
    let error = db.insert(notes(&rows)).await.unwrap_err();
    assert!(error.is_invalid_input(), "{error:?}");
    assert_eq!(count(&db, "SELECT count(*) FROM notes").await, 0);
}

#[tokio::test]
async fn an_insert_belongs_to_its_transaction() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.options().pool_size(1).connect_backend().await.unwrap();
    script(&db, CREATE_NOTES).await;
    let rows = Rows(100, |index| Ok(owned(index, "a note")));

    let mut transaction = db.begin(TransactionOptions::new()).await.unwrap();
    transaction.insert(notes(&rows)).await.unwrap();
    transaction.rollback().await.unwrap();
    assert_eq!(count(&db, "SELECT count(*) FROM notes").await, 0);

    let mut transaction = db.begin(TransactionOptions::new()).await.unwrap();
    transaction.insert(notes(&rows)).await.unwrap();
    transaction.savepoint(1).await.unwrap();
    assert!(transaction.insert(notes(&rows)).await.unwrap_err().is_conflict());
    transaction.rollback_to(1).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(count(&db, "SELECT count(*) FROM notes").await, 100);
}
