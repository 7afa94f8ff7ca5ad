//! Rows that find each other: loaded together, filtered and ordered by each other.

use std::sync::Arc;

use repo_core::testing::{Recorder, SequentialIds};
use repo_core::{Database, Error, Filter, PageRequest, Session, Tenant, WindowRequest, count};
use uuid::Uuid;

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{Fixture, acme, backend, bolt};

/// Ada wrote Engines (of which Notes is the sequel) and Notes, which Bob edited; Bob wrote nothing, Cy wrote Zen.
struct Shelf {
    db: Database,
    session: Session<Tenant<Uuid>>,
    authors: Vec<Author>,
    books: Vec<Book>,
    genre: Genre,
}

async fn shelf(fixture: &Fixture) -> Shelf {
    let db = fixture.with(&library()).await;
    let session = acme(&db).actor("alice");
    let genres = db.session().repo::<Genre>();
    let genre = genres.create(NewGenre { name: "essay".into() }).await.unwrap();
    let authors = ["Ada", "Bob", "Cy"].map(author);
    let authors = session.repo::<Author>().create_many(authors).await.unwrap();
    let books = session.repo::<Book>();
    let engines = books.create(NewBook { pages: Some(70), ..book("Engines", &authors[0]) });
    let engines = engines.await.unwrap();
    let notes = NewBook {
        editor_id: Some(authors[1].id),
        genre_id: Some(genre.id),
        sequel_of: Some(engines.id),
        notes: vec!["G".into()],
        ..book("Notes", &authors[0])
    };
    let notes = books.create(notes).await.unwrap();
    let zen = books.create(book("Zen", &authors[2])).await.unwrap();
    let chapters = [(&engines, 2), (&engines, 1), (&notes, 1)].map(|(book, n)| chapter(book, n));
    session.repo::<Chapter>().create_many(chapters).await.unwrap();
    let theirs = bolt(&db).repo::<Author>().create(author("Ada")).await.unwrap();
    bolt(&db).repo::<Book>().create(book("Engines", &theirs)).await.unwrap();
    Shelf { db, session, authors, books: vec![engines, notes, zen], genre }
}

async fn titles(session: &Session<Tenant<Uuid>>, filter: Filter<Book>) -> Vec<String> {
    let found = session.repo::<Book>().filter(filter).order_by(Book::TITLE.asc()).all().await;
    found.unwrap().into_iter().map(|book| book.title).collect()
}

async fn names(session: &Session<Tenant<Uuid>>, filter: Filter<Author>) -> Vec<String> {
    let found = session.repo::<Author>().filter(filter).order_by(Author::NAME.asc()).all().await;
    found.unwrap().into_iter().map(|author| author.name).collect()
}

pub(crate) async fn rows_come_with_what_they_refer_to(fixture: Fixture) {
    let Shelf { session, authors, books, genre, .. } = shelf(&fixture).await;
    let query = session.repo::<Book>().query().order_by(Book::TITLE.asc());
    let loaded = query.with((Book::author(), Book::editor(), Book::genre(), Book::sequel_of()));
    let loaded = loaded.all().await.unwrap();
    let [ada, bob, cy] = [0, 1, 2].map(|at| Some(authors[at].clone()));
    let expected = [
        (books[0].clone(), (ada.clone(), None, None, None)),
        (books[1].clone(), (ada, bob, Some(genre), Some(books[0].clone()))),
        (books[2].clone(), (cy, None, None, None)),
    ];
    assert_eq!(loaded, expected);
}

