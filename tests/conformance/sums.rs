//! Patches that add to what is there, in the database.

use std::sync::Arc;

use repo_core::testing::Recorder;
use repo_core::{Action, Database, Error, schema};
use rust_decimal::Decimal;

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{Fixture, acme, backend};

pub(crate) async fn a_number_of_any_type_is_added_to(fixture: Fixture) {
    let samples = fixture.with(&schema![Optional]).await.session().repo::<Optional>();
    let new = NewOptional {
        small: Some(1),
        medium: Some(2),
        large: Some(i64::MAX - 1),
        double: Some(0.1),
        fraction: Some(Decimal::new(1, 1)),
        ..nothing("numbers")
    };
    let row = samples.create(new).await.unwrap();
    let patch = OptionalPatch::new()
        .add(Optional::SMALL, -3)
        .add(Optional::MEDIUM, 40)
        .add(Optional::LARGE, 1)
        .add(Optional::DOUBLE, 0.2)
        .add(Optional::FRACTION, Decimal::new(1, 1))
        .add(Optional::WHOLE, Decimal::ONE)
        .text("and sets".to_owned());
    let sum = samples.patch(row.id, patch).await.unwrap();
    assert_eq!((sum.small, sum.medium, sum.large), (Some(-2), Some(42), Some(i64::MAX)));
    assert_eq!((sum.double, sum.fraction), (Some(0.1 + 0.2), Some(Decimal::new(2, 1))));
    assert_eq!((sum.whole, sum.text.as_deref()), (None, Some("and sets")), "NULL stays NULL");
    assert_eq!(samples.get(row.id).await.unwrap(), sum);
}

pub(crate) async fn what_is_added_in_parts_is_added_as_a_whole(fixture: Fixture) {
    let samples = fixture.with(&schema![Optional]).await.session().repo::<Optional>();
    let new = NewOptional {
        small: Some(1),
        double: Some(0.5),
        fraction: Some(Decimal::new(1, 1)),
        ..nothing("parts")
    };
    let row = samples.create(new).await.unwrap();
    let patch = OptionalPatch::new()
        .add(Optional::SMALL, 2)
        .add(Optional::SMALL, 3)
        .add(Optional::DOUBLE, 1.0)
        .add(Optional::DOUBLE, 2.0)
        .add(Optional::FRACTION, Decimal::new(1, 1))
        .add(Optional::FRACTION, Decimal::new(2, 1))
        .medium(Some(40))
        .add(Optional::MEDIUM, 1)
        .add(Optional::MEDIUM, 1)
        .large(None)
        .add(Optional::LARGE, 1)
        .add(Optional::WHOLE, Decimal::ONE)
        .whole(Some(Decimal::TEN));
    let sum = samples.patch(row.id, patch).await.unwrap();
    assert_eq!((sum.small, sum.medium, sum.large), (Some(6), Some(42), None));
    assert_eq!((sum.double, sum.fraction), (Some(3.5), Some(Decimal::new(4, 1))));
    assert_eq!(sum.whole, Some(Decimal::TEN), "what is set last counts");
    let patch = OptionalPatch::new;
    let most = Decimal::new(999_999_999_999_999_999, 0);
    for patch in [
        patch().add(Optional::SMALL, i16::MAX).add(Optional::SMALL, 1),
        patch().large(Some(i64::MAX)).add(Optional::LARGE, 1),
        patch().double(Some(f64::MAX)).add(Optional::DOUBLE, f64::MAX),
        patch().whole(Some(most)).add(Optional::WHOLE, Decimal::ONE),
    ] {
        assert_error!(samples.patch(row.id, patch).await, Error::OutOfRange { .. });
    }
    assert_eq!(samples.get(row.id).await.unwrap(), sum);
}

