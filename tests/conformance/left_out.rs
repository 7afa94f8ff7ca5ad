//! Rows that a trigger of the application leaves out, without an error: nobody is told that they were added, and nothing
//! is recorded of them.

use repo_core::audit::Chain;
use repo_core::{Database, Error, Repository, schema};
use uuid::Uuid;

use crate::attacker::run;
use crate::entities::*;
use crate::fixture::{ACME, Fixture, acme};

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "pallets", tenant)]
struct Pallet {
    id: Uuid,
    tenant_id: Uuid,
    name: String,
}

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "tallies", tenant)]
struct Tally {
    id: i64,
    tenant_id: Uuid,
    name: String,
}

fn pallet(name: &str) -> NewPallet {
    NewPallet { name: name.to_owned() }
}

fn tally(name: &str) -> NewTally {
    NewTally { name: name.to_owned() }
}

/// From here on, the table leaves out every row that is inserted, updated or deleted.
pub(crate) async fn leave_out(db: &Database, event: &str, table: &str) {
    let trigger = if db.system() == "sqlite" {
        format!(
            "CREATE TRIGGER {table}_{event} BEFORE {event} ON {table} \
             BEGIN SELECT RAISE(IGNORE); END"
        )
    } else {
        format!(
            "CREATE OR REPLACE FUNCTION leave_out() RETURNS trigger LANGUAGE plpgsql \
             AS 'BEGIN RETURN NULL; END'; \
             CREATE TRIGGER {table}_{event} BEFORE {event} ON {table} \
             FOR EACH ROW EXECUTE FUNCTION leave_out()"
        )
    };
    run(db, &trigger).await;
}

pub(crate) fn assert_left_out<T: std::fmt::Debug>(result: Result<T, Error>, what: &str) {
    let error = result.expect_err(what);
    let error = error.cause();
    assert!(matches!(error, Error::Backend(_)), "{what}: {error:?}");
    assert!(error.to_string().contains("leaves rows out"), "{what}: {error}");
}

pub(crate) async fn a_row_that_is_left_out_is_no_success(fixture: Fixture) {
    let db = fixture.with(&schema![Pallet, Tally, Claim]).await;
    for table in ["pallets", "tallies", "claims"] {
        leave_out(&db, "insert", table).await;
    }
    let session = acme(&db).actor("alice");
    let (pallets, tallies) = (session.repo::<Pallet>(), session.repo::<Tally>());
    assert_left_out(pallets.create(pallet("a")).await, "a row");
    assert_left_out(pallets.create_many([pallet("a"), pallet("b")]).await, "two rows");
    let many: Vec<_> = (0..1_200).map(|n| pallet(&n.to_string())).collect();
    assert_left_out(pallets.create_many(many).await, "many rows");
    let inside =
        session.transaction(async |tx| tx.repo::<Pallet>().create(pallet("a")).await).await;
    assert_left_out(inside, "a row in a transaction");
    assert_left_out(tallies.create(tally("a")).await, "a row with an identity");
    assert_left_out(tallies.create_many([tally("a"), tally("b")]).await, "two of those");
    assert_eq!(pallets.count().await.unwrap() + tallies.count().await.unwrap(), 0);

    let claims = session.repo::<Claim>();
    assert_left_out(claims.create(claim("C-1")).await, "a recorded row");
    assert_left_out(claims.create_many([claim("C-1"), claim("C-2")]).await, "two recorded rows");
    let inside = session.transaction(async |tx| tx.repo::<Claim>().create(claim("C-1")).await);
    assert_left_out(inside.await, "a recorded row in a transaction");
    assert_eq!(session.audit().count().await.unwrap(), 0, "nothing happened");
}

pub(crate) async fn a_change_whose_entry_is_left_out_is_no_success(fixture: Fixture) {
    let db = fixture.with(&schema![Claim]).await;
    let session = acme(&db).actor("alice");
    let claims = session.repo::<Claim>();
    let stored = claims.create(claim("C-1")).await.unwrap();
    leave_out(&db, "update", "repo_audit_heads").await;
    let patch = || ClaimPatch::new().note(Some("n".to_owned()));
    claims.create(claim("C-2")).await.expect_err("a row");
    claims.create_many([claim("C-2"), claim("C-3")]).await.expect_err("rows");
    claims.patch(stored.id, patch()).await.expect_err("a patch");
    claims.query().patch_all(patch()).await.expect_err("a patch of all");
    claims.delete(stored.id).await.expect_err("a deletion");
    let inside = session.transaction(async |tx| tx.repo::<Claim>().delete(stored.id).await).await;
    inside.expect_err("a deletion in a transaction");
    assert_eq!(claims.all().await.unwrap(), [stored]);
    assert_eq!(session.audit().count().await.unwrap(), 1);
}

pub(crate) async fn an_entry_that_the_trail_leaves_out_is_an_error_or_a_gap(fixture: Fixture) {
    let db = fixture.with(&schema![Claim, Visit]).await;
    let session = acme(&db).actor("alice");
    let (claims, visits) = (session.repo::<Claim>(), session.repo::<Visit>());
    let stored = claims.create(claim("C-1")).await.unwrap();
    leave_out(&db, "insert", "repo_audit").await;
    visits.create(NewVisit { page: "a".to_owned() }).await.expect_err("what is in no chain");
    assert_eq!(visits.count().await.unwrap(), 0);
    let inside = session.transaction(async |tx| tx.repo::<Claim>().create(claim("C-2")).await);
    inside.await.expect_err("a row in a transaction");
    let patched = claims.patch(stored.id, ClaimPatch::new().note(Some("n".to_owned()))).await;
    let chain = db.audit_chain(Chain::tenant(&ACME).unwrap());
    match patched {
        Ok(_) => assert!(!chain.verify().await.unwrap().is_intact(), "the chain tells of it"),
        Err(_) => assert_eq!(claims.all().await.unwrap(), [stored]),
    }
}

/// The table of an older program, behind a view of the name that the entity has.
async fn put_behind_a_view(db: &Database) {
    let make = "ALTER TABLE pallets RENAME TO old_pallets; \
        CREATE VIEW pallets AS SELECT * FROM old_pallets;";
    let insert = "INSERT INTO old_pallets (id, tenant_id, name) \
        VALUES (NEW.id, NEW.tenant_id, NEW.name);";
    let trigger = if db.system() == "sqlite" {
        format!("CREATE TRIGGER instead INSTEAD OF INSERT ON pallets BEGIN {insert} END")
    } else {
        format!(
            "CREATE FUNCTION instead() RETURNS trigger LANGUAGE plpgsql \
             AS 'BEGIN {insert} RETURN NEW; END'; \
             CREATE TRIGGER instead INSTEAD OF INSERT ON pallets \
             FOR EACH ROW EXECUTE FUNCTION instead()"
        )
    };
    run(db, &format!("{make} {trigger}")).await;
}

pub(crate) async fn a_row_that_a_view_takes_is_added_or_refused(fixture: Fixture) {
    let db = fixture.with(&schema![Pallet]).await;
    put_behind_a_view(&db).await;
    let session = acme(&db);
    let pallets = session.repo::<Pallet>();
    let added = session.transaction(async |tx| tx.repo::<Pallet>().create(pallet("a")).await).await;
    if db.system() == "sqlite" {
        // It does not say how many rows such a trigger took.
        assert_left_out(added, "a row for a view");
    } else {
        added.unwrap();
    }
    let stored = u64::from(db.system() != "sqlite");
    assert_eq!(pallets.count().await.unwrap(), stored);
}
