//! Texts and times from outside that no database, or only one of them, would take: an error on each, before anything is
//! sent.

use chrono::{DateTime, Utc};
use repo_core::{Error, schema};

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{Fixture, acme};

pub(crate) async fn sql_by_hand_that_is_not_whole_is_refused(fixture: Fixture) {
    let db = fixture.with(&schema![Claim]).await;
    let session = acme(&db).actor("alice");
    session.repo::<Claim>().create_many([claim("C-1"), claim("C-2")]).await.unwrap();
    for (sql, values) in [
        ("", 0),
        (" \n", 0),
        ("UPDATE claims SET note = 'x' \0 WHERE code = 'C-1'", 0),
        ("UPDATE claims SET note = 'x' /* \0 */ WHERE code = 'C-1'", 0),
        ("UPDATE claims SET note = $1 WHERE code = $2", 1),
        ("UPDATE claims SET note = $1", 2),
        ("UPDATE claims SET note = 'x'", 1),
        ("UPDATE claims SET note = $0", 1),
        ("UPDATE claims SET note = $99999999999999999999999", 1),
        ("-- why\rCOMMIT", 0),
    ] {
        let mut by_hand = session.unchecked_sql("a test");
        for _ in 0..values {
            by_hand = by_hand.bind("C-1".to_owned());
        }
        let refused = by_hand.execute(sql).await;
        assert!(matches!(refused, Err(Error::InvalidInput { .. })), "{sql:?}: {refused:?}");
    }
    let read = session.unchecked_sql("a test").fetch("SELECT $1", |_| Ok(())).await;
    assert_error!(read, Error::InvalidInput { .. });
    let reason = session.unchecked_sql("a \0").execute("UPDATE claims SET note = 'x'").await;
    assert_error!(reason, Error::InvalidInput { .. });
    let changed = session.repo::<Claim>().query().filter(Claim::NOTE.is_not_null()).count().await;
    assert_eq!(changed.unwrap(), 0);
    assert_eq!(session.audit().count().await.unwrap(), 2, "what was not run is not recorded");
}

pub(crate) async fn a_body_in_dollar_quotes_has_parameters_of_its_own(fixture: Fixture) {
    let db = fixture.with(&schema![Claim]).await;
    if db.system() == "sqlite" {
        return;
    }
    let session = acme(&db).actor("alice");
    let twice =
        "CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql AS $body$ SELECT 2 * $1 $body$";
    session.unchecked_sql("a function").execute(twice).await.unwrap();
    let read = session.unchecked_sql("a look").bind(21_i32);
    let read = read.fetch("SELECT twice($1)", |row| row.get::<i32>(0)).await;
    assert_eq!(read.unwrap(), [42]);
}

pub(crate) async fn who_acts_and_for_what_is_short_enough_to_be_found_again(fixture: Fixture) {
    let db = fixture.with(&schema![Claim]).await;
    // Kept as `user:xx..`.
    let longest = "x".repeat(995);
    let session = acme(&db).actor(longest.as_str()).correlation(&longest);
    session.repo::<Claim>().create(claim("C-1")).await.unwrap();
    let too_long = acme(&db).actor("alice").correlation("x".repeat(1_001));
    let refused = too_long.repo::<Claim>().create(claim("C-2")).await;
    assert_error!(refused, Error::InvalidInput { column, .. } if column == "correlation");
    let too_long = acme(&db).actor("x".repeat(1_001));
    let refused = too_long.repo::<Claim>().create(claim("C-2")).await;
    assert_error!(refused, Error::InvalidInput { column, .. } if column == "actor");
    assert_eq!(session.audit().count().await.unwrap(), 1);
}

pub(crate) async fn a_time_that_no_column_holds_purges_nothing(fixture: Fixture) {
    let db = fixture.with(&schema![Claim]).await;
    let claims = acme(&db).actor("alice").repo::<Claim>();
    let row = claims.create(claim("C-1")).await.unwrap();
    claims.delete(row.id).await.unwrap();
    for time in [DateTime::<Utc>::MAX_UTC, DateTime::<Utc>::MIN_UTC] {
        let refused = claims.purge_deleted_before(time).await;
        assert_error!(refused, Error::InvalidInput { .. });
        let refused = claims.purge_deleted_before(time).dry_run().await;
        assert_error!(refused, Error::InvalidInput { .. });
    }
    claims.restore(row.id).await.unwrap();
}
