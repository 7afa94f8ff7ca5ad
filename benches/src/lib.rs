//! What the benchmarks share: the entity, the measuring, and the report.
//!
//! Nothing here talks to a database: that is what the programs measure. Each is a target of
//! `cargo bench -p benches`.

pub mod by_hand;
mod distance;
mod measure;
mod report;
mod selection;
mod ticket;

pub use distance::farther;
pub use measure::{Samples, median};
pub use report::{Line, Report};
pub use selection::Selection;
pub use ticket::{Context, NewTicket, Status, Ticket, TicketPatch, TicketRepository, new_ticket};

/// Why a benchmark ended early.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// The result of a benchmark, or of a part of it.
pub type Result<T, E = Error> = std::result::Result<T, E>;
