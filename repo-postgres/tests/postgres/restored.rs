//! Many rows that several bring back at once.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use repo_core::{Database, Error, Repository, schema};

use crate::scratch::Scratch;

#[derive(Debug, Clone, Repository)]
#[repository(table = "leaves", soft_delete)]
struct Leaf {
    id: i64,
    number: i64,
    deleted_at: Option<DateTime<Utc>>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_names_them_in_another_order_waits_in_no_circle() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = Database::new(Arc::new(scratch.connect().await));
    db.create_tables(&schema![Leaf]).await.unwrap();
    let leaves = db.session().repo::<Leaf>();
    let made = leaves.create_many((0..2_000).map(|number| NewLeaf { number })).await.unwrap();
    let ids: Vec<i64> = made.iter().map(|leaf| leaf.id).collect();
    for _ in 0..3 {
        leaves.delete_many(ids.clone()).await.unwrap();
        let tasks = [ids.clone(), ids.iter().rev().copied().collect()].map(|ids| {
            let leaves = db.session().repo::<Leaf>();
            tokio::spawn(async move { leaves.restore_many(ids).await.map(|back| back.len()) })
        });
        let mut back = Vec::new();
        for task in tasks {
            back.push(task.await.unwrap());
        }
        let refused = back.iter().filter_map(|it| it.as_ref().err()).map(Error::cause);
        let refused: Vec<_> = refused.collect();
        assert!(matches!(refused[..], [Error::NotDeleted { .. }]), "{back:?}");
        assert_eq!(leaves.count().await.unwrap(), 2_000);
    }
    db.close().await;
}
