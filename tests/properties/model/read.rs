//! What reads answer.

use repo_core::{DatabaseError, Error, Result};
use uuid::Uuid;

use super::{Model, condition, not_found, order};
use crate::answer::{Paged, converted};
use crate::entity::{Item, ItemSearch, Line};
use crate::operation::{Ask, Condition, Operation, Selection, Test, TextTest, Visibility};
use crate::operation_parts::{Moment, MomentTest};

impl Model {
    pub(super) fn read(&mut self, tenant: i64, operation: &Operation) {
        match operation {
            Operation::Find(id) => {
                let found = self.find(tenant, id.uuid());
                self.trace.add("find", &found);
            }
            Operation::Get(id) => {
                let found = self.find(tenant, id.uuid());
                let got = found.and_then(|item| item.ok_or_else(|| not_found(id.uuid())));
                self.trace.add("get", &got);
            }
            Operation::GetMany(ids) => {
                let found: Result<Vec<Option<Item>>> =
                    ids.iter().map(|id| self.find(tenant, id.uuid())).collect();
                self.trace.add("get_many", &found);
            }
            Operation::Exists(id) => {
                let exists = self.find(tenant, id.uuid()).map(|item| item.is_some());
                self.trace.add("exists", &exists);
            }
            Operation::CountAll => self.ask(Some(tenant), &Selection::default(), Ask::Count),
            Operation::First => self.ask(Some(tenant), &Selection::default(), Ask::First),
            Operation::FindByName(name) => {
                let named = Condition::Name(TextTest::Compare(Test::Eq(name.clone())));
                let found = self.at_most_one(Some(tenant), &only(named));
                self.trace.add("find_by", &found);
            }
            Operation::ListByStatus(status) => {
                let found = self.all(Some(tenant), &only(Condition::Status(Test::Eq(*status))));
                self.trace.add("list_by", &found);
            }
            Operation::Search(search) => {
                let found = self.all(Some(tenant), &sought(search));
                self.trace.add("search", &found);
            }
            Operation::ByHand(least) => {
                let scored = Condition::Score(Test::Ge(*least));
                let all = Selection { visibility: Visibility::WithDeleted, ..only(scored) };
                let rows = self.all(Some(tenant), &all).map(converted::<Item, Line>);
                self.trace.add("by hand", &rows);
            }
            Operation::Query(selection, ask) => self.ask(Some(tenant), selection, *ask),
            _ => unreachable!("only reads come here"),
        }
    }

    /// Of one tenant, or of both.
    pub(super) fn ask(&mut self, tenant: Option<i64>, selection: &Selection, ask: Ask) {
        match ask {
            Ask::All => {
                let all = self.all(tenant, selection);
                self.trace.add("all", &all);
            }
            Ask::First => {
                let first = self.all(tenant, selection).map(|items| items.into_iter().next());
                self.trace.add("first", &first);
            }
            Ask::One => {
                let one = self.at_most_one(tenant, selection);
                let one = one.and_then(|item| item.ok_or(Error::NoMatch { entity: "Item" }));
                self.trace.add("one", &one);
            }
            Ask::AtMostOne => {
                let one = self.at_most_one(tenant, selection);
                self.trace.add("at_most_one", &one);
            }
            Ask::Count => {
                let count = self.matching(tenant, selection).map(|items| items.len());
                self.trace.add("count", &count);
            }
            Ask::Exists => {
                let exists = self.matching(tenant, selection).map(|items| !items.is_empty());
                self.trace.add("exists", &exists);
            }
            Ask::Aggregates | Ask::Groups(_) | Ask::Latest(_) | Ask::LatestPer(..) => {
                self.summarize(tenant, selection, ask);
            }
            Ask::Percentiles(asked) => self.percentiles(tenant, selection, asked),
            Ask::Lines => {
                let all = self.all(tenant, selection).map(converted::<Item, Line>);
                self.trace.add("lines", &all);
            }
            Ask::LinePage { number, size } => {
                let page = self.page(tenant, selection, number, size).map(Paged::map::<Line>);
                self.trace.add("page of lines", &page);
            }
            Ask::Page { number, size } => {
                let page = self.page(tenant, selection, number, size);
                self.trace.add("page", &page);
            }
        }
    }

