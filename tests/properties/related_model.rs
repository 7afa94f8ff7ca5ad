//! Rows that find each other, in memory: which ones a row finds, and what follows from it. Answers to whole
//! questions are in `related_answer.rs`.

use std::cmp::Ordering;

use uuid::Uuid;

use crate::answer::Trace;
use crate::generate::epoch;
use crate::related_entity::{Cover, Entry, Kind, Mark, Person, Work};
use crate::related_question::{By, Given, KINDS, Key, PersonTest, Seen, Selection, WorkTest};

pub(crate) struct Model {
    pub(crate) trace: Trace,
    pub(crate) people: Vec<Person>,
    pub(crate) works: Vec<Work>,
    pub(crate) kinds: Vec<Kind>,
    pub(crate) covers: Vec<Cover>,
    marks: Vec<Mark>,
    marked: Vec<(Uuid, Uuid)>,
}

impl Model {
    /// The rows get ids in the order in which they are added.
    pub(crate) fn new(tenant_id: i64, given: &Given) -> Self {
        let mut last = 0_u128;
        let mut next_id = || {
            last += 1;
            Uuid::from_u128(last)
        };
        let deleted_at = |is_deleted: bool| is_deleted.then(epoch);
        let people: Vec<Person> = (given.people.iter().cloned())
            .map(|it| Person {
                id: next_id(),
                tenant_id,
                name: it.name,
                rank: it.rank,
                deleted_at: deleted_at(it.is_deleted),
            })
            .collect();
        let person = |at: usize| people[at % people.len()].id;
        let mut works: Vec<Work> = Vec::new();
        for (at, it) in given.works.iter().cloned().enumerate() {
            let before = it.sequel_of.and_then(|by| at.checked_sub(by));
            works.push(Work {
                id: next_id(),
                tenant_id,
                title: it.title,
                pages: it.pages,
                author_id: person(it.author),
                editor_id: it.editor.map(person),
                kind_id: it.kind,
                sequel_of: before.map(|at| works[at].id),
                deleted_at: deleted_at(it.is_deleted),
            });
        }
        let cover = |(work, it): (&Work, &crate::related_question::GivenWork)| {
            Some((work.id, it.cover.clone()?))
        };
        let covered = works.iter().zip(&given.works).filter_map(cover);
        let covers: Vec<Cover> = covered
            .map(|(work_id, color)| Cover { id: next_id(), tenant_id, work_id, color })
            .collect();
        let names = given.marks.iter().cloned();
        let marks: Vec<Mark> = names.map(|name| Mark { id: next_id(), tenant_id, name }).collect();
        let pair = |(work, mark): &(usize, usize)| {
            (works[work % works.len()].id, marks[mark % marks.len()].id)
        };
        let marked =
            if works.is_empty() { Vec::new() } else { given.marked.iter().map(pair).collect() };
        let kinds = (1..).zip(KINDS).map(|(id, name)| Kind { id, name: name.to_owned() }).collect();
        Self { trace: Trace::default(), people, works, kinds, covers, marks, marked }
    }

    pub(crate) fn author(&self, work: &Work) -> Option<Person> {
        self.any_author(work).filter(|it| it.deleted_at.is_none())
    }

    fn any_author(&self, work: &Work) -> Option<Person> {
        self.people.iter().find(|it| it.id == work.author_id).cloned()
    }

    /// Shown where deleted, as the field says.
    pub(crate) fn editor(&self, work: &Work) -> Option<Person> {
        self.people.iter().find(|it| Some(it.id) == work.editor_id).cloned()
    }

    pub(crate) fn kind(&self, work: &Work) -> Option<Kind> {
        self.kinds.iter().find(|it| Some(it.id) == work.kind_id).cloned()
    }

    pub(crate) fn before(&self, work: &Work) -> Option<Work> {
        self.any_before(work).filter(|it| it.deleted_at.is_none())
    }

    pub(crate) fn any_before(&self, work: &Work) -> Option<Work> {
        self.works.iter().find(|it| Some(it.id) == work.sequel_of).cloned()
    }

    pub(crate) fn cover(&self, work: &Work) -> Option<Cover> {
        self.covers.iter().find(|it| it.work_id == work.id).cloned()
    }

    /// Each once, by name.
    pub(crate) fn marks(&self, work: &Work) -> Vec<Mark> {
        let is_on = |it: &&Mark| self.marked.contains(&(work.id, it.id));
        let mut marks: Vec<Mark> = self.marks.iter().filter(is_on).cloned().collect();
        marks.sort_by(|left, right| (&left.name, left.id).cmp(&(&right.name, right.id)));
        marks
    }

    pub(crate) fn entry(&self, work: &Work) -> Entry {
        Entry {
            title: work.title.clone(),
            author: self.author(work).map(|it| it.name),
            editor_rank: self.editor(work).and_then(|it| it.rank),
            kind: self.kind(work).map(|it| it.name),
            before: self.before(work).map(|it| it.title),
            color: self.cover(work).map(|it| it.color),
        }
    }

