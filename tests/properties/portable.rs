//! Random rows through files, from one kind of database into another: what is imported is what was exported, and
//! is exported as the same bytes.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestError, TestRunner};
use repo_core::{Tenant, schema};

use crate::entity::{Item, ItemRepository, NewItem};
use crate::generate::draft;
use crate::operation::Draft;
use crate::real::new;
use crate::world::World;
use crate::{number, random, rng};

const CASES: u32 = 300;

type Items = ItemRepository<Tenant<i64>>;

#[test]
fn rows_come_out_of_a_file_as_they_went_in() {
    let seed = number("REPO_PROPERTIES_SEED").unwrap_or_else(random);
    println!("REPO_PROPERTIES_SEED={seed}");
    let cases = number("REPO_PROPERTIES_CASES").map_or(CASES, |cases| cases as u32);
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, rng(seed));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let world = runtime.block_on(World::new("portable", &schema![Item]));
    let tenant = std::cell::Cell::new(0);
    let result = runner.run(&vec(row(), 0..6), |rows| {
        tenant.set(tenant.get() + 1);
        runtime.block_on(carry(&world, tenant.get(), rows))
    });
    runtime.block_on(world.remove());
    if let Err(TestError::Fail(reason, rows)) = result {
        panic!("REPO_PROPERTIES_SEED={seed}\n{rows:#?}\n{reason}");
    }
}

/// A draft with texts of any characters, and whether it is deleted.
fn row() -> impl Strategy<Value = (NewItem, bool)> {
    let special = "[a\",\r\n\t #\u{feff}\u{1F600}\u{301}'\\\\=]{0,5}";
    let text = || prop_oneof![3 => special, 1 => ".{0,5}"];
    let is_deleted = prop::bool::weighted(0.2);
    (draft(), text(), option::of(text()), is_deleted).prop_map(|(draft, name, note, is_deleted)| {
        let name = format!("{}{name}", draft.name);
        (new(&Draft { name, note, ..draft }), is_deleted)
    })
}

/// From each kind to each other in turn.
async fn carry(
    world: &World,
    tenant: i64,
    rows: Vec<(NewItem, bool)>,
) -> Result<(), TestCaseError> {
    let places = [(0, 1), (1, 2), (2, 0), (0, 2), (2, 1)];
    let (from, to) = places[usize::try_from(tenant).expect("counted from 1") % places.len()];
    let items = |at: usize| world.databases[at].1.tenant(tenant).repo::<Item>();
    let (from, to) = (items(from), items(to));
    for (row, is_deleted) in rows {
        // Names repeat, and some values fit no column.
        if let (Ok(item), true) = (from.create(row).await, is_deleted) {
            from.delete(item.id).await.expect("it was just added");
        }
    }
    let expected = stored(&from).await;
    for is_csv in [false, true] {
        let file = export(&from, is_csv).await;
        let imported =
            if is_csv { to.import_csv(&*file).await } else { to.import_json_lines(&*file).await };
        let shown = String::from_utf8_lossy(&file);
        let count = imported.map_err(|error| TestCaseError::fail(format!("{shown}\n{error}")));
        prop_assert_eq!(count?, expected.len() as u64);
        prop_assert_eq!(&stored(&to).await, &expected, "{}", shown);
        let again = export(&to, is_csv).await;
        prop_assert_eq!(String::from_utf8_lossy(&again), &*shown);
        to.query().delete_all().await.expect("rows are deleted");
        for item in &expected {
            to.purge(item.id).await.expect("rows are removed");
        }
    }
    Ok(())
}

async fn stored(items: &Items) -> Vec<Item> {
    items.query().with_deleted().all().await.expect("rows are read")
}

async fn export(items: &Items, is_csv: bool) -> Vec<u8> {
    let mut file = Vec::new();
    let export = if is_csv {
        items.query().with_deleted().export_csv(&mut file)
    } else {
        items.query().with_deleted().export_json_lines(&mut file)
    };
    export.await.expect("rows are exported");
    file
}
