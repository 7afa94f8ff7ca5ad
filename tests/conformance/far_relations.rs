//! Columns of rows that lie two relations away and more: in orders, groups and projections, under every policy.

use repo_core::query::RelatedColumn;
use repo_core::testing::SequentialIds;
use repo_core::{
    Database, Error, Order, PageRequest, Projection, Query, Session, SortKeys, Tenant,
    WindowRequest, count,
};
use uuid::Uuid;

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{Fixture, acme, bolt};

/// A loan, and what is known of the book.
#[derive(Debug, Clone, PartialEq, Projection)]
#[projection(entity = Loan)]
struct Borrowed {
    reader: String,
    #[projection(column = Loan::chapter().column(Chapter::book().column(Book::TITLE)))]
    title: Option<String>,
    #[projection(column = Loan::chapter().column(Chapter::book().with_deleted().column(Book::TITLE)))]
    any_title: Option<String>,
    #[projection(column = writer())]
    author: Option<String>,
    #[projection(column = Loan::chapter().column(Chapter::book().column(Book::editor().column(Author::NAME))))]
    editor: Option<String>,
    #[projection(column = Loan::chapter().column(Chapter::book().column(Book::genre().column(Genre::NAME))))]
    genre: Option<String>,
    #[projection(column = Loan::chapter().column(Chapter::book().column(Book::cover().column(Cover::COLOR))))]
    color: Option<String>,
    #[projection(column = writer_before())]
    author_before: Option<String>,
}

fn writer() -> RelatedColumn<Loan, String, 3> {
    Loan::chapter().column(Chapter::book().column(Book::author().column(Author::NAME)))
}

/// Of the book before.
fn writer_before() -> RelatedColumn<Loan, String, 4> {
    let author = Book::sequel_of().column(Book::author().column(Author::NAME));
    Loan::chapter().column(Chapter::book().column(author))
}

/// Ada wrote Engines, an essay with a red cover, Bob its sequel Notes, which Cy edited, and Cy wrote Zen. Loans a and
/// d are of Engines, b is of Notes, c of Zen.
struct Library {
    db: Database,
    session: Session<Tenant<Uuid>>,
    authors: Vec<Author>,
    books: Vec<Book>,
}

async fn lending(fixture: &Fixture) -> Library {
    let db = fixture.with(&library()).await;
    let session = acme(&db).actor("alice");
    let genre = db.session().repo::<Genre>().create(NewGenre { name: "essay".into() }).await;
    let authors = session.repo::<Author>().create_many(["Ada", "Bob", "Cy"].map(author)).await;
    let authors = authors.unwrap();
    let books = session.repo::<Book>();
    let engines = NewBook { genre_id: Some(genre.unwrap().id), ..book("Engines", &authors[0]) };
    let engines = books.create(engines).await.unwrap();
    let notes = book("Notes", &authors[1]);
    let (sequel_of, editor_id) = (Some(engines.id), Some(authors[2].id));
    let notes = books.create(NewBook { sequel_of, editor_id, ..notes }).await.unwrap();
    let zen = books.create(book("Zen", &authors[2])).await.unwrap();
    let red = NewCover { book_id: engines.id, color: "red".into() };
    session.repo::<Cover>().create(red).await.unwrap();
    let books = vec![engines, notes, zen];
    let chapters = books.iter().map(|book| chapter(book, 1));
    let chapters = session.repo::<Chapter>().create_many(chapters).await.unwrap();
    for (reader, at) in [("a", 0), ("b", 1), ("c", 2), ("d", 0)] {
        let loan = NewLoan { chapter_id: chapters[at].id, reader: reader.into() };
        session.repo::<Loan>().create(loan).await.unwrap();
    }
    Library { db, session, authors, books }
}

fn readers(loans: &[Loan]) -> String {
    loans.iter().map(|loan| loan.reader.as_str()).collect()
}

