//! Rows of one list that refer to each other by ids that they were given: each comes after what it refers to.

use chrono::{DateTime, Utc};
use repo_core::{
    Database, Entity, Error, OwnedBy, ReferenceSide, Repo, Repository, Session, Tenant, schema,
};
use uuid::Uuid;

use crate::expect::assert_error;
use crate::fixture::{Fixture, acme};

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "steps", tenant)]
struct Step {
    #[repository(assigned)]
    id: String,
    tenant_id: Uuid,
    #[repository(references = Step)]
    after: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "traced_steps", tenant, audited)]
struct TracedStep {
    #[repository(assigned)]
    id: i64,
    tenant_id: Uuid,
    #[repository(references = TracedStep)]
    after: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "marked_steps", tenant, soft_delete)]
struct MarkedStep {
    #[repository(assigned)]
    id: i32,
    tenant_id: Uuid,
    #[repository(references = MarkedStep)]
    after: Option<i32>,
    deleted_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "final_steps", tenant, immutable)]
struct FinalStep {
    #[repository(assigned)]
    id: Uuid,
    tenant_id: Uuid,
    #[repository(references = FinalStep)]
    after: Option<Uuid>,
}

/// A row that may refer to another of its table, by the numbers of both.
type Numbered = (i32, Option<i32>);

trait OfSteps: Entity<Tenancy = OwnedBy<Uuid>> {
    fn step(row: Numbered) -> Self::New;

    /// Deletes a step, where it stays as a deleted one; otherwise it never was.
    async fn delete(_: &Repo<Self, Tenant<Uuid>>, _: i32) {}
}

impl OfSteps for Step {
    fn step((id, after): Numbered) -> NewStep {
        NewStep { id: id.to_string(), after: after.map(|id| id.to_string()) }
    }
}

impl OfSteps for TracedStep {
    fn step((id, after): Numbered) -> NewTracedStep {
        NewTracedStep { id: id.into(), after: after.map(i64::from) }
    }
}

impl OfSteps for MarkedStep {
    fn step((id, after): Numbered) -> NewMarkedStep {
        NewMarkedStep { id, after }
    }

    async fn delete(steps: &Repo<Self, Tenant<Uuid>>, id: i32) {
        steps.create(Self::step((id, None))).await.unwrap();
        steps.delete(id).await.unwrap();
    }
}

impl OfSteps for FinalStep {
    fn step((id, after): Numbered) -> NewFinalStep {
        let uuid = |id: i32| Uuid::from_u128(id.try_into().unwrap());
        NewFinalStep { id: uuid(id), after: after.map(uuid) }
    }
}

/// A step that is there, one that is deleted where it can be, and one that nobody has.
const THERE: i32 = 1_000_007;
const DELETED: i32 = 1_000_008;
const NOWHERE: i32 = 1_000_009;

async fn steps_of<E: OfSteps>(db: &Database) -> Session<Tenant<Uuid>> {
    let session = db.tenant(Uuid::new_v4()).actor("alice");
    let steps: Repo<E, _> = (*session.repo::<E>()).clone();
    steps.create(E::step((THERE, None))).await.unwrap();
    E::delete(&steps, DELETED).await;
    session
}

/// The first row that is refused where one is created after the other, and why.
async fn one_by_one<E: OfSteps>(db: &Database, rows: &[Numbered]) -> Option<(usize, String)> {
    let session = steps_of::<E>(db).await;
    for (index, row) in rows.iter().enumerate() {
        if let Err(error) = session.repo::<E>().create(E::step(*row)).await {
            return Some((index, error.to_string()));
        }
    }
    None
}

/// The same where they are created together, by themselves and in a transaction.
async fn together<E: OfSteps>(db: &Database, rows: &[Numbered]) -> Option<(usize, String)> {
    let new = || rows.iter().map(|row| E::step(*row));
    let session = steps_of::<E>(db).await;
    let tx = session.begin().await.unwrap();
    let within = tx.repo::<E>().create_many(new()).await;
    tx.rollback().await.unwrap();
    let alone = session.repo::<E>().create_many(new()).await;
    let added = if alone.is_ok() { rows.len() as u64 } else { 0 };
    assert_eq!(session.repo::<E>().query().count().await.unwrap(), 1 + added);
    let told = [within, alone].map(|result| {
        let error = result.map(drop).err()?;
        let row = error.row().unwrap_or_else(|| panic!("of no row: {error:?}"));
        Some((row, error.into_cause().to_string()))
    });
    assert_eq!(told[0], told[1], "in a transaction, and by itself");
    let [_, alone] = told;
    alone
}

/// What comes of each row where one is created after the other, whatever came of those before.
async fn each_by_itself<E: OfSteps>(db: &Database, rows: &[Numbered]) -> Vec<Option<String>> {
    let session = steps_of::<E>(db).await;
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        all.push(session.repo::<E>().create(E::step(*row)).await.err().map(|it| it.to_string()));
    }
    all
}

