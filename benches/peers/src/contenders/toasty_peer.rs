//! Toasty, on both databases.
//!
//! Idioms: its pools (on SQLite of readers, and of one writer) without a ping, `filter` with the whole condition,
//! `include` for the children, `create_many` in chunks of as many rows as a statement has parameters for, in one
//! transaction; SQL for the groups, as it has none. The row that a patch leaves is read again, as an update
//! returns none. Toasty has no audit trail, so it does no recorded patch.
//!
//! What differs by database are the stored forms: on SQLite moments are text for it, as it would store them in
//! another form than everybody else; on Postgres it knows no `jsonb`, so it has a table of its own with the same
//! columns and indexes, where JSON is text.

pub mod postgres;
pub mod sqlite;

/// The engine of `$engine`, which has `readers` and a `writer`, for the entities of the module that it is in.
macro_rules! toasty_engine {
    ($engine:ident) => {
        fn live(tenant: Uuid) -> Query<List<Ticket>> {
            let fields = Ticket::fields();
            Query::all().filter(fields.tenant_id().eq(tenant).and(fields.deleted_at().is_none()))
        }

        fn newest(tenant: Uuid) -> Query<List<Ticket>> {
            live(tenant)
                .order_by((Ticket::fields().created_at().desc(), Ticket::fields().id().desc()))
        }

        impl Engine for $engine {
            type Row = entity::Ticket;
            type Note = Comment;

            async fn get(&self, tenant: Uuid, id: Uuid) -> Result<entity::Ticket> {
                let found = live(tenant).filter(Ticket::fields().id().eq(id)).one();
                found.exec(&mut self.readers.clone()).await?.read()
            }

            async fn page(
                &self,
                tenant: Uuid,
                status: Status,
            ) -> Result<(Vec<entity::Ticket>, u64)> {
                let mut database = self.readers.clone();
                let status = || Ticket::fields().status().eq(status.as_str());
                let page = newest(tenant).filter(status()).limit(PAGE).exec(&mut database).await?;
                let total = live(tenant).filter(status()).count().exec(&mut database).await?;
                Ok((page.into_iter().map(Ticket::read).collect::<Result<_>>()?, total))
            }

            async fn windows(&self, tenant: Uuid, count: usize) -> Result<Vec<entity::Ticket>> {
                let mut database = self.readers.clone();
                let mut walked: Vec<entity::Ticket> = Vec::with_capacity(count * WINDOW);
                for _ in 0..count {
                    let mut newest = newest(tenant).limit(WINDOW + 1);
                    if let Some(last) = walked.last() {
                        let (fields, at) = (Ticket::fields(), stored(last.created_at));
                        // The first condition is implied, and finds the place in the index.
                        let tie = fields.created_at().eq(at.clone()).and(fields.id().lt(last.id));
                        let after = fields.created_at().lt(at.clone()).or(tie);
                        newest = newest.filter(fields.created_at().le(at)).filter(after);
                    }
                    let rows = newest.exec(&mut database).await?;
                    for row in rows.into_iter().take(WINDOW) {
                        walked.push(row.read()?);
                    }
                }
                Ok(walked)
            }

            async fn create(&self, tenant: Uuid, new: NewTicket) -> Result<entity::Ticket> {
                let ticket = complete(tenant, new);
                Ticket::of(&ticket).exec(&mut self.writer.clone()).await?;
                Ok(ticket)
            }

            async fn patch(
                &self,
                tenant: Uuid,
                id: Uuid,
                version: i64,
                attempts: i64,
            ) -> Result<entity::Ticket> {
                let mut database = self.writer.clone();
                let fields = Ticket::fields();
                let row = fields.id().eq(id).and(fields.version().eq(version));
                Ticket::filter(
                    fields.tenant_id().eq(tenant).and(fields.deleted_at().is_none()).and(row),
                )
                .update()
                .status(Status::Resolved.as_str())
                .attempts(attempts)
                .version(version + 1)
                .updated_at(stored(now()))
                .exec(&mut database)
                .await?;
                let patched =
                    live(tenant).filter(fields.id().eq(id)).one().exec(&mut database).await?;
                patched.read()
            }

            async fn create_many(
                &self,
                tenant: Uuid,
                new: Vec<NewTicket>,
            ) -> Result<Vec<entity::Ticket>> {
                let tickets: Vec<_> = new.into_iter().map(|new| complete(tenant, new)).collect();
                let mut database = self.writer.clone();
                let mut transaction = database.transaction().await?;
                for tickets in tickets.chunks(MOST_TICKETS) {
                    let items = tickets.iter().map(Ticket::of);
                    let many = items.fold(Ticket::create_many(), |many, one| many.item(one));
                    many.exec(&mut transaction).await?;
                }
                transaction.commit().await?;
                Ok(tickets)
            }

            async fn all(&self) -> Result<Vec<entity::Ticket>> {
                let fields = Ticket::fields();
                let live = Query::<List<Ticket>>::all().filter(fields.deleted_at().is_none());
                let ordered = live.order_by((fields.tenant_id().asc(), fields.id().asc()));
                let rows = ordered.exec(&mut self.readers.clone()).await?;
                rows.into_iter().map(Ticket::read).collect()
            }

            async fn with_children(
                &self,
                tenant: Uuid,
            ) -> Result<WithChildren<entity::Ticket, Comment>> {
                let comments: Path<Ticket, List<Comment>> = Ticket::fields().comments().into();
                let parents = newest(tenant).limit(PAGE).include(comments);
                let parents = parents.exec(&mut self.readers.clone()).await?;
                parents.into_iter().map(Ticket::read_with_comments).collect()
            }

            async fn groups(&self, tenant: Uuid) -> Result<Vec<(String, u64)>> {
                let groups = toasty::sql::query(GROUPS).bind(tenant_parameter(tenant));
                let groups = groups.exec(&mut self.readers.clone()).await?;
                let group = |row: Value| match row {
                    Value::Record(record) => match &record.fields[..] {
                        [Value::String(status), Value::I64(count)] => {
                            Ok((status.clone(), u64::try_from(*count)?))
                        }
                        fields => Err(format!("a group is {fields:?}").into()),
                    },
                    other => Err(format!("a group is {other:?}").into()),
                };
                groups.into_iter().map(group).collect()
            }
        }
    };
}
use toasty_engine;
