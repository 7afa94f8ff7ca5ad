//! Relations where other policies meet them: rows that tenants share, changes in chunks, sessions of all tenants.

use repo_core::{Error, Projection, count, schema};

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{Fixture, acme, bolt};

/// A loan with what was lent.
#[derive(Debug, Clone, PartialEq, Projection)]
#[projection(entity = Loan)]
struct Lent {
    reader: String,
    #[projection(column = Loan::chapter().column(Chapter::TITLE))]
    title: Option<String>,
}

pub(crate) async fn rows_of_all_tenants_come_with_what_they_share(fixture: Fixture) {
    let db = fixture.with(&library()).await;
    let genres = db.session().repo::<Genre>();
    let essay = genres.create(NewGenre { name: "essay".into() }).await.unwrap();
    for (session, title) in [(acme(&db), "ours"), (bolt(&db), "theirs")] {
        let ada = session.repo::<Author>().create(author("Ada")).await.unwrap();
        let of_genre = NewBook { genre_id: Some(essay.id), ..book(title, &ada) };
        session.repo::<Book>().create(of_genre).await.unwrap();
    }
    let books = Book::genre().many().order_by(Book::TITLE.asc());
    let ours = acme(&db).repo::<Genre>().load_one(&essay, books.clone()).await.unwrap();
    assert_eq!(ours.iter().map(|book| &*book.title).collect::<Vec<_>>(), ["ours"]);
    let all = db.all_tenants("a case");
    let loaded = all.repo::<Genre>().query().with(books.with(Book::author())).one().await.unwrap();
    let titles: Vec<_> = loaded.1.iter().map(|(book, _)| book.title.as_str()).collect();
    assert_eq!(titles, ["ours", "theirs"], "those of all tenants, as any query of this session");
    for (book, author) in &loaded.1 {
        assert_eq!(author.as_ref().map(|it| it.tenant_id), Some(book.tenant_id));
    }
    let loaded = all.repo::<Book>().query().with(Book::genre()).all().await.unwrap();
    assert!(loaded.iter().all(|(_, genre)| genre.as_ref() == Some(&essay)), "{loaded:?}");
}

pub(crate) async fn several_rows_of_all_tenants_are_not_the_one(fixture: Fixture) {
    let db = fixture.with(&library()).await;
    let genres = db.session().repo::<Genre>();
    let essay = genres.create(NewGenre { name: "essay".into() }).await.unwrap();
    let new = || NewShelving { genre_id: essay.id };
    let ours = acme(&db).repo::<Shelving>().create(new()).await.unwrap();
    let (all, one) = (db.all_tenants("a case"), Shelving::genre().one());
    let found = all.repo::<Genre>().load_one(&essay, one).await.unwrap();
    assert_eq!(found, Some(ours.clone()));
    bolt(&db).repo::<Shelving>().create(new()).await.unwrap();
    let found = acme(&db).repo::<Genre>().load_one(&essay, one).await.unwrap();
    assert_eq!(found, Some(ours));
    let refused = all.repo::<Genre>().load_one(&essay, one).await;
    assert!(matches!(refused, Err(Error::MoreThanOne { entity: "Shelving" })), "{refused:?}");
}

pub(crate) async fn what_a_deletion_leaves_alone_is_not_deleted_by_the_next_chunk(
    fixture: Fixture,
) {
    let db = fixture.with(&library()).await;
    let session = acme(&db);
    let ada = session.repo::<Author>().create(author("Ada")).await.unwrap();
    let books = session.repo::<Book>();
    let first = books.create(book("First", &ada)).await.unwrap();
    let second = NewBook { sequel_of: Some(first.id), ..book("Second", &ada) };
    let second = books.create(second).await.unwrap();
    let third = NewBook { sequel_of: Some(second.id), ..book("Third", &ada) };
    books.create(third).await.unwrap();
    let last = || books.filter(!Book::sequel_of().many().exists());
    assert_eq!(last().delete_in_chunks(10).dry_run().await.unwrap(), 1);
    assert_eq!(last().delete_in_chunks(10).await.unwrap(), 1, "as many as were counted");
    let left = books.query().order_by(Book::TITLE.asc()).all().await.unwrap();
    assert_eq!(left, [first, second]);
}

