use repo_core::{ColumnType, Repository};
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, ColumnType)]
pub struct Number(String);

#[derive(Debug, Repository)]
#[repository(table = "claims")]
pub struct Claim {
    pub id: Uuid,
    #[repository(unique)]
    pub number: Number,
}

async fn find(claims: ClaimRepository<repo_core::NoTenant>) {
    let _ = claims.filter(Claim::NUMBER.eq("CL-1"));
    let _ = claims.find_by_number("CL-1").await;
}

fn main() {}
