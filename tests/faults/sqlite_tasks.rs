//! Many tasks on one SQLite file, as a server has them.

use std::time::{Duration, Instant};

use repo_core::Error;
use tokio::task::JoinSet;

use crate::ledger::{self, Account, Books, Pair, audit, transfer};
use crate::site::File;

const TASKS: usize = 64;
const TIME: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_tasks_create_and_read_for_ten_seconds_and_lose_nothing() {
    let file = File::new();
    let db = file.options().connect().await.expect("a file");
    let (books, pair) = ledger::open(&db).await;
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        tasks.spawn(work(books.clone(), pair, task));
    }
    let done: Vec<(usize, usize)> = tasks.join_all().await;
    let created: usize = done.iter().map(|(created, _)| created).sum();
    let transfers: usize = done.iter().map(|(_, transfers)| transfers).sum();
    let stored = books.repo::<Account>().count().await.expect("a count");
    assert_eq!(stored, u64::try_from(created).expect("a number") + 2);
    assert_eq!(audit(&books, "after it").await, transfers);
    assert!(done.iter().all(|(created, _)| *created > 0), "everybody had a turn: {done:?}");
}

/// Returns how many accounts it created and how many transfers it made.
async fn work(books: Books, pair: Pair, task: usize) -> (usize, usize) {
    let (end, accounts) = (Instant::now() + TIME, books.repo::<Account>());
    let (mut created, mut transfers) = (0, 0);
    while Instant::now() < end {
        let name = format!("{task}:{created}");
        let account = accounts.create(ledger::account(&name)).await.unwrap_or_else(never);
        created += 1;
        let found = accounts.get(account.id).await.unwrap_or_else(never);
        assert_eq!(found, account);
        if created % 4 == 0 {
            transfer(&books, pair, 1).await.unwrap_or_else(never);
            transfers += 1;
        }
    }
    (created, transfers)
}

fn never<T>(error: Error) -> T {
    panic!("tasks of one process meet no error: {error:?}")
}
