//! What a query makes of each row: the entity, or a struct of some of its columns.

use std::marker::PhantomData;

use crate::entity::Entity;
use crate::error::Result;
use crate::query::Query;
use crate::relation::link::Source;
use crate::session::scope::Scope;
use crate::value::encode::Decoder;

/// What a query of an entity can make of its rows: the entity itself, or a struct with
/// `#[derive(Projection)]`, of which only its columns are read.
///
/// ```
/// # use repo_core::{NoTenant, Projection, Repository, Result};
/// # use uuid::Uuid;
/// #[derive(Repository)]
/// #[repository(table = "authors")]
/// struct Author {
///     id: Uuid,
///     name: String,
/// }
///
/// #[derive(Repository)]
/// #[repository(table = "books")]
/// struct Book {
///     id: Uuid,
///     title: String,
///     text: String,
///     #[repository(references = Author)]
///     author_id: Uuid,
/// }
///
/// #[derive(Debug, Projection)]
/// #[projection(entity = Book)]
/// struct Title {
///     id: Uuid,
///     #[projection(column = Book::TITLE)]
///     name: String,
///     #[projection(column = Book::author().column(Author::NAME))]
///     author: Option<String>,
/// }
///
/// # async fn f(books: BookRepository<NoTenant>) -> Result<()> {
/// let titles: Vec<Title> = books.query().project::<Title>().all().await?;
/// # Ok(())
/// # }
/// ```
///
/// A field is the column of its name, or the one that `column` says: of the entity, or of an entity that
/// it refers to, which is an `Option`. A field that is not of the type of its column does not compile.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is nothing that a query can make of its rows",
    note = "derive it: `#[derive(Projection)]` with `#[projection(entity = ...)]`"
)]
pub trait Projection: Sized + Send + 'static {
    /// The entity whose rows these are.
    type Entity: Entity;

    #[doc(hidden)]
    fn sources() -> Option<Vec<Source>>;

    #[doc(hidden)]
    fn names() -> Option<&'static [&'static str]>;

    #[doc(hidden)]
    fn read(row: &mut Decoder<'_>) -> Result<Self>;
}

/// What a query of `E` can make of its rows.
#[diagnostic::on_unimplemented(
    message = "rows of `{E}` cannot be read as `{Self}`",
    label = "no projection of `{E}`",
    note = "name the entity: `#[derive(Projection)]` with `#[projection(entity = ...)]`"
)]
pub trait ProjectionOf<E: Entity> {
    /// Itself. Named, so that a mistake is reported once.
    type Row: Projection<Entity = E>;
}

#[diagnostic::do_not_recommend]
impl<E: Entity, P: Projection<Entity = E>> ProjectionOf<E> for P {
    type Row = P;
}

#[diagnostic::do_not_recommend]
impl<E: Entity> Projection for E {
    type Entity = E;

    fn sources() -> Option<Vec<Source>> {
        None
    }

    fn names() -> Option<&'static [&'static str]> {
        None
    }

    fn read(row: &mut Decoder<'_>) -> Result<Self> {
        E::decode(row)
    }
}

impl<E: Entity, S: Scope, P> Query<E, S, P> {
    /// The same rows as something else: a struct with `#[derive(Projection)]`, of which only its columns are
    /// read.
    pub fn project<Q: ProjectionOf<E>>(self) -> Query<E, S, Q::Row> {
        let Query { repo, selection, .. } = self;
        Query { repo, selection, rows: PhantomData }
    }
}