/// The same where those are added together that can be.
async fn what_is_left<E: OfSteps>(db: &Database, rows: &[Numbered]) -> Vec<Option<String>> {
    let session = steps_of::<E>(db).await;
    let new = rows.iter().map(|row| E::step(*row));
    let all = session.repo::<E>().create_many_partial(new).await.unwrap();
    all.into_iter().map(|row| row.err().map(|error| error.to_string())).collect()
}

const LISTS: [&[Numbered]; 15] = [
    &[(1, Some(2)), (2, None)],
    &[(1, Some(2)), (2, Some(1))],
    &[(1, Some(1)), (2, Some(1)), (3, Some(2))],
    &[(1, None), (2, Some(3)), (3, Some(1))],
    &[(1, Some(2)), (2, None), (1, None)],
    &[(1, Some(2)), (2, None), (3, Some(NOWHERE))],
    &[(1, None), (1, None), (2, Some(3)), (3, None)],
    &[(1, None), (2, Some(1)), (1, None)],
    &[(1, Some(NOWHERE)), (2, Some(3)), (3, None)],
    &[(1, Some(THERE)), (2, Some(1)), (3, Some(THERE))],
    &[(1, Some(THERE)), (2, Some(1)), (THERE, None), (3, None)],
    &[(1, Some(THERE)), (2, Some(3)), (3, None), (THERE, None)],
    &[(1, Some(DELETED)), (DELETED, None)],
    &[(1, None), (THERE, None), (2, Some(DELETED)), (3, Some(4)), (4, None)],
    &[(1, Some(2)), (2, Some(DELETED))],
];

async fn are_refused_as_one_by_one<E: OfSteps>(db: &Database) {
    for rows in LISTS {
        assert_eq!(together::<E>(db, rows).await, one_by_one::<E>(db, rows).await, "{rows:?}");
        let left_out = what_is_left::<E>(db, rows).await;
        assert_eq!(left_out, each_by_itself::<E>(db, rows).await, "{rows:?}");
    }
}

pub(crate) async fn no_row_of_many_refers_to_one_that_comes_after_it(fixture: Fixture) {
    let db = fixture.with(&schema![Step, TracedStep, MarkedStep, FinalStep]).await;
    are_refused_as_one_by_one::<Step>(&db).await;
    are_refused_as_one_by_one::<TracedStep>(&db).await;
    are_refused_as_one_by_one::<MarkedStep>(&db).await;
    are_refused_as_one_by_one::<FinalStep>(&db).await;
    let steps = acme(&db).repo::<Step>();
    let refused = steps.create_many([(1, Some(2)), (2, None)].map(Step::step)).await.unwrap_err();
    assert_eq!(refused.row(), Some(0));
    assert_error!(Err::<(), _>(refused), Error::ForeignKey { side: ReferenceSide::Child, .. });
}

pub(crate) async fn however_many_they_are_each_comes_after_what_it_refers_to(fixture: Fixture) {
    let db = fixture.with(&schema![Step, TracedStep, MarkedStep, FinalStep]).await;
    are_in_order_however_many::<Step>(&db, &[900, 1_500, 30_000]).await;
    are_in_order_however_many::<TracedStep>(&db, &[900, 1_500]).await;
    are_in_order_however_many::<MarkedStep>(&db, &[900, 1_500]).await;
    are_in_order_however_many::<FinalStep>(&db, &[900, 1_500]).await;
}

async fn are_in_order_however_many<E: OfSteps>(db: &Database, counts: &[i32]) {
    for count in counts.iter().copied() {
        let last = usize::try_from(count).unwrap() - 1;
        let chain = (1..=count).map(|id| (id, (id > 1).then_some(id - 1)));
        let turned: Vec<_> = chain.clone().rev().collect();
        let (row, why) = together::<E>(db, &turned).await.unwrap();
        assert_eq!(row, 0, "{why}");
        let mut chain: Vec<_> = chain.collect();
        assert_eq!(together::<E>(db, &chain).await, None);
        chain.swap(last, last - 1);
        let (row, why) = together::<E>(db, &chain).await.unwrap();
        assert_eq!(row, last - 1, "{why}");
        // What the first refers to is there, so that the last is one too many.
        (chain[0], chain[last]) = ((1, Some(THERE)), (THERE, None));
        chain[last - 1] = (count, None);
        let (row, why) = together::<E>(db, &chain).await.unwrap();
        assert_eq!(row, last, "{why}");
    }
}

pub(crate) async fn a_transaction_goes_on_where_no_row_was_sent(fixture: Fixture) {
    let db = fixture.with(&schema![Step]).await;
    let session = acme(&db);
    let steps = session.repo::<Step>();
    let nul = NewStep { id: "a\0".to_owned(), after: None };
    let turned = [Step::step((1, Some(2))), Step::step((2, None)), nul];
    let refused = steps.create_many(turned.clone()).await.unwrap_err();
    assert!(refused.is_invalid_input(), "{refused:?}");
    assert_eq!(refused.row(), Some(2));
    let tx = session.begin().await.unwrap();
    let within = tx.repo::<Step>();
    let refused = within.create_many(turned).await.unwrap_err();
    assert_eq!((refused.is_invalid_input(), refused.row()), (true, Some(2)));
    within.create(Step::step((1, None))).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(steps.count().await.unwrap(), 1);
}
