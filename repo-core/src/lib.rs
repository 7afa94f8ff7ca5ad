//! The runtime of the repo data-access layer: entities, sessions, repositories and queries, and the
//! traits behind which a database lives.
//!
//! A [`Database`] comes from a backend (`repo_sqlite::connect`, `repo_postgres::connect`, or [`connect`]
//! where a URL chooses). It opens a [`Session`] for a scope: a [`Tenant`], [`NoTenant`] or [`AllTenants`].
//! A session gives the repository of an entity, which is a [`Repo`] with the finders that the derive
//! adds; a [`Query`] asks for rows by [`Filter`] and [`Order`]; and [`Session::transaction`] puts several
//! operations into one. Everything returns [`Result`], with one [`Error`] for one cause.
//!
//! ```
//! use repo_core::{Database, Error, Repository};
//! use uuid::Uuid;
//!
//! #[derive(Debug, Repository)]
//! #[repository(table = "notes", tenant, versioned)]
//! struct Note {
//!     id: Uuid,
//!     tenant_id: Uuid,
//!     title: String,
//!     done: bool,
//!     version: i64,
//! }
//!
//! async fn finish(db: &Database, tenant: Uuid, title: &str) -> Result<Vec<Note>, Error> {
//!     let session = db.tenant(tenant);
//!     session
//!         .transaction(async |tx| {
//!             let notes = tx.repo::<Note>();
//!             for note in notes.filter(Note::TITLE.eq(title)).all().await? {
//!                 let patch = NotePatch::new().done(true);
//!                 notes.patch(note.id, patch).if_version(note.version).await?;
//!             }
//!             notes.filter(Note::DONE.eq(false)).order_by(Note::TITLE.asc()).all().await
//!         })
//!         .await
//! }
//! ```
//!
//! At the root is what programs name. What methods take and give besides is in [`query`], what the derive tells of
//! entities in [`schema`](mod@schema), chains and their verification in [`audit`], and what a database must do in [`backend`];
//! [`testing`] has backends for unit tests. No driver is known here.
//!
//! The feature `decimal` makes `rust_decimal::Decimal` a column type.
//!
//! # Versions
//!
//! The four crates have one version and are released together; each asks for exactly its own version of the others.
//! Before 1.0, a release that breaks a program is 0.x.0, and the changelog says what to change.
//!
//! **Rust.** 1.94 or newer. A release may ask for a newer one if it is 0.x.0; a patch release never does.
//!
//! **Public dependencies.** Their types and traits are in the API, so a new major version of one is a breaking change:
//!
//! | dependency | in the API |
//! |---|---|
//! | `chrono` 0.4, `uuid` 1 | types of columns and ids |
//! | `serde` 1 | documents in columns, and answers that are serialized |
//! | `rust_decimal` 1, with the feature `decimal` | a type of columns |
//! | `futures-util` 0.3, `tokio` 1 | the traits of streams, readers and writers |
//! | `async-trait` 0.1 | how a [`Backend`](backend::Backend) and a [`Connection`](backend::Connection) are implemented |
//! | `sqlx` 0.9, with the feature `sqlx` of a backend | pools and connections of the application |
//!
//! SQLite is linked once into a program: beside another crate that links it, both need one version of
//! `libsqlite3-sys`, which repo-sqlite has from `rusqlite` 0.39.
//!
//! **Breaking** is a change of the API that SemVer calls so, and besides:
//!
//! - a key of a derive, or the name of a generated item, that is taken away or means something else;
//! - a value that is stored in another form;
//! - another definition of what [`create_tables`](Database::create_tables) makes, if the [`doctor`](Database::doctor) then
//!   complains of a database of the earlier version;
//! - another format of the audit trail, of filters as data or of exports.
//!
//! **Not breaking** are:
//!
//! - a new variant of [`Error`], or of another enum that is `non_exhaustive`;
//! - a new method of a trait in [`backend`] that has a default;
//! - other texts of errors and of statements, and more or fewer statements;
//! - another text of a [`Cursor`], which is for the next window and not for storage;
//! - items that this documentation hides.
//!
//! **sqlx-core.** The crate `sqlx` keeps to SemVer, and its part `sqlx-core` says that it does not. The feature `sqlx` of the
//! backends needs the trait `TransactionManager` from there, of which `sqlx` exports the implementations only, and on Postgres
//! the text of the statements for savepoints. `sqlx` asks for the `sqlx-core` of exactly its own version, so the two do not come
//! apart. They are tested with 0.9.0. If a later 0.9 does not compile with this feature, `cargo update -p sqlx --precise 0.9.0`
//! goes back, and a patch release follows. Without the feature nothing depends on `sqlx-core` directly.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod aggregate;
pub mod audit;
pub mod backend;
mod bulk;
mod cascade;
mod clock;
mod column;
mod column_types;
mod database;
mod derives;
mod dialect;
mod doctor;
mod driver;
mod entity;
mod error;
mod event;
mod filter;
mod filter_data;
mod hooks;
mod ids;
mod joined;
mod json;
mod json_canonical;
mod portable;
mod private;
mod purge;
pub mod query;
mod read;
mod relation;
mod repo;
pub mod schema;
mod session;
mod similar;
mod sql;
pub mod testing;
mod transaction;
mod transaction_state;
mod unchecked;
mod upsert;
mod validation;
mod value;
mod write;

