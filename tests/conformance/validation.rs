//! What a program asks of rows, on every way to change them.

use std::fmt::Debug;
use std::sync::Arc;

use chrono::{TimeDelta, Utc};
use repo_core::testing::{Event as Noted, Recorder};
use repo_core::{Database, Entity, Error, Problem, Result, schema};

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{Fixture, backend, bolt, by_hand};
use crate::hooked::{
    Acting, COUPONS, Ear, INVOICES, Refused, Run, Stage, Way, acting, coupon, everything, invoice,
    staged_coupons, staged_invoices,
};

pub(crate) async fn every_path_refuses_a_row_with_problems(fixture: Fixture) {
    let (db, session) = acting(&fixture).await;
    let stage = staged_invoices(&session).await;
    refuse_each(&db, &session, INVOICES, &stage).await;
    let stage = staged_coupons(&session).await;
    refuse_each(&db, &session, COUPONS, &stage).await;
}

async fn refuse_each<E: Entity + Debug>(
    db: &Database,
    session: &Acting,
    ways: &[Way<E>],
    stage: &Stage<E>,
) {
    let (ear, before) = (Ear::of(db), everything(db).await);
    let refused = ways.iter().filter_map(|way| Some((way.name, way.refused.as_ref()?)));
    for (number, (name, way)) in refused.enumerate() {
        assert_refused((way.run)(session, stage).await, way, name);
        assert_eq!(everything(db).await, before, "{name}: nothing is changed");
        // A refusal is survived by its transaction, and keeps nothing of what it refused.
        let text = format!("{} {number}", E::TABLE.entity);
        let tx = session.begin().await.unwrap();
        assert_refused((way.run)(&tx, stage).await, way, name);
        tx.repo::<Sent>().create(NewSent { text: text.clone() }).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(everything(db).await, before, "{name}: nothing is changed in a transaction");
        let sent = session.repo::<Sent>().filter(Sent::TEXT.eq(text)).count().await.unwrap();
        assert_eq!(sent, 1, "{name}: its transaction goes on");
        let told: Vec<_> = ear.taken().iter().map(|heard| heard.entity).collect();
        assert_eq!(told, ["Sent"], "{name}: nothing is told of what was refused");
    }
}

fn assert_refused<E>(result: Result<()>, way: &Refused<E>, name: &str) {
    let error = result.expect_err(name);
    assert!(error.is_validation_failed() && !error.is_retryable(), "{name}: {error:?}");
    assert!(error.to_string().contains(way.problem), "{name}: {error}");
    let index = error.row();
    let Error::ValidationFailed { entity, id, problems } = error.into_cause() else {
        panic!("{name}: of something else");
    };
    let what: Vec<_> = problems.iter().map(Problem::to_string).collect();
    assert_eq!((entity, index, &what[..]), (way.entity, way.index, &[way.problem.to_owned()][..]));
    let is_new = way.problem.contains("begin") || name.starts_with("create");
    assert_eq!(id.is_none(), is_new, "{name}: {id:?}");
}

pub(crate) async fn every_path_keeps_a_row_without_problems(fixture: Fixture) {
    let (db, session) = acting(&fixture).await;
    let stage = staged_invoices(&session).await;
    keep_each(&db, &session, INVOICES, &stage).await;
    let stage = staged_coupons(&session).await;
    keep_each(&db, &session, COUPONS, &stage).await;
}

async fn keep_each<E: Entity + Debug>(
    db: &Database,
    session: &Acting,
    ways: &[Way<E>],
    stage: &Stage<E>,
) {
    let before = everything(db).await;
    for way in ways {
        // Undone, so that each finds the same rows.
        let tx = session.begin().await.unwrap();
        run_in_savepoint(&tx, way.run, stage).await.expect(way.name);
        tx.rollback().await.unwrap();
        assert_eq!(everything(db).await, before, "{}", way.name);
    }
}

async fn run_in_savepoint<E: Entity>(tx: &Acting, run: Run<E>, stage: &Stage<E>) -> Result<()> {
    let inner = tx.begin().await?;
    run(&inner, stage).await?;
    inner.commit().await
}

