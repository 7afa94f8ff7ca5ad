//! What the programs of this package share: the entity, the workloads, one module per contender, the contest
//! that measures them, and the report.
//!
//! `contest` compares the answers of all contenders before anything is timed. Nothing here is used by the
//! library, and nobody who builds it compiles this.

pub mod by_hand;
pub mod chain;
pub mod contenders;
pub mod contest;
pub mod documents;
pub mod engine;
pub mod entity;
pub mod place;
pub mod plot;
pub mod report;
pub mod runs;
#[path = "../../src/measure.rs"]
pub mod samples;
pub mod scale;
pub mod seed;
#[path = "../../src/selection.rs"]
pub mod selection;
pub mod side;
pub mod svg;
pub mod text_table;
pub mod workload;

/// Why a program ended early.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// The result of a program, or of a part of it.
pub type Result<T, E = Error> = std::result::Result<T, E>;
