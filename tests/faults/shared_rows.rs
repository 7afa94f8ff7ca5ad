//! Rows that many tasks add through few connections while their Postgres server dies: they share statements, and
//! each is there once where that was confirmed, and never where it failed.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use repo_core::{Database, Error, Repository, Result, Tenant, schema};
use tokio::task::JoinSet;
use tokio::time::timeout;
use uuid::Uuid;

use crate::server::Server;

const TASKS: usize = 48;
const CONNECTIONS: usize = 3;
const TENANTS: i64 = 3;

/// Without a key of its own and without a reference: it can wait for nobody.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "notes", tenant)]
struct Note {
    id: Uuid,
    tenant_id: i64,
    text: String,
}

/// What a task was told of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Done,
    Failed,
    Unknown,
    /// It did not wait for the answer.
    Left,
}

fn told(result: Result<Note>) -> Told {
    match result {
        Ok(_) => Told::Done,
        Err(Error::CommitUnknown { .. }) => Told::Unknown,
        Err(Error::Connection { .. }) => Told::Failed,
        Err(error) => panic!("neither a lost connection nor an unknown commit: {error:?}"),
    }
}

/// Adds rows until the end, and now and then goes away before it is told.
async fn add(
    notes: NoteRepository<Tenant<i64>>,
    name: String,
    end: Instant,
) -> Vec<(String, Told)> {
    let mut rows = Vec::new();
    while Instant::now() < end {
        let text = format!("{name} {}", rows.len());
        let adding = notes.create(NewNote { text: text.clone() });
        let told = if rows.len() % 7 == 6 {
            let result = timeout(Duration::from_millis(2), adding).await;
            result.map_or(Told::Left, told)
        } else {
            told(adding.await)
        };
        rows.push((text, told));
        if told == Told::Failed {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    rows
}

async fn connect(server: &Server) -> Database {
    let options = repo_postgres::Options::new(&server.url).expect("a URL of Postgres");
    let db = options.pool_size(CONNECTIONS).connect().await.expect("the server");
    db.create_tables(&schema![Note]).await.expect("a table");
    db
}

/// How often each text is stored, whatever the tenant.
async fn stored(db: &Database) -> HashMap<String, usize> {
    let all = db.all_tenants("to compare").repo::<Note>();
    let mut texts = HashMap::new();
    for note in all.all().await.expect("the server is back") {
        *texts.entry(note.text).or_default() += 1;
    }
    texts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_share_statements_are_there_once_or_not_at_all() {
    let server = Server::start();
    let db = connect(&server).await;
    for round in 0..4 {
        let mut tasks = JoinSet::new();
        let end = Instant::now() + Duration::from_millis(1_500);
        for task in 0..TASKS {
            let tenant = i64::try_from(task).expect("there are few") % TENANTS;
            let notes = db.tenant(tenant).repo::<Note>();
            tasks.spawn(add(notes, format!("{round} {task}"), end));
        }
        tokio::time::sleep(Duration::from_millis(400)).await;
        tokio::task::block_in_place(|| {
            if round % 2 == 0 {
                server.kill();
            } else {
                server.stop();
            }
            server.start_again();
        });
        let rows = tasks.join_all().await.concat();
        let count = |wanted| rows.iter().filter(|(_, told)| *told == wanted).count();
        assert!(count(Told::Done) > 0, "round {round}: the server ran for a while");
        assert!(count(Told::Failed) + count(Told::Unknown) > 0, "round {round}: it died");
        let stored = stored(&db).await;
        for (text, told) in rows {
            match (told, stored.get(&text).copied().unwrap_or(0)) {
                (Told::Done, 1) | (Told::Failed, 0) | (Told::Unknown | Told::Left, 0 | 1) => {}
                (told, times) => panic!("{text}: {told:?}, and stored {times} times"),
            }
        }
    }
}
