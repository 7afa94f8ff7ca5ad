//! Queries by hand whose rows are checked.

use repo_core::{Error, Projection};
use uuid::Uuid;

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{ACME, Fixture, acme, bolt};

#[derive(Debug, PartialEq, Projection)]
#[projection(entity = Genre)]
struct Named {
    #[projection(column = Genre::NAME)]
    called: String,
    id: i64,
}

#[derive(Debug, PartialEq, Projection)]
#[projection(entity = Book)]
struct Written {
    title: String,
    #[projection(column = Book::author().column(Author::NAME))]
    author: Option<String>,
}

pub(crate) async fn a_query_by_hand_gives_what_a_projection_says(fixture: Fixture) {
    let db = fixture.with(&library()).await;
    let genres = ["essay", "novel", "play"].map(|name| NewGenre { name: name.into() });
    let genres = db.session().repo::<Genre>().create_many(genres).await.unwrap();
    let session = db.session();
    let sql = "SELECT id, name AS called, 'ignored' AS more FROM genres ORDER BY name DESC; ";
    let rows: Vec<Named> = session.sql(sql).all().await.unwrap();
    let expected: Vec<_> =
        genres.iter().rev().map(|it| Named { called: it.name.clone(), id: it.id }).collect();
    assert_eq!(rows, expected);
    let whole: Vec<Genre> =
        session.sql("SELECT * FROM genres ORDER BY id -- all").all().await.unwrap();
    assert_eq!(whole, genres);
    let with = "WITH few AS (SELECT id, name FROM genres) SELECT id, name FROM few";
    assert_error!(session.sql::<Genre>(with).one().await, Error::MoreThanOne { entity: "Genre" });
    let none = session.sql::<Genre>("SELECT * FROM genres WHERE id < 0");
    assert!(none.one().await.unwrap_err().is_not_found());
    // Inside of a transaction it sees what is not committed, and leaves the transaction as it is.
    let counted: Result<usize, Error> = session
        .transaction(async |tx| {
            tx.repo::<Genre>().create(NewGenre { name: "poem".into() }).await?;
            let failed = tx.sql::<Genre>("SELECT nothing FROM genres").all().await;
            assert_error!(failed, Error::Backend(_));
            Ok(tx.sql::<Genre>("SELECT * FROM genres").all().await?.len())
        })
        .await;
    assert_eq!(counted.unwrap(), 4);
    let lacking = session.sql::<Named>("SELECT id FROM genres").all().await;
    assert!(
        matches!(&lacking, Err(Error::Backend(it)) if it.to_string().contains("called")),
        "{lacking:?}"
    );
    let wrong = session.sql::<Named>("SELECT id, NULL AS called FROM genres").all().await;
    assert_error!(wrong, Error::Decode { .. });
}

pub(crate) async fn parameters_are_bound_by_name(fixture: Fixture) {
    let db = fixture.with(&library()).await;
    let genres = ["essay", "novel"].map(|name| NewGenre { name: name.into() });
    let genres = db.session().repo::<Genre>().create_many(genres).await.unwrap();
    let session = db.session();
    let sql = "SELECT * FROM genres WHERE name = :name AND (id = :id OR name <> :name)";
    let query = || session.sql::<Genre>(sql).bind("id", genres[1].id);
    let found = query().bind("name", "novel".to_owned()).one().await.unwrap();
    assert_eq!(found, genres[1]);
    let hostile = query().bind("name", "x' OR '1' = '1".to_owned()).all().await.unwrap();
    assert_eq!(hostile, []);
    assert_error!(query().all().await, Error::InvalidInput { column, .. } if column == "name");
    let more = query().bind("name", "a".to_owned()).bind("other", 1_i64);
    assert_error!(more.all().await, Error::InvalidInput { column, .. } if column == "other");
    let twice = query().bind("name", "a".to_owned()).bind("id", 1_i64);
    assert_error!(twice.all().await, Error::InvalidInput { column, .. } if column == "id");
    assert_error!(
        session.sql::<Genre>("SELECT * FROM genres WHERE id = $1").all().await,
        Error::InvalidInput { .. }
    );
}

pub(crate) async fn what_belongs_to_tenants_needs_a_reason(fixture: Fixture) {
    let db = fixture.with(&library()).await;
    for session in [acme(&db), bolt(&db)] {
        let ada = session.repo::<Author>().create(author("Ada")).await.unwrap();
        session.repo::<Book>().create(book("Notes", &ada)).await.unwrap();
    }
    let session = acme(&db);
    for table in ["books", "\"books\"", "BOOKS", "\"BOOKS\"", "'books'", "[books]", "repo_audit"] {
        let sql = format!("SELECT 1 AS id, title AS name FROM {table}");
        let refused = session.sql::<Genre>(&sql).all().await;
        assert_error!(refused, Error::InvalidInput { column, .. } if column == "sql");
    }
    let before = db.unchecked_sql_count();
    let sql = "SELECT b.title, a.name AS author FROM books b JOIN authors a ON a.id = b.author_id \
               WHERE b.tenant_id = :tenant AND a.tenant_id = :tenant";
    let rows: Vec<Written> =
        session.unchecked_sql("a report").sql(sql).bind("tenant", ACME).all().await.unwrap();
    assert_eq!(rows, [Written { title: "Notes".into(), author: Some("Ada".into()) }]);
    assert_eq!(db.unchecked_sql_count(), before + 1);
    let silent = session.unchecked_sql(" ").sql::<Written>(sql).bind("tenant", ACME).all().await;
    assert_error!(silent, Error::InvalidInput { .. });
    let positional = session.unchecked_sql("a report").bind(Uuid::nil()).sql::<Written>(sql);
    assert_error!(positional.bind("tenant", ACME).all().await, Error::InvalidInput { .. });
}

pub(crate) async fn a_query_by_hand_only_reads(fixture: Fixture) {
    let db = fixture.with(&library()).await;
    let session = db.session();
    session.repo::<Genre>().create(NewGenre { name: "essay".into() }).await.unwrap();
    for sql in [
        "DELETE FROM genres RETURNING id, name",
        "SELECT * FROM genres; DELETE FROM genres",
        "SELECT * FROM genres) AS x; DELETE FROM genres; --",
        "WITH gone AS (DELETE FROM genres RETURNING *) SELECT * FROM gone",
        "COMMIT",
    ] {
        assert!(session.sql::<Genre>(sql).all().await.is_err(), "{sql}");
        assert_eq!(session.repo::<Genre>().count().await.unwrap(), 1, "{sql}");
    }
}
