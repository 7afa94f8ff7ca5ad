//! The table that a contender has for itself on Postgres, as it knows no `jsonb`: the columns and indexes of the
//! tickets, and JSON as text. Kept the same as the tickets outside of what is timed.

use uuid::Uuid;

use crate::Result;
use crate::place::Place;

/// The columns, JSON as it is cast.
macro_rules! columns_cast {
    ($to:literal) => {
        concat!(
            "id, tenant_id, subject, body, status, attempts, context::",
            $to,
            ", urgent, reporter, version, due_at, created_at, updated_at, deleted_at"
        )
    };
}

/// Makes the table, with the rows of the tickets.
pub async fn make(place: &Place) -> Result<()> {
    let Place::Server(_) = place else { return Ok(()) };
    place
        .execute(&format!(
            "CREATE TABLE toasty_tickets (LIKE tickets INCLUDING ALL); \
             ALTER TABLE toasty_tickets ALTER context TYPE text USING context::text; {}",
            copy("")
        ))
        .await
}

/// What makes the rows of a tenant the same as its tickets.
pub fn refresh(tenant: Uuid) -> String {
    let condition = format!(" WHERE tenant_id = '{tenant}'");
    format!("DELETE FROM toasty_tickets{condition}; {}", copy(&condition))
}

/// What makes the tickets of a tenant the same as its rows.
pub fn give_back(tenant: Uuid) -> String {
    format!(
        "DELETE FROM tickets WHERE tenant_id = '{tenant}'; INSERT INTO tickets ({}) SELECT {} \
         FROM toasty_tickets WHERE tenant_id = '{tenant}'",
        crate::columns!(),
        columns_cast!("jsonb")
    )
}

fn copy(condition: &str) -> String {
    let (columns, cast) = (crate::columns!(), columns_cast!("text"));
    format!("INSERT INTO toasty_tickets ({columns}) SELECT {cast} FROM tickets{condition}")
}
