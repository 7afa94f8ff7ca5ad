//! Operations carried out on a database.

use std::future::Future;
use std::pin::Pin;

use repo_core::{
    AllTenants, Change, Error, PageRequest, Query, Result, Scope, Session, Tenant,
    TransactionOptions,
};

use crate::answer::{Paged, Trace};
use crate::entity::{Item, ItemPatch, ItemRepository, Line, NewItem};
use crate::generate::epoch;
use crate::operation::{
    Ask, Draft, End, Id, Operation, Selection, Setting, Step, Version, Visibility,
};
use crate::real_query::{as_data, filter, order};
use crate::real_summary::{percentiles, summary};
use crate::world::Run;

pub(crate) type Items = ItemRepository<Tenant<i64>>;

/// What a closure returns to have its transaction rolled back.
enum Abort {
    AsAsked,
    Error(Error),
}

impl From<Error> for Abort {
    fn from(error: Error) -> Self {
        Abort::Error(error)
    }
}

impl Run {
    pub(crate) async fn step(&mut self, step: &Step) {
        match step {
            Step::Tenant(tenant, operation) => {
                let session = self.session(*tenant);
                self.operate(&session, operation).await;
            }
            Step::Both(selection, ask) => {
                let tenants = Item::TENANT_ID.in_list(self.tenants);
                let session: Session<AllTenants> = self.db.all_tenants("a test of all tenants");
                let query = session.repo::<Item>().filter(tenants);
                answer(&mut self.trace, built(query, selection), *ask).await;
            }
            Step::Stray { maker, made_by, use_of } => self.stray(*maker, made_by, *use_of).await,
        }
        for tenant in 0..2 {
            let stored = self.session(tenant).repo::<Item>().query().with_deleted().all().await;
            self.trace.add("stored", &stored);
        }
    }

    pub(crate) fn operate<'a>(
        &'a mut self,
        session: &'a Session<Tenant<i64>>,
        operation: &'a Operation,
    ) -> Pin<Box<dyn Future<Output = ()> + 'a>> {
        Box::pin(async move {
            let items = session.repo::<Item>();
            match operation {
                Operation::Tick(by) => self.tick(*by),
                Operation::Walk(walk) => self.walk(session, walk).await,
                Operation::Chunks { selection, size, meanwhile } => {
                    self.chunks(session, selection, *size, meanwhile.as_deref()).await;
                }
                Operation::Transaction { read_only, end, work } => {
                    let options = TransactionOptions::new();
                    let options = if *read_only { options.read_only() } else { options };
                    self.transaction(session, options, *end, work).await;
                }
                Operation::Update { .. }
                | Operation::Patch { .. }
                | Operation::Delete { .. }
                | Operation::Restore { .. }
                | Operation::Purge { .. } => self.change(&items, operation).await,
                Operation::Create(draft) => {
                    self.trace.add("create", &items.create(new(draft)).await);
                }
                Operation::CreateMany(drafts) => {
                    let created = items.create_many(drafts.iter().map(new)).await;
                    self.trace.add("create_many", &created);
                }
                Operation::PatchAll(..)
                | Operation::PatchMany(..)
                | Operation::DeleteAll(..)
                | Operation::DeleteMany(..)
                | Operation::DeleteInChunks { .. }
                | Operation::CreateManyPartial(..)
                | Operation::Upsert(..)
                | Operation::UpsertMany(..) => self.write_many(&items, operation).await,
                _ => read(&mut self.trace, &items, operation).await,
            }
        })
    }

    async fn change(&mut self, items: &Items, operation: &Operation) {
        match operation {
            Operation::Update { id, version, origin, of_another_tenant, draft } => {
                let stored = stored(items, *id).await;
                let mut item = replacement(*id, draft, number(*version, stored.as_ref()));
                item.origin = origin.or(stored.map(|item| item.origin)).unwrap_or(0);
                item.tenant_id = items.session().scope().id() + i64::from(*of_another_tenant);
                self.trace.add("update", &items.update(&item).await);
            }
            Operation::Patch { id, version, changes } => {
                let change = items.patch(id.uuid(), patch(changes));
                self.trace.add("patch", &based(change, items, *id, *version).await.await);
            }
            Operation::Delete { id, version } => {
                let change = items.delete(id.uuid());
                self.trace.add("delete", &based(change, items, *id, *version).await.await);
            }
            Operation::Restore { id, version } => {
                let change = items.restore(id.uuid());
                self.trace.add("restore", &based(change, items, *id, *version).await.await);
            }
            Operation::Purge { id, version } => {
                let change = items.purge(id.uuid());
                self.trace.add("purge", &based(change, items, *id, *version).await.await);
            }
            _ => unreachable!("only changes come here"),
        }
    }

    async fn transaction(
        &mut self,
        session: &Session<Tenant<i64>>,
        options: TransactionOptions,
        end: End,
        work: &[Operation],
    ) {
        if matches!(end, End::ReturnOk | End::ReturnErr) {
            return self.closure(session, options, end, work).await;
        }
        let transaction = match session.begin_with(options).await {
            Ok(transaction) => transaction,
            Err(error) => return self.trace.add::<()>("begin", &Err(error)),
        };
        for operation in work {
            self.operate(&transaction, operation).await;
        }
        match end {
            End::Commit => self.trace.add("commit", &transaction.commit().await),
            End::Rollback => self.trace.add("rollback", &transaction.rollback().await),
            _ => drop(transaction),
        }
    }

    async fn closure(
        &mut self,
        session: &Session<Tenant<i64>>,
        options: TransactionOptions,
        end: End,
        work: &[Operation],
    ) {
        let result = session
            .transaction_with(options, async |tx| {
                for operation in work {
                    self.operate(tx, operation).await;
                }
                if end == End::ReturnErr { Err(Abort::AsAsked) } else { Ok(()) }
            })
            .await;
        match result {
            Ok(()) => self.trace.note("committed"),
            Err(Abort::AsAsked) => self.trace.note("aborted"),
            Err(Abort::Error(error)) => self.trace.add::<()>("transaction", &Err(error)),
        }
    }
}

