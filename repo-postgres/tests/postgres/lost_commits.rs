//! A connection that is lost at a commit: what only read is done again without harm, and of anything else nobody knows.

use repo_core::audit::Chain;
use repo_core::{Database, Error, PageRequest, Repository, TransactionOptions, schema};
use repo_postgres::Options;
use uuid::Uuid;

use crate::gate::Gate;
use crate::scratch::Scratch;

const ACME: Uuid = Uuid::from_u128(7);

#[derive(Debug, Clone, Repository)]
#[repository(table = "letters", tenant, audited)]
struct Letter {
    id: Uuid,
    tenant_id: Uuid,
    text: String,
}

fn assert_lost<T: std::fmt::Debug>(result: Result<T, Error>) {
    let error = result.unwrap_err();
    assert!(matches!(error, Error::Connection { .. }) && error.is_retryable(), "{error:?}");
}

fn assert_unknown<T: std::fmt::Debug>(result: Result<T, Error>) {
    let error = result.unwrap_err();
    assert!(matches!(error, Error::CommitUnknown { .. }) && !error.is_retryable(), "{error:?}");
}

async fn lose_commits(gate: &Gate, db: Database) {
    db.create_tables(&schema![Letter]).await.unwrap();
    let acme = db.tenant(ACME).actor("ann");
    let letters = acme.repo::<Letter>();
    let letter = letters.create(NewLetter { text: "dear".into() }).await.unwrap();
    gate.hang_up_at("COMMIT");
    assert_lost(letters.find(letter.id).await);
    assert_lost(letters.query().page(PageRequest::number(1).size(3)).await);
    assert_lost(db.audit_chain(Chain::tenant(&ACME).unwrap()).verify().await);
    let read_only = TransactionOptions::new().read_only();
    assert_lost(
        acme.transaction_with(read_only, async |tx| tx.repo::<Letter>().query().count().await)
            .await,
    );
    assert_unknown(acme.transaction(async |tx| tx.repo::<Letter>().query().count().await).await);
    assert_unknown(letters.create(NewLetter { text: "lost".into() }).await);
}

#[tokio::test]
async fn what_only_read_is_retryable_where_its_commit_is_lost() {
    let Some(scratch) = Scratch::new().await else { return };
    let gate = Gate::new(&scratch.url).await;
    let options = Options::new(&gate.url).unwrap().pool_size(2).statement_cache(0);
    lose_commits(&gate, options.connect().await.unwrap()).await;
}

#[tokio::test]
async fn so_it_is_where_the_server_keeps_tenants_apart() {
    let Some(scratch) = Scratch::of_a_role().await else { return };
    let gate = Gate::new(&scratch.url).await;
    let options = Options::new(&gate.url).unwrap().pool_size(2).row_level_security(true);
    lose_commits(&gate, options.connect().await.unwrap()).await;
}
