use repo_core::{ColumnEnum, Repository};
use uuid::Uuid;

#[derive(Debug, ColumnEnum)]
pub enum Severity {
    Low,
    High,
}

#[derive(Debug, Repository)]
#[repository(table = "incidents")]
pub struct Incident {
    pub id: Uuid,
    pub severity: Severity,
}

pub fn used() {
    let _ = Incident::SEVERITY.max();
    let _ = Incident::SEVERITY.avg();
}

fn main() {}
