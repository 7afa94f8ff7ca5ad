//! What the model answers about rows that find each other.

use std::cmp::Reverse;

use repo_core::Result;

use crate::answer::{Paged, Windowed};
use crate::generate::epoch;
use crate::related_entity::{Entry, Named, Person, Work};
use crate::related_model::Model;
use crate::related_question::{Ask, GroupBy, KINDS, Load, Question, Seen, Selection, WorkTest};

/// The name of the author, or of the editor and the kind, or the work before and the number of pages.
type GroupKey = (Option<String>, Option<String>, Option<i32>);

impl Model {
    pub(crate) fn question(&mut self, question: &Question) {
        match question {
            Question::Works(selection, ask) => self.ask(selection, *ask),
            Question::People(test, is_edited) => {
                let live = self.people.iter().filter(|it| it.deleted_at.is_none());
                let found = live.filter(|it| self.person_holds(test, it)).cloned();
                let loaded: Vec<_> =
                    found.map(|person| (person.clone(), self.of(&person, *is_edited))).collect();
                self.trace.add("people", &Ok(loaded));
            }
            Question::Kinds(from) => {
                let kinds = (1..).zip(KINDS).filter(|(_, name)| *name >= from.as_str());
                let named = kinds.map(|(id, name)| Named { called: name.to_owned(), id });
                let named: Vec<Named> = named.collect();
                self.trace.add("kinds", &Ok(named));
            }
            Question::PatchAll(test, pages) => {
                let meant = self.meant(test);
                let differ = |it: &&mut Work| meant.contains(it) && it.pages != *pages;
                let changed = self.works.iter_mut().filter(differ);
                let changed = changed.map(|it| it.pages = *pages).count();
                self.trace.add("patch_all", &Ok(changed));
            }
            Question::DeleteAll(test) => {
                let deleted = self.delete(test);
                self.trace.add("delete_all", &Ok(deleted));
            }
            Question::DeleteInChunks(test, _, is_dry) => {
                let deleted = if *is_dry { self.meant(test).len() } else { self.delete(test) };
                self.trace.add("delete_in_chunks", &Ok(deleted));
            }
        }
    }

    /// The works of a person with their kinds, or those that they edited, deleted ones too.
    fn of(&self, person: &Person, is_edited: bool) -> String {
        let works = || self.works.iter();
        if is_edited {
            let edited: Vec<_> = works().filter(|it| it.editor_id == Some(person.id)).collect();
            return format!("{edited:?}");
        }
        let live = works().filter(|it| it.author_id == person.id && it.deleted_at.is_none());
        let with_kind: Vec<_> = live.map(|it| (it, self.kind(it))).collect();
        format!("{with_kind:?}")
    }

    fn meant(&self, test: &WorkTest) -> Vec<Work> {
        let (order, seen) = (Vec::new(), Seen::Live);
        self.selected(&Selection { test: test.clone(), order, seen })
    }

    fn delete(&mut self, test: &WorkTest) -> usize {
        let meant = self.meant(test);
        let found = self.works.iter_mut().filter(|it| meant.contains(it));
        found.map(|it| it.deleted_at = Some(epoch())).count()
    }

    fn ask(&mut self, selection: &Selection, ask: Ask) {
        let works = self.selected(selection);
        let entries =
            |works: &[Work]| works.iter().map(|it| self.entry(it)).collect::<Vec<Entry>>();
        match ask {
            Ask::All => self.trace.add("all", &Ok(works)),
            Ask::Count => self.trace.add("count", &Ok(works.len())),
            Ask::Page { number, size } => self.trace.add("page", &page(works, number, size)),
            Ask::Entries => {
                let entries = entries(&works);
                self.trace.add("entries", &Ok(entries));
            }
            Ask::EntryPage { number, size } => {
                let entries = entries(&works);
                self.trace.add("entries", &page(entries, number, size));
            }
            Ask::Walk { size, backwards, as_entries: true } => {
                let entries = entries(&works);
                self.walk(&entries, size, backwards);
            }
            Ask::Walk { size, backwards, as_entries: false } => {
                self.walk(&works, size, backwards);
            }
            Ask::Load(load) => {
                let loaded = self.loaded(&works, load);
                self.trace.add("load", &Ok(loaded));
            }
            Ask::LoadPage(load) => {
                let first = &works[..works.len().min(3)];
                let loaded = (self.loaded(first, load), works.len());
                self.trace.add("load", &Ok(loaded));
            }
            Ask::Groups { by, least, descending } => {
                let groups = self.groups(works, by, least, descending);
                self.trace.add("groups", &Ok(groups));
            }
            Ask::LatestPerAuthor => {
                let latest = self.latest_per_author(works, !selection.order.is_empty());
                self.trace.add("latest_per", &Ok(latest));
            }
        }
    }

    fn walk<T: std::fmt::Debug + Clone>(&mut self, all: &[T], size: u64, backwards: bool) {
        let (size, mut is_first) = (size as usize, true);
        let mut rest = all;
        loop {
            let more = rest.len() > size;
            let cut =
                if backwards { rest.len().saturating_sub(size) } else { size.min(rest.len()) };
            let (left, right) = rest.split_at(cut);
            let (items, left_over) = if backwards { (right, left) } else { (left, right) };
            let (has_previous, has_next) =
                if backwards { (more, !is_first) } else { (!is_first, more) };
            let window = Windowed { items: items.to_vec(), has_previous, has_next };
            self.trace.add("window", &Ok(window));
            (rest, is_first) = (left_over, false);
            if !more {
                return;
            }
        }
    }

