//! What every backend does alike: one list of cases, run against each.
//!
//! Run with `scripts/test -p conformance`, and one topic or case with a filter behind it:
//! `scripts/test -p conformance tenants`. A case is a sentence, is given a [`fixture::Fixture`], and knows no
//! backend; one that is not in the list below is a warning of dead code. Not here: what a single
//! backend promises (`repo-sqlite/tests`, `repo-postgres/tests`), faults of servers and files
//! (`tests/faults`), and sequences of operations that nobody wrote down (`tests/properties`).
#![allow(clippy::unwrap_used, reason = "a case that cannot go on has failed")]

mod aggregates;
mod arrivals;
mod assigned_ids;
mod attacker;
mod audit;
mod audit_concurrency;
mod audit_holes;
mod audit_reading;
mod audit_vectors;
mod batches;
mod broken_references;
mod buckets;
mod bulk;
mod capture;
mod cascades;
mod context;
mod crud;
mod decimals_by_hand;
mod decoding;
mod doctor;
mod documents;
mod entities;
mod escapes;
mod events;
mod expect;
mod expiry;
mod far_relations;
mod filter_data;
mod filters;
mod fixture;
mod groups;
mod guards;
mod hooked;
mod hooks;
mod idempotent;
mod ids;
mod import_trees;
mod imports;
mod isolation;

mod kept_rows;
mod keys_of_others;
mod left_as_it_was;
mod left_out;
mod left_to_defaults;
mod limited_relations;
mod nesting;
mod ordering;
mod own_triggers;
mod own_types;
mod pages;
mod parents;
mod percentiles;
mod places;
mod portable;
mod projections;
mod queries_by_hand;
mod queues;
mod references;
mod refused_rows;
mod refused_texts;
mod related_rows;
mod relations;
mod retention;
mod rows_by_hand;
mod rows_in_order;
mod search;
mod secrets;
mod series;
mod soft_delete;
mod spellings;
mod statements;
mod streams;
mod summaries;
mod sums;
mod tables;
mod tampering;
mod tangles;
mod temporary;
mod tenants;
mod transactions;
mod unique;
mod upserts;
mod upserts_together;
mod validation;
mod values;
mod versions;
mod windows;
mod write_paths;

