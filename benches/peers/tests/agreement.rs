//! All contenders give the same answers, and store what they say.

use peers::contenders::Kind;
use peers::place::{Place, URL};
use peers::runs::{Run, place};
use peers::seed::Size;
use peers::workload::System;

#[test]
fn all_contenders_agree_on_sqlite() -> peers::Result<()> {
    let place = Place::file()?;
    agree(&place)
}

#[test]
fn all_contenders_agree_on_postgres() -> peers::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let Some(place) = runtime.block_on(place(System::Postgres))? else {
        println!("skipped: {URL} names no server");
        return Ok(());
    };
    let agreed = agree(&place);
    runtime.block_on(place.remove())?;
    agreed
}

fn agree(place: &Place) -> peers::Result<()> {
    let run = Run { place, size: Size::TINY, commits_wait: false, kinds: &Kind::ALL };
    let seed = run.fill()?;
    for (workload, sides) in run.agree(&seed)? {
        // Not everyone has an audit trail; beside ours there is the patch without one.
        let least = if workload.is_audited() { 4 } else { Kind::ALL.len() };
        assert!(sides >= least, "{}: {sides} sides", workload.name());
    }
    Ok(())
}
