//! What every contender does, with the same answers.
//!
//! Each has rows of its own, as its users do; turning them into tickets is for comparing and is not timed.

use std::future::Future;

use uuid::Uuid;

use crate::Result;
use crate::entity::{Comment, NewTicket, Status, Ticket};

/// Rows, each with what was found of it.
pub type WithChildren<R, N> = Vec<(R, Vec<N>)>;

/// One library on one database.
pub trait Engine: Send + Sync + 'static {
    /// What it makes of a row of tickets.
    type Row: Into<Ticket> + Send + 'static;
    /// What it makes of a row of comments.
    type Note: Into<Comment> + Send + 'static;

    /// The live ticket with this id.
    fn get(&self, tenant: Uuid, id: Uuid) -> impl Future<Output = Result<Self::Row>> + Send;

    /// The 20 newest tickets with this status, and how many there are.
    fn page(
        &self,
        tenant: Uuid,
        status: Status,
    ) -> impl Future<Output = Result<(Vec<Self::Row>, u64)>> + Send;

    /// The newest tickets, `count` windows of them, each found from the last ticket before it.
    fn windows(
        &self,
        tenant: Uuid,
        count: usize,
    ) -> impl Future<Output = Result<Vec<Self::Row>>> + Send;

    /// Adds a ticket and returns it.
    fn create(
        &self,
        tenant: Uuid,
        new: NewTicket,
    ) -> impl Future<Output = Result<Self::Row>> + Send;

    /// Resolves a ticket that has this version, and returns it as it is stored.
    fn patch(
        &self,
        tenant: Uuid,
        id: Uuid,
        version: i64,
        attempts: i64,
    ) -> impl Future<Output = Result<Self::Row>> + Send;

    /// As [`patch`](Self::patch), of a ticket whose changes are recorded; `None` where there is no such thing.
    fn audited_patch(
        &self,
        _tenant: Uuid,
        _id: Uuid,
        _version: i64,
        _attempts: i64,
    ) -> impl Future<Output = Result<Option<Ticket>>> + Send {
        async { Ok(None) }
    }

    /// Adds all tickets or none, and returns them.
    fn create_many(
        &self,
        tenant: Uuid,
        new: Vec<NewTicket>,
    ) -> impl Future<Output = Result<Vec<Self::Row>>> + Send;

    /// All live tickets of all tenants, by tenant and id.
    fn all(&self) -> impl Future<Output = Result<Vec<Self::Row>>> + Send;

    /// The 20 newest tickets, each with its comments, by id.
    fn with_children(
        &self,
        tenant: Uuid,
    ) -> impl Future<Output = Result<WithChildren<Self::Row, Self::Note>>> + Send;

    /// How many tickets there are of each status, by its name.
    fn groups(&self, tenant: Uuid) -> impl Future<Output = Result<Vec<(String, u64)>>> + Send;
}
