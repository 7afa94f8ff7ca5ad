//! Orders that a client may ask for by name: `-created,title`.
//!
//! What is not listed is refused, so that no client orders by a column that nobody meant it to see.

use std::fmt;

use crate::column::{IntoOrder, Order};
use crate::entity::Entity;
use crate::error::{Error, Result};
use crate::similar::{list, shown};

/// What rows of `E` may be sorted by, and what a client calls it.
///
/// ```
/// # use repo_core::{Database, PageRequest, Page, Repository, Result, SortKeys};
/// # use uuid::Uuid;
/// # #[derive(Debug, Repository)]
/// # #[repository(table = "notes", tenant)]
/// # struct Note { id: Uuid, tenant_id: Uuid, title: String, due: Option<i64> }
/// fn sort_keys() -> SortKeys<Note> {
///     SortKeys::new().key("title", Note::TITLE.asc()).key("due", Note::DUE.asc().nulls_last())
/// }
///
/// # async fn f(db: Database, tenant: Uuid) -> Result<Page<Note>> {
/// let notes = db.tenant(tenant).repo::<Note>();
/// let asked = "-due,title"; // of `?sort=-due,title`
/// notes.query().order_by(sort_keys().parse(asked)?).page(PageRequest::number(1)).await
/// # }
/// ```
pub struct SortKeys<E> {
    keys: Vec<(&'static str, Vec<Order<E>>)>,
}

/// What errors call the text of a client.
const ARGUMENT: &str = "sort";

impl<E> SortKeys<E> {
    /// Nothing yet.
    pub fn new() -> Self {
        Self { keys: Vec::new() }
    }

    /// Also by `order`, which may be several orders, as `name`. If there is this name already, it gets another order.
    ///
    /// A name has no comma and does not start with `-`: a client could not ask for it.
    #[must_use]
    pub fn key(mut self, name: &'static str, order: impl IntoOrder<E>) -> Self {
        self.keys.retain(|(other, _)| *other != name);
        self.keys.push((name, order.into_order().collect()));
        self
    }

    /// The orders that `text` asks for, for [`Query::order_by`](crate::Query::order_by): names with a comma between
    /// them, the one that counts most first, and a `-` before each that is wanted in reverse. An empty text asks for
    /// no order.
    ///
    /// In reverse, `asc()` is `desc()`, and rows without a value move to the other end, unless the order says where
    /// they come (`nulls_first`, `nulls_last`): then they stay there.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`]: a name is not listed, is repeated, or is empty.
    pub fn parse(&self, text: &str) -> Result<Vec<Order<E>>> {
        let (mut orders, mut seen) = (Vec::new(), Vec::new());
        if text.is_empty() {
            return Ok(orders);
        }
        for asked in text.split(',') {
            let name = asked.strip_prefix('-').unwrap_or(asked);
            let found = self.keys.iter().find(|(known, _)| *known == name);
            let Some((known, listed)) = found else {
                let unknown = format!("no key `{}`", shown(name));
                return Err(self.refused(if name.is_empty() { "an empty key" } else { &unknown }));
            };
            if seen.contains(known) {
                return Err(self.refused(&format!("`{known}` more than once")));
            }
            seen.push(*known);
            let is_reversed = name.len() < asked.len();
            orders.extend(
                listed.iter().map(|order| if is_reversed { order.reversed() } else { *order }),
            );
        }
        Ok(orders)
    }

    fn refused(&self, problem: &str) -> Error {
        let known = list(self.keys.iter().map(|(name, _)| *name));
        let known = if known.is_empty() { "none" } else { &known };
        Error::invalid_input(ARGUMENT, format!("has {problem}: there are {known}"))
    }
}

impl<E> Default for SortKeys<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E> Clone for SortKeys<E> {
    fn clone(&self) -> Self {
        Self { keys: self.keys.clone() }
    }
}

impl<E: Entity> fmt::Debug for SortKeys<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.keys.iter().map(|(name, orders)| (name, orders))).finish()
    }
}
