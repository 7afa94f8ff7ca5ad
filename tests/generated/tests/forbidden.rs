//! What a program may forbid and still use every derive. Nothing that is derived is called but through the traits.

#![forbid(
    dead_code,
    deprecated,
    unreachable_code,
    unused_assignments,
    unused_braces,
    unused_imports,
    unused_macros,
    unused_must_use,
    unused_mut,
    unused_parens,
    unused_unsafe,
    unused_variables
)]

use chrono::{DateTime, Utc};
use repo_core::{
    ColumnEnum, ColumnType, Entity as _, Projection, Repository, Search, SqlRow, Summary,
};
use uuid::Uuid;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ColumnEnum)]
enum State {
    Open,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ColumnType)]
struct Euros(i64);

#[derive(Debug, Clone, Repository)]
#[repository(table = "orders", tenant, soft_delete, versioned, audited, timestamps)]
#[repository(index(state, total))]
struct Order {
    id: Uuid,
    tenant_id: Uuid,
    #[repository(unique)]
    number: String,
    total: Euros,
    #[repository(default = State::Open)]
    state: State,
    #[repository(references = Self)]
    parent_id: Option<Uuid>,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    deleted_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Repository)]
#[repository(table = "events", immutable)]
struct Event {
    id: i64,
    name: String,
}

macro_rules! made {
    ($vis:vis $name:ident, $table:literal) => {
        #[derive(Debug, Repository)]
        #[repository(table = $table)]
        $vis struct $name {
            pub(crate) id: i64,
            #[repository(unique)]
            pub name: String,
            #[repository(index, default = 0)]
            $vis size: i64,
        }
    };
}

made!(pub(crate) Tray, "trays");
made!(Bag, "bags");

#[derive(Debug, Projection)]
#[projection(entity = Order)]
struct Number {
    number: String,
}

macro_rules! row {
    ($name:ident { $($field:ident: $ty:ty = $column:expr),* ; $($bare:ident: $bare_ty:ty),* }) => {
        #[derive(Debug, SqlRow)]
        struct $name {
            $(#[sql_row(column = $column)] $field: $ty,)*
            $($bare: $bare_ty,)*
            row: i64,
        }
    };
}

row!(Ranked { number: String = Order::NUMBER; place: i64 });

#[derive(Debug, Search)]
#[search(entity = Order)]
struct OrderSearch {
    number: Option<String>,
}

#[derive(Debug, Summary)]
#[summary(entity = Order)]
struct Count {
    #[summary(key = Order::STATE)]
    state: State,
    #[summary(value = repo_core::count())]
    orders: u64,
}

#[test]
fn what_is_forbidden_is_not_allowed_by_what_is_derived() {
    let tables = [Order::TABLE, Event::TABLE, Tray::TABLE, Bag::TABLE];
    assert_eq!(tables.map(|table| table.name), ["orders", "events", "trays", "bags"]);
    let number = Number { number: "7".to_owned() };
    let ranked = Ranked { number: number.number.clone(), place: 1, row: 2 };
    assert_eq!((ranked.number.as_str(), ranked.place, ranked.row), ("7", 1, 2));
    let search = OrderSearch { number: Some(number.number) };
    let count = Count { state: State::Open, orders: 1 };
    assert_eq!((search.number.as_deref(), count.state, count.orders), (Some("7"), State::Open, 1));
}
