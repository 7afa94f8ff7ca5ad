//! Random changes of a recorded entity, in transactions and savepoints that are kept or undone: the trail
//! holds an entry for each change that stayed and for no other, its chain is intact, and every row is
//! made again from it, as it is and as it was.
//!
//! What is expected is in `recorded_model.rs`. Not here: rows that are deleted with others.

use std::future::Future;
use std::pin::Pin;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestError, TestRunner};
use repo_core::testing::{FixedClock, SequentialIds};
use repo_core::{
    AsOf, AuditEntry, Chain, Clock as _, Database, Image, ImageValue, Repository, Result, Session,
    Tenant, schema,
};
use uuid::Uuid;

use crate::generate::epoch;
use crate::recorded_model::{Entry, Model, Row};
use crate::world::World;
use crate::{number, random, rng};

const CASES: u32 = 100;

/// Every policy, a unique column and a secret.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "parcels", tenant, soft_delete, versioned, timestamps, audited)]
struct Parcel {
    id: Uuid,
    tenant_id: i64,
    #[repository(unique)]
    code: String,
    amount: i64,
    note: Option<String>,
    #[repository(sensitive)]
    secret: Option<String>,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    deleted_at: Option<DateTime<Utc>>,
}

/// The columns of a parcel that are given.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Given {
    pub(crate) code: String,
    pub(crate) amount: i64,
    pub(crate) note: Option<String>,
    pub(crate) secret: Option<String>,
}

/// New values for some of them.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    code: Option<String>,
    amount: Option<i64>,
    note: Option<Option<String>>,
    secret: Option<Option<String>>,
}

/// A row among all that were ever added, and the version that it is to have.
#[derive(Debug, Clone)]
pub(crate) struct Pick {
    index: usize,
    pub(crate) version: Option<i64>,
}

#[derive(Debug, Clone)]
pub(crate) enum Operation {
    Create(Given),
    CreateMany(Vec<Given>),
    CreateOrGet(Given),
    /// By `update` of the whole entity, or by `patch`.
    Change {
        pick: Pick,
        change: Change,
        is_whole: bool,
    },
    Delete(Pick),
    Restore(Pick),
    Purge(Pick),
    PurgeOld {
        chunk: u32,
    },
    Transaction {
        is_kept: bool,
        work: Vec<Operation>,
    },
}

impl Change {
    pub(crate) fn apply(&self, given: &mut Given) {
        let Change { code, amount, note, secret } = self.clone();
        given.code = code.unwrap_or_else(|| given.code.clone());
        given.amount = amount.unwrap_or(given.amount);
        given.note = note.unwrap_or_else(|| given.note.clone());
        given.secret = secret.unwrap_or_else(|| given.secret.clone());
    }

    fn patch(&self) -> ParcelPatch {
        let Change { code, amount, note, secret } = self.clone();
        let patch = ParcelPatch::new();
        let patch = if let Some(code) = code { patch.code(code) } else { patch };
        let patch = if let Some(amount) = amount { patch.amount(amount) } else { patch };
        let patch = if let Some(note) = note { patch.note(note) } else { patch };
        if let Some(secret) = secret { patch.secret(secret) } else { patch }
    }
}

impl Pick {
    /// Its number among so many; where there is none, one that no row has.
    pub(crate) fn number(&self, added: usize) -> usize {
        if added == 0 { usize::MAX } else { self.index % added }
    }
}

#[test]
fn the_trail_holds_every_change_that_stayed_and_no_other() {
    let seed = number("REPO_PROPERTIES_SEED").unwrap_or_else(random);
    let cases = number("REPO_PROPERTIES_CASES").map_or(CASES, |cases| cases as u32);
    println!("REPO_PROPERTIES_SEED={seed}, {cases} cases");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let world = runtime.block_on(World::new("recorded", &schema![Parcel]));
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, rng(seed));
    let tenant = std::cell::Cell::new(0);
    let result = runner.run(&vec(operation(2), 1..25), |steps| {
        tenant.set(tenant.get() + 1);
        for (name, db) in &world.databases {
            let compared = runtime.block_on(compare(db, tenant.get(), &steps));
            compared.map_err(|error| TestCaseError::fail(format!("{name}: {error}")))?;
        }
        Ok(())
    });
    runtime.block_on(world.remove());
    match result {
        Ok(()) => {}
        Err(TestError::Fail(reason, steps)) => {
            panic!("REPO_PROPERTIES_SEED={seed}\n{steps:#?}\n{reason}")
        }
        Err(TestError::Abort(reason)) => panic!("REPO_PROPERTIES_SEED={seed}\n{reason}"),
    }
}

/// The operations on one database.
struct Run {
    session: Session<Tenant<i64>>,
    /// By the number of the row.
    ids: Vec<Uuid>,
    trace: Vec<bool>,
}

