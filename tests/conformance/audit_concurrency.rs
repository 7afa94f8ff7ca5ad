//! The audit trail with many writers: whose entries wait for whom, and what the chains are afterwards.

use std::time::Duration;

use chrono::Utc;
use repo_core::audit::Chain;
use repo_core::{Action, AuditEntry, Database, Error, Repository, schema};
use tokio::time::timeout;
use uuid::Uuid;

use crate::entities::*;
use crate::fixture::{ACME, BOLT, Fixture, acme, bolt};

#[derive(Debug, Clone, Repository)]
#[repository(table = "shelves", tenant, versioned, audited)]
struct Shelf {
    id: Uuid,
    tenant_id: Uuid,
    books: i64,
    version: i64,
}

#[derive(Debug, Clone, Repository)]
#[repository(table = "shelved_books", tenant)]
struct ShelvedBook {
    id: Uuid,
    tenant_id: Uuid,
    #[repository(references = Shelf)]
    shelf_id: Uuid,
}

/// Longer than any write takes that waits for nobody.
const LONG: Duration = Duration::from_secs(15);

/// Long enough to have written, for who waits for nobody.
const SHORT: Duration = Duration::from_millis(100);

/// How many entries the tenant's chain has, which is as it should be, from the first to the head.
async fn verified(db: &Database, tenant: Uuid) -> usize {
    let chain = db.audit_chain(Chain::tenant(&tenant).unwrap());
    let verification = chain.verify().await.unwrap();
    assert!(verification.is_intact(), "{verification}");
    let entries = db.tenant(tenant).audit().query().order_by(AuditEntry::SEQ.asc());
    let entries = entries.all().await.unwrap();
    for (entry, seq) in entries.iter().zip(1..) {
        assert_eq!(entry.seq, seq);
    }
    assert_eq!(verification.end.seq, i64::try_from(entries.len()).unwrap());
    entries.len()
}

