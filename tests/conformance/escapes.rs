//! The ways past a policy: sessions over all tenants, and SQL by hand. Each leaves a trace.

use repo_core::{Action, Actor, AuditEntry, Error, TransactionOptions, schema};
use uuid::Uuid;

use crate::attacker::run;
use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{ACME, Fixture, acme, bolt};

pub(crate) async fn looking_at_all_tenants_is_recorded_once(fixture: Fixture) {
    let db = fixture.with(&schema![Claim, Ticket]).await;
    acme(&db).actor("alice").repo::<Claim>().create(claim("C-1")).await.unwrap();
    let silent = db.all_tenants("the nightly report");
    assert_error!(silent.repo::<Claim>().count().await, Error::MissingActor { entity: "Claim" });
    assert_error!(silent.audit().count().await, Error::MissingActor { .. });
    assert_eq!(
        silent.repo::<Ticket>().count().await.unwrap(),
        0,
        "what is not audited is not watched"
    );
    let session = db.all_tenants("the nightly report").actor(Actor::System("report"));
    assert_eq!(session.repo::<Claim>().count().await.unwrap(), 1);
    session.clone().repo::<Claim>().all().await.unwrap();
    let read: Result<u64, Error> =
        session.transaction(async |tx| tx.repo::<Claim>().count().await).await;
    assert_eq!(read.unwrap(), 1);
    let entries = db.session().audit().all().await.unwrap();
    assert_eq!(entries.len(), 1);
    let entry = &entries[0];
    assert_eq!((entry.action, &*entry.entity), (Action::Access, "all_tenants"));
    assert_eq!(entry.reason.as_deref(), Some("the nightly report"));
    assert_eq!(entry.actor, Actor::System("report".to_owned()));
}

pub(crate) async fn looking_at_all_tenants_by_hand_is_recorded(fixture: Fixture) {
    let db = fixture.with(&schema![Claim, Ticket]).await;
    acme(&db).actor("alice").repo::<Claim>().create(claim("C-1")).await.unwrap();
    let claims = "SELECT code FROM claims";
    let code = |row: &repo_core::UncheckedRow<'_>| row.get::<String>(0);
    let silent = || db.all_tenants("peeking");
    let fetched = silent().unchecked_sql("a test").fetch(claims, code).await;
    assert_error!(fetched, Error::MissingActor { .. });
    let trail = "SELECT actor FROM repo_audit";
    let fetched = silent().unchecked_sql("a test").fetch(trail, code).await;
    assert_error!(fetched, Error::MissingActor { .. });
    let typed = silent().unchecked_sql("a test").sql::<Claim>("SELECT * FROM claims").all().await;
    assert_error!(typed, Error::MissingActor { .. });
    let inside: Result<(), Error> = silent()
        .transaction(async |tx| tx.unchecked_sql("a test").fetch(claims, code).await.map(drop))
        .await;
    assert_error!(inside, Error::MissingActor { .. });
    let late: Result<(), Error> = silent()
        .transaction(async |tx| {
            let eve = tx.clone().actor("eve");
            eve.unchecked_sql("a test").fetch(claims, code).await.map(drop)
        })
        .await;
    assert_error!(late, Error::MissingActor { .. });
    let blank = db.all_tenants(" ").actor("eve");
    let blank = blank.unchecked_sql("a test").fetch(claims, code).await;
    assert_error!(blank, Error::InvalidInput { column, .. } if column == "reason");
    assert_eq!(db.session().audit().count().await.unwrap(), 0);

    let session = silent().actor("eve");
    for _ in 0..2 {
        let found = session.unchecked_sql("a test").fetch(claims, code).await.unwrap();
        assert_eq!(found, ["C-1"]);
    }
    let entry = db.session().audit().query().one().await.unwrap();
    assert_eq!((entry.action, entry.reason.as_deref()), (Action::Access, Some("peeking")));
    let of_tenant = acme(&db).unchecked_sql("a test").fetch(claims, code).await.unwrap();
    assert_eq!(of_tenant, ["C-1"], "one tenant is no look at all");
}

pub(crate) async fn a_look_is_recorded_although_its_transaction_is_undone(fixture: Fixture) {
    let db = fixture.with(&schema![Claim]).await;
    let session = db.all_tenants("a look").actor("eve");
    let undone: Result<(), Error> = session
        .transaction(async |tx| {
            tx.repo::<Claim>().all().await?;
            Err(Error::TransactionEnded)
        })
        .await;
    assert_error!(undone, Error::TransactionEnded);
    assert_eq!(db.session().audit().count().await.unwrap(), 1);
    let late = db.all_tenants("a look");
    let late: Result<u64, Error> =
        late.transaction(async |tx| tx.clone().actor("eve").repo::<Claim>().count().await).await;
    assert_error!(late, Error::MissingActor { .. });
}

