//! What goes wrong outside, and what a user of the repositories sees of it: a typed error, nothing half
//! written, nothing lost that was confirmed, and a database that works again when the cause is gone.
//!
//! Servers, files and second processes are real. What the backends do at each statement is tested in
//! their own folders.
#![cfg(test)]

mod access;
mod backups;
mod cancellation;
mod connections;
mod ledger;
mod office;
mod outsiders;
mod pools;
mod programs;
mod server;
mod servers;
mod shared_rows;
mod site;
mod sqlite_audited;
mod sqlite_disk;
mod sqlite_processes;
mod sqlite_tasks;