pub(crate) async fn a_sum_that_does_not_fit_changes_nothing(fixture: Fixture) {
    let samples = fixture.with(&schema![Optional]).await.session().repo::<Optional>();
    let most = NewOptional {
        small: Some(i16::MAX),
        medium: Some(i32::MAX),
        large: Some(i64::MAX),
        double: Some(f64::MAX),
        whole: Some(Decimal::new(999_999_999_999_999_999, 0)),
        ..nothing("most")
    };
    let row = samples.create(most).await.unwrap();
    let patch = OptionalPatch::new;
    for patch in [
        patch().add(Optional::SMALL, 1),
        patch().add(Optional::MEDIUM, 1),
        patch().add(Optional::LARGE, 1),
        patch().add(Optional::DOUBLE, f64::MAX),
        patch().add(Optional::WHOLE, Decimal::ONE),
        patch().add(Optional::SMALL, -1).add(Optional::LARGE, 1),
    ] {
        let shown = format!("{patch:?}");
        let sum = samples.patch(row.id, patch).await;
        assert!(matches!(sum, Err(Error::OutOfRange { entity: "Optional" })), "{shown}: {sum:?}");
    }
    assert_eq!(samples.get(row.id).await.unwrap(), row);
}

pub(crate) async fn a_sum_below_the_least_number_is_no_number(fixture: Fixture) {
    let samples = fixture.with(&schema![Optional]).await.session().repo::<Optional>();
    let least = NewOptional { large: Some(i64::MIN), ..nothing("least") };
    let row = samples.create(least).await.unwrap();
    let less = || OptionalPatch::new().add(Optional::LARGE, -1);
    assert_error!(samples.patch(row.id, less()).await, Error::OutOfRange { .. });
    assert_error!(samples.query().patch_all(less()).await, Error::OutOfRange { .. });
    assert_eq!(samples.get(row.id).await.unwrap(), row);
}

pub(crate) async fn what_would_not_fit_elsewhere_is_no_error(fixture: Fixture) {
    let samples = fixture.with(&schema![Optional]).await.session().repo::<Optional>();
    for (label, number) in [("most", i32::MAX), ("some", 1)] {
        let new = NewOptional { medium: Some(number), ..nothing(label) };
        samples.create(new).await.unwrap();
    }
    let some = samples.filter(Optional::LABEL.icontains("SOME"));
    let patch = OptionalPatch::new().add(Optional::MEDIUM, 1);
    assert_eq!(some.clone().patch_all(patch).await.unwrap(), 1);
    assert_eq!(some.one().await.unwrap().medium, Some(2));
}

pub(crate) async fn what_is_no_sum_is_refused(fixture: Fixture) {
    let samples = fixture.with(&schema![Optional]).await.session().repo::<Optional>();
    let row = samples.create(nothing("row")).await.unwrap();
    let single = samples.patch(row.id, OptionalPatch::new().add(Optional::SINGLE, 1.0)).await;
    assert_error!(single, Error::InvalidInput { column, .. } if column == "single");
    let nan = samples.patch(row.id, OptionalPatch::new().add(Optional::DOUBLE, f64::NAN)).await;
    assert_error!(nan, Error::InvalidInput { column, .. } if column == "double");
    let counters = fixture.with(&schema![Counter]).await.session().repo::<Counter>();
    let counter = counters.create(NewCounter { name: "n".into(), value: 1 }).await.unwrap();
    let version = counters.patch(counter.id, CounterPatch::new().add(Counter::VERSION, 1)).await;
    assert_error!(version, Error::InvalidInput { column, .. } if column == "version");
    let tracks = fixture.with(&schema![Album, Track]).await.session().repo::<Track>();
    let reference = tracks.patch(1, TrackPatch::new().add(Track::REMIX_OF, 1)).await;
    assert_error!(reference, Error::InvalidInput { column, .. } if column == "remix_of");
    assert_eq!(counters.get(counter.id).await.unwrap(), counter);
}