pub(crate) async fn a_look_beside_a_transaction_waits_only_for_its_entry(fixture: Fixture) {
    let db = fixture.with(&schema![Claim, Ticket]).await;
    if !fixture.is_shared() {
        return;
    }
    let alice = acme(&db).actor("alice");
    let everywhere = db.all_tenants("a look").actor("eve");
    let outcome: Result<(), Error> = alice
        .transaction(async |tx| {
            tx.repo::<Ticket>().create(ticket("A-1")).await?;
            assert_eq!(everywhere.repo::<Ticket>().count().await?, 0, "it sees what is committed");
            let watched = everywhere.repo::<Claim>().count().await;
            assert_error!(watched, Error::OutsideTransaction);
            let read_only = TransactionOptions::new().read_only();
            let transaction = everywhere.transaction_with(read_only, async |_| Ok(())).await;
            assert_error!(transaction, Error::OutsideTransaction);
            Ok(())
        })
        .await;
    outcome.unwrap();
    assert_eq!(db.session().audit().count().await.unwrap(), 0);
    assert_eq!(everywhere.repo::<Ticket>().count().await.unwrap(), 1);
    let entry = db.session().audit().query().one().await.unwrap();
    assert_eq!((entry.action, entry.actor), (Action::Access, Actor::User("eve".to_owned())));
}

pub(crate) async fn without_a_trail_a_look_is_not_recorded(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    let session = db.all_tenants("a look").actor("eve");
    assert_eq!(session.repo::<Ticket>().count().await.unwrap(), 0);
    for session in [session, db.all_tenants("a look")] {
        let sql = "SELECT code FROM tickets";
        let codes = session.unchecked_sql("a test").fetch(sql, |row| row.get::<String>(0)).await;
        assert!(codes.unwrap().is_empty());
    }
}

pub(crate) async fn a_trail_that_cannot_be_written_is_not_one_that_is_missing(fixture: Fixture) {
    let db = fixture.with(&schema![Claim, Ticket]).await;
    let insert = "INSERT INTO repo_audit_archive VALUES (1)";
    let trigger = if db.system() == "sqlite" {
        format!("CREATE TRIGGER archived AFTER INSERT ON repo_audit BEGIN {insert}; END")
    } else {
        format!(
            "CREATE FUNCTION archive() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN {insert}; RETURN NULL; END'; \
             CREATE TRIGGER archived AFTER INSERT ON repo_audit FOR EACH ROW EXECUTE FUNCTION archive()"
        )
    };
    run(&db, &trigger).await;
    let look = db.all_tenants("a look").actor("eve").repo::<Ticket>().count().await;
    let error = look.expect_err("it cannot be recorded").to_string();
    assert!(error.contains("repo_audit_archive"), "{error}");
    let alice = acme(&db).actor("alice");
    let cleanup = alice.unchecked_sql("a cleanup").execute("DELETE FROM tickets").await;
    let error = cleanup.expect_err("it cannot be recorded").to_string();
    assert!(error.contains("repo_audit_archive"), "{error}");
    assert!(!error.contains("has no audit trail"), "{error}");
}

pub(crate) async fn what_sql_by_hand_writes_is_recorded(fixture: Fixture) {
    let db = fixture.with(&schema![Claim, Ticket]).await;
    let session = acme(&db).actor("alice");
    session.repo::<Ticket>().create(ticket("A-1")).await.unwrap();
    let raw = "UPDATE tickets SET title = $2 WHERE tenant_id = $1 AND code <> '$1 \"' -- $9";
    let sql = session.unchecked_sql("a correction").bind(ACME).bind("hunter2".to_owned());
    assert_eq!(sql.execute(raw).await.unwrap(), 1);
    assert_eq!(session.repo::<Ticket>().first().await.unwrap().unwrap().title, "hunter2");
    let entry = session.audit().first().await.unwrap().unwrap();
    assert_eq!((entry.action, &*entry.entity), (Action::UncheckedSql, "sql"));
    assert_eq!(entry.reason.as_deref(), Some("a correction"));
    let told = entry.after.as_ref().unwrap().as_str();
    assert_eq!(told, format!("{{\"sql\":{},\"rows\":\"1\"}}", serde_json::Value::from(raw)));
    assert_eq!(db.unchecked_sql_count(), 1);
    let silent = acme(&db).unchecked_sql("a correction").execute("DELETE FROM tickets").await;
    assert_error!(silent, Error::MissingActor { .. });
    let empty = session.unchecked_sql(" ").execute("DELETE FROM tickets").await;
    assert_error!(empty, Error::InvalidInput { column, .. } if column == "reason");
    let answering = session.unchecked_sql("a reason").execute("DELETE FROM tickets RETURNING code");
    let answered = answering.await;
    assert_error!(answered, Error::InvalidInput { column, reason }
        if column == "sql" && reason.contains("`fetch`"));
    assert_eq!(session.repo::<Ticket>().count().await.unwrap(), 1);
}

