//! Recorded changes of many tasks in a process that is killed: rows and trail tell the same afterwards.

use std::collections::HashMap;

use repo_core::audit::Chain;
use repo_core::{AuditEntry, Repository, Session, Tenant, schema};
use repo_sqlite::Synchronous;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::site::File;
use crate::sqlite_processes::{ANSWERED, MODE, Other, URL, ready};

/// Something that was agreed on, and is recorded.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "deeds", tenant, versioned, audited)]
struct Deed {
    id: Uuid,
    tenant_id: i64,
    signature: i64,
    version: i64,
}

async fn sign(office: Session<Tenant<i64>>) {
    let deeds = office.repo::<Deed>();
    for round in 0..10_000 {
        let deed = deeds.create(NewDeed { signature: 0 }).await.expect("a deed");
        println!("{ANSWERED}{} 1", deed.id);
        for signature in 1..=2 {
            let patch = DeedPatch::new().signature(signature);
            let signed = deeds.patch(deed.id, patch).if_version(signature).await;
            println!("{ANSWERED}{} {}", deed.id, signed.expect("it has this version").version);
        }
        if round % 3 == 0 {
            deeds.delete(deed.id).await.expect("it is there");
            println!("{ANSWERED}{} 4", deed.id);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the other process of this test"]
async fn signs_with_many_tasks_and_says_what_was_answered() {
    let options = repo_sqlite::Options::new(&std::env::var(URL).expect("a URL")).expect("a URL");
    let mode = match std::env::var(MODE).as_deref() {
        Ok("normal") => Synchronous::Normal,
        _ => Synchronous::Full,
    };
    let db = options.synchronous(mode).connect().await.expect("the file");
    ready();
    let mut tasks = JoinSet::new();
    for task in 0..32 {
        tasks.spawn(sign(db.tenant(1).actor(format!("clerk {task}"))));
    }
    tasks.join_all().await;
}

#[tokio::test]
async fn after_a_kill_each_recorded_change_is_there_with_its_entry_or_not_at_all() {
    for round in 0..6 {
        let file = File::new();
        let db = file.options().connect().await.expect("a file");
        db.create_tables(&schema![Deed]).await.expect("tables");
        let mode = if round % 2 == 0 { "full" } else { "normal" };
        let test = "sqlite_audited::signs_with_many_tasks_and_says_what_was_answered";
        let mut other = Other::start_test(test, &file, &[(MODE, mode)]);
        let mut said = other.says(100 + round * 70);
        other.kill();
        said.extend(other.says(usize::MAX));
        // The last line may be cut off.
        said.pop();

        let chain = db.audit_chain(Chain::tenant(&1_i64).expect("a tenant"));
        let verification = chain.verify().await.expect("a chain");
        assert!(verification.is_intact(), "{round}: {verification}");
        let entries = db.tenant(1).audit().query().order_by(AuditEntry::SEQ.asc());
        let mut recorded: HashMap<String, i64> = HashMap::new();
        for entry in entries.all().await.expect("the entries") {
            *recorded.entry(entry.entity_id).or_default() += 1;
        }
        let answered = said.iter().filter_map(|line| line.strip_prefix(ANSWERED));
        for line in answered {
            let (id, changes) = line.split_once(' ').expect("an id and a number");
            let known = recorded.get(id).copied().unwrap_or(0);
            assert!(known >= changes.parse().expect("a number"), "{round}: {line}, not {known}");
        }
        let deeds = db.tenant(1).repo::<Deed>().query().all().await.expect("the deeds");
        for deed in &deeds {
            assert_eq!(deed.signature, deed.version - 1, "{round}");
            assert_eq!(recorded.remove(&deed.id.to_string()), Some(deed.version), "{round}");
        }
        // What is left was removed, which is the fourth entry of it.
        assert!(recorded.values().all(|changes| *changes == 4), "{round}: {recorded:?}");
    }
}
