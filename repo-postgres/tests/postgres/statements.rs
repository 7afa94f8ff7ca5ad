//! Statements outside transactions, and what their errors become.

use repo_core::backend::{Access, Backend, Row};
use repo_core::{Error, Kind, TransactionOptions, Value};
use repo_postgres::Postgres;

use crate::scratch::{
    CREATE_NOTES, INSERT_NOTE, Scratch, count, note, read, script, statement, write,
};

#[tokio::test]
async fn a_written_row_is_read_back() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.connect().await;
    script(&db, CREATE_NOTES).await;
    assert_eq!(write(&db, INSERT_NOTE, &note(1, "first")).await.unwrap(), 1);
    let sql = "SELECT body FROM notes WHERE id = ANY($1)";
    let ids = [Value::List(Kind::I32, vec![Value::I32(1), Value::I32(2)])];
    let bodies = read(&db, sql, &ids, Kind::Text).await.unwrap();
    assert_eq!(bodies, [Value::Text("first".into())]);
    let affected = write(&db, "UPDATE notes SET body = $2 WHERE id = $1", &note(7, "none")).await;
    assert_eq!(affected.unwrap(), 0);
}

#[tokio::test]
async fn each_violation_is_its_own_error() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.connect().await;
    script(&db, CREATE_NOTES).await;
    script(&db, "CREATE TABLE replies (note integer NOT NULL REFERENCES notes)").await;
    write(&db, INSERT_NOTE, &note(1, "first")).await.unwrap();

    let error = write(&db, INSERT_NOTE, &note(1, "again")).await.unwrap_err();
    assert!(
        matches!(&error, Error::Conflict { entity: "Note", constraint, columns }
            if constraint == "notes_pkey" && *columns == ["notes.id"]),
        "{error:?}"
    );

    let error = write(&db, INSERT_NOTE, &note(2, &"x".repeat(50))).await.unwrap_err();
    assert!(
        matches!(&error, Error::Check { entity: "Note", constraint }
            if constraint == "notes_body_short"),
        "{error:?}"
    );

    let params = [Value::I32(2), Value::Null(Kind::Text)];
    let error = write(&db, INSERT_NOTE, &params).await.unwrap_err();
    assert!(
        matches!(&error, Error::Check { constraint, .. } if constraint == "body NOT NULL"),
        "{error:?}"
    );
    script(&db, "CREATE DOMAIN filled AS text NOT NULL; CREATE TABLE marks (mark filled)").await;
    let insert = "INSERT INTO marks VALUES ($1)";
    let error = write(&db, insert, &[Value::Null(Kind::Text)]).await.unwrap_err();
    assert_eq!(error.to_string(), "the check `filled NOT NULL` refused the `Note`");

    let error = write(&db, "INSERT INTO replies VALUES ($1)", &[Value::I32(9)]).await.unwrap_err();
    assert!(matches!(error, Error::ForeignKey { entity: "Note", .. }), "{error:?}");

    let error = write(&db, "DELETE FROM nowhere", &[]).await.unwrap_err();
    assert!(matches!(error, Error::Backend(_)), "{error:?}");
    assert_eq!(error.to_string(), "relation \"nowhere\" does not exist (42P01)");
    assert_eq!(count(&db, "SELECT count(*) FROM notes").await, 1);
}

#[tokio::test]
async fn an_error_never_quotes_a_value() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.connect().await;
    script(&db, CREATE_NOTES).await;
    write(&db, INSERT_NOTE, &note(1, "s3cret")).await.unwrap();
    script(&db, "ALTER TABLE notes ADD UNIQUE (body)").await;
    let errors = [
        write(&db, INSERT_NOTE, &note(2, "s3cret")).await.unwrap_err(),
        write(&db, "UPDATE notes SET id = body::integer", &[]).await.unwrap_err(),
        write(&db, "UPDATE notes SET body = NULL", &[]).await.unwrap_err(),
    ];
    for error in errors {
        assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
    }
}

