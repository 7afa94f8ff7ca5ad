//! What of a pool is in nobody's hands: connections that wait for work, those in the making, and who waits for one.
//!
//! In each runtime at least as many are in the making as wait there. There are more where somebody who waited was given
//! another one, or went away.

use std::collections::VecDeque;

use repo_core::Result;
use tokio::runtime::Id;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::Pooled;

#[derive(Debug, Default)]
pub(super) struct Stock {
    /// What waits for work, the last used last.
    pub(super) idle: Vec<Pooled>,
    making: Vec<Making>,
    /// Who waits, the first to be served first.
    waiting: VecDeque<Waiting>,
    /// How many have been in the making or waited.
    numbers: u64,
}

#[derive(Debug)]
struct Making {
    number: u64,
    runtime: Id,
    task: Option<AbortHandle>,
}

#[derive(Debug)]
struct Waiting {
    number: u64,
    runtime: Id,
    since: Instant,
    served: oneshot::Sender<Result<Pooled>>,
}

/// A place among those who wait.
pub(super) struct Place {
    pub(super) number: u64,
    pub(super) served: oneshot::Receiver<Result<Pooled>>,
    /// The number of the connection that is to be made for it, if one is.
    pub(super) made: Option<u64>,
    /// What is closed to make room for that.
    pub(super) in_the_way: Option<Pooled>,
}

/// Whom an attempt that failed concerns.
pub(super) enum Failed {
    Nobodys,
    /// Who waited when it began.
    Of(oneshot::Sender<Result<Pooled>>),
    /// Nobody but who came since it began, for whom another one is made.
    Later,
}

impl Stock {
    /// The connection of this runtime that was used last.
    pub(super) fn take(&mut self, runtime: Option<Id>) -> Option<Pooled> {
        let is_ours = |pooled: &Pooled| runtime.is_none() || pooled.runtime == runtime;
        let last = self.idle.iter().rposition(is_ours)?;
        Some(self.idle.remove(last))
    }

    /// Makes room for a connection, if that is needed, where so many more may be taken.
    fn make_room(&mut self, takeable: usize) -> Option<Pooled> {
        // Each that nobody has taken is for one that is idle, or is in the making for nobody.
        let spare = (self.idle.len() + self.making.len()).saturating_sub(self.waiting.len());
        if spare <= takeable {
            return None;
        }
        if !self.idle.is_empty() {
            return Some(self.idle.remove(0));
        }
        self.give_up_one();
        None
    }

    /// A place in line in a runtime of which nothing is idle. A connection is in the making for it then, or is to be made.
    pub(super) fn wait(&mut self, runtime: Id, takeable: usize) -> Place {
        let (mut made, mut in_the_way) = (None, None);
        if !self.has_spare(runtime) {
            in_the_way = self.make_room(takeable);
            let number = self.number();
            self.making.push(Making { number, runtime, task: None });
            made = Some(number);
        }
        let (sender, served) = oneshot::channel();
        let (number, since) = (self.number(), Instant::now());
        self.waiting.push_back(Waiting { number, runtime, since, served: sender });
        Place { number, served, made, in_the_way }
    }

    /// Leaves the line.
    pub(super) fn leave(&mut self, number: u64) {
        self.waiting.retain(|it| it.number != number);
    }

    /// Gives a connection to who waits for one of its runtime. Returns it where nobody does.
    pub(super) fn serve(&mut self, pooled: Pooled) -> Option<Pooled> {
        let runtime = pooled.runtime;
        let Some(first) = self.waiting.iter().position(|it| Some(it.runtime) == runtime) else {
            return Some(pooled);
        };
        let first = self.waiting.remove(first)?;
        // Who goes away leaves the line first.
        first.served.send(Ok(pooled)).err().and_then(Result::ok)
    }

    /// By what task it is made.
    pub(super) fn made_by(&mut self, number: u64, task: AbortHandle) {
        match self.making.iter_mut().find(|it| it.number == number) {
            Some(making) => making.task = Some(task),
            // It is done, or was given up.
            None => task.abort(),
        }
    }

    /// Takes what is no more in the making from the list. It is not there where it was given up.
    pub(super) fn finish(&mut self, number: u64) -> bool {
        let before = self.making.len();
        self.making.retain(|it| it.number != number);
        self.making.len() < before
    }

    /// What becomes of an attempt that failed, and is not made anew where it is not told when it began.
    pub(super) fn fail(&mut self, number: u64, runtime: Id, began: Option<Instant>) -> Failed {
        let is_needed =
            self.making.iter().any(|it| it.number == number) && !self.has_spare(runtime);
        let first = self.waiting.iter().position(|it| it.runtime == runtime);
        let Some(first) = first.filter(|_| is_needed) else {
            self.finish(number);
            return Failed::Nobodys;
        };
        if began.is_some_and(|began| self.waiting[first].since > began) {
            return Failed::Later;
        }
        self.finish(number);
        match self.waiting.remove(first) {
            Some(first) => Failed::Of(first.served),
            None => Failed::Nobodys,
        }
    }

    /// Gives up what is in the making for nobody, and returns what is idle.
    pub(super) fn clear(&mut self) -> Vec<Pooled> {
        while self.give_up_one() {}
        std::mem::take(&mut self.idle)
    }

    /// Gives up what is in the making for nobody, if anything is.
    fn give_up_one(&mut self) -> bool {
        let spare = self.making.iter().position(|it| self.has_spare(it.runtime));
        let Some(making) = spare.map(|spare| self.making.remove(spare)) else { return false };
        if let Some(task) = making.task {
            task.abort();
        }
        true
    }

    /// Whether more are in the making in a runtime than wait there.
    fn has_spare(&self, runtime: Id) -> bool {
        self.making_in(runtime) > self.waiting_in(runtime)
    }

    fn making_in(&self, runtime: Id) -> usize {
        self.making.iter().filter(|it| it.runtime == runtime).count()
    }

    fn waiting_in(&self, runtime: Id) -> usize {
        self.waiting.iter().filter(|it| it.runtime == runtime).count()
    }

    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }
}
