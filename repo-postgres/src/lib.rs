//! Postgres backend of the repo data-access layer, on sqlx connections.
//!
//! [`connect`] returns a [`Database`](repo_core::Database), and [`Options`] is for those who want to say
//! more than a URL does; an application sees no more of this crate. SQL text comes from core: here is only what Postgres
//! spells, stores and reports in its own way.
//!
//! - A statement is one round trip: prepared once per connection and kept.
//! - Connections are kept in a pool that asks the server nothing, unless a connection has been idle
//!   for a while. One whose operation did not finish is closed, never used again.
//! - Many rows are inserted at once, through arrays or binary `COPY`, all or none.
//! - A `COMMIT` that rolled back is an error.
//!
//! ```no_run
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
//! let db = repo_postgres::connect("postgres://desk@localhost/desk").await?;
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
mod driver;
mod error;
mod insert;
mod inspect;
#[cfg(feature = "sqlx")]
mod join;
#[cfg(feature = "sqlx")]
mod lend;
#[cfg(feature = "sqlx")]
mod nested;
mod open;
mod own;
mod pool;
mod row_security;
mod server;
mod statement;
mod together;
mod value;

#[cfg(feature = "sqlx")]
pub use adopted::{Adopt, adopt};
pub use backend::Postgres;
pub use connect::Options;
pub use dialect::PostgresDialect;
pub use driver::{Driver, connect, connect_from_env};
#[cfg(feature = "sqlx")]
pub use join::join;
#[cfg(feature = "sqlx")]
pub use lend::lend;