/// What a query gives, which it gives in pages, in windows of both directions and in chunks as well.
async fn every_way(query: Query<Loan, Tenant<Uuid>>) -> String {
    let all = query.clone().all().await.unwrap();
    for size in 1..=4 {
        let (mut forth, mut back) = (Vec::new(), Vec::new());
        let mut request = WindowRequest::first(size);
        loop {
            let window = query.clone().window(request).await.unwrap();
            forth.extend(window.items.clone());
            let Some(next) = window.next_cursor() else { break };
            request = WindowRequest::first(size).after(next);
        }
        assert_eq!(forth, all, "{query:?}");
        let mut request = WindowRequest::last(size);
        loop {
            let window = query.clone().window(request).await.unwrap();
            back.splice(..0, window.items.clone());
            let Some(previous) = window.previous_cursor() else { break };
            request = WindowRequest::last(size).before(previous);
        }
        assert_eq!(back, all, "{query:?}");
        let mut chunks = query.clone().chunks(size);
        let mut walked = Vec::new();
        while let Some(rows) = chunks.next().await.unwrap() {
            walked.extend(rows);
        }
        assert_eq!(walked, all, "{query:?}");
    }
    let page = query.clone().page(PageRequest::number(2).size(3)).await.unwrap();
    assert_eq!((page.items.as_slice(), page.total), (&all[3..], 4), "{query:?}");
    let beyond = query.page(PageRequest::number(3).size(3)).await.unwrap();
    assert_eq!((beyond.items, beyond.total), (Vec::new(), 4));
    readers(&all)
}

pub(crate) async fn rows_are_ordered_by_what_lies_several_relations_away(fixture: Fixture) {
    let Library { session, authors, .. } = lending(&fixture).await;
    let loans = session.repo::<Loan>();
    let title = Loan::chapter().column(Chapter::book().column(Book::TITLE));
    let color = Chapter::book().column(Book::cover().column(Cover::COLOR));
    let color = Loan::chapter().column(color);
    let cases: [(Order<Loan>, &str); 10] = [
        (title.asc(), "adbc"),
        (title.desc(), "cbda"),
        (writer().asc(), "adbc"),
        (writer().desc(), "cbda"),
        (writer_before().asc(), "bacd"),
        (writer_before().desc(), "dcab"),
        (writer_before().asc().nulls_first(), "acdb"),
        (writer_before().desc().nulls_last(), "bdca"),
        (color.asc(), "adbc"),
        (color.desc(), "cbda"),
    ];
    for (order, expected) in cases {
        assert_eq!(every_way(loans.query().order_by(order)).await, expected, "{order:?}");
    }
    let both = [writer_before().asc().nulls_first(), writer().desc()];
    assert_eq!(every_way(loans.query().order_by(both)).await, "cdab");
    session.repo::<Author>().delete(authors[0].id).await.unwrap();
    assert_eq!(every_way(loans.query().order_by(writer().asc())).await, "bcad");
    assert_eq!(every_way(loans.query().order_by(writer_before().desc())).await, "dcba");
}

pub(crate) async fn a_client_sorts_by_what_lies_several_relations_away(fixture: Fixture) {
    let Library { session, .. } = lending(&fixture).await;
    let keys = SortKeys::new().key("author", writer().asc()).key("reader", Loan::READER.asc());
    for (text, expected) in [("author,reader", "adbc"), ("-author,reader", "cbad")] {
        let query = session.repo::<Loan>().query().order_by(keys.parse(text).unwrap());
        assert_eq!(every_way(query).await, expected);
    }
}