    /// In the order asked for.
    pub(crate) fn selected(&self, selection: &Selection) -> Vec<Work> {
        let is_seen = |work: &&Work| match selection.seen {
            Seen::Live => work.deleted_at.is_none(),
            Seen::All => true,
            Seen::Deleted => work.deleted_at.is_some(),
        };
        let holds = |work: &&Work| self.holds(&selection.test, work);
        let mut works: Vec<Work> =
            self.works.iter().filter(is_seen).filter(holds).cloned().collect();
        works.sort_by(|left, right| self.compare(&selection.order, left, right));
        works
    }

    /// Whether the test holds: yes or no, never unknown.
    pub(crate) fn holds(&self, test: &WorkTest, work: &Work) -> bool {
        let is = |name: String, other: &Option<String>| other.as_ref().is_none_or(|it| *it == name);
        match test {
            WorkTest::Title(title) => work.title == *title,
            WorkTest::PagesFrom(least) => work.pages.is_some_and(|pages| pages >= *least),
            WorkTest::Author(test) => self.is_one(test, self.author(work)),
            WorkTest::AnyAuthor(test) => self.is_one(test, self.any_author(work)),
            WorkTest::Editor(test) => self.is_one(test, self.editor(work)),
            WorkTest::Kind(name) => self.kind(work).is_some_and(|kind| is(kind.name, name)),
            WorkTest::SequelOf(test) => self.before(work).is_some_and(|it| self.holds(test, &it)),
            WorkTest::Sequels(test) => self.finds(test, |it| it.sequel_of == Some(work.id)),
            WorkTest::Marked(name) => self.marks(work).into_iter().any(|mark| is(mark.name, name)),
            WorkTest::Covered(color) => self.cover(work).is_some_and(|it| is(it.color, color)),
            WorkTest::Not(inner) => !self.holds(inner, work),
            WorkTest::Both(left, right) => self.holds(left, work) && self.holds(right, work),
            WorkTest::Either(left, right) => self.holds(left, work) || self.holds(right, work),
        }
    }

    pub(crate) fn person_holds(&self, test: &PersonTest, person: &Person) -> bool {
        match test {
            PersonTest::Any => true,
            PersonTest::Name(name) => person.name == *name,
            PersonTest::RankFrom(least) => person.rank.is_some_and(|rank| rank >= *least),
            PersonTest::Wrote(test) => self.finds(test, |it| it.author_id == person.id),
            PersonTest::EverWrote => self.works.iter().any(|it| it.author_id == person.id),
            PersonTest::Edited(test) => self.finds(test, |it| it.editor_id == Some(person.id)),
            PersonTest::Not(inner) => !self.person_holds(inner, person),
        }
    }

    fn is_one(&self, test: &PersonTest, person: Option<Person>) -> bool {
        person.is_some_and(|person| self.person_holds(test, &person))
    }

    /// Whether there is such a live work.
    fn finds(&self, test: &WorkTest, is_found: impl Fn(&Work) -> bool) -> bool {
        let live = self.works.iter().filter(|it| it.deleted_at.is_none());
        live.filter(|it| is_found(it)).any(|it| self.holds(test, it))
    }

    pub(crate) fn compare(&self, order: &[Key], left: &Work, right: &Work) -> Ordering {
        let by_keys = order.iter().map(|key| self.by_key(*key, left, right));
        let by_keys = by_keys.fold(Ordering::Equal, Ordering::then);
        let by_id = left.id.cmp(&right.id);
        let descending = order.last().is_some_and(|key| key.descending);
        by_keys.then(if descending { by_id.reverse() } else { by_id })
    }

    fn by_key(&self, key: Key, left: &Work, right: &Work) -> Ordering {
        match key.by {
            By::Title => directed(key, left, right, |it| Some(it.title.clone())),
            By::Pages => directed(key, left, right, |it| it.pages),
            By::AuthorName => directed(key, left, right, |it| self.author(it).map(|it| it.name)),
            By::AnyAuthorRank => directed(key, left, right, |it| self.any_author(it)?.rank),
            By::EditorRank => directed(key, left, right, |it| self.editor(it)?.rank),
            By::KindName => directed(key, left, right, |it| self.kind(it).map(|it| it.name)),
            By::BeforePages => directed(key, left, right, |it| self.before(it)?.pages),
            By::CoverColor => directed(key, left, right, |it| self.cover(it).map(|it| it.color)),
            By::BeforeEditorRank => directed(key, left, right, |it| {
                let before = self.before(it)?;
                self.editor(&before)?.rank
            }),
            By::BeforeThatAuthorName => directed(key, left, right, |it| {
                let before = self.any_before(&self.before(it)?)?;
                Some(self.author(&before)?.name)
            }),
        }
    }
}

/// What finds nothing ranks above every value, unless the key says where it stands.
fn directed<T: Ord>(
    key: Key,
    left: &Work,
    right: &Work,
    value: impl Fn(&Work) -> Option<T>,
) -> Ordering {
    let (left, right) = (value(left), value(right));
    let rank = |value: &Option<T>| value.is_none() != key.nulls_first.unwrap_or(key.descending);
    let nulls = rank(&left).cmp(&rank(&right));
    let values = left.zip(right).map_or(Ordering::Equal, |(left, right)| left.cmp(&right));
    nulls.then(if key.descending { values.reverse() } else { values })
}
