//! Who waits for a connection, and the task that makes one.

use std::sync::Arc;

use repo_core::{DatabaseError, Error, Result};
use tokio::runtime::Id;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::stock::{Failed, Place};
use super::{Home, Pooled};

/// Who waits for whichever comes first: a connection that is given back, or a new one.
pub(super) struct Asker {
    home: Arc<Home>,
    number: u64,
    served: oneshot::Receiver<Result<Pooled>>,
}

/// A connection in the making, which is finished whatever becomes of who asked for it.
struct Attempt {
    home: Arc<Home>,
    number: u64,
    runtime: Id,
    is_over: bool,
}

impl Asker {
    /// In the runtime that runs this.
    pub(super) fn new(home: &Arc<Home>, runtime: Id, place: Place) -> Self {
        drop(place.in_the_way);
        if let Some(number) = place.made {
            let attempt = Attempt { home: Arc::clone(home), number, runtime, is_over: false };
            let task = tokio::spawn(attempt.run()).abort_handle();
            home.stock().made_by(number, task);
        }
        Self { home: Arc::clone(home), number: place.number, served: place.served }
    }

    pub(super) async fn wait(mut self) -> Result<Pooled> {
        // Whoever is in line is told.
        (&mut self.served).await.unwrap_or_else(|_| Err(interrupted()))
    }
}

/// Leaves the line, and gives back what it was given and has not taken.
impl Drop for Asker {
    fn drop(&mut self) {
        self.home.stock().leave(self.number);
        self.served.close();
        if let Ok(Ok(pooled)) = self.served.try_recv() {
            self.home.give_back(pooled);
        }
    }
}

impl Attempt {
    async fn run(mut self) {
        while !self.is_over {
            let began = Instant::now();
            match self.home.open(Some(self.runtime)).await {
                Ok(pooled) => self.succeed(pooled),
                Err(error) => self.fail(Some(began), error),
            }
        }
    }

    fn succeed(&mut self, pooled: Pooled) {
        self.is_over = true;
        self.home.take_made(self.number, pooled);
    }

    /// Tells whom it concerns, and is over unless that is somebody who came since it began, where it can begin anew.
    fn fail(&mut self, began: Option<Instant>, error: Error) {
        let failed = self.home.stock().fail(self.number, self.runtime, began);
        self.is_over = !matches!(failed, Failed::Later);
        match failed {
            Failed::Of(served) => drop(served.send(Err(error))),
            Failed::Nobodys | Failed::Later => {
                tracing::debug!(target: "repo", %error, "a connection was not to be had, and nobody is told");
            }
        }
    }
}

/// Where it ends before its time, as with its runtime.
impl Drop for Attempt {
    fn drop(&mut self) {
        if !self.is_over {
            self.fail(None, interrupted());
        }
    }
}

fn interrupted() -> Error {
    let source = DatabaseError::new("the connection was given up before it was open");
    Error::Connection { source }
}
