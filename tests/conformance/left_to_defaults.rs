//! Rows that are asked for by a key again, after somebody worked on what their creator had left to defaults.

use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Utc};
use repo_core::{
    Action, ColumnEnum, Database, Error, Outcome, Problems, Repo, Repository, Tenant,
    ValidateUpdate, schema,
};
use uuid::Uuid;

use crate::expect::assert_error;
use crate::fixture::{Fixture, acme};

/// A line of a feed, and what becomes of it.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "losses", tenant, versioned, timestamps, audited, validate(update))]
#[repository(unique(source, line))]
pub(crate) struct Loss {
    pub(crate) id: Uuid,
    pub(crate) tenant_id: Uuid,
    #[repository(default = "main".to_owned())]
    pub(crate) source: String,
    pub(crate) line: i64,
    pub(crate) cents: i64,
    #[repository(default = Progress::New)]
    pub(crate) progress: Progress,
    #[repository(default = None)]
    pub(crate) adjuster: Option<String>,
    #[repository(fixed, default = never_the_same())]
    pub(crate) arrival: i64,
    #[repository(sensitive, default = None)]
    pub(crate) pin: Option<String>,
    #[repository(json, default = Vec::new())]
    pub(crate) notes: Vec<String>,
    #[repository(json, default = None)]
    pub(crate) photo: Option<Vec<i64>>,
    pub(crate) version: i64,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ColumnEnum)]
pub(crate) enum Progress {
    New,
    Closed,
}

impl ValidateUpdate for Loss {
    fn validate_update(&self, before: &Self, problems: &mut Problems<Self>) {
        let is_opened = before.progress == Progress::Closed && self.progress == Progress::New;
        problems.require(Loss::PROGRESS, !is_opened, "stays closed");
    }
}

fn never_the_same() -> i64 {
    static LAST: AtomicI64 = AtomicI64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed)
}

fn loss(line: i64, cents: i64) -> NewLoss {
    NewLoss { line, cents }
}

fn losses(db: &Database) -> Repo<Loss, Tenant<Uuid>> {
    (*acme(db).actor("alice").repo::<Loss>()).clone()
}

/// What somebody does with a row.
async fn worked_on(losses: &Repo<Loss, Tenant<Uuid>>, row: &Loss) -> Loss {
    let patch = LossPatch::new()
        .progress(Progress::Closed)
        .adjuster(Some("ann".to_owned()))
        .pin(Some("4711".to_owned()))
        .notes(vec!["seen".to_owned()])
        .photo(Some(vec![1]));
    losses.patch(row.id, patch).await.unwrap()
}

const KEY: (repo_core::Column<Loss, String>, repo_core::Column<Loss, i64>) =
    (Loss::SOURCE, Loss::LINE);

pub(crate) async fn what_was_not_set_is_not_compared(fixture: Fixture) {
    let db = fixture.with(&schema![Loss]).await;
    let losses = losses(&db);
    let first = losses.create_or_get(KEY, loss(1, 5)).await.unwrap();
    assert!(first.is_new());
    let again = losses.create_or_get(KEY, loss(1, 5)).await.unwrap();
    assert_eq!((again.is_new(), &again.entity), (false, &first.entity));
    let row = worked_on(&losses, &first.entity).await;
    let again = losses.create_or_get(KEY, loss(1, 5)).await.unwrap();
    assert_eq!((again.is_new(), &again.entity), (false, &row));
    let same = loss(1, 5).progress(Progress::Closed).notes(vec!["seen".to_owned()]);
    assert_eq!(losses.create_or_get(KEY, same).await.unwrap().entity, row);
    for other in [
        loss(1, 6).into(),
        loss(1, 5).progress(Progress::New),
        loss(1, 5).adjuster(None),
        loss(1, 5).arrival(row.arrival + 1),
        loss(1, 5).notes(Vec::new()),
        loss(1, 5).photo(None),
    ] {
        let set: LossDraft = other;
        let met = losses.create_or_get(KEY, set).await;
        assert_error!(met, Error::IdempotencyMismatch { columns, .. } if columns == ["source", "line"]);
    }
    let found = losses.filter(Loss::SOURCE.eq("main") & Loss::LINE.eq(1)).one().await.unwrap();
    assert_eq!(found, row);
}

