//! Bulk inserts: all rows or none, identities in order.

use repo_core::backend::{Backend, Insert};
use repo_core::{Error, Kind, TransactionOptions, Value};

use crate::scratch::{
    ALL_KINDS, CREATE_EVENTS, CREATE_NOTES, KINDS, Rows, Scratch, count, events, note, notes, read,
    script,
};
use crate::values::samples;

fn owned(id: usize, body: &str) -> Vec<Value<'static>> {
    let id = i32::try_from(id).unwrap();
    note(id, body).into_iter().map(Value::into_owned).collect()
}

#[tokio::test]
async fn any_number_of_rows_is_inserted() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.connect().await;
    script(&db, CREATE_NOTES).await;
    for rows in [0, 1, 2, 999, 1_000, 10_000] {
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

    for number in [10, 10_000] {
        // Refused by the server: the last row has the key of the first.
        let rows = Rows(number, |index| Ok(owned(index % (number - 1), "a note")));
        let error = db.insert(notes(&rows)).await.unwrap_err();
        assert!(matches!(&error, Error::Conflict { entity: "Note", .. }), "{error:?}");
        assert_eq!(count(&db, "SELECT count(*) FROM notes").await, 0);
    }

    // Refused by us, in the first chunk and in a later one.
    for (number, bad) in [(10, 1), (10_000, 1), (10_000, 9_000)] {
        let rows = Rows(number, |index| {
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
async fn every_kind_is_inserted_by_every_way() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.connect().await;
    let mut create = String::from("CREATE TABLE \"all kinds\" (id integer PRIMARY KEY");
    for (index, kind) in KINDS.into_iter().enumerate().skip(1) {
        create += &format!(", c{index} ");
        db.dialect().column_type(&mut create, kind);
    }
    script(&db, &(create + ")")).await;

    let samples = samples();
    let value = |kind: Kind, index: usize| {
        let mut fitting = samples.iter().filter(|(of, ..)| *of == kind).map(|(_, value, _)| value);
        fitting.nth(index % 4).map_or(Value::Null(kind), Value::borrowed).into_owned()
    };
    let columns: Vec<usize> = (0..KINDS.len()).collect();
    for number in [1, 8, 1_000] {
        script(&db, "TRUNCATE \"all kinds\"").await;
        let rows = Rows(number, |index| {
            let given = KINDS.into_iter().skip(1).map(|kind| value(kind, index));
            Ok([Value::I32(i32::try_from(index).unwrap())].into_iter().chain(given).collect())
        });
        let sql = "INSERT INTO \"all kinds\" VALUES \
            ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
        let insert = Insert { table: &ALL_KINDS, columns: &columns, sql, rows: &rows };
        db.insert(insert).await.unwrap();
        for (column, kind) in KINDS.into_iter().enumerate().skip(1) {
            let sql = format!("SELECT c{column} FROM \"all kinds\" ORDER BY id");
            let found = read(&db, &sql, &[], kind).await.unwrap();
            assert_eq!(found.len(), number);
            for (index, found) in found.into_iter().enumerate() {
                let given = value(kind, index);
                assert_eq!(
                    format!("{found:?}").replace(' ', ""),
                    format!("{given:?}").replace(' ', "")
                );
            }
        }
    }
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

#[tokio::test]
async fn policies_of_the_application_s_own_take_many_rows() {
    let Some(scratch) = Scratch::of_a_role().await else { return };
    let policy =
        "ALTER TABLE notes ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON notes USING (true)";
    let role = scratch.role();
    scratch.admin(&format!("{CREATE_NOTES}; {policy}; GRANT ALL ON notes TO {role}")).await;
    for statements in [128, 0] {
        let options = scratch.options().pool_size(1).statement_cache(statements);
        let db = options.connect_backend().await.unwrap();
        for number in [999, 1_000, 25_000] {
            let rows = Rows(number, |index| Ok(owned(index, "a note")));
            db.insert(notes(&rows)).await.unwrap();
            let stored = i64::try_from(number).unwrap();
            assert_eq!(count(&db, "SELECT count(*) FROM notes").await, stored);
            scratch.admin("TRUNCATE notes").await;
        }
        let twice = Rows(25_000, |index| Ok(owned(index % 24_999, "a note")));
        let error = db.insert(notes(&twice)).await.unwrap_err();
        assert!(matches!(error, Error::Conflict { .. }), "{error:?}");
        assert_eq!(count(&db, "SELECT count(*) FROM notes").await, 0);
        // Where the transaction is not ours to begin again, the server's word is the answer.
        let mut transaction = db.begin(TransactionOptions::new()).await.unwrap();
        let many = Rows(1_000, |index| Ok(owned(index, "a note")));
        let refused = transaction.insert(notes(&many)).await;
        assert!(matches!(refused, Err(Error::Backend(_))), "{refused:?}");
        transaction.rollback().await.unwrap();
        db.close().await;
    }
}
