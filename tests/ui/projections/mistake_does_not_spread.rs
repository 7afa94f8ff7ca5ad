use repo_core::{NoTenant, Projection, Repository, Result};
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "incidents")]
pub struct Incident {
    pub id: Uuid,
    pub status: String,
}

#[derive(Projection)]
#[projection(entity = Incident)]
pub struct Shown {
    pub id: Uuid,
    #[projection(colum = Incident::STATUS)]
    pub state: String,
}

#[derive(Projection)]
#[projection(entity = Incident)]
pub struct Pair(Uuid, String);

pub async fn shown(incidents: IncidentRepository<NoTenant>) -> Result<(Vec<Shown>, Vec<Pair>)> {
    let shown = incidents.query().project::<Shown>().all().await?;
    Ok((shown, incidents.query().project::<Pair>().all().await?))
}

fn main() {}
