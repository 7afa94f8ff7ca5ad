//! Random rows through files: what is imported is what was exported, and is exported as the same bytes.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestError, TestRunner};
use repo_core::{Database, Tenant, schema};

use crate::entity::{Item, ItemRepository, NewItem};
use crate::generate::draft;
use crate::operation::Draft;
use crate::real::new;
use crate::{number, random, rng};

const CASES: u32 = 300;

type Items = ItemRepository<Tenant<i64>>;

/// The two databases, one to export from and one to import to.
struct Pair([Database; 2]);

#[test]
fn rows_come_out_of_a_file_as_they_went_in() {
    let seed = number("REPO_PROPERTIES_SEED").unwrap_or_else(random);
    println!("REPO_PROPERTIES_SEED={seed}");
    let cases = number("REPO_PROPERTIES_CASES").map_or(CASES, |cases| cases as u32);
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, rng(seed));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let pair = runtime.block_on(async { Pair([database().await, database().await]) });
    let tenant = std::cell::Cell::new(0);
    let result = runner.run(&vec(row(), 0..6), |rows| {
        tenant.set(tenant.get() + 1);
        runtime.block_on(pair.carry(tenant.get(), rows))
    });
    if let Err(TestError::Fail(reason, rows)) = result {
        panic!("REPO_PROPERTIES_SEED={seed}\n{rows:#?}\n{reason}");
    }
}

/// A draft with texts of any characters.
fn row() -> impl Strategy<Value = NewItem> {
    let special = "[a\",\r\n\t #\u{feff}\u{1F600}\u{301}'\\\\=]{0,5}";
    let text = || prop_oneof![3 => special, 1 => ".{0,5}"];
    (draft(), text(), option::of(text())).prop_map(|(draft, name, note)| {
        let name = format!("{}{name}", draft.name);
        new(&Draft { name, note, ..draft })
    })
}

async fn database() -> Database {
    let db = repo_sqlite::connect("sqlite::memory:").await.expect("a database in memory");
    db.create_tables(&schema![Item]).await.expect("the table is possible");
    db
}

impl Pair {
    async fn carry(&self, tenant: i64, rows: Vec<NewItem>) -> Result<(), TestCaseError> {
        let [from, to] = self.0.each_ref().map(|db| db.tenant(tenant).repo::<Item>());
        for row in rows {
            // Names repeat, and some values fit no column.
            let _ = from.create(row).await;
        }
        let expected = from.all().await.expect("rows are read");
        for is_csv in [false, true] {
            let file = export(&from, is_csv).await;
            let imported = if is_csv {
                to.import_csv(&*file).await
            } else {
                to.import_json_lines(&*file).await
            };
            let shown = String::from_utf8_lossy(&file);
            let count = imported.map_err(|error| TestCaseError::fail(format!("{shown}\n{error}")));
            prop_assert_eq!(count?, expected.len() as u64);
            prop_assert_eq!(&to.all().await.expect("rows are read"), &expected, "{}", shown);
            let again = export(&to, is_csv).await;
            prop_assert_eq!(String::from_utf8_lossy(&again), &*shown);
            to.query().delete_all().await.expect("rows are deleted");
            for item in &expected {
                to.purge(item.id).await.expect("rows are removed");
            }
        }
        Ok(())
    }
}

async fn export(items: &Items, is_csv: bool) -> Vec<u8> {
    let mut file = Vec::new();
    let export = if is_csv {
        items.query().export_csv(&mut file)
    } else {
        items.query().export_json_lines(&mut file)
    };
    export.await.expect("rows are exported");
    file
}
