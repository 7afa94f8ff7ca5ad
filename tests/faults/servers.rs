//! A Postgres server that stops, dies and comes back: between statements, and while tasks write.

use std::time::{Duration, Instant};

use repo_core::{Database, Error};
use tokio::task::JoinSet;

use crate::ledger::{self, Account, Books, Pair, audit, transfer};
use crate::server::Server;

const TASKS: usize = 8;

async fn connect(server: &Server) -> Database {
    let options = repo_postgres::Options::new(&server.url).expect("a URL of Postgres");
    options.pool_size(4).connect().await.expect("the server")
}

/// What the caller of one write was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Done,
    Unknown,
    Failed,
}

impl Told {
    fn of<T>(result: Result<T, Error>) -> Self {
        match result {
            Ok(_) => Told::Done,
            Err(Error::CommitUnknown { .. }) => Told::Unknown,
            Err(Error::Connection { .. }) => Told::Failed,
            Err(error) => panic!("neither a lost connection nor an unknown commit: {error:?}"),
        }
    }
}

#[tokio::test]
async fn a_restart_between_operations_costs_one_error_at_most_and_loses_nothing() {
    let server = Server::start();
    let db = connect(&server).await;
    let (books, pair) = ledger::open(&db).await;
    let mut confirmed = 0;
    for (round, restart) in
        [Server::stop, Server::kill, Server::stop, Server::kill].iter().enumerate()
    {
        for _ in 0..3 {
            transfer(&books, pair, 1).await.expect("the server runs");
            confirmed += 1;
        }
        restart(&server);
        server.start_again();
        let mut errors = Vec::new();
        for _ in 0..6 {
            match transfer(&books, pair, 1).await {
                Ok(()) => confirmed += 1,
                Err(error) => errors.push(error),
            }
        }
        assert!(errors.len() <= 1, "round {round}: {errors:?}");
        assert!(errors.iter().all(Error::is_retryable), "round {round}: {errors:?}");
        assert_eq!(audit(&books, round).await, confirmed);
    }
}

#[tokio::test]
async fn without_its_server_every_operation_is_a_connection_error_at_once() {
    let server = Server::start();
    let db = connect(&server).await;
    let (books, pair) = ledger::open(&db).await;
    server.stop();
    let since = Instant::now();
    let accounts = books.repo::<Account>();
    let errors = [
        accounts.find(pair.payer).await.map(drop),
        accounts.create(ledger::account("new")).await.map(drop),
        accounts.create_many([ledger::account("a"), ledger::account("b")]).await.map(drop),
        accounts.delete(pair.payer).await,
        accounts.query().window(repo_core::WindowRequest::first(1)).await.map(drop),
        transfer(&books, pair, 1).await,
        books.begin().await.map(drop),
        db.health().await.map(drop),
    ];
    for (number, result) in errors.into_iter().enumerate() {
        let error = result.expect_err("there is no server");
        assert!(matches!(error, Error::Connection { .. }), "{number}: {error:?}");
    }
    assert!(since.elapsed() < Duration::from_secs(5), "{:?}", since.elapsed());
    server.start_again();
    transfer(&books, pair, 1).await.expect("the server is back");
    assert_eq!(audit(&books, "back").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_dies_under_load_loses_nothing_that_it_confirmed() {
    let server = Server::start();
    let db = connect(&server).await;
    let (books, pair) = ledger::open(&db).await;
    let mut known = 0;
    for round in 0..4 {
        let mut tasks = JoinSet::new();
        let end = Instant::now() + Duration::from_millis(1_500);
        for task in 0..TASKS {
            tasks.spawn(work(books.clone(), pair, format!("{round} {task}"), end));
        }
        tokio::time::sleep(Duration::from_millis(400)).await;
        tokio::task::block_in_place(|| {
            if round % 2 == 0 {
                server.kill()
            } else {
                server.stop()
            }
            server.start_again();
        });
        let told: Vec<Work> = tasks.join_all().await;
        known = check(&books, round, known, told).await;
    }
}

/// What one task was told: of each account by its name, and of its transfers.
struct Work {
    accounts: Vec<(String, Told)>,
    transfers: Vec<Told>,
}

async fn work(books: Books, pair: Pair, name: String, end: Instant) -> Work {
    let (mut accounts, mut transfers) = (Vec::new(), Vec::new());
    while Instant::now() < end {
        let name = format!("{name} {}", accounts.len());
        let created = books.repo::<Account>().create(ledger::account(&name)).await;
        accounts.push((name, Told::of(created)));
        transfers.push(Told::of(transfer(&books, pair, 1).await));
        if transfers.last() == Some(&Told::Failed) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    Work { accounts, transfers }
}

/// Compares what is stored with what the tasks were told. Returns the transfers there are.
async fn check(books: &Books, round: usize, before: usize, told: Vec<Work>) -> usize {
    let count = |wanted: Told| {
        told.iter().flat_map(|work| &work.transfers).filter(|told| **told == wanted).count()
    };
    let stored = audit(books, round).await;
    let confirmed = before + count(Told::Done);
    let possible = confirmed + count(Told::Unknown);
    assert!((confirmed..=possible).contains(&stored), "{confirmed} <= {stored} <= {possible}");
    assert!(count(Told::Done) > 0, "round {round}: the server ran for a while");
    assert!(count(Told::Failed) + count(Told::Unknown) > 0, "round {round}: somebody saw it die");
    for (name, told) in told.iter().flat_map(|work| &work.accounts) {
        let found = books.repo::<Account>().find_by_name(name.as_str()).await.expect("an answer");
        match told {
            Told::Done => assert!(found.is_some(), "{name} was confirmed"),
            Told::Failed => assert!(found.is_none(), "{name} failed"),
            Told::Unknown => {}
        }
    }
    stored
}