pub(crate) async fn which_rows_come_may_be_said_after_what_they_find(fixture: Fixture) {
    let Shelf { session, authors, books, .. } = shelf(&fixture).await;
    let repo = session.repo::<Book>();
    let with = || repo.query().with(Book::author());
    let ada = Some(authors[0].clone());
    let first = || with().filter(Book::TITLE.ne("Zen")).order_by(Book::TITLE.desc()).limit(1);
    assert_eq!(first().all().await.unwrap(), [(books[1].clone(), ada.clone())]);
    assert_eq!(first().offset(1).all().await.unwrap(), [(books[0].clone(), ada)]);
    repo.delete(books[2].id).await.unwrap();
    let cy = Some(authors[2].clone());
    let deleted = with().only_deleted().one().await.unwrap();
    assert_eq!((deleted.0.id, deleted.1), (books[2].id, cy));
    assert_eq!(with().with_deleted().all().await.unwrap().len(), 3);
    assert_eq!(with().all().await.unwrap().len(), 2);
    let outside = with().for_update().all().await;
    assert!(matches!(outside, Err(Error::NoTransaction { .. })), "{outside:?}");
    let held = session.transaction(async |tx| {
        let with = || tx.repo::<Book>().query().with(Book::author());
        let passed_over = with().skip_locked().all().await?.len();
        Ok::<_, Error>((passed_over, with().no_wait().all().await?.len()))
    });
    assert_eq!(held.await.unwrap(), (2, 2));
}

pub(crate) async fn rows_come_with_those_that_refer_to_them(fixture: Fixture) {
    let Shelf { session, authors, books, .. } = shelf(&fixture).await;
    let repo = session.repo::<Author>();
    let by_title = Author::books().order_by(Book::TITLE.desc());
    let loaded = repo.load(&authors, by_title.clone()).await.unwrap();
    assert_eq!(loaded, [vec![books[1].clone(), books[0].clone()], vec![], vec![books[2].clone()]]);
    let some = by_title.filter(Book::PAGES.is_null()).filter(Book::TITLE.ne("Zen"));
    let loaded = repo.load(&authors, some).await.unwrap();
    assert_eq!(loaded, [vec![books[1].clone()], vec![], vec![]]);
    let of_ada = repo.load_one(&authors[0], Author::books()).await.unwrap();
    assert_eq!(of_ada, books[..2], "by id, unless it is said");
    let nobody: Vec<Vec<Book>> = repo.load(&[], Author::books()).await.unwrap();
    assert!(nobody.is_empty());
}

pub(crate) async fn a_row_comes_with_the_one_that_refers_to_it(fixture: Fixture) {
    let Shelf { session, books, .. } = shelf(&fixture).await;
    let red = NewCover { book_id: books[1].id, color: "red".into() };
    let red = session.repo::<Cover>().create(red).await.unwrap();
    let loaded = session.repo::<Book>().load(&books, Book::cover()).await.unwrap();
    assert_eq!(loaded, [None, Some(red), None]);
    assert_eq!(titles(&session, Book::cover().has(Cover::COLOR.eq("red"))).await, ["Notes"]);
    assert_eq!(titles(&session, !Book::cover().exists()).await, ["Engines", "Zen"]);
}

pub(crate) async fn rows_come_with_the_other_side_of_a_join(fixture: Fixture) {
    let Shelf { session, books, .. } = shelf(&fixture).await;
    let labels = ["old", "good", "lost"].map(|name| NewLabel { name: name.into() });
    let labels = session.repo::<Label>().create_many(labels).await.unwrap();
    let pairs = [(0, 0), (0, 1), (1, 1), (1, 1)];
    let joins = pairs.map(|(b, l)| NewBookLabel { book_id: books[b].id, label_id: labels[l].id });
    session.repo::<BookLabel>().create_many(joins).await.unwrap();
    let [old, good] = [0, 1].map(|at| labels[at].clone());
    let by_name = Book::labels().order_by(Label::NAME.asc());
    let loaded = session.repo::<Book>().load(&books, by_name.clone()).await.unwrap();
    assert_eq!(loaded, [vec![good.clone(), old.clone()], vec![good.clone()], vec![]], "each once");
    let some = by_name.filter(Label::NAME.eq("old"));
    let loaded = session.repo::<Book>().load(&books, some.clone()).await.unwrap();
    assert_eq!(loaded, [vec![old], vec![], vec![]]);
    assert_eq!(titles(&session, some.exists()).await, ["Engines"]);
    let good = Book::labels().has(Label::NAME.eq("good"));
    assert_eq!(titles(&session, good).await, ["Engines", "Notes"]);
    let unused = !BookLabel::label().many().exists();
    let unused = session.repo::<Label>().filter(unused).one().await.unwrap();
    assert_eq!(unused.name, "lost");
}