async fn read(trace: &mut Trace, items: &Items, operation: &Operation) {
    match operation {
        Operation::Find(id) => trace.add("find", &items.find(id.uuid()).await),
        Operation::Get(id) => trace.add("get", &items.get(id.uuid()).await),
        Operation::GetMany(ids) => {
            let found = items.get_many(ids.iter().map(|id| id.uuid())).await;
            trace.add("get_many", &found);
        }
        Operation::Exists(id) => trace.add("exists", &items.exists(id.uuid()).await),
        Operation::CountAll => trace.add("count", &items.count().await),
        Operation::First => trace.add("first", &items.first().await),
        Operation::FindByName(name) => {
            trace.add("find_by", &items.find_by_name(name.as_str()).await);
        }
        Operation::ListByStatus(status) => {
            trace.add("list_by", &items.list_by_status(*status).await);
        }
        Operation::Query(selection, ask) => {
            answer(trace, built(items.query(), selection), *ask).await;
        }
        Operation::Search(search) => {
            trace.add("search", &items.filter(search.clone()).all().await);
        }
        Operation::ByHand(least) => trace.add("by hand", &by_hand(items, *least).await),
        _ => unreachable!("only reads come here"),
    }
}

async fn by_hand(items: &Items, least: i32) -> Result<Vec<Line>> {
    let sql = "SELECT name AS title, note AS remark, price, status, doc, deleted_at FROM items \
               WHERE tenant_id = :tenant AND score >= :least ORDER BY id";
    let session = items.session();
    let query = session.unchecked_sql("a test of queries by hand").sql(sql);
    query.bind("tenant", *session.scope().id()).bind("least", least).all().await
}

