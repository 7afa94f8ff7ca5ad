//! Who makes a change, for whom, why and when: what the entries of one operation have in common.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::Action;
use super::format::Known;
use crate::error::{Error, Result};
use crate::schema::table::Table;
use crate::session::Session;
use crate::session::scope::{Reach, Scope};
use crate::value::{Kind, Value};

/// The most bytes of a text of an entry that is looked up by an index: one of Postgres holds some 2,700 in all.
pub(crate) const LONGEST: usize = 1_000;

/// The author of an operation.
#[derive(Debug, Clone)]
pub(crate) struct Author {
    /// The tenant as text, or nothing for what belongs to none.
    pub(crate) tenant: Arc<str>,
    pub(crate) actor: Arc<str>,
    pub(crate) correlation_id: Option<Arc<str>>,
    pub(crate) reason: Option<Arc<str>>,
    pub(crate) at: DateTime<Utc>,
}

impl Author {
    /// The author of what `session` does to a row of `table`; none where that is not recorded.
    pub(crate) fn of<S: Scope>(session: &Session<S>, table: &Table) -> Result<Option<Self>> {
        if table.audit.is_none() {
            return Ok(None);
        }
        let reach = match table.tenant() {
            None => Reach::Shared,
            Some(column) => session
                .scope()
                .reach()
                .map_err(|invalid| Error::invalid_value(column.name, invalid))?,
        };
        Self::acting(session, reach, table.entity).map(Some)
    }

    /// The same of what has the time `at` in the row too.
    pub(crate) fn at<S: Scope>(
        session: &Session<S>,
        table: &Table,
        at: DateTime<Utc>,
    ) -> Result<Option<Self>> {
        let author = Self::of(session, table)?;
        Ok(author.map(|author| Self { at, ..author }))
    }

    /// The author of what `session` does in this reach.
    pub(crate) fn acting<S: Scope>(
        session: &Session<S>,
        reach: Reach,
        entity: &'static str,
    ) -> Result<Self> {
        let actor = session.acting().filter(|actor| !actor.is_nobody());
        let actor = actor.ok_or(Error::MissingActor { entity })?.to_string();
        let tenant = match reach {
            Reach::Tenant(tenant) => tenant,
            Reach::Shared | Reach::All => String::new(),
        };
        let author = Self {
            tenant: tenant.into(),
            actor: actor.into(),
            correlation_id: session.correlation_id().map(Arc::from),
            reason: session.reason_of_change().map(Arc::from),
            at: session.database().now()?,
        };
        author.check()?;
        Ok(author)
    }

    /// What is known of an entry before the database is asked.
    pub(crate) fn known<'a>(&'a self, entity: &'a str, action: Action) -> Known<'a> {
        Known {
            tenant: &self.tenant,
            entity,
            action: action.as_str(),
            actor: &self.actor,
            correlation_id: self.correlation_id.as_deref(),
            reason: self.reason.as_deref(),
            at: self.at,
        }
    }

    /// The parameters of a statement that records a change by itself.
    pub(crate) fn params(&self, entity: &str, action: Action) -> [Value<'_>; 6] {
        [
            Value::Text((&*self.tenant).into()),
            Value::Bytes(self.known(entity, action).encode().into()),
            Value::Text((&*self.actor).into()),
            optional(self.correlation_id.as_deref()),
            optional(self.reason.as_deref()),
            Value::Timestamp(self.at),
        ]
    }

    /// Texts come from requests. No database stores NUL, and an index of Postgres no long text.
    fn check(&self) -> Result<()> {
        let indexed = [("actor", Some(&self.actor)), ("correlation", self.correlation_id.as_ref())];
        let reason = [("reason", self.reason.as_ref())];
        for (name, text) in indexed.into_iter().chain(reason) {
            if text.is_some_and(|text| text.contains('\0')) {
                return Err(Error::invalid_input(name, "holds a NUL character"));
            }
        }
        for (name, text) in indexed {
            if text.is_some_and(|text| text.len() > LONGEST) {
                let reason = format!("is longer than {LONGEST} bytes");
                return Err(Error::invalid_input(name, reason));
            }
        }
        Ok(())
    }
}

fn optional(text: Option<&str>) -> Value<'_> {
    text.map_or(Value::Null(Kind::Text), |text| Value::Text(text.into()))
}
