//! Guards against SQL by hand: from our pool, from `psql`, and as a session that applies what was
//! replicated.

use std::path::Path;
use std::process::{Command, Output};

use repo_core::__beside::backend;
use repo_core::{Database, Error, Repository, TransactionOptions, schema};
use uuid::Uuid;

use crate::scratch::Scratch;

const ACME: Uuid = Uuid::from_u128(0xacae);
const BOLT: Uuid = Uuid::from_u128(0xb017);

/// Never changes.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "events", tenant, immutable)]
struct Event {
    id: i64,
    tenant_id: Uuid,
    #[repository(unique)]
    key: i64,
}

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "teams", tenant)]
struct Team {
    id: Uuid,
    tenant_id: Uuid,
    name: String,
}

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "members", tenant)]
struct Member {
    id: Uuid,
    tenant_id: Uuid,
    #[repository(references = Team)]
    team_id: Uuid,
}

/// What would change an event.
const CHANGES: [&str; 12] = [
    "UPDATE events SET key = 9",
    "UPDATE events SET key = key",
    "UPDATE ONLY events SET tenant_id = gen_random_uuid() WHERE key = 1",
    "DELETE FROM events",
    "DELETE FROM events WHERE key = 1",
    "TRUNCATE events",
    "TRUNCATE teams, members, events RESTART IDENTITY CASCADE",
    "INSERT INTO events SELECT * FROM events ON CONFLICT (tenant_id, key) DO UPDATE SET key = 9",
    "INSERT INTO events SELECT * FROM events \
     ON CONFLICT ON CONSTRAINT events_pkey DO UPDATE SET key = excluded.key",
    "MERGE INTO events e USING (SELECT 1) s ON true WHEN MATCHED THEN UPDATE SET key = 9",
    "MERGE INTO events e USING (SELECT 1) s ON true WHEN MATCHED THEN DELETE",
    "WITH gone AS (DELETE FROM events RETURNING *) INSERT INTO events SELECT * FROM gone",
];

/// What would link a member to a team of another tenant.
const LINKS: [&str; 4] = [
    "INSERT INTO members SELECT gen_random_uuid(), m.tenant_id, t.id FROM members m, teams t \
     WHERE t.tenant_id <> m.tenant_id",
    "UPDATE members SET team_id = (SELECT id FROM teams t WHERE t.tenant_id <> members.tenant_id)",
    "UPDATE members SET tenant_id = (SELECT t.tenant_id FROM teams t WHERE t.tenant_id <> members.tenant_id)",
    "UPDATE teams t SET tenant_id = (SELECT o.tenant_id FROM teams o WHERE o.id <> t.id)",
];

/// The database with two events, a team of each tenant and a member.
async fn filled(scratch: &Scratch) -> Database {
    let db = scratch.options().connect().await.unwrap();
    db.create_tables(&schema![Event, Team, Member]).await.unwrap();
    let (acme, bolt) = (db.tenant(ACME), db.tenant(BOLT));
    acme.repo::<Event>().create_many([1, 2].map(|key| NewEvent { key })).await.unwrap();
    let team = |name: &str| NewTeam { name: name.to_owned() };
    let ours = acme.repo::<Team>().create(team("ours")).await.unwrap();
    bolt.repo::<Team>().create(team("theirs")).await.unwrap();
    acme.repo::<Member>().create(NewMember { team_id: ours.id }).await.unwrap();
    db
}

async fn content(db: &Database) -> (Vec<Event>, Vec<Team>, Vec<Member>) {
    let all = db.all_tenants("to compare");
    let members = all.repo::<Member>().all().await.unwrap();
    (all.repo::<Event>().all().await.unwrap(), all.repo::<Team>().all().await.unwrap(), members)
}

async fn execute(db: &Database, sql: &str) -> repo_core::Result<()> {
    let mut raw = backend(db).begin(TransactionOptions::new()).await?;
    raw.execute_script(sql).await?;
    raw.commit().await
}

#[tokio::test]
async fn no_sql_of_our_pool_changes_an_event_or_links_two_tenants() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = filled(&scratch).await;
    let before = content(&db).await;
    for sql in CHANGES {
        let refused = execute(&db, sql).await;
        assert!(matches!(refused, Err(Error::Immutable { .. })), "{sql}: {refused:?}");
    }
    for sql in LINKS {
        let refused = execute(&db, sql).await;
        assert!(matches!(refused, Err(Error::ForeignKey { .. })), "{sql}: {refused:?}");
    }
    assert_eq!(content(&db).await, before);
}

#[tokio::test]
async fn a_replica_role_does_not_pass_by_the_guards() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = filled(&scratch).await;
    let before = content(&db).await;
    for sql in CHANGES {
        let replicated = format!("SET LOCAL session_replication_role = replica; {sql}");
        let refused = execute(&db, &replicated).await;
        assert!(matches!(refused, Err(Error::Immutable { .. })), "{sql}: {refused:?}");
    }
    assert_eq!(content(&db).await, before);
}

/// `psql` of the server that the tests run on, or the one in the path.
fn psql(url: &str, sql: &str) -> Option<Output> {
    let folder = std::env::var_os("REPO_TEST_POSTGRES_BIN").unwrap_or_default();
    let program = Path::new(&folder).join("psql");
    Command::new(program).args(["-X", "-v", "ON_ERROR_STOP=1", "-c", sql, url]).output().ok()
}

#[tokio::test]
async fn neither_does_the_program_psql() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = filled(&scratch).await;
    let before = content(&db).await;
    let Some(hello) = psql(&scratch.url, "SELECT 1") else {
        return println!("there is no `psql`: the tests before stand for it");
    };
    assert!(hello.status.success(), "{}", String::from_utf8_lossy(&hello.stderr));
    let refusals = CHANGES.map(|sql| (sql, "rows of \"events\" are only ever added and read"));
    let links = LINKS.map(|sql| (sql, "violates foreign key constraint"));
    for (sql, reason) in refusals.into_iter().chain(links) {
        let output = psql(&scratch.url, sql).unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(reason), "{sql}: {said}");
    }
    assert_eq!(content(&db).await, before);
}