pub(crate) async fn the_last_value_counts_and_what_is_added_after_it(fixture: Fixture) {
    let counters = fixture.with(&schema![Counter]).await.session().repo::<Counter>();
    let counter = counters.create(NewCounter { name: "n".into(), value: 1 }).await.unwrap();
    let value =
        |patch: CounterPatch| async { counters.patch(counter.id, patch).await.unwrap().value };
    assert_eq!(value(CounterPatch::new().value(10).add(Counter::VALUE, 2)).await, 12);
    assert_eq!(value(CounterPatch::new().add(Counter::VALUE, 2).value(10)).await, 10);
    assert_eq!(value(CounterPatch::new().add(Counter::VALUE, 2).add(Counter::VALUE, 3)).await, 15);
}

pub(crate) async fn of_many_sums_at_once_none_is_lost(fixture: Fixture) {
    let db = fixture.with(&schema![Counter]).await;
    let counters = db.session().repo::<Counter>();
    let counter = counters.create(NewCounter { name: "n".into(), value: 0 }).await.unwrap();
    let tasks: Vec<_> = (1..=20)
        .map(|amount| {
            let counters = db.session().repo::<Counter>();
            let patch = CounterPatch::new().add(Counter::VALUE, amount);
            tokio::spawn(async move { counters.patch(counter.id, patch).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let summed = counters.get(counter.id).await.unwrap();
    assert_eq!((summed.value, summed.version), (210, 21));
}

pub(crate) async fn nothing_added_is_no_change(fixture: Fixture) {
    let db = fixture.with(&schema![Counter]).await;
    let counters = db.session().repo::<Counter>();
    let counter = counters.create(NewCounter { name: "n".into(), value: 7 }).await.unwrap();
    let same = CounterPatch::new().add(Counter::VALUE, 0).name("n");
    assert_eq!(counters.patch(counter.id, same).await.unwrap(), counter);
    let recorder = Recorder::new(backend(&db).clone());
    let recorded = Database::new(Arc::new(recorder.clone())).session().repo::<Counter>();
    let nothing = CounterPatch::new().add(Counter::VALUE, 0);
    assert_eq!(recorded.patch(counter.id, nothing).await.unwrap(), counter);
    assert_eq!(recorder.sql().len(), 2, "the change and a look: {:?}", recorder.sql());
    let stale = counters.patch(counter.id, CounterPatch::new().add(Counter::VALUE, 1));
    assert_error!(stale.if_version(2).await, Error::VersionConflict { expected: 2, .. });
    let missing = counters.patch(99, CounterPatch::new().add(Counter::VALUE, 1)).await;
    assert_error!(missing, Error::NotFound { .. });
}

pub(crate) async fn a_sum_is_recorded_as_what_it_came_to(fixture: Fixture) {
    let db = fixture.with(&schema![Claim]).await;
    let session = acme(&db).actor("alice");
    let claims = session.repo::<Claim>();
    let claim = claims.create(claim("C-1")).await.unwrap();
    let add = || ClaimPatch::new().add(Claim::AMOUNT, Decimal::new(5, 1));
    claims.patch(claim.id, add()).await.unwrap();
    session.transaction(async |tx| tx.repo::<Claim>().patch(claim.id, add()).await).await.unwrap();
    let history = session.audit().history::<Claim>(claim.id).all().await.unwrap();
    let amounts: Vec<_> = history[1..]
        .iter()
        .map(|entry| {
            assert_eq!(entry.action, Action::Update);
            let amount =
                |image: &Option<repo_core::audit::Image>| image.as_ref().unwrap().get("amount");
            (amount(&entry.before), amount(&entry.after))
        })
        .collect();
    let sum = |times: i64| {
        let sum = claim.amount + Decimal::new(5 * times, 1);
        Some(repo_core::audit::ImageValue::Text(format!("{sum:.2}")))
    };
    assert_eq!(amounts, [(sum(0), sum(1)), (sum(1), sum(2))]);
    let nobody = acme(&db).repo::<Claim>().patch(claim.id, add()).await;
    assert_error!(nobody, Error::MissingActor { .. });
}
