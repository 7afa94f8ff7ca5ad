//! Questions about rows that find each other, in the words of the library.

use std::fmt::Debug;

use repo_core::query::{RelatedColumn, Relation};
use repo_core::{
    ColumnType, Comparable, Filter, Order, PageRequest, Projection, Query, Result, Session, Tenant,
    WindowRequest, count,
};

use crate::answer::{Paged, Trace, Windowed};
use crate::related_entity::{Cover, Entry, Kind, Mark, Named, Person, Work, WorkPatch};
use crate::related_question::{
    Ask, By, GroupBy, Key, Load, PersonTest, Question, Seen, Selection, WorkTest,
};

pub(crate) type Works<P = Work> = Query<Work, Tenant<i64>, P>;

/// More windows than a run has rows.
const LONGEST: usize = 50;

pub(crate) async fn answer(trace: &mut Trace, session: &Session<Tenant<i64>>, question: &Question) {
    let works = session.repo::<Work>();
    match question {
        Question::Works(selection, ask) => ask_works(trace, session, selection, *ask).await,
        Question::People(test, is_edited) => {
            let people = session.repo::<Person>().filter(person(test));
            trace.add("people", &people_with(people, *is_edited).await);
        }
        Question::Kinds(from) => {
            let sql = "SELECT id, name AS called FROM kinds WHERE name >= :from ORDER BY id";
            let kinds = session.sql::<Named>(sql).bind("from", from.clone()).all().await;
            trace.add("kinds", &kinds);
        }
        Question::PatchAll(test, pages) => {
            let patch = WorkPatch::new().pages(*pages);
            trace.add("patch_all", &works.filter(work(test)).patch_all(patch).await);
        }
        Question::DeleteAll(test) => {
            trace.add("delete_all", &works.filter(work(test)).delete_all().await);
        }
        Question::DeleteInChunks(test, size, is_dry) => {
            let deletion = works.filter(work(test)).delete_in_chunks(*size);
            let deletion = if *is_dry { deletion.dry_run() } else { deletion };
            trace.add("delete_in_chunks", &deletion.await);
        }
    }
}

async fn people_with(
    people: Query<Person, Tenant<i64>>,
    is_edited: bool,
) -> Result<Vec<(Person, String)>> {
    if is_edited {
        return Ok(said(people.with(Person::edited().with_deleted()).all().await?));
    }
    Ok(said(people.with(Person::works().with(Work::kind())).all().await?))
}

fn said<L: Debug>(loaded: Vec<(Person, L)>) -> Vec<(Person, String)> {
    loaded.into_iter().map(|(person, works)| (person, format!("{works:?}"))).collect()
}

async fn ask_works(
    trace: &mut Trace,
    session: &Session<Tenant<i64>>,
    selection: &Selection,
    ask: Ask,
) {
    let unordered = match selection.seen {
        Seen::Live => session.repo::<Work>().query(),
        Seen::All => session.repo::<Work>().query().with_deleted(),
        Seen::Deleted => session.repo::<Work>().query().only_deleted(),
    };
    let unordered = unordered.filter(work(&selection.test));
    let works = || selection.order.iter().fold(unordered.clone(), |it, key| it.order_by(by(*key)));
    let entries = || works().project::<Entry>();
    let page = |number, size| PageRequest::number(number).size(size);
    match ask {
        Ask::All => trace.add("all", &works().all().await),
        Ask::Count => trace.add("count", &works().count().await),
        Ask::Page { number, size } => {
            let page = works().page(page(number, size)).await;
            trace.add("page", &page.map(Paged::from));
        }
        Ask::Entries => trace.add("entries", &entries().all().await),
        Ask::EntryPage { number, size } => {
            let page = entries().page(page(number, size)).await;
            trace.add("entries", &page.map(Paged::from));
        }
        Ask::Walk { size, backwards, as_entries } => {
            let walked = if as_entries {
                walk(trace, entries(), size, backwards).await
            } else {
                walk(trace, works(), size, backwards).await
            };
            walked.unwrap_or_else(|error| trace.add::<()>("window", &Err(error)));
        }
        Ask::Load(load) => trace.add("load", &loaded(works(), load, false).await.map(|it| it.0)),
        Ask::LoadPage(load) => trace.add("load", &loaded(works(), load, true).await),
        Ask::Groups { by, least, descending } => {
            trace.add("groups", &groups(unordered, by, least, descending).await);
        }
        Ask::LatestPerAuthor => {
            let author = Work::author().column(Person::NAME);
            trace.add("latest_per", &works().latest_per(author, Work::TITLE).await);
        }
    }
}

