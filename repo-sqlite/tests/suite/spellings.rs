//! Values that other programs store as texts of their own, in tables made before those were refused.

use chrono::{DateTime, NaiveTime, Utc};
use repo_core::{Repository, schema};
use uuid::Uuid;

use crate::support::File;

/// With columns that other programs spell otherwise.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "visits")]
struct Visit {
    id: Uuid,
    at: DateTime<Utc>,
    time: NaiveTime,
    weight: f32,
}

#[tokio::test]
async fn a_check_that_takes_other_spellings_is_told_and_its_rows_stay() {
    let file = File::new();
    let db = file.options().connect().await.expect("a database");
    let script = schema![Visit].script(db.dialect()).expect("a script");
    let lax = script.replace(".??????'", "*'").replace(".??????+00:00'", "*+00:00'");
    let weight = lax.find(" AND \"weight\" = CASE").expect("the check");
    let end = lax[weight..].find(" END").expect("its end") + weight + " END".len();
    let lax = lax.replace(&lax[weight..end], "");
    file.stranger().execute_batch(&lax).expect("a table of before");
    let insert = "INSERT INTO visits VALUES \
        (zeroblob(16), '2026-01-31T23:59:59.123456789+00:00', '23:59:59', 0.1)";
    file.stranger().execute_batch(insert).expect("a row of another program");

    db.create_tables(&schema![Visit]).await.expect("it is there");
    let found = db.doctor(&schema![Visit]).await.expect("an answer");
    let found: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            "the check `visits_at_check` of `visits` takes `2026-01-31T23:59:59+00:00`",
            "the check `visits_time_check` of `visits` takes `23:59:59`",
            "the check `visits_weight_check` of `visits` takes 0.1",
        ]
    );
    let visits = db.session().repo::<Visit>();
    let visit = visits.get(Uuid::nil()).await.expect("a row");
    let patch = VisitPatch::new().weight(0.5).time(NaiveTime::MIN);
    let patched = visits.patch(visit.id, patch).await.expect("a row");
    assert_eq!(patched, Visit { weight: 0.5, time: NaiveTime::MIN, ..visit });
    assert_eq!(visits.get(Uuid::nil()).await.expect("a row"), patched);
}
