//! Whether the policies of a table do what they should: asked of rows of two tenants, in transactions that
//! only read, one for each thing that a transaction can say of its reach.
//!
//! Their text is not compared: each version of Postgres prints it its own way.

use std::fmt::Write as _;

use repo_core::backend::{Backend, Connection, Dialect, Effect, Owner, Row, Statement, quote};
use repo_core::schema::{Found, InspectedTable, Policy, Table};
use repo_core::{Error, Kind, Result, TransactionOptions, Value};

use super::{flag, name, queries, read, text};
use crate::backend::Postgres;
use crate::row_security::{self, ALL_TENANTS, Rows, TENANT, policies_of};

/// A policy as it is in the database.
struct Stored {
    name: String,
    command: String,
    is_permissive: bool,
    is_for_everybody: bool,
    shows: Option<String>,
    takes: Option<String>,
}

/// Rows to ask about: of two tenants, and what belongs to everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sample {
    Ours,
    Theirs,
    Everybodys,
}

/// What a transaction says of its reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    Nothing,
    OurTenant,
    AllTenants,
}

const REACHES: [Reach; 3] = [Reach::Nothing, Reach::OurTenant, Reach::AllTenants];

/// Adds what is wrong with the row-level security of the table, and its policies.
pub(super) async fn inspect(
    database: &Postgres,
    table: &'static Table,
    owner: Owner,
    found: &mut InspectedTable,
) -> Result<()> {
    let problems = &mut found.problems;
    read(database, table, queries::ROW_SECURITY, |row| {
        problems.extend(text(row, 0)?);
        Ok(())
    })
    .await?;
    let mut stored = Vec::new();
    read(database, table, queries::POLICIES, |row| {
        stored.push(Stored::read(row)?);
        Ok(())
    })
    .await?;
    for policy in stored {
        let Some(ours) = policies_of(owner).into_iter().find(|it| it.name == policy.name) else {
            let (name, harm) = (&policy.name, harm(&policy));
            problems.push(format!("has a policy `{name}`, which may {harm}"));
            continue;
        };
        let defect = defect(database, table, owner, ours, &policy).await?;
        found.policies.push(Found::new(Policy { name: policy.name }, defect));
    }
    Ok(())
}

/// Adds the row-level security that binds this connection, which says no tenant.
pub(super) async fn unasked(
    database: &Postgres,
    table: &'static Table,
    owner: Option<Owner>,
    problems: &mut Vec<String>,
) -> Result<()> {
    let is_ours = |name: &str| {
        owner.is_some_and(|owner| policies_of(owner).iter().any(|ours| ours.name == name))
    };
    let (mut is_on, mut has_ours) = (false, false);
    read(database, table, queries::BINDING_POLICIES, |row| {
        is_on = true;
        has_ours |= text(row, 0)?.is_some_and(|name| is_ours(&name));
        Ok(())
    })
    .await?;
    let problem = match has_ours {
        true => {
            "has row-level security, and this connection says no tenant: \
             connect with `row_level_security(true)`"
        }
        false => "has row-level security enabled where it should have none: it may hide rows",
    };
    problems.extend(is_on.then(|| problem.to_owned()));
    Ok(())
}

/// What a policy that is none of ours may do.
fn harm(policy: &Stored) -> &'static str {
    match policy.is_permissive {
        true => "show rows of other tenants",
        false => "hide rows of the tenant, or refuse them",
    }
}

async fn defect(
    database: &Postgres,
    table: &'static Table,
    owner: Owner,
    ours: row_security::Policy,
    policy: &Stored,
) -> Result<Option<&'static str>> {
    if policy.command != ours.command {
        return Ok(Some("is for other commands than it should be"));
    }
    if !policy.is_permissive || !policy.is_for_everybody {
        return Ok(Some("is RESTRICTIVE, or not for all roles"));
    }
    let (Some(shows), Some(samples)) = (&policy.shows, samples(table, owner)) else {
        return Ok(Some("has no condition"));
    };
    // What a policy takes is what it shows, unless it says something else.
    let takes = policy.takes.as_ref().unwrap_or(shows);
    let query = query(table, shows, takes, &samples);
    for reach in REACHES {
        let answers = match ask(database, table, &query, reach, &samples).await {
            Err(Error::Backend(_)) => return Ok(Some("is not about the tenant alone")),
            answers => answers?,
        };
        for (sample, (shown, taken)) in samples.iter().zip(answers) {
            let expected = |rows| is_among(rows, owner, reach, sample.0);
            let problem = match (expected(ours.shows), shown) {
                (false, true) => Some("shows rows of other tenants"),
                (true, false) => Some("hides rows of the tenant"),
                _ => ours.takes.and_then(|rows| match (expected(rows), taken) {
                    (false, true) => Some("takes rows of other tenants"),
                    (true, false) => Some("refuses rows of the tenant"),
                    _ => None,
                }),
            };
            if problem.is_some() {
                return Ok(problem);
            }
        }
    }
    Ok(None)
}