async fn walk<P: Projection<Entity = Work> + Clone + Debug>(
    trace: &mut Trace,
    works: Works<P>,
    size: u64,
    backwards: bool,
) -> Result<()> {
    let mut beside = None;
    for _ in 0..LONGEST {
        let request = match (backwards, beside.take()) {
            (false, None) => WindowRequest::first(size),
            (true, None) => WindowRequest::last(size),
            (false, Some(cursor)) => WindowRequest::first(size).after(cursor),
            (true, Some(cursor)) => WindowRequest::last(size).before(cursor),
        };
        let window = works.clone().window(request).await?;
        let next = if backwards { window.start.clone() } else { window.end.clone() };
        let more = if backwards { window.has_previous } else { window.has_next };
        trace.add("window", &Ok(Windowed::from(window)));
        if !more {
            return Ok(());
        }
        beside = next.and_then(|cursor| cursor.to_string().parse().ok());
    }
    trace.note("the walk does not end");
    Ok(())
}

async fn loaded(works: Works, load: Load, is_page: bool) -> Result<(Vec<String>, u64)> {
    match load {
        Load::Parents => {
            let parents = (Work::author(), Work::editor(), Work::kind(), Work::sequel_of());
            with(works, parents, is_page).await
        }
        Load::AuthorsWorks => {
            let long = Person::works().filter(Work::PAGES.ge(0)).order_by(Work::TITLE.desc());
            with(works, Work::author().with(long), is_page).await
        }
        Load::Before => {
            let before = Work::sequel_of().with_deleted().with(Work::editor());
            with(works, before, is_page).await
        }
        Load::MarksAndCover => {
            let by_name = Work::marks().order_by(Mark::NAME.asc());
            with(works, (by_name, Work::cover()), is_page).await
        }
        Load::AuthorsLongest(limit) => {
            let longest = Person::works().order_by(Work::PAGES.desc().nulls_last()).limit(limit);
            with(works, Work::author().with(longest), is_page).await
        }
        Load::FirstMarks(limit) => {
            let first = Work::marks().order_by(Mark::NAME.asc()).limit(limit);
            with(works, first, is_page).await
        }
    }
}

/// The rows with what they find, and how many there are.
async fn with<R>(works: Works, relation: R, is_page: bool) -> Result<(Vec<String>, u64)>
where
    R: Relation<Work, Tenant<i64>, Loaded: Debug>,
{
    let works = works.with(relation);
    let lines = |rows: Vec<(Work, R::Loaded)>| rows.iter().map(|it| format!("{it:?}")).collect();
    if !is_page {
        return Ok((lines(works.all().await?), 0));
    }
    let page = works.page(PageRequest::number(1).size(3)).await?;
    Ok((lines(page.items), page.total))
}

async fn groups(works: Works, by: GroupBy, least: u64, descending: bool) -> Result<Vec<String>> {
    let (author, editor) =
        (Work::author().column(Person::NAME), Work::editor().column(Person::NAME));
    let (kind, before) = (Work::kind().column(Kind::NAME), Work::sequel_of().column(Work::TITLE));
    match by {
        GroupBy::Author => grouped(works, author, least, descending).await,
        GroupBy::EditorAndKind => grouped(works, (editor, kind), least, descending).await,
        GroupBy::SequelOf => grouped(works, (before, Work::PAGES), least, descending).await,
        GroupBy::EditorAndKindBefore => {
            let editor = Work::sequel_of().column(Work::editor().column(Person::NAME));
            let kind = Work::sequel_of().column(Work::sequel_of().column(kind));
            grouped(works, (editor, kind), least, descending).await
        }
    }
}