async fn answer<S: Scope>(trace: &mut Trace, query: Query<Item, S>, ask: Ask)
where
    repo_core::OwnedBy<i64>: repo_core::ReachableFrom<S>,
{
    match ask {
        Ask::All => trace.add("all", &query.all().await),
        Ask::First => trace.add("first", &query.first().await),
        Ask::One => trace.add("one", &query.one().await),
        Ask::AtMostOne => trace.add("at_most_one", &query.at_most_one().await),
        Ask::Count => trace.add("count", &query.count().await),
        Ask::Exists => trace.add("exists", &query.exists().await),
        Ask::Lines => trace.add("lines", &query.project::<Line>().all().await),
        Ask::LinePage { number, size } => {
            let page = PageRequest::number(number).size(size);
            let page = query.project::<Line>().page(page).await;
            trace.add("page of lines", &page.map(Paged::from));
        }
        Ask::Percentiles(asked) => {
            trace.add("percentile", &percentiles(query, asked).await);
        }
        Ask::Aggregates | Ask::Groups(_) | Ask::Latest(_) | Ask::LatestPer(..) => {
            summary(trace, query, ask).await;
        }
        Ask::Page { number, size } => {
            let page = query.page(PageRequest::number(number).size(size)).await;
            trace.add("page", &page.map(Paged::from));
        }
    }
}

pub(crate) fn built<S: Scope>(mut query: Query<Item, S>, selection: &Selection) -> Query<Item, S> {
    for condition in &selection.conditions {
        let filter = filter(condition);
        query = query.filter(if selection.is_data { as_data(filter) } else { filter });
    }
    for key in &selection.order {
        query = query.order_by(order(*key));
    }
    if let Some(limit) = selection.limit {
        query = query.limit(limit);
    }
    if let Some(offset) = selection.offset {
        query = query.offset(offset);
    }
    query = match selection.visibility {
        Visibility::Live => query,
        Visibility::WithDeleted => query.with_deleted(),
        Visibility::OnlyDeleted => query.only_deleted(),
    };
    if selection.for_update { query.for_update() } else { query }
}

pub(crate) fn new(draft: &Draft) -> NewItem {
    let Draft { name, note, score, done, price, status, doc, origin } = draft.clone();
    NewItem { name, note, score, done, price, status, doc, origin }
}

/// A whole entity whose managed columns hold what must not be stored.
fn replacement(id: Id, draft: &Draft, version: i64) -> Item {
    let Draft { name, note, score, done, price, status, doc, origin } = draft.clone();
    let (created_at, updated_at, deleted_at) = (epoch(), epoch(), Some(epoch()));
    Item {
        id: id.uuid(),
        tenant_id: 0,
        name,
        note,
        score,
        done,
        price,
        status,
        doc,
        origin,
        version,
        created_at,
        updated_at,
        deleted_at,
    }
}

pub(crate) fn patch(changes: &[Setting]) -> ItemPatch {
    changes.iter().cloned().fold(ItemPatch::new(), |patch, change| match change {
        Setting::Name(name) => patch.name(name),
        Setting::Note(note) => patch.note(note),
        Setting::Score(score) => patch.score(score),
        Setting::Done(done) => patch.done(done),
        Setting::Price(price) => patch.price(price),
        Setting::Status(status) => patch.status(status),
        Setting::Doc(doc) => patch.doc(doc),
        Setting::AddScore(by) => patch.add(Item::SCORE, by),
        Setting::AddPrice(by) => patch.add(Item::PRICE, by),
    })
}

/// The change, if the row has the version that is asked for.
async fn based<'r, T>(
    change: Change<'r, Item, Tenant<i64>, T>,
    items: &Items,
    id: Id,
    version: Option<Version>,
) -> Change<'r, Item, Tenant<i64>, T> {
    match version {
        Some(version) => change.if_version(number(version, stored(items, id).await.as_ref())),
        None => change,
    }
}

/// The row, deleted or not; none where the transaction has failed.
async fn stored(items: &Items, id: Id) -> Option<Item> {
    let found: Result<Option<Item>> =
        items.filter(Item::ID.eq(id.uuid())).with_deleted().at_most_one().await;
    found.ok().flatten()
}

fn number(version: Version, stored: Option<&Item>) -> i64 {
    match version {
        Version::Current => stored.map_or(1, |item| item.version),
        Version::Number(number) => number,
    }
}
