//! What a verification found, in types and in words.

use std::fmt;

use super::chain::Chain;
use super::checkpoint::Checkpoint;

/// What is known of a chain after it was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verification {
    /// Which chain.
    pub chain: Chain,
    /// How many entries were recomputed and found right.
    pub entries: u64,
    /// The first entry that is wrong, and how; nothing if none is.
    pub first_bad: Option<BadEntry>,
    /// Whether anything proves that the end is the end.
    pub tail: Tail,
    /// The last entry that was found right: the next checkpoint.
    pub end: Checkpoint,
}

/// The first entry of a chain that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BadEntry {
    /// Its number.
    pub seq: i64,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The entry was changed: its hash is not that of its fields.
    Content,
    /// The entry was moved here: its hash is the one that it had in another chain.
    Foreign {
        /// The chain it is from.
        chain: Chain,
        /// Its number there.
        seq: i64,
    },
    /// The entry does not hold the hash of the one before it: one of them was written anew.
    Link,
    /// The number is missing, and higher ones follow: the entry was removed.
    Gap,
    /// The number is there twice.
    Duplicate,
    /// The chain ends before it: it was removed, and all that followed.
    Truncated,
    /// The head of the chain is not its last entry.
    Head,
    /// It is not the entry of the checkpoint: the chain was written anew.
    Checkpoint,
}

/// Whether anything proves that a chain has its end still, and was not written anew as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tail {
    /// Nothing does: who can write the database can cut the end of a chain together with its head.
    Unproven,
    /// A checkpoint does, up to this number; not for what came after it.
    ProvenTo(i64),
}

impl Verification {
    /// Whether nothing wrong was found. What that says of the end is told by [`tail`](Self::tail).
    pub fn is_intact(&self) -> bool {
        self.first_bad.is_none()
    }
}

impl fmt::Display for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} entries are right; ", self.chain, self.entries)?;
        if let Some(first_bad) = &self.first_bad {
            write!(f, "{first_bad}; ")?;
        }
        write!(f, "tail: {}", self.tail)?;
        match self.tail {
            Tail::ProvenTo(seq) if seq < self.end.seq => write!(f, ", unproven after it"),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for BadEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "entry {}: {}", self.seq, self.fault)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fault::Content => "content: it was changed",
            Fault::Foreign { chain, seq } => {
                return write!(f, "foreign: it is entry {seq} of {chain}");
            }
            Fault::Link => "link: it does not follow the entry before it",
            Fault::Gap => "gap: it is missing",
            Fault::Duplicate => "duplicate: it is there twice",
            Fault::Truncated => "truncated: the chain ends before it",
            Fault::Head => "head: the head of the chain is another",
            Fault::Checkpoint => "checkpoint: it is not the entry of the checkpoint",
        })
    }
}

impl fmt::Display for Tail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Tail::Unproven => f.write_str("unproven"),
            Tail::ProvenTo(seq) => write!(f, "proven by checkpoint seq {seq}"),
        }
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Chain::Shared => f.write_str("the shared chain"),
            Chain::Tenant(tenant) => write!(f, "the chain of tenant {tenant}"),
        }
    }
}
