//! Random sequences of operations of two tenants: after each, the model, SQLite and Postgres have
//! answered the same, and hold the same rows.
//!
//! `filter_data.rs` writes random filters as data and reads them, `documents.rs` compares random JSON documents
//! with `jsonb`, `portable.rs` carries random rows through files, `recorded.rs` compares the audit trail with a
//! model of it, `pieces.rs` windows and pages with the list that they are pieces of, `related.rs` what rows find with
//! a model, and `hooked.rs` what is refused and told with one.
//!
//! The sequence is other ones at each run. What fails is made smaller and printed with its seed:
//!
//! ```text
//! REPO_PROPERTIES_SEED=1234 scripts/test -p properties        the same sequences again
//! REPO_PROPERTIES_CASES=5000 scripts/test -p properties       more of them
//! ```

mod answer;
mod documents;
mod entity;
mod filter_data;
mod generate;
mod generate_parts;
mod generate_query;
mod hooked;
mod hooked_model;
mod hooked_operation;
mod model;
mod operation;
mod operation_parts;
mod pieces;
mod portable;
mod real;
mod real_bulk;
mod real_query;
mod real_summary;
mod real_windows;
mod recorded;
mod recorded_generate;
mod recorded_model;
mod recorded_operation;
mod related;
mod related_answer;
mod related_entity;
mod related_model;
mod related_question;
mod related_real;
mod spans;
mod world;

use std::cell::Cell;
use std::time::{SystemTime, UNIX_EPOCH};

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use repo_core::schema;
use tokio::runtime::Runtime;

use crate::entity::Item;
use crate::model::Model;
use crate::operation::Step;
use crate::world::{Run, World};

/// So many that they take less than a minute.
const CASES: u32 = 200;

#[test]
fn the_model_and_every_database_answer_the_same() {
    let seed = number("REPO_PROPERTIES_SEED").unwrap_or_else(random);
    let cases = number("REPO_PROPERTIES_CASES").map_or(CASES, |cases| cases as u32);
    println!("REPO_PROPERTIES_SEED={seed}, {cases} cases");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let world = runtime.block_on(World::new("items", &schema![Item]));
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, rng(seed));
    let next_tenant = Cell::new(1);
    let result = runner.run(&generate::steps(), |steps| {
        let tenants = [next_tenant.get(), next_tenant.get() + 1];
        next_tenant.set(next_tenant.get() + 2);
        compare(&runtime, &world, tenants, &steps)
    });
    runtime.block_on(world.remove());
    match result {
        Ok(()) => {}
        Err(TestError::Fail(reason, steps)) => {
            panic!("REPO_PROPERTIES_SEED={seed}\n{steps:#?}\n{reason}")
        }
        Err(TestError::Abort(reason)) => panic!("REPO_PROPERTIES_SEED={seed}\n{reason}"),
    }
}

fn compare(
    runtime: &Runtime,
    world: &World,
    tenants: [i64; 2],
    steps: &[Step],
) -> Result<(), TestCaseError> {
    let mut model = Model::new(tenants);
    let mut runs: Vec<(&str, Run)> =
        world.databases.iter().map(|(name, db)| (*name, Run::new(db, tenants))).collect();
    for step in steps {
        model.step(step);
        for (name, run) in &mut runs {
            runtime.block_on(run.step(step));
            if let Some((expected, answered)) = model.trace.difference(&run.trace) {
                return Err(TestCaseError::fail(format!(
                    "{step:?}\n\nmodel   {expected}\n\n{name}   {answered}"
                )));
            }
        }
    }
    Ok(())
}

fn rng(seed: u64) -> TestRng {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_be_bytes());
    TestRng::from_seed(RngAlgorithm::ChaCha, &bytes)
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is not a number: {text:?}")))
}

fn random() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
    u64::from(now.subsec_nanos()) ^ now.as_secs() << 20
}