/// Whether such a row is one of `rows` for who has this reach.
fn is_among(rows: Rows, owner: Owner, reach: Reach, sample: Sample) -> bool {
    match rows {
        Rows::Never => false,
        Rows::OverAll => reach == Reach::AllTenants,
        Rows::OfTenant => match sample {
            Sample::Ours => reach == Reach::OurTenant,
            Sample::Theirs => false,
            Sample::Everybodys => matches!(owner, Owner::TenantOrShared(_)),
        },
    }
}

/// The rows, each with its tenant as an SQL literal and as the setting has it.
fn samples(table: &Table, owner: Owner) -> Option<Vec<(Sample, String, &'static str)>> {
    let column = match owner {
        Owner::Tenant(column) | Owner::TenantOrShared(column) => column,
        _ => return None,
    };
    let kind = table.columns[column].kind;
    let (ours, theirs) = match kind {
        Kind::Uuid => {
            ("00000000-0000-7000-8000-000000000001", "00000000-0000-7000-8000-000000000002")
        }
        Kind::Date => ("2026-01-01", "2026-01-02"),
        Kind::Timestamp => ("2026-01-01T00:00:00+00:00", "2026-01-02T00:00:00+00:00"),
        Kind::Time => ("01:00:00", "02:00:00"),
        Kind::Bool => ("true", "false"),
        // The bits of 1 and 2.
        Kind::F32 => ("3f800000", "40000000"),
        Kind::F64 => ("3ff0000000000000", "4000000000000000"),
        Kind::Bytes => ("01", "02"),
        _ => ("1", "2"),
    };
    let mut samples = vec![(Sample::Ours, ours), (Sample::Theirs, theirs)];
    if let Owner::TenantOrShared(_) = owner {
        samples.push((Sample::Everybodys, ""));
    }
    let with_literal = |(sample, text)| (sample, literal(kind, sample, text), text);
    Some(samples.into_iter().map(with_literal).collect())
}

/// A tenant as its column holds it: text and numbers of ours, no value.
fn literal(kind: Kind, sample: Sample, text: &str) -> String {
    let number = if sample == Sample::Ours { 1 } else { 2 };
    match kind {
        Kind::F32 => format!("{number}::float4"),
        Kind::F64 => format!("{number}::float8"),
        Kind::Bytes => format!("decode('{text}', 'hex')"),
        kind => {
            let mut sql_type = String::new();
            crate::dialect::PostgresDialect::default().column_type(&mut sql_type, kind);
            format!("'{text}'::{sql_type}")
        }
    }
}

/// What is shown and taken of each sample, in their order.
fn query(
    table: &Table,
    shows: &str,
    takes: &str,
    samples: &[(Sample, String, &'static str)],
) -> String {
    // A condition may end in a comment.
    let mut sql = format!("SELECT ({shows}\n) IS TRUE, ({takes}\n) IS TRUE FROM (VALUES ");
    for (position, (_, literal, _)) in samples.iter().enumerate() {
        let _ = write!(sql, "{}({position}, {literal})", if position > 0 { ", " } else { "" });
    }
    sql.push_str(") AS ");
    quote(&mut sql, table.name);
    sql.push_str(" (repo_position, ");
    let tenant = table.roles.tenant.or_else(|| table.position("tenant")).unwrap_or_default();
    quote(&mut sql, table.columns[tenant].name);
    sql.push_str(") ORDER BY repo_position");
    sql
}

async fn ask(
    database: &Postgres,
    table: &'static Table,
    query: &str,
    reach: Reach,
    samples: &[(Sample, String, &'static str)],
) -> Result<Vec<(bool, bool)>> {
    let mut connection = database.begin(TransactionOptions::new().read_only()).await?;
    let asked = async {
        let ours = samples.first().map_or("", |(_, _, setting)| setting);
        match reach {
            Reach::Nothing => {}
            Reach::OurTenant => set(&mut *connection, table, TENANT, ours).await?,
            Reach::AllTenants => set(&mut *connection, table, ALL_TENANTS, "on").await?,
        }
        let mut answers = Vec::new();
        let mut on_row = |row: &dyn Row| {
            answers.push((flag(row, 0)?, flag(row, 1)?));
            Ok(())
        };
        let statement = Statement { sql: query, params: &[], effect: Effect::Read, table };
        connection.run(statement, &mut on_row).await?;
        Ok(answers)
    }
    .await;
    connection.rollback().await?;
    asked
}

async fn set(
    connection: &mut dyn Connection,
    table: &'static Table,
    setting: &str,
    value: &str,
) -> Result<()> {
    let sql = "SELECT set_config($1, $2, true) IS NULL";
    let params = [Value::Text(setting.into()), Value::Text(value.into())];
    let statement = Statement { sql, params: &params, effect: Effect::Read, table };
    connection.run(statement, &mut |_| Ok(())).await.map(drop)
}

impl Stored {
    fn read(row: &dyn Row) -> Result<Self> {
        Ok(Self {
            name: name(row, 0)?,
            command: name(row, 1)?,
            is_permissive: flag(row, 2)?,
            is_for_everybody: flag(row, 3)?,
            shows: text(row, 4)?,
            takes: text(row, 5)?,
        })
    }
}
