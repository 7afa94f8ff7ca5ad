//! Another process that holds the file.

use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use repo_core::{Error, TransactionOptions};

use crate::support::{File, add, count, open, with_tables};

const FILE: &str = "REPO_TEST_FILE_TO_LOCK";

/// This test binary, started again to hold the lock until its input ends.
struct Holder {
    child: Child,
    // Closed, it would end the other process too early.
    _output: Lines<BufReader<ChildStdout>>,
}

impl Holder {
    fn start(file: &File) -> Self {
        let mut child = Command::new(std::env::current_exe().expect("this binary"))
            .args(["--exact", "other_process::hold_the_lock", "--ignored", "--nocapture"])
            .env(FILE, file.folder.path().join("notes.db"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("another process");
        let mut output = BufReader::new(child.stdout.take().expect("its output")).lines();
        let locked = output.by_ref().map_while(Result::ok).any(|line| line.contains("locked"));
        assert!(locked, "the other process has the lock");
        Self { child, _output: output }
    }

    fn let_go(mut self) {
        drop(self.child.stdin.take());
        self.child.wait().expect("it ends");
    }
}

#[test]
#[ignore = "the other process of these tests"]
fn hold_the_lock() {
    let path = std::env::var_os(FILE).expect("started by another test");
    let connection = rusqlite::Connection::open(path).expect("the file");
    connection.execute_batch("BEGIN IMMEDIATE").expect("the lock");
    println!("locked");
    std::io::stdout().flush().expect("the test reads it");
    std::io::stdin().lines().for_each(drop);
}

#[tokio::test(flavor = "current_thread")]
async fn a_write_waits_for_it_and_is_busy_in_the_end_while_the_thread_stays_free() {
    let file = File::new();
    let timeout = Duration::from_millis(300);
    let backend = with_tables(file.options().busy_timeout(timeout)).await;
    let holder = Holder::start(&file);
    let since = Instant::now();
    let mut turns = 0;
    let ticking = async {
        loop {
            tokio::time::sleep(Duration::from_millis(10)).await;
            turns += 1;
        }
    };
    let error = tokio::select! {
        result = add(&*backend, "too early") => result.expect_err("the file is locked"),
        () = ticking => unreachable!("it never ends"),
    };
    assert!(matches!(error, Error::Busy { .. }), "{error}");
    assert!(since.elapsed() >= timeout && turns > 5, "{:?}, {turns} turns", since.elapsed());
    let error = backend.begin(TransactionOptions::new()).await.expect_err("the file is locked");
    assert!(matches!(error, Error::Busy { .. }), "{error}");
    assert_eq!(count(&*backend).await.expect("readers go on"), 0);
    holder.let_go();
    add(&*backend, "now").await.expect("the file is free");
}

#[tokio::test(flavor = "current_thread")]
async fn a_write_goes_on_when_it_lets_go() {
    let file = File::new();
    let backend = file.notes().await;
    let holder = Holder::start(&file);
    let write = add(&*backend, "patient");
    let release = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        holder.let_go();
    };
    let (written, ()) = tokio::join!(write, release);
    written.expect("it waited");
    assert_eq!(count(&*backend).await.expect("a count"), 1);
}

#[tokio::test]
async fn two_backends_on_one_file_wait_for_each_other() {
    let file = File::new();
    let first = file.notes().await;
    let second = open(file.options()).await;
    let write = async |backend: &dyn repo_core::backend::Backend, name: &str| {
        for n in 0..100 {
            add(backend, &format!("{name} {n}")).await.expect("a write");
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(write(&*first, "first"), write(&*second, "second"));
    assert_eq!(count(&*first).await.expect("a count"), 200);
}
