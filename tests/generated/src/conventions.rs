//! Columns and parents that are called as Rust calls functions of a certain shape.

use repo_core::Repository;
use uuid::Uuid;

/// A comment, and what it answers: made from one, as a constructor would be called.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "comments")]
pub struct Comment {
    /// The id.
    pub id: Uuid,
    /// The one that it answers.
    #[repository(references = Comment)]
    pub comment_id: Option<Uuid>,
    /// How often it was tried.
    pub iter: i64,
    /// What comes after it.
    #[repository(default = 0)]
    pub next: i64,
}
