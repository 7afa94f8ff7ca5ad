//! Keys and indexes of a table with rows.

use repo_core::{Repository, schema};
use uuid::Uuid;

use crate::place::Place;

mod before {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Repository)]
    #[repository(table = "orders", tenant)]
    pub struct Order {
        pub id: Uuid,
        pub tenant_id: Uuid,
        pub number: String,
        pub state: String,
    }
}

mod after {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Repository)]
    #[repository(table = "orders", tenant)]
    pub struct Order {
        pub id: Uuid,
        pub tenant_id: Uuid,
        #[repository(unique)]
        pub number: String,
        #[repository(index)]
        pub state: String,
    }
}

fn order(number: &str) -> before::NewOrder {
    before::NewOrder { number: number.into(), state: "open".into() }
}

pub(crate) async fn a_key_and_an_index(place: &Place) {
    let old = place.program(&schema![before::Order]).await;
    let old_orders = old.tenant(crate::before::SHOP).repo::<before::Order>();
    let first = old_orders.create(order("A1")).await.unwrap();
    let schema = schema![after::Order];
    let missing = [
        "the unique key `orders_tenant_id_number_key` of `orders` is missing",
        "the index `orders_tenant_id_state_idx` of `orders` is missing",
    ];
    assert_eq!(place.findings(&schema).await, missing);

    place.migrate("A unique key or an index").await;
    let made = ["orders_tenant_id_number_key", "orders_tenant_id_state_idx"];
    let expected = if place.is_sqlite() { &[][..] } else { &made };
    assert_eq!(place.keys_of("orders").await, expected);
    let new = place.program(&schema).await;
    assert_eq!(place.keys_of("orders").await, made, "no others");
    assert!(place.findings(&schema).await.is_empty());

    let orders = new.tenant(crate::before::SHOP).repo::<after::Order>();
    assert_eq!(orders.find_by_number("A1").await.unwrap().map(|it| it.id), Some(first.id));
    let refused = old_orders.create(order("A1")).await;
    assert!(refused.is_err_and(|error| error.is_conflict()));
    old_orders.create(order("A2")).await.unwrap();
}

pub(crate) async fn a_key_that_rows_do_not_meet(place: &Place) {
    let old = place.program(&schema![before::Order]).await;
    let old_orders = old.tenant(crate::before::SHOP).repo::<before::Order>();
    old_orders.create_many(["A1", "A1", "A2"].map(order)).await.unwrap();
    let schema = schema![after::Order];
    let either = crate::page::blocks("A unique key or an index", "either").remove(0);
    let twice = place.texts(&either.replace("tenant_id, number, count(*)", "number")).await;
    assert_eq!(twice, ["A1"]);

    if !place.is_sqlite() {
        let sql = place.now("A unique key or an index").remove(0);
        assert!(place.try_run(&sql).await.unwrap_err().contains("could not create unique index"));
    }
    let program = place.try_program(&schema).await;
    if place.is_sqlite() {
        assert!(program.is_err_and(|error| error.is_conflict()));
    } else {
        // What failed is there, so that nothing is missing by name.
        program.unwrap();
        let invalid = "the unique key `orders_tenant_id_number_key` of `orders` is not valid, or may be deferred";
        assert_eq!(place.findings(&schema).await, [invalid]);
        place.run("DROP INDEX CONCURRENTLY orders_tenant_id_number_key;\n").await;
    }
    let query = old_orders.filter(before::Order::NUMBER.eq("A1"));
    let last = query.order_by(before::Order::ID.desc()).first().await.unwrap().unwrap();
    old_orders.patch(last.id, before::OrderPatch::new().number("A3")).await.unwrap();
    if !place.is_sqlite() {
        place.run("DROP INDEX IF EXISTS orders_tenant_id_state_idx;\n").await;
    }
    place.migrate("A unique key or an index").await;
    place.program(&schema).await;
    assert!(place.findings(&schema).await.is_empty());
}