pub use aggregate::bucket::Bucket;
pub use aggregate::summary::Summary;
pub use aggregate::{Aggregate, count};
#[doc(inline)]
pub use audit::{Action, Audit, AuditEntry};
#[doc(inline)]
pub use backend::{Health, Isolation, TransactionOptions};
pub use bulk::DeleteInChunks;
pub use clock::{Clock, SystemClock};
pub use column::{Column, Order};
pub use database::Database;
pub use doctor::{Finding, GuardKind};
pub use driver::{Driver, Settings, connect, connect_from_env, connect_with};
pub use entity::{Audited, Deletion, Entity, Mutable, NewEntity, SoftDelete, Versioned};
pub use error::{BrokenReference, DatabaseError, Error, ReferenceSide, Result};
pub use event::Event;
pub use filter::Filter;
pub use filter_data::TrustedFilter;
pub use ids::{IdSource, UuidV7};
pub use joined::Joined;
pub use json::Json;
pub use portable::export::Export;
pub use portable::import::Import;
pub use purge::{PurgeDeleted, Purged};
#[doc(inline)]
pub use query::Query;
#[doc(inline)]
pub use query::sort_keys::SortKeys;
pub use read::cursor::Cursor;
pub use read::page::{Page, PageRequest};
pub use read::projection::Projection;
pub use read::window::{Window, WindowRequest};
pub use relation::{BelongsTo, HasMany, HasOne, Many, ManyToMany, One};
pub use repo::Repo;
#[doc(inline)]
pub use schema::Schema;
pub use session::Session;
pub use session::actor::Actor;
pub use session::correlation::Correlation;
pub use session::scope::{
    AllTenants, NoTenant, OfAnyTenant, OwnedBy, ReachableFrom, RecordedFor, Scope, Shared, Tenancy,
    Tenant, WritableFrom,
};
pub use transaction::Transaction;
pub use unchecked::sql_row::SqlRow;
pub use unchecked::typed::{OpenToSql, Sql};
pub use unchecked::{Bindable, UncheckedRow, UncheckedSql};
pub use validation::{Problem, Problems, Validate, ValidateDelete, ValidateUpdate};
pub use value::column_type::{
    ColumnType, Comparable, Generated, GeneratedId, IdType, Identifying, Moment, Searchable, class,
};
pub use value::encode::{Decoder, Encoder};
pub use value::{InvalidValue, Kind, Value};
pub use write::change::{Change, Writing};
pub use write::creation::Creation;
pub use write::idempotent::UniqueColumns;
pub use write::keyed::{Keyed, Outcome};
pub use write::patch::{IntoPatch, Numeric, Patch};

pub use derives::{ColumnEnum, ColumnType, Projection, Repository, Search, SqlRow, Summary};

/// What a driver calls whose connections are also used by hand: it lends them, and repositories join its
/// transactions.
#[doc(hidden)]
pub mod __beside {
    pub use crate::database::backend;
    pub use crate::joined::join;
    pub use crate::joined::remote::Joinable;
}

/// What generated code calls.
#[doc(hidden)]
pub mod __private {
    pub use crate::private::*;
}
