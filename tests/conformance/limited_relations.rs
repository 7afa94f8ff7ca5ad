//! At most so many related rows of each row: which ones they are, in which order, and under every policy.

use std::sync::Arc;

use repo_core::testing::{Recorder, SequentialIds};
use repo_core::{Database, Error, Repository, Session, Tenant, schema};
use uuid::Uuid;

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{Fixture, acme, backend, bolt};

/// Ada wrote five books of 10, 20, no, 20 and 30 pages, Bob wrote one, Cy none.
struct Shelf {
    db: Database,
    session: Session<Tenant<Uuid>>,
    authors: Vec<Author>,
    books: Vec<Book>,
}

async fn shelf(fixture: &Fixture) -> Shelf {
    let db = fixture.with(&library()).await;
    let session = acme(&db).actor("alice");
    let authors = session.repo::<Author>().create_many(["Ada", "Bob", "Cy"].map(author)).await;
    let authors = authors.unwrap();
    let of = |title: &str, pages, at: usize| NewBook { pages, ..book(title, &authors[at]) };
    let books = [
        of("A", Some(10), 0),
        of("B", Some(20), 0),
        of("C", None, 0),
        of("D", Some(20), 0),
        of("E", Some(30), 0),
        of("Zen", Some(50), 1),
    ];
    let books = session.repo::<Book>().create_many(books).await.unwrap();
    Shelf { db, session, authors, books }
}

fn titles<'b>(books: impl IntoIterator<Item = &'b Book>) -> String {
    books.into_iter().map(|book| book.title.as_str()).collect::<Vec<_>>().join(" ")
}

pub(crate) async fn each_row_comes_with_its_first_few(fixture: Fixture) {
    let Shelf { session, authors, .. } = shelf(&fixture).await;
    let repo = session.repo::<Author>();
    let longest = Author::books().order_by(Book::PAGES.desc().nulls_last());
    for (limit, expected) in [
        (0, ["", "", ""]),
        (1, ["E", "Zen", ""]),
        (2, ["E D", "Zen", ""]),
        (3, ["E D B", "Zen", ""]),
        (9, ["E D B A C", "Zen", ""]),
        (u64::MAX, ["E D B A C", "Zen", ""]),
    ] {
        let loaded = repo.load(&authors, longest.clone().limit(limit)).await.unwrap();
        assert_eq!(loaded.iter().map(titles).collect::<Vec<_>>(), expected, "{limit}");
    }
    let by_name = repo.query().order_by(Author::NAME.asc());
    let some = Author::books().limit(2).filter(Book::PAGES.ne(10)).order_by(Book::PAGES.asc());
    let rows = by_name.with(some.clone()).all().await.unwrap();
    let rows: Vec<_> = rows.iter().map(|(it, books)| (it.name.as_str(), titles(books))).collect();
    assert_eq!(rows, [("Ada", "B D".to_owned()), ("Bob", "Zen".to_owned()), ("Cy", String::new())]);
    let of_ada = repo.load_one(&authors[0], some).await.unwrap();
    assert_eq!(titles(&of_ada), "B D");
    let by_id = repo.load_one(&authors[0], Author::books().limit(3)).await.unwrap();
    assert_eq!(titles(&by_id), "A B C", "by id, unless it is said");
    let nobody: Vec<Vec<Book>> = repo.load(&[], Author::books().limit(3)).await.unwrap();
    assert!(nobody.is_empty());
}

pub(crate) async fn the_first_few_of_all_rows_are_one_statement(fixture: Fixture) {
    let Shelf { db, .. } = shelf(&fixture).await;
    let recorder = Recorder::new(Arc::clone(backend(&db)));
    let session = acme(&Database::new(Arc::new(recorder.clone())));
    recorder.clear();
    for (limit, expected) in [(2, [2, 1, 0]), (3, [3, 1, 0])] {
        let query = session.repo::<Author>().query().order_by(Author::NAME.asc());
        let rows = query.with(Author::books().limit(limit)).all().await.unwrap();
        assert_eq!(rows.iter().map(|(_, books)| books.len()).collect::<Vec<_>>(), expected);
    }
    let of_books = || {
        let sql = recorder.sql().into_iter();
        sql.filter(|sql| sql.contains("\"books\"")).collect::<Vec<_>>()
    };
    let sql = of_books();
    assert_eq!(sql.len(), 2, "{sql:#?}");
    assert_eq!(sql[0], sql[1], "one text, which is prepared once, for every number");
    let all = session.repo::<Author>().query().with(Author::books()).all().await.unwrap();
    assert_eq!(all.iter().map(|(_, books)| books.len()).sum::<usize>(), 6);
    assert_ne!(of_books()[2], sql[0], "another one without a number");
}

