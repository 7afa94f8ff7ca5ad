//! The SQL of `docs/cookbook/change-a-live-table.md`, run as it stands on tables that version 1 of a program made,
//! filled and goes on using.

#![allow(
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "entities are those of a test, and what is not there ends it"
)]

mod before;
mod cascades;
mod fields;
mod keys;
mod names;
mod page;
mod place;
mod policies;
mod rebuild;
mod references;
mod tenants;

/// Each case on both databases; one that is not listed is a `dead_code` error.
macro_rules! live {
    ($($module:ident::$case:ident,)+) => {
        mod sqlite {
            $(
                #[test]
                fn $case() {
                    crate::place::on_sqlite(async |place| crate::$module::$case(&place).await);
                }
            )+
        }

        mod postgres {
            $(
                #[test]
                fn $case() {
                    crate::place::on_postgres(async |place| crate::$module::$case(&place).await);
                }
            )+
        }
    };
}

live! {
    fields::a_field_that_may_be_empty,
    fields::a_field_that_must_be_there,
    fields::a_variant_of_an_enum,
    names::a_field_that_is_renamed_in_the_struct_alone,
    names::a_column_that_is_renamed,
    fields::a_field_that_goes,
    keys::a_key_and_an_index,
    keys::a_key_that_rows_do_not_meet,
    policies::versioned,
    policies::soft_delete,
    policies::audited,
    policies::audited_with_a_field_that_must_be_there,
    policies::immutable,
    tenants::tenant,
    references::a_new_entity,
    references::a_new_reference,
    references::a_new_reference_without_a_tenant,
    cascades::a_new_cascade,
    cascades::a_cascade_of_rows_that_become_audited,
    cascades::a_cascade_of_rows_that_are_marked,
}
