//! The paths that add rows or change those that have their key.

use repo_core::Action;

use super::entities::*;
use super::paths::{
    ALL_MANY, Audited, CHANGED_MANY, Immutable, Kept, NOTHING, Path, SHEET_UPDATED, Ui, Versioned,
    run,
};

pub(super) const UPSERTING: &[Path] = &[
    Path {
        name: "upsert that creates",
        methods: &["Repo::upsert"],
        on: Rows::Deleted,
        run: run!(|session, _stage| session.repo::<Sheet>().upsert(Sheet::CODE, sheet("taken"))),
        tenant: Kept::Beside,
        soft_delete: Kept::Beside,
        versioned: Versioned::Counted,
        audited: Audited::Rows(&[("sheets", Action::Create)]),
        immutable: Immutable::Uncompiled(Ui(CHANGED_MANY, ".upsert(")),
        without: &[Ui(ALL_MANY, ".upsert(")],
    },
    Path {
        name: "upsert that changes",
        methods: &["Repo::upsert"],
        on: Rows::Live,
        run: run!(|session, _stage| session
            .repo::<Sheet>()
            .upsert(Sheet::CODE, NewSheet { title: "new".to_owned(), ..sheet("taken") })),
        tenant: Kept::Beside,
        soft_delete: Kept::Beside,
        versioned: Versioned::Counted,
        audited: SHEET_UPDATED,
        immutable: Immutable::Uncompiled(Ui(CHANGED_MANY, ".upsert(")),
        without: &[],
    },
    Path {
        name: "upsert that changes nothing",
        methods: &["Repo::upsert"],
        on: Rows::Live,
        run: run!(|session, stage| session
            .repo::<Sheet>()
            .upsert(Sheet::CODE, NewSheet { title: stage.sheet.title.clone(), ..sheet("taken") })),
        tenant: Kept::Beside,
        soft_delete: Kept::Beside,
        versioned: Versioned::Counted,
        audited: NOTHING,
        immutable: Immutable::Uncompiled(Ui(CHANGED_MANY, ".upsert(")),
        without: &[],
    },
    Path {
        name: "upsert_many",
        methods: &["Repo::upsert_many"],
        on: Rows::Live,
        run: run!(|session, _stage| session.repo::<Sheet>().upsert_many(
            Sheet::CODE,
            [sheet("new"), NewSheet { title: "new".to_owned(), ..sheet("taken") }]
        )),
        tenant: Kept::Beside,
        soft_delete: Kept::Beside,
        versioned: Versioned::Counted,
        audited: Audited::Rows(&[("sheets", Action::Create), ("sheets", Action::Update)]),
        immutable: Immutable::Uncompiled(Ui(CHANGED_MANY, ".upsert_many(")),
        without: &[Ui(ALL_MANY, ".upsert_many(")],
    },
];
