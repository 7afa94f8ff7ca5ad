//! What the derives write, as snapshots: the input and the output in one file of `expansions/`.
//!
//! After a change that is meant, `just bless` writes them anew; read the difference. Whether the output
//! compiles is shown in `tests/generated`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

use crate::{column_enum, column_type, projection, repository, search, sql_row, summary};

#[test]
fn an_entity_with_every_policy() {
    let input = quote! {
        /// A case that somebody works on.
        #[repository(table = "incidents", formerly = "cases", tenant)]
        #[repository(soft_delete, versioned, timestamps, correlated)]
        #[repository(index(status, created_at desc), unique(global, signature, status))]
        pub struct Incident {
            pub id: Uuid,
            pub tenant_id: Uuid,
            /// What it is recognised by.
            #[repository(unique, fixed)]
            pub signature: String,
            pub status: Status,
            #[repository(default = 0)]
            pub event_count: i64,
            #[repository(json)]
            pub context: Context,
            #[repository(json)]
            pub answer: Option<Answer>,
            #[repository(decimal(12, 2))]
            pub cost: Option<Decimal>,
            #[repository(sensitive, max_length = 200)]
            pub reporter_email: Option<String>,
            #[repository(references = Team, on_delete = cascade)]
            pub team_id: Option<Uuid>,
            pub version: i64,
            pub created_at: DateTime<Utc>,
            pub updated_at: DateTime<Utc>,
            pub deleted_at: Option<DateTime<Utc>>,
            #[repository(deletion_id)]
            pub deletion_id: Option<Uuid>,
            pub correlation_id: Option<String>,
        }
    };
    assert_expansion("entity", repository, input);
}

#[test]
fn the_smallest_entity() {
    let input = quote! {
        #[repository(table = "tags")]
        struct Tag {
            id: i64,
            name: String,
        }
    };
    assert_expansion("smallest", repository, input);
}

#[test]
fn an_immutable_generic_entity_with_raw_names() {
    let input = quote! {
        #[repository(table = "events", immutable, timestamps, crate = crate::data)]
        pub(crate) struct Event<S: Body, const N: usize = 1>
        where
            S: Clone,
        {
            #[repository(id)]
            pub key: EventId,
            #[repository(column = "kind", index)]
            r#type: String,
            pub body: S,
            pub created_at: DateTime<Utc>,
        }
    };
    assert_expansion("immutable_generic", repository, input);
}

#[test]
fn an_entity_that_is_validated_and_told_of() {
    let input = quote! {
        #[repository(table = "tasks", validate(create, update, delete), events)]
        struct Task {
            id: Uuid,
            title: String,
            #[repository(default = false)]
            done: bool,
        }
    };
    assert_expansion("hooks", repository, input);
}

#[test]
fn an_entity_that_cannot_be_read() {
    let input = quote! {
        #[repository(table = "events", inmutable)]
        pub struct Event {
            pub name: String,
        }
    };
    assert_expansion("mistaken", repository, input);
}

#[test]
fn a_projection() {
    let input = quote! {
        #[projection(entity = Incident)]
        pub struct Line {
            pub signature: String,
            #[projection(column = Incident::owner().column(Person::NAME))]
            pub owner: Option<String>,
        }
    };
    assert_expansion("projection", projection::derive, input);
}

#[test]
fn a_row_of_sql() {
    let input = quote! {
        pub struct Ranked {
            pub place: i64,
            #[sql_row(column = Quote::PRICE)]
            pub r#before: Option<Decimal>,
        }
    };
    assert_expansion("sql_row", sql_row::derive, input);
}

#[test]
fn an_enum() {
    let input = quote! {
        #[column(rename_all = "kebab-case")]
        pub enum Status {
            New,
            InReview,
            #[column(rename = "closed")]
            Done,
        }
    };
    assert_expansion("column_enum", column_enum::derive, input);
}

#[test]
fn a_summary() {
    let input = quote! {
        #[summary(entity = Call)]
        pub struct ModelDay {
            #[summary(value = count())]
            pub calls: u64,
            #[summary(key = Call::MODEL)]
            pub model: String,
            #[summary(key = Call::AT.bucket(Bucket::days(1)))]
            pub day: DateTime<Utc>,
            #[summary(value = Call::TOKENS.sum())]
            pub tokens: Option<i64>,
        }
    };
    assert_expansion("summary", summary::derive, input);
}

#[test]
fn a_newtype() {
    assert_expansion(
        "column_type",
        column_type::derive,
        quote!(
            pub struct OrgId(Uuid);
        ),
    );
}

#[test]
fn a_search() {
    let input = quote! {
        #[search(entity = Incident)]
        pub struct IncidentSearch<'a> {
            pub signature: Option<&'a str>,
            #[search(ge, column = CREATED_AT)]
            pub from: Option<DateTime<Utc>>,
            #[search(in_list)]
            pub status: Vec<Status>,
            #[search(not_in, column = EVENT_COUNT)]
            pub counts: Option<Vec<i64>>,
            #[search(is_null, column = TEAM_ID)]
            pub unassigned: Option<bool>,
            #[search(skip)]
            pub page: u64,
        }
    };
    assert_expansion("search", search::derive, input);
}

fn assert_expansion(name: &str, derive: fn(&DeriveInput) -> TokenStream, input: TokenStream) {
    let parsed = syn::parse2(input.clone()).expect("the input is Rust");
    let text = format!("{}\n// Expands to:\n\n{}", pretty(input), pretty(derive(&parsed)));
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../expansions");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

fn pretty(tokens: TokenStream) -> String {
    prettyplease::unparse(&syn::parse2(tokens).expect("the output is Rust"))
}
