//! What the database refuses by itself, of SQL that somebody writes by hand.

use std::sync::Arc;

use repo_core::backend::{Backend, Reach, Statement};
use repo_core::{Database, Entity, Error, Repository, Result, schema};
use uuid::Uuid;

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{ACME, BOLT, Fixture, acme, backend, bolt, by_hand};

/// A row that never changes, with an id that the repository makes.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "receipts", tenant, immutable)]
struct Receipt {
    id: Uuid,
    tenant_id: Uuid,
    #[repository(unique)]
    number: i64,
    #[repository(references = Team)]
    team_id: Option<Uuid>,
}

/// A shared one, with columns that are called like SQLite's numbers of rows.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "Facts \"1\"", immutable, unique(rowid, oid))]
struct Fact {
    #[repository(column = "Id")]
    id: Uuid,
    rowid: i64,
    oid: i64,
}

/// A row whose changes are recorded.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "doors", audited)]
struct Door {
    id: Uuid,
}

fn receipt(number: i64) -> NewReceipt {
    NewReceipt { number, team_id: None }
}

/// The database as a session of the tenant has it, for statements that the repository knows nothing of.
fn within(db: &Database, tenant: &str) -> Arc<dyn Backend> {
    let reach = Reach::Tenant(tenant.to_owned());
    backend(db).within(&reach).unwrap_or_else(|| Arc::clone(backend(db)))
}

async fn run<E: Entity>(backend: &Arc<dyn Backend>, sql: &str) -> Result<u64> {
    let effect = repo_core::backend::Effect::Update;
    let statement = Statement { sql, params: &[], effect, table: E::TABLE };
    backend.run(statement, &mut |_| Ok(())).await
}

/// The dialect's own ways to change a row.
fn ways(db: &Arc<dyn Backend>) -> &'static [&'static str] {
    if db.dialect().name() == "postgres" {
        &[
            "TRUNCATE {t}",
            "MERGE INTO {t} r USING (SELECT 1) s ON true WHEN MATCHED THEN UPDATE SET {c} = 7",
            "MERGE INTO {t} r USING (SELECT 1) s ON true WHEN MATCHED THEN DELETE",
            "WITH gone AS (DELETE FROM {t} RETURNING *) SELECT * FROM gone",
            "INSERT INTO {t} SELECT * FROM {t} ON CONFLICT ({k}) DO UPDATE SET {c} = 7",
        ]
    } else {
        &["UPDATE OR REPLACE {t} SET {c} = 7", "UPDATE OR IGNORE {t} SET {c} = 7"]
    }
}

async fn refuse_every_change<E: Entity>(db: &Arc<dyn Backend>, column: &str, key: &str) {
    let mut table = String::new();
    repo_core::backend::quote(&mut table, E::TABLE.name);
    let both = ["UPDATE {t} SET {c} = 7", "UPDATE {t} SET {c} = {c}", "DELETE FROM {t}"];
    for way in both.iter().chain(ways(db)) {
        let sql = way.replace("{t}", &table).replace("{c}", column).replace("{k}", key);
        assert_error!(run::<E>(db, &sql).await, Error::Immutable { entity } if entity == E::TABLE.entity);
    }
    if db.dialect().name() == "sqlite" {
        refuse_every_replacement::<E>(db, &table, column).await;
    }
}

/// The guard against them says of a key that is taken what SQLite says.
async fn refuse_every_replacement<E: Entity>(db: &Arc<dyn Backend>, table: &str, column: &str) {
    let rows = format!("INTO {table} SELECT * FROM {table} WHERE true");
    for sql in [
        format!("REPLACE {rows}"),
        format!("INSERT OR REPLACE {rows}"),
        format!("INSERT {rows} ON CONFLICT DO UPDATE SET {column} = 7"),
    ] {
        assert_error!(run::<E>(db, &sql).await, Error::Conflict { .. });
    }
}

