//! What a query by hand makes of each row: an entity, a projection, or a struct of its own.

use std::fmt;

use super::parameter::kind_of;
use crate::backend::Row;
use crate::column::Column;
use crate::entity::Entity;
use crate::error::{Error, Result};
use crate::read::projection::Projection;
use crate::session::scope::Tenancy;
use crate::sql::shape::Shape;
use crate::value::column_type::ColumnType;
use crate::value::{InvalidValue, Kind};

/// What [`Session::sql`](crate::Session::sql) and [`UncheckedSql::sql`](crate::UncheckedSql::sql) make of each row:
/// an entity, a [`Projection`], or a struct with `#[derive(SqlRow)]`, whose fields may be of no table at all.
///
/// ```
/// # use repo_core::{Database, Repository, Result, SqlRow};
/// # use uuid::Uuid;
/// #[derive(Repository)]
/// #[repository(table = "models")]
/// struct Model {
///     id: Uuid,
///     provider: String,
///     price: i64,
/// }
///
/// #[derive(Debug, SqlRow)]
/// struct Rank {
///     provider: String,
///     place: i64,
/// }
///
/// # async fn f(db: Database) -> Result<()> {
/// let sql = "SELECT provider, rank() OVER (ORDER BY min(price)) AS place FROM models GROUP BY provider";
/// let ranks: Vec<Rank> = db.session().sql(sql).all().await?;
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is nothing that SQL by hand can make of its rows",
    note = "derive it: `#[derive(SqlRow)]`, or `#[derive(Projection)]` for columns of an entity"
)]
pub trait SqlRow: Sized + Send + 'static {
    /// Whose rows they are: those of a tenant's entity are read with a reason only. What is derived is of no entity,
    /// so that only the tables which the query names count.
    type Tenancy: Tenancy;

    #[doc(hidden)]
    fn layout() -> SqlLayout<Self>;
}

#[diagnostic::do_not_recommend]
impl<P: Projection> SqlRow for P {
    type Tenancy = <P::Entity as Entity>::Tenancy;

    fn layout() -> SqlLayout<Self> {
        let table = P::Entity::TABLE;
        let shape = Shape::of::<P>(table);
        let names = P::names().map_or_else(|| shape.names(), <[_]>::to_vec);
        SqlLayout { what: table.entity, names, read: Box::new(move |row| shape.read::<P>(row)) }
    }
}

/// The columns that are asked for, and what is made of their values.
pub struct SqlLayout<P> {
    /// What errors call a row.
    pub(super) what: &'static str,
    pub(super) names: Vec<&'static str>,
    pub(super) read: Box<ReadRow<P>>,
}

type ReadRow<P> = dyn Fn(&dyn Row) -> Result<P> + Send + Sync;

impl<P: 'static> SqlLayout<P> {
    /// Of a struct called `what`, whose fields have these names.
    pub fn new(
        what: &'static str,
        names: &'static [&'static str],
        read: fn(&SqlFields<'_>) -> Result<P>,
    ) -> Self {
        let read = move |row: &dyn Row| read(&SqlFields { what, names, row });
        Self { what, names: names.to_vec(), read: Box::new(read) }
    }
}

impl<P> fmt::Debug for SqlLayout<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(self.what).field("names", &self.names).finish_non_exhaustive()
    }
}

/// The fields of a row.
pub struct SqlFields<'r> {
    what: &'static str,
    names: &'static [&'static str],
    row: &'r dyn Row,
}

impl SqlFields<'_> {
    /// The field at `index`, as its type is stored.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`]: the value is nothing that `T` can hold.
    pub fn field<T: ColumnType>(&self, index: usize) -> Result<T> {
        let value = kind_of::<T>("#[sql_row(column = ..)]").and_then(|kind| self.read(index, kind));
        value.map_err(|invalid| Error::decode(self.what, self.names[index], invalid))
    }

    /// The field at `index`, as `column` is stored.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`]: the value is nothing that the column can hold.
    pub fn field_as<T: ColumnType>(&self, column: impl StoredAs<T>, index: usize) -> Result<T> {
        let value = self.read(index, column.kind());
        value.map_err(|invalid| Error::decode(self.what, self.names[index], invalid))
    }

    fn read<T: ColumnType>(&self, index: usize, kind: Kind) -> Result<T, InvalidValue> {
        T::read(self.row, index, kind)
    }
}

/// Without the values.
impl fmt::Debug for SqlFields<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(self.what).field("names", &self.names).finish_non_exhaustive()
    }
}

/// A column whose values a field of type `T` can hold: of its type, or an `Option` of that.
#[diagnostic::on_unimplemented(
    message = "a field of type `{T}` cannot be read as this column: it is a `{Self}`",
    label = "not the type of the column",
    note = "a field has the type of its column, or is an `Option` of that"
)]
pub trait StoredAs<T> {
    /// How it is stored.
    fn kind(&self) -> Kind;
}

#[diagnostic::do_not_recommend]
impl<E: Entity, C: ColumnType, T: ColumnType<Bare = C::Bare>> StoredAs<T> for Column<E, C> {
    fn kind(&self) -> Kind {
        self.def().kind
    }
}

/// How a field is read.
pub type ReadField<T> = fn(&SqlFields<'_>, usize) -> Result<T>;

/// How a field is read whose type alone says how it is stored. A decimal says it not: where a constant asks for it,
/// the compiler tells the `problem`.
pub const fn field_of<T: ColumnType>(problem: &'static str) -> ReadField<T> {
    assert!(!matches!(T::KIND, Kind::Decimal { precision: 0, .. }), "{}", problem);
    |row, index| row.field(index)
}