async fn compare(db: &Database, tenant: i64, steps: &[Operation]) -> Result<(), TestCaseError> {
    let clock = FixedClock::at(epoch());
    let db = db.clone().with_clock(clock.clone()).with_ids(SequentialIds::new());
    let session = db.tenant(tenant).actor("alice");
    let mut run = Run { session: session.clone(), ids: Vec::new(), trace: Vec::new() };
    let mut model = Model::new(clock.now());
    let mut states = Vec::new();
    for step in steps {
        clock.advance(TimeDelta::seconds(1));
        model.step(step, clock.now());
        run.step(&session, step).await;
        prop_assert_eq!(&run.trace, &model.trace, "{:?}", step);
        run.compare_trail(&model, step).await?;
        states.push((clock.now(), model.state.rows.clone()));
    }
    let chain = Chain::tenant(&tenant).expect("a tenant");
    let verified = db.audit_chain(chain).verify().await.expect("an answer");
    prop_assert!(verified.is_intact(), "{}", verified);
    prop_assert_eq!(verified.entries, model.state.entries.len() as u64);
    for (at, rows) in &states {
        for (number, id) in run.ids.iter().enumerate() {
            let then = session.audit().as_of::<Parcel>(*id, *at).await.expect("an answer");
            prop_assert_eq!(then.map(row_as_of), rows.get(&number).map(redacted), "{} {}", at, id);
        }
    }
    let now = session.repo::<Parcel>().query().with_deleted().all().await.expect("an answer");
    prop_assert_eq!(now.len(), model.state.rows.len());
    for (parcel, row) in now.into_iter().zip(model.state.rows.values()) {
        prop_assert_eq!(&row_of(parcel), row);
    }
    Ok(())
}

impl Run {
    async fn compare_trail(&self, model: &Model, step: &Operation) -> Result<(), TestCaseError> {
        let query = self.session.audit().query().order_by(AuditEntry::SEQ.asc());
        let entries = query.all().await.expect("an answer");
        let numbers: Vec<_> = entries.iter().map(|entry| entry.seq).collect();
        prop_assert_eq!(numbers, (1..=entries.len() as i64).collect::<Vec<_>>());
        let told: Vec<_> = entries.iter().map(|entry| self.told(entry)).collect();
        prop_assert_eq!(&told, &model.state.entries, "{:?}", step);
        Ok(())
    }

    /// An entry as the model has it.
    fn told(&self, entry: &AuditEntry) -> Entry {
        let is_it = |id: &Uuid| id.to_string() == entry.entity_id;
        let row = self.ids.iter().position(is_it).expect("a row that was added");
        let columns = |image: &Option<Image>| image.as_ref().map(columns);
        let (before, after) = (columns(&entry.before), columns(&entry.after));
        Entry { action: entry.action, row, before, after }
    }

    /// Returns whether it did what it was asked for.
    fn step<'a>(
        &'a mut self,
        session: &'a Session<Tenant<i64>>,
        operation: &'a Operation,
    ) -> Pin<Box<dyn Future<Output = bool> + 'a>> {
        Box::pin(async move {
            let Operation::Transaction { is_kept, work } = operation else {
                let done = self.change(session, operation).await;
                let is_database = done.as_ref().is_err_and(|error| error.is_conflict());
                self.trace.push(done.is_ok());
                return !is_database;
            };
            let transaction = session.begin().await.expect("a transaction");
            let mut goes_on = true;
            for operation in work {
                if !self.step(&transaction, operation).await {
                    goes_on = false;
                    break;
                }
            }
            let ended =
                if *is_kept { transaction.commit().await } else { transaction.rollback().await };
            assert_eq!(ended.is_ok(), goes_on || !is_kept, "{ended:?}");
            true
        })
    }

    async fn change(
        &mut self,
        session: &Session<Tenant<i64>>,
        operation: &Operation,
    ) -> Result<()> {
        let parcels = session.repo::<Parcel>();
        let id = |pick: &Pick| self.ids.get(pick.number(self.ids.len())).copied();
        match operation {
            Operation::Create(given) => self.ids.push(parcels.create(new(given)).await?.id),
            Operation::CreateMany(given) => {
                let made = parcels.create_many(given.iter().map(new)).await?;
                self.ids.extend(made.iter().map(|parcel| parcel.id));
            }
            Operation::CreateOrGet(given) => {
                let made = parcels.create_or_get(Parcel::CODE, new(given)).await?;
                self.ids.extend(made.is_new.then_some(made.entity.id));
            }
            Operation::Change { pick, change, is_whole: false } => {
                let patch = parcels.patch(id(pick).unwrap_or_default(), change.patch());
                match pick.version {
                    Some(version) => patch.if_version(version).await.map(drop)?,
                    None => patch.await.map(drop)?,
                }
            }
            Operation::Change { pick, change, is_whole: true } => {
                let mut parcel = parcels.get(id(pick).unwrap_or_default()).await?;
                parcel.version = pick.version.unwrap_or(parcel.version);
                parcels.update(&changed(parcel, change)).await.map(drop)?;
            }
            Operation::Delete(pick) => {
                let delete = parcels.delete(id(pick).unwrap_or_default());
                match pick.version {
                    Some(version) => delete.if_version(version).await?,
                    None => delete.await?,
                }
            }
            Operation::Restore(pick) => {
                let restore = parcels.restore(id(pick).unwrap_or_default());
                match pick.version {
                    Some(version) => restore.if_version(version).await.map(drop)?,
                    None => restore.await.map(drop)?,
                }
            }
            Operation::Purge(pick) => {
                let purge = parcels.purge(id(pick).unwrap_or_default());
                match pick.version {
                    Some(version) => purge.if_version(version).await?,
                    None => purge.await?,
                }
            }
            Operation::PurgeOld { chunk } => {
                let later = epoch() + TimeDelta::days(1);
                parcels.purge_deleted_before(later).chunk(*chunk).await.map(drop)?;
            }
            Operation::Transaction { .. } => unreachable!("its operations are run one by one"),
        }
        Ok(())
    }
}

