use repo_core::{Database, Result, TransactionOptions};

pub async fn past_every_policy(db: Database) -> Result<()> {
    let mut connection = db.backend().begin(TransactionOptions::new()).await?;
    connection.execute_script("DELETE FROM invoices").await?;
    connection.commit().await
}

fn main() {}
