//! Reads by key that wait for a connection: they share statements, and each is answered as if by itself.

mod additions;
mod broken;

use std::time::Duration;

use repo_core::backend::{Access, Backend, Connection, Row};
use repo_core::{Database, Kind, Repository, Tenant, TransactionOptions, Value, schema};
use repo_postgres::Postgres;
use sqlx::PgConnection;
use tokio::task::{JoinHandle, yield_now};
use uuid::Uuid;

use crate::scratch::{Scratch, count, statement};

const ACME: Uuid = Uuid::from_u128(0xacae);
const BOLT: Uuid = Uuid::from_u128(0xb017);
/// The transaction that a statement is in, which are numbered on each connection.
const TRANSACTION: &str = "SELECT split_part(virtualtransaction, '/', 2)::int8 FROM pg_locks \
    WHERE pid = pg_backend_pid() AND locktype = 'virtualxid'";

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "tickets", tenant, soft_delete)]
struct Ticket {
    id: Uuid,
    tenant_id: Uuid,
    title: String,
    rank: Option<i32>,
    deleted_at: Option<chrono::DateTime<chrono::Utc>>,
}

/// The tenant is a text, and the id a number that the database makes.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "Notes \"1\"", tenant)]
struct Note {
    id: i64,
    #[repository(tenant)]
    owner: String,
    text: String,
}

/// Of no tenant.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "places")]
struct Place {
    id: i64,
    name: String,
}

/// A pool, and tickets of two tenants.
struct Desk {
    scratch: Scratch,
    pool: Postgres,
    db: Database,
    of_acme: Vec<Ticket>,
    of_bolt: Vec<Ticket>,
}

impl Desk {
    async fn open(connections: usize) -> Option<Self> {
        let scratch = Scratch::new().await?;
        let options = scratch.options().pool_size(connections).application_name(&scratch.schema);
        let pool = options.pool_timeout(Duration::from_secs(20)).connect_backend().await.unwrap();
        let db = Database::new(std::sync::Arc::new(pool.clone()));
        db.create_tables(&schema![Ticket, Note, Place]).await.unwrap();
        let new = |number: usize| NewTicket {
            title: format!("ticket {number}"),
            rank: number.is_multiple_of(2).then_some(1),
        };
        let of = async |tenant: Uuid| {
            db.tenant(tenant).repo::<Ticket>().create_many((0..40).map(new)).await.unwrap()
        };
        let (of_acme, of_bolt) = (of(ACME).await, of(BOLT).await);
        Some(Self { scratch, pool, db, of_acme, of_bolt })
    }

    fn tickets(&self, tenant: Uuid) -> TicketRepository<Tenant<Uuid>> {
        self.db.tenant(tenant).repo::<Ticket>()
    }

    /// A task that looks for a ticket of Acme.
    fn finding(&self, id: Uuid) -> JoinHandle<repo_core::Result<Option<Ticket>>> {
        let tickets = self.tickets(ACME);
        tokio::spawn(async move { tickets.find(id).await })
    }

    /// Tasks that look for these tickets one after the other; each waits when this returns.
    async fn all_finding(
        &self,
        tickets: &[Ticket],
    ) -> Vec<JoinHandle<repo_core::Result<Option<Ticket>>>> {
        let mut finding = Vec::new();
        for ticket in tickets {
            finding.push(self.finding(ticket.id));
            yield_now().await;
        }
        finding
    }

    /// A connection beside the pool that keeps everybody from reading tickets.
    async fn locked(&self) -> PgConnection {
        self.scratch.locked("tickets IN ACCESS EXCLUSIVE MODE").await
    }
}

/// The number of the transaction.
async fn number_of(transaction: &mut dyn Connection) -> i64 {
    let mut found = None;
    let mut on_row = |row: &dyn Row| {
        found = row.value(0, Kind::I64).ok().map(Value::into_owned);
        Ok(())
    };
    transaction.run(statement(TRANSACTION, &[], Access::Read), &mut on_row).await.unwrap();
    match found {
        Some(Value::I64(number)) => number,
        other => panic!("{other:?} is not a number"),
    }
}

async fn answers(
    finding: Vec<JoinHandle<repo_core::Result<Option<Ticket>>>>,
) -> Vec<Option<Ticket>> {
    let mut answers = Vec::new();
    for task in finding {
        answers.push(task.await.unwrap().unwrap());
    }
    answers
}

