//! How deep a condition is, and how deep it may be.
//!
//! SQLite takes at most 1,000 operators inside each other, and counts those around a subquery with those in it.
//! Where that number is not reached a condition is answered by both databases, and walked through on a thread of
//! 2 MiB. What would be deeper is refused while it is made: to walk through it, or drop it, takes as much.

use crate::filter::{DocumentTest, Node};
use crate::value::InvalidValue;

/// What a condition on a column has at most.
const LEAF: u32 = 6;
/// What `AND` or `OR` adds: a chain, and the balanced tree of chains that a long one is.
const JOINED: u32 = 14;
/// What `!` adds.
const NEGATED: u32 = 2;
/// What a subquery adds to what is asked of the row that it finds.
const FOUND: u32 = 4;
/// Leaves room for what a query has beside its filter. It is 50 levels of `AND` and `OR`, or 44 where each is negated.
const MOST: u32 = 720;

/// The operators of a condition inside each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Depth {
    height: u32,
    /// Those of its subqueries, each counted from its own condition down.
    subqueries: u32,
}

impl Depth {
    pub(crate) const LEAF: Self = Self { height: LEAF, subqueries: 0 };

    /// Of a condition on the elements of an array, which a subquery finds.
    const ELEMENT: Self = Self { height: LEAF, subqueries: LEAF };

    /// Of conditions side by side.
    pub(crate) fn beside(self, other: Self) -> Self {
        let height = self.height.max(other.height);
        Self { height, subqueries: self.subqueries.max(other.subqueries) }
    }

    /// Of these joined by `AND` or `OR`.
    pub(crate) fn joined(self) -> Self {
        Self { height: self.height + JOINED, ..self }
    }

    /// Of the parts of what is joined.
    pub(crate) fn parts(self) -> Self {
        Self { height: self.height.saturating_sub(JOINED).max(LEAF), ..self }
    }

    fn negated(self) -> Self {
        Self { height: self.height + NEGATED, ..self }
    }

    fn found(self) -> Self {
        let height = self.height + FOUND;
        Self { height, subqueries: self.subqueries + height }
    }

    /// Nothing where the condition may be so deep.
    pub(crate) fn refused(self) -> Option<InvalidValue> {
        let reason = "is nested too deeply: at most 50 levels of `&` and `|`, fewer with `!` and \
            relations";
        (self.height + self.subqueries >= MOST).then(|| InvalidValue::new(reason))
    }
}

impl Node {
    pub(crate) fn depth(&self) -> Depth {
        match self {
            Node::Linked { node, .. } => node.depth().found(),
            Node::All(nodes) | Node::Any(nodes) => {
                nodes.iter().map(Node::depth).fold(Depth::LEAF, Depth::beside).joined()
            }
            Node::Not(node) => node.depth().negated(),
            Node::Document { test: DocumentTest::Element(..), .. } => Depth::ELEMENT,
            _ => Depth::LEAF,
        }
    }
}
