//! The paths that add rows.

use repo_core::Action;

use super::entities::*;
use super::paths::{
    ALL, ALL_DELETED, ALL_MANY, Audited, Immutable, Kept, NOTHING, Path, REMOVED, Ui, Versioned,
    run,
};

pub(super) const CREATING: &[Path] = &[
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
        name: "create_many_partial",
        methods: &["Repo::create_many_partial"],
        on: Rows::Deleted,
        run: run!(|session, _stage| session.repo::<Sheet>().create_many_partial([
            sheet("taken"),
            sheet("taken"),
            sheet("new")
        ])),
        tenant: Kept::Beside,
        soft_delete: Kept::Beside,
        versioned: Versioned::Counted,
        audited: Audited::Rows(&[("sheets", Action::Create), ("sheets", Action::Create)]),
        immutable: Immutable::Adds(
            run!(|session, _stage| session
                .repo::<Stamp>()
                .create_many_partial([NewStamp { number: 2 }, NewStamp { number: 2 }])),
            1,
        ),
        without: &[Ui(ALL_MANY, ".create_many_partial(")],
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
