//! Who acts: a person, a job or another service.

use std::fmt;

use uuid::Uuid;

use crate::value::column_type::{ColumnType, class};
use crate::value::{InvalidValue, Kind, Value};

/// Who a change is recorded under in the audit trail.
///
/// `session.actor("alice")` and `session.actor(user_id)` name a person; what is not a person is said
/// explicitly: `session.actor(Actor::System("nightly-cleanup"))`. The trail stores it as text:
/// `user:alice`, `system:nightly-cleanup`, `service:billing`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Actor<T = String> {
    /// A person, by their id.
    User(T),
    /// A job of this application, by its name.
    System(T),
    /// Another service, by its name.
    Service(T),
}

impl Actor {
    /// Whether the id or the name has no characters but spaces: then nobody acts.
    pub(crate) fn is_nobody(&self) -> bool {
        let (Actor::User(id) | Actor::System(id) | Actor::Service(id)) = self;
        id.trim().is_empty()
    }
}

impl<T> Actor<T> {
    fn map<U>(self, change: impl FnOnce(T) -> U) -> Actor<U> {
        match self {
            Actor::User(id) => Actor::User(change(id)),
            Actor::System(name) => Actor::System(change(name)),
            Actor::Service(name) => Actor::Service(change(name)),
        }
    }
}

impl From<&str> for Actor {
    fn from(id: &str) -> Self {
        Actor::User(id.to_owned())
    }
}

impl From<String> for Actor {
    fn from(id: String) -> Self {
        Actor::User(id)
    }
}

impl From<Uuid> for Actor {
    fn from(id: Uuid) -> Self {
        Actor::User(id.to_string())
    }
}

impl From<i64> for Actor {
    fn from(id: i64) -> Self {
        Actor::User(id.to_string())
    }
}

impl From<Actor<&str>> for Actor {
    fn from(actor: Actor<&str>) -> Self {
        actor.map(str::to_owned)
    }
}

impl From<Actor<Uuid>> for Actor {
    fn from(actor: Actor<Uuid>) -> Self {
        actor.map(|id| id.to_string())
    }
}

impl From<Actor<i64>> for Actor {
    fn from(actor: Actor<i64>) -> Self {
        actor.map(|id| id.to_string())
    }
}

impl From<&Actor> for Actor {
    fn from(actor: &Actor) -> Self {
        actor.clone()
    }
}

impl<T: fmt::Display> fmt::Display for Actor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Actor::User(id) => write!(f, "user:{id}"),
            Actor::System(name) => write!(f, "system:{name}"),
            Actor::Service(name) => write!(f, "service:{name}"),
        }
    }
}

impl ColumnType for Actor {
    type Bare = Self;
    type Class = class::Text;
    const KIND: Kind = Kind::Text;

    fn encode(&self, _: Kind) -> Result<Value<'_>, InvalidValue> {
        let text = self.to_string();
        if text.contains('\0') {
            return Err(InvalidValue::new("holds a NUL character"));
        }
        Ok(Value::Text(text.into()))
    }

    fn decode(value: Value<'_>) -> Result<Self, InvalidValue> {
        let text = String::decode(value)?;
        let actor = match text.split_once(':') {
            Some(("user", id)) => Actor::User(id),
            Some(("system", name)) => Actor::System(name),
            Some(("service", name)) => Actor::Service(name),
            _ => return Err(InvalidValue::new("is no actor")),
        };
        Ok(actor.into())
    }
}
