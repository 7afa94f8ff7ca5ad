//! Some columns of rows, and of what they refer to.

use std::sync::Arc;

use futures_util::TryStreamExt as _;
use repo_core::testing::Recorder;
use repo_core::{Database, PageRequest, Session, Tenant, WindowRequest};
use uuid::Uuid;

use crate::entities::*;
use crate::fixture::{Fixture, acme, backend, bolt};

async fn books(fixture: &Fixture) -> (Database, Session<Tenant<Uuid>>) {
    let db = fixture.with(&library()).await;
    let session = acme(&db);
    let genres = db.session().repo::<Genre>();
    let genre = genres.create(NewGenre { name: "essay".into() }).await.unwrap();
    let authors = session.repo::<Author>().create_many(["Ada", "Bob"].map(author)).await.unwrap();
    let repo = session.repo::<Book>();
    let first = repo.create(NewBook { pages: Some(70), ..book("A", &authors[0]) }).await.unwrap();
    let second = NewBook {
        editor_id: Some(authors[1].id),
        genre_id: Some(genre.id),
        sequel_of: Some(first.id),
        notes: vec!["G".into(), "é".into()],
        ..book("B", &authors[0])
    };
    let second = repo.create(second).await.unwrap();
    session
        .repo::<Cover>()
        .create(NewCover { book_id: second.id, color: "red".into() })
        .await
        .unwrap();
    let theirs = bolt(&db).repo::<Author>().create(author("Eve")).await.unwrap();
    bolt(&db).repo::<Book>().create(book("C", &theirs)).await.unwrap();
    (db, session)
}

fn line(title: &str) -> Line {
    Line {
        title: title.into(),
        author: Some("Ada".into()),
        editor: None,
        genre: None,
        remarks: Vec::new(),
        pages: None,
        again: title.into(),
        pages_before: None,
        color: None,
    }
}

fn lines() -> [Line; 2] {
    let second = Line {
        editor: Some("Bob".into()),
        genre: Some("essay".into()),
        remarks: vec!["G".into(), "é".into()],
        pages_before: Some(70),
        color: Some("red".into()),
        ..line("B")
    };
    [Line { pages: Some(70), ..line("A") }, second]
}

pub(crate) async fn a_projection_is_some_columns_of_the_rows(fixture: Fixture) {
    let (_, session) = books(&fixture).await;
    let query = session.repo::<Book>().query().order_by(Book::TITLE.asc()).project::<Line>();
    assert_eq!(query.clone().all().await.unwrap(), lines());
    assert_eq!(query.clone().first().await.unwrap(), Some(lines()[0].clone()));
    let second = query.clone().filter(Book::TITLE.eq("B"));
    assert_eq!(second.clone().one().await.unwrap(), lines()[1]);
    assert_eq!(second.at_most_one().await.unwrap(), Some(lines()[1].clone()));
    assert_eq!(query.clone().count().await.unwrap(), 2);
    let streamed: Vec<Line> = query.stream().try_collect().await.unwrap();
    assert_eq!(streamed, lines());
}

pub(crate) async fn only_its_columns_are_read(fixture: Fixture) {
    let (db, _) = books(&fixture).await;
    let recorder = Recorder::new(Arc::clone(backend(&db)));
    let session = acme(&Database::new(Arc::new(recorder.clone())));
    recorder.clear();
    session.repo::<Book>().query().project::<Line>().all().await.unwrap();
    let statements: Vec<_> =
        recorder.sql().into_iter().filter(|sql| sql.starts_with("SELECT")).collect();
    let [sql] = statements.as_slice() else { panic!("{statements:#?}") };
    let read = &sql[..sql.rfind(" FROM \"books\"").unwrap()];
    assert!(!read.contains("\"genre_id\","), "{sql}");
    assert!(!read.contains("address"), "{sql}");
}

pub(crate) async fn pages_and_windows_have_projections(fixture: Fixture) {
    let (_, session) = books(&fixture).await;
    // By columns that it does not show, of the row and of what it refers to.
    let query = session
        .repo::<Book>()
        .query()
        .order_by(Book::genre().column(Genre::ID).desc())
        .order_by(Book::AUTHOR_ID.asc())
        .project::<Line>();
    let page = query.clone().page(PageRequest::number(1).size(1)).await.unwrap();
    assert_eq!((page.items, page.total), (vec![lines()[0].clone()], 2));
    let beyond = query.clone().page(PageRequest::number(9).size(1)).await.unwrap();
    assert_eq!((beyond.items, beyond.total), (Vec::new(), 2));
    let first = query.clone().window(WindowRequest::first(1)).await.unwrap();
    assert_eq!((first.items, first.has_next), (vec![lines()[0].clone()], true));
    let after = WindowRequest::first(1).after(first.end.unwrap());
    let next = query.clone().window(after).await.unwrap();
    assert_eq!((next.items, next.has_next), (vec![lines()[1].clone()], false));
    let mut chunks = query.chunks(1);
    assert_eq!(chunks.next().await.unwrap().unwrap(), lines()[..1]);
    assert_eq!(chunks.next().await.unwrap().unwrap(), lines()[1..]);
    assert_eq!(chunks.next().await.unwrap(), None);
}

pub(crate) async fn what_is_hidden_is_not_in_a_projection(fixture: Fixture) {
    let (_, session) = books(&fixture).await;
    session.repo::<Author>().query().delete_all().await.unwrap();
    let query = session.repo::<Book>().query().order_by(Book::TITLE.asc()).project::<Line>();
    let [first, second] = lines();
    let shown = [Line { author: None, ..first }, Line { author: None, ..second }];
    assert_eq!(query.all().await.unwrap(), shown, "an editor is shown, an author is hidden");
}
