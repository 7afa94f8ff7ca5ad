//! Filters as data: a filter to JSON, or any other format of serde that names its members, and back.
//!
//! What comes from outside is not trusted: it names no column that is sensitive or the tenant's, and is no
//! deeper and no longer than [`DEEPEST`], [`MOST_CONDITIONS`] and [`MOST_VALUES`] say. What would not be read
//! again is not written. The words are those of the methods of [`Column`](crate::Column).

mod path;
mod read;
mod tree;
mod write;

use std::fmt;

use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::entity::Entity;
use crate::filter::{Comparison, Filter, IntoFilter, Node};
use crate::schema::table::Table;

/// The most levels of `all`, `any` and `not` inside each other.
const DEEPEST: usize = 32;
/// The most conditions on columns.
const MOST_CONDITIONS: usize = 1_000;
/// The most values in all lists together.
const MOST_VALUES: usize = 10_000;

/// A filter that may name every column when it is written and read: for files and queues that nobody else
/// writes to, never for what a client sends.
///
/// A filter on a sensitive column answers what the column holds, guess by guess, and its data has the values.
/// So [`Filter`] refuses such columns, and the tenant's; this type does not.
///
/// ```
/// # use repo_core::{Filter, Repository, TrustedFilter};
/// # #[derive(Repository)]
/// # #[repository(table = "people")]
/// # struct Person { id: uuid::Uuid, #[repository(sensitive)] email: String }
/// let filter = Person::EMAIL.ends_with("@example.org");
/// assert!(serde_json::to_string(&filter).is_err());
/// let data = serde_json::to_string(&TrustedFilter(filter)).unwrap();
/// assert_eq!(data, r#"{"column":"email","ends_with":"@example.org"}"#);
/// assert!(serde_json::from_str::<Filter<Person>>(&data).is_err());
/// let TrustedFilter(filter) = serde_json::from_str::<TrustedFilter<Person>>(&data).unwrap();
/// ```
pub struct TrustedFilter<E>(pub Filter<E>);

/// Who wrote the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trust {
    /// Somebody outside.
    None,
    /// The program itself.
    Full,
}

impl Trust {
    /// Why a filter may not be about this column.
    fn refuses(self, table: &Table, column: usize) -> Option<String> {
        let name = table.columns[column].name;
        if self == Trust::Full {
            None
        } else if table.columns[column].sensitive {
            Some(format!("`{name}` is sensitive: only a `TrustedFilter` can be about it"))
        } else if table.roles.tenant == Some(column) {
            Some(format!("`{name}` is the tenant: only a `TrustedFilter` can be about it"))
        } else {
            None
        }
    }
}

/// How many conditions and values there are so far, and of what is written the nodes of its tree.
#[derive(Debug, Default)]
struct Count {
    conditions: usize,
    values: usize,
    nodes: usize,
}

impl Count {
    /// Counts a condition with this many values in a list.
    fn condition(&mut self, values: usize) -> Result<(), String> {
        self.conditions += 1;
        self.values += values;
        if self.conditions > MOST_CONDITIONS {
            return Err(format!("a filter has at most {MOST_CONDITIONS} conditions"));
        }
        if self.values > MOST_VALUES {
            return Err(format!("the lists of a filter have at most {MOST_VALUES} values"));
        }
        Ok(())
    }

    /// Counts nodes of the tree that is read again.
    fn nodes(&mut self, nodes: usize) -> Result<(), String> {
        self.nodes += nodes;
        if self.nodes > tree::MOST_NODES {
            return Err("the filter is too long".to_owned());
        }
        Ok(())
    }

    fn level(depth: usize) -> Result<(), String> {
        if depth <= DEEPEST {
            return Ok(());
        }
        Err(format!("a filter has at most {DEEPEST} levels of `all`, `any` and `not`"))
    }
}

impl Comparison {
    const WORDS: [(Self, &'static str); 6] = [
        (Self::Equal, "eq"),
        (Self::NotEqual, "ne"),
        (Self::Less, "lt"),
        (Self::LessOrEqual, "le"),
        (Self::Greater, "gt"),
        (Self::GreaterOrEqual, "ge"),
    ];

    fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(it, _)| *it == self).map_or("eq", |(_, word)| word)
    }

    fn of_word(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(_, it)| *it == word).map(|(comparison, _)| *comparison)
    }
}

/// Writes the filter as data.
///
/// ```
/// # use repo_core::{Filter, Repository};
/// # #[derive(Repository)]
/// # #[repository(table = "tasks")]
/// # struct Task { id: uuid::Uuid, title: String, size: i64, owner: Option<String> }
/// let filter = (Task::TITLE.icontains("now") | Task::OWNER.is_null()) & !Task::SIZE.ge(100);
/// let data = r#"{"all":[{"any":[{"column":"title","icontains":"now"},{"column":"owner","is_null":true}]},{"not":{"column":"size","ge":100}}]}"#;
/// assert_eq!(serde_json::to_string(&filter).unwrap(), data);
/// let read: Filter<Task> = serde_json::from_str(data).unwrap();
/// assert_eq!(format!("{read:?}"), format!("{filter:?}"));
/// ```
///
/// # Errors
///
/// The filter is about a sensitive column, the tenant or a relation, or is larger than what is read.
impl<E: Entity> Serialize for Filter<E> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        write::write::<S>(&self.node, E::TABLE, Trust::None, serializer)
    }
}

impl<E: Entity> Serialize for TrustedFilter<E> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        write::write::<S>(&self.0.node, E::TABLE, Trust::Full, serializer)
    }
}

/// Reads a filter from data of a format that names its members, such as JSON.
///
/// # Errors
///
/// There is no such column or operator, a value does not fit its column, the filter is about a sensitive column
/// or the tenant, or it is too large: 32 levels of `all`, `any` and `not`, 1,000 conditions, 10,000 values
/// in lists, 127 steps of a path.
impl<'de, E: Entity> Deserialize<'de> for Filter<E> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        node(deserializer, E::TABLE, Trust::None).map(Self::new)
    }
}

impl<'de, E: Entity> Deserialize<'de> for TrustedFilter<E> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        node(deserializer, E::TABLE, Trust::Full).map(|node| Self(Filter::new(node)))
    }
}

fn node<'de, D: Deserializer<'de>>(
    deserializer: D,
    table: &'static Table,
    trust: Trust,
) -> Result<Node, D::Error> {
    let tree = tree::read(deserializer)?;
    read::read(tree, table, trust).map_err(D::Error::custom)
}

impl<E> IntoFilter<E> for TrustedFilter<E> {
    fn into_filter(self) -> Filter<E> {
        self.0
    }
}

impl<E> Clone for TrustedFilter<E> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<E: Entity> fmt::Debug for TrustedFilter<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TrustedFilter").field(&self.0).finish()
    }
}

/// What keeps a filter from being written.
fn unwritten<S: Serializer>(reason: String) -> S::Error {
    S::Error::custom(reason)
}
