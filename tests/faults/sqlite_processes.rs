//! A SQLite file that another process uses as well: holds it, writes beside us, is killed.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use repo_core::{Error, schema};
use repo_sqlite::Synchronous;
use tokio::task::JoinSet;

use crate::ledger::{self, Account, Transfer, audit, transfer, transfer_in};
use crate::site::File;

pub(crate) const URL: &str = "REPO_TEST_URL_OF_ANOTHER_PROCESS";
pub(crate) const MODE: &str = "REPO_TEST_MODE_OF_ANOTHER_PROCESS";
pub(crate) const ANSWERED: &str = "answered ";
const REFUSED: &str = "refused ";
const READY: &str = "the other process is ready";

/// This test binary, started again for one of the tests that are ignored otherwise.
pub(crate) struct Other {
    child: Child,
    // Closed, it would end the other process too early.
    output: Lines<BufReader<ChildStdout>>,
}

impl Other {
    fn start(test: &str, file: &File) -> Self {
        Self::start_with(test, file, &[])
    }

    fn start_with(test: &str, file: &File, settings: &[(&str, &str)]) -> Self {
        Self::start_test(&format!("sqlite_processes::{test}"), file, settings)
    }

    /// A test by its path.
    pub(crate) fn start_test(test: &str, file: &File, settings: &[(&str, &str)]) -> Self {
        let mut child = Command::new(std::env::current_exe().expect("this binary"))
            .args(["--exact", test, "--ignored", "--nocapture"])
            .env(URL, file.url())
            .envs(settings.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("another process");
        let mut output = BufReader::new(child.stdout.take().expect("its output")).lines();
        let is_ready = output.by_ref().map_while(Result::ok).any(|line| line.contains(READY));
        assert!(is_ready, "the other process came to where it was to come");
        Self { child, output }
    }

    /// Lets it end.
    fn release(&mut self) {
        drop(self.child.stdin.take());
        assert!(self.child.wait().expect("it ends").success());
    }

    /// Ends it in the middle of whatever it does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it ends");
    }

    /// What it says: the next lines, or all that is left.
    pub(crate) fn says(&mut self, lines: usize) -> Vec<String> {
        self.output.by_ref().map_while(Result::ok).take(lines).collect()
    }
}

pub(crate) fn ready() {
    println!("{READY}");
    std::io::stdout().flush().expect("the test reads it");
}

fn wait_for_release() {
    std::io::stdin().lines().for_each(drop);
}

#[tokio::test]
#[ignore = "the other process of these tests"]
async fn holds_a_transaction() {
    let db = repo_sqlite::connect(&std::env::var(URL).expect("a URL")).await.expect("the file");
    let books = db.tenant(1);
    let accounts = books.repo::<Account>().all().await.expect("two accounts");
    let pair = ledger::Pair { payer: accounts[0].id, payee: accounts[1].id };
    let transaction = books.begin().await.expect("a transaction");
    transfer_in(&transaction, pair, 1).await.expect("a transfer");
    ready();
    wait_for_release();
    drop(transaction);
}