pub(crate) async fn rows_are_grouped_by_what_lies_several_relations_away(fixture: Fixture) {
    let Library { session, authors, .. } = lending(&fixture).await;
    let loans = session.repo::<Loan>();
    let by_author = || loans.query().group_by(writer()).select(count()).all();
    let name = |name: &str| Some(name.to_owned());
    assert_eq!(by_author().await.unwrap(), [(name("Ada"), 2), (name("Bob"), 1), (name("Cy"), 1)]);
    let title = Loan::chapter().column(Chapter::book().column(Book::TITLE));
    let by_both = loans.query().group_by((writer_before(), title)).select(count()).all().await;
    let expected =
        [((name("Ada"), name("Notes")), 1), ((None, name("Engines")), 2), ((None, name("Zen")), 1)];
    assert_eq!(by_both.unwrap(), expected);
    let last = loans.query().latest_per(writer(), Loan::READER).await.unwrap();
    assert_eq!(readers(&last), "dbc");
    let first = loans.query().earliest_per(writer(), Loan::READER).await.unwrap();
    assert_eq!(readers(&first), "abc");
    session.repo::<Author>().delete(authors[0].id).await.unwrap();
    assert_eq!(by_author().await.unwrap(), [(name("Bob"), 1), (name("Cy"), 1), (None, 2)]);
}

pub(crate) async fn what_is_hidden_on_the_way_is_null(fixture: Fixture) {
    let Library { session, authors, books, .. } = lending(&fixture).await;
    let read = || async {
        let loans = session.repo::<Loan>();
        let lines = loans.query().order_by(Loan::READER.asc()).project::<Borrowed>();
        let page = lines.clone().page(PageRequest::number(1).size(4)).await.unwrap();
        let window = lines.clone().order_by(writer().asc()).window(WindowRequest::first(4)).await;
        let all = lines.all().await.unwrap();
        assert_eq!((&page.items, &window.unwrap().items), (&all, &all));
        all
    };
    let some = |text: &str| Some(text.to_owned());
    let a = Borrowed {
        reader: "a".to_owned(),
        title: some("Engines"),
        any_title: some("Engines"),
        author: some("Ada"),
        editor: None,
        genre: some("essay"),
        color: some("red"),
        author_before: None,
    };
    let b = Borrowed {
        reader: "b".to_owned(),
        title: some("Notes"),
        any_title: some("Notes"),
        author: some("Bob"),
        editor: some("Cy"),
        genre: None,
        color: None,
        author_before: some("Ada"),
    };
    assert_eq!(read().await[..2], [a.clone(), b.clone()]);
    session.repo::<Author>().delete(authors[2].id).await.unwrap();
    let shown = read().await;
    assert_eq!(shown[..2], [a.clone(), b.clone()], "an editor is shown, as the field says");
    assert_eq!((shown[2].title.as_deref(), &shown[2].author), (Some("Zen"), &None));
    session.repo::<Book>().delete(books[0].id).await.unwrap();
    let hidden = Borrowed { title: None, author: None, genre: None, color: None, ..a };
    let behind = Borrowed { author_before: None, ..b };
    assert_eq!(read().await[..2], [hidden.clone(), behind], "nothing is seen behind it");
    let inside = session.transaction(async |tx| {
        tx.repo::<Book>().restore(books[0].id).await?;
        tx.repo::<Book>().delete(books[1].id).await?;
        let lines = tx.repo::<Loan>().query().order_by(Loan::READER.asc()).project::<Borrowed>();
        lines.all().await
    });
    let inside = inside.await.unwrap();
    let titles: Vec<_> = inside.iter().map(|it| (&it.title, &it.any_title)).collect();
    let [engines, notes, zen] = ["Engines", "Notes", "Zen"].map(some);
    let expected = [(&engines, &engines), (&None, &notes), (&zen, &zen), (&engines, &engines)];
    assert_eq!(titles, expected);
}

