//! Changes of several statements that are made at once: all of one or nothing, alone and in a group.

use std::sync::Arc;

use repo_core::backend::{Access, Backend, BriefChange, Steps};
use repo_core::{Result, Value};
use tokio::task::JoinSet;

use crate::groups::{NEVER, commits, hold, logged, poll, until_they_meet};
use crate::support::{File, INSERT, NOTES, add, both, count, ignore, statement, text};

/// Two notes, the second of which may be refused.
async fn pair(backend: &dyn Backend, titles: [&str; 2]) -> Result<bool> {
    let mut steps = |steps: &mut dyn Steps| {
        for title in titles {
            let params = [text(title), Value::I64(1)];
            steps.run(statement(Access::Write, INSERT, &params), &mut ignore)?;
        }
        Ok(())
    };
    backend.make(BriefChange { table: &NOTES, writes: &[INSERT], steps: &mut steps }).await
}

#[tokio::test]
async fn both_statements_are_kept_or_neither() {
    for (place, backend, _file) in both().await {
        assert!(pair(&*backend, ["a", "b"]).await.expect("two notes"), "{place}");
        match pair(&*backend, ["c", "a"]).await {
            Err(refused) => assert!(refused.is_conflict(), "`a` is taken: {place}: {refused}"),
            // The first pair took long on this machine.
            Ok(made) => assert!(!made, "{place}: `a` is taken"),
        }
        assert_eq!(count(&*backend).await.expect("a count"), 2, "{place}");
    }
}

#[tokio::test]
async fn what_may_take_long_is_not_made_at_once() {
    let file = File::new();
    let backend = file.notes().await;
    let mut steps = |_: &mut dyn Steps| panic!("it is not called");
    let writes = &["UPDATE notes SET stars = 1"];
    let change = BriefChange { table: &NOTES, writes, steps: &mut steps };
    assert!(!backend.make(change).await.expect("nothing was done"));
}

#[tokio::test]
async fn they_share_a_commit_and_fail_alone() {
    until_they_meet(async |file| {
        let backend = logged(&file).await;
        add(&*backend, "a").await.expect("a note");
        let before = commits(&file);
        let holder = hold(&backend).await;
        let release = async {
            tokio::task::yield_now().await;
            drop(holder);
        };
        let (first, refused, plain, last, ()) = tokio::join!(
            pair(&*backend, ["b", "c"]),
            pair(&*backend, ["d", "a"]),
            add(&*backend, "e"),
            pair(&*backend, ["f", "g"]),
            release
        );
        plain.expect("a note");
        // What took long for once is not made at once: nothing of it was done.
        if !matches!((&first, &last), (Ok(true), Ok(true))) || refused.is_ok() {
            let results = [first, refused, last];
            assert!(results.iter().any(|made| matches!(made, Ok(false))), "{results:?}");
            return false;
        }
        assert!(refused.expect_err("`a` is taken").is_conflict());
        assert_eq!(count(&*backend).await.expect("a count"), 6);
        commits(&file) - before == 1
    })
    .await;
}

#[tokio::test]
async fn one_that_is_dropped_leaves_all_of_it_or_nothing() {
    let file = File::new();
    let backend = logged(&file).await;
    for round in 0..50_usize {
        let holder = hold(&backend).await;
        let titles: Vec<_> = (0..8).map(|number| format!("{round} {number}")).collect();
        let mut pairs: Vec<_> = titles
            .chunks(2)
            .map(|titles| Box::pin(pair(&*backend, [&titles[0], &titles[1]])))
            .collect();
        for pair in &mut pairs {
            assert!(poll(pair.as_mut()).is_pending(), "it waits");
        }
        drop(holder);
        for pair in pairs.iter_mut().take(round % 5) {
            let _ = poll(pair.as_mut());
        }
        drop(pairs);
        add(&*backend, &format!("after {round}")).await.expect("the connection is free");
        let written = count(&*backend).await.expect("a count") - (round as i64 + 1);
        assert_eq!(written % 2, 0, "{round}");
    }
}

#[tokio::test]
async fn a_panic_between_the_statements_undoes_the_first() {
    let file = File::new();
    let backend = logged(&file).await;
    let holder = hold(&backend).await;
    let mut tasks = JoinSet::new();
    for number in 0..8 {
        let backend = Arc::clone(&backend);
        tasks.spawn(async move {
            let title = number.to_string();
            let params = [text(&title), Value::I64(1)];
            let mut steps = |steps: &mut dyn Steps| {
                steps.run(statement(Access::Write, INSERT, &params), &mut ignore)?;
                assert!(number % 2 == 0, "on purpose");
                Ok(())
            };
            let change = BriefChange { table: &NOTES, writes: &[INSERT], steps: &mut steps };
            backend.make(change).await
        });
    }
    tokio::task::yield_now().await;
    drop(holder);
    let mut made = 0;
    while let Some(result) = tasks.join_next().await {
        made += usize::from(result.is_ok_and(|result| result.expect("no error")));
    }
    assert_eq!((made, count(&*backend).await.expect("a count")), (4, 4));
}

#[tokio::test]
async fn a_trigger_that_rolls_back_in_it_tells_the_others_to_try_again() {
    until_they_meet(async |file| {
        let backend = logged(&file).await;
        file.stranger().execute_batch(NEVER).expect("a trigger");
        let holder = hold(&backend).await;
        let release = async {
            tokio::task::yield_now().await;
            drop(holder);
        };
        let (first, never, last, ()) = tokio::join!(
            pair(&*backend, ["a", "b"]),
            pair(&*backend, ["c", "never"]),
            pair(&*backend, ["d", "e"]),
            release
        );
        let made = [&first, &never, &last].iter().filter(|it| matches!(it, Ok(true))).count();
        assert_eq!(count(&*backend).await.expect("a count"), 2 * made as i64);
        let (Err(first), Err(never), Ok(true)) = (first, never, last) else { return false };
        assert!(first.is_retryable(), "its transaction is gone: {first:?}");
        assert!(!never.is_retryable(), "the trigger refuses it: {never:?}");
        true
    })
    .await;
}
