//! The table: a row for each way to write, and in each row what holds under each policy.
//!
//! How a cell is tried is in `write_paths.rs`. A method that writes and is in no row here fails a test in
//! `methods.rs`.

use chrono::TimeDelta;
use futures_util::future::LocalBoxFuture;
use repo_core::{Action, Error, Purged, Result, Session, Tenant};
use uuid::Uuid;

use super::entities::*;
use crate::fixture::NOBODY;

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

const NOT_FOUND: Kept = Kept::Refused(Error::is_not_found);
const NOT_DELETED: Kept = Kept::Refused(|error| matches!(error, Error::NotDeleted { .. }));
const FOREIGN: Kept = Kept::Refused(|error| matches!(error, Error::TenantMismatch { .. }));
const REMOVED: Kept = Kept::Never("its rows are removed when they are deleted");
const LIVE: Kept = Kept::Never("it writes nothing, whatever is there");

const CHANGED: &str = "misuse/change_of_an_immutable";
const UNMARKED: &str = "misuse/restore_without_soft_delete";
const PURGED: &str = "misuse/purge_of_an_immutable";
const ALL: &str = "misuse/write_through_all_tenants";
const ALL_DELETED: &str = "misuse/restore_through_all_tenants";
const UNVERSIONED: &str = "misuse/version_of_an_unversioned";

const SHEET_UPDATED: Audited = Audited::Rows(&[("sheets", Action::Update)]);
const SHEET_DELETED: Audited = Audited::Rows(&[("sheets", Action::Delete)]);
const FOLIO_DELETED: Audited = Audited::Rows(&[
    ("folios", Action::Delete),
    ("leaves", Action::Delete),
    ("leaves", Action::Delete),
]);
const SHEET_RESTORED: Audited = Audited::Rows(&[("sheets", Action::Restore)]);
const FOLIO_RESTORED: Audited = Audited::Rows(&[
    ("folios", Action::Restore),
    ("leaves", Action::Restore),
    ("leaves", Action::Restore),
]);
const SHEET_PURGED: Audited = Audited::Rows(&[("sheets", Action::Purge)]);
const FOLIO_PURGED: Audited = Audited::Rows(&[
    ("leaves", Action::Purge),
    ("leaves", Action::Purge),
    ("leaves", Action::Purge),
    ("folios", Action::Purge),
]);
const SLIP_REMOVED: Audited =
    Audited::Rows(&[("stubs", Action::Delete), ("slips", Action::Delete)]);
const NOTHING: Audited = Audited::Rows(&[]);

/// A version that no row has.
const STALE: i64 = 77;

/// Makes of an operation what a path is: its result is looked at in the database.
macro_rules! run {
    (|$session:ident, $stage:ident| $operation:expr) => {
        |$session, $stage| Box::pin(async move { $operation.await.map(drop) })
    };
}

/// All ways to write.
pub(super) const PATHS: &[&[Path]] = &[CREATING, CHANGING, DELETING, RESTORING, PURGING, BY_HAND];

