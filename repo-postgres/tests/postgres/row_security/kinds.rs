//! A tenant of any type: its policy compares what the session says with what the column holds.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use repo_core::{ColumnType, Repository, schema};
use uuid::Uuid;

use super::secured;
use crate::scratch::Scratch;

/// An entity for each type of tenant, and two tenants each of whom sees what it made.
macro_rules! tenants {
    ($($name:ident: $tenant:ty = [$one:expr, $other:expr],)*) => { $(
        mod $name {
            use super::*;

            #[derive(Debug, Clone, PartialEq, Repository)]
            #[repository(table = "things", tenant)]
            struct Thing {
                id: Uuid,
                tenant_id: $tenant,
                n: i32,
            }

            #[tokio::test]
            async fn tenants_of_this_type_are_kept_apart() {
                let Some(scratch) = Scratch::of_a_role().await else { return };
                let db = secured(&scratch).connect().await.unwrap();
                db.create_tables(&schema![Thing]).await.unwrap();
                assert_eq!(db.doctor(&schema![Thing]).await.unwrap(), []);
                let tenants: [$tenant; 2] = [$one, $other];
                for tenant in tenants.clone() {
                    db.tenant(tenant).repo::<Thing>().create(NewThing { n: 1 }).await.unwrap();
                }
                for tenant in tenants {
                    let things = db.tenant(tenant).repo::<Thing>();
                    let [thing] = &things.all().await.unwrap()[..] else { panic!("not one") };
                    assert_eq!(things.get(thing.id).await.unwrap(), *thing);
                    things.delete(thing.id).await.unwrap();
                }
                assert_eq!(db.all_tenants("a test").repo::<Thing>().count().await.unwrap(), 0);
            }
        }
    )* };
}

/// A text in a type of its own.
#[derive(Debug, Clone, PartialEq, ColumnType)]
struct Realm(String);

fn moment(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

tenants! {
    booleans: bool = [false, true],
    small_numbers: i16 = [i16::MIN, 1],
    numbers: i32 = [-1, i32::MAX],
    large_numbers: i64 = [i64::MIN, i64::MAX],
    floats: f32 = [0.1, f32::MAX],
    large_floats: f64 = [0.1 + 0.2, -5e-324],
    texts: Realm = [Realm("' OR true --".into()), Realm("🦀\\".into())],
    bytes: Vec<u8> = [vec![0], vec![0, 255]],
    uuids: Uuid = [Uuid::nil(), Uuid::max()],
    moments: DateTime<Utc> = [moment("0001-01-01T00:00:00.000001Z"), moment("2026-01-31T12:00:00Z")],
    days: NaiveDate = [NaiveDate::from_ymd_opt(1, 1, 1).unwrap(), NaiveDate::from_ymd_opt(2026, 1, 31).unwrap()],
    times: NaiveTime = [NaiveTime::MIN, NaiveTime::from_hms_micro_opt(23, 59, 59, 999_999).unwrap()],
}
