use repo_core::Session;
use uuid::Uuid;

pub struct Service {
    pub session: Session<Uuid>,
}

fn main() {}
