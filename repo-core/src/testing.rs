//! Backends, a clock and a source of ids for the unit tests of an application.
//!
//! [`Canned`] answers without a database, [`Recorder`] notes what reaches the backend behind it,
//! [`Failing`] fails where it is told to. They can be put around each other and around a real backend:
//!
//! ```
//! use std::sync::Arc;
//! use repo_core::testing::{Canned, Recorder};
//! use repo_core::{Database, Repository};
//!
//! #[derive(Repository)]
//! #[repository(table = "notes", tenant)]
//! struct Note { id: uuid::Uuid, tenant_id: i64, text: String }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), repo_core::Error> {
//! let recorder = Recorder::new(Arc::new(Canned::new()));
//! let db = Database::new(Arc::new(recorder.clone()));
//! db.tenant(7).repo::<Note>().create(NewNote { text: "milk".into() }).await?;
//! assert_eq!(
//!     recorder.sql(),
//!     [r#"INSERT INTO "notes" ("id", "tenant_id", "text") VALUES ($1, $2, $3)"#]
//! );
//! # Ok(())
//! # }
//! ```

mod canned;
mod failing;
mod recorder;
mod sources;

pub use canned::{Canned, PlainDialect};
pub use failing::Failing;
pub use recorder::{Event, Recorder};
pub use sources::{FixedClock, SequentialIds};