pub(crate) async fn all_problems_of_a_row_are_told_at_once(fixture: Fixture) {
    let (_, session) = acting(&fixture).await;
    let new = || invoice("", "lost").cents(-1);
    let error = session.repo::<Invoice>().create(new()).await.unwrap_err();
    let text = "the new `Invoice` is not valid: `number` is empty; \
                `state` is no state to begin with; `cents` is negative";
    assert_eq!(error.to_string(), text);
    let error = session.repo::<Invoice>().create_many([new()]).await.unwrap_err();
    let text = format!("of the rows given, number 0, counted from 0: {text}");
    assert_eq!(error.to_string(), text);

    let stage = staged_invoices(&session).await;
    let patch = InvoicePatch::new().state("open").cents(-1);
    let id = stage.paid.id;
    let error = session.repo::<Invoice>().patch(id, patch).await.unwrap_err();
    let text =
        format!("the `Invoice` {id} is not valid: what is paid stays paid; `cents` is negative");
    assert_eq!(error.to_string(), text);
}

pub(crate) async fn a_partial_batch_leaves_out_what_is_refused(fixture: Fixture) {
    let (db, session) = acting(&fixture).await;
    let (rows, ear) = (session.repo::<Coupon>(), Ear::of(&db));
    let given = [("1", "open"), ("", "open"), ("2", "lost"), ("1", "sent"), ("3", "open")];
    let new = given.map(|(number, state)| coupon(number, state));
    let done = rows.create_many_partial(new).await.unwrap();
    let words: Vec<_> = done.iter().map(|it| it.as_ref().map(|row| &*row.number)).collect();
    assert!(
        matches!(
            &words[..],
            [
                Ok("1"),
                Err(Error::ValidationFailed { .. }),
                Err(Error::ValidationFailed { .. }),
                Err(Error::Conflict { .. }),
                Ok("3")
            ]
        ),
        "{words:?}"
    );
    let told: Vec<_> = ear.taken().into_iter().map(|heard| heard.after).collect();
    let added = done.iter().flatten().map(|row| Some(format!("{row:?}")));
    assert_eq!(told, added.collect::<Vec<_>>());
}

pub(crate) async fn a_new_row_with_problems_reaches_nothing(fixture: Fixture) {
    let db = fixture.with(&invoices()).await;
    let recorder = Recorder::new(Arc::clone(backend(&db)));
    let db = Database::new(Arc::new(recorder.clone()));
    let session = db.tenant(crate::fixture::ACME).actor("alice");
    let (rows, bad) = (session.repo::<Invoice>(), || invoice("", "open"));
    assert!(rows.create(bad()).await.unwrap_err().is_validation_failed());
    assert!(
        rows.create_many([invoice("1", "open"), bad()]).await.unwrap_err().is_validation_failed()
    );
    assert!(rows.create_or_get(Invoice::NUMBER, bad()).await.unwrap_err().is_validation_failed());
    assert!(rows.upsert(Invoice::NUMBER, bad()).await.unwrap_err().is_validation_failed());
    assert!(rows.upsert_many(Invoice::NUMBER, [bad()]).await.unwrap_err().is_validation_failed());
    assert_eq!(recorder.events(), []);
}

pub(crate) async fn what_is_refused_is_the_last_to_be_found_out(fixture: Fixture) {
    let (db, session) = acting(&fixture).await;
    let stage = staged_invoices(&session).await;
    let rows = session.repo::<Invoice>();
    let patch = || InvoicePatch::new().state("open");
    // Of another tenant, of another version, or deleted: it is not for the program to say.
    let theirs = bolt(&db).actor("bob").repo::<Invoice>();
    assert!(theirs.patch(stage.paid.id, patch()).await.unwrap_err().is_not_found());
    assert!(theirs.delete(stage.paid.id).await.unwrap_err().is_not_found());
    let stale = rows.patch(stage.paid.id, patch()).if_version(7).await;
    assert!(stale.unwrap_err().is_version_conflict());
    assert!(rows.delete(stage.paid.id).if_version(7).await.unwrap_err().is_version_conflict());
    let deleted = stage.deleted.unwrap().id;
    assert!(rows.patch(deleted, patch()).await.unwrap_err().is_not_found());
    assert!(rows.delete(deleted).await.unwrap_err().is_not_found());
    // What the database refuses is its error.
    let taken = InvoicePatch::new().number("1").state("open");
    assert!(rows.patch(stage.paid.id, taken).await.unwrap_err().is_conflict());
    let nobody = db.tenant(crate::fixture::ACME).repo::<Invoice>();
    assert_error!(nobody.patch(stage.paid.id, patch()).await, Error::MissingActor { .. });
}

