//! What became of a row that was written by a unique key.

/// What [`Repo::create_or_get`](crate::Repo::create_or_get), [`Repo::upsert`](crate::Repo::upsert) and
/// [`Repo::upsert_many`](crate::Repo::upsert_many) return: the row, and what was done to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Keyed<E> {
    /// The row, as it is stored.
    pub entity: E,
    /// What was done to it.
    pub outcome: Outcome,
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It was added.
    Created,
    /// It was there with other values, which were changed.
    Updated,
    /// It was there with these values.
    Unchanged,
}

impl<E> Keyed<E> {
    /// Whether the row was added now.
    pub fn is_new(&self) -> bool {
        self.outcome == Outcome::Created
    }

    pub(crate) fn created(entity: E) -> Self {
        Self { entity, outcome: Outcome::Created }
    }

    pub(crate) fn unchanged(entity: E) -> Self {
        Self { entity, outcome: Outcome::Unchanged }
    }
}