fn new(given: &Given) -> NewParcel {
    let Given { code, amount, note, secret } = given.clone();
    NewParcel { code, amount, note, secret }
}

fn changed(parcel: Parcel, change: &Change) -> Parcel {
    let mut given = row_of(parcel.clone()).given;
    change.apply(&mut given);
    let Given { code, amount, note, secret } = given;
    Parcel { code, amount, note, secret, ..parcel }
}

fn row_of(parcel: Parcel) -> Row {
    let Parcel { code, amount, note, secret, version, created_at, updated_at, deleted_at, .. } =
        parcel;
    let given = Given { code, amount, note, secret };
    Row { given, version, created_at, updated_at, deleted_at }
}

fn row_as_of(then: AsOf<Parcel>) -> Row {
    assert_eq!(then.redacted, ["secret"]);
    row_of(then.entity)
}

/// As the trail tells it.
fn redacted(row: &Row) -> Row {
    Row { given: Given { secret: None, ..row.given.clone() }, ..row.clone() }
}

/// The columns of an image, without the id and the tenant.
fn columns(image: &Image) -> Vec<(&'static str, ImageValue)> {
    let names = ["code", "amount", "note", "secret", "version", "created_at", "updated_at"];
    let known = |name: &str| names.into_iter().chain(["deleted_at"]).find(|known| *known == name);
    let columns = image.columns().into_iter();
    columns.filter_map(|(name, value)| Some((known(&name)?, value))).collect()
}

fn operation(depth: u32) -> BoxedStrategy<Operation> {
    let simple = prop_oneof![
        5 => given().prop_map(Operation::Create),
        1 => vec(given(), 0..4).prop_map(Operation::CreateMany),
        2 => given().prop_map(Operation::CreateOrGet),
        6 => (pick(), change(), any::<bool>())
            .prop_map(|(pick, change, is_whole)| Operation::Change { pick, change, is_whole }),
        4 => pick().prop_map(Operation::Delete),
        3 => pick().prop_map(Operation::Restore),
        1 => pick().prop_map(Operation::Purge),
        1 => (1..4_u32).prop_map(|chunk| Operation::PurgeOld { chunk }),
    ];
    if depth == 0 {
        return simple.boxed();
    }
    let transaction = (prop::bool::weighted(0.7), vec(operation(depth - 1), 0..6))
        .prop_map(|(is_kept, work)| Operation::Transaction { is_kept, work });
    prop_oneof![5 => simple, 2 => transaction].boxed()
}

/// Few values, so that codes collide and changes change nothing.
fn given() -> impl Strategy<Value = Given> {
    (code(), 0..3_i64, text(), text()).prop_map(|(code, amount, note, secret)| Given {
        code,
        amount,
        note,
        secret,
    })
}

fn change() -> impl Strategy<Value = Change> {
    let parts = (
        option::weighted(0.3, code()),
        option::of(0..3_i64),
        option::weighted(0.3, text()),
        option::weighted(0.3, text()),
    );
    parts.prop_map(|(code, amount, note, secret)| Change { code, amount, note, secret })
}

fn pick() -> impl Strategy<Value = Pick> {
    (0..12_usize, option::weighted(0.3, 1..4_i64))
        .prop_map(|(index, version)| Pick { index, version })
}

fn code() -> impl Strategy<Value = String> {
    "[a-f]"
}

fn text() -> impl Strategy<Value = Option<String>> {
    option::of("[xy]")
}