pub(crate) async fn a_change_is_compared_with_what_is_stored(fixture: Fixture) {
    let (_, session) = acting(&fixture).await;
    let rows = session.repo::<Coupon>();
    let open = rows.create(coupon("1", "open")).await.unwrap();
    // Somebody else pays meanwhile: what was read before is no excuse.
    rows.patch(open.id, CouponPatch::new().state("paid")).await.unwrap();
    let late = rows.update(&Coupon { cents: 1, ..open }).await.unwrap_err();
    assert_error!(Err::<(), _>(late), Error::ValidationFailed { problems, .. }
        if problems[0].column.is_none() && problems[0].reason == "what is paid stays paid");
}

pub(crate) async fn what_is_deleted_before_is_not_asked_again(fixture: Fixture) {
    let (_, session) = acting(&fixture).await;
    let stage = staged_invoices(&session).await;
    let rows = session.repo::<Invoice>();
    let (deleted, open) = (stage.deleted.unwrap().id, stage.open.id);
    // A restore brings back what was valid, and a purge removes what is deleted.
    rows.restore(deleted).await.unwrap();
    rows.delete(deleted).await.unwrap();
    rows.delete(open).await.unwrap();
    // What a program would not delete, but somebody else did.
    for table in ["invoices SET state = 'paid'", "caveats SET kept = 1 = 1"] {
        let mut raw = by_hand(session.database()).await;
        raw.execute_script(&format!("UPDATE {table}")).await.unwrap();
        raw.commit().await.unwrap();
    }
    rows.purge(deleted).await.unwrap();
    let soon = Utc::now() + TimeDelta::hours(1);
    assert_eq!(rows.purge_deleted_before(soon).await.unwrap().rows, 1);
}

pub(crate) async fn what_was_never_deleted_is_asked_when_it_goes_with_a_purge(fixture: Fixture) {
    let (db, session) = acting(&fixture).await;
    let stage = staged_invoices(&session).await;
    let (rows, seals) = (session.repo::<Invoice>(), session.repo::<Seal>());
    let (free, sealed) = (stage.deleted.as_ref().unwrap().id, stage.open.id);
    let seal = seals.create(NewSeal { invoice_id: sealed }).await.unwrap();
    rows.delete(sealed).await.unwrap();
    let (ear, before) = (Ear::of(&db), everything(&db).await);
    let soon = Utc::now() + TimeDelta::hours(1);
    let assert_kept = |refused: Error| {
        let text = format!("the `Seal` {} is not valid: a seal is kept", seal.id);
        assert_eq!(refused.cause().to_string(), text);
    };
    let refuses = async |session: &Acting| {
        let rows = session.repo::<Invoice>();
        assert_kept(rows.purge(sealed).await.unwrap_err());
        let refused = rows.purge_many([free, sealed]).await.unwrap_err();
        assert_eq!(refused.row(), Some(1));
        assert_kept(refused);
    };
    refuses(&session).await;
    let tx = session.begin().await.unwrap();
    refuses(&tx).await;
    tx.commit().await.unwrap();
    assert_eq!((everything(&db).await, ear.taken()), (before, Vec::new()), "nothing is changed");
    assert_eq!(seals.count().await.unwrap(), 1);
    // Counted without a question. The others go.
    let would = rows.purge_deleted_before(soon).dry_run().await.unwrap();
    assert_eq!((would.rows, would.below, would.kept), (2, 5, 0));
    let removed = rows.purge_deleted_before(soon).await.unwrap();
    assert_eq!((removed.rows, removed.kept), (1, 1));
    assert!(removed.below < would.below, "what is below it stays with it");
    let left = rows.query().only_deleted().all().await.unwrap();
    assert_eq!(left.iter().map(|row| row.id).collect::<Vec<_>>(), [sealed]);
}

