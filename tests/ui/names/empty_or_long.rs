use repo_core::Repository;
use uuid::Uuid;

#[derive(Repository)]
#[repository(table = "")]
pub struct Incident {
    pub id: Uuid,
    #[repository(column = "a_name_that_is_so_long_that_postgres_would_cut_off_the_end_of_it_silently")]
    pub state: String,
    pub another_name_that_is_so_long_that_postgres_would_cut_off_its_end_silently: String,
}

fn main() {}
