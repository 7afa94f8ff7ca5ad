//! What holds for any entity runs on any thread, and again.

use std::sync::Arc;

use generated_code::every_key::{Incident, IncidentPatch, OrgId};
use generated_code::generic::{DocumentPatch, NewDocument};
use generated_code::uncloned::{Deed, NewPass, Pass, PassPatch, Ticket};
use repo_core::testing::Canned;
use repo_core::{
    Database, Entity, Mutable, ReachableFrom, Result, Scope, Session, Tenant, WritableFrom,
};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::inputs::new_incident;

fn is_empty<E, S>(session: Session<S>) -> JoinHandle<Result<bool>>
where
    E: Entity<Tenancy: ReachableFrom<S>>,
    S: Scope,
{
    tokio::spawn(async move {
        let rows = session.repo::<E>();
        Ok(!rows.clone().query().exists().await?)
    })
}

fn create<E, S>(session: Session<S>, new: E::New) -> JoinHandle<Result<E>>
where
    E: Entity<Tenancy: WritableFrom<S>>,
    S: Scope,
{
    tokio::spawn(async move { session.repo::<E>().create(new).await })
}

/// Tries twice, whatever the patch is.
fn patch<E, S>(session: Session<S>, id: E::Id, patch: E::Patch) -> JoinHandle<Result<E>>
where
    E: Mutable<Tenancy: WritableFrom<S>>,
    S: Scope,
{
    tokio::spawn(async move {
        let rows = session.repo::<E>();
        match rows.patch(id.clone(), patch.clone()).await {
            Err(error) if !error.is_not_found() => rows.patch(id, patch).await,
            result => result,
        }
    })
}

fn session() -> Session<Tenant<OrgId>> {
    Database::new(Arc::new(Canned::new())).tenant(OrgId(Uuid::from_u128(7)))
}

#[tokio::test]
async fn code_for_any_entity_is_spawned() {
    let found = is_empty::<Incident, _>(session()).await.expect("it does not panic");
    assert!(found.expect("it is asked"));
    let created = create::<Incident, _>(session(), new_incident().into()).await;
    assert_eq!(created.expect("it does not panic").expect("it is created").event_count, 1);
    let patched = patch::<Incident, _>(session(), Uuid::nil(), IncidentPatch::new().event_count(2));
    assert!(patched.await.expect("it does not panic").is_err_and(|error| error.is_not_found()));
}

#[test]
fn what_is_written_can_be_written_again() {
    let new = new_incident();
    assert_eq!(format!("{:?}", new.clone()), format!("{new:?}"));
    let draft = new.event_count(3).steps(None);
    assert_eq!(format!("{:?}", draft.clone()), format!("{draft:?}"));
    let patch = IncidentPatch::new().external_id(None).add(Incident::EVENT_COUNT, 1);
    assert_eq!(format!("{:?}", patch.clone()), format!("{patch:?}"));
    let generic = NewDocument::<Vec<u8>> { name: "a".to_owned(), body: vec![1], former: None };
    assert_eq!(generic.clone().body, generic.body);
    let patch = DocumentPatch::<Vec<u8>>::new().name("b");
    assert_eq!(format!("{:?}", patch.clone()), format!("{patch:?}"));
}

#[tokio::test]
async fn a_patch_with_a_mistake_has_it_again() {
    let rows = session().repo::<Incident>();
    let no_text = IncidentPatch::new().reporter_email("\0".to_owned());
    let no_sum = IncidentPatch::new().event_count(i64::MAX).add(Incident::EVENT_COUNT, 1);
    for (patch, said) in [
        (no_text, "`reporter_email` holds a NUL character"),
        (no_sum, "a number of the `Incident` would be out of range"),
    ] {
        for patch in [patch.clone(), patch] {
            let error = rows.patch(Uuid::nil(), patch).await.expect_err("it cannot be made");
            assert_eq!(error.to_string(), said);
        }
    }
}

#[tokio::test]
async fn what_is_not_clone_is_written_once() {
    let db = Database::new(Arc::new(Canned::new()));
    let passes = db.session().repo::<Pass>();
    let new = NewPass { ticket: Ticket(1), deed: Some(Deed("a".to_owned())) };
    let pass = passes.create(new.spare(Ticket(2))).await.expect("it is created");
    assert_eq!((pass.ticket, pass.spare), (Ticket(1), Ticket(2)));
    let patch = PassPatch::new().deed(Deed("b".to_owned()));
    assert_eq!(format!("{:?}", patch.clone()), format!("{patch:?}"));
}
