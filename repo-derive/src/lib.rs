//! The derives of the repo data-access layer: Repository, ColumnEnum and ColumnType.
