//! Random changes of a recorded entity, in transactions and savepoints that are kept or undone: the trail
//! holds an entry for each change that stayed and for no other, its chain is intact, and every row is
//! made again from it, as it is and as it was.
//!
//! What is expected is in `recorded_model.rs`. Not here: rows that are deleted with others.

use std::future::Future;
use std::pin::Pin;

use chrono::TimeDelta;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestError, TestRunner};
use repo_core::audit::{AsOf, Chain, Image, ImageValue};
use repo_core::testing::{FixedClock, SequentialIds};
use repo_core::{AuditEntry, Clock as _, Database, Outcome, Result, Session, Tenant, schema};
use uuid::Uuid;

use crate::generate::epoch;
use crate::recorded_generate::operation;
use crate::recorded_model::{Entry, Model, Row};
use crate::recorded_operation::{
    Change, Given, NewParcel, Operation, Parcel, ParcelRepository, Pick,
};
use crate::world::World;
use crate::{number, random, rng};

const CASES: u32 = 100;

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
                let is_conflict = done.as_ref().is_err_and(|error| error.is_conflict());
                self.trace.push(done.is_ok());
                return !is_conflict || operation.is_a_savepoint();
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
                self.ids.extend(made.is_new().then_some(made.entity.id));
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
            _ => self.change_many(&parcels, operation).await?,
        }
        Ok(())
    }

    async fn change_many(
        &mut self,
        parcels: &ParcelRepository<Tenant<i64>>,
        operation: &Operation,
    ) -> Result<()> {
        let of = |amount: &i64| parcels.filter(Parcel::AMOUNT.eq(*amount));
        match operation {
            Operation::PatchAll { amount, change, more: 0 } => {
                of(amount).patch_all(change.patch()).await.map(drop)
            }
            Operation::PatchAll { amount, change, more } => {
                let patch = change.patch().add(Parcel::AMOUNT, *more);
                of(amount).patch_all(patch).await.map(drop)
            }
            Operation::DeleteAll { amount } => of(amount).delete_all().await.map(drop),
            Operation::DeleteMany(picks) => {
                let id = |pick: &Pick| self.ids.get(pick.number(self.ids.len())).copied();
                parcels.delete_many(picks.iter().map(|pick| id(pick).unwrap_or_default())).await
            }
            Operation::Upsert(given) => {
                let row = parcels.upsert(Parcel::CODE, new(given)).await?;
                let is_new = row.outcome == Outcome::Created;
                self.ids.extend(is_new.then_some(row.entity.id));
                Ok(())
            }
            _ => unreachable!("only changes of many rows come here"),
        }
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
