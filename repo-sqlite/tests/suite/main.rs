//! The backend driven through the traits of core, with SQL written by hand.

mod beside_sqlx;
mod brief;
mod cancellation;
mod causes;
mod checkpoints;
mod concurrency;
mod doctor;
mod documents;
mod files;
mod group_ends;
mod group_strays;
mod groups;
mod guards;
mod indexes;
mod other_process;
mod pool;
mod spellings;
mod statements;
mod storage;
mod support;
mod threads;
mod transactions;
mod triggers;