    pub(super) fn all(&self, tenant: Option<i64>, selection: &Selection) -> Result<Vec<Item>> {
        let offset = selection.offset.map_or(0, |offset| offset as usize);
        let limit = selection.limit.map_or(usize::MAX, |limit| limit as usize);
        let matching = self.matching(tenant, selection)?;
        Ok(matching.into_iter().skip(offset).take(limit).collect())
    }

    /// All rows that a selection names, in its order, whatever its limits.
    pub(super) fn matching(&self, tenant: Option<i64>, selection: &Selection) -> Result<Vec<Item>> {
        self.check_lock(selection)?;
        selection.conditions.iter().try_for_each(condition::check)?;
        self.check()?;
        let is_visible = |item: &&Item| match selection.visibility {
            Visibility::Live => item.deleted_at.is_none(),
            Visibility::WithDeleted => true,
            Visibility::OnlyDeleted => item.deleted_at.is_some(),
        };
        let mut items: Vec<Item> = self
            .rows
            .values()
            .filter(|item| tenant.is_none_or(|tenant| item.tenant_id == tenant))
            .filter(is_visible)
            .filter(|item| selection.conditions.iter().all(|c| condition::holds(c, item)))
            .cloned()
            .collect();
        items.sort_by(|left, right| order::compare(&selection.order, left, right));
        Ok(items)
    }

    pub(super) fn check_lock(&self, selection: &Selection) -> Result<()> {
        match &self.transaction {
            _ if !selection.for_update => Ok(()),
            None => Err(Error::NoTransaction { operation: "for_update" }),
            Some(transaction) if transaction.read_only => {
                Err(Error::ReadOnly { source: DatabaseError::new("") })
            }
            Some(_) => Ok(()),
        }
    }

    fn find(&self, tenant: i64, id: Uuid) -> Result<Option<Item>> {
        self.check()?;
        Ok(self.find_live(tenant, id).cloned())
    }

    fn at_most_one(&self, tenant: Option<i64>, selection: &Selection) -> Result<Option<Item>> {
        let items = self.all(tenant, selection)?;
        if items.len() > 1 {
            return Err(Error::MoreThanOne { entity: "Item" });
        }
        Ok(items.into_iter().next())
    }

    fn page(
        &self,
        tenant: Option<i64>,
        selection: &Selection,
        number: u64,
        size: u64,
    ) -> Result<Paged<Item>> {
        refuse_limits(selection, "page")?;
        check_size("page size", size)?;
        if number == 0 {
            return Err(Error::invalid_input("page number", "is 0: pages are counted from 1"));
        }
        let all = self.matching(tenant, selection)?;
        let (total, before) = (all.len() as u64, (number - 1) * size);
        let pages = total.div_ceil(size);
        let items = all.into_iter().skip(before as usize).take(size as usize).collect();
        let (has_previous, has_next) = (number > 1 && total > 0, number < pages);
        Ok(Paged { items, total, pages, has_previous, has_next })
    }
}

/// A page and a window have a size of their own.
pub(super) fn refuse_limits(selection: &Selection, method: &'static str) -> Result<()> {
    if selection.limit.is_none() && selection.offset.is_none() {
        return Ok(());
    }
    Err(Error::invalid_input(method, "has its own size: leave out `limit` and `offset`"))
}

pub(super) fn check_size(argument: &'static str, size: u64) -> Result<()> {
    match size {
        0 => Err(Error::invalid_input(argument, "is 0")),
        1..=1_000 => Ok(()),
        _ => Err(Error::invalid_input(argument, "is above 1000")),
    }
}

/// The conditions that are said, in the order of the fields.
fn sought(search: &ItemSearch) -> Selection {
    let ItemSearch { name, note, score, statuses, is_unscored, day } = search.clone();
    let statuses = Some(statuses).filter(|statuses| !statuses.is_empty());
    let unscored = |is| if is { Test::IsNull } else { Test::IsNotNull };
    let conditions = [
        name.map(|name| Condition::Name(TextTest::IContains(name))),
        note.map(|note| Condition::Note(TextTest::Compare(Test::Eq(note)))),
        score.map(|score| Condition::Score(Test::Ge(score))),
        statuses.map(|statuses| Condition::Status(Test::In(statuses))),
        is_unscored.map(|is| Condition::Score(unscored(is))),
        day.map(|day| Condition::Moment(Moment::CreatedAt, MomentTest::On(day))),
    ];
    Selection { conditions: conditions.into_iter().flatten().collect(), ..Selection::default() }
}

fn only(condition: Condition) -> Selection {
    Selection { conditions: vec![condition], ..Selection::default() }
}
