//! Repositories in a transaction that sqlx began.

use repo_core::{Action, Error};

use crate::notes::{BOLT, Note, NotePatch, acme, note, texts, told, trail};

cases! { store:
    async fn both_orders_of_writes_are_one_transaction(pool, db; 1) {
        let acme = acme(&db);
        let mut tx = pool.begin_with(store::BEGIN).await.unwrap();
        store::put(&mut tx, 1).await.unwrap();
        let joined = store::join(&acme, &mut tx, async |session| {
            let counted: Vec<i64> = session
                .unchecked_sql("a count")
                .fetch("SELECT count(*) FROM legacy", |row| row.get(0))
                .await?;
            assert_eq!(counted, [1]);
            session.repo::<Note>().create(note("a")).await
        })
        .await
        .unwrap();
        assert_eq!(joined.value().text, "a");
        assert_eq!(store::notes(&mut tx).await.unwrap(), 1);
        store::put(&mut tx, 2).await.unwrap();
        tx.commit().await.unwrap();
        let created = joined.committed().await;
        assert_eq!(acme.repo::<Note>().get(created.id).await.unwrap(), created);
        assert_eq!(store::numbers(&mut pool.acquire().await.unwrap()).await.unwrap(), [1, 2]);
    }

    async fn a_rollback_of_sqlx_undoes_both(pool, db; 1) {
        let acme = acme(&db);
        let told = told(&db);
        let mut tx = pool.begin_with(store::BEGIN).await.unwrap();
        store::put(&mut tx, 1).await.unwrap();
        let joined = store::join(&acme, &mut tx, async |session| {
            session.repo::<Note>().create(note("a")).await
        })
        .await
        .unwrap();
        tx.rollback().await.unwrap();
        joined.rolled_back();
        assert!(texts(&acme).await.is_empty());
        assert!(trail(&acme).await.is_empty());
        assert!(told.lock().unwrap().is_empty());
        let mut connection = pool.acquire().await.unwrap();
        assert!(store::numbers(&mut connection).await.unwrap().is_empty());
    }

    async fn listeners_are_told_once_the_commit_is_told(pool, db; 1) {
        let acme = acme(&db);
        let told = told(&db);
        let mut tx = pool.begin_with(store::BEGIN).await.unwrap();
        let hooked = std::sync::Arc::clone(&told);
        let joined = store::join(&acme, &mut tx, async |session| {
            session.repo::<Note>().create(note("a")).await?;
            session.after_commit(async move { hooked.lock().unwrap().push("hook".into()) }).await?;
            session.repo::<Note>().create_many([note("b"), note("c")]).await
        })
        .await
        .unwrap();
        tx.commit().await.unwrap();
        assert!(told.lock().unwrap().is_empty());
        assert_eq!(joined.committed().await.len(), 2);
        assert_eq!(*told.lock().unwrap(), ["a", "hook", "b", "c"]);
    }

    async fn it_is_recorded_in_the_same_transaction(pool, db; 1) {
        let acme = acme(&db);
        let mut tx = pool.begin_with(store::BEGIN).await.unwrap();
        let joined = store::join(&acme, &mut tx, async |session| {
            session.repo::<Note>().create(note("a")).await
        })
        .await
        .unwrap();
        let entries: i64 = sqlx::query_scalar("SELECT count(*) FROM repo_audit")
            .fetch_one(&mut *tx)
            .await
            .unwrap();
        assert_eq!(entries, 1);
        tx.commit().await.unwrap();
        joined.committed().await;
        let entries = trail(&acme).await;
        assert_eq!(entries[0].action, Action::Create);
        assert_eq!(entries[0].correlation_id.as_deref(), Some("request 7"));
        assert_eq!(entries[0].actor, repo_core::Actor::from("alice"));
    }

    async fn the_tenant_is_that_of_the_session(pool, db; 2) {
        let acme = acme(&db);
        let theirs = db.tenant(BOLT).actor("bob").repo::<Note>().create(note("a")).await.unwrap();
        let mut tx = pool.begin_with(store::BEGIN).await.unwrap();
        let joined = store::join(&acme, &mut tx, async |session| {
            let notes = session.repo::<Note>();
            assert!(notes.get(theirs.id).await.unwrap_err().is_not_found());
            assert_eq!(notes.count().await?, 0);
            notes.create(note("a")).await
        })
        .await
        .unwrap();
        tx.commit().await.unwrap();
        assert_eq!(joined.committed().await.tenant_id, crate::notes::ACME);
    }

    async fn repositories_join_as_often_as_they_like(pool, db; 1) {
        let acme = acme(&db);
        let mut tx = pool.begin_with(store::BEGIN).await.unwrap();
        let mut all = Vec::new();
        for text in ["a", "b"] {
            let work = async |session: &repo_core::Session<_>| {
                session.repo::<Note>().create(note(text)).await
            };
            all.push(store::join(&acme, &mut tx, work).await.unwrap());
        }
        let patched = store::join(&acme, &mut tx, async |session| {
            let patch = NotePatch::new().text("c".to_owned());
            let notes = session.repo::<Note>();
            notes.patch(all[0].value().id, patch).if_version(all[0].value().version).await
        })
        .await
        .unwrap();
        tx.commit().await.unwrap();
        assert_eq!(patched.committed().await.version, 2);
        assert_eq!(texts(&acme).await, ["b", "c"]);
    }

    async fn a_nested_transaction_in_it_is_undone_alone(pool, db; 1) {
        let acme = acme(&db);
        let mut tx = pool.begin_with(store::BEGIN).await.unwrap();
        let joined = store::join(&acme, &mut tx, async |session| {
            session.repo::<Note>().create(note("a")).await?;
            let failed = session
                .transaction(async |nested| {
                    nested.repo::<Note>().create(note("b")).await?;
                    nested.repo::<Note>().create(note("a")).await
                })
                .await;
            assert!(failed.unwrap_err().is_conflict());
            session.repo::<Note>().create(note("c")).await
        })
        .await
        .unwrap();
        tx.commit().await.unwrap();
        joined.committed().await;
        assert_eq!(texts(&acme).await, ["a", "c"]);
    }

    async fn many_rows_are_created_and_read(pool, db; 1) {
        let acme = acme(&db);
        let mut tx = pool.begin_with(store::BEGIN).await.unwrap();
        let joined = store::join(&acme, &mut tx, async |session| {
            let new = (0..1_500).map(|n| note(&format!("{n:04}")));
            let created = session.repo::<Note>().create_many(new).await?;
            let read = session.repo::<Note>().query().order_by(Note::TEXT.asc()).all().await?;
            assert_eq!(read, created);
            Ok::<_, Error>(created.len())
        })
        .await
        .unwrap();
        tx.commit().await.unwrap();
        assert_eq!(joined.committed().await, 1_500);
    }
}
