//! Every way to change rows of an entity that is validated and told of, and the rows that it is tried on.
//!
//! The ways are in `hooked/ways.rs`; what holds of each is in `validation.rs` and `events.rs`.

mod ways;

use std::sync::{Arc, Mutex};

use futures_util::future::LocalBoxFuture;
use repo_core::{Action, Database, Entity, Event, Result, Session, Tenant};
use uuid::Uuid;
pub(crate) use ways::{COUPONS, INVOICES};

use crate::entities::*;
use crate::fixture::{ACME, Fixture};

/// A session that acts for somebody.
pub(crate) type Acting = Session<Tenant<Uuid>>;

/// Goes a way.
pub(crate) type Run<E> = for<'a> fn(&'a Acting, &'a Stage<E>) -> LocalBoxFuture<'a, Result<()>>;

/// A way to change rows.
pub(crate) struct Way<E> {
    pub(crate) name: &'static str,
    pub(crate) run: Run<E>,
    /// What is told of it, in this order.
    pub(crate) told: &'static [(&'static str, Action)],
    /// The same way with a row that is refused; none where nothing is asked.
    pub(crate) refused: Option<Refused<E>>,
}

/// A way that is refused.
pub(crate) struct Refused<E> {
    pub(crate) run: Run<E>,
    pub(crate) entity: &'static str,
    /// Which of the rows that are given.
    pub(crate) index: Option<usize>,
    /// What is said of it.
    pub(crate) problem: &'static str,
}

/// The rows that a way is tried on.
pub(crate) struct Stage<E> {
    /// With something below it.
    pub(crate) open: E,
    /// With something below it that is kept.
    pub(crate) held: E,
    /// Which is never deleted.
    pub(crate) paid: E,
    /// Where rows are marked: with something that was deleted with it.
    pub(crate) deleted: Option<E>,
}

/// The tables, and somebody who acts.
pub(crate) async fn acting(fixture: &Fixture) -> (Database, Acting) {
    let db = fixture.with(&invoices()).await;
    let session = db.tenant(ACME).actor("alice").correlation("request-1");
    (db, session)
}

/// A new invoice.
pub(crate) fn invoice(number: &str, state: &str) -> NewInvoice {
    NewInvoice { number: number.to_owned(), state: state.to_owned() }
}

/// A new coupon.
pub(crate) fn coupon(number: &str, state: &str) -> NewCoupon {
    NewCoupon { number: number.to_owned(), state: state.to_owned() }
}

/// The rows of invoices.
pub(crate) async fn staged_invoices(session: &Acting) -> Stage<Invoice> {
    let rows = session.repo::<Invoice>();
    let mut made = Vec::new();
    for (number, state, kept) in
        [("1", "open", false), ("2", "open", true), ("3", "paid", false), ("4", "gone", false)]
    {
        let row = rows.create(invoice(number, state)).await.unwrap();
        let charge =
            session.repo::<Charge>().create(NewCharge { invoice_id: row.id }).await.unwrap();
        let caveat = NewCaveat { charge_id: charge.id, kept };
        session.repo::<Caveat>().create(caveat).await.unwrap();
        made.push(row);
    }
    rows.delete(made[3].id).await.unwrap();
    let [open, held, paid, deleted] = made.try_into().unwrap();
    Stage { open, held, paid, deleted: Some(deleted) }
}

/// The rows of coupons.
pub(crate) async fn staged_coupons(session: &Acting) -> Stage<Coupon> {
    let rows = session.repo::<Coupon>();
    let mut made = Vec::new();
    for (number, state, kept) in [("1", "open", false), ("2", "open", true), ("3", "paid", false)] {
        let row = rows.create(coupon(number, state)).await.unwrap();
        let usage = session.repo::<Usage>().create(NewUsage { coupon_id: row.id }).await.unwrap();
        let receipt = NewReceipt { usage_id: usage.id, kept };
        session.repo::<Receipt>().create(receipt).await.unwrap();
        made.push(row);
    }
    let [open, held, paid] = made.try_into().unwrap();
    Stage { open, held, paid, deleted: None }
}

/// Everything that is stored, in words: rows, deleted ones too, and the trail.
pub(crate) async fn everything(db: &Database) -> Vec<String> {
    let session = db.tenant(ACME);
    let mut all = Vec::new();
    let invoices = session.repo::<Invoice>().query().with_deleted().all().await.unwrap();
    all.extend(invoices.iter().map(|row| format!("{row:?}")));
    let charges = session.repo::<Charge>().query().with_deleted().all().await.unwrap();
    all.extend(charges.iter().map(|row| format!("{row:?}")));
    let caveats = session.repo::<Caveat>().query().with_deleted().all().await.unwrap();
    all.extend(caveats.iter().map(|row| format!("{row:?}")));
    all.extend(session.repo::<Coupon>().all().await.unwrap().iter().map(|it| format!("{it:?}")));
    all.extend(session.repo::<Usage>().all().await.unwrap().iter().map(|it| format!("{it:?}")));
    all.extend(session.repo::<Receipt>().all().await.unwrap().iter().map(|it| format!("{it:?}")));
    let entries = session.audit().recent(1_000).all().await.unwrap();
    all.extend(entries.iter().map(|entry| format!("{entry:?}")));
    all
}

/// What a listener heard of one change.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Heard {
    pub(crate) entity: &'static str,
    pub(crate) action: Action,
    pub(crate) id: String,
    pub(crate) tenant: Option<String>,
    pub(crate) correlation: Option<String>,
    /// The row as it was and as it is, in words.
    pub(crate) before: Option<String>,
    pub(crate) after: Option<String>,
}

/// What listeners heard, in order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ear(Arc<Mutex<Vec<Heard>>>);

impl Ear {
    /// Listens to all entities that are told of.
    pub(crate) fn of(db: &Database) -> Self {
        let ear = Self::default();
        db.on_commit({
            let ear = ear.clone();
            move |event: Event<Invoice>| ear.clone().hear(event)
        });
        db.on_commit({
            let ear = ear.clone();
            move |event: Event<Caveat>| ear.clone().hear(event)
        });
        db.on_commit({
            let ear = ear.clone();
            move |event: Event<Coupon>| ear.clone().hear(event)
        });
        db.on_commit({
            let ear = ear.clone();
            move |event: Event<Receipt>| ear.clone().hear(event)
        });
        db.on_commit({
            let ear = ear.clone();
            move |event: Event<Sent>| ear.clone().hear(event)
        });
        ear
    }

    async fn hear<E: Entity<Id: std::fmt::Debug> + std::fmt::Debug>(self, event: Event<E>) {
        let words = |row: &Option<E>| row.as_ref().map(|row| format!("{row:?}"));
        let heard = Heard {
            entity: E::TABLE.entity,
            action: event.action,
            id: format!("{:?}", event.id),
            before: words(&event.before),
            after: words(&event.after),
            tenant: event.tenant,
            correlation: event.correlation,
        };
        self.0.lock().unwrap().push(heard);
    }

    /// What was heard since.
    pub(crate) fn taken(&self) -> Vec<Heard> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}