const CREATING: &[Path] = &[
    Path {
        name: "create",
        methods: &["Repo::create"],
        on: Rows::Deleted,
        run: run!(|session, _stage| session.repo::<Sheet>().create(sheet("taken"))),
        tenant: Kept::Beside,
        soft_delete: Kept::Beside,
        versioned: Versioned::Counted,
        audited: Audited::Rows(&[("sheets", Action::Create)]),
        immutable: Immutable::Adds(
            run!(|session, _stage| session.repo::<Stamp>().create(NewStamp { number: 2 })),
            1,
        ),
        without: &[Ui(ALL, ".create(")],
    },
    Path {
        name: "create of a draft",
        methods: &["Repo::create", "NewX::<column>", "XDraft::<column>"],
        on: Rows::Deleted,
        run: run!(|session, _stage| session
            .repo::<Sheet>()
            .create(sheet("taken").weight(2).weight(3))),
        tenant: Kept::Beside,
        soft_delete: Kept::Beside,
        versioned: Versioned::Counted,
        audited: Audited::Rows(&[("sheets", Action::Create)]),
        immutable: Immutable::Adds(
            run!(|session, _stage| session
                .repo::<Stamp>()
                .create(NewStamp { number: 2 }.ink("red"))),
            1,
        ),
        without: &[],
    },
    Path {
        name: "create of what the database numbers",
        methods: &["Repo::create"],
        on: Rows::Live,
        run: run!(|session, _stage| session
            .repo::<Slip>()
            .create(NewSlip { title: "new".to_owned() })),
        tenant: Kept::Beside,
        soft_delete: REMOVED,
        versioned: Versioned::Counted,
        audited: Audited::Rows(&[("slips", Action::Create)]),
        immutable: Immutable::Adds(
            run!(|session, _stage| session.repo::<Stamp>().create(NewStamp { number: 2 })),
            1,
        ),
        without: &[],
    },
    Path {
        name: "create_many",
        methods: &["Repo::create_many", "NewX::<column>"],
        on: Rows::Deleted,
        run: run!(|session, _stage| session
            .repo::<Sheet>()
            .create_many([SheetDraft::from(sheet("taken")), sheet("new").weight(2)])),
        tenant: Kept::Beside,
        soft_delete: Kept::Beside,
        versioned: Versioned::Counted,
        audited: Audited::Rows(&[("sheets", Action::Create), ("sheets", Action::Create)]),
        immutable: Immutable::Adds(
            run!(|session, _stage| session
                .repo::<Stamp>()
                .create_many([NewStamp { number: 2 }, NewStamp { number: 3 }])),
            2,
        ),
        without: &[Ui(ALL, ".create_many(")],
    },
    Path {
        name: "create_or_get that creates",
        methods: &["Repo::create_or_get"],
        on: Rows::Deleted,
        run: run!(|session, _stage| session
            .repo::<Sheet>()
            .create_or_get(Sheet::CODE, sheet("taken"))),
        tenant: Kept::Beside,
        soft_delete: Kept::Beside,
        versioned: Versioned::Counted,
        audited: Audited::Rows(&[("sheets", Action::Create)]),
        immutable: Immutable::Adds(
            run!(|session, _stage| session
                .repo::<Stamp>()
                .create_or_get(Stamp::NUMBER, NewStamp { number: 2 })),
            1,
        ),
        without: &[Ui(ALL_DELETED, ".create_or_get(")],
    },
    Path {
        name: "create_or_get that finds",
        methods: &["Repo::create_or_get"],
        on: Rows::Live,
        run: run!(|session, stage| session.repo::<Sheet>().create_or_get(
            Sheet::CODE,
            NewSheet { title: stage.sheet.title.clone(), ..sheet("taken") }
        )),
        tenant: Kept::Beside,
        soft_delete: Kept::Beside,
        versioned: Versioned::Counted,
        audited: NOTHING,
        immutable: Immutable::Adds(
            run!(|session, stage| session
                .repo::<Stamp>()
                .create_or_get(Stamp::NUMBER, NewStamp { number: stage.stamp.number })),
            0,
        ),
        without: &[],
    },
];

