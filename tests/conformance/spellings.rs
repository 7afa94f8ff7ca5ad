//! Rows that another program stored, whose values are spelled another way than the repository's.

use chrono::{DateTime, NaiveTime, Utc};
use repo_core::{Database, Error, Repository, schema};
use uuid::Uuid;

use crate::attacker::run;
use crate::expect::assert_error;
use crate::fixture::{Fixture, acme, by_hand};

/// An entity of which all but a text is fixed.
macro_rules! sealed {
    ($entity:ident, $table:literal $(, $key:ident)*) => {
        #[derive(Debug, Clone, PartialEq, Repository)]
        #[repository(table = $table, tenant, versioned $(, $key)*)]
        struct $entity {
            id: Uuid,
            tenant_id: Uuid,
            text: String,
            #[repository(fixed)]
            code: String,
            #[repository(fixed)]
            at: DateTime<Utc>,
            #[repository(fixed)]
            time: NaiveTime,
            #[repository(fixed)]
            weight: f32,
            version: i64,
        }
    };
}

sealed!(Sealed, "sealed_plain");
sealed!(Recorded, "sealed_recorded", audited);
sealed!(Watched, "sealed_watched", audited, events);

const ID: Uuid = Uuid::from_u128(5);

/// A table as another program makes it, before ours are made, and a row as it writes it.
async fn stored_elsewhere(db: &Database, table: &str) {
    let (make, id, tenant) = if db.system() == "sqlite" {
        (
            "id BLOB NOT NULL, tenant_id BLOB NOT NULL, text TEXT NOT NULL, code TEXT NOT NULL, \
             at TEXT NOT NULL, time TEXT NOT NULL, weight REAL NOT NULL, version INTEGER NOT NULL, \
             PRIMARY KEY (tenant_id, id)) STRICT",
            format!("x'{}'", ID.simple()),
            "x'0000000000000000000000000000acae'",
        )
    } else {
        (
            "id uuid NOT NULL, tenant_id uuid NOT NULL, text text NOT NULL, code char(5) NOT NULL, \
             at timestamptz NOT NULL, time time NOT NULL, weight real NOT NULL, \
             version bigint NOT NULL, PRIMARY KEY (tenant_id, id))",
            format!("'{ID}'"),
            "'ACME'",
        )
    };
    let row = format!(
        "{id}, {tenant}, 'before', 'ab', '2026-01-31T23:59:59.123456789+00:00', '23:59', \
         0.1 * 3, 1"
    );
    run(db, &format!("CREATE TABLE {table} ({make}; INSERT INTO {table} VALUES ({row})")).await;
}

/// What an update of such a row does: in a macro, as each entity is a type of its own.
macro_rules! assert_written {
    ($db:expr, $entity:ident) => {{
        let session = acme($db).actor("ann");
        let rows = session.repo::<$entity>();
        let row = rows.get(ID).await.unwrap();
        let after = $entity { text: "after".to_owned(), ..row.clone() };
        let updated = rows.update(&after).await.unwrap();
        assert_eq!(updated, $entity { version: 2, ..after.clone() });
        assert_eq!(rows.get(ID).await.unwrap(), updated);

        let again = $entity { text: "again".to_owned(), ..updated.clone() };
        let inside = session
            .transaction(async |tx| tx.repo::<$entity>().update(&again).await)
            .await
            .unwrap();
        assert_eq!(inside, $entity { version: 3, ..again });
        assert_eq!(rows.get(ID).await.unwrap(), inside);

        assert_eq!(rows.update(&inside).await.unwrap(), inside, "nothing differs");
        assert_eq!(rows.get(ID).await.unwrap().version, 3);
        assert_error!(
            rows.update(&updated).await,
            Error::VersionConflict { expected: 2, actual: Some(3), .. }
        );
        let other = $entity { weight: 0.4, text: "other".to_owned(), ..inside.clone() };
        assert_error!(
            rows.update(&other).await,
            Error::InvalidInput { column, .. } if column == "weight"
        );
        assert_eq!(rows.get(ID).await.unwrap(), inside);
    }};
}

pub(crate) async fn a_fixed_column_in_another_spelling_keeps_no_update_away(fixture: Fixture) {
    let tables = ["sealed_plain", "sealed_recorded", "sealed_watched"];
    for table in tables {
        stored_elsewhere(&fixture.db, table).await;
    }
    let db = fixture.with(&schema![Sealed, Recorded, Watched]).await;
    assert_written!(&db, Sealed);
    assert_written!(&db, Recorded);
    assert_written!(&db, Watched);
    let entries = acme(&db).audit().query().all().await.unwrap();
    assert_eq!(entries.len(), 4, "two updates of two audited entities");

    // Only what was to be changed was written.
    if db.system() == "sqlite" {
        let mut spelled = 0;
        let mut connection = by_hand(&db).await;
        for table in tables {
            let sql = format!("SELECT 1 FROM {table} WHERE length(at) = 35 AND time = '23:59'");
            let statement = repo_core::backend::Statement {
                sql: &sql,
                params: &[],
                effect: repo_core::backend::Effect::Read,
                table: <Sealed as repo_core::Entity>::TABLE,
            };
            let mut on_row = |_: &dyn repo_core::backend::Row| {
                spelled += 1;
                Ok(())
            };
            connection.run(statement, &mut on_row).await.unwrap();
        }
        connection.rollback().await.unwrap();
        assert_eq!(spelled, 3);
    }
}