pub(crate) async fn each_entity_takes_one_statement(fixture: Fixture) {
    let Shelf { db, authors, .. } = shelf(&fixture).await;
    let more = (0..50).map(|n| book(&format!("Z{n:02}"), &authors[n % 3]));
    acme(&db).repo::<Book>().create_many(more).await.unwrap();
    let recorder = Recorder::new(Arc::clone(backend(&db)));
    let session = acme(&Database::new(Arc::new(recorder.clone())));
    recorder.clear();
    let books = Author::books().order_by(Book::TITLE.asc());
    let nested =
        books.with((Book::chapters(), Book::genre(), Book::author().with(Author::books())));
    let query = session.repo::<Author>().query().order_by(Author::NAME.asc());
    let page = query.with(nested).page(PageRequest::number(1).size(3)).await.unwrap();
    assert_eq!(page.total, 3);
    let counts: Vec<_> = page.items.iter().map(|(_, books)| books.len()).collect();
    assert_eq!(counts, [19, 17, 17]);
    let (engines, (chapters, genre, author)) = &page.items[0].1[0];
    assert_eq!((engines.title.as_str(), chapters.len(), genre), ("Engines", 2, &None));
    assert_eq!(
        author.as_ref().map(|(ada, books)| (ada.name.as_str(), books.len())),
        Some(("Ada", 19))
    );
    let selects = recorder.sql().iter().filter(|sql| sql.starts_with("SELECT")).count();
    assert_eq!(selects, 6, "{:#?}", recorder.sql());
}

pub(crate) async fn a_deleted_parent_is_hidden_or_shown_and_hides_nothing(fixture: Fixture) {
    let Shelf { session, authors, books, .. } = shelf(&fixture).await;
    let repo = session.repo::<Author>();
    repo.delete(authors[0].id).await.unwrap();
    repo.delete(authors[1].id).await.unwrap();
    let bob = repo.query().only_deleted().filter(Author::NAME.eq("Bob")).one().await.unwrap();
    let both = (Book::author(), Book::editor());
    let loaded = session.repo::<Book>().query().with(both).all().await.unwrap();
    let of = |at: usize| (loaded[at].0.clone(), loaded[at].1.clone());
    assert_eq!(of(0), (books[0].clone(), (None, None)), "hidden, and the book is there");
    assert_eq!(of(1), (books[1].clone(), (None, Some(bob))), "shown, as the field says");
    assert_eq!(of(2).1.0.map(|cy| cy.name).as_deref(), Some("Cy"));
    assert_eq!(titles(&session, Book::author().exists()).await, ["Zen"]);
    assert_eq!(titles(&session, Book::author().with_deleted().exists()).await.len(), 3);
    assert_eq!(titles(&session, Book::editor().has(Author::NAME.eq("Bob"))).await, ["Notes"]);
    let shown = session.repo::<Book>().load(&books, Book::author().with_deleted()).await.unwrap();
    assert!(shown.iter().all(Option::is_some));

    session.repo::<Book>().delete(books[2].id).await.unwrap();
    assert_eq!(names(&session, Author::books().exists()).await, [""; 0]);
    assert_eq!(names(&session, Author::books().with_deleted().exists()).await, ["Cy"]);
    let of_cy = repo.load_one(&authors[2], Author::books()).await.unwrap();
    assert!(of_cy.is_empty());
    let of_cy = repo.load_one(&authors[2], Author::books().with_deleted()).await.unwrap();
    assert_eq!(of_cy.len(), 1);
}