#[tokio::test]
async fn an_error_of_a_row_ends_the_statement_and_spares_the_connection() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.options().pool_size(1).connect_backend().await.unwrap();
    let before = count(&db, "SELECT pg_backend_pid()::int8").await;
    let mut rows = 0;
    let mut on_row = |_: &dyn Row| {
        rows += 1;
        if rows == 3 { Err(Error::NotFound { entity: "Note", id: "3".into() }) } else { Ok(()) }
    };
    let sql = "SELECT generate_series(1, 10000)";
    let error = db.run(statement(sql, &[], Access::Read), &mut on_row).await.unwrap_err();
    assert!(error.is_not_found(), "{error:?}");
    assert_eq!(rows, 3);
    assert_eq!(count(&db, "SELECT pg_backend_pid()::int8").await, before);
}

#[tokio::test]
async fn without_a_statement_cache_each_operation_is_a_transaction() {
    let Some(scratch) = Scratch::new().await else { return };
    let options = scratch.options().statement_cache(0).pool_size(1);
    let db = options.connect_backend().await.unwrap();
    script(&db, CREATE_NOTES).await;
    write(&db, INSERT_NOTE, &note(1, "first")).await.unwrap();
    let error = write(&db, INSERT_NOTE, &note(1, "again")).await.unwrap_err();
    assert!(error.is_conflict(), "{error:?}");
    assert_eq!(count(&db, "SELECT count(*) FROM notes").await, 1);
    assert_eq!(count(&db, "SELECT count(*) FROM pg_prepared_statements WHERE name <> ''").await, 0);
}

#[tokio::test]
async fn a_table_that_changed_costs_one_error_at_most() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.options().pool_size(1).connect_backend().await.unwrap();
    script(&db, CREATE_NOTES).await;
    write(&db, INSERT_NOTE, &note(1, "first")).await.unwrap();
    let sql = "SELECT id FROM notes";
    assert_eq!(read(&db, sql, &[], Kind::I64).await.unwrap(), [Value::I64(1)]);
    script(&db, "ALTER TABLE notes ALTER id TYPE bigint").await;
    let _ = read(&db, sql, &[], Kind::I64).await;
    assert_eq!(read(&db, sql, &[], Kind::I64).await.unwrap(), [Value::I64(1)]);
}

/// Reads the notes and changes them on each of a pool's three connections, outside transactions.
async fn on_each(db: &Postgres) {
    let mut held = Vec::new();
    for _ in 0..3 {
        let ids = read(db, "SELECT * FROM notes", &[], Kind::I32).await.unwrap();
        assert_eq!(ids, [Value::I32(1)]);
        let change = "UPDATE notes SET body = body || '.' RETURNING *";
        let mut rows = 0;
        let mut on_row = |_: &dyn Row| {
            rows += 1;
            Ok(())
        };
        let changed = db.run(statement(change, &[], Access::Write), &mut on_row).await;
        assert_eq!((changed.unwrap(), rows), (1, 1));
        held.push(db.begin(TransactionOptions::new()).await.unwrap());
    }
    for transaction in held {
        transaction.rollback().await.unwrap();
    }
}

#[tokio::test]
async fn a_statement_whose_table_was_altered_is_prepared_anew() {
    let Some(scratch) = Scratch::new().await else { return };
    let options = scratch.options().pool_size(3).application_name(&scratch.schema);
    let db = options.connect_backend().await.unwrap();
    let sessions = "SELECT sum(pid)::int8 FROM pg_stat_activity WHERE application_name = $1";
    let mut beside = scratch.sqlx().await;
    script(&db, CREATE_NOTES).await;
    write(&db, INSERT_NOTE, &note(1, "a note")).await.unwrap();
    on_each(&db).await;
    let before = sqlx::query_scalar::<_, i64>(sessions).bind(&scratch.schema);
    let before = before.fetch_one(&mut beside).await.unwrap();
    let alter = "ALTER TABLE notes ADD more integer";
    sqlx::raw_sql(alter).execute(&mut beside).await.unwrap();
    on_each(&db).await;
    let after = sqlx::query_scalar::<_, i64>(sessions).bind(&scratch.schema);
    assert_eq!(after.fetch_one(&mut beside).await.unwrap(), before);
    let bodies = "SELECT count(*) FROM notes WHERE body = 'a note......'";
    assert_eq!(count(&db, bodies).await, 1);
}
