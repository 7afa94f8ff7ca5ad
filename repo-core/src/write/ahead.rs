//! Rows of a list that refer to others of it which come later.
//!
//! One by one such a row is refused, unless what it refers to was there before. A database that checks references at the
//! end of a statement would take it among the others: so the list is taken in parts, each of which ends where a row
//! refers to one of a later part. Only rows whose ids are assigned can know each other; an id that is made is known to
//! nobody but the source of ids.

use std::collections::HashSet;
use std::ops::Range;

use crate::entity::Entity;
use crate::error::Result;
use crate::read::IdKey;
use crate::write::insert::encode;

/// Whether rows of this table can refer to others of it.
fn refers_to_itself<E: Entity>() -> bool {
    E::TABLE.own_references().next().is_some()
}

/// The rows in parts, no row of which refers to one that comes after it in its part.
///
/// # Errors
///
/// A value does not fit its column: the first of those rows.
pub(crate) fn parts<E: Entity>(entities: &[E]) -> Result<Vec<Range<usize>>> {
    let may_know = E::TABLE.has_assigned_ids() && entities.len() > 1 && refers_to_itself::<E>();
    let mut ends = if may_know { rows_ahead(entities)? } else { Vec::new() };
    ends.iter_mut().for_each(|row| *row += 1);
    // The last row refers to none that comes after it.
    ends.push(entities.len());
    let starts = std::iter::once(0).chain(ends.iter().copied());
    Ok(starts.zip(&ends).map(|(start, end)| start..*end).collect())
}

/// Whether a row refers to one that comes after it, whoever gave the ids.
pub(crate) fn refers_ahead<E: Entity>(entities: &[E]) -> bool {
    let may_know = !E::TABLE.has_identity() && refers_to_itself::<E>();
    may_know && rows_ahead(entities).is_ok_and(|rows| !rows.is_empty())
}

/// Whether a row may refer to one that comes after it: ids that the database numbers can be guessed. True also where a
/// value does not fit its column.
pub(crate) fn may_refer_ahead<E: Entity>(entities: &[E]) -> bool {
    let is_in_order = || rows_ahead(entities).is_ok_and(|rows| rows.is_empty());
    refers_to_itself::<E>() && (E::TABLE.has_identity() || !is_in_order())
}

/// The rows that refer to one that comes after them, in their order.
fn rows_ahead<E: Entity>(entities: &[E]) -> Result<Vec<usize>> {
    let columns: Vec<_> = E::TABLE.own_references().collect();
    let mut rows = Vec::with_capacity(entities.len());
    for (row, entity) in entities.iter().enumerate() {
        let values = encode(entity).map_err(|error| error.in_row(row))?;
        let targets = columns.iter().filter_map(|column| IdKey::of_some(&values[*column]));
        rows.push((IdKey::of(&values[E::TABLE.roles.id]), targets.collect::<Vec<_>>()));
    }
    let (mut later, mut ahead) = (HashSet::with_capacity(rows.len()), Vec::new());
    for (row, (id, targets)) in rows.into_iter().enumerate().rev() {
        if targets.iter().any(|target| later.contains(target)) {
            ahead.push(row);
        }
        later.insert(id);
    }
    ahead.reverse();
    Ok(ahead)
}