pub(crate) async fn rows_are_filtered_by_what_they_find(fixture: Fixture) {
    let Shelf { session, .. } = shelf(&fixture).await;
    let cases: [(Filter<Book>, &[&str]); 8] = [
        (Book::author().has(Author::NAME.eq("Ada")), &["Engines", "Notes"]),
        (!Book::author().has(Author::NAME.eq("Ada")), &["Zen"]),
        (!Book::editor().exists(), &["Engines", "Zen"]),
        (Book::sequel_of().has(Book::PAGES.gt(60)), &["Notes"]),
        (Book::sequel_of().has(Book::sequel_of().exists()), &[]),
        (Book::chapters().has(Chapter::NUMBER.eq(2)), &["Engines"]),
        (
            Book::genre().has(Genre::NAME.starts_with("es")) | Book::TITLE.eq("Zen"),
            &["Notes", "Zen"],
        ),
        (Book::chapters().filter(Chapter::NUMBER.gt(1)).exists(), &["Engines"]),
    ];
    for (filter, expected) in cases {
        assert_eq!(titles(&session, filter.clone()).await, expected, "{filter:?}");
        let query = session.repo::<Book>().filter(filter.clone());
        assert_eq!(query.clone().count().await.unwrap(), expected.len() as u64, "{filter:?}");
        let page = query.page(PageRequest::number(1).size(1)).await.unwrap();
        assert_eq!(page.total, expected.len() as u64, "{filter:?}");
    }
    // On from one to the next, and back to the same table.
    let siblings = Book::author().has(Author::books().has(Book::TITLE.eq("Notes")));
    assert_eq!(titles(&session, siblings).await, ["Engines", "Notes"]);
    let of_long = Author::books().has(Book::chapters().has(Chapter::NUMBER.ge(2)));
    assert_eq!(names(&session, of_long).await, ["Ada"]);
    let has_sequel = Book::sequel_of().many().exists();
    assert_eq!(titles(&session, has_sequel).await, ["Engines"]);
}

pub(crate) async fn a_row_that_finds_several_is_in_one_place_of_its_pages(fixture: Fixture) {
    let Shelf { session, authors, .. } = shelf(&fixture).await;
    let more = (0..9).map(|n| book(&format!("B{n}"), &authors[n % 3]));
    session.repo::<Book>().create_many(more).await.unwrap();
    let wrote = || session.repo::<Author>().filter(Author::books().exists());
    let siblings = || {
        let of_several = Book::author().has(Author::books().exists());
        session.repo::<Book>().filter(of_several)
    };
    let (writers, books) = (wrote().all().await.unwrap(), siblings().all().await.unwrap());
    assert_eq!((writers.len(), books.len()), (3, 12));
    for skipped in 1..=3_usize {
        let rest = wrote().offset(skipped as u64).all().await.unwrap();
        assert_eq!(rest, writers[skipped..]);
        let rest = siblings().offset(skipped as u64).all().await.unwrap();
        assert_eq!(rest, books[skipped..]);
    }
    let page = wrote().page(PageRequest::number(2).size(1)).await.unwrap();
    assert_eq!((page.items.as_slice(), page.total), (&writers[1..2], 3));
}

