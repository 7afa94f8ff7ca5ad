use repo_core::{ColumnType, Repository};
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "documents", tenant)]
pub struct Document<T: ColumnType> {
    pub id: Uuid,
    pub tenant_id: T,
    pub owner: T,
}

fn main() {}