fn some(tickets: &[Ticket]) -> Vec<Option<Ticket>> {
    tickets.iter().cloned().map(Some).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_gets_rows_of_their_own_tenant_and_no_other() {
    for connections in [1, 2] {
        let Some(desk) = Desk::open(connections).await else { return };
        let deleted = desk.of_acme[0].id;
        desk.tickets(ACME).delete(deleted).await.unwrap();
        let mut tasks = Vec::new();
        for number in 0..200 {
            let (tenant, own, foreign) = if number % 2 == 0 {
                (ACME, &desk.of_acme, &desk.of_bolt)
            } else {
                (BOLT, &desk.of_bolt, &desk.of_acme)
            };
            let (own, foreign) = (own[1 + number % 39].clone(), foreign[number % 40].id);
            let tickets = desk.tickets(tenant);
            tasks.push(tokio::spawn(async move {
                for _ in 0..5 {
                    assert_eq!(tickets.get(own.id).await.unwrap(), own);
                    assert!(tickets.get(foreign).await.unwrap_err().is_not_found());
                    assert!(tickets.get(deleted).await.unwrap_err().is_not_found());
                    assert!(tickets.exists(own.id).await.unwrap());
                    assert!(!tickets.exists(foreign).await.unwrap());
                    assert!(!tickets.exists(deleted).await.unwrap());
                }
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
    }
}

#[tokio::test]
async fn ids_that_are_numbers_and_tenants_that_are_texts_are_keys_as_well() {
    let Some(desk) = Desk::open(1).await else { return };
    let note = |owner: &str, text: &str| {
        let (notes, new) = (desk.db.tenant(owner.to_owned()).repo::<Note>(), text.to_owned());
        async move { notes.create(NewNote { text: new }).await.unwrap() }
    };
    let notes = [note("acme", "a").await, note("bölt", "b").await, note("acme", "c").await];
    let place = desk.db.session().repo::<Place>();
    let place = place.create(NewPlace { name: "here".into() }).await.unwrap();
    let held = desk.pool.begin(TransactionOptions::new()).await.unwrap();
    let mut tasks = Vec::new();
    for owner in ["acme", "bölt", "nobody's"] {
        for note in notes.clone() {
            let repo = desk.db.tenant(owner.to_owned()).repo::<Note>();
            tasks.push(tokio::spawn(async move {
                let found = repo.find(note.id).await.unwrap();
                assert_eq!(found, Some(note).filter(|note| note.owner == owner));
            }));
        }
        let (places, place) = (desk.db.session().repo::<Place>(), place.clone());
        tasks.push(tokio::spawn(async move {
            assert_eq!(places.find(place.id).await.unwrap(), Some(place.clone()));
            assert!(!places.exists(place.id + 1).await.unwrap());
        }));
        yield_now().await;
    }
    held.rollback().await.unwrap();
    for task in tasks {
        task.await.unwrap();
    }
}

#[tokio::test]
async fn many_reads_that_wait_are_few_statements() {
    let Some(desk) = Desk::open(1).await else { return };
    // Preparing a statement is a transaction as well.
    for _ in 0..2 {
        let held = desk.pool.begin(TransactionOptions::new()).await.unwrap();
        let finding = desk.all_finding(&desk.of_acme[..3]).await;
        held.rollback().await.unwrap();
        answers(finding).await;
    }
    let mut held = desk.pool.begin(TransactionOptions::new()).await.unwrap();
    let finding = desk.all_finding(&desk.of_acme).await;
    let before = number_of(&mut *held).await;
    held.rollback().await.unwrap();
    assert_eq!(answers(finding).await, some(&desk.of_acme));
    let mut held = desk.pool.begin(TransactionOptions::new()).await.unwrap();
    let reads = number_of(&mut *held).await - before - 1;
    held.rollback().await.unwrap();
    assert!((1..=8).contains(&reads), "{reads} statements for 40 reads");
}

#[tokio::test]
async fn a_read_that_finds_a_connection_is_sent_as_it_is() {
    let Some(desk) = Desk::open(1).await else { return };
    desk.tickets(ACME).get(desk.of_acme[0].id).await.unwrap();
    let sql = "SELECT count(*) FROM pg_prepared_statements \
        WHERE statement LIKE '%WITH ' || 'ORDINALITY%'";
    assert_eq!(count(&desk.pool, sql).await, 0);
}

#[tokio::test]
async fn a_write_that_waits_keeps_its_turn() {
    let Some(desk) = Desk::open(1).await else { return };
    let held = desk.pool.begin(TransactionOptions::new()).await.unwrap();
    let finding = desk.all_finding(&desk.of_acme[..10]).await;
    let places = desk.db.session().repo::<Place>();
    let writing = {
        let places = places.clone();
        tokio::spawn(async move { places.create(NewPlace { name: "here".into() }).await })
    };
    yield_now().await;
    // In the line of another text, behind the write.
    let reading = tokio::spawn(async move { places.exists(1).await });
    let more = desk.all_finding(&desk.of_acme[10..]).await;
    held.rollback().await.unwrap();
    assert!(reading.await.unwrap().unwrap(), "the write was first");
    assert_eq!(writing.await.unwrap().unwrap().id, 1);
    assert_eq!(answers(finding).await, some(&desk.of_acme[..10]));
    assert_eq!(answers(more).await, some(&desk.of_acme[10..]));
}

#[tokio::test]
async fn reads_in_a_transaction_see_what_it_did_while_others_wait() {
    let Some(desk) = Desk::open(1).await else { return };
    let transaction = desk.db.tenant(ACME).begin().await.unwrap();
    let waiting = desk.all_finding(&desk.of_acme[..5]).await;
    let tickets = transaction.session().repo::<Ticket>();
    let first = &desk.of_acme[0];
    tickets.patch(first.id, TicketPatch::new().title("changed")).await.unwrap();
    assert_eq!(tickets.get(first.id).await.unwrap().title, "changed");
    transaction.rollback().await.unwrap();
    assert_eq!(answers(waiting).await, some(&desk.of_acme[..5]));
}
