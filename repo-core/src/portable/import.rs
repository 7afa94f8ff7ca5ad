//! Reading the rows of a file into a table: all of them, in one transaction, or none.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;

use tokio::io::AsyncBufRead;

use super::cells::{Cells, Given};
use super::lines::{Lines, Record};
use super::rows::{self, Line};
use super::{CHUNK, COMMENT, Format, Header, csv, json_lines, wrong};
use crate::audit::author::Author;
use crate::entity::Entity;
use crate::error::{Error, Result};
use crate::json::members::Members;
use crate::repo::Repo;
use crate::session::Session;
use crate::session::scope::{Scope, WritableFrom};
use crate::transaction::Own;
use crate::value::Value;

/// How many bytes of a file are held at once as rows, but for the last of them.
const CHUNK_BYTES: usize = 8 << 20;

/// A file on its way into a table, read when it is awaited; how many rows it had. Made by
/// [`Repo::import_json_lines`] and [`Repo::import_csv`].
#[must_use = "rows are imported when it is awaited"]
pub struct Import<'r, E: Entity, S: Scope> {
    repo: &'r Repo<E, S>,
    tenant: Result<Option<Value<'static>>>,
    reader: Box<dyn AsyncBufRead + Unpin + Send + 'r>,
    format: Format,
    fresh_ids: bool,
    into_this_tenant: bool,
}

impl<E: Entity, S: Scope> Repo<E, S> {
    /// Adds the rows of an [export](crate::Query::export_json_lines) as they were: ids, times, versions and marks of
    /// deletion are kept. All of them or none; the line of a row that is refused is named.
    ///
    /// Each row is a creation, with its entry in the audit trail where the entity is recorded.
    ///
    /// A file that does not start with the line of an export needs no columns that the repository manages, but
    /// for the id, and none with a `default`: its rows then are as new ones. A column that takes `NULL` may be left
    /// out of a row too.
    ///
    /// ```no_run
    /// # use repo_core::{Database, Error, Repository};
    /// # #[derive(Repository)]
    /// # #[repository(table = "notes")]
    /// # struct Note { id: uuid::Uuid, done: bool }
    /// # async fn f(db: Database, file: &[u8]) -> Result<(), Error> {
    /// match db.session().repo::<Note>().import_json_lines(file).await {
    ///     Ok(count) => println!("{count} notes"),
    ///     Err(error) if error.is_conflict() => println!("line {:?} is there already", error.line()),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Awaiting is [`Error::OnLine`] where a line is the cause; see [`cause`](Error::cause):
    ///
    /// - [`is_conflict`](Error::is_conflict): there is a row with the same id, or the same value in a unique
    ///   column.
    /// - [`Error::TenantMismatch`]: the row is of another tenant. See
    ///   [`into_this_tenant`](Import::into_this_tenant).
    /// - [`Error::Redacted`]: a sensitive column was left out, and takes no `NULL`.
    /// - [`is_invalid_input`](Error::is_invalid_input): the file is of another table, a column is missing, unknown
    ///   or there twice, a value does not fit.
    ///
    /// And [`Error::Io`] where the reader fails.
    pub fn import_json_lines<'r>(
        &'r self,
        reader: impl AsyncBufRead + Unpin + Send + 'r,
    ) -> Import<'r, E, S>
    where
        E::Tenancy: WritableFrom<S>,
    {
        Import::new(self, reader, Format::JsonLines)
    }

    /// The same from [CSV](crate::Query::export_csv).
    ///
    /// A file that does not start with the line of an export needs no columns that the repository manages, but
    /// for the id, and none with a `default`: its rows then are as new ones. Its first record is the names of its
    /// columns.
    ///
    /// # Errors
    ///
    /// As for [`import_json_lines`](Self::import_json_lines).
    pub fn import_csv<'r>(
        &'r self,
        reader: impl AsyncBufRead + Unpin + Send + 'r,
    ) -> Import<'r, E, S>
    where
        E::Tenancy: WritableFrom<S>,
    {
        Import::new(self, reader, Format::Csv)
    }
}

impl<'r, E: Entity, S: Scope> Import<'r, E, S> {
    fn new(
        repo: &'r Repo<E, S>,
        reader: impl AsyncBufRead + Unpin + Send + 'r,
        format: Format,
    ) -> Self
    where
        E::Tenancy: WritableFrom<S>,
    {
        let tenant = repo.tenant().map(|tenant| tenant.map(Value::into_owned));
        let reader = Box::new(reader);
        Self { repo, tenant, reader, format, fresh_ids: false, into_this_tenant: false }
    }

    /// With new ids instead of those of the file, which may then be left out. What refers to the old ones, in
    /// this file or another, is not changed. Ids that the database makes are always new: an import of them
    /// says so. Assigned ids never are.
    pub fn fresh_ids(mut self) -> Self {
        self.fresh_ids = true;
        self
    }

    /// As rows of the session's tenant, whoever's they were.
    pub fn into_this_tenant(mut self) -> Self {
        self.into_this_tenant = true;
        self
    }

