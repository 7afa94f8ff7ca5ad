//! An office whose tables use every policy and many column types, to be copied by the databases' own programs.

use std::fmt::Debug;

use chrono::{DateTime, NaiveDate, Utc};
use repo_core::audit::{Checkpoint, Fault};
use repo_core::{
    AuditEntry, ColumnEnum, Database, Error, Repository, Schema, Session, Tenant, schema,
};
use serde_json::{Value, json};
use uuid::Uuid;

/// How far a case is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ColumnEnum)]
pub(crate) enum State {
    Open,
    Closed,
}

/// Belongs to no tenant.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "rates")]
pub(crate) struct Rate {
    #[repository(assigned)]
    pub(crate) id: String,
    pub(crate) factor: f64,
    pub(crate) since: NaiveDate,
}

/// A parent whose name is taken once.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "clients", tenant, soft_delete, audited)]
pub(crate) struct Client {
    pub(crate) id: i64,
    pub(crate) tenant_id: i64,
    #[repository(unique, max_length = 40)]
    pub(crate) name: String,
    pub(crate) deleted_at: Option<DateTime<Utc>>,
    #[repository(deletion_id)]
    pub(crate) deletion_id: Option<Uuid>,
}

/// Its children, which change and are deleted with it.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "cases", tenant, soft_delete, versioned, audited, timestamps)]
#[repository(index(state, created_at desc))]
pub(crate) struct Case {
    pub(crate) id: Uuid,
    pub(crate) tenant_id: i64,
    #[repository(references = Client, on_delete = cascade)]
    pub(crate) client_id: i64,
    pub(crate) state: State,
    pub(crate) weight: f64,
    pub(crate) text: String,
    pub(crate) scan: Option<Vec<u8>>,
    pub(crate) notes: Value,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    pub(crate) deleted_at: Option<DateTime<Utc>>,
    #[repository(deletion_id)]
    pub(crate) deletion_id: Option<Uuid>,
    pub(crate) version: i64,
}

/// What never changes.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "invoices", tenant, immutable, audited)]
pub(crate) struct Invoice {
    pub(crate) id: i64,
    pub(crate) tenant_id: i64,
    #[repository(references = Client)]
    pub(crate) client_id: i64,
    #[repository(unique)]
    pub(crate) number: i64,
}

pub(crate) fn all() -> Schema {
    schema![Rate, Client, Case, Invoice]
}

/// Texts and documents that a program which writes SQL as text may spoil.
const TEXTS: [&str; 6] = ["", "'; --", "a\\b\\.\n\r\n\t|", "\u{1F980} é", "NULL", "\\N"];

fn documents() -> [Value; 4] {
    [
        Value::Null,
        json!("a'b"),
        json!({ "b": [1, 2.5, null], "a\n": 1e300 }),
        json!([0.1, { "": {} }]),
    ]
}

/// Numbers that need all their digits.
pub(crate) const LONG: [f64; 6] =
    [0.1 + 0.2, 1.0 / 3.0, f64::MIN_POSITIVE, f64::MAX, 5e-324, -9_007_199_254_740_993.0];

/// Numbers that few digits tell.
pub(crate) const SHORT: [f64; 6] = [0.0, 0.5, 1.25, -3.0, 1024.0, -0.0625];

/// Makes the tables, and rows of two tenants in them.
pub(crate) async fn fill(db: &Database, weights: [f64; 6]) {
    db.create_tables(&all()).await.expect("tables");
    let rates = ["EUR", "US'D"].map(|id| NewRate {
        id: id.to_owned(),
        factor: 1.1,
        since: NaiveDate::from_ymd_opt(2026, 2, 28).expect("a day"),
    });
    db.session().repo::<Rate>().create_many(rates).await.expect("rates");
    for tenant in [1, 2] {
        fill_tenant(&db.tenant(tenant).actor("alice"), weights).await.expect("rows of a tenant");
    }
}

async fn fill_tenant(session: &Session<Tenant<i64>>, weights: [f64; 6]) -> repo_core::Result<()> {
    let clients = session.repo::<Client>();
    let names = ["Anna", "Bert"].map(|name| NewClient { name: name.to_owned() });
    let made = clients.create_many(names).await?;
    let cases = session.repo::<Case>();
    for (index, weight) in weights.into_iter().enumerate() {
        let new = NewCase {
            client_id: made[index % 2].id,
            state: State::Open,
            weight,
            text: TEXTS[index].to_owned(),
            scan: (index % 3 > 0).then(|| vec![0, 255, 39, 92]),
            notes: documents()[index % 4].clone(),
        };
        let case = cases.create(new).await?;
        if index % 2 == 0 {
            cases.patch(case.id, CasePatch::new().state(State::Closed)).await?;
        }
    }
    let invoices = session.repo::<Invoice>();
    for number in [7, 8, 9] {
        invoices.create(NewInvoice { client_id: made[0].id, number }).await?;
    }
    // One client goes, with its cases, and its name may be taken again.
    clients.delete(made[1].id).await?;
    clients.create(NewClient { name: "Bert".to_owned() }).await?;
    Ok(())
}

