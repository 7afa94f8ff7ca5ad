//! Random rows that find each other, and what is asked of them, as data.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

/// The kinds that there are in every run, numbered from 1.
pub(crate) const KINDS: [&str; 3] = ["essay", "novel", "play"];

/// What there is at first.
#[derive(Debug, Clone)]
pub(crate) struct Given {
    pub(crate) people: Vec<GivenPerson>,
    pub(crate) works: Vec<GivenWork>,
    pub(crate) marks: Vec<String>,
    /// Works and marks, by their places modulo how many there are.
    pub(crate) marked: Vec<(usize, usize)>,
}

#[derive(Debug, Clone)]
pub(crate) struct GivenPerson {
    pub(crate) name: String,
    pub(crate) rank: Option<i32>,
    pub(crate) is_deleted: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct GivenWork {
    pub(crate) title: String,
    pub(crate) pages: Option<i32>,
    pub(crate) author: usize,
    pub(crate) editor: Option<usize>,
    pub(crate) kind: Option<i64>,
    /// Of the one so many places before it.
    pub(crate) sequel_of: Option<usize>,
    pub(crate) cover: Option<String>,
    pub(crate) is_deleted: bool,
}

#[derive(Debug, Clone)]
pub(crate) enum Question {
    Works(Selection, Ask),
    People(PersonTest, bool),
    /// Of all tenants, by hand: kinds from this name on.
    Kinds(String),
    PatchAll(WorkTest, Option<i32>),
    DeleteAll(WorkTest),
    DeleteInChunks(WorkTest, u32, bool),
}

#[derive(Debug, Clone)]
pub(crate) struct Selection {
    pub(crate) test: WorkTest,
    pub(crate) order: Vec<Key>,
    /// Live rows, all, or only deleted ones.
    pub(crate) seen: Seen,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Seen {
    Live,
    All,
    Deleted,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Ask {
    All,
    Count,
    Page { number: u64, size: u64 },
    Entries,
    EntryPage { number: u64, size: u64 },
    Walk { size: u64, backwards: bool, as_entries: bool },
    Load(Load),
    LoadPage(Load),
    Groups { by: GroupBy, least: u64, descending: bool },
    LatestPerAuthor,
}

/// What comes with each work.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Load {
    Parents,
    AuthorsWorks,
    Before,
    MarksAndCover,
    /// At most so many of each.
    AuthorsLongest(u64),
    FirstMarks(u64),
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum GroupBy {
    Author,
    EditorAndKind,
    SequelOf,
    /// Two and three relations away.
    EditorAndKindBefore,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    pub(crate) by: By,
    pub(crate) descending: bool,
    pub(crate) nulls_first: Option<bool>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum By {
    Title,
    Pages,
    AuthorName,
    AnyAuthorRank,
    EditorRank,
    KindName,
    BeforePages,
    CoverColor,
    /// Two and three relations away.
    BeforeEditorRank,
    BeforeThatAuthorName,
}

#[derive(Debug, Clone)]
pub(crate) enum WorkTest {
    Title(String),
    PagesFrom(i32),
    Author(Box<PersonTest>),
    /// Deleted ones too.
    AnyAuthor(Box<PersonTest>),
    Editor(Box<PersonTest>),
    Kind(Option<String>),
    SequelOf(Box<WorkTest>),
    Sequels(Box<WorkTest>),
    Marked(Option<String>),
    Covered(Option<String>),
    Not(Box<WorkTest>),
    Both(Box<WorkTest>, Box<WorkTest>),
    Either(Box<WorkTest>, Box<WorkTest>),
}

#[derive(Debug, Clone)]
pub(crate) enum PersonTest {
    Any,
    Name(String),
    RankFrom(i32),
    Wrote(Box<WorkTest>),
    /// Deleted works too.
    EverWrote,
    Edited(Box<WorkTest>),
    Not(Box<PersonTest>),
}

pub(crate) fn given() -> impl Strategy<Value = Given> {
    let person = (word(), option::of(-2..3_i32), prop::bool::weighted(0.3))
        .prop_map(|(name, rank, is_deleted)| GivenPerson { name, rank, is_deleted });
    let marked = vec((any::<usize>(), any::<usize>()), 0..6);
    (vec(person, 1..5), vec(work(), 0..10), vec(word(), 1..4), marked)
        .prop_map(|(people, works, marks, marked)| Given { people, works, marks, marked })
}

fn work() -> impl Strategy<Value = GivenWork> {
    let references = (any::<usize>(), option::of(any::<usize>()), option::of(1..4_i64));
    let rest = (option::of(1..4_usize), option::weighted(0.3, word()), prop::bool::weighted(0.2));
    (word(), option::of(-2..3_i32), references, rest).prop_map(
        |(title, pages, (author, editor, kind), (sequel_of, cover, is_deleted))| GivenWork {
            title,
            pages,
            author,
            editor,
            kind,
            sequel_of,
            cover,
            is_deleted,
        },
    )
}

pub(crate) fn question() -> impl Strategy<Value = Question> {
    prop_oneof![
        12 => (selection(), ask()).prop_map(|(selection, ask)| Question::Works(selection, ask)),
        3 => (person_test(2), any::<bool>())
            .prop_map(|(test, is_edited)| Question::People(test, is_edited)),
        1 => word().prop_map(Question::Kinds),
        1 => (work_test(2), option::of(-2..3_i32))
            .prop_map(|(test, pages)| Question::PatchAll(test, pages)),
        1 => work_test(2).prop_map(Question::DeleteAll),
        1 => (work_test(2), 1..3_u32, any::<bool>())
            .prop_map(|(test, size, is_dry)| Question::DeleteInChunks(test, size, is_dry)),
    ]
}

fn selection() -> impl Strategy<Value = Selection> {
    let seen = select(vec![Seen::Live, Seen::Live, Seen::All, Seen::Deleted]);
    (work_test(2), vec(key(), 0..3), seen).prop_map(|(test, order, seen)| Selection {
        test,
        order,
        seen,
    })
}

fn ask() -> impl Strategy<Value = Ask> {
    let by = select(vec![
        GroupBy::Author,
        GroupBy::EditorAndKind,
        GroupBy::SequelOf,
        GroupBy::EditorAndKindBefore,
    ]);
    let (number, size) = (|| 1..4_u64, || 1..4_u64);
    prop_oneof![
        2 => Just(Ask::All),
        1 => Just(Ask::Count),
        1 => (number(), size()).prop_map(|(number, size)| Ask::Page { number, size }),
        2 => Just(Ask::Entries),
        1 => (number(), size()).prop_map(|(number, size)| Ask::EntryPage { number, size }),
        3 => (size(), any::<bool>(), any::<bool>()).prop_map(|(size, backwards, as_entries)| {
            Ask::Walk { size, backwards, as_entries }
        }),
        4 => load().prop_map(Ask::Load),
        1 => load().prop_map(Ask::LoadPage),
        2 => (by, 0..3_u64, any::<bool>())
            .prop_map(|(by, least, descending)| Ask::Groups { by, least, descending }),
        1 => Just(Ask::LatestPerAuthor),
    ]
}

fn load() -> impl Strategy<Value = Load> {
    prop_oneof![
        4 => select(vec![Load::Parents, Load::AuthorsWorks, Load::Before, Load::MarksAndCover]),
        1 => (0..4_u64).prop_map(Load::AuthorsLongest),
        1 => (0..4_u64).prop_map(Load::FirstMarks),
    ]
}

fn key() -> impl Strategy<Value = Key> {
    let by = select(vec![
        By::Title,
        By::Pages,
        By::AuthorName,
        By::AnyAuthorRank,
        By::EditorRank,
        By::KindName,
        By::BeforePages,
        By::CoverColor,
        By::BeforeEditorRank,
        By::BeforeThatAuthorName,
    ]);
    (by, any::<bool>(), option::of(any::<bool>())).prop_map(|(by, descending, nulls_first)| Key {
        by,
        descending,
        nulls_first,
    })
}

fn work_test(depth: u32) -> BoxedStrategy<WorkTest> {
    let leaf = prop_oneof![
        word().prop_map(WorkTest::Title),
        (-2..3_i32).prop_map(WorkTest::PagesFrom),
        option::of(select(KINDS.map(str::to_owned).to_vec())).prop_map(WorkTest::Kind),
        option::of(word()).prop_map(WorkTest::Marked),
        option::of(word()).prop_map(WorkTest::Covered),
    ];
    if depth == 0 {
        return leaf.boxed();
    }
    let work = || work_test(depth - 1).prop_map(Box::new);
    let person = || person_test(depth - 1).prop_map(Box::new);
    prop_oneof![
        3 => leaf,
        2 => person().prop_map(WorkTest::Author),
        1 => person().prop_map(WorkTest::AnyAuthor),
        2 => person().prop_map(WorkTest::Editor),
        1 => work().prop_map(WorkTest::SequelOf),
        1 => work().prop_map(WorkTest::Sequels),
        2 => work().prop_map(WorkTest::Not),
        1 => (work(), work()).prop_map(|(left, right)| WorkTest::Both(left, right)),
        1 => (work(), work()).prop_map(|(left, right)| WorkTest::Either(left, right)),
    ]
    .boxed()
}

fn person_test(depth: u32) -> BoxedStrategy<PersonTest> {
    let leaf = prop_oneof![
        Just(PersonTest::Any),
        word().prop_map(PersonTest::Name),
        (-2..3_i32).prop_map(PersonTest::RankFrom),
        Just(PersonTest::EverWrote),
    ];
    if depth == 0 {
        return leaf.boxed();
    }
    let work = || work_test(depth - 1).prop_map(Box::new);
    prop_oneof![
        3 => leaf,
        1 => work().prop_map(PersonTest::Wrote),
        1 => work().prop_map(PersonTest::Edited),
        1 => person_test(depth - 1).prop_map(|inner| PersonTest::Not(Box::new(inner))),
    ]
    .boxed()
}

/// Few, so that they are shared.
fn word() -> impl Strategy<Value = String> {
    select(vec!["a", "B", "é", "", "novel"]).prop_map(str::to_owned)
}
