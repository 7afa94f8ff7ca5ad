//! The ways, for an entity whose rows are marked and recorded, and for one whose rows are neither.

use chrono::{DateTime, TimeDelta, Utc};
use repo_core::Action;

use super::{Refused, Way, coupon, invoice};
use crate::entities::*;

/// Makes of an operation what a way is.
macro_rules! run {
    (|$session:ident, $stage:ident| $operation:expr) => {
        |$session, $stage| {
            Box::pin(async move {
                let _ = $stage;
                $operation.await.map(drop)
            })
        }
    };
}

/// A way, what is told of it, and the same way with what is refused.
macro_rules! way {
    ($name:literal, $run:expr, $told:expr $(, refused $refused:expr, $entity:expr, $index:expr, $problem:literal)?) => {
        Way { name: $name, run: $run, told: $told, refused: way!(@ $($refused, $entity, $index, $problem)?) }
    };
    (@ $refused:expr, $entity:expr, $index:expr, $problem:literal) => {
        Some(Refused { run: $refused, entity: $entity, index: $index, problem: $problem })
    };
    (@) => { None };
}

/// The ways that both entities have.
macro_rules! ways {
    ($entity:ident, $patch:ident, $new:ident, $name:literal, $below:literal, $deleted:expr, [$($more:expr),* $(,)?]) => {
        &[
            way!("create",
                run!(|s, _t| s.repo::<$entity>().create($new("new", "open"))), &[($name, Action::Create)],
                refused run!(|s, _t| s.repo::<$entity>().create($new("", "open"))), $name, None,
                "`number` is empty"),
            way!("create with a default",
                run!(|s, _t| s.repo::<$entity>().create($new("new", "open").cents(7))), &[($name, Action::Create)],
                refused run!(|s, _t| s.repo::<$entity>().create($new("new", "open").cents(-7))), $name, None,
                "`cents` is negative"),
            way!("create_many",
                run!(|s, _t| s.repo::<$entity>().create_many([$new("new", "open"), $new("more", "open")])),
                &[($name, Action::Create), ($name, Action::Create)],
                refused run!(|s, _t| s.repo::<$entity>().create_many([$new("new", "open"), $new("", "open")])), $name,
                Some(1), "`number` is empty"),
            way!("create_or_get that creates",
                run!(|s, _t| s.repo::<$entity>().create_or_get($entity::NUMBER, $new("new", "open"))),
                &[($name, Action::Create)],
                refused run!(|s, _t| s.repo::<$entity>().create_or_get($entity::NUMBER, $new("new", "lost"))), $name,
                None, "`state` is no state to begin with"),
            way!("create_or_get that gets",
                run!(|s, _t| s.repo::<$entity>().create_or_get($entity::NUMBER, $new("1", "open"))), &[]),
            way!("upsert that creates",
                run!(|s, _t| s.repo::<$entity>().upsert($entity::NUMBER, $new("new", "open"))),
                &[($name, Action::Create)],
                refused run!(|s, _t| s.repo::<$entity>().upsert($entity::NUMBER, $new("new", "lost"))), $name, None,
                "`state` is no state to begin with"),
            way!("upsert that changes",
                run!(|s, _t| s.repo::<$entity>().upsert($entity::NUMBER, $new("1", "sent"))),
                &[($name, Action::Update)],
                refused run!(|s, _t| s.repo::<$entity>().upsert($entity::NUMBER, $new("3", "open"))), $name, None,
                "what is paid stays paid"),
            way!("upsert that changes nothing",
                run!(|s, _t| s.repo::<$entity>().upsert($entity::NUMBER, $new("1", "open"))), &[],
                refused run!(|s, _t| s.repo::<$entity>().upsert($entity::NUMBER, $new("1", "lost"))), $name, None,
                "`state` is no state to begin with"),
            way!("upsert_many",
                run!(|s, _t| s.repo::<$entity>().upsert_many($entity::NUMBER, [$new("new", "open"), $new("1", "sent")])),
                &[($name, Action::Create), ($name, Action::Update)],
                refused run!(|s, _t| s.repo::<$entity>().upsert_many($entity::NUMBER, [$new("1", "sent"), $new("3", "open")])),
                $name, Some(1), "what is paid stays paid"),
            way!("update",
                run!(|s, t| s.repo::<$entity>().update(&$entity { state: "sent".into(), ..t.open.clone() })),
                &[($name, Action::Update)],
                refused run!(|s, t| s.repo::<$entity>().update(&$entity { state: "open".into(), ..t.paid.clone() })),
                $name, None, "what is paid stays paid"),
            way!("update that changes nothing", run!(|s, t| s.repo::<$entity>().update(&t.open)), &[]),
            way!("patch",
                run!(|s, t| s.repo::<$entity>().patch(t.open.id, $patch::new().state("sent"))),
                &[($name, Action::Update)],
                refused run!(|s, t| s.repo::<$entity>().patch(t.paid.id, $patch::new().state("open"))), $name, None,
                "what is paid stays paid"),
            way!("patch that adds",
                run!(|s, t| s.repo::<$entity>().patch(t.open.id, $patch::new().add($entity::CENTS, -100))),
                &[($name, Action::Update)],
                refused run!(|s, t| s.repo::<$entity>().patch(t.open.id, $patch::new().add($entity::CENTS, -101))),
                $name, None, "`cents` is negative"),
            way!("patch that changes nothing",
                run!(|s, t| s.repo::<$entity>().patch(t.paid.id, $patch::new().state("paid"))), &[]),
            way!("patch_all",
                run!(|s, _t| s.repo::<$entity>().filter($entity::STATE.eq("open")).patch_all($patch::new().state("sent"))),
                &[($name, Action::Update), ($name, Action::Update)],
                refused run!(|s, _t| s.repo::<$entity>().query().patch_all($patch::new().state("sent"))), $name, None,
                "what is paid stays paid"),
            way!("patch_all that adds",
                run!(|s, _t| s.repo::<$entity>().filter($entity::STATE.eq("paid")).patch_all($patch::new().add($entity::CENTS, 1))),
                &[($name, Action::Update)],
                refused run!(|s, _t| s.repo::<$entity>().query().patch_all($patch::new().add($entity::CENTS, -101))), $name,
                None, "`cents` is negative"),
            way!("patch_many",
                run!(|s, t| s.repo::<$entity>().patch_many([(t.held.id, $patch::new().cents(1)), (t.open.id, $patch::new().cents(2))])),
                &[($name, Action::Update), ($name, Action::Update)],
                refused run!(|s, t| s.repo::<$entity>().patch_many([(t.open.id, $patch::new().cents(1)), (t.paid.id, $patch::new().cents(-1))])),
                $name, Some(1), "`cents` is negative"),
            way!("delete",
                run!(|s, t| s.repo::<$entity>().delete(t.open.id)), $deleted,
                refused run!(|s, t| s.repo::<$entity>().delete(t.paid.id)), $name, None,
                "`state` says that it is kept"),
            way!("delete with what goes along",
                run!(|s, t| s.repo::<$entity>().delete(t.open.id)), $deleted,
                refused run!(|s, t| s.repo::<$entity>().delete(t.held.id)), $below, None,
                "`kept` says that it is kept"),
            way!("delete_many",
                run!(|s, t| s.repo::<$entity>().delete_many([t.open.id])), $deleted,
                refused run!(|s, t| s.repo::<$entity>().delete_many([t.open.id, t.paid.id])), $name, Some(1),
                "`state` says that it is kept"),
            way!("delete_many with what goes along",
                run!(|s, t| s.repo::<$entity>().delete_many([t.open.id])), $deleted,
                refused run!(|s, t| s.repo::<$entity>().delete_many([t.open.id, t.held.id])), $below, None,
                "`kept` says that it is kept"),
            way!("delete_all",
                run!(|s, _t| s.repo::<$entity>().filter($entity::NUMBER.eq("1")).delete_all()), $deleted,
                refused run!(|s, _t| s.repo::<$entity>().filter($entity::NUMBER.in_list(["1", "3"])).delete_all()), $name,
                None, "`state` says that it is kept"),
            way!("delete_all with what goes along",
                run!(|s, _t| s.repo::<$entity>().filter($entity::NUMBER.eq("1")).delete_all()), $deleted,
                refused run!(|s, _t| s.repo::<$entity>().filter($entity::STATE.eq("open")).delete_all()), $below, None,
                "`kept` says that it is kept"),
            $($more),*
        ]
    };
}

