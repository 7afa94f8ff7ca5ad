//! The order of rows: the keys asked for, then the id, then the tenant, each as the key before it.

use std::cmp::Ordering;

use crate::entity::Item;
use crate::operation::{Key, OrderColumn};

pub(super) fn compare(order: &[Key], left: &Item, right: &Item) -> Ordering {
    let by_keys = order
        .iter()
        .map(|key| by_key(*key, left, right))
        .find(|ordering| ordering.is_ne())
        .unwrap_or(Ordering::Equal);
    let descending = order.last().is_some_and(|key| key.descending);
    let last = (left.id, left.tenant_id).cmp(&(right.id, right.tenant_id));
    by_keys.then(if descending { last.reverse() } else { last })
}

fn by_key(key: Key, left: &Item, right: &Item) -> Ordering {
    match key.column {
        OrderColumn::Id => directed(key, Some(left.id), Some(right.id)),
        OrderColumn::Name => directed(key, Some(&left.name), Some(&right.name)),
        OrderColumn::Note => directed(key, left.note.as_ref(), right.note.as_ref()),
        OrderColumn::Score => directed(key, left.score, right.score),
        OrderColumn::Done => directed(key, Some(left.done), Some(right.done)),
        OrderColumn::Price => directed(key, Some(left.price), Some(right.price)),
        OrderColumn::Status => {
            directed(key, Some(left.status.as_str()), Some(right.status.as_str()))
        }
        OrderColumn::Version => directed(key, Some(left.version), Some(right.version)),
        OrderColumn::CreatedAt => directed(key, Some(left.created_at), Some(right.created_at)),
        OrderColumn::UpdatedAt => directed(key, Some(left.updated_at), Some(right.updated_at)),
        OrderColumn::DeletedAt => directed(key, left.deleted_at, right.deleted_at),
    }
}

/// A row without a value ranks above all values, unless the key says where it stands.
fn directed<T: Ord>(key: Key, left: Option<T>, right: Option<T>) -> Ordering {
    let nulls_first = key.nulls_first.unwrap_or(key.descending);
    match (left, right) {
        (Some(left), Some(right)) if key.descending => right.cmp(&left),
        (Some(left), Some(right)) => left.cmp(&right),
        (None, None) => Ordering::Equal,
        (None, Some(_)) if nulls_first => Ordering::Less,
        (Some(_), None) if !nulls_first => Ordering::Less,
        _ => Ordering::Greater,
    }
}
