//! Writing the rows of a query to a file, chunk by chunk.
//!
//! Values are read as they are stored, not through the entity: what its types leave out is written all the same.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;

use tokio::io::{AsyncWrite, AsyncWriteExt as _};

use super::{CHUNK, Format, Header, csv, io, json_lines};
use crate::backend::Row;
use crate::entity::Entity;
use crate::error::Result;
use crate::query::{Query, Selection};
use crate::read;
use crate::read::window::Bound;
use crate::repo::Repo;
use crate::schema::table::Table;
use crate::session::scope::{ReachableFrom, Scope};
use crate::sql::shape::Shape;
use crate::value::Value;
use crate::value::text;
use crate::write::perform::values;

/// Rows on their way to a file, written when it is awaited; how many they were. Made by
/// [`Query::export_json_lines`] and [`Query::export_csv`].
#[must_use = "rows are exported when it is awaited"]
pub struct Export<'w, E: Entity, S: Scope> {
    query: Query<E, S>,
    writer: Box<dyn AsyncWrite + Unpin + Send + 'w>,
    format: Format,
    with_sensitive: bool,
}

impl<E: Entity, S: Scope> Query<E, S>
where
    E::Tenancy: ReachableFrom<S>,
{
    /// Writes all rows, in their order, as lines of JSON: first what the file holds, then an object for each row.
    /// 1,000 rows are in memory.
    ///
    /// Sensitive columns are left out, unless [`with_sensitive`](Export::with_sensitive) is said. Rows are read in
    /// chunks: they are one snapshot only in a transaction that sees one.
    ///
    /// ```no_run
    /// # use repo_core::{Database, Error, Repository};
    /// # #[derive(Repository)]
    /// # #[repository(table = "notes")]
    /// # struct Note { id: uuid::Uuid, done: bool }
    /// # async fn f(db: Database) -> Result<(), Error> {
    /// let mut file = Vec::new();
    /// let notes = db.session().repo::<Note>();
    /// let count = notes.filter(Note::DONE.eq(true)).export_json_lines(&mut file).await?;
    /// println!("{count} notes in {} bytes", file.len());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Awaiting is [`Error::Io`](crate::Error::Io) where the writer fails, and whatever [`all`](Query::all) says.
    pub fn export_json_lines<'w>(
        self,
        writer: impl AsyncWrite + Unpin + Send + 'w,
    ) -> Export<'w, E, S> {
        Export::new(self, writer, Format::JsonLines)
    }

    /// The same as CSV: a line that starts with `#` and says what the file holds, the names of the columns, then
    /// the rows. `NULL` is an empty field, an empty text is `""`.
    ///
    /// # Errors
    ///
    /// As for [`export_json_lines`](Self::export_json_lines).
    pub fn export_csv<'w>(self, writer: impl AsyncWrite + Unpin + Send + 'w) -> Export<'w, E, S> {
        Export::new(self, writer, Format::Csv)
    }
}

impl<'w, E: Entity, S: Scope> Export<'w, E, S> {
    fn new(
        query: Query<E, S>,
        writer: impl AsyncWrite + Unpin + Send + 'w,
        format: Format,
    ) -> Self {
        Self { query, writer: Box::new(writer), format, with_sensitive: false }
    }

    /// With the values of sensitive columns, readable for whoever has the file.
    pub fn with_sensitive(mut self) -> Self {
        self.with_sensitive = true;
        self
    }
}

impl<'w, E: Entity, S: Scope> IntoFuture for Export<'w, E, S>
where
    E::Tenancy: ReachableFrom<S>,
{
    type Output = Result<u64>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<u64>> + Send + 'w>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let Export { query, mut writer, format, with_sensitive } = self;
            let (repo, selection) = query.ready()?;
            let all = E::TABLE.columns.iter().enumerate();
            let shown = all.filter(|(_, column)| with_sensitive || !column.sensitive);
            let lines = Output { format, table: E::TABLE, columns: shown.map(|it| it.0).collect() };
            let count = lines.write(&repo, selection, &mut *writer).await?;
            writer.flush().await.map_err(io)?;
            Ok(count)
        })
    }
}

/// What is written of each row, and how.
struct Output {
    format: Format,
    table: &'static Table,
    columns: Vec<usize>,
}

impl Output {
    async fn write<E: Entity, S: Scope>(
        &self,
        repo: &Repo<E, S>,
        mut selection: Selection,
        writer: &mut (dyn AsyncWrite + Unpin + Send + '_),
    ) -> Result<u64> {
        let (mut text, mut count, mut bounds) = (self.header(), 0, Vec::new());
        let mut left = selection.limit.unwrap_or(u64::MAX);
        loop {
            let size = left.min(CHUNK);
            selection.limit = Some(size);
            let (rows, position) = chunk(repo, &selection, &bounds).await?;
            rows.iter().for_each(|row| self.row(&mut text, row));
            writer.write_all(text.as_bytes()).await.map_err(io)?;
            text.clear();
            let read = rows.len() as u64;
            (count, left) = (count + read, left - read);
            if read < size || left == 0 {
                return Ok(count);
            }
            bounds = vec![Bound { values: position, before: false }];
            selection.offset = None;
        }
    }

    fn header(&self) -> String {
        let (header, mut text) = (Header::of(self.table, &self.columns), String::new());
        match self.format {
            Format::JsonLines => json_lines::write_header(&mut text, &header),
            Format::Csv => {
                text.push('#');
                text.push_str(&header.text());
                text.push_str("\r\n");
                csv::write(&mut text, header.columns.iter().map(|name| Some(name.as_str())));
            }
        }
        text
    }

    fn row(&self, text: &mut String, row: &[Value<'_>]) {
        if self.format == Format::JsonLines {
            return json_lines::write(text, self.table, &self.columns, row);
        }
        let cell =
            |column: &usize| Some(&row[*column]).filter(|value| !value.is_null()).map(text::text);
        let cells: Vec<_> = self.columns.iter().map(cell).collect();
        csv::write(text, cells.iter().map(Option::as_deref));
    }
}

/// The rows after a position, as they are stored, and the position of the last of them.
async fn chunk<E: Entity, S: Scope>(
    repo: &Repo<E, S>,
    selection: &Selection,
    bounds: &[Bound],
) -> Result<(Vec<Vec<Value<'static>>>, Vec<Value<'static>>)> {
    let shape = Shape::of::<E>(E::TABLE).with_keys(&selection.order);
    let (mut rows, mut position) = (Vec::new(), Vec::new());
    let mut on_row = |row: &dyn Row| {
        rows.push(values(E::TABLE, row)?);
        shape.position(row, &mut position)?;
        Ok(())
    };
    read::each(repo, &shape, selection, bounds, &mut on_row).await?;
    Ok((rows, position))
}

impl<E: Entity, S: Scope> fmt::Debug for Export<'_, E, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { query, format, with_sensitive, .. } = self;
        f.debug_struct("Export")
            .field("query", query)
            .field("format", format)
            .field("with_sensitive", with_sensitive)
            .finish_non_exhaustive()
    }
}
