//! Waiting for another process to let go of the database, without holding the thread.

use std::time::{Duration, Instant};

use tokio::time::sleep;

const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// How long one operation waits, in pauses that grow.
#[derive(Debug)]
pub(crate) struct Patience {
    timeout: Duration,
    since: Option<Instant>,
    pause: Duration,
}

impl Patience {
    /// Waits for `timeout` in all; the clock starts at the first wait.
    pub(crate) fn new(timeout: Duration) -> Self {
        Self { timeout, since: None, pause: FIRST_PAUSE }
    }

    /// Waits a little before another attempt. Returns whether there may be one.
    pub(crate) async fn wait(&mut self) -> bool {
        let waited = self.since.get_or_insert_with(Instant::now).elapsed();
        let Some(left) = self.timeout.checked_sub(waited).filter(|left| !left.is_zero()) else {
            return false;
        };
        sleep(self.pause.min(left)).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        true
    }
}