pub(crate) async fn a_row_that_never_changes_is_changed_by_no_sql(fixture: Fixture) {
    let db = fixture.with(&schema![Receipt, Team, Event, Fact]).await;
    let receipts = acme(&db).repo::<Receipt>();
    let kept = receipts.create_many([receipt(1), receipt(2)]).await.unwrap();
    refuse_every_change::<Receipt>(&within(&db, &ACME.to_string()), "number", "tenant_id, number")
        .await;
    assert_eq!(receipts.query().order_by(Receipt::NUMBER.asc()).all().await.unwrap(), kept);

    let facts = db.session().repo::<Fact>();
    let fact = facts.create(NewFact { rowid: 1, oid: 2 }).await.unwrap();
    refuse_every_change::<Fact>(backend(&db), "oid", "rowid, oid").await;
    assert_eq!(facts.all().await.unwrap(), [fact]);

    let events = db.tenant(Org(1)).correlation(Uuid::from_u128(1)).repo::<Event>();
    let event = events.create(event("a")).await.unwrap();
    refuse_every_change::<Event>(&within(&db, "1"), "org", "org, key").await;
    assert_eq!(events.all().await.unwrap(), [event]);
}

pub(crate) async fn a_change_of_no_row_is_no_error(fixture: Fixture) {
    let db = fixture.with(&schema![Receipt, Team]).await;
    assert_eq!(run::<Receipt>(backend(&db), "UPDATE receipts SET number = 7").await.unwrap(), 0);
    assert_eq!(run::<Receipt>(backend(&db), "DELETE FROM receipts").await.unwrap(), 0);
}

pub(crate) async fn a_key_of_a_row_that_never_changes_conflicts_as_any(fixture: Fixture) {
    let ids = repo_core::testing::SequentialIds::new;
    let db = fixture.with(&schema![Receipt, Team, Event, Fact]).await;
    let receipts = acme(&db).repo::<Receipt>();
    receipts.create(receipt(1)).await.unwrap();
    bolt(&db).repo::<Receipt>().create(receipt(1)).await.unwrap();
    let again = receipts.create(receipt(1)).await;
    assert_error!(again, Error::Conflict { entity: "Receipt", constraint, columns }
        if constraint == "receipts_tenant_id_number_key" && columns == ["number"]);
    let many = receipts.create_many([receipt(2), receipt(1)]).await;
    assert_error!(many, Error::Conflict { columns, .. } if columns == ["number"]);
    assert_eq!(receipts.count().await.unwrap(), 1);

    let make = |db: &Database| acme(&db.clone().with_ids(ids())).repo::<Receipt>();
    make(&db).create(receipt(3)).await.unwrap();
    assert_error!(make(&db).create(receipt(4)).await, Error::Conflict { constraint, columns, .. }
        if constraint == "receipts_pkey" && columns == ["id"]);

    let events = db.tenant(Org(1)).correlation(Uuid::from_u128(1)).repo::<Event>();
    let one = events.create(event("a")).await.unwrap();
    assert_error!(events.create(event("a")).await, Error::Conflict { columns, .. } if columns == ["key"]);
    assert!(events.create(event("b")).await.unwrap().id > one.id);
    let facts = db.session().repo::<Fact>();
    facts.create(NewFact { rowid: 1, oid: 2 }).await.unwrap();
    let twice = facts.create(NewFact { rowid: 1, oid: 2 }).await;
    assert_error!(twice, Error::Conflict { columns, .. } if columns == ["rowid", "oid"]);
}

