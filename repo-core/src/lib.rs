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
//! What a database must do is in [`Backend`], [`Connection`] and [`Dialect`]; [`testing`] has backends for
//! unit tests. No driver is known here.
//!
//! The feature `decimal` makes `rust_decimal::Decimal` a column type.

mod access;
mod actor;
mod aggregate;
mod attempt;
mod audit;
mod backend;
mod brief;
mod bulk;
mod cascade;
mod change;
mod clock;
mod column;
mod column_set;
mod column_type;
mod column_types;
mod comparisons;
mod correlation;
mod creation;
mod cursor;
mod cursor_value;
mod database;
mod database_error;
mod dialect;
mod doctor;
mod driver;
mod encode;
mod entity;
mod error;
mod error_kind;
mod event;
mod failure;
mod filter;
mod filter_data;
mod filter_depth;
mod filter_shape;
mod guards;
mod held;
mod hooks;
mod idempotent;
mod ids;
mod in_row;
mod insert;
mod insert_partial;
mod joined;
mod json;
mod json_canonical;
mod json_path;
mod lend;
mod lookup;
mod page;
mod parents;
mod patch;
mod perform;
mod portable;
mod private;
mod projection;
mod purge;
mod query;
mod read;
mod reading;
mod refused;
mod registry;
mod relation;
mod repo;
mod schema;
mod scope;
mod series;
mod session;
mod similar;
mod sql;
mod stored;
mod stream;
mod table;
mod target;
pub mod testing;
mod transaction;
mod transaction_state;
mod turns;
mod unchecked;
mod upsert;
mod validation;
mod value;
mod value_text;
mod verdict;
mod window;
mod write;

pub use actor::Actor;
pub use aggregate::bucket::{Bucket, Bucketed, TimeUnit};
pub use aggregate::bucketable::Bucketable;
pub use aggregate::groups::{Filled, FilledGroups, Grouped, Groups};
pub use aggregate::having::{GroupOrder, Having};
pub use aggregate::keys::{Fillable, Keys};
pub use aggregate::select::Select;
pub use aggregate::summary::{Summaries, Summary};
pub use aggregate::total::Summable;
pub use aggregate::{Aggregate, Answered, AverageOf, Extreme, SumOf, count};
pub use audit::{
    Action, AsOf, Audit, AuditChain, AuditEntry, BadEntry, Chain, Checkpoint, Fault, Image,
    ImageValue, Tail, Verification, Verify,
};
pub use backend::{
    Access, Addition, Backend, BriefChange, Connection, Health, Insert, InsertRows, Isolation,
    Lookup, OnRow, Row, Statement, Steps, TransactionOptions,
};
pub use bulk::DeleteInChunks;
pub use change::{Change, Writing};
pub use clock::{Clock, SystemClock};
pub use column::{Column, IntoOrder, Order};
pub use column_type::{ColumnType, Comparable, Generated, IdType, Moment, Searchable, class};
pub use comparisons::Operand;
pub use correlation::Correlation;
pub use creation::Creation;
pub use cursor::Cursor;
pub use database::Database;
pub use dialect::{
    AuditedChange, Dialect, ImageOf, JsonType, Owner, TextMatch, generated_name, quote,
    quote_literal,
};
pub use doctor::{Finding, GuardKind};
pub use driver::{Driver, Settings, connect, connect_from_env, connect_with};
pub use encode::{Decoder, Encoder};
pub use entity::{Audited, Deletion, Entity, Mutable, NewEntity, SoftDelete, Versioned};
pub use error::{DatabaseError, Error, ReferenceSide, Result};
pub use event::Event;
pub use filter::{Filter, IntoFilter};
pub use filter_data::TrustedFilter;
pub use guards::{
    Check, DeleteAction, ForeignKey, Found, Guards, InspectedColumn, InspectedTable, Policy,
    Trigger, UniqueKey, is_null_predicate,
};
pub use held::Held;
pub use hooks::{CheckRow, CheckUpdate, Hooks};
pub use idempotent::{CreateOrGet, UniqueColumns};
pub use ids::{IdSource, UuidV7};
pub use joined::Joined;
pub use json::Json;
pub use json_path::{Documents, JsonOperand, JsonPath};
pub use page::{Page, PageRequest};
pub use patch::{Numeric, Patch};
pub use portable::export::Export;
pub use portable::import::Import;
pub use projection::{Projection, ProjectionOf};
pub use purge::{PurgeDeleted, Purged};
pub use query::Query;
pub use reading::Reading;
pub use relation::load::{Loading, Relation, Target};
pub use relation::with::{Nested, QueryWith};
pub use relation::{BelongsTo, HasMany, HasOne, Many, ManyToMany, One, OnlyOne, RelatedColumn};
pub use repo::Repo;
pub use schema::Schema;
pub use scope::{
    AllTenants, LooksAt, NoTenant, OfAnyTenant, OwnedBy, Reach, ReachableFrom, RecordedFor, Scope,
    Shared, Tenancy, Tenant, WritableFrom,
};
pub use session::Session;
pub use stream::Chunks;
pub use table::{Chaining, ColumnDef, Index, IndexColumn, OnDelete, Reference, Roles, Table};
pub use transaction::Transaction;
pub use unchecked::typed::{OpenToSql, Sql};
pub use unchecked::{UncheckedRow, UncheckedSql};
pub use upsert::{Outcome, Upserted};
pub use validation::{Problem, Problems, Validate, ValidateDelete, ValidateUpdate};
pub use value::{InvalidValue, Kind, Value};
pub use window::{Window, WindowRequest};

pub use repo_derive::{ColumnEnum, ColumnType, Projection, Repository, Search, Summary};

/// What a driver calls whose connections are also used by hand: it lends them, and repositories join its
/// transactions.
#[doc(hidden)]
pub mod __beside {
    pub use crate::joined::join;
    pub use crate::joined::remote::Joinable;
}

/// What generated code calls.
#[doc(hidden)]
pub mod __private {
    pub use crate::private::*;
}