#[tokio::test]
#[ignore = "the other process of these tests"]
async fn writes_until_it_is_released() {
    let db = repo_sqlite::connect(&std::env::var(URL).expect("a URL")).await.expect("the file");
    db.create_tables(&schema![Account, Transfer]).await.expect("they are there already");
    let books = db.tenant(1);
    let accounts = books.repo::<Account>().all().await.expect("two accounts");
    let pair = ledger::Pair { payer: accounts[0].id, payee: accounts[1].id };
    let released = std::thread::spawn(wait_for_release);
    let mut written = 0;
    while !released.is_finished() || written < 100 {
        transfer(&books, pair, 1).await.expect("a transfer beside the other process");
        written += 1;
        if written == 1 {
            ready();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the other process of these tests"]
async fn creates_with_many_tasks_and_says_what_was_answered() {
    let options = repo_sqlite::Options::new(&std::env::var(URL).expect("a URL")).expect("a URL");
    let mode = match std::env::var(MODE).as_deref() {
        Ok("normal") => Synchronous::Normal,
        _ => Synchronous::Full,
    };
    let books = options.synchronous(mode).connect().await.expect("the file").tenant(1);
    ready();
    let mut tasks = JoinSet::new();
    for task in 0..64 {
        let accounts = books.repo::<Account>();
        tasks.spawn(async move {
            for number in 0..10_000 {
                let name = format!("{task}:{number}");
                match accounts.create(ledger::account(&name)).await {
                    Ok(_) => println!("{ANSWERED}{name}"),
                    Err(error) => println!("{REFUSED}{name}: {error}"),
                }
            }
        });
    }
    tasks.join_all().await;
}

#[tokio::test]
async fn what_was_answered_before_a_kill_amid_shared_commits_is_there() {
    for round in 0..6 {
        let file = File::new();
        let db = file.options().connect().await.expect("a file");
        let (books, _) = ledger::open(&db).await;
        let mode = if round % 2 == 0 { "full" } else { "normal" };
        let test = "creates_with_many_tasks_and_says_what_was_answered";
        let mut other = Other::start_with(test, &file, &[(MODE, mode)]);
        let mut said = other.says(100 + round * 70);
        other.kill();
        said.extend(other.says(usize::MAX));
        let refused: Vec<_> = said.iter().filter(|line| line.starts_with(REFUSED)).collect();
        assert!(refused.is_empty(), "{round}: {refused:?}");
        // The last line may be cut off; a whole one has the mark and a name.
        let answered = said.iter().filter_map(|line| line.strip_prefix(ANSWERED));
        let accounts = books.repo::<Account>().all().await.expect("the accounts");
        let stored: HashSet<&str> = accounts.iter().map(|it| it.name.as_str()).collect();
        let lost: Vec<&str> = answered.clone().filter(|name| !stored.contains(name)).collect();
        let cut_off = said.last().and_then(|line| line.strip_prefix(ANSWERED));
        let lost: Vec<_> = lost.into_iter().filter(|name| Some(*name) != cut_off).collect();
        assert!(lost.is_empty(), "{round}: {lost:?}");
        assert!(answered.count() >= 100, "{round}");
        // Each task waits for its answer: no more than one write of each was on its way.
        assert!(stored.len() <= said.len() + 2 + 64, "{round}: {}", stored.len());
        books.repo::<Account>().create(ledger::account("after")).await.expect("the file is free");
    }
}

#[tokio::test]
async fn a_write_waits_for_another_process_and_is_busy_in_the_end() {
    let file = File::new();
    let timeout = Duration::from_millis(300);
    let db = file.options().busy_timeout(timeout).connect().await.expect("a file");
    let (books, pair) = ledger::open(&db).await;
    let mut other = Other::start("holds_a_transaction", &file);

    let since = Instant::now();
    let refused = [
        books.repo::<Account>().create(ledger::account("too early")).await.map(drop),
        transfer(&books, pair, 1).await,
    ];
    for result in refused {
        let error = result.expect_err("the file is locked");
        assert!(matches!(error, Error::Busy { .. }), "{error:?}");
        assert!(error.is_retryable());
    }
    assert!(since.elapsed() >= timeout * 2, "{:?}", since.elapsed());
    assert_eq!(audit(&books, "readers go on").await, 0);

    let release = async {
        tokio::time::sleep(timeout / 6).await;
        tokio::task::spawn_blocking(move || other.release()).await.expect("it ends");
    };
    let (waited, ()) = tokio::join!(transfer(&books, pair, 1), release);
    waited.expect("it waited until the file was free");
    assert_eq!(audit(&books, "what the other did not commit is not there").await, 1);
}

#[tokio::test]
async fn two_processes_write_side_by_side_and_lose_nothing() {
    let file = File::new();
    let db = file.options().connect().await.expect("a file");
    let (books, pair) = ledger::open(&db).await;
    let mut other = Other::start("writes_until_it_is_released", &file);
    for _ in 0..100 {
        transfer(&books, pair, 1).await.expect("a transfer beside the other process");
    }
    other.release();
    assert!(audit(&books, "both").await >= 200);
}

#[tokio::test]
async fn a_process_that_is_killed_leaves_nothing_half_written() {
    let file = File::new();
    let db = file.options().connect().await.expect("a file");
    let (books, pair) = ledger::open(&db).await;
    for round in 0..3 {
        let mut other = Other::start("holds_a_transaction", &file);
        other.kill();
        transfer(&books, pair, 1).await.expect("the lock went with the process");
        assert_eq!(audit(&books, round).await, round + 1);
    }
    for round in 0..5 {
        let before = audit(&books, round).await;
        let mut other = Other::start("writes_until_it_is_released", &file);
        tokio::time::sleep(Duration::from_millis(20 + round * 7)).await;
        other.kill();
        assert!(audit(&books, "killed amid its writes").await > before);
        transfer(&books, pair, 1).await.expect("the file is free");
    }
}
