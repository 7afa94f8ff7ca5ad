//! The paths that read rows from files.

use repo_core::{Action, Error};
use uuid::Uuid;

use super::entities::*;
use super::paths::{ALL_IMPORTED, Audited, Immutable, Kept, Path, Ui, Versioned, run};

/// Two sheets of whoever reads them.
const SHEETS: &[u8] = b"code,title,key,weight\ntaken,first,hunter2,1\nnew,second,,2\n";
const STAMPS: &[u8] = b"number,ink\n2,plain\n3,red\n";

/// A sheet that says whose it is.
fn line(tenant: Uuid) -> Vec<u8> {
    let row = format!("\"tenant_id\":\"{tenant}\",\"code\":\"imported\",\"title\":\"first\"");
    format!("{{{row},\"key\":\"hunter2\",\"weight\":1}}\n").into_bytes()
}

/// What comes of a line of another tenant.
const FOREIGN_ON_LINE: Kept =
    Kept::Refused(|error| matches!(error.cause(), Error::TenantMismatch { .. }));

/// The same of a stamp.
fn stamp(tenant: Uuid) -> Vec<u8> {
    format!("{{\"tenant_id\":\"{tenant}\",\"number\":2,\"ink\":\"red\"}}\n").into_bytes()
}

pub(super) const IMPORTING: &[Path] = &[
    Path {
        name: "import of a table of somebody else",
        methods: &["Repo::import_csv", "Import::fresh_ids"],
        on: Rows::Deleted,
        run: run!(|session, _stage| session.repo::<Sheet>().import_csv(SHEETS).fresh_ids()),
        tenant: Kept::Beside,
        soft_delete: Kept::Beside,
        versioned: Versioned::Counted,
        audited: Audited::Rows(&[("sheets", Action::Create), ("sheets", Action::Create)]),
        immutable: Immutable::Adds(
            run!(|session, _stage| session.repo::<Stamp>().import_csv(STAMPS).fresh_ids()),
            2,
        ),
        without: &[Ui(ALL_IMPORTED, ".import_csv(")],
    },
    Path {
        name: "import of rows of a tenant",
        methods: &["Repo::import_json_lines", "Import::fresh_ids"],
        on: Rows::Deleted,
        run: run!(|session, stage| session
            .repo::<Sheet>()
            .import_json_lines(&*line(stage.sheet.tenant_id))
            .fresh_ids()),
        tenant: FOREIGN_ON_LINE,
        soft_delete: Kept::Beside,
        versioned: Versioned::Counted,
        audited: Audited::Rows(&[("sheets", Action::Create)]),
        immutable: Immutable::Adds(
            run!(|session, stage| session
                .repo::<Stamp>()
                .import_json_lines(&*stamp(stage.stamp.tenant_id))
                .fresh_ids()),
            1,
        ),
        without: &[Ui(ALL_IMPORTED, ".import_json_lines(")],
    },
    Path {
        name: "import of rows of any tenant into this one",
        methods: &["Repo::import_json_lines", "Import::fresh_ids", "Import::into_this_tenant"],
        on: Rows::Deleted,
        run: run!(|session, stage| session
            .repo::<Sheet>()
            .import_json_lines(&*line(stage.sheet.tenant_id))
            .into_this_tenant()
            .fresh_ids()),
        tenant: Kept::Beside,
        soft_delete: Kept::Beside,
        versioned: Versioned::Counted,
        audited: Audited::Rows(&[("sheets", Action::Create)]),
        immutable: Immutable::Adds(
            run!(|session, stage| session
                .repo::<Stamp>()
                .import_json_lines(&*stamp(stage.stamp.tenant_id))
                .into_this_tenant()
                .fresh_ids()),
            1,
        ),
        without: &[],
    },
];
