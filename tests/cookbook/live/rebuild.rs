//! Tables made anew on SQLite, by the recipe of the page, and what hangs on them. On Postgres the same changes are an
//! `ALTER TABLE`.

use std::fmt::Write as _;

use repo_core::audit::Chain;
use repo_core::{ColumnEnum, Error, Repository, Schema, schema};
use uuid::Uuid;

use crate::before::{self, SHOP};
use crate::page;
use crate::place::{Place, on_sqlite};

const HEADING: &str = "A table made anew on SQLite";

/// Makes a table anew, as the page does: its columns, keys and checks those of `schema`, and its rows those of before.
pub(crate) async fn anew(place: &Place, schema: &Schema, table: &str, columns: &str) {
    let script = schema.script(&repo_sqlite::SqliteDialect).unwrap();
    place.run(&recipe(&script, &[(table, columns, columns)])).await;
    let strays = place.texts("SELECT \"table\" FROM pragma_foreign_key_check").await;
    assert!(strays.is_empty(), "{strays:?}");
}

/// The recipe for other tables: each its name, its columns, and where they come from.
pub(crate) fn recipe(script: &str, tables: &[(&str, &str, &str)]) -> String {
    let recipe = page::blocks(HEADING, "SQLite").remove(0);
    let (head, rest) = recipe.split_once("CREATE TABLE orders_new").unwrap();
    let (of_table, rest) = rest.split_once("CREATE UNIQUE INDEX").unwrap();
    let (_, moves) = of_table.split_once(") STRICT;\n").unwrap();
    let (_, tail) = rest.split_once(";\n").unwrap();
    let mut sql = head.to_owned();
    for (table, columns, from) in tables {
        let create = format!("CREATE TABLE IF NOT EXISTS \"{table}\"");
        let text = script.split(&create).nth(1).unwrap().split(" STRICT;\n").next().unwrap();
        let _ = writeln!(sql, "CREATE TABLE \"{table}_new\"{text} STRICT;");
        let (_, rest) = moves.split_once(";\n").unwrap();
        let _ = writeln!(sql, "INSERT INTO {table}_new ({columns}) SELECT {from} FROM {table};");
        sql.push_str(&rest.replace("orders", table));
    }
    // Indexes and triggers, of all tables: what is there is left.
    sql + script + tail
}

mod returned {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Repository)]
    #[repository(table = "orders", tenant)]
    pub struct Order {
        pub id: Uuid,
        pub tenant_id: Uuid,
        #[repository(unique)]
        pub number: String,
        pub state: State,
        pub note: Option<String>,
    }

    #[derive(Debug, Clone, Copy, PartialEq, ColumnEnum)]
    pub enum State {
        Open,
        Sent,
        Returned,
    }

    #[derive(Debug, Clone, PartialEq, Repository)]
    #[repository(table = "lines", tenant)]
    pub struct Line {
        pub id: Uuid,
        pub tenant_id: Uuid,
        #[repository(references = Order, on_delete = cascade)]
        pub order_id: Uuid,
    }
}

mod cascading {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Repository)]
    #[repository(table = "lines", tenant)]
    pub struct Line {
        pub id: Uuid,
        pub tenant_id: Uuid,
        #[repository(references = before::Order, on_delete = cascade)]
        pub order_id: Uuid,
    }
}

mod kept {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Repository)]
    #[repository(table = "arrivals", tenant, immutable)]
    pub struct Arrival {
        pub id: Uuid,
        pub tenant_id: Uuid,
        #[repository(references = before::Order, unique)]
        pub order_id: Uuid,
        #[repository(max_length = 5)]
        pub place: String,
    }
}

mod kept_longer {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Repository)]
    #[repository(table = "arrivals", tenant, immutable)]
    pub struct Arrival {
        pub id: Uuid,
        pub tenant_id: Uuid,
        #[repository(references = before::Order, unique)]
        pub order_id: Uuid,
        #[repository(max_length = 50)]
        pub place: String,
    }
}

mod recorded {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Repository)]
    #[repository(table = "claims", tenant, audited)]
    pub struct Claim {
        pub id: i64,
        pub tenant_id: Uuid,
        pub amount: i32,
    }
}

mod recorded_wider {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Repository)]
    #[repository(table = "claims", tenant, audited)]
    pub struct Claim {
        pub id: i64,
        pub tenant_id: Uuid,
        #[repository(formerly = "amount")]
        pub cents: i64,
    }
}

