//! Single statements: what they return, and what is undone when one fails.

use repo_core::backend::Access;
use repo_core::{Error, Value};

use crate::support::{INSERT, Titles, add, both, count, ignore, integer, statement, text};

#[tokio::test]
async fn a_statement_returns_its_rows_and_how_many_it_changed() {
    for (name, backend, _file) in both().await {
        assert_eq!(add(&*backend, "first").await.expect(name), 1);
        assert_eq!(add(&*backend, "second").await.expect(name), 2);
        let update = statement(Access::Write, "UPDATE notes SET stars = 5", &[]);
        assert_eq!(backend.run(update, &mut ignore).await.expect(name), 2);
        let none = statement(Access::Write, "DELETE FROM notes WHERE id = 9", &[]);
        assert_eq!(backend.run(none, &mut ignore).await.expect(name), 0);
        let mut ids = Vec::new();
        let read = statement(Access::Read, "SELECT id FROM notes ORDER BY id DESC", &[]);
        let rows = backend
            .run(read, &mut |row| {
                ids.push(integer(row)?);
                Ok(())
            })
            .await;
        assert_eq!((rows.expect(name), ids), (2, vec![2, 1]));
    }
}

#[tokio::test]
async fn many_rows_are_inserted_in_order_or_not_at_all() {
    for (name, backend, _file) in both().await {
        let titles = Titles::numbered(2_500);
        let ids = backend.insert(titles.insert()).await.expect(name);
        assert_eq!(ids, (1..=2_500).collect::<Vec<i64>>(), "{name}");

        let mut again = Titles::numbered(1_500).0;
        for title in &mut again {
            title.insert(0, '+');
        }
        again.push("note 7".to_owned());
        let conflict = backend.insert(Titles(again.clone()).insert()).await.expect_err(name);
        assert_eq!(conflict.row(), Some(1_500));
        let conflict = conflict.cause();
        assert!(matches!(conflict, Error::Conflict { columns, .. } if columns == &["title"]));
        *again.last_mut().expect("not empty") = "refused".to_owned();
        let refused = backend.insert(Titles(again).insert()).await.expect_err(name);
        assert!(refused.is_invalid_input(), "{refused}");
        assert_eq!(count(&*backend).await.expect(name), 2_500, "{name}");
        assert!(backend.insert(Titles(Vec::new()).insert()).await.expect(name).is_empty());
    }
}

#[tokio::test]
async fn an_error_in_on_row_undoes_the_statement() {
    for (name, backend, _file) in both().await {
        let params = [text("never"), Value::I64(1)];
        let refuse = &mut |_: &dyn repo_core::backend::Row| Err(Error::Closed);
        let error = backend.run(statement(Access::Write, INSERT, &params), refuse).await;
        assert!(matches!(error, Err(Error::Closed)), "{name}");
        assert_eq!(count(&*backend).await.expect(name), 0, "{name}");
        add(&*backend, "never").await.expect("the connection works on");
    }
}

#[tokio::test]
async fn a_panic_in_on_row_undoes_the_statement_and_the_connection_works_on() {
    for (name, backend, _file) in both().await {
        for access in [Access::Write, Access::Read] {
            let task = tokio::spawn({
                let backend = backend.clone();
                async move {
                    let sql = match access {
                        Access::Write => INSERT,
                        Access::Read => "SELECT ?1, ?2",
                    };
                    let params = [text("never"), Value::I64(1)];
                    backend
                        .run(statement(access, sql, &params), &mut |_| panic!("on purpose"))
                        .await
                }
            });
            assert!(task.await.expect_err("it panics").is_panic());
            assert_eq!(count(&*backend).await.expect(name), 0, "{name}");
        }
        add(&*backend, "never").await.expect("the connection works on");
        assert_eq!(count(&*backend).await.expect(name), 1, "{name}");
    }
}

#[tokio::test]
async fn a_missing_parameter_is_an_error_and_not_null() {
    for (name, backend, _file) in both().await {
        let params = [text("only one")];
        let error = backend.run(statement(Access::Write, INSERT, &params), &mut ignore).await;
        assert!(matches!(error, Err(Error::Backend(_))), "{name}");
        assert_eq!(count(&*backend).await.expect(name), 0);
    }
}
