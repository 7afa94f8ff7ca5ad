//! Fields and columns that get another name.

use repo_core::{Repository, schema};
use uuid::Uuid;

use crate::before::{self, Order, SHOP, State};
use crate::place::Place;

mod remarked {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Repository)]
    #[repository(table = "orders", tenant)]
    pub struct Order {
        pub id: Uuid,
        pub tenant_id: Uuid,
        #[repository(unique)]
        pub number: String,
        pub state: State,
        #[repository(column = "note")]
        pub remark: Option<String>,
    }
}

mod coded {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Repository)]
    #[repository(table = "orders", tenant)]
    pub struct Order {
        pub id: Uuid,
        pub tenant_id: Uuid,
        #[repository(unique, formerly = "number")]
        pub code: String,
        pub state: State,
        pub note: Option<String>,
    }
}

pub(crate) async fn a_field_that_is_renamed_in_the_struct_alone(place: &Place) {
    let old = place.program(&schema![Order]).await;
    let first = before::orders(&old).create(before::order("A1")).await.unwrap();
    let new = place.program(&schema![remarked::Order]).await;
    assert!(place.findings(&schema![remarked::Order]).await.is_empty());
    let found = new.tenant(SHOP).repo::<remarked::Order>().get(first.id).await.unwrap();
    assert_eq!(found.remark, first.note);
    before::goes_on(&old, &first).await;
}

pub(crate) async fn a_column_that_is_renamed(place: &Place) {
    let old = place.program(&schema![Order]).await;
    let first = before::orders(&old).create(before::order("A1")).await.unwrap();
    let schema = schema![coded::Order];
    assert_eq!(place.findings(&schema).await[0], "the column `code` of `orders` is missing");

    place.migrate("Another name").await;
    let new = place.program(&schema).await;
    assert!(place.findings(&schema).await.is_empty());
    let orders = new.tenant(SHOP).repo::<coded::Order>();
    assert_eq!(orders.find_by_code("A1").await.unwrap().map(|it| it.id), Some(first.id));
    assert_eq!(place.keys_of("orders").await, ["orders_tenant_id_code_key"]);
    assert!(before::orders(&old).get(first.id).await.is_err(), "it asks for `number`");
}
