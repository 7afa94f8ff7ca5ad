//! Random changes of an entity that is validated and told of, in transactions and savepoints that are kept or
//! undone: a refused row changes nothing on any path, and what is told is what was changed, in order, and
//! only what was committed.
//!
//! What is expected is in `hooked_model.rs`.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use chrono::TimeDelta;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestError, TestRunner};
use repo_core::testing::{FixedClock, SequentialIds};
use repo_core::{Database, Error, Event, Result, Session, Tenant, schema};
use uuid::Uuid;

use crate::generate::epoch;
use crate::hooked_model::{CONFLICT, MISSING, Model, Row, Told};
use crate::hooked_operation::{Given, NewSlip, Operation, Slip, operation};
use crate::world::World;
use crate::{number, random, rng};

const CASES: u32 = 100;

/// What was told, by any session of a database.
type Heard = Arc<Mutex<Vec<Event<Slip>>>>;

#[test]
fn what_is_refused_changes_nothing_and_what_is_committed_is_told() {
    let seed = number("REPO_PROPERTIES_SEED").unwrap_or_else(random);
    let cases = number("REPO_PROPERTIES_CASES").map_or(CASES, |cases| cases as u32);
    println!("REPO_PROPERTIES_SEED={seed}, {cases} cases");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let world = runtime.block_on(World::new("hooked", &schema![Slip]));
    let listened: Vec<(&str, &Database, Heard)> =
        world.databases.iter().map(|(name, db)| (*name, db, listen(db))).collect();
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, rng(seed));
    let tenant = std::cell::Cell::new(0);
    let result = runner.run(&vec(operation(2), 1..25), |steps| {
        tenant.set(tenant.get() + 1);
        for (name, db, heard) in &listened {
            let compared = runtime.block_on(compare(db, heard, tenant.get(), &steps));
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

fn listen(db: &Database) -> Heard {
    let heard = Heard::default();
    let ear = Arc::clone(&heard);
    db.on_commit(move |event: Event<Slip>| {
        ear.lock().expect("nobody panics with it").push(event);
        async {}
    });
    heard
}

/// The operations on one database.
struct Run {
    /// By the number of the row.
    ids: Vec<Uuid>,
    trace: Vec<String>,
}

async fn compare(
    db: &Database,
    heard: &Heard,
    tenant: i64,
    steps: &[Operation],
) -> Result<(), TestCaseError> {
    let clock = FixedClock::at(epoch());
    let db = db.clone().with_clock(clock.clone()).with_ids(SequentialIds::new());
    let session = db.tenant(tenant);
    let (mut run, mut model) = (Run { ids: Vec::new(), trace: Vec::new() }, Model::default());
    // Of a run that failed amid its steps.
    heard.lock().expect("nobody panics with it").clear();
    let mut told = Vec::new();
    for step in steps {
        clock.advance(TimeDelta::seconds(1));
        model.now += 1;
        model.run(step);
        run.step(&session, step, false).await;
        prop_assert_eq!(&run.trace, &model.trace, "{:?}", step);
        let events = std::mem::take(&mut *heard.lock().expect("nobody panics with it"));
        for event in events {
            prop_assert_eq!(event.tenant.as_deref(), Some(&*tenant.to_string()));
            told.push(run.told(event));
        }
        prop_assert_eq!(&told, &model.state.told, "{:?}", step);
        let rows = session.repo::<Slip>().query().with_deleted().all().await.expect("an answer");
        let rows: Vec<Row> = rows.into_iter().map(row_of).collect();
        let expected: Vec<Row> = model.state.rows.values().cloned().collect();
        prop_assert_eq!(rows, expected, "{:?}", step);
    }
    Ok(())
}

impl Run {
    /// An event as the model has it.
    fn told(&self, event: Event<Slip>) -> Told {
        let row = self.ids.iter().position(|id| *id == event.id).expect("a row that was added");
        let Event { action, before, after, .. } = event;
        Told { action, row, before: before.map(row_of), after: after.map(row_of) }
    }

    /// Returns whether the level on which it ran can go on.
    fn step<'a>(
        &'a mut self,
        session: &'a Session<Tenant<i64>>,
        operation: &'a Operation,
        is_inside: bool,
    ) -> Pin<Box<dyn Future<Output = bool> + 'a>> {
        Box::pin(async move {
            let Operation::Transaction { is_kept, work } = operation else {
                let done = self.change(session, operation).await;
                let has_failed = is_inside
                    && operation.fails_its_level()
                    && done.as_ref().is_err_and(Error::is_conflict);
                self.trace.push(format!("{:?}", done.map_err(|error| described(&error))));
                return !has_failed;
            };
            let transaction = session.begin().await.expect("a transaction");
            let mut goes_on = true;
            for operation in work {
                goes_on = self.step(&transaction, operation, true).await;
                if !goes_on {
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
        let slips = session.repo::<Slip>();
        match operation {
            Operation::Create(given) => self.ids.push(slips.create(new(given)).await?.id),
            Operation::CreateMany(all) => {
                let made = slips.create_many(all.iter().map(new)).await?;
                self.ids.extend(made.iter().map(|slip| slip.id));
            }
            Operation::CreateManyPartial(all) => {
                let made = slips.create_many_partial(all.iter().map(new)).await?;
                self.ids.extend(made.iter().flatten().map(|slip| slip.id));
                let outcomes = made.into_iter().map(|it| it.map(drop).map_err(|e| described(&e)));
                self.trace.push(format!("{:?}", outcomes.collect::<Vec<_>>()));
            }
            Operation::CreateOrGet(given) => {
                let made = slips.create_or_get(Slip::CODE, new(given)).await?;
                self.ids.extend(made.is_new().then_some(made.entity.id));
            }
            Operation::Import(all) => {
                let line = |it: &Given| format!("{},{},{}\n", it.code, it.amount, it.is_paid);
                let lines: String = all.iter().map(line).collect();
                let file = format!("code,amount,is_paid\n{lines}");
                slips.import_csv(file.as_bytes()).fresh_ids().await?;
                // They are the last ones, in their order.
                let slips = slips.query().with_deleted().all().await?;
                let ids = slips[slips.len() - all.len()..].iter().map(|slip| slip.id);
                self.ids.extend(ids);
            }
            Operation::Upsert(given) => {
                let id = slips.upsert(Slip::CODE, new(given)).await?.entity.id;
                self.ids.extend((!self.ids.contains(&id)).then_some(id));
            }
            Operation::UpsertMany(all) => {
                let rows = slips.upsert_many(Slip::CODE, all.iter().map(new)).await?;
                for id in rows.into_iter().map(|row| row.entity.id) {
                    self.ids.extend((!self.ids.contains(&id)).then_some(id));
                }
            }
            _ => return self.alter(session, operation).await,
        }
        Ok(())
    }

    async fn alter(&self, session: &Session<Tenant<i64>>, operation: &Operation) -> Result<()> {
        let slips = session.repo::<Slip>();
        let id =
            |row: &usize| row.checked_rem(self.ids.len()).map_or(Uuid::nil(), |at| self.ids[at]);
        let of = |amount: &i64| slips.filter(Slip::AMOUNT.eq(*amount));
        match operation {
            Operation::Update(row, change) => {
                let slip = slips.get(id(row)).await?;
                let Given { code, amount, is_paid } = change.apply(&row_of(slip.clone()).given);
                slips.update(&Slip { code, amount, is_paid, ..slip }).await.map(drop)
            }
            Operation::Patch(row, change) => slips.patch(id(row), change.patch()).await.map(drop),
            Operation::PatchMany(all) => {
                let patches = all.iter().map(|(row, change)| (id(row), change.patch()));
                slips.patch_many(patches).await.map(drop)
            }
            Operation::PatchAll(amount, is_paid, more) => {
                let patch = crate::hooked_operation::SlipPatch::new().add(Slip::AMOUNT, *more);
                let patch =
                    if let Some(is_paid) = is_paid { patch.is_paid(*is_paid) } else { patch };
                of(amount).patch_all(patch).await.map(drop)
            }
            Operation::Delete(row) => slips.delete(id(row)).await,
            Operation::DeleteMany(rows) => slips.delete_many(rows.iter().map(id)).await,
            Operation::DeleteAll(amount) => of(amount).delete_all().await.map(drop),
            Operation::DeleteInChunks(amount, size) => {
                of(amount).delete_in_chunks(*size).await.map(drop)
            }
            Operation::Restore(row) => slips.restore(id(row)).await.map(drop),
            Operation::Purge(row) => slips.purge(id(row)).await,
            Operation::PurgeOld(chunk) => {
                let later = epoch() + TimeDelta::days(1);
                slips.purge_deleted_before(later).chunk(*chunk).await.map(drop)
            }
            _ => unreachable!("the others are done before"),
        }
    }
}

fn new(given: &Given) -> NewSlip {
    let Given { code, amount, is_paid } = given.clone();
    NewSlip { code, amount, is_paid }
}

fn row_of(slip: Slip) -> Row {
    let Slip { code, amount, is_paid, version, deleted_at, .. } = slip;
    let deleted_at = deleted_at.map(|at| (at - epoch()).num_seconds());
    Row { given: Given { code, amount, is_paid }, version, deleted_at }
}

/// The cause, and which of the rows that are given.
fn described(error: &Error) -> String {
    let cause = match error.cause() {
        Error::ValidationFailed { problems, .. } => {
            problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        }
        Error::Conflict { .. } | Error::RestoreConflict { .. } => CONFLICT.to_owned(),
        Error::NotFound { .. } => MISSING.to_owned(),
        Error::NotDeleted { .. } => "not deleted".to_owned(),
        Error::IdempotencyMismatch { .. } => "mismatch".to_owned(),
        Error::InvalidInput { .. } => "input".to_owned(),
        other => format!("{other:?}"),
    };
    match (error.row(), error.line()) {
        // All of them are looked for first: which one is missing is said elsewhere.
        (Some(_), _) if cause == MISSING => cause,
        (Some(row), _) => format!("row {row}: {cause}"),
        (None, Some(line)) => format!("line {line}: {cause}"),
        (None, None) => cause,
    }
}