    fn loaded(&self, works: &[Work], load: Load) -> Vec<String> {
        let of_author = |work: &Work| {
            let live = |it: &&Work| it.author_id == work.author_id && it.deleted_at.is_none();
            let mut works: Vec<&Work> = self.works.iter().filter(live).collect();
            works.retain(|it| it.pages.is_some_and(|pages| pages >= 0));
            works.sort_by(|left, right| (&right.title, right.id).cmp(&(&left.title, left.id)));
            works
        };
        let with = |work: &Work| match load {
            Load::Parents => {
                let parents = (self.author(work), self.editor(work));
                format!("{:?}", (work, (parents.0, parents.1, self.kind(work), self.before(work))))
            }
            Load::AuthorsWorks => {
                format!("{:?}", (work, self.author(work).map(|it| (it, of_author(work)))))
            }
            Load::Before => {
                let before = self.any_before(work).map(|it| (it.clone(), self.editor(&it)));
                format!("{:?}", (work, before))
            }
            Load::MarksAndCover => {
                format!("{:?}", (work, (self.marks(work), self.cover(work))))
            }
            Load::AuthorsLongest(limit) => {
                let first = |it: &Person| self.longest_of(it, limit as usize);
                format!("{:?}", (work, self.author(work).map(|it| (it.clone(), first(&it)))))
            }
            Load::FirstMarks(limit) => {
                let mut marks = self.marks(work);
                marks.truncate(limit as usize);
                format!("{:?}", (work, marks))
            }
        };
        works.iter().map(with).collect()
    }

    /// The longest come first, and those of nobody knows how many pages last.
    fn longest_of(&self, author: &Person, limit: usize) -> Vec<&Work> {
        let live = |it: &&Work| it.author_id == author.id && it.deleted_at.is_none();
        let mut works: Vec<&Work> = self.works.iter().filter(live).collect();
        works.sort_by_key(|it| Reverse((it.pages, it.id)));
        works.truncate(limit);
        works
    }

    fn groups(&self, works: Vec<Work>, by: GroupBy, least: u64, descending: bool) -> Vec<String> {
        let key = |work: &Work| -> GroupKey {
            match by {
                GroupBy::Author => (self.author(work).map(|it| it.name), None, None),
                GroupBy::EditorAndKind => {
                    let editor = self.editor(work).map(|it| it.name);
                    (editor, self.kind(work).map(|it| it.name), None)
                }
                GroupBy::SequelOf => (self.before(work).map(|it| it.title), None, work.pages),
                GroupBy::EditorAndKindBefore => {
                    let before = self.before(work);
                    let that = before.as_ref().and_then(|it| self.before(it));
                    let editor = before.and_then(|it| self.editor(&it)).map(|it| it.name);
                    (editor, that.and_then(|it| self.kind(&it)).map(|it| it.name), None)
                }
            }
        };
        let mut groups: Vec<(GroupKey, Vec<i32>, u64)> = Vec::new();
        for work in works {
            let (key, pages) = (key(&work), work.pages);
            if !groups.iter().any(|(known, ..)| *known == key) {
                groups.push((key.clone(), Vec::new(), 0));
            }
            let group = groups.iter_mut().find(|(known, ..)| *known == key);
            let (_, all, count) = group.expect("it was just made");
            all.extend(pages);
            *count += 1;
        }
        groups.retain(|(_, _, count)| *count >= least);
        // What there is none of ranks above every value.
        groups.sort_by_key(|((a, b, c), ..)| {
            (a.is_none(), a.clone(), b.is_none(), b.clone(), c.is_none(), *c)
        });
        if descending {
            groups.reverse();
        }
        groups.into_iter().map(|(key, pages, count)| line(by, key, pages, count)).collect()
    }

    fn latest_per_author(&self, works: Vec<Work>, is_ordered: bool) -> Vec<Work> {
        let name = |work: &Work| self.author(work).map(|it| it.name);
        let is_newest = |work: &&Work| {
            let of_it = works.iter().filter(|it| name(it) == name(work));
            of_it.max_by_key(|it| (it.title.clone(), it.id)).is_some_and(|newest| newest == *work)
        };
        let mut newest: Vec<Work> = works.iter().filter(is_newest).cloned().collect();
        if !is_ordered {
            newest.sort_by_key(|work| (name(work).is_none(), name(work)));
        }
        newest
    }
}

/// As many rows, the sum of their pages and what half of them do not have more of.
fn line(by: GroupBy, (a, b, c): GroupKey, mut pages: Vec<i32>, count: u64) -> String {
    pages.sort_unstable();
    let sum = (!pages.is_empty()).then(|| pages.iter().copied().map(i64::from).sum::<i64>());
    let middle = pages.get(pages.len().div_ceil(2).saturating_sub(1)).copied();
    let answer = (count, sum, middle);
    match by {
        GroupBy::Author => format!("{:?}", (a, answer)),
        GroupBy::EditorAndKind | GroupBy::EditorAndKindBefore => format!("{:?}", ((a, b), answer)),
        GroupBy::SequelOf => format!("{:?}", ((a, c), answer)),
    }
}

fn page<T: Clone>(all: Vec<T>, number: u64, size: u64) -> Result<Paged<T>> {
    let (total, before) = (all.len() as u64, (number - 1) * size);
    let pages = total.div_ceil(size);
    let items = all.into_iter().skip(before as usize).take(size as usize).collect();
    let (has_previous, has_next) = (number > 1 && total > 0, number < pages);
    Ok(Paged { items, total, pages, has_previous, has_next })
}
