//! Random filters as data: what is read asks the same, and what cannot be asked is not written.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestError, TestRunner};
use repo_core::{Error, Filter, Tenant, schema};
use tokio::runtime::Runtime;
use uuid::Uuid;

use crate::entity::{Item, ItemRepository};
use crate::generate::draft;
use crate::generate_query::{DEPTH, condition};
use crate::operation::Condition;
use crate::real::new;
use crate::real_query::filter;
use crate::{number, random, rng};

const CASES: u32 = 2_000;
const ROWS: usize = 60;

type Items = ItemRepository<Tenant<i64>>;

#[test]
fn a_filter_that_was_data_asks_the_same() {
    let seed = number("REPO_PROPERTIES_SEED").unwrap_or_else(random);
    println!("REPO_PROPERTIES_SEED={seed}");
    let cases = number("REPO_PROPERTIES_CASES").map_or(CASES, |cases| cases as u32);
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, rng(seed));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let items = runtime.block_on(items(&mut runner));
    let result = runner.run(&condition(DEPTH), |condition| compare(&runtime, &items, &condition));
    if let Err(TestError::Fail(reason, condition)) = result {
        panic!("REPO_PROPERTIES_SEED={seed}\n{condition:#?}\n{reason}");
    }
}

/// Random rows, in a database of their own.
async fn items(runner: &mut TestRunner) -> Items {
    let db = repo_sqlite::connect("sqlite::memory:").await.expect("a database in memory");
    db.create_tables(&schema![Item]).await.expect("the table is possible");
    let items = db.tenant(1).repo::<Item>();
    let drafts = vec(draft(), ROWS).new_tree(runner).expect("drafts can be made").current();
    for draft in drafts {
        // Names repeat, and some values fit no column.
        let _ = items.create(new(&draft)).await;
    }
    items
}

fn compare(runtime: &Runtime, items: &Items, condition: &Condition) -> Result<(), TestCaseError> {
    let asked = runtime.block_on(ids(items, filter(condition)));
    let data = match serde_json::to_string(&filter(condition)) {
        Ok(data) => data,
        Err(error) => {
            let is_refused = matches!(asked, Err(Error::InvalidInput { .. }));
            prop_assert!(is_refused, "{error}: {asked:?}");
            return Ok(());
        }
    };
    let read = || serde_json::from_str::<Filter<Item>>(&data);
    let read = || read().map_err(|error| TestCaseError::fail(format!("{data}\n{error}")));
    prop_assert_eq!(serde_json::to_string(&read()?).expect("it was written before"), &*data);
    let found = runtime.block_on(ids(items, read()?)).expect("its values fit");
    prop_assert_eq!(found, asked.expect("its values fit"), "{}", data);
    Ok(())
}

async fn ids(items: &Items, filter: Filter<Item>) -> Result<Vec<Uuid>, Error> {
    Ok(items.filter(filter).all().await?.into_iter().map(|item| item.id).collect())
}
