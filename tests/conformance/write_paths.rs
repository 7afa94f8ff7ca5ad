//! Every way to write under every policy: the table is in `paths.rs`, and each cell of it is tried here, by
//! itself, in a transaction, and in a savepoint of one that somebody opened and ends.
//!
//! That no way is left out is checked against the sources (`methods.rs`). What a single operation promises
//! beside its policies has its own topic.

mod bulk;
mod by_hand;
mod changing;
mod creating;
mod deleted;
mod deleting;
mod entities;
mod importing;
mod matrix;
mod methods;
mod paths;
mod snapshot;
mod sources;
mod upserting;

use std::path::Path as File;

use chrono::{DateTime, Utc};
use entities::{Folio, Rows, Stamp};
use matrix::{Cell, Matrix, PLACES, Place};
use paths::{Audited, Immutable, Kept, PATHS, Path, Ui, Versioned};
use repo_core::{Action, Actor, AllTenants, Clock as _, Error, Session};
use snapshot::Snapshot;

use crate::expect::assert_error;
use crate::fixture::Fixture;

fn paths() -> impl Iterator<Item = &'static Path> {
    PATHS.iter().copied().flatten()
}

pub(crate) async fn no_path_meets_a_row_of_another_tenant(fixture: Fixture) {
    let matrix = Matrix::new(&fixture).await;
    for path in paths().filter(|path| !matches!(path.tenant, Kept::Never(_))) {
        for place in PLACES {
            // What is added beside them may have the unique values of their rows.
            let rows = if matches!(path.tenant, Kept::Beside) { Rows::Live } else { path.on };
            let cell = matrix.theirs(rows).await;
            matrix.keep(&path.tenant, path, place, &cell).await;
        }
    }
}

pub(crate) async fn no_path_takes_a_deleted_row_for_a_live_one(fixture: Fixture) {
    let matrix = Matrix::new(&fixture).await;
    for path in paths().filter(|path| !matches!(path.soft_delete, Kept::Never(_))) {
        for place in PLACES {
            let is_beside = matches!(path.soft_delete, Kept::Beside);
            let rows = if is_beside { Rows::Deleted } else { path.on.opposite() };
            let cell = matrix.ours(rows).await;
            matrix.keep(&path.soft_delete, path, place, &cell).await;
        }
    }
}

pub(crate) async fn every_path_counts_versions_and_is_held_to_them(fixture: Fixture) {
    let matrix = Matrix::new(&fixture).await;
    for path in paths() {
        for place in PLACES {
            let what = format!("{} ({place:?})", path.name);
            let cell = matrix.ours(path.on).await;
            if let Versioned::Expected(stale) = path.versioned {
                let refused = place.run(&matrix.session(&cell), stale, &cell.stage).await;
                let error = refused.expect_err(&what);
                assert!(error.is_version_conflict(), "{what}: {error:?}");
                assert_eq!(matrix.now(&cell).await, cell.before, "{what}: stale");
            }
            place.run(&matrix.session(&cell), path.run, &cell.stage).await.expect(&what);
            let after = matrix.now(&cell).await;
            for changed in after.changed_since(&cell.before) {
                if !matches!(path.versioned, Versioned::ByHand) {
                    changed.assert_counted(matrix.clock.now(), &what);
                }
            }
        }
    }
}

pub(crate) async fn no_path_goes_beside_the_transaction_around_it(fixture: Fixture) {
    let matrix = Matrix::new(&fixture).await;
    let only_reads = |path: &&Path| {
        let counts = path.methods.iter().any(|method| method.ends_with("::dry_run"));
        counts || matches!(path.audited, Audited::Reads)
    };
    for path in paths().filter(|path| !only_reads(path)) {
        let cell = matrix.ours(path.on).await;
        let beside = matrix.session(&cell);
        for place in PLACES {
            let what = format!("{} ({place:?})", path.name);
            let within: Result<(), Error> = matrix
                .session(&cell)
                .transaction(async |tx| {
                    let done = place.run(&beside, path.run, &cell.stage).await;
                    let error = done.expect_err(&what);
                    assert!(
                        matches!(error.cause(), Error::OutsideTransaction),
                        "{what}: {error:?}"
                    );
                    // It was not sent, and the transaction goes on.
                    tx.repo::<Stamp>().count().await.map(drop)
                })
                .await;
            within.expect(&what);
            assert_eq!(matrix.now(&cell).await, cell.before, "{what}");
        }
    }
}

pub(crate) async fn every_path_is_recorded_row_by_row(fixture: Fixture) {
    let matrix = Matrix::new(&fixture).await;
    for path in paths() {
        for place in PLACES {
            let cell = matrix.ours(path.on).await;
            matrix.nobody(path, place, &cell).await;
            matrix.undo(path, &cell).await;
            if !matches!(path.audited, Audited::Reads | Audited::Rows([])) {
                matrix.without_trail(path, place, &cell).await;
            }
            let done = place.run(&matrix.session(&cell), path.run, &cell.stage).await;
            done.unwrap_or_else(|error| panic!("{} ({place:?}): {error:?}", path.name));
            let after = matrix.now(&cell).await;
            after.assert_only(&cell.before, 0, cell.ours);
            assert_recorded(path, place, &cell, &after, matrix.clock.now());
        }
    }
}