pub(crate) async fn the_first_few_by_an_index_are_looked_up_for_each_row(fixture: Fixture) {
    let Shelf { db, authors, .. } = shelf(&fixture).await;
    let recorder = Recorder::new(Arc::clone(backend(&db)));
    let watched = Database::new(Arc::new(recorder.clone()));
    let (one, all) = (acme(&watched), watched.all_tenants("a case"));
    let is_ranked = || {
        let sql = recorder.sql().into_iter().filter(|sql| sql.contains("\"books\""));
        sql.map(|sql| sql.contains("DENSE_RANK")).collect::<Vec<_>>()
    };
    let longest = Author::books().order_by(Book::PAGES.desc().nulls_last());
    let genre = Book::genre().column(Genre::NAME);
    for few in [
        longest.clone().limit(2),
        longest.clone().limit(1).with_deleted(),
        longest.clone().order_by(genre.desc()).order_by(Book::TITLE.desc()).limit(3),
        longest.clone().filter(Book::author().has(Author::NAME.eq("Ada"))).limit(2),
        longest.clone().filter(Book::PAGES.is_null() | Book::TITLE.starts_with("D")).limit(2),
        longest.limit(0),
    ] {
        recorder.clear();
        let indexed = one.repo::<Author>().load(&authors, few.clone()).await.unwrap();
        let ranked = all.repo::<Author>().load(&authors, few.clone()).await.unwrap();
        assert_eq!(indexed, ranked, "{few:?}");
        assert_eq!(is_ranked(), [false, true], "an index begins with the author and the pages");
    }
    recorder.clear();
    let by_title = Author::books().order_by(Book::TITLE.desc()).limit(2);
    one.repo::<Author>().load(&authors, by_title).await.unwrap();
    assert_eq!(is_ranked(), [true], "no index begins with the author and the title");
}

/// A parent whose key is a text.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "countries")]
struct Country {
    #[repository(assigned)]
    id: String,
}

/// Its child, whose columns have the names that a statement may have for what it looks for.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "value", index(country_id, value desc))]
struct City {
    id: i64,
    #[repository(references = Country)]
    country_id: String,
    value: i64,
    key_1: i64,
}

pub(crate) async fn the_first_few_are_found_by_texts_too(fixture: Fixture) {
    let db = fixture.with(&schema![Country, City]).await;
    let session = db.session();
    let ids = ["de", "DE", "it's", "\u{e9}"].map(|id| NewCountry { id: id.to_owned() });
    let countries = session.repo::<Country>().create_many(ids).await.unwrap();
    for (at, country) in countries.iter().enumerate() {
        let cities = (0..=at).map(|value| {
            let value = i64::try_from(value).unwrap();
            NewCity { country_id: country.id.clone(), value, key_1: 7 }
        });
        session.repo::<City>().create_many(cities).await.unwrap();
    }
    let largest = City::country().many().order_by(City::VALUE.desc()).limit(2);
    let loaded = session.repo::<Country>().load(&countries, largest).await.unwrap();
    let values: Vec<Vec<_>> =
        loaded.iter().map(|of| of.iter().map(|city| city.value).collect()).collect();
    assert_eq!(values, [vec![0], vec![1, 0], vec![2, 1], vec![3, 2]]);
    assert!(loaded.iter().flatten().all(|city| city.key_1 == 7));
}

pub(crate) async fn the_first_few_come_with_what_they_find(fixture: Fixture) {
    let Shelf { session, authors, books, .. } = shelf(&fixture).await;
    let chapters = [(4, 1), (4, 2), (4, 3), (3, 7), (3, 8), (0, 1), (5, 1)];
    let chapters = chapters.map(|(at, number)| chapter(&books[at], number));
    session.repo::<Chapter>().create_many(chapters).await.unwrap();
    let last = Book::chapters().order_by(Chapter::NUMBER.desc()).limit(2);
    let longest = Author::books().order_by(Book::PAGES.desc().nulls_last()).limit(2);
    let nested = longest.with((last, Book::author()));
    let loaded = session.repo::<Author>().load(&authors, nested).await.unwrap();
    let shown: Vec<Vec<_>> = loaded
        .iter()
        .map(|books| {
            let numbers = |of: &[Chapter]| of.iter().map(|it| it.number).collect::<Vec<_>>();
            let each = |(book, (of, author)): &(Book, (Vec<Chapter>, Option<Author>))| {
                assert_eq!(author.as_ref().map(|it| it.id), Some(book.author_id));
                (book.title.clone(), numbers(of))
            };
            books.iter().map(each).collect()
        })
        .collect();
    let row = |title: &str, numbers: &[i32]| (title.to_owned(), numbers.to_vec());
    assert_eq!(shown, [vec![row("E", &[3, 2]), row("D", &[8, 7])], vec![row("Zen", &[1])], vec![]]);
}

