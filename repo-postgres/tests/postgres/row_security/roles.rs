//! Who is refused, and in which words.

use repo_core::__beside::backend;
use repo_core::Error;
use repo_postgres::Options;

use super::{COUNT, Desk, NewTicket, Ticket, number, secured};
use crate::scratch::Scratch;

/// Why a connection was refused.
async fn reason(options: Options) -> String {
    match options.row_level_security(true).connect().await {
        Err(Error::Configuration { reason }) => reason,
        other => panic!("{other:?}"),
    }
}

const INSTEAD: &str =
    "connect as a role without SUPERUSER and BYPASSRLS that is no member of such a one";

#[tokio::test]
async fn a_role_that_no_policy_binds_is_refused() {
    let Some(scratch) = Scratch::of_a_role().await else { return };
    secured(&scratch).connect().await.unwrap();
    let role = scratch.role();
    for (attribute, words) in [("SUPERUSER", "is a superuser"), ("BYPASSRLS", "has BYPASSRLS")] {
        scratch.admin(&format!("ALTER ROLE {role} {attribute}")).await;
        let expected =
            format!("row-level security cannot hold: the role `{role}` {words}; {INSTEAD}");
        assert_eq!(reason(scratch.options()).await, expected);
        scratch.admin(&format!("ALTER ROLE {role} NO{attribute}")).await;
    }
    secured(&scratch).connect().await.unwrap();
}

#[tokio::test]
async fn a_role_that_may_become_such_a_one_is_refused() {
    let Some(scratch) = Scratch::of_a_role().await else { return };
    let (role, free) = (scratch.role(), format!("{}_free", scratch.role()));
    scratch.admin(&format!("CREATE ROLE {free} BYPASSRLS; GRANT {free} TO {role}")).await;
    let refused = reason(scratch.options()).await;
    scratch.admin(&format!("DROP ROLE {free}")).await;
    assert_eq!(
        refused,
        format!(
            "row-level security cannot hold: the role `{role}` may become `{free}`, which has \
             BYPASSRLS; {INSTEAD}"
        )
    );
    // A superuser who logged in may return from whatever role the URL makes of it.
    let url = format!("{}%20-c%20role%3D{role}", scratch.admin_url());
    let refused = reason(Options::new(&url).unwrap()).await;
    let start = format!("row-level security cannot hold: the role `{role}` may become `");
    let end = format!("`, which is a superuser; {INSTEAD}");
    assert!(refused.starts_with(&start) && refused.ends_with(&end), "{refused}");
}

#[tokio::test]
async fn a_role_that_may_make_itself_a_member_of_such_a_one_is_refused() {
    let Some(scratch) = Scratch::of_a_role().await else { return };
    let (role, maker) = (scratch.role(), format!("{}_maker", scratch.role()));
    let version = "SELECT current_setting('server_version_num')::bigint";
    let version = number(&scratch.options().connect_backend().await.unwrap(), version).await;
    let is_free = version.unwrap() < 160_000;
    let expected = |who: &str| {
        format!(
            "row-level security cannot hold: the role `{role}` {who} CREATEROLE, and may make itself a member of a role \
             that no policy binds; connect as a role without CREATEROLE that is no member of such a one"
        )
    };
    for (change, undo, who) in [
        (
            format!("ALTER ROLE {role} CREATEROLE"),
            format!("ALTER ROLE {role} NOCREATEROLE"),
            "has".to_owned(),
        ),
        (
            format!(
                "CREATE ROLE {maker} CREATEROLE; ALTER ROLE {role} NOINHERIT; GRANT {maker} TO {role}"
            ),
            format!("DROP ROLE {maker}"),
            format!("may become `{maker}`, which has"),
        ),
    ] {
        scratch.admin(&change).await;
        // Since 16 it is a member of all that it may administer.
        let refused = if is_free {
            Some(reason(scratch.options()).await)
        } else {
            secured(&scratch).connect().await.unwrap();
            None
        };
        scratch.admin(&undo).await;
        assert!(refused.is_none_or(|refused| refused == expected(&who)), "{change}");
    }
    secured(&scratch).connect().await.unwrap();
}

