//! Entities that find each other in every way: parents, children, the one child, and both sides of a join.

use chrono::{DateTime, Utc};
use repo_core::{HasMany, HasOne, ManyToMany, Projection, Repository, Schema, schema};
use uuid::Uuid;

/// A shared parent.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "genres")]
pub(crate) struct Genre {
    pub(crate) id: i64,
    pub(crate) name: String,
}

/// A parent that is marked when it is deleted.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "authors", tenant, soft_delete)]
pub(crate) struct Author {
    pub(crate) id: Uuid,
    pub(crate) tenant_id: Uuid,
    pub(crate) name: String,
    #[repository(sensitive)]
    pub(crate) address: Option<String>,
    pub(crate) deleted_at: Option<DateTime<Utc>>,
}

/// A child of them.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "books", tenant, soft_delete)]
#[repository(index(author_id, pages), index(genre_id, pages desc))]
pub(crate) struct Book {
    pub(crate) id: Uuid,
    pub(crate) tenant_id: Uuid,
    pub(crate) title: String,
    pub(crate) pages: Option<i32>,
    #[repository(json)]
    pub(crate) notes: Vec<String>,
    #[repository(references = Author)]
    pub(crate) author_id: Uuid,
    #[repository(references = Author, deleted = show)]
    pub(crate) editor_id: Option<Uuid>,
    #[repository(references = Genre)]
    pub(crate) genre_id: Option<i64>,
    #[repository(references = Book)]
    pub(crate) sequel_of: Option<Uuid>,
    pub(crate) deleted_at: Option<DateTime<Utc>>,
}

/// A child of the child, and recorded.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "chapters", tenant, audited)]
pub(crate) struct Chapter {
    pub(crate) id: Uuid,
    pub(crate) tenant_id: Uuid,
    #[repository(references = Book)]
    pub(crate) book_id: Uuid,
    pub(crate) title: String,
    pub(crate) number: i32,
}

/// The one of its kind that a book has.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "covers", tenant)]
pub(crate) struct Cover {
    pub(crate) id: Uuid,
    pub(crate) tenant_id: Uuid,
    #[repository(references = Book, unique)]
    pub(crate) book_id: Uuid,
    pub(crate) color: String,
}

/// What is put beside books.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "labels", tenant)]
pub(crate) struct Label {
    pub(crate) id: Uuid,
    pub(crate) tenant_id: Uuid,
    pub(crate) name: String,
}

/// What puts it there, twice if need be.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "book_labels", tenant)]
pub(crate) struct BookLabel {
    pub(crate) id: Uuid,
    pub(crate) tenant_id: Uuid,
    #[repository(references = Book)]
    pub(crate) book_id: Uuid,
    #[repository(references = Label)]
    pub(crate) label_id: Uuid,
}

/// Where a tenant keeps a genre, which all share.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "shelvings", tenant)]
pub(crate) struct Shelving {
    pub(crate) id: i64,
    pub(crate) tenant_id: Uuid,
    #[repository(references = Genre, unique)]
    pub(crate) genre_id: i64,
}

/// Who has a chapter, which is recorded where this is not.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "loans", tenant)]
pub(crate) struct Loan {
    pub(crate) id: i64,
    pub(crate) tenant_id: Uuid,
    #[repository(references = Chapter)]
    pub(crate) chapter_id: Uuid,
    pub(crate) reader: String,
}

/// Some columns of a book, and of what it refers to.
#[derive(Debug, Clone, PartialEq, Projection)]
#[projection(entity = Book)]
pub(crate) struct Line {
    pub(crate) title: String,
    #[projection(column = Book::author().column(Author::NAME))]
    pub(crate) author: Option<String>,
    #[projection(column = Book::editor().column(Author::NAME))]
    pub(crate) editor: Option<String>,
    #[projection(column = Book::genre().column(Genre::NAME))]
    pub(crate) genre: Option<String>,
    #[projection(column = Book::NOTES)]
    pub(crate) remarks: Vec<String>,
    pub(crate) pages: Option<i32>,
    #[projection(column = Book::TITLE)]
    pub(crate) again: String,
    #[projection(column = Book::sequel_of().column(Book::PAGES))]
    pub(crate) pages_before: Option<i32>,
    #[projection(column = Book::cover().column(Cover::COLOR))]
    pub(crate) color: Option<String>,
}

impl Book {
    pub(crate) fn chapters() -> HasMany<Self, Chapter> {
        Chapter::book().many()
    }

    pub(crate) fn cover() -> HasOne<Self, Cover> {
        Cover::book().one()
    }

    pub(crate) fn labels() -> ManyToMany<Self, BookLabel, Label> {
        BookLabel::book().many().through(BookLabel::label())
    }
}

impl Author {
    pub(crate) fn books() -> HasMany<Self, Book> {
        Book::author().many()
    }
}

/// All of them.
pub(crate) fn library() -> Schema {
    schema![Genre, Author, Book, Chapter, Cover, Label, BookLabel, Loan, Shelving]
}

/// An author.
pub(crate) fn author(name: &str) -> NewAuthor {
    NewAuthor { name: name.to_owned(), address: None }
}

/// A book of an author.
pub(crate) fn book(title: &str, author: &Author) -> NewBook {
    NewBook {
        title: title.to_owned(),
        pages: None,
        notes: Vec::new(),
        author_id: author.id,
        editor_id: None,
        genre_id: None,
        sequel_of: None,
    }
}

/// A chapter of a book.
pub(crate) fn chapter(book: &Book, number: i32) -> NewChapter {
    NewChapter { book_id: book.id, title: format!("{} {number}", book.title), number }
}
