//! Conditions on the columns of an entity, as values that can be kept, combined and passed on.
//!
//! A comparison holds only for a row that has a value in the column: `NULL` meets none, `ne` and
//! `not_in` included. `not` is the exact complement: it holds for every row that the condition does
//! not hold for, those with `NULL` included. Turning a filter into SQL happens in `sql/predicate.rs`.

pub(crate) mod comparisons;
pub(crate) mod depth;
pub(crate) mod json_path;
pub(crate) mod shape;
mod text_search;

use std::fmt;
use std::marker::PhantomData;
use std::ops::{BitAnd, BitOr, Not};

use crate::dialect::{JsonType, TextMatch};
use crate::entity::Entity;
use crate::filter::depth::Depth;
use crate::relation::link::Link;
use crate::value::{InvalidValue, Value};

/// A condition on the rows of `E`.
///
/// ```
/// # use repo_core::{Repository, Filter};
/// # #[derive(Repository)]
/// # #[repository(table = "tasks")]
/// # struct Task { id: uuid::Uuid, title: String, done: bool, owner: Option<String> }
/// fn open_tasks(owner: Option<&str>) -> Filter<Task> {
///     Filter::all([
///         Some(Task::DONE.eq(false)),
///         owner.map(|owner| Task::OWNER.eq(owner)),
///     ])
/// }
/// let urgent = open_tasks(None) & (Task::TITLE.icontains("now") | Task::OWNER.is_null());
/// ```
pub struct Filter<E> {
    pub(crate) node: Node,
    depth: Depth,
    entity: PhantomData<fn() -> E>,
}

/// What a query of `E` can be filtered by: a [`Filter`] over its columns, or `None` for no filter.
///
/// `#[derive(Search)]` implements it for a struct of what is sought, such as a web handler reads from the
/// parameters of a request. Each field that has a value is a condition on the column of its name:
///
/// ```
/// use repo_core::{Repository, Search};
///
/// #[derive(Repository)]
/// #[repository(table = "tasks")]
/// struct Task { id: uuid::Uuid, title: String, size: i64, owner: Option<String> }
///
/// #[derive(Debug, Default, serde::Deserialize, Search)]
/// #[search(entity = Task)]
/// struct TaskSearch {
///     owner: Option<String>,
///     #[search(icontains)]
///     title: Option<String>,
///     #[search(ge, column = SIZE)]
///     at_least: Option<i64>,
///     #[serde(default)]
///     #[search(in_list, column = SIZE)]
///     sizes: Vec<i64>,
///     #[search(is_null, column = OWNER)]
///     unassigned: Option<bool>,
///     #[search(skip)]
///     page: u64,
/// }
/// # async fn f(tasks: repo_core::Repo<Task, repo_core::NoTenant>) -> repo_core::Result<()> {
/// let search = TaskSearch { title: Some("now".to_owned()), ..TaskSearch::default() };
/// let rows = tasks.filter(search).all().await?;
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "a query of `{E}` cannot be filtered by `{Self}`",
    label = "not a filter over the columns of `{E}`",
    note = "a filter is `{E}::COLUMN.eq(..)`, joined with others by `&` and `|`",
    note = "one about rows that they refer to is `{E}::relation().has(Other::COLUMN.eq(..))`"
)]
pub trait IntoFilter<E> {
    /// The filter; one that holds for every row where there is none.
    fn into_filter(self) -> Filter<E>;
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    Always,
    Never,
    Compare {
        column: usize,
        comparison: Comparison,
        value: Value<'static>,
    },
    /// Two columns of the row.
    Columns {
        left: usize,
        comparison: Comparison,
        right: usize,
    },
    /// What is at a place in a JSON document.
    Document {
        column: usize,
        /// The place, in the language that SQLite and Postgres share.
        path: String,
        test: DocumentTest,
    },
    Between {
        column: usize,
        low: Value<'static>,
        high: Value<'static>,
    },
    InList {
        column: usize,
        values: Vec<Value<'static>>,
        negated: bool,
    },
    Null {
        column: usize,
        negated: bool,
    },
    Text {
        column: usize,
        place: TextMatch,
        text: String,
    },
    /// What a row of another table that is found is like.
    Linked {
        link: Link,
        node: Box<Node>,
    },
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    /// A value that fits no column: reported when the query runs, before anything is sent.
    Invalid {
        column: &'static str,
        invalid: InvalidValue,
    },
}

