//! Which error a cause becomes.

use repo_core::backend::Access;
use repo_core::{Error, Result};

use crate::support::{File, add, both, ignore, statement};

async fn run(backend: &dyn repo_core::backend::Backend, sql: &str) -> Result<u64> {
    backend.run(statement(Access::Write, sql, &[]), &mut ignore).await
}

#[tokio::test]
async fn a_taken_key_is_a_conflict_that_names_its_columns() {
    for (name, backend, _file) in both().await {
        add(&*backend, "taken").await.expect(name);
        let error = add(&*backend, "taken").await.expect_err(name);
        let Error::Conflict { entity, constraint, columns } = error else { panic!("{error}") };
        assert_eq!((entity, constraint.as_str(), columns), ("Note", "", vec!["title".to_owned()]));
        let error = run(&*backend, "INSERT INTO notes (id, title) VALUES (1, 'x')").await;
        let Err(Error::Conflict { columns, .. }) = error else { panic!("{error:?}") };
        assert_eq!(columns, ["id"]);
    }
}

#[tokio::test]
async fn a_key_over_an_expression_is_a_conflict_that_names_its_index() {
    for (name, backend, _file) in both().await {
        run(&*backend, "CREATE UNIQUE INDEX lower_key ON notes (lower(title))").await.expect(name);
        add(&*backend, "Taken").await.expect(name);
        let error = add(&*backend, "taken").await.expect_err(name);
        let Error::Conflict { constraint, columns, .. } = error else { panic!("{error}") };
        assert_eq!((constraint.as_str(), columns.len()), ("lower_key", 0));
    }
}

#[tokio::test]
async fn a_reference_to_nothing_and_a_parent_in_use_are_foreign_key_errors() {
    for (name, backend, _file) in both().await {
        let id = add(&*backend, "parent").await.expect(name);
        let error = run(&*backend, "INSERT INTO comments (note_id) VALUES (9)").await;
        assert!(matches!(error, Err(Error::ForeignKey { entity: "Note", .. })), "{error:?}");
        run(&*backend, &format!("INSERT INTO comments (note_id) VALUES ({id})")).await.expect(name);
        let error = run(&*backend, "DELETE FROM notes").await;
        assert!(matches!(error, Err(Error::ForeignKey { entity: "Note", .. })), "{error:?}");
    }
}

#[tokio::test]
async fn a_refused_value_names_its_check() {
    for (_, backend, _file) in both().await {
        for (sql, check) in [
            ("INSERT INTO notes (title, stars) VALUES ('x', -1)", "notes_stars_check"),
            ("INSERT INTO notes (title) VALUES (NULL)", "title NOT NULL"),
        ] {
            let error = run(&*backend, sql).await.expect_err(sql);
            let Error::Check { entity: "Note", constraint } = &error else { panic!("{error}") };
            assert_eq!(constraint, check);
        }
    }
}

#[tokio::test]
async fn other_errors_say_what_is_wrong_without_values_or_sql() {
    let file = File::new();
    let backend = file.notes().await;
    run(&*backend, "CREATE TRIGGER no BEFORE DELETE ON notes BEGIN SELECT RAISE(ABORT, 'no'); END")
        .await
        .expect("a trigger");
    add(&*backend, "one").await.expect("a note");
    for (sql, code) in [
        ("INSERT INTO notes (title, stars) VALUES ('hunter2', 'hunter2')", "3091"),
        ("INSERT INTO nothing VALUES ('hunter2')", "1"),
        ("SELECT \"hunter2\"", "1"),
        ("DELETE FROM notes WHERE title <> 'hunter2'", "1811"),
    ] {
        let error = run(&*backend, sql).await.expect_err(sql);
        let Error::Backend(source) = &error else { panic!("{error}") };
        assert_eq!(source.code.as_deref(), Some(code), "{error}");
        let names_it = error.to_string().contains("hunter2");
        assert!(!names_it || sql.starts_with("SELECT"), "{error}");
    }
}
