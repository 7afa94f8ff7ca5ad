//! The threads for what takes long.
//!
//! Not those of the runtime: where a program keeps all of them busy with tasks that wait for the database,
//! a commit would wait for its own end. There are never more than connections at work, and one that has
//! nothing to do ends after a while.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How long a thread waits for work.
const IDLE: Duration = Duration::from_secs(10);

type Job = Box<dyn FnOnce() + Send>;

static THREADS: Threads = Threads {
    state: Mutex::new(State { jobs: VecDeque::new(), last: 0, idle: 0 }),
    work: Condvar::new(),
};

struct Threads {
    state: Mutex<State>,
    work: Condvar,
}

struct State {
    /// Each with its number.
    jobs: VecDeque<(u64, Job)>,
    last: u64,
    /// The threads that wait.
    idle: usize,
}

/// Does `job` on another thread. Where there can be none it is dropped, with all it holds.
pub(crate) fn run(job: impl FnOnce() + Send + 'static) {
    let mut state = THREADS.state();
    state.last += 1;
    let number = state.last;
    state.jobs.push_back((number, Box::new(job)));
    if state.jobs.len() <= state.idle {
        drop(state);
        THREADS.work.notify_one();
        return;
    }
    drop(state);
    let started = thread::Builder::new().name("repo-sqlite".to_owned()).spawn(|| THREADS.work());
    if let Err(error) = started {
        tracing::error!(%error, "there is no thread for a long statement");
        let job = THREADS.state().withdraw(number);
        drop(job);
    }
}

impl State {
    fn next(&mut self) -> Option<Job> {
        self.jobs.pop_front().map(|(_, job)| job)
    }

    /// The job with this number, unless a thread has it.
    fn withdraw(&mut self, number: u64) -> Option<Job> {
        let at = self.jobs.iter().position(|(it, _)| *it == number)?;
        self.jobs.remove(at).map(|(_, job)| job)
    }
}

impl Threads {
    fn work(&self) {
        while let Some(job) = self.next() {
            // What it held is dropped; whoever waits for its answer is told by that.
            if catch_unwind(AssertUnwindSafe(job)).is_err() {
                tracing::error!("a long statement panicked");
            }
        }
    }

    /// The next job, or none after a while.
    fn next(&self) -> Option<Job> {
        let mut state = self.state();
        if let Some(job) = state.next() {
            return Some(job);
        }
        state.idle += 1;
        loop {
            let waited = self.work.wait_timeout(state, IDLE);
            let (woken, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            state = woken;
            let job = state.next();
            if job.is_some() || timeout.timed_out() {
                state.idle -= 1;
                return job;
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while the lock is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn every_job_is_done_also_beside_one_that_lasts_and_one_that_panics() {
        let (done, results) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        run(move || released.recv().expect("it is released"));
        run(|| panic!("on purpose"));
        for number in 0..200 {
            let done = done.clone();
            run(move || done.send(number).expect("it is waited for"));
        }
        let mut numbers: Vec<i32> = results.iter().take(200).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (0..200).collect::<Vec<_>>());
        release.send(()).expect("it lasts");
    }
}
