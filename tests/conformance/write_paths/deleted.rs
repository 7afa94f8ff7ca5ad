//! The paths for deleted rows: back, or gone for good.

use chrono::TimeDelta;
use repo_core::Purged;

use super::entities::*;
use super::paths::{
    ALL_DELETED, CHANGED, FOLIO_PURGED, FOLIO_RESTORED, Immutable, Kept, NOT_DELETED, NOT_FOUND,
    NOTHING, PURGED, Path, SHEET_PURGED, SHEET_RESTORED, STALE, UNMARKED, Ui, Versioned, run,
};

pub(super) const RESTORING: &[Path] = &[
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
        name: "restore_many",
        methods: &["Repo::restore_many"],
        on: Rows::Deleted,
        run: run!(|session, stage| session.repo::<Sheet>().restore_many([stage.sheet.id])),
        tenant: NOT_FOUND,
        soft_delete: NOT_DELETED,
        versioned: Versioned::Counted,
        audited: SHEET_RESTORED,
        immutable: Immutable::Uncompiled(Ui(CHANGED, ".restore_many(")),
        without: &[Ui(UNMARKED, ".restore_many("), Ui(ALL_DELETED, ".restore_many(")],
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

pub(super) const PURGING: &[Path] = &[
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
        name: "purge_many",
        methods: &["Repo::purge_many"],
        on: Rows::Deleted,
        run: run!(|session, stage| session.repo::<Sheet>().purge_many([stage.sheet.id])),
        tenant: NOT_FOUND,
        soft_delete: NOT_DELETED,
        versioned: Versioned::Counted,
        audited: SHEET_PURGED,
        immutable: Immutable::Uncompiled(Ui(PURGED, ".purge_many(")),
        without: &[Ui(UNMARKED, ".purge_many("), Ui(ALL_DELETED, ".purge_many(")],
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
        without: &[],
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