/// The new entries are those of the changes, each once, in the order of the table.
fn assert_recorded(path: &Path, place: Place, cell: &Cell, after: &Snapshot, now: DateTime<Utc>) {
    let what = format!("{} ({place:?})", path.name);
    let (changed, entries) =
        (after.changed_since(&cell.before), after.entries_since(&cell.before, 0));
    for entry in entries {
        assert_eq!(entry.tenant, cell.ours.to_string(), "{what}");
        assert_eq!(entry.actor, Actor::User("alice".to_owned()), "{what}");
        assert_eq!(entry.correlation_id.as_deref(), Some("request-1"), "{what}");
        assert_eq!(entry.reason.as_deref(), Some("the matrix"), "{what}");
        assert_eq!(entry.at, now, "{what}");
    }
    let told: Vec<_> = entries.iter().map(|entry| (&*entry.entity, entry.action)).collect();
    match path.audited {
        Audited::Reads => assert!(told.is_empty() && changed.is_empty(), "{what}: {told:?}"),
        Audited::Statement => assert_eq!(told, [("sql", Action::UncheckedSql)], "{what}"),
        Audited::Rows(rows) => {
            assert_eq!(told, rows, "{what}");
            assert_eq!(changed.len(), rows.len(), "{what}: {changed:?}");
            for changed in &changed {
                let entry = entries.iter().find(|entry| changed.is_of(entry));
                changed.assert_told_by(entry.unwrap_or_else(|| panic!("{what}: {changed:?}")));
            }
        }
    }
}

pub(crate) async fn no_path_changes_a_row_that_never_changes(fixture: Fixture) {
    let matrix = Matrix::new(&fixture).await;
    for path in paths() {
        for ui in path.without {
            assert_uncompiled(path, ui);
        }
        for place in PLACES {
            if let Immutable::Uncompiled(ui) = &path.immutable {
                assert_uncompiled(path, ui);
                continue;
            }
            let cell = matrix.ours(path.on).await;
            let (session, what) = (matrix.session(&cell), format!("{} ({place:?})", path.name));
            match &path.immutable {
                Immutable::Uncompiled(_) | Immutable::Reads => {}
                Immutable::Refused(run) => {
                    let error = place.run(&session, *run, &cell.stage).await.expect_err(&what);
                    assert!(matches!(error, Error::Immutable { .. }), "{what}: {error:?}");
                    assert_eq!(matrix.now(&cell).await, cell.before, "{what}");
                }
                Immutable::Adds(run, rows) => {
                    place.run(&session, *run, &cell.stage).await.expect(&what);
                    let after = matrix.now(&cell).await;
                    let changed = after.changed_since(&cell.before);
                    let is_new = changed.iter().all(|row| row.action() == Action::Create);
                    assert!(is_new && changed.len() as u64 == *rows, "{what}: {changed:?}");
                    let entries = after.entries_since(&cell.before, 0);
                    assert_eq!(entries.len() as u64, *rows, "{what}");
                    let stamps = session.repo::<Stamp>();
                    assert_eq!(stamps.get(cell.stage.stamp.id).await.unwrap(), cell.stage.stamp);
                }
            }
        }
    }
}

/// The case is there, makes the call, and the compiler refuses it at the call.
fn assert_uncompiled(path: &Path, Ui(case, call): &Ui) {
    let folder = File::new(env!("CARGO_MANIFEST_DIR")).join("../ui");
    for file in ["rs", "stderr"] {
        let file = folder.join(format!("{case}.{file}"));
        let text = std::fs::read_to_string(&file)
            .unwrap_or_else(|error| panic!("{}: {}: {error}", path.name, file.display()));
        assert!(text.contains(call), "{}: `{call}` is not in {}", path.name, file.display());
    }
}

/// The one path whose session is of no tenant.
pub(crate) async fn a_removal_over_all_tenants_is_recorded_in_each(fixture: Fixture) {
    let matrix = Matrix::new(&fixture).await;
    for is_inside in [false, true] {
        let cell = matrix.ours(Rows::Deleted).await;
        let theirs = cell.tenants[1];
        let later = matrix.clock.now();
        let nobody = matrix.db.all_tenants("retention").repo::<Folio>();
        let refused = nobody.purge_deleted_before(later).await;
        assert_error!(refused, Error::MissingActor { .. });
        assert_eq!(matrix.now(&cell).await, cell.before);
        let session = matrix.db.all_tenants("retention").actor(Actor::System("job"));
        let purge = async |session: &Session<AllTenants>| {
            session.repo::<Folio>().purge_deleted_before(later).chunk(1).await.map(drop)
        };
        if is_inside {
            session.transaction(async |tx| purge(tx).await).await.unwrap();
        } else {
            purge(&session).await.unwrap();
        }
        let after = matrix.now(&cell).await;
        let changed = after.changed_since(&cell.before);
        assert_eq!(changed.len(), 8, "{changed:?}");
        for (index, tenant) in [cell.ours, theirs].into_iter().enumerate() {
            let entries = after.entries_since(&cell.before, index);
            let told: Vec<_> = entries.iter().map(|e| (&*e.entity, e.action)).collect();
            let leaf = ("leaves", Action::Purge);
            assert_eq!(told, [leaf, leaf, leaf, ("folios", Action::Purge)]);
            for entry in entries {
                assert_eq!(entry.tenant, tenant.to_string());
                assert_eq!(entry.actor, Actor::System("job".to_owned()));
                changed.iter().find(|row| row.is_of(entry)).unwrap().assert_told_by(entry);
            }
        }
    }
}
