//! The paths that change many rows: those of a query, and those with these ids.

use super::entities::*;
use super::paths::{
    ALL_MANY, Audited, CHANGED_MANY, FOLIO_DELETED, Immutable, Kept, NOT_FOUND, NOTHING, Path,
    REMOVED, SHEET_DELETED, SHEET_UPDATED, SLIP_REMOVED, Ui, Versioned, run,
};

pub(super) const BULK: &[Path] = &[
    Path {
        name: "patch_all",
        methods: &["Query::patch_all"],
        on: Rows::Live,
        run: run!(|session, stage| session
            .repo::<Sheet>()
            .filter(Sheet::ID.eq(stage.sheet.id))
            .patch_all(SheetPatch::new().title("new").key(None))),
        tenant: Kept::NotMet,
        soft_delete: Kept::NotMet,
        versioned: Versioned::Counted,
        audited: SHEET_UPDATED,
        immutable: Immutable::Uncompiled(Ui(CHANGED_MANY, ".patch_all(")),
        without: &[Ui(ALL_MANY, ".patch_all(")],
    },
    Path {
        name: "patch_all that changes nothing",
        methods: &["Query::patch_all"],
        on: Rows::Live,
        run: run!(|session, stage| session
            .repo::<Sheet>()
            .filter(Sheet::ID.eq(stage.sheet.id))
            .patch_all(SheetPatch::new().title(stage.sheet.title.clone()))),
        tenant: Kept::NotMet,
        soft_delete: Kept::NotMet,
        versioned: Versioned::Counted,
        audited: NOTHING,
        immutable: Immutable::Uncompiled(Ui(CHANGED_MANY, ".patch_all(")),
        without: &[],
    },
    Path {
        name: "patch_many",
        methods: &["Repo::patch_many"],
        on: Rows::Live,
        run: run!(|session, stage| session
            .repo::<Sheet>()
            .patch_many([(stage.sheet.id, SheetPatch::new().weight(9))])),
        tenant: NOT_FOUND,
        soft_delete: NOT_FOUND,
        versioned: Versioned::Counted,
        audited: SHEET_UPDATED,
        immutable: Immutable::Uncompiled(Ui(CHANGED_MANY, ".patch_many(")),
        without: &[Ui(ALL_MANY, ".patch_many(")],
    },
    Path {
        name: "delete_all",
        methods: &["Query::delete_all"],
        on: Rows::Live,
        run: run!(|session, stage| session
            .repo::<Sheet>()
            .filter(Sheet::ID.eq(stage.sheet.id))
            .delete_all()),
        tenant: Kept::NotMet,
        soft_delete: Kept::NotMet,
        versioned: Versioned::Counted,
        audited: SHEET_DELETED,
        immutable: Immutable::Uncompiled(Ui(CHANGED_MANY, ".delete_all(")),
        without: &[Ui(ALL_MANY, ".delete_all(")],
    },
    Path {
        name: "delete_all with what refers to them",
        methods: &["Query::delete_all"],
        on: Rows::Live,
        run: run!(|session, stage| session
            .repo::<Folio>()
            .filter(Folio::ID.eq(stage.folio.id))
            .delete_all()),
        tenant: Kept::NotMet,
        soft_delete: Kept::NotMet,
        versioned: Versioned::Counted,
        audited: FOLIO_DELETED,
        immutable: Immutable::Uncompiled(Ui("references/cascade_to_an_immutable", "cascade")),
        without: &[],
    },
    Path {
        name: "delete_all without soft_delete",
        methods: &["Query::delete_all"],
        on: Rows::Live,
        run: run!(|session, stage| session
            .repo::<Slip>()
            .filter(Slip::ID.eq(stage.slip.id))
            .delete_all()),
        tenant: Kept::NotMet,
        soft_delete: REMOVED,
        versioned: Versioned::Counted,
        audited: SLIP_REMOVED,
        immutable: Immutable::Uncompiled(Ui(CHANGED_MANY, ".delete_all(")),
        without: &[],
    },
    Path {
        name: "delete_many",
        methods: &["Repo::delete_many"],
        on: Rows::Live,
        run: run!(|session, stage| session.repo::<Sheet>().delete_many([stage.sheet.id])),
        tenant: NOT_FOUND,
        soft_delete: NOT_FOUND,
        versioned: Versioned::Counted,
        audited: SHEET_DELETED,
        immutable: Immutable::Uncompiled(Ui(CHANGED_MANY, ".delete_many(")),
        without: &[Ui(ALL_MANY, ".delete_many(")],
    },
    Path {
        name: "delete_many with what refers to them",
        methods: &["Repo::delete_many"],
        on: Rows::Live,
        run: run!(|session, stage| session.repo::<Folio>().delete_many([stage.folio.id])),
        tenant: NOT_FOUND,
        soft_delete: NOT_FOUND,
        versioned: Versioned::Counted,
        audited: FOLIO_DELETED,
        immutable: Immutable::Uncompiled(Ui("references/cascade_to_an_immutable", "cascade")),
        without: &[],
    },
    Path {
        name: "delete_in_chunks",
        methods: &["Query::delete_in_chunks"],
        on: Rows::Live,
        run: run!(|session, stage| async {
            let query = session.repo::<Sheet>().filter(Sheet::ID.eq(stage.sheet.id));
            if session.in_transaction() {
                let refused = query.clone().delete_in_chunks(1).await;
                assert!(refused.is_err_and(|error| error.is_invalid_input()));
                return query.delete_all().await;
            }
            query.delete_in_chunks(1).await
        }),
        tenant: Kept::NotMet,
        soft_delete: Kept::NotMet,
        versioned: Versioned::Counted,
        audited: SHEET_DELETED,
        immutable: Immutable::Uncompiled(Ui(CHANGED_MANY, ".delete_in_chunks(")),
        without: &[Ui(ALL_MANY, ".delete_in_chunks(")],
    },
    Path {
        name: "delete_in_chunks that only counts",
        methods: &["Query::delete_in_chunks", "DeleteInChunks::dry_run"],
        on: Rows::Live,
        run: run!(|session, stage| async {
            let query = session.repo::<Sheet>().filter(Sheet::ID.eq(stage.sheet.id));
            if session.in_transaction() {
                return query.count().await;
            }
            query.delete_in_chunks(1).dry_run().await
        }),
        tenant: Kept::NotMet,
        soft_delete: Kept::NotMet,
        versioned: Versioned::Counted,
        audited: Audited::Reads,
        immutable: Immutable::Uncompiled(Ui(CHANGED_MANY, ".delete_in_chunks(")),
        without: &[],
    },
];