async fn grouped<K: repo_core::query::Keys<Work, Output: Debug>>(
    works: Works,
    keys: K,
    least: u64,
    descending: bool,
) -> Result<Vec<String>> {
    let aggregates = (count(), Work::PAGES.sum(), Work::PAGES.percentile(0.5));
    let groups = works.group_by(keys).select(aggregates).having(count().ge(least));
    let groups = if descending { groups.descending() } else { groups };
    Ok(groups.all().await?.iter().map(|group| format!("{group:?}")).collect())
}

fn by(key: Key) -> Order<Work> {
    let order = match key.by {
        By::Title if key.descending => Work::TITLE.desc(),
        By::Title => Work::TITLE.asc(),
        By::Pages if key.descending => Work::PAGES.desc(),
        By::Pages => Work::PAGES.asc(),
        By::AuthorName => directed(Work::author().column(Person::NAME), key),
        By::AnyAuthorRank => directed(Work::author().with_deleted().column(Person::RANK), key),
        By::EditorRank => directed(Work::editor().column(Person::RANK), key),
        By::KindName => directed(Work::kind().column(Kind::NAME), key),
        By::BeforePages => directed(Work::sequel_of().column(Work::PAGES), key),
        By::CoverColor => directed(Work::cover().column(Cover::COLOR), key),
        By::BeforeEditorRank => {
            let rank = Work::editor().column(Person::RANK);
            directed(Work::sequel_of().column(rank), key)
        }
        By::BeforeThatAuthorName => {
            let name = Work::author().column(Person::NAME);
            directed(Work::sequel_of().column(Work::sequel_of().with_deleted().column(name)), key)
        }
    };
    match key.nulls_first {
        None => order,
        Some(true) => order.nulls_first(),
        Some(false) => order.nulls_last(),
    }
}

fn directed<T: ColumnType, const LINKS: usize>(
    column: RelatedColumn<Work, T, LINKS>,
    key: Key,
) -> Order<Work>
where
    <T::Bare as ColumnType>::Class: Comparable,
{
    if key.descending { column.desc() } else { column.asc() }
}

fn work(test: &WorkTest) -> Filter<Work> {
    match test {
        WorkTest::Title(title) => Work::TITLE.eq(title.as_str()),
        WorkTest::PagesFrom(least) => Work::PAGES.ge(*least),
        WorkTest::Author(test) if matches!(**test, PersonTest::Any) => Work::author().exists(),
        WorkTest::Author(test) => Work::author().has(person(test)),
        WorkTest::AnyAuthor(test) => Work::author().with_deleted().has(person(test)),
        WorkTest::Editor(test) => Work::editor().has(person(test)),
        WorkTest::Kind(None) => Work::kind().exists(),
        WorkTest::Kind(Some(name)) => Work::kind().has(Kind::NAME.eq(name.as_str())),
        WorkTest::SequelOf(test) => Work::sequel_of().has(work(test)),
        WorkTest::Sequels(test) => Work::sequels().filter(work(test)).exists(),
        WorkTest::Marked(None) => Work::marks().exists(),
        WorkTest::Marked(Some(name)) => Work::marks().has(Mark::NAME.eq(name.as_str())),
        WorkTest::Covered(None) => Work::cover().exists(),
        WorkTest::Covered(Some(color)) => Work::cover().has(Cover::COLOR.eq(color.as_str())),
        WorkTest::Not(inner) => !work(inner),
        WorkTest::Both(left, right) => work(left) & work(right),
        WorkTest::Either(left, right) => work(left) | work(right),
    }
}

fn person(test: &PersonTest) -> Filter<Person> {
    match test {
        PersonTest::Any => Filter::always(),
        PersonTest::Name(name) => Person::NAME.eq(name.as_str()),
        PersonTest::RankFrom(least) => Person::RANK.ge(*least),
        PersonTest::Wrote(test) => Person::works().has(work(test)),
        PersonTest::EverWrote => Person::works().with_deleted().exists(),
        PersonTest::Edited(test) => Person::edited().has(work(test)),
        PersonTest::Not(inner) => !person(inner),
    }
}
