//! The audit trail: what an entry is, what it holds, and how entries form a chain.
//!
//! [`Session::audit`](crate::Session::audit) reads it, and [`AuditChain::verify`] verifies a chain of it.
//!
//! Entries are appended by writes (`write.rs`, `write/target.rs`) in the transaction of the change. Nothing here
//! changes or removes one.

pub(crate) mod append;
pub(crate) mod append_one;
pub(crate) mod author;
mod chain;
mod checkpoint;
mod entry;
pub(crate) mod format;
pub(crate) mod heads;
pub(crate) mod image;
pub(crate) mod image_read;
mod origin;
mod replay;
mod shown;
mod stored;
pub(crate) mod trail;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod vectors;
mod verification;
mod verify;
pub(crate) mod waiting;

pub use chain::{AuditChain, Chain};
pub use checkpoint::Checkpoint;
pub(crate) use entry::TRAIL;
pub use entry::{Action, AuditEntry};
pub(crate) use heads::HEADS;
pub use image::{Image, ImageValue};
pub use replay::AsOf;
pub use trail::Audit;
pub use verification::{BadEntry, Fault, Tail, Verification};
pub use verify::Verify;
