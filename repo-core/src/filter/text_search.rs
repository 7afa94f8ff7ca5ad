//! What a column of text can be asked besides comparisons.

use crate::column::Column;
use crate::dialect::TextMatch;
use crate::entity::Entity;
use crate::filter::{Filter, Node};
use crate::value::column_type::{ColumnType, Searchable};

/// Searches in text. Case counts, unless the method's name says otherwise; no character is special.
///
/// ```
/// # use chrono::{DateTime, Utc};
/// # use repo_core::{Filter, Repository};
/// # #[derive(Repository)]
/// # #[repository(table = "tasks")]
/// # struct Task { id: i64, title: String, size: i32, limit: i32, owner: Option<String>, due: DateTime<Utc> }
/// let urgent: Filter<Task> = Task::TITLE.starts_with("urgent: ") | Task::TITLE.icontains("asap");
/// let percent: Filter<Task> = Task::TITLE.ends_with("100%"); // `%` is a character like any other
/// let ann: Filter<Task> = Task::OWNER.ieq("ann"); // `Ann` as well
/// ```
impl<E: Entity, T: ColumnType> Column<E, T> {
    /// The column has `text` somewhere.
    pub fn contains(self, text: impl AsRef<str>) -> Filter<E>
    where
        <T::Bare as ColumnType>::Class: Searchable,
    {
        self.search(TextMatch::Contains, text.as_ref().to_owned())
    }

    /// The column has `text` somewhere; `A` to `Z` are equal to `a` to `z`, other letters only to
    /// themselves, because that is all that both databases agree on.
    pub fn icontains(self, text: impl AsRef<str>) -> Filter<E>
    where
        <T::Bare as ColumnType>::Class: Searchable,
    {
        self.search(TextMatch::ContainsIgnoreCase, text.as_ref().to_ascii_lowercase())
    }

    /// The column starts with `text`.
    pub fn starts_with(self, text: impl AsRef<str>) -> Filter<E>
    where
        <T::Bare as ColumnType>::Class: Searchable,
    {
        self.search(TextMatch::StartsWith, text.as_ref().to_owned())
    }

    /// The column ends with `text`.
    pub fn ends_with(self, text: impl AsRef<str>) -> Filter<E>
    where
        <T::Bare as ColumnType>::Class: Searchable,
    {
        self.search(TextMatch::EndsWith, text.as_ref().to_owned())
    }

    /// The column is `text`; `A` to `Z` are equal to `a` to `z`, as for [`icontains`](Self::icontains).
    pub fn ieq(self, text: impl AsRef<str>) -> Filter<E>
    where
        <T::Bare as ColumnType>::Class: Searchable,
    {
        let text = text.as_ref().to_ascii_lowercase();
        match text.encode(String::KIND) {
            Err(invalid) => Filter::new(self.invalid(invalid)),
            Ok(_) => {
                let (column, place) = (self.index(), TextMatch::EqualsIgnoreCase);
                Filter::new(Node::Text { column, place, text })
            }
        }
    }

    fn search(self, place: TextMatch, text: String) -> Filter<E> {
        let column = self.index();
        if let Err(invalid) = text.encode(String::KIND) {
            return Filter::new(Node::Invalid { column: self.name(), invalid });
        }
        if text.is_empty() {
            return self.is_not_null();
        }
        Filter::new(Node::Text { column, place, text })
    }
}