const CHANGING: &[Path] = &[
    Path {
        name: "update",
        methods: &["Repo::update"],
        on: Rows::Live,
        run: run!(|session, stage| session.repo::<Sheet>().update(&Sheet {
            title: "new".to_owned(),
            key: None,
            ..stage.sheet.clone()
        })),
        tenant: FOREIGN,
        soft_delete: NOT_FOUND,
        versioned: Versioned::Expected(run!(|session, stage| session
            .repo::<Sheet>()
            .update(&Sheet { title: "new".to_owned(), version: STALE, ..stage.sheet.clone() }))),
        audited: SHEET_UPDATED,
        immutable: Immutable::Uncompiled(Ui(CHANGED, ".update(")),
        without: &[Ui(ALL, ".update(")],
    },
    Path {
        name: "update of an entity that says it is ours",
        methods: &["Repo::update"],
        on: Rows::Live,
        run: run!(|session, stage| session.repo::<Sheet>().update(&Sheet {
            tenant_id: *session.scope().id(),
            title: "new".to_owned(),
            ..stage.sheet.clone()
        })),
        tenant: NOT_FOUND,
        soft_delete: NOT_FOUND,
        versioned: Versioned::Counted,
        audited: SHEET_UPDATED,
        immutable: Immutable::Uncompiled(Ui(CHANGED, ".update(")),
        without: &[],
    },
    Path {
        name: "patch",
        methods: &["Repo::patch", "XPatch::new", "XPatch::<column>"],
        on: Rows::Live,
        run: run!(|session, stage| session
            .repo::<Sheet>()
            .patch(stage.sheet.id, SheetPatch::new().title("new").key(None))),
        tenant: NOT_FOUND,
        soft_delete: NOT_FOUND,
        versioned: Versioned::Counted,
        audited: SHEET_UPDATED,
        immutable: Immutable::Uncompiled(Ui(CHANGED, ".patch(")),
        without: &[Ui(ALL, ".patch("), Ui("misuse/patch_type_of_an_immutable", "EventPatch::new(")],
    },
    Path {
        name: "patch if_version",
        methods: &["Repo::patch", "Change::if_version"],
        on: Rows::Live,
        run: run!(|session, stage| session
            .repo::<Sheet>()
            .patch(stage.sheet.id, SheetPatch::new().weight(9))
            .if_version(stage.sheet.version)),
        tenant: NOT_FOUND,
        soft_delete: NOT_FOUND,
        versioned: Versioned::Expected(run!(|session, stage| session
            .repo::<Sheet>()
            .patch(stage.sheet.id, SheetPatch::new().weight(9))
            .if_version(STALE))),
        audited: SHEET_UPDATED,
        immutable: Immutable::Uncompiled(Ui(CHANGED, ".patch(")),
        without: &[Ui(UNVERSIONED, ".if_version(")],
    },
    Path {
        name: "patch that changes nothing",
        methods: &["Repo::patch"],
        on: Rows::Live,
        run: run!(|session, stage| session
            .repo::<Sheet>()
            .patch(stage.sheet.id, SheetPatch::new().title(stage.sheet.title.clone()))),
        tenant: NOT_FOUND,
        soft_delete: NOT_FOUND,
        versioned: Versioned::Counted,
        audited: NOTHING,
        immutable: Immutable::Uncompiled(Ui(CHANGED, ".patch(")),
        without: &[],
    },
];

const DELETING: &[Path] = &[
    Path {
        name: "delete",
        methods: &["Repo::delete"],
        on: Rows::Live,
        run: run!(|session, stage| session.repo::<Sheet>().delete(stage.sheet.id)),
        tenant: NOT_FOUND,
        soft_delete: NOT_FOUND,
        versioned: Versioned::Counted,
        audited: SHEET_DELETED,
        immutable: Immutable::Uncompiled(Ui(CHANGED, ".delete(")),
        without: &[Ui(ALL, ".delete(")],
    },
    Path {
        name: "delete if_version",
        methods: &["Repo::delete", "Change::if_version"],
        on: Rows::Live,
        run: run!(|session, stage| session
            .repo::<Sheet>()
            .delete(stage.sheet.id)
            .if_version(stage.sheet.version)),
        tenant: NOT_FOUND,
        soft_delete: NOT_FOUND,
        versioned: Versioned::Expected(run!(|session, stage| session
            .repo::<Sheet>()
            .delete(stage.sheet.id)
            .if_version(STALE))),
        audited: SHEET_DELETED,
        immutable: Immutable::Uncompiled(Ui(CHANGED, ".delete(")),
        without: &[],
    },
    Path {
        name: "delete with what refers to it",
        methods: &["Repo::delete", "Change::if_version"],
        on: Rows::Live,
        run: run!(|session, stage| session
            .repo::<Folio>()
            .delete(stage.folio.id)
            .if_version(stage.folio.version)),
        tenant: NOT_FOUND,
        soft_delete: NOT_FOUND,
        versioned: Versioned::Expected(run!(|session, stage| session
            .repo::<Folio>()
            .delete(stage.folio.id)
            .if_version(STALE))),
        audited: FOLIO_DELETED,
        immutable: Immutable::Uncompiled(Ui("references/cascade_to_an_immutable", "cascade")),
        without: &[],
    },
    Path {
        name: "delete without soft_delete",
        methods: &["Repo::delete", "Change::if_version"],
        on: Rows::Live,
        run: run!(|session, stage| session.repo::<Slip>().delete(stage.slip.id).if_version(1)),
        tenant: NOT_FOUND,
        soft_delete: REMOVED,
        versioned: Versioned::Expected(run!(|session, stage| session
            .repo::<Slip>()
            .delete(stage.slip.id)
            .if_version(STALE))),
        audited: SLIP_REMOVED,
        immutable: Immutable::Uncompiled(Ui(CHANGED, ".delete(")),
        without: &[],
    },
];

