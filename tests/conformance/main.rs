//! What every backend does alike: one list of cases, run against each.
//!
//! Run with `scripts/test -p conformance`, and one topic or case with a filter behind it:
//! `scripts/test -p conformance tenants`. A case is a sentence, is given a [`Fixture`], and knows no
//! backend; one that is not in the list below is a warning of dead code. Not here: what a single
//! backend promises (`repo-sqlite/tests`, `repo-postgres/tests`), faults of servers and files
//! (`tests/faults`), and sequences of operations that nobody wrote down (`tests/properties`).
#![allow(clippy::unwrap_used, reason = "a case that cannot go on has failed")]

mod crud;
mod entities;
mod expect;
mod fixture;
mod values;

use fixture::{Fixture, Postgres, Sqlite, SqliteMemory};

/// A test for each case on each store: `postgres::tenants::a_row_of_another_tenant_is_not_found`.
macro_rules! conformance {
    ({ $($name:ident: $store:ty),* $(,)? } $topics:tt) => {
        $(mod $name { conformance!(@topics $store, $topics); })*
    };
    (@topics $store:ty, [$($topic:ident { $($case:ident),* $(,)? })*]) => {
        $(mod $topic { $(
            #[test]
            fn $case() {
                crate::fixture::run::<$store, _>(crate::$topic::$case);
            }
        )* })*
    };
}

conformance! {
    { sqlite: crate::Sqlite, sqlite_memory: crate::SqliteMemory, postgres: crate::Postgres }
    [
        crud {
            a_created_row_is_found,
            a_default_is_taken_unless_it_is_set,
            a_missing_row_is_not_found,
            an_empty_table_answers_every_read,
            rows_come_by_id_unless_ordered,
            one_row_is_neither_none_nor_two,
            many_are_got_in_the_order_of_their_ids,
            forty_thousand_ids_are_got_at_once,
            an_update_writes_the_whole_entity,
            a_patch_changes_only_what_it_sets,
            an_empty_patch_changes_nothing,
            a_deleted_row_without_soft_delete_is_gone,
            rows_that_never_change_are_added_and_read,
            finders_find_by_unique_and_indexed_columns,
            identities_are_made_by_the_database,
            hostile_text_is_only_text,
        }
        values {
            a_value_of_every_type_comes_back,
            a_row_of_nothing_but_null_comes_back,
            integers_keep_their_limits,
            floats_keep_every_bit,
            a_float_that_is_not_finite_is_refused,
            zero_has_no_sign,
            text_keeps_every_character_but_nul,
            empty_text_is_not_null,
            bytes_and_uuids_keep_every_bit,
            moments_days_and_times_keep_their_limits,
            nanoseconds_are_cut_off_before_anything_sees_them,
            what_no_calendar_has_is_refused,
            decimals_are_exact,
            a_decimal_takes_the_scale_of_its_column,
            a_decimal_with_too_many_digits_is_refused,
            json_comes_back_as_the_same_document,
            json_null_is_not_sql_null,
            json_with_a_nul_is_refused,
            a_text_is_no_longer_than_declared,
            an_enum_is_stored_by_its_name,
            a_stored_value_that_the_type_cannot_hold_is_a_decode_error,
            a_status_outside_of_the_enum_is_refused_by_the_database,
        }
    ]
}
