//! Windows: rows beside a cursor, at a cost that does not grow with the distance from the start.

use crate::backend::Row;
use crate::column::OrderKey;
use crate::entity::Entity;
use crate::error::{Error, Result};
use crate::query::Selection;
use crate::read;
use crate::read::cursor::{Cursor, Fingerprint};
use crate::read::page::check_size;
use crate::read::projection::Projection;
use crate::repo::Repo;
use crate::schema::table::Table;
use crate::session::scope::{ReachableFrom, Scope};
use crate::sql::shape::Shape;
use crate::value::Value;

/// Which rows of a query, from one end or beside a cursor.
///
/// ```
/// # use repo_core::{Cursor, WindowRequest};
/// # fn of(cursor: Cursor) {
/// let newest = WindowRequest::first(50);
/// let following = WindowRequest::first(50).after(cursor.clone());
/// let preceding = WindowRequest::last(50).before(cursor);
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowRequest {
    size: u64,
    from_end: bool,
    after: Option<Cursor>,
    before: Option<Cursor>,
}

/// Some rows of a query, in its order, and where they start and end.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Window<E> {
    /// The rows, always in the order of the query.
    pub items: Vec<E>,
    /// The position of the first row; `None` when there are no rows.
    pub start: Option<Cursor>,
    /// The position of the last row; `None` when there are no rows.
    pub end: Option<Cursor>,
    /// Whether rows precede, as far as this request could see: one that asks for rows after a cursor
    /// knows that there was a row at the cursor.
    pub has_previous: bool,
    /// Whether rows follow, as far as this request could see.
    pub has_next: bool,
}

/// A position in an order, and the side of it that is wanted.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) values: Vec<Value<'static>>,
    pub(crate) before: bool,
}

impl WindowRequest {
    /// The most rows of a window.
    pub const MAX_SIZE: u64 = 1_000;

    /// The first `size` rows, of all or of those [`after`](Self::after) a cursor.
    pub fn first(size: u64) -> Self {
        Self { size, from_end: false, after: None, before: None }
    }

    /// The last `size` rows, of all or of those [`before`](Self::before) a cursor.
    pub fn last(size: u64) -> Self {
        Self { from_end: true, ..Self::first(size) }
    }

    /// Only rows after the cursor's row.
    #[must_use]
    pub fn after(mut self, cursor: Cursor) -> Self {
        self.after = Some(cursor);
        self
    }

    /// Only rows before the cursor's row.
    #[must_use]
    pub fn before(mut self, cursor: Cursor) -> Self {
        self.before = Some(cursor);
        self
    }
}

impl<E> Window<E> {
    /// Where the next window starts, for [`after`](WindowRequest::after); `None` if no rows follow.
    ///
    /// To ask later whether rows were added behind the last one, take [`end`](Self::end).
    pub fn next_cursor(&self) -> Option<Cursor> {
        self.end.as_ref().filter(|_| self.has_next).cloned()
    }

    /// Where the window before this one ends, for [`before`](WindowRequest::before); `None` if no rows precede.
    pub fn previous_cursor(&self) -> Option<Cursor> {
        self.start.as_ref().filter(|_| self.has_previous).cloned()
    }

    /// The same window with each item turned into something else.
    pub fn map<T>(self, each: impl FnMut(E) -> T) -> Window<T> {
        let items = self.items.into_iter().map(each).collect();
        let Window { start, end, has_previous, has_next, .. } = self;
        Window { items, start, end, has_previous, has_next }
    }
}

pub(crate) async fn read<E: Entity, S: Scope, P: Projection<Entity = E>>(
    repo: &Repo<E, S>,
    mut selection: Selection,
    request: &WindowRequest,
) -> Result<Window<P>>
where
    E::Tenancy: ReachableFrom<S>,
{
    check_size("window size", request.size, WindowRequest::MAX_SIZE)?;
    refuse_sensitive(E::TABLE, &selection.order)?;
    let fingerprint = Fingerprint::new(E::TABLE, &selection, repo.session().cursor_key());
    let bounds = bounds(&fingerprint, &selection.order, request, E::TABLE)?;

    let shape = Shape::of::<P>(E::TABLE).with_keys(&selection.order);
    if request.from_end {
        selection.order = selection.order.iter().map(OrderKey::reversed).collect();
    }
    // Bounds are rendered in the order that the rows are read in.
    let bounds: Vec<Bound> = bounds
        .into_iter()
        .map(|bound| Bound { before: bound.before != request.from_end, ..bound })
        .collect();
    selection.limit = Some(request.size + 1);
    let size = usize::try_from(request.size).unwrap_or(usize::MAX);
    let (mut items, mut more) = (Vec::new(), false);
    let (mut first, mut last) = (Vec::new(), Vec::new());
    let mut on_row = |row: &dyn Row| {
        more = items.len() == size;
        if !more {
            items.push(shape.read(row)?);
            shape.position(row, &mut last)?;
            if items.len() == 1 {
                first.clone_from(&last);
            }
        }
        Ok(())
    };
    read::each(repo, &shape, &selection, &bounds, &mut on_row).await?;

    // Without rows there are no values; with some there is the id at least.
    let cursor = |values: Vec<Value<'static>>| {
        (!values.is_empty()).then(|| Cursor::new(&fingerprint, values.iter()))
    };
    let (mut start, mut end) = (cursor(first), cursor(last));
    if request.from_end {
        items.reverse();
        std::mem::swap(&mut start, &mut end);
    }
    let (after, before) = (request.after.is_some(), request.before.is_some());
    let has_previous = after || (request.from_end && more);
    let has_next = before || (!request.from_end && more);
    Ok(Window { items, start, end, has_previous, has_next })
}

fn bounds(
    fingerprint: &Fingerprint,
    order: &[OrderKey],
    request: &WindowRequest,
    table: &'static Table,
) -> Result<Vec<Bound>> {
    let after = request.after.iter().map(|cursor| (cursor, false));
    let before = request.before.iter().map(|cursor| (cursor, true));
    after
        .chain(before)
        .map(|(cursor, before)| {
            let values = cursor.open(fingerprint, order, table)?;
            Ok(Bound { values, before })
        })
        .collect()
}

/// A cursor shows its values to whoever holds it.
fn refuse_sensitive(table: &'static Table, order: &[OrderKey]) -> Result<()> {
    let sensitive = order.iter().map(|key| key.source.def(table)).find(|column| column.sensitive);
    sensitive.map_or(Ok(()), |column| {
        Err(Error::invalid_input(column.name, "is sensitive: a cursor would show its value"))
    })
}