/// All that the tables hold, also what is deleted: a line for each row, with each value to its last bit.
pub(crate) async fn held(db: &Database) -> Vec<String> {
    read(db).await.expect("rows that can be read")
}

async fn read(db: &Database) -> repo_core::Result<Vec<String>> {
    let mut lines = Vec::new();
    add(&mut lines, &db.session().repo::<Rate>().query().order_by(Rate::ID.asc()).all().await?);
    for tenant in [1_i64, 2] {
        let tenant = db.tenant(tenant);
        let clients = tenant.repo::<Client>();
        add(&mut lines, &clients.query().with_deleted().order_by(Client::ID.asc()).all().await?);
        let cases = tenant.repo::<Case>();
        add(&mut lines, &cases.query().with_deleted().order_by(Case::ID.asc()).all().await?);
        let invoices = tenant.repo::<Invoice>();
        add(&mut lines, &invoices.query().order_by(Invoice::ID.asc()).all().await?);
        add(&mut lines, &tenant.audit().query().order_by(AuditEntry::SEQ.asc()).all().await?);
    }
    Ok(lines)
}

fn add<T: Debug>(lines: &mut Vec<String>, rows: &[T]) {
    lines.extend(rows.iter().map(|row| format!("{row:?}")));
}

fn assert_same(copy: &[String], original: &[String], case: &str) {
    assert_eq!(copy.len(), original.len(), "{case}");
    for (copy, original) in copy.iter().zip(original) {
        assert_eq!(copy, original, "{case}");
    }
}

/// Where the chain of tenant 1 ends, as it would be kept elsewhere.
pub(crate) async fn checkpoint(db: &Database) -> Checkpoint {
    let checkpoint = db.tenant(1_i64).audit().chain().expect("a chain").checkpoint().await;
    checkpoint.expect("a checkpoint")
}

/// One more change, of which an older copy knows nothing.
pub(crate) async fn go_on(db: &Database) {
    let clients = db.tenant(1_i64).actor("alice");
    let new = NewClient { name: "Cleo".to_owned() };
    clients.repo::<Client>().create(new).await.expect("a client");
}

/// A copy holds the same, keeps it as the original does, and can be gone on with. `before` and `then` are the rows and
/// the checkpoint when it was made, `later` is a checkpoint since then.
pub(crate) async fn assert_is_a_whole_copy(
    copy: &Database,
    (before, then, later): (&[String], &Checkpoint, &Checkpoint),
    case: &str,
) {
    assert_eq!(copy.doctor(&all()).await.expect(case), [], "{case}");
    copy.create_tables(&all()).await.expect(case);
    assert_same(&held(copy).await, before, case);

    let chain = || copy.tenant(1_i64).audit().chain().expect(case);
    let verified = chain().verify().against(then.clone()).await.expect(case);
    assert!(verified.is_intact(), "{case}: {verified}");
    let verified = chain().verify().against(later.clone()).await.expect(case);
    let missing = verified.first_bad.map(|bad| (bad.seq, bad.fault));
    assert_eq!(missing, Some((then.seq + 1, Fault::Truncated)), "{case}");

    let session = copy.tenant(1_i64).actor("bob");
    let client = session.repo::<Client>().first().await.expect(case).expect(case);
    let next = NewInvoice { client_id: client.id, number: 10 };
    // Its id is the next one, and taken by none.
    let next = session.repo::<Invoice>().create(next).await.expect(case);
    assert_eq!(next.id, 7, "{case}");
    let verified = chain().verify().against(then.clone()).await.expect(case);
    assert!(verified.is_intact() && verified.end.seq > then.seq, "{case}: {verified}");
    refuses_what_the_original_refuses(copy, case).await;
}

async fn refuses_what_the_original_refuses(copy: &Database, case: &str) {
    let session = copy.tenant(1_i64).actor("mallory");
    for sql in ["UPDATE invoices SET number = 11", "DELETE FROM repo_audit"] {
        let refused = session.unchecked_sql("tried").execute(sql).await;
        assert!(matches!(refused, Err(Error::Immutable { .. })), "{case}: {sql}: {refused:?}");
    }
    let taken = NewClient { name: "Anna".to_owned() };
    let taken = session.repo::<Client>().create(taken).await;
    assert!(matches!(taken, Err(Error::Conflict { .. })), "{case}: {taken:?}");
    let theirs = copy.tenant(2_i64).repo::<Client>().first().await.expect(case).expect(case);
    let linked = NewInvoice { client_id: theirs.id, number: 12 };
    let linked = session.repo::<Invoice>().create(linked).await;
    assert!(matches!(linked, Err(Error::ForeignKey { .. })), "{case}: {linked:?}");
}
