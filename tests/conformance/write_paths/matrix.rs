//! Trying a path: on which rows, where, and what a policy makes of it.

use std::sync::Arc;

use repo_core::testing::{FixedClock, Recorder};
use repo_core::{Database, Error, Result, Session, Tenant, TransactionOptions};
use uuid::Uuid;

use super::entities::{Rows, Stage, tables};
use super::paths::{Audited, Kept, Path, Run};
use super::snapshot::Snapshot;
use crate::expect::assert_error;
use crate::fixture::{Fixture, backend};

/// Where a path is gone.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    Alone,
    Transaction,
    Savepoint,
}

pub(super) const PLACES: [Place; 3] = [Place::Alone, Place::Transaction, Place::Savepoint];

impl Place {
    pub(super) async fn run(
        self,
        session: &Session<Tenant<Uuid>>,
        run: Run,
        stage: &Stage,
    ) -> Result<()> {
        match self {
            Place::Alone => run(session, stage).await,
            Place::Transaction => session.transaction(async |tx| run(tx, stage).await).await,
            Place::Savepoint => {
                let outer = session.begin().await?;
                let done = outer.transaction(async |tx| run(tx, stage).await).await;
                let ended = match done {
                    Ok(()) => outer.commit().await,
                    Err(_) => outer.rollback().await,
                };
                done.and(ended)
            }
        }
    }
}

/// A database and, for each cell, two tenants of its own.
pub(super) struct Matrix {
    pub(super) db: Database,
    pub(super) clock: FixedClock,
}

/// Of one cell: the tenants, the rows that the path is tried on, and all there was before.
pub(super) struct Cell {
    pub(super) ours: Uuid,
    pub(super) stage: Stage,
    pub(super) before: Snapshot,
    pub(super) tenants: [Uuid; 2],
}

impl Matrix {
    pub(super) async fn new(fixture: &Fixture) -> Self {
        let (db, clock) = fixture.with_clock(&tables()).await;
        Self { db, clock }
    }

    /// A cell with such rows of ours.
    pub(super) async fn ours(&self, rows: Rows) -> Cell {
        let tenants = [Uuid::new_v4(), Uuid::new_v4()];
        let stage = Stage::set(&self.db, &self.clock, tenants[0], rows).await;
        Stage::set(&self.db, &self.clock, tenants[1], rows).await;
        self.cell(tenants, stage).await
    }

    /// A cell with such rows of somebody else.
    pub(super) async fn theirs(&self, rows: Rows) -> Cell {
        let tenants = [Uuid::new_v4(), Uuid::new_v4()];
        let stage = Stage::set(&self.db, &self.clock, tenants[1], rows).await;
        self.cell(tenants, stage).await
    }

    async fn cell(&self, tenants: [Uuid; 2], stage: Stage) -> Cell {
        let before = Snapshot::of(&self.db, &tenants).await;
        Cell { ours: tenants[0], stage, before, tenants }
    }

    pub(super) async fn now(&self, cell: &Cell) -> Snapshot {
        Snapshot::of(&self.db, &cell.tenants).await
    }

    pub(super) fn session(&self, cell: &Cell) -> Session<Tenant<Uuid>> {
        let session = self.db.tenant(cell.ours).actor("alice");
        session.correlation("request-1").because("the matrix")
    }

    /// Goes the path in a cell of rows that are kept from it.
    pub(super) async fn keep(&self, kept: &Kept, path: &Path, place: Place, cell: &Cell) {
        let what = format!("{} ({place:?})", path.name);
        let done = place.run(&self.session(cell), path.run, &cell.stage).await;
        let after = self.now(cell).await;
        match kept {
            Kept::Refused(is_expected) => {
                let error = done.expect_err(&what);
                assert!(is_expected(&error), "{what}: {error:?}");
                assert_eq!(after, cell.before, "{what}");
            }
            Kept::NotMet => {
                done.expect(&what);
                assert_eq!(after, cell.before, "{what}");
            }
            Kept::Beside => {
                done.expect(&what);
                let changed = after.changed_since(&cell.before);
                assert!(!changed.is_empty(), "{what}");
                assert!(changed.iter().all(|row| !row.was_there()), "{what}: {changed:?}");
                after.assert_only(&cell.before, 0, cell.ours);
            }
            Kept::ByHand => {
                done.expect(&what);
                let is_kept = backend(&self.db).has_row_level_security()
                    && cell.stage.sheet.tenant_id != cell.ours;
                let changed = after.changed_since(&cell.before);
                assert_eq!(changed.len(), usize::from(!is_kept), "{what}: {changed:?}");
                assert_eq!(after.entries_since(&cell.before, 0).len(), 1, "{what}");
                assert!(after.entries_since(&cell.before, 1).is_empty(), "{what}");
            }
            Kept::Never(reason) => unreachable!("{reason}"),
        }
    }

    /// The same after the path was gone in a transaction that is undone.
    pub(super) async fn undo(&self, path: &Path, cell: &Cell) {
        let undone: Result<()> = self
            .session(cell)
            .transaction(async |tx| {
                (path.run)(tx, &cell.stage).await?;
                Err(Error::TransactionEnded)
            })
            .await;
        assert_error!(undone, Error::TransactionEnded);
        assert_eq!(self.now(cell).await, cell.before, "{}: undone", path.name);
    }

    /// Nobody acts: then nothing is sent.
    pub(super) async fn nobody(&self, path: &Path, place: Place, cell: &Cell) {
        let recorder = Recorder::new(Arc::clone(backend(&self.db)));
        let db = Database::new(Arc::new(recorder.clone())).with_clock(self.clock.clone());
        db.register(&tables()).unwrap();
        let session = db.tenant(cell.ours);
        let done = place.run(&session, path.run, &cell.stage).await;
        if matches!(path.audited, Audited::Reads) {
            return done.unwrap();
        }
        assert!(matches!(done, Err(Error::MissingActor { .. })), "{}: {done:?}", path.name);
        assert_eq!(recorder.sql(), [""; 0], "{}: nothing was sent", path.name);
        if matches!(place, Place::Alone) {
            assert_eq!(recorder.events(), [], "{}: nor a transaction begun", path.name);
        }
    }

    /// An entry that cannot be written undoes what it is about.
    pub(super) async fn without_trail(&self, path: &Path, place: Place, cell: &Cell) {
        self.script("ALTER TABLE repo_audit RENAME TO hidden").await;
        let done = place.run(&self.session(cell), path.run, &cell.stage).await;
        self.script("ALTER TABLE hidden RENAME TO repo_audit").await;
        assert!(done.is_err(), "{} ({place:?}): not recorded, and done", path.name);
        assert_eq!(self.now(cell).await, cell.before, "{} ({place:?})", path.name);
    }

    async fn script(&self, sql: &str) {
        let options = TransactionOptions::new();
        let mut connection = backend(&self.db).begin(options).await.unwrap();
        connection.execute_script(sql).await.unwrap();
        connection.commit().await.unwrap();
    }
}
