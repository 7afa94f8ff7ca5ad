//! What no way to a database can leave out: the entity, and the text of its JSON.

use benches::{NewTicket, Result, Status, Ticket};
use chrono::{SubsecRound, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::instant::{CONTEXT, ID, REPORTER, STATUS, SUBJECT, moment};

/// The ticket of the row that the backend answers with.
pub(crate) fn ticket() -> Result<Ticket> {
    Ok(Ticket {
        id: ID,
        tenant_id: ID,
        subject: SUBJECT.to_owned(),
        status: Status::parse(STATUS).ok_or("an unknown status")?,
        attempts: 3,
        context: serde_json::from_str(CONTEXT)?,
        amount: Decimal::new(4_200, 2),
        urgent: true,
        reporter: Some(REPORTER.to_owned()),
        version: 1,
        created_at: moment(),
        updated_at: moment(),
        deleted_at: None,
    })
}

/// A new ticket, and its JSON.
pub(crate) fn create(new: NewTicket) -> Result<(Ticket, String)> {
    let now = Utc::now().trunc_subsecs(6);
    let context = serde_json::to_string(&new.context)?;
    let ticket = Ticket {
        id: Uuid::now_v7(),
        tenant_id: ID,
        subject: new.subject,
        status: new.status,
        attempts: new.attempts,
        context: new.context,
        amount: new.amount,
        urgent: new.urgent,
        reporter: new.reporter,
        version: 1,
        created_at: now,
        updated_at: now,
        deleted_at: None,
    };
    Ok((ticket, context))
}