/// The ways to change invoices.
pub(crate) const INVOICES: &[Way<Invoice>] = ways!(
    Invoice,
    InvoicePatch,
    invoice,
    "Invoice",
    "Caveat",
    &[("Invoice", Action::Delete), ("Caveat", Action::Delete)],
    [
        way!(
            "restore",
            run!(|s, t| s.repo::<Invoice>().restore(t.deleted.as_ref().unwrap().id)),
            &[("Invoice", Action::Restore), ("Caveat", Action::Restore)]
        ),
        way!(
            "purge",
            run!(|s, t| s.repo::<Invoice>().purge(t.deleted.as_ref().unwrap().id)),
            &[("Caveat", Action::Purge), ("Invoice", Action::Purge)]
        ),
        way!(
            "purge_deleted_before",
            run!(|s, _t| s.repo::<Invoice>().purge_deleted_before(soon())),
            &[("Caveat", Action::Purge), ("Invoice", Action::Purge)]
        ),
        way!(
            "a dry run",
            run!(|s, _t| s.repo::<Invoice>().purge_deleted_before(soon()).dry_run()),
            &[]
        ),
    ]
);

/// The ways to change coupons.
pub(crate) const COUPONS: &[Way<Coupon>] = ways!(
    Coupon,
    CouponPatch,
    coupon,
    "Coupon",
    "Receipt",
    &[("Receipt", Action::Delete), ("Coupon", Action::Delete)],
    []
);

fn soon() -> DateTime<Utc> {
    Utc::now() + TimeDelta::hours(1)
}