pub(crate) async fn the_first_few_are_those_in_the_order_of_what_they_find(fixture: Fixture) {
    let Shelf { db, session, books, .. } = shelf(&fixture).await;
    let genres = db.session().repo::<Genre>();
    for (name, at) in [("novel", 1), ("essay", 3)] {
        let genre = genres.create(NewGenre { name: name.into() }).await.unwrap();
        let patch = BookPatch::new().genre_id(Some(genre.id));
        session.repo::<Book>().patch(books[at].id, patch).await.unwrap();
    }
    let genre = Book::genre().column(Genre::NAME);
    for (order, expected) in [
        (genre.asc(), ["D B A", "Zen", ""]),
        (genre.desc(), ["E C A", "Zen", ""]),
        (genre.asc().nulls_first(), ["A C E", "Zen", ""]),
        (genre.desc().nulls_last(), ["B D E", "Zen", ""]),
    ] {
        let few = Author::books().order_by(order).limit(3);
        let query = session.repo::<Author>().query().order_by(Author::NAME.asc());
        let rows = query.with(few).all().await.unwrap();
        let rows: Vec<_> = rows.iter().map(|(_, books)| titles(books)).collect();
        assert_eq!(rows, expected, "{order:?}");
    }
}

pub(crate) async fn the_first_few_beside_a_row_are_counted_once(fixture: Fixture) {
    let Shelf { session, books, .. } = shelf(&fixture).await;
    let labels = ["old", "good", "long", "rare"].map(|name| NewLabel { name: name.into() });
    let labels = session.repo::<Label>().create_many(labels).await.unwrap();
    let pairs = [(0, 0), (0, 0), (0, 1), (0, 1), (0, 2), (0, 3), (1, 2), (1, 2)];
    let joins = pairs.map(|(b, l)| NewBookLabel { book_id: books[b].id, label_id: labels[l].id });
    session.repo::<BookLabel>().create_many(joins).await.unwrap();
    let repo = session.repo::<Book>();
    let by_name = Book::labels().order_by(Label::NAME.asc());
    for (limit, expected) in [
        (0, ["", "", ""]),
        (1, ["good", "long", ""]),
        (2, ["good long", "long", ""]),
        (3, ["good long old", "long", ""]),
        (9, ["good long old rare", "long", ""]),
    ] {
        let loaded = repo.load(&books[..3], by_name.clone().limit(limit)).await.unwrap();
        let names = |of: &Vec<Label>| {
            of.iter().map(|label| label.name.as_str()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(loaded.iter().map(names).collect::<Vec<_>>(), expected, "{limit}");
    }
    let by_id = repo.load_one(&books[0], Book::labels().limit(3)).await.unwrap();
    assert_eq!(by_id, labels[..3], "by id, unless it is said");
    let few = by_name.limit(2).filter(Label::NAME.ne("good"));
    let with_books = few.with(BookLabel::label().many().limit(1).with(BookLabel::book()));
    let loaded = repo.load_one(&books[0], with_books).await.unwrap();
    let shown: Vec<_> = loaded.iter().map(|(label, of)| (label.name.as_str(), of.len())).collect();
    assert_eq!(shown, [("long", 1), ("old", 1)]);
}

pub(crate) async fn what_is_deleted_is_none_of_the_first_few(fixture: Fixture) {
    let Shelf { session, authors, books, .. } = shelf(&fixture).await;
    let longest = || Author::books().order_by(Book::PAGES.desc().nulls_last()).limit(2);
    let seen = session.transaction(async |tx| {
        let repo = tx.repo::<Author>();
        tx.repo::<Book>().delete(books[4].id).await?;
        let live = repo.load_one(&authors[0], longest()).await?;
        let all = repo.load_one(&authors[0], longest().with_deleted()).await?;
        Ok::<_, Error>((titles(&live), titles(&all)))
    });
    assert_eq!(seen.await.unwrap(), ("D B".to_owned(), "E D".to_owned()));
    let live = session.repo::<Author>().load_one(&authors[0], longest()).await.unwrap();
    assert_eq!(titles(&live), "D B");
}

pub(crate) async fn each_tenant_has_its_own_first_few(fixture: Fixture) {
    let db = fixture.with(&library()).await;
    let genre = db.session().repo::<Genre>().create(NewGenre { name: "essay".into() }).await;
    let genre = genre.unwrap();
    // The same ids in both tenants.
    for (session, name) in [(acme(&db), "ours"), (bolt(&db), "theirs")] {
        let ids = session.database().clone().with_ids(SequentialIds::new());
        let session = ids.tenant(*session.scope().id());
        let row = session.repo::<Author>().create(author(name)).await.unwrap();
        let numbered = |n: i32| {
            let title = format!("{name} {n}");
            NewBook { pages: Some(n), genre_id: Some(genre.id), ..book(&title, &row) }
        };
        let books = session.repo::<Book>().create_many([1, 2, 3].map(numbered)).await.unwrap();
        let label = session.repo::<Label>().create(NewLabel { name: name.into() }).await.unwrap();
        let joins = [0, 0, 1].map(|at| NewBookLabel { book_id: books[at].id, label_id: label.id });
        session.repo::<BookLabel>().create_many(joins).await.unwrap();
    }
    let last = Author::books().order_by(Book::PAGES.desc()).limit(2);
    let of_genre = Book::genre().many().order_by(Book::PAGES.desc()).limit(3);
    for (session, name) in [(acme(&db), "ours"), (bolt(&db), "theirs")] {
        let (_, books) = session.repo::<Author>().query().with(last.clone()).one().await.unwrap();
        assert_eq!(titles(&books), format!("{name} 3 {name} 2"));
        let books = session.repo::<Genre>().load_one(&genre, of_genre.clone()).await.unwrap();
        assert_eq!(titles(&books), format!("{name} 3 {name} 2 {name} 1"));
        let first = session.repo::<Book>().query().order_by(Book::PAGES.asc());
        let first = first.limit(1).with(Book::labels().limit(5)).one().await.unwrap();
        assert_eq!(first.1.iter().map(|label| &*label.name).collect::<Vec<_>>(), [name]);
    }
    let all = db.all_tenants("a case");
    let rows = all.repo::<Author>().query().order_by(Author::NAME.asc()).with(last);
    for (author, books) in rows.all().await.unwrap() {
        assert_eq!(titles(&books), format!("{0} 3 {0} 2", author.name), "of its own tenant");
    }
    let books = all.repo::<Genre>().load_one(&genre, of_genre).await.unwrap();
    let pages: Vec<_> = books.iter().map(|book| book.pages).collect();
    assert_eq!(pages, [Some(3), Some(3), Some(2)], "of all tenants, which share the row");
    let rows = all.repo::<Book>().query().with(Book::labels().limit(1)).all().await.unwrap();
    for (book, labels) in rows {
        let names: Vec<_> = labels.iter().map(|label| label.name.as_str()).collect();
        let expected: &[&str] = match book.title.split_once(' ') {
            Some((_, "3")) => &[],
            Some((name, _)) => &[name],
            None => unreachable!("{book:?}"),
        };
        assert_eq!(names, expected, "{}", book.title);
    }
}

pub(crate) async fn a_look_at_the_first_few_recorded_rows_of_all_tenants_is_an_entry(
    fixture: Fixture,
) {
    let Shelf { db, session, books, .. } = shelf(&fixture).await;
    session.repo::<Chapter>().create(chapter(&books[0], 1)).await.unwrap();
    let of = Book::chapters().limit(1);
    let nobody = db.all_tenants("a case").repo::<Book>().load_one(&books[0], of.clone()).await;
    assert_error!(nobody, Error::MissingActor { entity: "Chapter" });
    let auditor = db.all_tenants("a case").actor("auditor");
    let found = auditor.repo::<Book>().load_one(&books[0], of).await.unwrap();
    assert_eq!(found.len(), 1);
    let entries = db.session().audit().by_actor("auditor").all().await.unwrap();
    assert_eq!(entries.len(), 1);
}
