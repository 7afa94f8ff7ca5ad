//! A SQLite file on a disk that is full, and one that may only be read.

use std::path::Path;
use std::process::Command;

use repo_core::{Database, Error};

use crate::ledger::{self, Account, AccountPatch, Books, Transfer, audit, transfer};
use crate::site::File;

/// Writes books until there is no room, then makes some.
async fn fill(db: &Database, case: &str, make_room: impl AsyncFnOnce(&Books)) {
    let (books, pair) = ledger::open(db).await;
    let mut confirmed = 0;
    let error = loop {
        match write_much(&books, confirmed).await {
            Ok(()) => confirmed += 1,
            Err(error) => break error,
        }
        assert!(confirmed < 10_000, "{case}: the disk is never full");
    };
    assert!(is_full(&error), "{case}: {error:?}");
    assert!(confirmed > 0, "{case}");
    assert_eq!(large(&books).await, confirmed, "{case}: reads go on, and nothing is half written");
    for _ in 0..3 {
        let error = write_much(&books, confirmed).await.expect_err("it is still full");
        assert!(is_full(&error), "{case}: {error:?}");
    }
    assert_eq!(large(&books).await, confirmed, "{case}");
    assert_eq!(audit(&books, case).await, 0);
    make_room(&books).await;
    let left = large(&books).await;
    write_much(&books, confirmed).await.expect(case);
    assert_eq!(large(&books).await, left + 1, "{case}");
    transfer(&books, pair, 1).await.expect(case);
    assert_eq!(audit(&books, case).await, 1);
}

/// Many rows in one transaction: too many for what is left at some time.
async fn write_much(books: &Books, number: u64) -> Result<(), Error> {
    let name = |part: i32| ledger::account(format!("large {number} {part} {}", "x".repeat(20_000)));
    books
        .transaction(async |tx| {
            let accounts = tx.repo::<Account>();
            let first = accounts.create(name(0)).await?;
            accounts.patch(first.id, AccountPatch::new().balance(0)).await?;
            accounts.delete(first.id).await?;
            accounts.create_many([name(1), name(2)]).await?;
            Ok(())
        })
        .await
}

/// How many times that was done.
async fn large(books: &Books) -> u64 {
    let rows = books.repo::<Account>().filter(Account::NAME.starts_with("large ")).count().await;
    let rows = rows.expect("reads go on");
    assert_eq!(rows % 2, 0, "nothing is half written");
    rows / 2
}

async fn delete_large(books: &Books) {
    let accounts = books.repo::<Account>();
    let large = accounts.filter(Account::NAME.starts_with("large ")).all().await;
    for account in large.expect("reads go on") {
        accounts.delete(account.id).await.expect("a delete needs no room");
    }
}

/// SQLITE_FULL. What a lack of room at COMMIT left behind is unknown to SQLite itself.
fn is_full(error: &Error) -> bool {
    match error {
        Error::Backend(source) => source.code.as_deref() == Some("13"),
        _ => false,
    }
}

#[tokio::test]
async fn a_file_at_its_largest_size_refuses_and_loses_nothing() {
    let file = File::new();
    let options = file.options().pragma("max_page_count", "100").expect("a free pragma");
    fill(&options.connect().await.expect("a file"), "largest size", delete_large).await;
}

#[tokio::test]
async fn a_file_that_may_only_be_read_is_read_and_refuses_every_write() {
    let file = File::new();
    let db = file.options().connect().await.expect("a file");
    let (books, pair) = ledger::open(&db).await;
    transfer(&books, pair, 1).await.expect("it may be written here");
    db.close().await;
    let url = format!("{}?mode=ro", file.url());
    let books = repo_sqlite::connect(&url).await.expect("it is there").tenant(1);
    let accounts = books.repo::<Account>();
    let refused = [
        accounts.create(ledger::account("new")).await.map(drop),
        accounts.create_many([ledger::account("a"), ledger::account("b")]).await.map(drop),
        accounts.patch(pair.payer, AccountPatch::new().balance(0)).await.map(drop),
        accounts.delete(pair.payer).await,
        transfer(&books, pair, 1).await,
    ];
    for (number, result) in refused.into_iter().enumerate() {
        let error = result.expect_err("it may only be read");
        assert!(matches!(error, Error::ReadOnly { .. }), "{number}: {error:?}");
        assert!(!error.is_retryable());
    }
    assert_eq!(audit(&books, "read").await, 1);
    assert_eq!(books.repo::<Transfer>().count().await.expect("a count"), 1);
}

/// A disk in memory; none where the user may not make one.
struct Disk<'f>(&'f Path);

impl<'f> Disk<'f> {
    fn mount(folder: &'f Path, size: &str) -> Option<Self> {
        let options = format!("size={size}");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(folder);
        let is_mounted = mount.output().is_ok_and(|output| output.status.success());
        is_mounted.then_some(Self(folder))
    }
}

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0).output();
    }
}

#[tokio::test]
async fn a_disk_that_is_full_refuses_and_loses_nothing() {
    let file = File::new();
    let path = file.path();
    let folder = path.parent().expect("a folder");
    let Some(_disk) = Disk::mount(folder, "4m") else {
        println!("only root makes a small disk: a file at its largest size stands for it");
        return;
    };
    let ballast = folder.join("ballast");
    std::fs::write(&ballast, vec![1; 2_000_000]).expect("there is room");
    let db = file.options().connect().await.expect("a file");
    let drop_ballast = async |_: &Books| std::fs::remove_file(&ballast).expect("it is there");
    fill(&db, "full disk", drop_ballast).await;
    db.close().await;
}
