//! The states of the server that mean something to core.

/// What a state is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    Conflict,
    ForeignKey,
    Check,
    NotNull,
    Immutable,
    Serialization,
    Busy,
    ReadOnly,
    StorageFull,
    TransactionFailed,
    Connection,
    Policy,
    OutOfRange,
}

/// The states that mean something to core; any other is [`Error::Backend`].
const CAUSES: &[(&str, Cause)] = &[
    ("22003", Cause::OutOfRange),        // numeric_value_out_of_range
    ("23001", Cause::ForeignKey),        // restrict_violation
    ("23502", Cause::NotNull),           // not_null_violation
    ("23503", Cause::ForeignKey),        // foreign_key_violation
    ("23505", Cause::Conflict),          // unique_violation
    ("23514", Cause::Check),             // check_violation
    ("23P01", Cause::Conflict),          // exclusion_violation
    ("25006", Cause::ReadOnly),          // read_only_sql_transaction
    ("25P02", Cause::TransactionFailed), // in_failed_sql_transaction
    ("25P03", Cause::Connection),        // idle_in_transaction_session_timeout
    ("25P04", Cause::Connection),        // transaction_timeout
    ("28000", Cause::Connection),        // invalid_authorization_specification
    ("28P01", Cause::Connection),        // invalid_password
    ("3D000", Cause::Connection),        // invalid_catalog_name: no such database
    ("40001", Cause::Serialization),     // serialization_failure
    ("40P01", Cause::Serialization),     // deadlock_detected
    ("42501", Cause::Policy),            // insufficient_privilege
    ("53100", Cause::StorageFull),       // disk_full
    ("53300", Cause::Connection),        // too_many_connections
    ("55P03", Cause::Busy),              // lock_not_available
    ("57P01", Cause::Connection),        // admin_shutdown
    ("57P02", Cause::Connection),        // crash_shutdown
    ("57P03", Cause::Connection),        // cannot_connect_now
    ("57P04", Cause::Connection),        // database_dropped
    ("57P05", Cause::Connection),        // idle_session_timeout
    ("RP001", Cause::Immutable),         // the triggers of `dialect/guards.rs`
];

/// What this state means to core.
pub(super) fn cause(code: &str) -> Option<Cause> {
    if code.starts_with("08") {
        return Some(Cause::Connection);
    }
    CAUSES.iter().find(|(state, _)| *state == code).map(|(_, cause)| *cause)
}

#[cfg(test)]
mod tests {
    use super::{CAUSES, Cause, cause};

    #[test]
    fn every_state_is_listed_once_and_in_order() {
        assert!(CAUSES.is_sorted_by(|(left, _), (right, _)| left < right));
        assert!(CAUSES.iter().all(|(state, _)| state.len() == 5));
    }

    #[test]
    fn a_state_has_its_cause_and_a_class_08_is_a_lost_connection() {
        assert_eq!(cause("23505"), Some(Cause::Conflict));
        assert_eq!(cause("40001"), Some(Cause::Serialization));
        assert_eq!(cause("40P01"), Some(Cause::Serialization));
        assert_eq!(cause("08006"), Some(Cause::Connection));
        assert_eq!(cause("42601"), None);
        assert_eq!(cause("57014"), None);
    }
}