pub(crate) async fn many_writers_make_chains_without_gaps(fixture: Fixture) {
    let db = fixture.with(&schema![Claim]).await;
    let tasks: Vec<_> = (0..100_u32)
        .flat_map(|writer| (0..3_u128).map(move |tenant| (writer, tenant)))
        .map(|(writer, tenant)| {
            let session = db.tenant(Uuid::from_u128(tenant)).actor(format!("w{writer}"));
            tokio::spawn(async move {
                let claims = session.repo::<Claim>();
                let id = claims.create(claim(&format!("C-{writer}"))).await?.id;
                for change in 1..20 {
                    let note = Some(change.to_string());
                    claims.patch(id, ClaimPatch::new().note(note)).await?;
                }
                Ok::<_, Error>(())
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    for tenant in 0..3 {
        assert_eq!(verified(&db, Uuid::from_u128(tenant)).await, 100 * 20);
    }
}

pub(crate) async fn what_an_entry_says_was_there_is_what_the_one_before_it_left(fixture: Fixture) {
    let db = fixture.with(&schema![Claim]).await;
    let session = acme(&db).actor("alice");
    let id = session.repo::<Claim>().create(claim("C-1")).await.unwrap().id;
    let tasks: Vec<_> = (0..12)
        .map(|writer| {
            let session = session.clone();
            tokio::spawn(async move {
                for change in 0..10 {
                    let patch = ClaimPatch::new().note(Some(format!("{writer}-{change}")));
                    session.repo::<Claim>().patch(id, patch).await?;
                }
                Ok::<_, Error>(())
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(verified(&db, ACME).await, 121);
    let history = session.audit().history::<Claim>(id).order_by(AuditEntry::SEQ.asc());
    let history = history.all().await.unwrap();
    for pair in history.windows(2) {
        let (left, found) = (pair[0].after.as_ref().unwrap(), pair[1].before.as_ref().unwrap());
        for column in ["note", "version"] {
            assert_eq!(left.get(column), found.get(column), "{column} of entry {}", pair[1].seq);
        }
    }
    assert_eq!(session.repo::<Claim>().get(id).await.unwrap().version, 121);
}

pub(crate) async fn an_open_transaction_stalls_nobody_elses_writes(fixture: Fixture) {
    let db = fixture.with(&schema![Claim]).await;
    let (ours, theirs) = (acme(&db).actor("alice"), bolt(&db).actor("bob"));
    let first = ours.repo::<Claim>().create(claim("C-1")).await.unwrap().id;
    let second = ours.repo::<Claim>().create(claim("C-2")).await.unwrap().id;
    let note = |note: &str| ClaimPatch::new().note(Some(note.to_owned()));

    let open = ours.begin().await.unwrap();
    open.repo::<Claim>().patch(first, note("open")).await.unwrap();
    let mut others = tokio::spawn({
        let (session, change) = (ours.clone(), note("beside"));
        async move {
            theirs.repo::<Claim>().create(claim("C-1")).await?;
            session.repo::<Claim>().patch(second, change).await?;
            session.repo::<Claim>().create_many([claim("C-3"), claim("C-4")]).await.map(drop)
        }
    });
    // SQLite has one writer: who comes later waits for the end of the transaction.
    let take_turns = db.system() == "sqlite";
    let meanwhile = timeout(if take_turns { SHORT } else { LONG }, &mut others).await;
    assert_eq!(meanwhile.is_err(), take_turns, "whether writers wait for an open transaction");
    open.repo::<Claim>().delete(first).await.unwrap();
    open.commit().await.unwrap();
    let done = match meanwhile {
        Ok(done) => done,
        Err(_) => timeout(LONG, others).await.expect("the turn of the others comes"),
    };
    done.unwrap().unwrap();

    assert_eq!(verified(&db, BOLT).await, 1);
    assert_eq!(verified(&db, ACME).await, 7);
    let last = ours.audit().filter(AuditEntry::ENTITY_ID.eq(first.to_string()));
    let last = last.order_by(AuditEntry::SEQ.desc()).first().await.unwrap().unwrap();
    // Numbers follow the order of commits.
    assert_eq!((last.action, last.seq), (Action::Delete, if take_turns { 4 } else { 7 }));
}

pub(crate) async fn a_row_as_of_a_moment_is_none_of_later_beside_a_writer(fixture: Fixture) {
    let db = fixture.with(&schema![Claim]).await;
    let session = acme(&db).actor("alice");
    let id = session.repo::<Claim>().create(claim("C-1")).await.unwrap().id;
    let claims = session.repo::<Claim>();
    let writer = tokio::spawn(async move {
        for change in 0..300 {
            let patch = ClaimPatch::new().note(Some(change.to_string()));
            claims.patch(id, patch).await.unwrap();
            tokio::task::yield_now().await;
        }
    });
    while !writer.is_finished() {
        let then = Utc::now();
        let was = session.audit().as_of::<Claim>(id, then).await.unwrap().unwrap();
        let updated_at = was.entity.updated_at;
        assert!(updated_at <= then, "asked for {then}, and told of {updated_at}");
        tokio::task::yield_now().await;
    }
    writer.await.unwrap();
}

pub(crate) async fn who_changes_a_row_and_who_adds_children_of_it_wait_in_no_circle(
    fixture: Fixture,
) {
    let db = fixture.with(&schema![Shelf, ShelvedBook]).await;
    let session = acme(&db).actor("alice");
    let shelf_id = session.repo::<Shelf>().create(NewShelf { books: 0 }).await.unwrap().id;
    let tasks: Vec<_> = (0..12)
        .map(|task| {
            let session = session.clone();
            tokio::spawn(async move {
                let (shelves, books) = (session.repo::<Shelf>(), session.repo::<ShelvedBook>());
                for _ in 0..25 {
                    let more = || ShelfPatch::new().add(Shelf::BOOKS, 1);
                    match task % 3 {
                        0 => {
                            shelves.patch(shelf_id, more()).await?;
                        }
                        1 => {
                            let change = session.transaction(async |tx| {
                                tx.repo::<Shelf>().patch(shelf_id, more()).await.map(|_| ())
                            });
                            change.await?;
                        }
                        _ => {
                            books.create(NewShelvedBook { shelf_id }).await?;
                        }
                    }
                }
                Ok::<_, Error>(())
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let shelf = session.repo::<Shelf>().get(shelf_id).await.unwrap();
    assert_eq!((shelf.books, shelf.version), (200, 201));
    assert_eq!(verified(&db, ACME).await, 201);
}
