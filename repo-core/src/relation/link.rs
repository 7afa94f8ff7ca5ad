//! How a row finds rows of another table, and the values that it has there, without types.
//!
//! A link carries the tenant wherever both tables have one: what a row of one tenant finds is its own.

use std::fmt;

use crate::query::Visibility;
use crate::schema::table::{ColumnDef, Table};

/// From a column of one table to the equal column of another. Small: a value may have several, and is copied.
#[derive(Clone, Copy)]
pub struct Link {
    /// The column of the row that looks.
    from: u16,
    /// The column that is found by.
    to: u16,
    /// Which of the rows there are seen.
    pub(crate) visibility: Visibility,
    /// The table that is looked at.
    pub(crate) table: &'static Table,
}

/// Where a value comes from: a column of the row, or one of the row that is found by links.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[doc(hidden)]
pub enum Source {
    Own(usize),
    /// `NULL` where nothing is found.
    Linked(Path, usize),
}

/// One link or several, each from the row that the one before it finds. `RelatedColumn` has types for no more than
/// there is room for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Path {
    first: Link,
    then: [Option<Link>; 3],
}

impl Link {
    pub(crate) fn new(
        from: usize,
        table: &'static Table,
        to: usize,
        visibility: Visibility,
    ) -> Self {
        let number = |column| u16::try_from(column).expect("no database has a table so wide");
        Self { from: number(from), to: number(to), visibility, table }
    }

    pub(crate) fn from(&self) -> usize {
        self.from.into()
    }

    pub(crate) fn to(&self) -> usize {
        self.to.into()
    }

    /// Whether deleted rows are seen as well.
    pub(crate) fn with_deleted(self) -> Self {
        Self { visibility: Visibility::WithDeleted, ..self }
    }

    /// What tells this link from others, for people and for digests.
    pub(crate) fn words(&self, from: &Table) -> String {
        format!("{} to {}", from.columns[self.from()].name, self.target())
    }

    /// The rows that are looked at.
    fn target(&self) -> String {
        let deleted = if self.visibility == Visibility::Live { "" } else { " with deleted" };
        format!("{}.{}{deleted}", self.table.name, self.table.columns[self.to()].name)
    }

    fn key(&self) -> (u16, &'static str, u16, Visibility) {
        (self.from, self.table.name, self.to, self.visibility)
    }
}

impl Path {
    /// The first link, and where the value comes from for the row that is found there.
    pub(crate) fn split(self, column: usize) -> (Link, Source) {
        let [second, third, fourth] = self.then;
        let rest = second.map(|first| Path { first, then: [third, fourth, None] });
        (self.first, rest.map_or(Source::Own(column), |rest| Source::Linked(rest, column)))
    }

    /// All links, from the row that looks.
    fn links(self) -> impl Iterator<Item = Link> {
        std::iter::once(self.first).chain(self.then.into_iter().flatten())
    }
}

impl Source {
    /// What it is for rows that find the row that has it: one link further away.
    pub(crate) fn behind(self, link: Link) -> Self {
        match self {
            Source::Own(column) => Source::Linked(Path { first: link, then: [None; 3] }, column),
            Source::Linked(Path { first, then: [second, third, _] }, column) => {
                let then = [Some(first), second, third];
                Source::Linked(Path { first: link, then }, column)
            }
        }
    }

    /// The column.
    pub(crate) fn def(&self, table: &'static Table) -> &'static ColumnDef {
        match self {
            Source::Own(column) => &table.columns[*column],
            Source::Linked(_, column) => &self.linked().last().unwrap_or(table).columns[*column],
        }
    }

    /// Whether the value may be missing.
    pub(crate) fn is_nullable(&self, table: &Table) -> bool {
        match self {
            Source::Own(column) => table.columns[*column].nullable,
            Source::Linked(..) => true,
        }
    }

    /// The tables of other rows that it looks at, one behind the other.
    pub(crate) fn linked(&self) -> impl Iterator<Item = &'static Table> + use<> {
        let path = if let Source::Linked(path, _) = *self { Some(path) } else { None };
        path.into_iter().flat_map(Path::links).map(|link| link.table)
    }

    /// What it is called, for people and for digests.
    pub(crate) fn name(&self, table: &Table) -> String {
        match self {
            Source::Own(column) => table.columns[*column].name.to_owned(),
            Source::Linked(path, column) => {
                let (link, rest) = path.split(*column);
                format!("{} of {}", rest.name(link.table), link.words(table))
            }
        }
    }
}

/// Without all that there is to the table.
impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Link({} to {})", self.from, self.target())
    }
}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.links()).finish()
    }
}

// By name: one table may have several addresses.
impl PartialEq for Link {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Link {}
