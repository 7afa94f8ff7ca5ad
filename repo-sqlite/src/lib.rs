//! SQLite backend of the repo data-access layer, on rusqlite.
//!
//! [`connect`] returns a [`Database`](repo_core::Database), and [`Options`] is for those who want to say
//! more than a URL does; an application sees no more of this crate. SQL text comes from core: here is
//! only what SQLite spells, stores and reports in its own way.
//!
//! Statements run on the calling thread: a hand-over to another one costs several times what a short
//! statement takes. A file has a write-ahead log, one connection that writes and several that read
//! beside it, so that tasks of one process never meet `SQLITE_BUSY`; where another process holds the
//! file, operations wait without holding the thread.
//!
//! ```
//! use repo_core::{Repository, schema};
//!
//! #[derive(Debug, Repository)]
//! #[repository(table = "notes")]
//! struct Note {
//!     id: i64,
//!     text: String,
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> repo_core::Result<()> {
//! let db = repo_sqlite::connect("sqlite::memory:").await?;
//! db.create_tables(&schema![Note]).await?;
//! let notes = db.session().repo::<Note>();
//! let milk = notes.create(NewNote { text: "milk".into() }).await?;
//! assert_eq!(notes.get(milk.id).await?.text, "milk");
//! # Ok(())
//! # }
//! ```

#[cfg(feature = "sqlx")]
mod adopted;
mod backend;
mod busy;
mod connect;
mod connection;
mod dialect;
mod driver;
mod error;
mod insert;
mod inspect;
#[cfg(feature = "sqlx")]
mod join;
#[cfg(feature = "sqlx")]
mod lend;
mod location;
#[cfg(feature = "sqlx")]
mod nested;
mod open;
mod pool;
mod run;
mod statement;
mod temporal;
mod value;

#[cfg(feature = "sqlx")]
pub use adopted::{Adopt, AdoptedSqlite, adopt};
pub use backend::Sqlite;
pub use connect::{Options, Synchronous};
pub use dialect::SqliteDialect;
pub use driver::{Driver, connect, connect_from_env};
#[cfg(feature = "sqlx")]
pub use join::join;
#[cfg(feature = "sqlx")]
pub use lend::lend;
