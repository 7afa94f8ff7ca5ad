//! The paths that delete rows: alone, with what refers to them, and without `soft_delete`.

use super::entities::*;
use super::paths::{
    ALL, CHANGED, FOLIO_DELETED, Immutable, NOT_FOUND, Path, REMOVED, SHEET_DELETED, SLIP_REMOVED,
    STALE, Ui, Versioned, run,
};

pub(super) const DELETING: &[Path] = &[
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
