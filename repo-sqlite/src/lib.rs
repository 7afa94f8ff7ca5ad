//! SQLite backend of the repo data-access layer, on rusqlite.
//!
//! Statements run on the calling thread: a hand-over to another one costs several times what a short
//! statement takes. A file has a write-ahead log, one connection that writes and several that read
//! beside it, so that tasks of one process never meet `SQLITE_BUSY`; where another process holds the
//! file, operations wait without holding the thread.

mod backend;
mod busy;
mod connect;
mod connection;
mod dialect;
mod error;
mod insert;
mod location;
mod open;
mod pool;
mod run;
mod statement;
mod temporal;
mod value;

pub use connect::{Options, Synchronous};
pub use dialect::SqliteDialect;