pub(crate) async fn a_cascade_stops_at_a_row_that_never_changes(fixture: Fixture) {
    // The derive refuses such a reference; a migration may have made it.
    let schema = schema![Receipt, Team];
    let script = schema.script(fixture.db.dialect()).unwrap();
    let script = script.replace("ON DELETE RESTRICT", "ON DELETE CASCADE");
    let mut raw = backend(&fixture.db).begin(repo_core::TransactionOptions::new()).await.unwrap();
    raw.execute_script(&script).await.unwrap();
    raw.commit().await.unwrap();
    let db = fixture.with(&schema).await;
    let (teams, receipts) = (acme(&db).repo::<Team>(), acme(&db).repo::<Receipt>());
    let team = teams.create(team("one")).await.unwrap();
    let kept = NewReceipt { team_id: Some(team.id), ..receipt(1) };
    let kept = receipts.create(kept).await.unwrap();
    assert_error!(teams.delete(team.id).await, Error::Immutable { entity: "Team" });
    assert_eq!(receipts.all().await.unwrap(), [kept]);
    assert!(teams.exists(team.id).await.unwrap());
}

pub(crate) async fn the_audit_trail_is_changed_by_no_sql(fixture: Fixture) {
    let db = fixture.with(&schema![Door]).await;
    let entry = "INSERT INTO repo_audit (tenant, seq, entity, entity_id, action, actor, at) \
        VALUES ('', 1, 'doors', '7', 'create', 'user:1', '2026-01-31T12:00:00.000000+00:00')";
    run::<repo_core::AuditEntry>(backend(&db), entry).await.unwrap();
    assert_error!(run::<repo_core::AuditEntry>(backend(&db), entry).await, Error::Conflict { .. });
    refuse_every_change::<repo_core::AuditEntry>(backend(&db), "seq", "tenant, seq").await;
    assert_eq!(db.session().audit().count().await.unwrap(), 1);
}

pub(crate) async fn a_transaction_names_what_refused_it(fixture: Fixture) {
    let db = fixture.with(&schema![Receipt, Team]).await;
    acme(&db).repo::<Receipt>().create(receipt(1)).await.unwrap();
    let mut raw = by_hand(&db).await;
    let refused = raw.execute_script("DELETE FROM receipts").await;
    assert_error!(refused, Error::Immutable { entity: "row" });
    raw.rollback().await.unwrap();
}

pub(crate) async fn no_sql_links_a_row_to_one_of_another_tenant(fixture: Fixture) {
    let db = fixture.with(&schema![Member, Team, Country]).await;
    let theirs = bolt(&db).repo::<Team>().create(team("theirs")).await.unwrap();
    let ours = acme(&db).repo::<Team>().create(team("ours")).await.unwrap();
    let eve = acme(&db).repo::<Member>().create(member("eve", &ours)).await.unwrap();
    let of = |tenant: &str, team: &str| {
        format!(
            "INSERT INTO members (id, tenant_id, name, team_id) \
             SELECT a.id, a.tenant_id, 'x', b.id FROM teams a, teams b \
             WHERE a.name = '{tenant}' AND b.name = '{team}'"
        )
    };
    for sql in [
        of("ours", "theirs"),
        of("theirs", "ours"),
        "UPDATE members SET team_id = (SELECT id FROM teams WHERE name = 'theirs')".to_owned(),
        "UPDATE members SET tenant_id = (SELECT tenant_id FROM teams WHERE name = 'theirs')"
            .to_owned(),
        "UPDATE teams SET tenant_id = (SELECT tenant_id FROM teams WHERE name = 'theirs') \
         WHERE name = 'ours'"
            .to_owned(),
    ] {
        let outcome = run::<Member>(&within(&db, &ACME.to_string()), &sql).await;
        // Where the rows of the other tenant are not seen either, there may be nothing to link to.
        if !backend(&db).has_row_level_security() {
            assert_error!(outcome, Error::ForeignKey { entity: "Member", .. });
        }
    }
    let allowed = run::<Member>(&within(&db, &BOLT.to_string()), &of("theirs", "theirs")).await;
    assert_eq!(allowed.unwrap(), 1);
    assert_eq!(acme(&db).repo::<Member>().all().await.unwrap(), [eve]);
    assert_eq!(bolt(&db).repo::<Member>().list_by_team_id(theirs.id).await.unwrap().len(), 1);
}
