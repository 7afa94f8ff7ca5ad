//! SQLite backend of the repo data-access layer, on rusqlite.
//!
//! [`connect`] returns a [`Database`](repo_core::Database), and [`Options`] is for those who want to say
//! more than a URL does; an application sees no more of this crate, unless it writes rows by hand: these bind
//! [`moment_text`] and [`time_of_day_text`]. SQL text comes from core: here is only what SQLite spells, stores and
//! reports in its own way.
//!
//! A short statement runs on the calling thread: a hand-over to another one costs several times what it
//! takes. A long one leaves that thread to the other tasks; which are long is learnt from what they took.
//! A file has a write-ahead log, one connection that writes and several that read beside it, so that tasks
//! of one process never meet `SQLITE_BUSY`, and writes that wait for each other share a commit. Where another
//! process holds the file, operations wait without holding the thread.
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

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "sqlx")]
mod adopted;
mod backend;
mod connect;
mod connection;
mod dialect;
mod error;
mod group;
mod insert;
mod inspect;
mod pool;
mod reference;
mod row;
mod run;
mod statement;
mod value;

#[cfg(feature = "sqlx")]
pub use adopted::join::join;
#[cfg(feature = "sqlx")]
pub use adopted::lend::lend;
#[cfg(feature = "sqlx")]
pub use adopted::{Adopt, AdoptedSqlite, adopt};
pub use backend::Sqlite;
pub use connect::driver::{Driver, connect, connect_from_env};
pub use connect::{Options, Synchronous};
pub use dialect::SqliteDialect;
pub use value::temporal::{moment_text, time_of_day_text};