    async fn run(self) -> Result<u64> {
        let (table, session) = (E::TABLE, self.repo.session());
        let author = Author::of(session, table)?;
        if table.has_identity() && !self.fresh_ids {
            let reason = "is made by the database: say `fresh_ids`, and each row has a new one";
            return Err(Error::invalid_input(table.id().name, reason));
        }
        if table.has_assigned_ids() && self.fresh_ids {
            let reason =
                "is assigned: there are no fresh ones, and each row of the file has its own";
            return Err(Error::invalid_input(table.id().name, reason));
        }
        let cells = Cells {
            table,
            tenant: self.tenant?,
            fresh_ids: self.fresh_ids,
            into_this_tenant: self.into_this_tenant,
            now: author.as_ref().map_or_else(|| session.database().now(), |it| Ok(it.at))?,
            correlation: session.correlation_id(),
            ids: session.database().ids(),
            is_export: false,
            absent_is_null: self.format == Format::JsonLines,
            redacted: Vec::new(),
        };
        let lines = Lines::new(self.reader, self.format);
        let file = File::open(lines, self.format, cells).await?;
        // Not `begin_own`: the reader may ask the session for something, and would wait for itself.
        let own = Own::Inner(session.begin().await?);
        let done = file.add_all(own.session(), self.repo, author.as_ref()).await;
        own.finish(done).await
    }
}

impl<'r, E: Entity, S: Scope> IntoFuture for Import<'r, E, S> {
    type Output = Result<u64>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<u64>> + Send + 'r>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

/// A file whose first line was read.
struct File<'c, R> {
    lines: Lines<R>,
    format: Format,
    cells: Cells<'c>,
    /// Of CSV, the columns in the order of the fields.
    columns: Vec<usize>,
}

impl<'c, R: AsyncBufRead + Unpin + Send> File<'c, R> {
    async fn open(mut lines: Lines<R>, format: Format, cells: Cells<'c>) -> Result<Self> {
        let first = lines.next().await?.ok_or_else(|| wrong("is empty"))?;
        let header = match format {
            Format::JsonLines => json_lines::header(&first.text),
            Format::Csv if first.text.starts_with(COMMENT) => {
                Some(serde_json::from_str(&first.text[1..]))
            }
            Format::Csv => None,
        };
        let mut file = Self { lines, format, cells, columns: Vec::new() };
        match header {
            Some(header) => file.header(header).map_err(|error| error.on_line(first.line))?,
            None => file.lines.put_back(first),
        }
        if format == Format::Csv {
            let names = file.lines.next().await?;
            let names = names.ok_or_else(|| wrong("has no line with the names of its columns"))?;
            file.columns = file.names(&names.text).map_err(|error| error.on_line(names.line))?;
        }
        Ok(file)
    }

    fn header(&mut self, header: serde_json::Result<Header>) -> Result<()> {
        self.cells.header(&header.map_err(|_| wrong("has a first line that is none of an export"))?)
    }

    fn names(&self, record: &str) -> Result<Vec<usize>> {
        let names = csv::read(record).map_err(wrong)?;
        self.cells.columns(names.iter().map(|name| name.as_deref().unwrap_or_default()))
    }

    async fn add_all<E: Entity, S: Scope>(
        mut self,
        session: &Session<S>,
        repo: &Repo<E, S>,
        author: Option<&Author>,
    ) -> Result<u64> {
        let (mut rows, mut bytes, mut count) = (Vec::new(), 0, 0);
        while let Some(record) = self.lines.next().await? {
            let line = record.line;
            bytes += record.text.len();
            let values = self.row::<E>(record).map_err(|error| error.on_line(line))?;
            rows.push(Line { line, values });
            count += 1;
            if rows.len() as u64 == CHUNK || bytes >= CHUNK_BYTES {
                rows::add(session, repo, author, std::mem::take(&mut rows)).await?;
                bytes = 0;
            }
        }
        rows::add(session, repo, author, rows).await?;
        Ok(count)
    }

    fn row<E: Entity>(&self, record: Record) -> Result<Vec<Value<'static>>> {
        let given = match self.format {
            Format::JsonLines => self.object(&record.text)?,
            Format::Csv => self.fields(&record.text)?,
        };
        self.cells.row::<E>(given)
    }

    fn fields(&self, record: &str) -> Result<Vec<Given>> {
        let fields = csv::read(record).map_err(wrong)?;
        if fields.len() != self.columns.len() {
            let (found, expected) = (fields.len(), self.columns.len());
            return Err(wrong(format!("has {found} fields where there are {expected} columns")));
        }
        let mut given = self.nothing();
        for (column, field) in self.columns.iter().zip(fields) {
            given[*column] = field.map_or(Given::Null, Given::Text);
        }
        Ok(given)
    }

    fn object(&self, line: &str) -> Result<Vec<Given>> {
        let Members(members) = json_lines::read(line).map_err(wrong)?;
        let columns = self.cells.columns(members.iter().map(|(name, _)| name.as_str()))?;
        let mut given = self.nothing();
        for (column, (_, raw)) in columns.into_iter().zip(&members) {
            let def = &self.cells.table.columns[column];
            let cell = json_lines::cell(raw, def);
            given[column] = cell.map_err(|reason| Error::invalid_input(def.name, reason))?;
        }
        Ok(given)
    }

    fn nothing(&self) -> Vec<Given> {
        vec![Given::Absent; self.cells.table.columns.len()]
    }
}

impl<E: Entity, S: Scope> fmt::Debug for Import<'_, E, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Import")
            .field("table", &E::TABLE.name)
            .field("format", &self.format)
            .field("fresh_ids", &self.fresh_ids)
            .field("into_this_tenant", &self.into_this_tenant)
            .finish_non_exhaustive()
    }
}
