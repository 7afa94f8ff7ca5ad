//! The rows that the paths are tried on: under every policy, deleted together, removed at once, never changed.

use chrono::{DateTime, TimeDelta, Utc};
use repo_core::testing::FixedClock;
use repo_core::{Clock as _, Database, Error, Repository, Schema, Session, Tenant, schema};
use uuid::Uuid;

/// A row under every policy that a row can change under, which is deleted alone.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "sheets", tenant, soft_delete, versioned, timestamps, audited)]
pub(super) struct Sheet {
    pub(super) id: Uuid,
    pub(super) tenant_id: Uuid,
    #[repository(unique)]
    pub(super) code: String,
    pub(super) title: String,
    #[repository(sensitive)]
    pub(super) key: Option<String>,
    #[repository(default = 1)]
    pub(super) weight: i64,
    pub(super) version: i64,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
    pub(super) deleted_at: Option<DateTime<Utc>>,
}

/// A row that is deleted together with others.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "folios", tenant, soft_delete, versioned, timestamps, audited)]
pub(super) struct Folio {
    pub(super) id: Uuid,
    pub(super) tenant_id: Uuid,
    pub(super) title: String,
    pub(super) version: i64,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
    pub(super) deleted_at: Option<DateTime<Utc>>,
    #[repository(deletion_id)]
    pub(super) deletion_id: Option<Uuid>,
}

/// What is deleted with it; the database numbers it.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "leaves", tenant, soft_delete, versioned, timestamps, audited)]
pub(super) struct Leaf {
    pub(super) id: i64,
    pub(super) tenant_id: Uuid,
    #[repository(references = Folio, on_delete = cascade)]
    pub(super) folio_id: Uuid,
    #[repository(sensitive)]
    pub(super) text: String,
    pub(super) version: i64,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
    pub(super) deleted_at: Option<DateTime<Utc>>,
    #[repository(deletion_id)]
    pub(super) deletion_id: Option<Uuid>,
}

/// A row that is removed when it is deleted.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "slips", tenant, versioned, audited)]
pub(super) struct Slip {
    pub(super) id: i64,
    pub(super) tenant_id: Uuid,
    pub(super) title: String,
    pub(super) version: i64,
}

/// What is removed with it.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "stubs", tenant, versioned, audited)]
pub(super) struct Stub {
    pub(super) id: Uuid,
    pub(super) tenant_id: Uuid,
    #[repository(references = Slip, on_delete = cascade)]
    pub(super) slip_id: i64,
    pub(super) version: i64,
}

/// A row that never changes.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "stamps", tenant, immutable, audited)]
pub(super) struct Stamp {
    pub(super) id: Uuid,
    pub(super) tenant_id: Uuid,
    #[repository(unique)]
    pub(super) number: i64,
    #[repository(default = "plain".to_owned())]
    pub(super) ink: String,
}

/// All of them.
pub(super) fn tables() -> Schema {
    schema![Sheet, Folio, Leaf, Slip, Stub, Stamp]
}

/// A new sheet with this code.
pub(super) fn sheet(code: &str) -> NewSheet {
    NewSheet { code: code.to_owned(), title: "first".to_owned(), key: Some("hunter2".to_owned()) }
}

/// What the rows of a [`Stage`] are like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rows {
    Live,
    Deleted,
}

impl Rows {
    /// As they must not be for a path that is for these.
    pub(super) fn opposite(self) -> Self {
        if self == Rows::Live { Rows::Deleted } else { Rows::Live }
    }
}

/// The rows of one tenant that a path is tried on, as they are stored.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) sheet: Sheet,
    pub(super) folio: Folio,
    pub(super) slip: Slip,
    pub(super) stamp: Stamp,
    /// After the deletion of the sheet and the folio, where they are deleted.
    pub(super) after_deletion: DateTime<Utc>,
}

impl Stage {
    /// Makes the rows, and others beside them that no path is to change; all at once, as each cell has some.
    pub(super) async fn set(db: &Database, clock: &FixedClock, tenant: Uuid, rows: Rows) -> Self {
        let session = db.tenant(tenant).actor("stage");
        let made: Result<Self, Error> =
            session.transaction(async |tx| Self::set_in(tx, clock, rows).await).await;
        made.expect("the rows can be made")
    }

    async fn set_in(
        session: &Session<Tenant<Uuid>>,
        clock: &FixedClock,
        rows: Rows,
    ) -> Result<Self, Error> {
        let (sheets, folios) = (session.repo::<Sheet>(), session.repo::<Folio>());
        let sheet = sheets.create(sheet("taken")).await?;
        // The version that a path meets is not the first.
        sheets.patch(sheet.id, SheetPatch::new().title("second")).await?;
        let folio = folio_with_leaves(session).await?;
        let slip = NewSlip { title: "first".to_owned() };
        let slip = session.repo::<Slip>().create(slip).await?;
        session.repo::<Stub>().create(NewStub { slip_id: slip.id }).await?;
        let stamp = session.repo::<Stamp>().create(NewStamp { number: 1 }).await?;
        clock.advance(TimeDelta::seconds(1));
        if rows == Rows::Deleted {
            sheets.delete(sheet.id).await?;
            folios.delete(folio.id).await?;
        }
        clock.advance(TimeDelta::seconds(1));
        let after_deletion = clock.now();
        stand_by(session).await?;
        clock.advance(TimeDelta::seconds(1));
        let sheet = sheets.filter(Sheet::ID.eq(sheet.id)).with_deleted().one().await?;
        let folio = folios.query().with_deleted().one().await?;
        Ok(Self { sheet, folio, slip, stamp, after_deletion })
    }
}

/// A folio with two leaves, and one that is deleted alone.
async fn folio_with_leaves(session: &Session<Tenant<Uuid>>) -> Result<Folio, Error> {
    let folio = NewFolio { title: "first".to_owned() };
    let folio = session.repo::<Folio>().create(folio).await?;
    let leaves = session.repo::<Leaf>();
    let leaf = |text: &str| NewLeaf { folio_id: folio.id, text: text.to_owned() };
    let made = leaves.create_many([leaf("a"), leaf("b"), leaf("c")]).await?;
    leaves.delete(made[2].id).await?;
    Ok(folio)
}

/// A live row and one that was deleted later.
async fn stand_by(session: &Session<Tenant<Uuid>>) -> Result<(), Error> {
    let sheets = session.repo::<Sheet>();
    let made = sheets.create_many([sheet("live"), sheet("gone")]).await?;
    sheets.delete(made[1].id).await
}
