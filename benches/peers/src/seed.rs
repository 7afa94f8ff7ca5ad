//! The rows that all contenders find: the same at each run, but for ids and times.

use chrono::{DateTime, TimeDelta, Utc};
use repo_core::Database;
use uuid::Uuid;

use crate::Result;
use crate::entity::{Comment, Context, NewComment, NewTicket, Status, Ticket};

/// How much data there is.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// How many tenants.
    pub tenants: usize,
    /// How many tickets each of them has.
    pub tickets: usize,
    /// How many tickets a batch adds.
    pub batch: usize,
    /// How many tenants, the first, have comments under each ticket.
    pub discussed: usize,
}

/// Which rows the workloads are about.
#[derive(Debug, Clone)]
pub struct Seed {
    /// How much there is.
    pub size: Size,
    /// Tenants with tickets. Those of the first have comments.
    pub tenants: Vec<Uuid>,
    /// Tickets of all tenants, in an order that jumps between them.
    pub tickets: Vec<(Uuid, Uuid)>,
    /// A tenant that is written to, and has no tickets but those of the sample.
    pub writer: Uuid,
}

/// How many comments a ticket has, where it has some.
pub const COMMENTS: usize = 5;
/// How many tickets are added at once.
const LOT: usize = 10_000;
/// How many ids are remembered.
const KNOWN: usize = 5_000;

impl Size {
    /// What is measured: 100,000 rows of 100 tenants.
    pub const FULL: Self = Self { tenants: 100, tickets: 1_000, batch: 10_000, discussed: 10 };
    /// Enough to compare answers.
    pub const TINY: Self = Self { tenants: 3, tickets: 250, batch: 300, discussed: 2 };

    /// How many tickets there are in all.
    pub fn rows(self) -> usize {
        self.tenants * self.tickets
    }
}

/// Fills an empty database.
pub async fn fill(database: &Database, size: Size) -> Result<Seed> {
    let mut tenants = Vec::with_capacity(size.tenants);
    let mut known = Vec::new();
    let each = (KNOWN / size.tenants).max(1);
    for number in 0..size.tenants {
        let tenant = Uuid::now_v7();
        let session = database.tenant(tenant);
        let mut created = Vec::with_capacity(size.tickets);
        for start in (0..size.tickets).step_by(LOT) {
            let lot = (start..size.tickets.min(start + LOT)).map(new_ticket);
            created.append(&mut session.repo::<Ticket>().create_many(lot).await?);
        }
        if number < size.discussed {
            let comments: Vec<_> = created.iter().flat_map(|ticket| comments(ticket.id)).collect();
            session.repo::<Comment>().create_many(comments).await?;
        }
        let step = (created.len() / each).max(1);
        known.push(created.iter().step_by(step).map(|ticket| ticket.id).collect::<Vec<_>>());
        tenants.push(tenant);
    }
    let most = known.iter().map(Vec::len).max().unwrap_or(0);
    let jump = |n: usize| {
        let pairs = tenants.iter().zip(&known);
        pairs.filter_map(move |(tenant, ids)| Some((*tenant, *ids.get(n)?)))
    };
    let tickets = (0..most).flat_map(jump).collect();
    Ok(Seed { size, tenants, tickets, writer: Uuid::now_v7() })
}

/// The columns of this many tickets.
pub fn tickets(count: usize) -> Vec<NewTicket> {
    (0..count).map(new_ticket).collect()
}

/// The columns of the ticket number `n`, the same at each call. One in ten is new.
pub fn new_ticket(n: usize) -> NewTicket {
    let number = i64::try_from(n).unwrap_or(i64::MAX);
    NewTicket {
        subject: format!("The export of account {n} stops after the first page"),
        body: format!(
            "Since this morning the export of account {n} has one page of 500 rows, however many there \
             are. \"Next page\" is grey. Yesterday it was complete."
        ),
        status: match n % 10 {
            0 => Status::New,
            1 | 2 => Status::Analyzing,
            _ => Status::Resolved,
        },
        attempts: number % 7,
        context: Context {
            service: "billing-export".to_owned(),
            lines: u32::try_from(n % 1_000).unwrap_or(0),
            tags: vec!["export".to_owned(), "customer".to_owned()],
        },
        urgent: n.is_multiple_of(3),
        reporter: (!n.is_multiple_of(4)).then(|| format!("user{n}@example.com")),
        due_at: due(number),
    }
}

fn due(number: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::microseconds(1_780_000_000_000_001 + number * 60_000_000)
}

fn comments(ticket_id: Uuid) -> impl Iterator<Item = NewComment> {
    (0..COMMENTS).map(move |n| NewComment {
        ticket_id,
        author: format!("agent{n}@example.com"),
        text: format!("Looked at it {n} times; the cursor of the second page is empty."),
    })
}