use fixture::{AdoptedPostgres, AdoptedSqlite, Postgres, PostgresRls, Sqlite, SqliteMemory};

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
    {
        sqlite: crate::Sqlite,
        sqlite_memory: crate::SqliteMemory,
        postgres: crate::Postgres,
        postgres_rls: crate::PostgresRls,
        adopted_sqlite: crate::AdoptedSqlite,
        adopted_postgres: crate::AdoptedPostgres,
    }
    [
        aggregates {
            numbers_of_every_type_have_a_sum_and_an_average,
            every_type_has_extremes_and_different_values,
            of_no_rows_and_of_null_there_is_nothing,
            a_sum_is_exact_in_any_order_or_out_of_range,
            decimals_are_exact_and_averages_rounded_alike,
            every_policy_of_the_query_holds,
            a_transaction_sees_its_own_rows,
            what_is_not_about_all_rows_is_refused,
            a_percentile_is_one_of_the_values,
        }
        arrivals {
            nobody_comes_to_a_row_that_was_held_before_it_is_deleted,
            nor_to_one_that_does_not_take_it_along,
            nor_to_a_row_that_goes_with_another,
            nor_where_all_of_it_is_recorded,
        }
        assigned_ids {
            a_row_has_the_id_that_it_was_given,
            numbers_and_uuids_are_given_too,
            an_id_with_a_default_may_be_left_out,
            an_id_that_is_taken_is_a_conflict,
            a_row_that_never_changes_is_given_its_id_once,
            of_many_who_give_one_id_at_once_one_has_it,
            a_row_is_created_once_by_its_id,
            a_row_is_upserted_by_its_id,
            an_id_that_is_made_is_no_key_to_create_by,
            texts_are_in_order_and_windows_end_at_them,
            rows_refer_to_texts_and_go_and_come_back_with_them,
            the_trail_names_rows_by_the_ids_they_were_given,
            ids_go_through_a_file_as_they_are,
            an_id_longer_than_its_column_is_refused,
            a_row_that_was_there_before_the_trail_may_come_again,
            an_id_may_be_unique_over_all_tenants,
            an_error_shows_an_id_once_and_not_all_of_a_long_one,
            the_doctor_finds_tables_with_given_ids_well,
            ids_that_were_made_may_be_given_from_now_on,
            numbers_of_tenants_that_were_made_are_unique_over_all_until_the_key_changes,
            a_taken_number_is_called_by_its_column_whenever_its_triggers_were_made,
        }
        audit {
            every_change_of_a_row_is_an_entry,
            an_entry_is_the_same_by_itself_and_in_a_transaction,
            what_changes_nothing_is_no_entry,
            nobody_changes_what_is_recorded,
            what_is_undone_leaves_no_entry,
            each_row_of_a_batch_has_its_entry,
            each_tenant_has_its_own_trail,
            an_unchained_entry_stands_alone,
            a_recorded_change_costs_few_statements,
        }
        audit_concurrency {
            many_writers_make_chains_without_gaps,
            what_an_entry_says_was_there_is_what_the_one_before_it_left,
            an_open_transaction_stalls_nobody_elses_writes,
            a_row_as_of_a_moment_is_none_of_later_beside_a_writer,
            who_changes_a_row_and_who_adds_children_of_it_wait_in_no_circle,
        }
        audit_holes {
            what_was_recorded_outlives_a_nested_transaction_that_is_undone,
            a_batch_that_is_undone_takes_no_entry_of_before_along,
            a_change_whose_recording_is_cancelled_is_not_committed,
            a_nested_change_whose_recording_is_cancelled_is_undone_alone,
            a_change_beside_a_nested_transaction_has_its_entry,
            nothing_is_committed_amid_a_change,
            sql_by_hand_ends_no_transaction,
            each_actor_who_looks_at_all_tenants_is_recorded,
            a_forged_entry_outside_of_the_chain_tells_nothing_of_a_row_in_it,
            a_row_as_of_a_moment_is_one_that_it_was,
            entries_at_the_end_of_all_numbers_keep_nobody_from_recording,
            a_head_that_is_not_the_end_is_no_conflict_of_the_row,
            the_last_number_of_a_chain_is_given,
            a_tenant_whose_name_no_index_holds_is_refused,
        }
        audit_reading {
            the_trail_is_asked_in_many_ways,
            recent_goes_back_to_the_first_entry,
            an_image_shows_its_columns,
            a_row_is_rebuilt_as_it_was,
            a_row_is_there_from_the_moment_that_it_says,
            every_type_is_rebuilt,
            a_renamed_column_is_found_by_its_old_name,
            a_column_that_was_added_later_is_what_the_struct_says,
            what_an_entry_tells_is_not_what_the_struct_says,
            a_row_that_is_older_than_the_trail_was_not_absent,
            of_what_was_removed_from_the_trail_nothing_is_claimed,
            a_renamed_table_keeps_its_history,
            an_audited_entity_where_another_was_is_refused_whichever_comes_first,
            a_secret_that_must_be_there_is_not_made_up,
            what_became_sensitive_later_is_not_shown_again,
        }
        audit_vectors {
            what_is_written_has_the_images_and_hashes_of_the_vectors,
        }
        batches {
            ten_thousand_rows_come_back_in_order,
            each_identity_belongs_to_its_row,
            identities_belong_to_their_rows_beside_other_writers,
            a_conflict_in_the_middle_leaves_nothing,
            a_row_that_does_not_fit_leaves_nothing,
            a_batch_is_part_of_its_transaction,
            wide_rows_fit_in_any_number,
            one_row_is_a_batch,
        }
        broken_references {
            an_error_names_the_reference_of_each_way_to_write,
            an_error_names_the_reference_of_what_is_recorded,
            a_reference_of_another_name_is_known_by_its_columns,
        }
        buckets {
            a_bucket_has_its_start_and_not_its_end,
            a_bucket_may_be_long_or_one_of_several_keys,
            empty_buckets_are_there_on_request,
            a_day_is_in_a_bucket_of_whole_days,
            empty_buckets_of_days_are_there_on_request,
            a_moment_is_in_the_bucket_of_the_last_edge_before_it,
            buckets_between_edges_are_keys_beside_others,
            a_summary_has_a_bucket_between_edges,
            a_day_is_in_the_bucket_of_the_last_edge_before_it,
            thousands_of_edges_are_one_statement,
            edges_that_do_not_ascend_are_refused,
        }
        bulk {
            all_rows_of_a_query_are_patched,
            each_patched_row_is_an_entry,
            all_rows_of_a_query_are_deleted_with_what_goes_along,
            rows_that_are_removed_are_entries_or_one_statement,
            a_bulk_change_has_an_actor_and_a_plain_query,
            a_bulk_change_is_all_or_nothing,
            many_rows_are_patched_and_deleted_by_id,
            many_rows_are_restored_and_purged_by_id,
            nothing_is_moved_under_a_deleted_parent_in_bulk,
            all_rows_of_a_table_are_patched_by_one_statement,
            a_statement_that_fails_leaves_its_transaction,
            a_row_that_goes_with_another_is_counted,
            an_id_given_twice_is_one_row,
            a_bulk_change_in_a_read_only_transaction_is_refused,
            what_is_wrong_with_a_query_is_told_first,
            a_bulk_change_does_not_pass_over_what_others_hold,
            rows_that_refer_to_each_other_go_at_once,
        }
        cascades {
            children_are_deleted_with_their_parent,
            each_deleted_child_is_an_entry,
            exactly_what_it_deleted_comes_back,
            a_long_line_of_rows_goes_and_comes_back,
            rows_that_refer_to_each_other_go_together,
            a_child_stays_deleted_while_its_parent_is,
            a_row_of_two_parents_comes_back_when_both_are_there,
            a_row_comes_back_as_it_was_also_to_one_that_has_gone_since,
            a_child_that_collides_keeps_all_deleted,
            a_failed_cascade_is_survived_by_its_transaction,
            the_version_is_that_of_the_row_itself,
            no_row_of_another_tenant_goes_along,
            nobody_deletes_what_is_recorded,
            what_goes_along_must_be_known,
            what_is_recorded_is_removed_row_by_row,
            what_is_recorded_is_not_removed_by_who_does_not_know_it,
            a_purge_removes_what_went_along,
            below_a_row_that_keeps_no_mark_rows_are_removed_with_it,
        }
        context {
            a_row_keeps_the_correlation_of_its_creation,
            a_correlation_that_is_required_must_be_there_and_fit,
            time_comes_from_the_clock,
            a_clock_finer_than_a_microsecond_is_cut,
            a_time_that_no_database_keeps_is_told_of_the_clock,
            ids_come_from_their_source,
            ids_made_later_sort_later,
            a_closed_database_says_so,
        }
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
        decimals_by_hand {
            a_decimal_is_read_and_bound_as_its_column,
            a_literal_is_bound_as_its_column,
            a_decimal_is_written_by_hand_as_its_column,
            what_is_computed_of_decimals_is_read_with_its_digits,
            a_decimal_of_no_column_is_refused,
            a_value_of_any_type_is_read_and_bound_as_its_column,
        }
        decoding {
            a_stored_value_that_the_type_cannot_hold_is_a_decode_error,
            a_status_outside_of_the_enum_is_refused_by_the_database,
            a_column_of_another_type_is_a_decode_error,
            a_change_whose_row_cannot_be_decoded_is_an_error,
            what_the_repository_would_not_write_it_does_not_read,
            nothing_is_added_under_a_parent_that_does_not_tell_whether_it_is_deleted,
            of_a_row_that_cannot_be_read_nothing_else_is_said,
            a_row_whose_id_cannot_be_read_is_not_taken_for_missing,
        }
        doctor {
            it_finds_nothing_wrong_with_a_new_schema,
            it_names_every_table_that_is_missing,
            it_names_every_trigger_that_is_dropped,
            it_names_a_trigger_of_the_trail_that_is_none_of_its_own,
            it_names_a_foreign_key_that_changes_rows_unseen,
            it_names_a_second_foreign_key_that_removes_rows_unseen,
            it_names_a_unique_index_that_is_not_as_it_should_be,
            it_names_an_index_that_does_not_find_what_it_should,
            it_names_all_that_a_table_of_before_lacks,
            it_names_a_column_that_refuses_what_the_schema_lets_be_null,
            it_says_of_a_view_that_it_is_no_table_and_no_more,
        }
        documents {
            json_comes_back_as_the_same_document,
            every_float_of_a_document_comes_back,
            a_document_is_given_back_as_it_was_given_until_it_is_read,
            json_null_is_not_sql_null,
            json_with_a_nul_is_refused,
            a_document_that_could_not_be_read_again_is_refused,
        }
        left_out {
            a_row_that_is_left_out_is_no_success,
            a_change_whose_entry_is_left_out_is_no_success,
            an_entry_that_the_trail_leaves_out_is_an_error_or_a_gap,
            a_row_that_a_view_takes_is_added_or_refused,
        }
        left_to_defaults {
            what_was_not_set_is_not_compared,
            what_was_not_set_is_left_as_it_is,
            each_row_of_many_has_set_columns_of_its_own,
        }
        left_as_it_was {
            a_row_that_is_left_as_it_was_is_no_success,
            a_row_that_others_change_back_and_forth_is_none_that_is_left,
            a_row_whose_parent_comes_and_goes_is_none_that_is_left,
            what_goes_along_and_is_left_out_keeps_the_whole,
        }
        refused_texts {
            sql_by_hand_that_is_not_whole_is_refused,
            a_body_in_dollar_quotes_has_parameters_of_its_own,
            who_acts_and_for_what_is_short_enough_to_be_found_again,
            a_time_that_no_column_holds_purges_nothing,
        }
        temporary {
            what_would_hide_a_table_is_not_made_by_hand,
            what_would_change_the_connection_is_not_run_by_hand,
            what_sql_by_hand_leaves_on_a_connection_is_nobody_elses,
            what_is_only_called_temporary_is_made_by_hand,
            a_schema_is_temporary_where_the_database_has_it_so,
        }
        escapes {
            a_look_beside_a_transaction_waits_only_for_its_entry,
            looking_at_all_tenants_is_recorded_once,
            looking_at_all_tenants_by_hand_is_recorded,
            a_look_is_recorded_although_its_transaction_is_undone,
            without_a_trail_a_look_is_not_recorded,
            a_trail_that_cannot_be_written_is_not_one_that_is_missing,
            what_sql_by_hand_writes_is_recorded,
            sql_by_hand_that_cannot_be_recorded_does_not_happen,
            a_table_that_sql_by_hand_does_not_find_is_told_as_it_is,
            sql_by_hand_that_breaks_a_key_is_a_conflict,
            a_query_by_hand_reads_typed_rows_and_writes_nothing,
        }
        events {
            every_path_tells_what_it_committed,
            what_is_told_is_what_is_recorded,
            no_path_tells_of_a_row_of_another_tenant,
            an_event_has_the_row_as_it_was_and_as_it_is,
            events_come_in_the_order_of_the_changes_after_the_commit,
            a_listener_can_use_the_database,
            a_listener_that_panics_undoes_and_hides_nothing,
            a_hook_that_panics_keeps_nobody_from_being_told,
            an_event_tells_whose_row_it_is,
            a_removal_over_all_tenants_is_told_of_each,
            many_rows_are_told_one_by_one,
            clones_of_a_database_tell_the_same_listeners,
        }
        expiry {
            what_is_old_is_deleted_in_chunks,
            each_row_of_a_chunk_is_an_entry,
            a_chunk_that_fails_leaves_those_before_it,
            what_goes_along_with_a_chunk_is_deleted_too,
            what_cannot_be_done_in_chunks_is_refused,
        }
        far_relations {
            rows_are_ordered_by_what_lies_several_relations_away,
            a_client_sorts_by_what_lies_several_relations_away,
            rows_are_grouped_by_what_lies_several_relations_away,
            what_is_hidden_on_the_way_is_null,
            a_step_never_leaves_the_tenant,
            a_cursor_belongs_to_all_relations_on_its_way,
            a_way_through_recorded_rows_of_all_tenants_is_an_entry,
        }
        filter_data {
            a_filter_that_was_data_answers_the_same,
            a_filter_from_outside_stays_within_the_tenant,
            the_largest_filter_from_outside_is_answered,
        }
        filters {
            every_type_is_compared_alike,
            a_bool_is_compared_as_false_before_true,
            a_value_finer_than_its_column_is_refused_or_cut,
            filters_are_joined_in_every_way,
            thousands_of_conditions_are_no_problem,
            more_conditions_than_parameters_are_refused,
            conditions_are_nested_so_deep_and_no_deeper,
            a_complement_of_a_complement_is_the_filter,
            what_rows_find_is_nested_so_deep_and_no_deeper,
            a_moment_is_of_the_last_day,
            forty_thousand_members_are_one_list,
            lists_of_every_text_are_compared_exactly,
            no_character_of_a_searched_text_is_special,
            a_search_is_about_place_and_case,
            a_filter_shows_its_shape_and_no_value,
        }
        groups {
            a_group_has_its_key_and_its_aggregates,
            keys_are_up_to_four_and_of_any_type,
            conditions_on_groups_are_nested_so_deep_and_no_deeper,
            a_condition_on_an_aggregate_picks_groups,
            groups_are_ordered_by_aggregates_and_cut,
            large_sums_are_compared_and_ordered_exactly,
            an_infinite_sum_is_out_of_range_wherever_it_is_asked_for,
            groups_are_of_the_tenant_and_one_statement,
            what_cannot_be_grouped_is_refused,
        }
        guards {
            a_row_that_never_changes_is_changed_by_no_sql,
            a_change_of_no_row_is_no_error,
            a_key_of_a_row_that_never_changes_conflicts_as_any,
            a_cascade_stops_at_a_row_that_never_changes,
            the_audit_trail_is_changed_by_no_sql,
            a_transaction_names_what_refused_it,
            no_sql_links_a_row_to_one_of_another_tenant,
        }
        hooks {
            hooks_run_in_order_after_the_commit,
            a_hook_sees_what_was_committed,
            no_hook_runs_without_a_commit,
            a_hook_goes_with_the_level_it_was_given_on,
            outside_a_transaction_a_hook_runs_at_once,
        }
        isolation {
            it_is_seen_by_others_only_when_it_is_committed,
            a_read_only_one_reads,
            a_snapshot_stays_as_it_was,
            serializable_ones_run_as_if_one_after_the_other,
            a_lock_needs_a_transaction,
            a_row_is_locked_by_its_id,
            no_increment_under_a_lock_is_lost,
            the_session_outside_does_not_reach_into_it,
            two_that_wait_for_each_other_can_be_run_again,
            a_lock_is_a_write_and_refused_in_a_read_only_one,
            operations_at_once_in_one_stand_in_line,
            operations_of_several_statements_stand_in_line_as_well,
            a_stream_of_operations_in_one_goes_on_beside_others,
            two_pools_write_beside_each_other,
        }
        nesting {
            a_nested_one_is_undone_alone,
            a_nested_one_goes_with_the_one_around_it,
            an_error_in_a_nested_one_is_survived,
            the_outer_one_waits_for_the_inner_one,
            options_belong_to_the_outermost,
            a_level_that_was_dropped_keeps_nothing_of_its_own,
            the_levels_end_with_the_one_around_them,
            levels_may_be_many_and_deep,
        }
        ordering {
            null_ranks_above_every_value,
            null_stands_where_it_is_put,
            several_keys_count_one_after_the_other,
            the_id_decides_among_equals,
            text_is_ordered_by_its_bytes,
            an_enum_is_ordered_by_its_stored_name,
            a_client_sorts_by_what_is_listed,
            a_client_sorts_by_what_a_row_refers_to,
            a_cursor_of_another_sort_is_refused,
            a_client_sorts_by_nothing_that_is_not_listed,
        }
        own_types {
            what_a_type_gives_is_held_to_the_limits_of_its_column,
            what_create_returns_is_stored_whatever_the_type_makes_of_it,
        }
        own_triggers {
            what_a_trigger_makes_of_a_row_is_read_later,
        }
        pages {
            a_page_has_its_rows_and_the_total,
            beyond_the_end_there_is_the_right_total,
            a_row_of_nulls_is_a_row,
            sizes_and_numbers_that_mean_nothing_are_refused,
            a_page_has_its_own_size,
            a_page_can_lock_its_rows,
        }
        limited_relations {
            each_row_comes_with_its_first_few,
            the_first_few_of_all_rows_are_one_statement,
            the_first_few_by_an_index_are_looked_up_for_each_row,
            the_first_few_are_found_by_texts_too,
            the_first_few_come_with_what_they_find,
            the_first_few_are_those_in_the_order_of_what_they_find,
            the_first_few_beside_a_row_are_counted_once,
            what_is_deleted_is_none_of_the_first_few,
            each_tenant_has_its_own_first_few,
            a_look_at_the_first_few_recorded_rows_of_all_tenants_is_an_entry,
        }
        parents {
            nothing_is_created_under_a_deleted_parent,
            nothing_is_moved_under_a_deleted_parent,
            what_refers_to_a_deleted_row_already_can_be_changed,
            a_parent_that_is_missing_is_no_deleted_one,
            a_refusal_lets_the_transaction_go_on,
            no_child_slips_under_a_parent_that_is_being_deleted,
            whoever_adds_a_child_and_changes_its_parent_waits_for_nobody_in_a_circle,
            a_guarded_row_is_one_statement,
        }
        idempotent {
            of_many_at_once_one_adds_the_row,
            who_adds_a_row_at_once_may_meet_at_any_of_its_keys,
            another_key_that_is_taken_is_a_conflict_in_a_transaction_too,
            a_key_of_another_tenant_fails_the_transaction,
            the_same_key_with_another_payload_is_a_mismatch,
            a_key_may_have_several_columns_and_must_be_one,
            a_deleted_row_does_not_have_the_key,
            it_is_part_of_its_transaction,
        }
        ids {
            a_row_may_be_an_identity_and_nothing_else,
            after_the_highest_number_there_is_none,
            a_row_may_refer_to_itself_and_go,
            one_id_of_two_tenants_is_two_rows_over_all_tenants,
        }
        kept_rows {
            a_row_that_is_referred_to_stays_and_the_others_go,
            no_tenant_waits_for_a_row_of_another,
            rows_that_keep_each_other_go_in_any_chunks,
            rows_that_later_ones_keep_are_set_aside_at_once,
            what_refers_by_a_key_of_the_application_keeps_a_row,
            a_look_over_all_tenants_at_what_refers_is_somebodys,
        }
        keys_of_others {
            a_declared_key_is_told_alike_whatever_it_is_called,
            so_it_is_in_another_order_and_without_the_tenant,
            a_column_that_the_entity_does_not_name_is_told_by_its_plain_name,
            a_key_that_counts_deleted_rows_too_is_a_conflict_and_not_tried_for_ever,
            a_key_that_is_not_declared_is_told_as_the_database_knows_it,
            the_capitals_of_sqlite_make_no_difference,
        }
        percentiles {
            a_group_has_its_percentiles,
            a_percentile_is_the_same_beside_others_and_alone,
            between_two_values_it_is_in_proportion,
            what_is_no_share_is_refused,
        }
        import_trees {
            no_live_row_is_imported_under_a_deleted_one_of_its_file,
            rows_of_a_file_stand_below_what_they_refer_to,
            rows_of_somebody_else_have_the_correlation_of_the_session,
            an_import_that_is_given_up_leaves_nothing,
        }
        imports {
            secrets_are_left_out_unless_they_are_asked_for,
            a_file_of_another_tenant_is_taken_over_only_by_saying_so,
            a_row_that_is_there_is_a_conflict_on_its_line,
            ids_are_kept_or_made_anew,
            each_imported_row_is_an_entry,
            a_live_row_under_a_deleted_parent_comes_back_as_it_was,
            no_live_row_is_imported_under_a_deleted_one_that_takes_it_along,
            a_table_of_somebody_else_needs_only_what_a_caller_gives,
            a_file_from_elsewhere_may_leave_out_what_a_new_row_may,
            what_is_wrong_with_a_file_is_named,
        }
        places {
            a_document_is_asked_at_a_place,
            an_array_has_an_element_that_is_equal,
            an_element_is_of_the_column_that_is_asked_whatever_its_name,
            numbers_and_texts_of_documents_are_ordered,
            a_number_beyond_all_doubles_is_compared_with_the_nearest,
            a_place_has_as_many_steps_as_a_document_has_levels,
            the_name_of_a_member_is_any_text,
            a_column_is_compared_with_another,
            a_day_is_half_open,
            text_is_equal_in_any_case,
        }
        portable {
            what_is_exported_is_imported_and_exported_alike,
            what_the_types_do_not_hold_is_exported_all_the_same,
            rows_come_back_with_their_versions_times_and_marks,
            a_file_shows_what_it_holds,
            many_rows_are_exported_in_the_order_of_their_query,
            a_writer_that_fails_ends_the_export,
            rows_are_exported_in_the_order_of_what_they_refer_to,
        }
        projections {
            a_projection_is_some_columns_of_the_rows,
            only_its_columns_are_read,
            pages_and_windows_have_projections,
            what_is_hidden_is_not_in_a_projection,
        }
        related_rows {
            rows_of_all_tenants_come_with_what_they_share,
            several_rows_of_all_tenants_are_not_the_one,
            what_a_deletion_leaves_alone_is_not_deleted_by_the_next_chunk,
            a_group_by_recorded_rows_of_all_tenants_is_an_entry,
            a_reference_may_be_called_as_a_keyword,
            rows_that_choose_each_other_are_chosen_before_any_is_changed,
        }
        relations {
            rows_come_with_what_they_refer_to,
            which_rows_come_may_be_said_after_what_they_find,
            rows_come_with_those_that_refer_to_them,
            a_row_comes_with_the_one_that_refers_to_it,
            rows_come_with_the_other_side_of_a_join,
            each_entity_takes_one_statement,
            a_deleted_parent_is_hidden_or_shown_and_hides_nothing,
            rows_are_filtered_by_what_they_find,
            a_row_that_finds_several_is_in_one_place_of_its_pages,
            rows_are_ordered_by_what_they_refer_to,
            rows_are_grouped_by_what_they_refer_to,
            a_cursor_belongs_to_its_relation,
            rows_of_other_tenants_are_never_found,
            many_rows_are_changed_by_what_they_find,
            a_look_at_recorded_rows_of_all_tenants_is_an_entry,
        }
        queries_by_hand {
            a_query_by_hand_gives_what_a_projection_says,
            parameters_are_bound_by_name,
            what_belongs_to_tenants_needs_a_reason,
            a_query_by_hand_only_reads,
        }
        queues {
            each_job_is_taken_by_one_worker,
            jobs_of_a_worker_that_is_gone_are_left_to_others,
            rows_that_nobody_holds_are_locked_alike,
            rows_are_locked_where_a_transaction_writes,
        }
        references {
            a_row_refers_to_rows_that_are_there,
            a_reference_to_nothing_is_refused,
            a_parent_stays_while_a_row_refers_to_it,
            a_cascade_removes_the_rows_of_its_parent_only,
            a_row_of_another_tenant_cannot_be_referred_to,
            nor_by_sql_that_somebody_writes_by_hand,
            a_purge_stops_at_a_row_that_refers_to_it,
            an_error_tells_the_side_of_the_reference,
            the_side_of_a_reference_is_told_whatever_tables_and_columns_are_called,
            a_change_of_what_the_application_refers_to_is_no_removal,
        }
        refused_rows {
            a_row_that_conflicts_is_named_in_any_number,
            of_two_rows_with_one_key_the_second_is_named,
            the_first_row_that_is_refused_is_named_whatever_refuses_it,
            a_value_that_does_not_fit_is_of_its_row,
            in_a_transaction_the_row_is_named_among_what_is_there,
            a_row_of_an_upsert_a_patch_or_a_deletion_is_named,
            rows_that_are_refused_leave_the_others,
            only_what_is_added_is_recorded,
            nothing_is_added_in_part_under_a_deleted_parent,
            a_partial_batch_is_part_of_its_transaction,
        }
        retention {
            what_was_deleted_before_is_removed,
            each_removed_row_is_an_entry,
            a_tree_is_removed_in_any_chunks,
            all_tenants_have_one_retention,
            one_tenant_removes_its_own,
            what_belongs_to_no_tenant_is_removed_without_one,
        }
        rows_by_hand {
            every_field_is_the_column_of_its_name,
            a_row_of_no_entity_is_checked_as_any_other,
            a_row_of_no_entity_is_no_way_to_rows_of_tenants,
        }
        rows_in_order {
            no_row_of_many_refers_to_one_that_comes_after_it,
            however_many_they_are_each_comes_after_what_it_refers_to,
            a_transaction_goes_on_where_no_row_was_sent,
        }
        search {
            what_is_not_sought_is_no_condition,
        }
        secrets {
            a_planted_secret_is_told_by_nothing_but_its_row,
        }
        series {
            the_latest_row_is_the_one_with_the_greatest_value,
            of_rows_that_are_alike_in_all_the_id_decides,
            each_key_has_its_latest_row,
            the_earliest_row_is_the_one_with_the_least_value_and_each_key_has_its_own,
            recent_rows_are_those_of_the_last_while,
            a_cursor_of_recent_rows_is_one_of_their_moment,
            a_range_of_time_is_half_open,
        }
        soft_delete {
            a_deleted_row_is_seen_by_no_read,
            visibility_is_asked_for_query_by_query,
            a_deletion_marks_bumps_and_times,
            a_second_deletion_finds_nothing_and_moves_nothing,
            a_deleted_row_is_never_changed,
            a_restored_row_is_live_again,
            a_live_row_is_neither_restored_nor_purged,
            a_purged_row_is_gone_for_good,
            the_value_of_a_deleted_row_is_free,
            a_restore_that_collides_leaves_the_row_deleted,
            a_version_guards_deletion_and_restoration,
        }
        spellings {
            a_fixed_column_in_another_spelling_keeps_no_update_away,
        }
        statements {
            every_statement_carries_the_tenant_outermost,
            no_statement_holds_a_value,
            an_operation_is_one_statement,
            a_transaction_adds_begin_and_commit_and_nothing_else,
            what_is_refused_reaches_nothing,
        }
        streams {
            chunks_are_the_whole_list,
            chunks_go_on_where_they_were,
            a_chunk_that_is_dropped_comes_again,
            a_stream_ends_after_an_error,
        }
        summaries {
            a_group_is_a_struct_of_keys_and_values,
            a_struct_has_as_many_keys_and_values_as_it_likes,
            a_struct_without_keys_sums_up_all_rows,
        }
        sums {
            a_number_of_any_type_is_added_to,
            what_is_added_in_parts_is_added_as_a_whole,
            a_sum_that_does_not_fit_changes_nothing,
            a_sum_below_the_least_number_is_no_number,
            what_would_not_fit_elsewhere_is_no_error,
            what_is_no_sum_is_refused,
            the_last_value_counts_and_what_is_added_after_it,
            of_many_sums_at_once_none_is_lost,
            nothing_added_is_no_change,
            a_sum_is_recorded_as_what_it_came_to,
        }
        tables {
            tables_are_made_once,
            tables_are_made_once_by_many_at_once,
            a_parent_that_is_not_named_is_missed,
            two_entities_of_one_table_are_refused,
            an_entity_is_not_put_on_the_table_of_another_later,
            the_second_entity_of_a_table_reads_and_writes_nothing,
            the_second_entity_is_refused_whichever_it_is,
            a_generic_entity_is_used_with_several_types,
            the_doctor_tells_of_two_entities_of_a_table,
            no_entity_has_a_table_that_repositories_have_themselves,
            a_table_that_somebody_else_made_has_any_name,
            two_references_of_one_name_are_refused,
            a_table_that_was_put_away_keeps_the_names_of_its_keys,
            an_index_of_another_table_is_not_taken_for_one_that_is_missing,
            a_circle_of_references_is_refused,
            a_table_that_is_missing_is_an_error_of_the_database,
            a_name_may_be_anything_that_is_quoted,
            a_generated_name_is_short_enough_and_the_same_everywhere,
        }
        tampering {
            a_session_verifies_the_chain_of_its_own_rows,
            an_untouched_chain_is_intact,
            a_verification_goes_on_from_a_checkpoint,
            a_changed_entry_is_named,
            a_moment_in_another_spelling_is_a_changed_entry,
            a_changed_entry_with_a_new_hash_breaks_the_link,
            a_removed_entry_is_missed,
            a_cut_end_is_seen_by_a_checkpoint_alone,
            swapped_entries_are_named,
            a_forged_entry_is_named_or_unproven,
            a_chain_that_was_written_anew_is_seen_by_a_checkpoint_alone,
            an_entry_of_another_tenant_is_traced,
            a_number_that_none_follows_hides_no_verdict,
            an_entry_with_a_hash_is_in_the_chain_whatever_its_number,
            entries_added_below_a_shortened_chain_are_named,
            a_chain_shortened_beside_a_verification_is_no_alarm,
            a_chain_without_numbers_of_its_own_is_listed,
            a_tenant_that_is_no_text_is_told_as_such,
            a_changed_head_is_named,
            a_long_chain_is_verified_to_its_end,
            writers_beside_a_verification_are_no_alarm,
        }
        tangles {
            rows_deleted_at_once_leave_a_common_child_to_the_last,
            rows_come_back_at_once_in_any_order_of_their_ids,
            what_is_below_a_row_that_waits_waits_with_it,
            a_circle_comes_back_with_the_last_row_it_is_below,
            a_row_of_a_circle_is_purged_with_the_others,
            a_row_of_a_circle_is_removed_with_the_others,
            rows_far_below_each_other_are_removed_with_the_first,
            what_keeps_a_row_goes_before_it_where_both_go_with_another,
            however_many_go_with_a_row_each_is_recorded_before_those_below_it,
        }
        tenants {
            a_row_of_another_tenant_is_not_found,
            many_who_read_at_once_each_find_rows_of_their_own_tenant,
            its_error_is_that_of_an_id_which_no_row_has,
            an_entity_of_another_tenant_is_not_written,
            the_same_id_may_exist_in_two_tenants,
            no_filter_reaches_beyond_the_tenant,
            a_session_over_all_tenants_reads_everything,
            a_shared_row_is_everybodys,
            tenants_of_any_type_are_kept_apart,
            a_tenant_that_no_column_holds_is_refused,
            no_new_row_is_of_another_tenant_than_the_session,
        }
        transactions {
            what_it_did_is_there_after_ok,
            nothing_of_it_is_there_after_an_error,
            nothing_of_it_is_there_after_a_panic,
            nothing_of_it_is_there_after_a_drop,
            begin_commit_and_rollback_do_what_they_say,
            an_error_that_was_swallowed_fails_it,
            after_an_error_nothing_goes_on_but_a_rollback,
            what_was_never_sent_does_not_fail_it,
            its_session_ends_with_it,
            it_runs_in_a_spawned_task,
            a_pool_of_one_is_enough_for_everything_inside,
            a_write_beside_it_is_refused_before_anything_waits,
            a_write_beside_one_that_only_reads_waits_for_nothing,
            a_task_of_its_own_writes_when_it_is_over,
            a_panic_within_leaves_nothing_around_later_writes,
        }
        unique {
            a_conflict_names_entity_key_and_columns,
            every_write_can_meet_a_conflict_and_changes_nothing,
            null_conflicts_with_nothing,
            two_tenants_may_use_the_same_value,
            a_global_key_spans_all_tenants,
            a_tenant_may_have_one_row_only,
            the_tenant_may_be_the_key_by_which_a_row_is_found,
            letters_and_spaces_count,
            an_id_given_twice_is_a_conflict_with_the_primary_key,
            of_many_at_once_one_is_created,
            no_error_shows_a_value,
        }
        upserts {
            a_row_is_added_changed_or_left,
            only_the_live_row_of_the_tenant_has_the_key,
            many_rows_are_upserted_in_their_order,
            an_upsert_has_an_actor_and_a_key,
            of_many_upserts_at_once_one_adds_the_row,
            an_upsert_is_part_of_its_transaction,
        }
        upserts_together {
            they_become_what_they_become_one_by_one,
            they_take_few_statements,
            of_many_feeds_at_once_each_adds_or_meets_each_row,
            a_key_of_another_tenant_or_another_row_is_named,
            a_key_may_have_columns_of_several_kinds,
        }
        validation {
            every_path_refuses_a_row_with_problems,
            every_path_keeps_a_row_without_problems,
            all_problems_of_a_row_are_told_at_once,
            a_partial_batch_leaves_out_what_is_refused,
            a_new_row_with_problems_reaches_nothing,
            what_is_refused_is_the_last_to_be_found_out,
            a_change_is_compared_with_what_is_stored,
            what_is_deleted_before_is_not_asked_again,
            what_was_never_deleted_is_asked_when_it_goes_with_a_purge,
            nothing_below_a_removed_row_goes_unasked,
            what_is_not_asked_about_is_one_statement,
            an_import_is_asked_and_told_of,
        }
        values {
            a_value_of_every_type_comes_back,
            a_row_of_nothing_but_null_comes_back,
            rows_that_many_add_at_once_come_back_as_each_gave_them,
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
            a_text_is_no_longer_than_declared,
            an_enum_is_stored_by_its_name,
        }
        versions {
            every_change_bumps_the_version_and_the_time,
            an_update_of_a_stale_row_is_a_conflict,
            what_changes_nothing_bumps_nothing,
            a_patch_compares_the_version_only_if_it_is_told,
            a_version_conflict_inside_a_transaction_is_survived,
            of_many_writers_of_one_version_one_wins,
            a_race_in_a_snapshot_is_a_version_conflict_as_well,
            a_fixed_column_is_never_changed,
            managed_columns_are_not_taken_from_the_entity,
            a_version_that_cannot_grow_is_an_error,
        }
        windows {
            a_walk_forwards_sees_every_row_once,
            a_walk_backwards_is_the_exact_reverse,
            every_row_is_a_place_to_start_from,
            between_two_cursors_lies_what_is_between_them,
            a_row_added_or_removed_moves_nothing,
            an_empty_window_has_no_cursors,
            a_cursor_is_text_that_comes_back,
            a_cursor_of_another_query_is_refused,
            a_cursor_tells_a_text_from_a_number_in_a_document,
            a_cursor_of_another_tenant_or_visibility_is_refused,
            a_changed_cursor_is_refused,
            a_key_keeps_others_from_making_cursors,
            a_window_over_all_tenants_sees_every_row_once,
            every_type_orders_a_window,
            sizes_that_mean_nothing_are_refused,
            a_cursor_never_shows_a_sensitive_column,
        }
        write_paths {
            no_path_meets_a_row_of_another_tenant,
            no_path_takes_a_deleted_row_for_a_live_one,
            every_path_counts_versions_and_is_held_to_them,
            every_path_is_recorded_row_by_row,
            no_path_goes_beside_the_transaction_around_it,
            no_path_changes_a_row_that_never_changes,
            a_removal_over_all_tenants_is_recorded_in_each,
        }
    ]
}