pub(crate) async fn what_was_not_set_is_left_as_it_is(fixture: Fixture) {
    let db = fixture.with(&schema![Loss]).await;
    let losses = losses(&db);
    let first = losses.upsert(KEY, loss(1, 5)).await.unwrap();
    assert_eq!((first.outcome, first.entity.progress), (Outcome::Created, Progress::New));
    let row = worked_on(&losses, &first.entity).await;
    let same = losses.upsert(KEY, loss(1, 5)).await.unwrap();
    assert_eq!((same.outcome, &same.entity), (Outcome::Unchanged, &row));
    let dearer = losses.upsert(KEY, loss(1, 7)).await.unwrap();
    let updated_at = dearer.entity.updated_at;
    let expected = Loss { cents: 7, version: 3, updated_at, ..row.clone() };
    assert_eq!((dearer.outcome, &dearer.entity), (Outcome::Updated, &expected));
    let session = acme(&db).actor("alice");
    let history = session.audit().history::<Loss>(row.id).all().await.unwrap();
    let actions: Vec<_> = history.iter().map(|entry| entry.action).collect();
    assert_eq!(actions, [Action::Create, Action::Update, Action::Update]);
    let (before, after) = (&history[2].before, &history[2].after);
    let (before, after) = (before.as_ref().unwrap().as_str(), after.as_ref().unwrap().as_str());
    assert!(before.contains("cents") && after.contains("cents"), "{before} {after}");
    assert!(!after.contains("progress") && !after.contains("notes"), "{after}");
    let set = losses.upsert(KEY, loss(1, 7).adjuster(None)).await.unwrap();
    assert_eq!((set.outcome, set.entity.adjuster), (Outcome::Updated, None));
    let opened = losses.upsert(KEY, loss(1, 7).progress(Progress::New)).await;
    assert_error!(opened, Error::ValidationFailed { problems, .. } if problems[0].column == Some("progress"));
    let moved = losses.upsert(KEY, loss(1, 7).arrival(row.arrival + 1)).await;
    assert_error!(moved, Error::InvalidInput { column, .. } if column == "arrival");
}

pub(crate) async fn each_row_of_many_has_set_columns_of_its_own(fixture: Fixture) {
    let db = fixture.with(&schema![Loss]).await;
    let losses = losses(&db);
    let rows = losses.create_many((1..=3).map(|line| loss(line, 5))).await.unwrap();
    let mut worked = Vec::new();
    for row in &rows {
        worked.push(worked_on(&losses, row).await);
    }
    let given: [LossDraft; 4] = [
        loss(1, 5).into(),
        loss(4, 5).adjuster(Some("bob".to_owned())),
        loss(2, 5).notes(vec!["closed".to_owned()]),
        loss(3, 6).adjuster(Some("ann".to_owned())).progress(Progress::Closed),
    ];
    let done = losses.upsert_many(KEY, given).await.unwrap();
    let outcomes: Vec<_> = done.iter().map(|row| row.outcome).collect();
    use Outcome::{Created, Unchanged, Updated};
    assert_eq!(outcomes, [Unchanged, Created, Updated, Updated]);
    assert_eq!(done[0].entity, worked[0]);
    assert_eq!((done[1].entity.progress, done[1].entity.version), (Progress::New, 1));
    let expected =
        |row: &Loss, now: &Loss| Loss { version: 3, updated_at: now.updated_at, ..row.clone() };
    let noted = &done[2].entity;
    let of_noted = Loss { notes: vec!["closed".to_owned()], ..expected(&worked[1], noted) };
    assert_eq!(*noted, of_noted);
    let dearer = &done[3].entity;
    assert_eq!(*dearer, Loss { cents: 6, ..expected(&worked[2], dearer) });
    let stored = losses.query().order_by(Loss::LINE.asc()).all().await.unwrap();
    let answered = [0, 2, 3, 1].map(|index| done[index].entity.clone());
    assert_eq!(stored, answered);
}