/// What is asked of a place in a document.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum DocumentTest {
    Exists,
    Null,
    Compare(Comparison, JsonType, Value<'static>),
    /// There is an array with an element that is equal.
    Element(JsonType, Value<'static>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl<E> Filter<E> {
    pub(crate) fn new(node: Node) -> Self {
        let depth = node.depth();
        Self::of(node, depth)
    }

    /// The node, whose depth is known, unless that is too deep.
    fn of(node: Node, depth: Depth) -> Self {
        match depth.refused() {
            None => Self { node, depth, entity: PhantomData },
            Some(invalid) => Self::new(Node::Invalid { column: "filter", invalid }),
        }
    }

    /// Holds when every one of `filters` holds; of an empty list, always. A `None` is left out.
    pub fn all<F: Into<Option<Filter<E>>>>(filters: impl IntoIterator<Item = F>) -> Self {
        let (nodes, depth) = parts(filters, Self::into_all);
        Self::of(Node::All(nodes), depth.joined())
    }

    /// Holds when at least one of `filters` holds; of an empty list, never. A `None` is left out.
    pub fn any<F: Into<Option<Filter<E>>>>(filters: impl IntoIterator<Item = F>) -> Self {
        let (nodes, depth) = parts(filters, Self::into_any);
        Self::of(Node::Any(nodes), depth.joined())
    }

    /// Holds for every row.
    pub fn always() -> Self {
        Self::new(Node::Always)
    }

    /// Holds for no row.
    pub fn never() -> Self {
        Self::new(Node::Never)
    }

    /// Holds when both hold. Also written `a & b`.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self::all([self, other])
    }

    /// Holds when one or both hold. Also written `a | b`.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self::any([self, other])
    }

    /// What must hold all at once.
    fn into_all(self) -> (Vec<Node>, Depth) {
        match self.node {
            Node::All(nodes) => (nodes, self.depth.parts()),
            node => (vec![node], self.depth),
        }
    }

    /// What is enough if any holds.
    fn into_any(self) -> (Vec<Node>, Depth) {
        match self.node {
            Node::Any(nodes) => (nodes, self.depth.parts()),
            node => (vec![node], self.depth),
        }
    }
}

impl Node {
    /// All of these.
    pub(crate) fn all(mut nodes: Vec<Node>) -> Self {
        match nodes.pop() {
            Some(only) if nodes.is_empty() => only,
            last => {
                nodes.extend(last);
                Node::All(nodes)
            }
        }
    }
}

/// The parts of all filters. Joined one by one, they make one long list, not a tree as deep as they are many.
fn parts<E, F: Into<Option<Filter<E>>>>(
    filters: impl IntoIterator<Item = F>,
    of: impl Fn(Filter<E>) -> (Vec<Node>, Depth),
) -> (Vec<Node>, Depth) {
    let (mut nodes, mut depth) = (Vec::new(), Depth::LEAF);
    for filter in filters.into_iter().filter_map(Into::into) {
        let (parts, deep) = of(filter);
        depth = depth.beside(deep);
        if nodes.is_empty() { nodes = parts } else { nodes.extend(parts) }
    }
    (nodes, depth)
}

/// Holds exactly where the filter does not.
impl<E> Not for Filter<E> {
    type Output = Self;

    fn not(self) -> Self {
        Self::new(match self.node {
            Node::Not(node) => *node,
            node => Node::Not(Box::new(node)),
        })
    }
}

impl<E> BitAnd for Filter<E> {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        self.and(other)
    }
}

impl<E> BitOr for Filter<E> {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.or(other)
    }
}

impl<E> IntoFilter<E> for Filter<E> {
    fn into_filter(self) -> Filter<E> {
        self
    }
}

impl<E> IntoFilter<E> for Option<Filter<E>> {
    fn into_filter(self) -> Filter<E> {
        self.unwrap_or_else(Filter::always)
    }
}

impl<E> Clone for Filter<E> {
    fn clone(&self) -> Self {
        Self { node: self.node.clone(), ..*self }
    }
}

/// Shows the shape without the values: a column may be sensitive.
impl<E: Entity> fmt::Debug for Filter<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.node.show(E::TABLE, f)
    }
}