const RESTORING: &[Path] = &[
    Path {
        name: "restore",
        methods: &["Repo::restore"],
        on: Rows::Deleted,
        run: run!(|session, stage| session.repo::<Sheet>().restore(stage.sheet.id)),
        tenant: NOT_FOUND,
        soft_delete: NOT_DELETED,
        versioned: Versioned::Counted,
        audited: SHEET_RESTORED,
        immutable: Immutable::Uncompiled(Ui(CHANGED, ".restore(")),
        without: &[Ui(UNMARKED, ".restore("), Ui(ALL_DELETED, ".restore(")],
    },
    Path {
        name: "restore if_version",
        methods: &["Repo::restore", "Change::if_version"],
        on: Rows::Deleted,
        run: run!(|session, stage| session
            .repo::<Sheet>()
            .restore(stage.sheet.id)
            .if_version(stage.sheet.version)),
        tenant: NOT_FOUND,
        soft_delete: NOT_DELETED,
        versioned: Versioned::Expected(run!(|session, stage| session
            .repo::<Sheet>()
            .restore(stage.sheet.id)
            .if_version(STALE))),
        audited: SHEET_RESTORED,
        immutable: Immutable::Uncompiled(Ui(CHANGED, ".restore(")),
        without: &[],
    },
    Path {
        name: "restore with what was deleted with it",
        methods: &["Repo::restore", "Change::if_version"],
        on: Rows::Deleted,
        run: run!(|session, stage| session
            .repo::<Folio>()
            .restore(stage.folio.id)
            .if_version(stage.folio.version)),
        tenant: NOT_FOUND,
        soft_delete: NOT_DELETED,
        versioned: Versioned::Expected(run!(|session, stage| session
            .repo::<Folio>()
            .restore(stage.folio.id)
            .if_version(STALE))),
        audited: FOLIO_RESTORED,
        immutable: Immutable::Uncompiled(Ui("references/cascade_to_an_immutable", "cascade")),
        without: &[],
    },
];

