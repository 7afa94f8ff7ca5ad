//! Random rows that find each other, and random questions about what they find: the model, SQLite and Postgres
//! answer the same. Each run is a tenant of its own, with the same ids as the others.

use std::cell::Cell;

use proptest::collection::vec;
use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};
use repo_core::{Database, Result, Session, Tenant};

use crate::related_entity::{
    Cover, Kind, Mark, NewCover, NewKind, NewMark, NewPerson, NewWork, NewWorkMark, Person, Work,
    WorkMark, library,
};
use crate::related_model::Model;
use crate::related_question::{Given, KINDS, Question, given, question};
use crate::related_real::answer;
use crate::world::{Run, World};
use crate::{number, random, rng};

const CASES: u32 = 150;

#[test]
fn rows_find_each_other_the_same_in_the_model_and_in_every_database() {
    let seed = number("REPO_PROPERTIES_SEED").unwrap_or_else(random);
    let cases = number("REPO_PROPERTIES_CASES").map_or(CASES, |cases| cases as u32);
    println!("REPO_PROPERTIES_SEED={seed}, {cases} cases");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let world = runtime.block_on(World::new("related", &library()));
    for (name, db) in &world.databases {
        runtime.block_on(kinds(db)).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, rng(seed));
    let tenant = Cell::new(0);
    let result = runner.run(&(given(), vec(question(), 1..12)), |(given, questions)| {
        tenant.set(tenant.get() + 1);
        let mut model = Model::new(tenant.get(), &given);
        questions.iter().for_each(|question| model.question(question));
        for (name, db) in &world.databases {
            let mut run = Run::new(db, [tenant.get(), 0]);
            let ran = runtime.block_on(ask(&mut run, &given, &questions));
            ran.map_err(|error| TestCaseError::fail(format!("{name}: {error}")))?;
            if let Some((expected, answered)) = model.trace.difference(&run.trace) {
                let both = format!("model   {expected}\n\n{name}   {answered}");
                return Err(TestCaseError::fail(both));
            }
        }
        Ok(())
    });
    runtime.block_on(world.remove());
    match result {
        Ok(()) => {}
        Err(TestError::Fail(reason, case)) => {
            panic!("REPO_PROPERTIES_SEED={seed}\n{case:#?}\n{reason}")
        }
        Err(TestError::Abort(reason)) => panic!("REPO_PROPERTIES_SEED={seed}\n{reason}"),
    }
}

async fn kinds(db: &Database) -> Result<()> {
    let kinds = KINDS.map(|name| NewKind { name: name.to_owned() });
    let kinds = db.session().repo::<Kind>().create_many(kinds).await?;
    assert_eq!(kinds.iter().map(|kind| kind.id).collect::<Vec<_>>(), [1, 2, 3]);
    Ok(())
}

async fn ask(run: &mut Run, given: &Given, questions: &[Question]) -> Result<()> {
    let session = run.session(0);
    fill(&session, given).await?;
    for question in questions {
        answer(&mut run.trace, &session, question).await;
    }
    Ok(())
}

/// The rows in the order in which the model numbers them; those that are deleted last.
async fn fill(session: &Session<Tenant<i64>>, given: &Given) -> Result<()> {
    let new = given.people.iter();
    let new = new.map(|it| NewPerson { name: it.name.clone(), rank: it.rank });
    let people = session.repo::<Person>().create_many(new).await?;
    let person = |at: usize| people[at % people.len()].id;
    let mut works: Vec<Work> = Vec::new();
    for (at, it) in given.works.iter().enumerate() {
        let before = it.sequel_of.and_then(|by| at.checked_sub(by));
        let new = NewWork {
            title: it.title.clone(),
            pages: it.pages,
            author_id: person(it.author),
            editor_id: it.editor.map(person),
            kind_id: it.kind,
            sequel_of: before.map(|at| works[at].id),
        };
        works.push(session.repo::<Work>().create(new).await?);
    }
    let covers = works.iter().zip(&given.works);
    let covers = covers.filter_map(|(work, it)| Some((work.id, it.cover.clone()?)));
    let covers = covers.map(|(work_id, color)| NewCover { work_id, color });
    session.repo::<Cover>().create_many(covers).await?;
    let marks = given.marks.iter().map(|name| NewMark { name: name.clone() });
    let marks = session.repo::<Mark>().create_many(marks).await?;
    if !works.is_empty() {
        let pairs = given.marked.iter().map(|(work, mark)| NewWorkMark {
            work_id: works[work % works.len()].id,
            mark_id: marks[mark % marks.len()].id,
        });
        session.repo::<WorkMark>().create_many(pairs).await?;
    }
    delete(session, given, &people, &works).await
}

async fn delete(
    session: &Session<Tenant<i64>>,
    given: &Given,
    people: &[Person],
    works: &[Work],
) -> Result<()> {
    let works = works.iter().zip(&given.works).filter(|(_, it)| it.is_deleted);
    session.repo::<Work>().delete_many(works.map(|(work, _)| work.id)).await?;
    let people = people.iter().zip(&given.people).filter(|(_, it)| it.is_deleted);
    session.repo::<Person>().delete_many(people.map(|(person, _)| person.id)).await
}