pub(crate) async fn sql_by_hand_that_cannot_be_recorded_does_not_happen(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    let session = acme(&db).actor("alice");
    session.repo::<Ticket>().create(ticket("A-1")).await.unwrap();
    let deleted = session.unchecked_sql("a cleanup").execute("DELETE FROM tickets").await;
    assert_error!(deleted, Error::Configuration { reason } if reason.contains("has no audit trail"));
    assert_eq!(session.repo::<Ticket>().count().await.unwrap(), 1);
}

pub(crate) async fn a_table_that_sql_by_hand_does_not_find_is_told_as_it_is(fixture: Fixture) {
    let db = fixture.with(&schema![Claim]).await;
    let session = acme(&db).actor("alice");
    for table in ["repo_audit_archive", "nowhere"] {
        let sql = session.unchecked_sql("a cleanup");
        let error = sql.execute(&format!("DELETE FROM {table}")).await.unwrap_err();
        assert!(error.to_string().contains(table), "{error}");
        assert!(!error.to_string().contains("audit trail"), "{error}");
    }
}

pub(crate) async fn sql_by_hand_that_breaks_a_key_is_a_conflict(fixture: Fixture) {
    let db = fixture.with(&schema![Claim]).await;
    let session = acme(&db).actor("alice");
    session.repo::<Claim>().create_many([claim("C-1"), claim("C-2")]).await.unwrap();
    let clash = "UPDATE claims SET code = 'C-1'";
    let alone = session.unchecked_sql("a correction").execute(clash).await;
    assert_error!(alone, Error::Conflict { .. });
    let inside: Result<u64, Error> =
        session.transaction(async |tx| tx.unchecked_sql("a correction").execute(clash).await).await;
    assert_error!(inside, Error::Conflict { .. });
    assert_eq!(session.audit().count().await.unwrap(), 2, "what did not happen is not recorded");
}

pub(crate) async fn a_query_by_hand_reads_typed_rows_and_writes_nothing(fixture: Fixture) {
    let db = fixture.with(&schema![Claim, Ticket]).await;
    let session = acme(&db).actor("alice");
    let row = session.repo::<Ticket>().create(ticket("A-1")).await.unwrap();
    bolt(&db).repo::<Ticket>().create(ticket("B-1")).await.unwrap();
    let query = "SELECT id, title, owner FROM tickets WHERE tenant_id = $1";
    let read = |row: &repo_core::UncheckedRow<'_>| {
        Ok((row.get::<Uuid>(0)?, row.get::<String>(1)?, row.get::<Option<String>>(2)?))
    };
    let rows = session.unchecked_sql("a test").bind(ACME).fetch(query, read).await.unwrap();
    assert_eq!(rows, [(row.id, "title of A-1".to_owned(), None)]);
    let wrong = session.unchecked_sql("a test").bind(ACME);
    let wrong = wrong.fetch(query, |row| row.get::<i64>(1)).await;
    assert_error!(wrong, Error::Decode { .. });
    let write = "DELETE FROM tickets WHERE tenant_id = $1 RETURNING id, title, owner";
    let refused = session.unchecked_sql("a test").bind(ACME).fetch(write, read).await;
    assert_error!(refused, Error::ReadOnly { .. });
    let inside: Result<(), Error> = session
        .transaction(async |tx| {
            tx.repo::<Ticket>().create(ticket("A-2")).await?;
            let rows = tx.unchecked_sql("a test").bind(ACME).fetch(query, read).await?;
            assert_eq!(rows.len(), 2);
            let refused = tx.unchecked_sql("a test").bind(ACME).fetch(write, read).await;
            assert_error!(refused, Error::ReadOnly { .. });
            tx.repo::<Ticket>().create(ticket("A-3")).await.map(drop)
        })
        .await;
    inside.unwrap();
    assert_eq!(session.repo::<Ticket>().count().await.unwrap(), 3);
    assert_eq!(session.audit().count().await.unwrap(), 0, "reading is counted, not recorded");
    let order = session.audit().query().order_by(AuditEntry::SEQ.asc());
    assert!(order.all().await.unwrap().is_empty());
}
