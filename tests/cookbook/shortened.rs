//! What `docs/cookbook/archive-the-trail.md` says of those who read and write while entries are removed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use repo_core::{Database, Error, Result, Session, Tenant, schema};
use uuid::Uuid;

use crate::archive_the_trail::{Loan, LoanPatch, NewLoan, is_intact, refuse_early, shorten};

#[test]
fn others_write_while_entries_are_removed_on_sqlite() {
    crate::on_sqlite(async |db| beside_writers(&db).await);
}

#[test]
fn others_write_while_entries_are_removed_on_postgres() {
    crate::on_postgres(async |db| beside_writers(&db).await);
}

async fn beside_writers(db: &Database) -> Result<()> {
    let schema = schema![Loan];
    db.create_tables(&schema).await?;
    refuse_early(&db.session().actor("alice")).await?;
    let session = db.tenant(Uuid::from_u128(1)).actor("alice");
    session.repo::<Loan>().create(NewLoan { cents: 1 }).await?;
    let is_over = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..6)
        .map(|writer| {
            let (session, is_over) = (session.clone(), Arc::clone(&is_over));
            tokio::spawn(async move {
                while !is_over.load(Ordering::Relaxed) {
                    write(&session, writer).await?;
                }
                Ok::<_, Error>(())
            })
        })
        .collect();
    for _ in 0..15 {
        let old = session.audit().chain()?.checkpoint().await?;
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        shorten(&session, old.clone()).await?;
        assert!(is_intact(&session, old).await?);
    }
    is_over.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.expect("it ends")?;
    }
    assert_eq!(db.doctor(&schema).await?, []);
    Ok(())
}

/// In one statement, in several, many rows at once, and with a look at the trail between.
async fn write(session: &Session<Tenant<Uuid>>, writer: u32) -> Result<()> {
    let loans = session.repo::<Loan>();
    match writer % 3 {
        0 => loans.create(NewLoan { cents: 1 }).await.map(drop),
        1 => loans.create_many([1, 2, 3, 4, 5].map(|cents| NewLoan { cents })).await.map(drop),
        _ => {
            let changed = session.transaction(async |tx| {
                let loan = tx.repo::<Loan>().create(NewLoan { cents: 1 }).await?;
                tx.audit().count().await?;
                tx.repo::<Loan>().patch(loan.id, LoanPatch::new().cents(2)).await
            });
            changed.await.map(drop)
        }
    }
}