#[tokio::test]
async fn who_may_become_an_owner_whom_its_own_table_does_not_bind_is_refused() {
    let Some(desk) = Desk::open().await else { return };
    let (owner, role) = (desk.scratch.role(), format!("{}_member", desk.scratch.role()));
    let member = format!(
        "CREATE ROLE {role} LOGIN NOINHERIT PASSWORD '{owner}'; GRANT {owner} TO {role}; \
         GRANT USAGE ON SCHEMA {owner} TO {role}; ALTER TABLE tickets NO FORCE ROW LEVEL SECURITY"
    );
    desk.scratch.admin(&member).await;
    let url = desk.scratch.url.replacen(&format!("{owner}:"), &format!("{role}:"), 1);
    let refused = reason(Options::new(&url).unwrap()).await;
    desk.scratch.admin("ALTER TABLE tickets FORCE ROW LEVEL SECURITY").await;
    let forced = Options::new(&url).unwrap().row_level_security(true).connect().await;
    let forced = forced.map(drop);
    desk.scratch.admin(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
    let expected = format!(
        "row-level security cannot hold: the role `{role}` may become `{owner}`, which owns the table `tickets`, whose \
         policies do not bind its owner; run ALTER TABLE \"tickets\" FORCE ROW LEVEL SECURITY"
    );
    assert_eq!(refused, expected);
    forced.unwrap();
}

#[tokio::test]
async fn an_owner_whom_its_own_table_does_not_bind_is_refused() {
    let Some(desk) = Desk::open().await else { return };
    desk.scratch.admin("ALTER TABLE tickets NO FORCE ROW LEVEL SECURITY").await;
    assert_eq!(number(&desk.pool, COUNT).await.unwrap(), 3, "nothing holds");
    let role = desk.scratch.role();
    assert_eq!(
        reason(desk.scratch.options()).await,
        format!(
            "row-level security cannot hold: the role `{role}` owns the table `tickets`, whose \
             policies do not bind its owner; run ALTER TABLE \"tickets\" FORCE ROW LEVEL SECURITY"
        )
    );
    desk.scratch.admin("ALTER TABLE tickets FORCE ROW LEVEL SECURITY").await;
    secured(&desk.scratch).connect().await.unwrap();
    desk.scratch.admin("ALTER TABLE tickets DISABLE ROW LEVEL SECURITY").await;
    assert_eq!(
        reason(desk.scratch.options()).await,
        "row-level security cannot hold: the policies of the table `tickets` are disabled; \
         run ALTER TABLE \"tickets\" ENABLE ROW LEVEL SECURITY"
    );
}

#[tokio::test]
async fn a_role_that_owns_nothing_works_on_the_tables_of_another() {
    let (Some(desk), Some(guest)) = (Desk::open().await, Scratch::of_a_role().await) else {
        return;
    };
    let (owner, role) = (desk.scratch.role(), guest.role());
    let grants = format!(
        "GRANT USAGE ON SCHEMA {owner} TO {role}; \
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {owner} TO {role}"
    );
    desk.scratch.admin(&grants).await;
    // Even where the owner itself is not bound: the guest is.
    desk.scratch.admin("ALTER TABLE tickets NO FORCE ROW LEVEL SECURITY").await;
    let url = desk.scratch.url.replacen(&format!("{owner}:{owner}"), &format!("{role}:{role}"), 1);
    let db = Options::new(&url).unwrap().row_level_security(true).connect().await.unwrap();
    let tickets = db.tenant(super::BOLT).repo::<Ticket>();
    tickets.create(NewTicket { title: "d".into() }).await.unwrap();
    assert_eq!(tickets.count().await.unwrap(), 2);
    assert_eq!(number(&**backend(&db), COUNT).await.unwrap(), 0);
    db.close().await;
}

#[tokio::test]
async fn a_session_that_refuses_tables_with_policies_is_refused() {
    let Some(scratch) = Scratch::of_a_role().await else { return };
    let role = scratch.role();
    let refused = |instead: &str| {
        format!(
            "row-level security cannot hold: `row_security` is off for the role `{role}`, so that every statement \
             on a table with policies fails; {instead}"
        )
    };
    scratch.admin(&format!("ALTER ROLE {role} SET row_security = off")).await;
    let instead = format!("ALTER ROLE \"{role}\" RESET row_security");
    assert_eq!(reason(scratch.options()).await, refused(&format!("run {instead}")));
    scratch.connect().await;
    scratch.admin(&instead).await;
    secured(&scratch).connect().await.unwrap();
    let off = format!("{}%20-c%20row_security%3Doff", scratch.url);
    let instead = "leave it out of the options of the connection";
    assert_eq!(reason(Options::new(&off).unwrap()).await, refused(instead));
}