const PURGING: &[Path] = &[
    Path {
        name: "purge",
        methods: &["Repo::purge"],
        on: Rows::Deleted,
        run: run!(|session, stage| session.repo::<Sheet>().purge(stage.sheet.id)),
        tenant: NOT_FOUND,
        soft_delete: NOT_DELETED,
        versioned: Versioned::Counted,
        audited: SHEET_PURGED,
        immutable: Immutable::Uncompiled(Ui(PURGED, ".purge(")),
        without: &[Ui(UNMARKED, ".purge("), Ui(ALL_DELETED, ".purge(")],
    },
    Path {
        name: "purge if_version",
        methods: &["Repo::purge", "Change::if_version"],
        on: Rows::Deleted,
        run: run!(|session, stage| session
            .repo::<Sheet>()
            .purge(stage.sheet.id)
            .if_version(stage.sheet.version)),
        tenant: NOT_FOUND,
        soft_delete: NOT_DELETED,
        versioned: Versioned::Expected(run!(|session, stage| session
            .repo::<Sheet>()
            .purge(stage.sheet.id)
            .if_version(STALE))),
        audited: SHEET_PURGED,
        immutable: Immutable::Uncompiled(Ui(PURGED, ".purge(")),
        without: &[],
    },
    Path {
        name: "purge with what was deleted with it",
        methods: &["Repo::purge", "Change::if_version"],
        on: Rows::Deleted,
        run: run!(|session, stage| session
            .repo::<Folio>()
            .purge(stage.folio.id)
            .if_version(stage.folio.version)),
        tenant: NOT_FOUND,
        soft_delete: NOT_DELETED,
        versioned: Versioned::Expected(run!(|session, stage| session
            .repo::<Folio>()
            .purge(stage.folio.id)
            .if_version(STALE))),
        audited: FOLIO_PURGED,
        immutable: Immutable::Uncompiled(Ui("references/cascade_to_an_immutable", "cascade")),
        without: &[],
    },
    Path {
        name: "purge_deleted_before",
        methods: &["Repo::purge_deleted_before", "PurgeDeleted::chunk"],
        on: Rows::Deleted,
        run: run!(|session, stage| session
            .repo::<Sheet>()
            .purge_deleted_before(stage.after_deletion)
            .chunk(1)),
        tenant: Kept::NotMet,
        soft_delete: Kept::NotMet,
        versioned: Versioned::Counted,
        audited: SHEET_PURGED,
        immutable: Immutable::Uncompiled(Ui(PURGED, ".purge_deleted_before(")),
        without: &[Ui(UNMARKED, ".purge(")],
    },
    Path {
        name: "purge_deleted_before with what was deleted with it",
        methods: &["Repo::purge_deleted_before"],
        on: Rows::Deleted,
        run: run!(|session, stage| session
            .repo::<Folio>()
            .purge_deleted_before(stage.after_deletion)),
        tenant: Kept::NotMet,
        soft_delete: Kept::NotMet,
        versioned: Versioned::Counted,
        audited: FOLIO_PURGED,
        immutable: Immutable::Uncompiled(Ui(PURGED, ".purge_deleted_before(")),
        without: &[],
    },
    Path {
        name: "purge_deleted_before that only counts",
        methods: &["Repo::purge_deleted_before", "PurgeDeleted::dry_run"],
        on: Rows::Deleted,
        run: |session, stage| {
            Box::pin(async move {
                let folios = session.repo::<Folio>();
                let before = stage.after_deletion + TimeDelta::days(1);
                let would = folios.purge_deleted_before(before).dry_run().await?;
                let is_ours = stage.folio.tenant_id == *session.scope().id();
                assert_eq!(would != Purged::default(), is_ours && stage.folio.deleted_at.is_some());
                Ok(())
            })
        },
        tenant: Kept::NotMet,
        soft_delete: Kept::NotMet,
        versioned: Versioned::Counted,
        audited: NOTHING,
        immutable: Immutable::Uncompiled(Ui(PURGED, ".purge_deleted_before(")),
        without: &[],
    },
];

const BY_HAND: &[Path] = &[
    Path {
        name: "unchecked_sql that writes",
        methods: &["Session::unchecked_sql", "UncheckedSql::bind", "UncheckedSql::execute"],
        on: Rows::Live,
        run: run!(|session, stage| session
            .unchecked_sql("the matrix")
            .bind("by hand".to_owned())
            .bind(stage.sheet.id)
            .execute("UPDATE sheets SET title = $1 WHERE id = $2")),
        tenant: Kept::ByHand,
        soft_delete: Kept::ByHand,
        versioned: Versioned::ByHand,
        audited: Audited::Statement,
        immutable: Immutable::Refused(run!(|session, stage| session
            .unchecked_sql("the matrix")
            .bind(stage.stamp.id)
            .execute("UPDATE stamps SET number = 7 WHERE id = $1"))),
        without: &[],
    },
    Path {
        name: "unchecked_sql that reads",
        methods: &["Session::unchecked_sql", "UncheckedSql::bind", "UncheckedSql::fetch"],
        on: Rows::Live,
        run: |session, _| {
            Box::pin(async move {
                let sql = session.unchecked_sql("the matrix").bind(NOBODY);
                let text = "SELECT title FROM sheets WHERE id <> $1";
                let titles = sql.fetch(text, |row| row.get::<String>(0)).await?;
                assert!(
                    !titles.is_empty() || session.database().backend().has_row_level_security()
                );
                let sql = session.unchecked_sql("the matrix");
                let refused = sql.fetch("DELETE FROM sheets", |_| Ok(())).await;
                assert!(matches!(refused, Err(Error::ReadOnly { .. })), "{refused:?}");
                Ok(())
            })
        },
        tenant: Kept::NotMet,
        soft_delete: LIVE,
        versioned: Versioned::Counted,
        audited: Audited::Reads,
        immutable: Immutable::Reads,
        without: &[],
    },
];
