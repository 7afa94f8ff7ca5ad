//! The policies of a table, and whether they hold: what they say is asked of rows, as it is of checks.
//!
//! A condition that is stored reads differently from the one that was written. So both are evaluated side by
//! side, for rows of two tenants and for each reach, in a transaction that only reads.

use repo_core::{
    Access, Backend as _, Connection, Error, Found, InspectedTable, Kind, Owner, Policy, Result,
    Row, Statement, Table, TransactionOptions, Value, quote,
};

use super::{flag, name, queries, read, text};
use crate::backend::Postgres;
use crate::row_security::{Rule, rules};

/// What a policy that holds does not do.
const DEFECT: &str = "shows or takes other rows than it should";

/// The settings of a transaction: tenant, and whether all tenants are reached.
const REACHES: [(bool, &str); 4] = [(true, "off"), (false, "off"), (false, "on"), (true, "on")];

/// Two tenants and, in the trail, nobody: as literals, and as settings.
struct Rows {
    literals: Vec<String>,
    setting: &'static str,
}

/// Adds what is wrong with the row-level security of a table that should have it, and its policies.
pub(super) async fn inspect(
    database: &Postgres,
    table: &'static Table,
    found: &mut InspectedTable,
) -> Result<()> {
    let Some(owner) = Owner::of(table).filter(|_| database.has_row_level_security()) else {
        return Ok(());
    };
    read(database, table, queries::ROW_SECURITY, |row| {
        found.problems.extend(text(row, 0)?);
        Ok(())
    })
    .await?;
    let mut stored = Vec::new();
    read(database, table, queries::POLICIES, |row| {
        let policy = Policy { name: name(row, 0)?, definition: name(row, 1)? };
        let using = text(row, 2)?.unwrap_or_else(|| "true".to_owned());
        let check = text(row, 3)?.unwrap_or_else(|| using.clone());
        stored.push((policy, [using, check]));
        Ok(())
    })
    .await?;
    let rules = rules(database.dialect(), table, owner);
    for (policy, conditions) in stored {
        let defect = match rules.iter().find(|rule| rule.name == policy.name) {
            Some(rule) => defect(database, table, owner, rule, &conditions).await?,
            None => None,
        };
        found.policies.push(Found::new(policy, defect));
    }
    Ok(())
}

/// Whether a policy that is stored decides otherwise than the one that should be.
async fn defect(
    database: &Postgres,
    table: &'static Table,
    owner: Owner,
    rule: &Rule,
    [using, check]: &[String; 2],
) -> Result<Option<&'static str>> {
    let Some(rows) = rows(table, owner) else { return Ok(None) };
    let promised_check = rule.check.as_ref().unwrap_or(&rule.using);
    let same = |one: &str, other: &str| format!("((({one}) IS TRUE) = (({other}) IS TRUE))");
    let condition = format!("{} AND {}", same(using, &rule.using), same(check, promised_check));
    let mut transaction = database.begin(TransactionOptions::new().read_only()).await?;
    let mut defect = None;
    for (is_tenant, all_tenants) in REACHES {
        let tenant = if is_tenant { rows.setting } else { "" };
        let settings = format!(
            "SELECT set_config('repo.tenant', '{tenant}', true), \
             set_config('repo.all_tenants', '{all_tenants}', true)"
        );
        transaction.execute_script(&settings).await?;
        for literal in &rows.literals {
            let sql = statement(table, owner, &condition, literal);
            match holds(&mut *transaction, &sql, table).await {
                Ok(true) => {}
                // It may ask of other columns.
                Ok(false) | Err(Error::Backend(_)) => defect = Some(DEFECT),
                Err(error) => return Err(error),
            }
            if defect.is_some() {
                transaction.rollback().await?;
                return Ok(defect);
            }
        }
    }
    transaction.rollback().await?;
    Ok(defect)
}

fn statement(table: &Table, owner: Owner, condition: &str, literal: &str) -> String {
    let mut sql = format!("SELECT ({condition}) FROM (SELECT {literal} AS ");
    quote(&mut sql, table.columns[column(owner)].name);
    sql.push_str(") AS ");
    quote(&mut sql, table.name);
    sql
}

async fn holds(transaction: &mut dyn Connection, sql: &str, table: &'static Table) -> Result<bool> {
    let mut holds = false;
    let mut on_row = |row: &dyn Row| {
        holds = flag(row, 0)?;
        Ok(())
    };
    let statement = Statement { sql, params: &[] as &[Value<'_>], access: Access::Read, table };
    transaction.run(statement, &mut on_row).await?;
    Ok(holds)
}

/// Rows of tenants of the types that tenants have; of any other the names and commands must do.
fn rows(table: &Table, owner: Owner) -> Option<Rows> {
    let (mut literals, setting) = match table.columns[column(owner)].kind {
        Kind::Uuid => {
            let literal = |last| format!("'00000000-0000-0000-0000-00000000000{last}'::uuid");
            (vec![literal('a'), literal('b')], "00000000-0000-0000-0000-00000000000a")
        }
        Kind::I16 | Kind::I32 | Kind::I64 => (vec!["1".to_owned(), "2".to_owned()], "1"),
        Kind::Text => (vec!["'a'::text".to_owned(), "'b'::text".to_owned()], "a"),
        _ => return None,
    };
    if let Owner::TenantOrShared(_) = owner {
        literals.push("''::text".to_owned());
    }
    Some(Rows { literals, setting })
}

fn column(owner: Owner) -> usize {
    match owner {
        Owner::Tenant(column) | Owner::TenantOrShared(column) => column,
        _ => 0,
    }
}