pub(crate) async fn a_group_by_recorded_rows_of_all_tenants_is_an_entry(fixture: Fixture) {
    let db = fixture.with(&library()).await;
    let session = acme(&db).actor("alice");
    let ada = session.repo::<Author>().create(author("Ada")).await.unwrap();
    let notes = session.repo::<Book>().create(book("Notes", &ada)).await.unwrap();
    let first = session.repo::<Chapter>().create(chapter(&notes, 1)).await.unwrap();
    let loan = NewLoan { chapter_id: first.id, reader: "Bob".into() };
    session.repo::<Loan>().create(loan).await.unwrap();
    let title = Loan::chapter().column(Chapter::TITLE);
    let nobody = db.all_tenants("a case");
    let refused = nobody.repo::<Loan>().query().group_by(title).select(count()).all().await;
    assert_error!(refused, Error::MissingActor { entity: "Chapter" });
    let by_reader = nobody.repo::<Loan>().query().order_by(Loan::READER.asc());
    let refused = by_reader.latest_per(title, Loan::READER).await;
    assert_error!(refused, Error::MissingActor { entity: "Chapter" });
    let refused = db.all_tenants("a case").repo::<Loan>().query().project::<Lent>().all().await;
    assert_error!(refused, Error::MissingActor { entity: "Chapter" });
    let loans = db.all_tenants("a case");
    assert_eq!(loans.repo::<Loan>().count().await.unwrap(), 1, "loans alone are not watched");
    let auditor = db.all_tenants("a case").actor("auditor");
    let groups = auditor.repo::<Loan>().query().group_by(title).select(count()).all().await;
    assert_eq!(groups.unwrap(), [(Some("Notes 1".to_owned()), 1)]);
    let entries = db.session().audit().by_actor("auditor").all().await.unwrap();
    assert_eq!(entries.len(), 1);
}

pub(crate) async fn a_reference_may_be_called_as_a_keyword(fixture: Fixture) {
    let db = fixture.with(&schema![Phrase]).await;
    let phrases = db.session().repo::<Phrase>();
    let none = NewPhrase { type_id: None, r#match: None, self_id: None };
    let first = phrases.create(none).await.unwrap();
    let id = Some(first.id);
    let second = NewPhrase { type_id: id, r#match: id, self_id: id };
    let second = phrases.create(second).await.unwrap();
    let all = (Phrase::r#type(), Phrase::r#match(), Phrase::self_id());
    let found = phrases.load_one(&second, all).await.unwrap();
    assert_eq!(found, (Some(first.clone()), Some(first.clone()), Some(first)));
    assert_eq!(phrases.filter(Phrase::r#type().exists()).one().await.unwrap(), second);
    let query = phrases.query().order_by(Phrase::r#type().column(Phrase::TYPE_ID).asc());
    let shown = format!("{query:?}");
    assert!(shown.contains("to phrases.id") && shown.len() < 300, "{shown}");
}

pub(crate) async fn rows_that_choose_each_other_are_chosen_before_any_is_changed(fixture: Fixture) {
    let db = fixture.with(&library()).await;
    let session = acme(&db);
    let ada = session.repo::<Author>().create(author("Ada")).await.unwrap();
    let books = session.repo::<Book>();
    let mut before = None;
    for title in ["First", "Second", "Third", "Fourth"] {
        let next = NewBook { sequel_of: before, ..book(title, &ada) };
        before = Some(books.create(next).await.unwrap().id);
    }
    let sequels = books.filter(Book::sequel_of().has(Book::PAGES.is_null()));
    assert_eq!(sequels.patch_all(BookPatch::new().pages(Some(9))).await.unwrap(), 3);
    let first = books.filter(Book::PAGES.is_null()).one().await.unwrap();
    assert_eq!(first.title, "First");
    let sequels = books.filter(Book::sequel_of().exists());
    assert_eq!(sequels.delete_all().await.unwrap(), 3);
}
