//! The table: a row for each way to write, and in each row what holds under each policy.
//!
//! How a cell is tried is in `write_paths.rs`. A method that writes and is in no row here fails a test in
//! `methods.rs`.

use futures_util::future::LocalBoxFuture;
use repo_core::{Action, Error, Result, Session, Tenant};
use uuid::Uuid;

use super::bulk::BULK;
use super::by_hand::BY_HAND;
use super::changing::CHANGING;
use super::creating::CREATING;
use super::deleted::{PURGING, RESTORING};
use super::deleting::DELETING;
use super::entities::{Rows, Stage};
use super::importing::IMPORTING;
use super::upserting::UPSERTING;

/// Goes the way.
pub(super) type Run =
    for<'a> fn(&'a Session<Tenant<Uuid>>, &'a Stage) -> LocalBoxFuture<'a, Result<()>>;

/// A way to write.
pub(super) struct Path {
    pub(super) name: &'static str,
    /// The methods that it goes through, as `methods.rs` names them.
    pub(super) methods: &'static [&'static str],
    /// The rows that it is for.
    pub(super) on: Rows,
    pub(super) run: Run,
    pub(super) tenant: Kept,
    pub(super) soft_delete: Kept,
    pub(super) versioned: Versioned,
    pub(super) audited: Audited,
    pub(super) immutable: Immutable,
    /// Without which policies it does not compile.
    pub(super) without: &'static [Ui],
}

/// What comes of a path that is tried on rows that a policy keeps from it. No such row is ever changed.
pub(super) enum Kept {
    /// This error, and nothing is written.
    Refused(fn(&Error) -> bool),
    /// It succeeds and writes nothing.
    NotMet,
    /// It succeeds and adds rows of its own.
    Beside,
    /// Nobody checks what a statement by hand does; row-level security keeps other tenants' rows from it.
    ByHand,
    /// There are no such rows.
    Never(&'static str),
}

/// What becomes of versions.
pub(super) enum Versioned {
    /// Each changed row has the next one, each new row the first; the path takes none.
    Counted,
    /// The same, and a path that says another version than the row's is a conflict that changes nothing.
    Expected(Run),
    /// The statement is the caller's.
    ByHand,
}

/// What the trail has of it.
pub(super) enum Audited {
    /// An entry for each changed row, in this order.
    Rows(&'static [(&'static str, Action)]),
    /// One entry for the statement.
    Statement,
    /// Nothing: it only reads, and nobody need act.
    Reads,
}

/// What it is on an entity whose rows never change.
pub(super) enum Immutable {
    /// It adds rows, this many.
    Adds(Run, u64),
    /// It does not compile.
    Uncompiled(Ui),
    /// The database refuses it.
    Refused(Run),
    /// It changes no rows, whatever they are.
    Reads,
}

/// A case in `tests/ui` that shows that a call does not compile: the mistake, and the call.
pub(super) struct Ui(pub(super) &'static str, pub(super) &'static str);

pub(super) const NOT_FOUND: Kept = Kept::Refused(Error::is_not_found);
pub(super) const NOT_DELETED: Kept =
    Kept::Refused(|error| matches!(error.cause(), Error::NotDeleted { .. }));
pub(super) const FOREIGN: Kept =
    Kept::Refused(|error| matches!(error, Error::TenantMismatch { .. }));
pub(super) const REMOVED: Kept = Kept::Never("its rows are removed when they are deleted");
pub(super) const LIVE: Kept = Kept::Never("it writes nothing, whatever is there");

pub(super) const CHANGED: &str = "misuse/change_of_an_immutable";
pub(super) const UNMARKED: &str = "misuse/restore_without_soft_delete";
pub(super) const PURGED: &str = "misuse/purge_of_an_immutable";
pub(super) const ALL: &str = "misuse/write_through_all_tenants";
pub(super) const ALL_DELETED: &str = "misuse/restore_through_all_tenants";
pub(super) const CHANGED_MANY: &str = "misuse/bulk_change_of_an_immutable";
pub(super) const ALL_IMPORTED: &str = "misuse/import_through_all_tenants";
pub(super) const ALL_MANY: &str = "misuse/bulk_change_through_all_tenants";
pub(super) const UNVERSIONED: &str = "misuse/version_of_an_unversioned";

pub(super) const SHEET_UPDATED: Audited = Audited::Rows(&[("sheets", Action::Update)]);
pub(super) const SHEET_DELETED: Audited = Audited::Rows(&[("sheets", Action::Delete)]);
pub(super) const FOLIO_DELETED: Audited = Audited::Rows(&[
    ("folios", Action::Delete),
    ("leaves", Action::Delete),
    ("leaves", Action::Delete),
]);
pub(super) const SHEET_RESTORED: Audited = Audited::Rows(&[("sheets", Action::Restore)]);
pub(super) const FOLIO_RESTORED: Audited = Audited::Rows(&[
    ("folios", Action::Restore),
    ("leaves", Action::Restore),
    ("leaves", Action::Restore),
]);
pub(super) const SHEET_PURGED: Audited = Audited::Rows(&[("sheets", Action::Purge)]);
pub(super) const FOLIO_PURGED: Audited = Audited::Rows(&[
    ("leaves", Action::Purge),
    ("leaves", Action::Purge),
    ("leaves", Action::Purge),
    ("folios", Action::Purge),
]);
pub(super) const SLIP_REMOVED: Audited =
    Audited::Rows(&[("stubs", Action::Delete), ("slips", Action::Delete)]);
pub(super) const NOTHING: Audited = Audited::Rows(&[]);

/// A version that no row has.
pub(super) const STALE: i64 = 77;

/// Makes of an operation what a path is: its result is looked at in the database.
macro_rules! run {
    (|$session:ident, $stage:ident| $operation:expr) => {
        |$session, $stage| Box::pin(async move { $operation.await.map(drop) })
    };
}

pub(super) use run;

/// All ways to write.
pub(super) const PATHS: &[&[Path]] =
    &[CREATING, IMPORTING, UPSERTING, CHANGING, DELETING, BULK, RESTORING, PURGING, BY_HAND];