#[test]
fn a_table_that_others_refer_to() {
    on_sqlite(async |place| {
        let old = place.program(&schema![before::Order, cascading::Line]).await;
        let first = before::orders(&old).create(before::order("A1")).await.unwrap();
        let lines = old.tenant(SHOP).repo::<cascading::Line>();
        let line = lines.create(cascading::NewLine { order_id: first.id }).await.unwrap();

        let recipe = page::blocks(HEADING, "SQLite").remove(0);
        let without = |line: &str| recipe.replacen(line, "", 1);
        let trips = place.try_run(&without("PRAGMA legacy_alter_table = ON;\n")).await;
        assert!(trips.unwrap_err().contains("no such table: main.orders"));
        place.run(&recipe).await;

        let schema = schema![returned::Order, returned::Line];
        let new = place.program(&schema).await;
        assert!(place.findings(&schema).await.is_empty());
        assert_eq!(lines.all().await.unwrap(), [line]);
        before::goes_on(&old, &first).await;
        let stray = lines.create(cascading::NewLine { order_id: Uuid::nil() }).await;
        assert!(matches!(stray, Err(Error::ForeignKey { .. })), "{stray:?}");
        new.tenant(SHOP).repo::<returned::Order>().delete(first.id).await.unwrap();
        assert_eq!(lines.count().await.unwrap(), 0);

        // What the first line is for.
        let second = before::orders(&old).create(before::order("A2")).await.unwrap();
        lines.create(cascading::NewLine { order_id: second.id }).await.unwrap();
        place.run(&without("PRAGMA foreign_keys = OFF;\n")).await;
        assert_eq!(lines.count().await.unwrap(), 0);
    });
}

#[test]
fn an_immutable_table() {
    on_sqlite(async |place| {
        let old = place.program(&schema![before::Order, kept::Arrival]).await;
        let order = before::orders(&old).create(before::order("A1")).await.unwrap();
        let arrivals = old.tenant(SHOP).repo::<kept::Arrival>();
        let arrival = kept::NewArrival { order_id: order.id, place: "Paris".into() };
        let arrival = arrivals.create(arrival).await.unwrap();

        let schema = schema![before::Order, kept_longer::Arrival];
        let refuses =
            "the check `arrivals_place_check` of `arrivals` refuses a text of 50 characters";
        assert_eq!(place.findings(&schema).await, [refuses]);
        anew(&place, &schema, "arrivals", "id, tenant_id, order_id, place").await;
        assert!(place.findings(&schema).await.is_empty(), "its triggers are there with the commit");

        assert_eq!(arrivals.all().await.unwrap(), [arrival]);
        for change in [
            "UPDATE arrivals SET place = 'Rome'",
            "DELETE FROM arrivals",
            "INSERT OR REPLACE INTO arrivals SELECT id, tenant_id, order_id, 'Rome' FROM arrivals",
        ] {
            assert!(place.try_run(change).await.is_err(), "{change}");
        }
        let new = place.program(&schema).await;
        let second = before::orders(&old).create(before::order("A2")).await.unwrap();
        let arrival =
            kept_longer::NewArrival { order_id: second.id, place: "Constantinople".into() };
        new.tenant(SHOP).repo::<kept_longer::Arrival>().create(arrival).await.unwrap();
        assert_eq!(arrivals.count().await.unwrap(), 2);
    });
}

#[test]
fn an_audited_table() {
    on_sqlite(async |place| {
        let old = place.program(&schema![recorded::Claim]).await;
        let shop = old.tenant(SHOP).actor("ann");
        let claims = shop.repo::<recorded::Claim>();
        let first = claims.create(recorded::NewClaim { amount: 5 }).await.unwrap();
        let last = claims.create(recorded::NewClaim { amount: 6 }).await.unwrap();
        claims.delete(last.id).await.unwrap();
        let then = chrono::Utc::now();

        let schema = schema![recorded_wider::Claim];
        let script = schema.script(&repo_sqlite::SqliteDialect).unwrap();
        let moves = [("claims", "id, tenant_id, cents", "id, tenant_id, amount")];
        let numbers = page::blocks(HEADING, "SQLite").remove(1).replace("orders", "claims");
        let recipe = recipe(&script, &moves).replace("DROP TABLE", &format!("{numbers}DROP TABLE"));
        place.run(&recipe).await;
        assert!(place.findings(&schema).await.is_empty());

        let new = place.program(&schema).await;
        let shop = new.tenant(SHOP).actor("bob");
        let claims = shop.repo::<recorded_wider::Claim>();
        let change = recorded_wider::ClaimPatch::new().cents(5_000_000_000_i64);
        claims.patch(first.id, change).await.unwrap();
        let next = claims.create(recorded_wider::NewClaim { cents: 7 }).await.unwrap();
        assert_eq!(next.id, last.id + 1, "no number is given twice");

        let trail = shop.audit();
        assert_eq!(trail.history::<recorded_wider::Claim>(first.id).count().await.unwrap(), 2);
        let before = trail.as_of::<recorded_wider::Claim>(first.id, then).await.unwrap().unwrap();
        assert_eq!(before.entity.cents, 5);
        let chain = new.audit_chain(Chain::tenant(&SHOP).unwrap());
        assert!(chain.verify().await.unwrap().is_intact());
    });
}
