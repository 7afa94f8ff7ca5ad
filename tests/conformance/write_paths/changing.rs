//! The paths that change live rows.

use super::entities::*;
use super::paths::{
    ALL, CHANGED, FOREIGN, Immutable, NOT_FOUND, NOTHING, Path, SHEET_UPDATED, STALE, UNVERSIONED,
    Ui, Versioned, run,
};

pub(super) const CHANGING: &[Path] = &[
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
        name: "patch that adds",
        methods: &["Repo::patch", "XPatch::add"],
        on: Rows::Live,
        run: run!(|session, stage| session
            .repo::<Sheet>()
            .patch(stage.sheet.id, SheetPatch::new().add(Sheet::WEIGHT, 2))),
        tenant: NOT_FOUND,
        soft_delete: NOT_FOUND,
        versioned: Versioned::Counted,
        audited: SHEET_UPDATED,
        immutable: Immutable::Uncompiled(Ui(CHANGED, ".patch(")),
        without: &[],
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