pub(crate) async fn nothing_below_a_removed_row_goes_unasked(fixture: Fixture) {
    let (db, session) = acting(&fixture).await;
    let stage = staged_coupons(&session).await;
    assert_eq!(db.doctor(&invoices()).await.unwrap(), []);
    // Who does not know what is below meets the database, which does not remove it in silence either.
    let stranger = Database::new(Arc::clone(backend(&db)));
    let coupons = stranger.tenant(crate::fixture::ACME).repo::<Coupon>();
    assert_error!(coupons.delete(stage.held.id).await, Error::ForeignKey { .. });
    assert_error!(coupons.delete(stage.open.id).await, Error::ForeignKey { .. });
    assert_eq!(session.repo::<Receipt>().count().await.unwrap(), 3);
}

pub(crate) async fn what_is_not_asked_about_is_one_statement(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket, Item]).await;
    fixture.with(&invoices()).await;
    let recorder = Recorder::new(Arc::clone(backend(&db)));
    let db = Database::new(Arc::new(recorder.clone()));
    let session = db.tenant(crate::fixture::ACME);
    let is_one = |what: &str| {
        let noted = recorder.events();
        let is_one = matches!(noted[..], [Noted::Statement { .. } | Noted::Insert { .. }]);
        assert!(is_one, "{what}: {noted:?}");
        recorder.clear();
    };
    let tickets = session.repo::<Ticket>();
    let row = tickets.create(ticket("1")).await.unwrap();
    is_one("create");
    let row = tickets.update(&Ticket { weight: 7, ..row }).await.unwrap();
    is_one("update");
    tickets.patch(row.id, TicketPatch::new().title("b")).await.unwrap();
    is_one("patch");
    tickets.query().patch_all(TicketPatch::new().title("c")).await.unwrap();
    is_one("patch_all");
    tickets.delete(row.id).await.unwrap();
    is_one("delete");
    let item = db.session().repo::<Item>().create(item("a")).await.unwrap();
    recorder.clear();
    db.session().repo::<Item>().query().delete_all().await.unwrap();
    is_one("delete_all");
    assert!(db.session().repo::<Item>().find(item.id).await.unwrap().is_none());
    recorder.clear();
    // Nor does it cost a new row more to be validated, or told of.
    session.repo::<Coupon>().create(coupon("1", "open")).await.unwrap();
    is_one("create of what is validated");
    // A change that is only asked about deletion stays one statement.
    db.session().repo::<Sent>().create(NewSent { text: "a".to_owned() }).await.unwrap();
    is_one("create of what is told of");
}

pub(crate) async fn an_import_is_asked_and_told_of(fixture: Fixture) {
    let (db, session) = acting(&fixture).await;
    let (ear, invoices) = (Ear::of(&db), session.repo::<Invoice>());
    for (csv, line, problem) in [
        ("number,state,cents\n1,open,5\n2,lost,5\n", 3, "no state to begin with"),
        ("number,state,cents\n1,open,-5\n2,open,5\n", 2, "is negative"),
    ] {
        let refused = invoices.import_csv(csv.as_bytes()).fresh_ids().await.unwrap_err();
        assert!(
            refused.is_validation_failed() && refused.to_string().contains(problem),
            "{refused}"
        );
        assert_eq!(refused.line(), Some(line));
    }
    assert_eq!(invoices.count().await.unwrap(), 0);
    assert_eq!(ear.taken(), []);
    let csv = "number,state,cents\n1,open,5\n2,open,5\n";
    invoices.import_csv(csv.as_bytes()).fresh_ids().await.unwrap();
    let told: Vec<_> = ear.taken().iter().map(|heard| (heard.entity, heard.action)).collect();
    assert_eq!(told, [("Invoice", repo_core::Action::Create); 2]);
}
