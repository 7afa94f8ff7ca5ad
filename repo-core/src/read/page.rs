//! Pages by number, with the total.

use crate::error::{Error, Result};

/// Which page of a query, counted from 1.
///
/// ```
/// # use repo_core::PageRequest;
/// let third = PageRequest::number(3).size(50);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    pub(crate) number: u64,
    pub(crate) size: u64,
}

/// A page of rows and how many there are in all.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Page<E> {
    /// The rows of this page, in the order of the query.
    pub items: Vec<E>,
    /// The rows of all pages.
    pub total: u64,
    /// The number of this page, counted from 1.
    pub number: u64,
    /// The most rows that a page has.
    pub size: u64,
}

impl PageRequest {
    /// The most rows of a page.
    pub const MAX_SIZE: u64 = 1_000;

    /// The page with this number, of 20 rows.
    pub fn number(number: u64) -> Self {
        Self { number, size: 20 }
    }

    /// With this many rows a page.
    #[must_use]
    pub fn size(mut self, size: u64) -> Self {
        self.size = size;
        self
    }

    /// The limit and the offset.
    pub(crate) fn range(self) -> Result<(u64, u64)> {
        check_size("page size", self.size, Self::MAX_SIZE)?;
        if self.number == 0 {
            return Err(Error::invalid_input("page number", "is 0: pages are counted from 1"));
        }
        let offset = (self.number - 1).checked_mul(self.size);
        offset
            .filter(|offset| i64::try_from(*offset).is_ok())
            .map(|offset| (self.size, offset))
            .ok_or_else(|| Error::invalid_input("page number", "is beyond what a database counts"))
    }
}

impl<E> Page<E> {
    /// How many pages there are: 0 when there are no rows.
    pub fn pages(&self) -> u64 {
        self.total.div_ceil(self.size.max(1))
    }

    /// Whether a page follows.
    pub fn has_next(&self) -> bool {
        self.number < self.pages()
    }

    /// Whether a page precedes.
    pub fn has_previous(&self) -> bool {
        self.number > 1 && self.total > 0
    }

    /// The same page with each item turned into something else.
    pub fn map<T>(self, each: impl FnMut(E) -> T) -> Page<T> {
        let items = self.items.into_iter().map(each).collect();
        Page { items, total: self.total, number: self.number, size: self.size }
    }
}

pub(crate) fn check_size(name: &'static str, size: u64, most: u64) -> Result<()> {
    if size == 0 {
        return Err(Error::invalid_input(name, "is 0"));
    }
    if size > most {
        return Err(Error::invalid_input(name, format!("is above {most}")));
    }
    Ok(())
}
