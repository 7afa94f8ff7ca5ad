//! Books in which anything half written shows: what accounts hold is what was transferred to them less
//! what was transferred from them.

use std::collections::HashMap;
use std::fmt::Debug;

use repo_core::{Database, Error, Repository, Result, Session, Tenant, schema};
use uuid::Uuid;

/// An account of one tenant's books.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "accounts", tenant, versioned)]
pub(crate) struct Account {
    pub(crate) id: Uuid,
    pub(crate) tenant_id: i64,
    #[repository(unique)]
    pub(crate) name: String,
    pub(crate) balance: i64,
    pub(crate) version: i64,
}

/// Money that went from one account to another.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "transfers", tenant, immutable)]
pub(crate) struct Transfer {
    pub(crate) id: Uuid,
    pub(crate) tenant_id: i64,
    #[repository(references = Account)]
    pub(crate) payer_id: Uuid,
    #[repository(references = Account)]
    pub(crate) payee_id: Uuid,
    pub(crate) amount: i64,
}

pub(crate) type Books = Session<Tenant<i64>>;

/// Two accounts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair {
    pub(crate) payer: Uuid,
    pub(crate) payee: Uuid,
}

/// New books of tenant 1, and two accounts in them.
pub(crate) async fn open(db: &Database) -> (Books, Pair) {
    db.create_tables(&schema![Account, Transfer]).await.expect("tables");
    let books = db.tenant(1);
    let accounts = [account("payer"), account("payee")];
    let accounts = books.repo::<Account>().create_many(accounts).await.expect("two accounts");
    let pair = Pair { payer: accounts[0].id, payee: accounts[1].id };
    (books, pair)
}

pub(crate) fn account(name: impl Into<String>) -> NewAccount {
    NewAccount { name: name.into(), balance: 0 }
}

/// Moves money in one transaction, with a savepoint in it. Other tasks have their turn between the
/// statements, so that it can be interrupted there on every database.
pub(crate) async fn transfer(books: &Books, pair: Pair, amount: i64) -> Result<()> {
    books.transaction(async |tx| transfer_in(tx, pair, amount).await).await
}

pub(crate) async fn transfer_in(tx: &Books, pair: Pair, amount: i64) -> Result<()> {
    change(tx, pair.payer, -amount).await?;
    tokio::task::yield_now().await;
    tx.transaction::<_, Error, _>(async |inner| {
        change(inner, pair.payee, amount).await?;
        tokio::task::yield_now().await;
        Ok(())
    })
    .await?;
    let Pair { payer: payer_id, payee: payee_id } = pair;
    tx.repo::<Transfer>().create(NewTransfer { payer_id, payee_id, amount }).await?;
    tokio::task::yield_now().await;
    Ok(())
}

async fn change(tx: &Books, id: Uuid, by: i64) -> Result<()> {
    let accounts = tx.repo::<Account>();
    let account = accounts.filter(Account::ID.eq(id)).for_update().one().await?;
    tokio::task::yield_now().await;
    let patch = AccountPatch::new().balance(account.balance + by);
    accounts.patch(id, patch).if_version(account.version).await?;
    Ok(())
}

/// Checks the books and returns how many transfers are in them.
pub(crate) async fn audit(books: &Books, case: impl Debug) -> usize {
    let transfers = books.repo::<Transfer>().all().await.expect("the transfers");
    let accounts = books.repo::<Account>().all().await.expect("the accounts");
    let mut expected: HashMap<Uuid, i64> = HashMap::new();
    let mut changes: HashMap<Uuid, i64> = HashMap::new();
    for Transfer { payer_id, payee_id, amount, .. } in &transfers {
        for (account, by) in [(payer_id, -amount), (payee_id, *amount)] {
            *expected.entry(*account).or_default() += by;
            *changes.entry(*account).or_default() += 1;
        }
    }
    for account in accounts {
        let expected = expected.get(&account.id).copied().unwrap_or(0);
        let changes = changes.get(&account.id).copied().unwrap_or(0);
        let held = (account.balance, account.version);
        assert_eq!(held, (expected, changes + 1), "{case:?}: {}", account.name);
    }
    transfers.len()
}