pub(crate) async fn a_step_never_leaves_the_tenant(fixture: Fixture) {
    let db = fixture.with(&library()).await;
    // The same ids in both tenants.
    for (session, name) in [(acme(&db), "ours"), (bolt(&db), "theirs")] {
        let ids = session.database().clone().with_ids(SequentialIds::new());
        let session = ids.tenant(*session.scope().id()).actor("alice");
        let row = session.repo::<Author>().create(author(name)).await.unwrap();
        let written = session.repo::<Book>().create(book(name, &row)).await.unwrap();
        let first = session.repo::<Chapter>().create(chapter(&written, 1)).await.unwrap();
        let loan = NewLoan { chapter_id: first.id, reader: name.into() };
        session.repo::<Loan>().create(loan).await.unwrap();
    }
    for (session, name) in [(acme(&db), "ours"), (bolt(&db), "theirs")] {
        let groups = session.repo::<Loan>().query().group_by(writer()).select(count()).all().await;
        assert_eq!(groups.unwrap(), [(Some(name.to_owned()), 1)]);
        let line = session.repo::<Loan>().query().project::<Borrowed>().one().await.unwrap();
        assert_eq!((line.title.as_deref(), line.author.as_deref()), (Some(name), Some(name)));
    }
    let all = db.all_tenants("a case").actor("auditor");
    let lines = all.repo::<Loan>().query().order_by(writer().desc()).project::<Borrowed>();
    let lines = lines.all().await.unwrap();
    assert_eq!(lines.iter().map(|it| it.reader.as_str()).collect::<Vec<_>>(), ["theirs", "ours"]);
    for Borrowed { reader, title, author, .. } in &lines {
        assert_eq!((title.as_ref(), author.as_ref()), (Some(reader), Some(reader)));
    }
}

pub(crate) async fn a_cursor_belongs_to_all_relations_on_its_way(fixture: Fixture) {
    let Library { session, .. } = lending(&fixture).await;
    let by = |order: Order<Loan>| session.repo::<Loan>().query().order_by(order);
    let end = by(writer().asc()).window(WindowRequest::first(1)).await.unwrap().end.unwrap();
    let through = |author: RelatedColumn<Book, String>| {
        by(Loan::chapter().column(Chapter::book().column(author)).asc())
    };
    let deleted = Chapter::book().with_deleted().column(Book::author().column(Author::NAME));
    for other in [
        through(Book::editor().column(Author::NAME)),
        through(Book::author().with_deleted().column(Author::NAME)),
        by(Loan::chapter().column(deleted).asc()),
        by(writer_before().asc()),
        by(Loan::READER.asc()),
    ] {
        let refused = other.window(WindowRequest::first(1).after(end.clone())).await;
        assert_error!(refused, Error::InvalidCursor { .. });
    }
    let same = through(Book::author().column(Author::NAME));
    let rest = same.window(WindowRequest::first(9).after(end)).await.unwrap();
    assert_eq!(readers(&rest.items), "dbc");
    let address = Chapter::book().column(Book::author().column(Author::ADDRESS));
    let refused = by(Loan::chapter().column(address).asc()).window(WindowRequest::first(1)).await;
    assert!(refused.unwrap_err().to_string().contains("sensitive"));
}

pub(crate) async fn a_way_through_recorded_rows_of_all_tenants_is_an_entry(fixture: Fixture) {
    let Library { db, .. } = lending(&fixture).await;
    // Chapters are recorded, authors and loans are not.
    let nobody = || db.all_tenants("a case").repo::<Loan>().query();
    let refused = nobody().order_by(writer().asc()).all().await;
    assert_error!(refused, Error::MissingActor { entity: "Chapter" });
    let refused = nobody().group_by(writer()).select(count()).all().await;
    assert_error!(refused, Error::MissingActor { entity: "Chapter" });
    let refused = nobody().latest_per(writer(), Loan::READER).await;
    assert_error!(refused, Error::MissingActor { entity: "Chapter" });
    let refused = nobody().project::<Borrowed>().all().await;
    assert_error!(refused, Error::MissingActor { entity: "Chapter" });
    let auditor = db.all_tenants("a case").actor("auditor");
    let found = auditor.repo::<Loan>().query().order_by(writer().desc()).all().await.unwrap();
    assert_eq!(readers(&found), "cbda");
    let entries = db.session().audit().by_actor("auditor").all().await.unwrap();
    assert_eq!(entries.len(), 1);
}