pub(crate) async fn rows_are_ordered_by_what_they_refer_to(fixture: Fixture) {
    let Shelf { session, authors, .. } = shelf(&fixture).await;
    let more = (0..7).map(|n| book(&format!("B{n}"), &authors[n % 3]));
    session.repo::<Book>().create_many(more).await.unwrap();
    session.repo::<Author>().delete(authors[1].id).await.unwrap();
    let author = Book::author().column(Author::NAME);
    for order in
        [author.asc(), author.desc(), author.asc().nulls_first(), author.desc().nulls_last()]
    {
        let query = session.repo::<Book>().query().order_by(order).order_by(Book::TITLE.desc());
        let all = query.clone().all().await.unwrap();
        assert_eq!(all.len(), 10);
        let places: Vec<_> = all.iter().map(|book| book.author_id == authors[1].id).collect();
        let hidden = [places[0], places[9]];
        let first = hidden == [true, false];
        assert!(first || hidden == [false, true], "{order:?}: {places:?}");
        assert_eq!(query.clone().chunks(3).next().await.unwrap().unwrap(), all[..3]);
        let mut chunks = query.clone().chunks(3);
        let mut walked = Vec::new();
        while let Some(rows) = chunks.next().await.unwrap() {
            walked.extend(rows);
        }
        assert_eq!(walked, all, "{order:?}");
        let last = query.clone().window(WindowRequest::last(4)).await.unwrap();
        assert_eq!(last.items, all[6..], "{order:?}");
        let before = WindowRequest::last(4).before(last.start.unwrap());
        assert_eq!(query.clone().window(before).await.unwrap().items, all[2..6], "{order:?}");
        let page = query.clone().page(PageRequest::number(2).size(4)).await.unwrap();
        assert_eq!((page.items.as_slice(), page.total), (&all[4..8], 10), "{order:?}");
        let newest = query.latest_per(Book::AUTHOR_ID, Book::TITLE).await.unwrap();
        assert_eq!(newest.len(), 3);
    }
    let by_address = Book::author().column(Author::ADDRESS).asc();
    let window = session.repo::<Book>().query().order_by(by_address);
    let refused = window.window(WindowRequest::first(1)).await;
    assert!(refused.unwrap_err().to_string().contains("sensitive"));
}

pub(crate) async fn rows_are_grouped_by_what_they_refer_to(fixture: Fixture) {
    let Shelf { session, authors, .. } = shelf(&fixture).await;
    let books = session.repo::<Book>();
    let (author, genre) = (Book::author().column(Author::NAME), Book::genre().column(Genre::NAME));
    let by_author = books.query().group_by(author).select((count(), Book::PAGES.max()));
    let expected = [(Some("Ada".to_owned()), (2, Some(70))), (Some("Cy".to_owned()), (1, None))];
    assert_eq!(by_author.all().await.unwrap(), expected);
    let by_both = books.query().group_by((genre, Book::PAGES)).select(Book::PAGES.percentile(0.5));
    let expected = [
        ((Some("essay".to_owned()), None), None),
        ((None, Some(70)), Some(70)),
        ((None, None), None),
    ];
    assert_eq!(by_both.all().await.unwrap(), expected);
    let longest = books.query().latest_per(author, Book::TITLE).await.unwrap();
    assert_eq!(longest.iter().map(|book| &*book.title).collect::<Vec<_>>(), ["Notes", "Zen"]);
    session.repo::<Author>().delete(authors[0].id).await.unwrap();
    let hidden = books.query().group_by(author).select(count()).all().await.unwrap();
    assert_eq!(hidden, [(Some("Cy".to_owned()), 1), (None, 2)]);
}

pub(crate) async fn a_cursor_belongs_to_its_relation(fixture: Fixture) {
    let Shelf { session, .. } = shelf(&fixture).await;
    let books = session.repo::<Book>();
    let by = |column: repo_core::query::RelatedColumn<Book, String>| {
        books.query().order_by(column.asc())
    };
    let author = by(Book::author().column(Author::NAME)).window(WindowRequest::first(1)).await;
    let end = author.unwrap().end.unwrap();
    for other in [
        by(Book::editor().column(Author::NAME)),
        by(Book::author().with_deleted().column(Author::NAME)),
        by(Book::author().column(Author::NAME)).filter(Book::chapters().exists()),
        books.query().order_by(Book::TITLE.asc()),
    ] {
        let refused = other.window(WindowRequest::first(1).after(end.clone())).await;
        assert!(matches!(refused, Err(repo_core::Error::InvalidCursor { .. })), "{refused:?}");
    }
}

pub(crate) async fn rows_of_other_tenants_are_never_found(fixture: Fixture) {
    let db = fixture.with(&library()).await;
    // The same ids in both tenants.
    for (session, name) in [(acme(&db), "ours"), (bolt(&db), "theirs")] {
        let ids = session.database().clone().with_ids(SequentialIds::new());
        let session = ids.tenant(*session.scope().id());
        let row = session.repo::<Author>().create(author(name)).await.unwrap();
        session.repo::<Book>().create(book(name, &row)).await.unwrap();
    }
    for (session, name, other) in [(acme(&db), "ours", "theirs"), (bolt(&db), "theirs", "ours")] {
        let loaded = session.repo::<Book>().query().with(Book::author()).one().await.unwrap();
        assert_eq!(loaded.1.unwrap().name, name);
        let loaded = session.repo::<Author>().query().with(Author::books()).one().await.unwrap();
        assert_eq!(loaded.1.iter().map(|book| book.title.as_str()).collect::<Vec<_>>(), [name]);
        assert_eq!(titles(&session, Book::author().has(Author::NAME.eq(other))).await, [""; 0]);
        assert_eq!(names(&session, Author::books().has(Book::TITLE.eq(other))).await, [""; 0]);
        let line = session.repo::<Book>().query().project::<Line>().one().await.unwrap();
        assert_eq!(line.author.as_deref(), Some(name));
    }
    let all = db.all_tenants("a case");
    let loaded = all.repo::<Book>().query().order_by(Book::TITLE.asc()).with(Book::author());
    for (book, author) in loaded.all().await.unwrap() {
        assert_eq!(author.unwrap().name, book.title);
    }
    let loaded = all.repo::<Author>().query().with(Author::books()).all().await.unwrap();
    for (author, books) in loaded {
        assert_eq!(books.iter().map(|book| &book.title).collect::<Vec<_>>(), [&author.name]);
    }
    let ours = all.repo::<Book>().filter(Book::author().has(Author::NAME.eq("ours")));
    assert_eq!(ours.one().await.unwrap().title, "ours");
}

pub(crate) async fn many_rows_are_changed_by_what_they_find(fixture: Fixture) {
    let Shelf { session, .. } = shelf(&fixture).await;
    let books = session.repo::<Book>();
    let by_ada = Book::author().has(Author::NAME.eq("Ada"));
    let longer = BookPatch::new().pages(Some(9));
    assert_eq!(books.filter(by_ada).patch_all(longer).await.unwrap(), 2);
    assert_eq!(titles(&session, Book::PAGES.eq(9)).await, ["Engines", "Notes"]);
    let chapters = session.repo::<Chapter>();
    let second = Chapter::book().has(Book::chapters().has(Chapter::NUMBER.eq(2)));
    // Recorded rows are changed one by one: the first change must not hide the rest.
    let renumbered = ChapterPatch::new().number(3);
    assert_eq!(chapters.filter(second).patch_all(renumbered).await.unwrap(), 2);
    let gone = chapters.filter(Chapter::book().has(Book::TITLE.eq("Engines"))).delete_all().await;
    assert_eq!(gone.unwrap(), 2);
    assert_eq!(chapters.count().await.unwrap(), 1);
}

pub(crate) async fn a_look_at_recorded_rows_of_all_tenants_is_an_entry(fixture: Fixture) {
    let Shelf { db, .. } = shelf(&fixture).await;
    let nobody = db.all_tenants("a case");
    let through = Book::chapters().has(Chapter::NUMBER.eq(2));
    let refused = nobody.repo::<Book>().filter(through.clone()).all().await;
    assert_error!(refused, Error::MissingActor { entity: "Chapter" });
    let many = Book::chapters().exists();
    let refused = db.all_tenants("a case").repo::<Book>().filter(many).count().await;
    assert_error!(refused, Error::MissingActor { entity: "Chapter" });
    let auditor = db.all_tenants("a case").actor("auditor");
    assert_eq!(auditor.repo::<Book>().filter(through).count().await.unwrap(), 1);
    let entries = db.session().audit().by_actor("auditor").all().await.unwrap();
    assert_eq!(entries.len(), 1);
}
