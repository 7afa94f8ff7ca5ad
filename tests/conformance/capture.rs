//! What is logged, at every level and by every crate, searched for words.
//!
//! All cases of this binary share one subscriber and run beside each other: each watches for words of its own.
//! Nothing is kept but what a watch looks for.

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex, Once, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{Interest, set_global_default};
use tracing::{Event, Level, Metadata, Subscriber};

static WATCHES: Mutex<Vec<Arc<Watch>>> = Mutex::new(Vec::new());

/// Looks for words in all that is logged until it is dropped.
pub(crate) struct Watching(Arc<Watch>);

struct Watch {
    words: Vec<String>,
    found: Mutex<Vec<Line>>,
}

/// What was logged with one of the words.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) target: String,
    pub(crate) level: Level,
    pub(crate) text: String,
}

struct Everything;

/// The fields of an event or a span, in words.
#[derive(Default)]
struct Text(String);

impl Watching {
    pub(crate) fn for_words(words: Vec<String>) -> Self {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| set_global_default(Everything).expect("nobody else subscribes"));
        let watch = Arc::new(Watch { words, found: Mutex::default() });
        watches().push(Arc::clone(&watch));
        tracing::callsite::rebuild_interest_cache();
        Self(watch)
    }

    /// What was logged with one of the words so far.
    pub(crate) fn found(&self) -> Vec<Line> {
        self.0.found.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        watches().retain(|watch| !Arc::ptr_eq(watch, &self.0));
    }
}

impl Everything {
    fn look(target: &str, level: Level, Text(text): Text) {
        for watch in watches().iter() {
            if watch.words.iter().any(|word| text.contains(word)) {
                let line = Line { target: target.to_owned(), level, text: text.clone() };
                watch.found.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        }
    }
}

impl Subscriber for Everything {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn enabled(&self, _: &Metadata<'_>) -> bool {
        !watches().is_empty()
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut text = Text::default();
        span.record(&mut text);
        Self::look(span.metadata().target(), *span.metadata().level(), text);
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        let mut text = Text::default();
        values.record(&mut text);
        Self::look("a span", Level::TRACE, text);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = Text::default();
        event.record(&mut text);
        Self::look(event.metadata().target(), *event.metadata().level(), text);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

impl Visit for Text {
    fn record_str(&mut self, field: &Field, value: &str) {
        let _ = write!(self.0, "{}={value} ", field.name());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, "{}={value:?} ", field.name());
    }
}

fn watches() -> std::sync::MutexGuard<'static, Vec<Arc<Watch>>> {
    WATCHES.lock().unwrap_or_else(PoisonError::into_inner)
}
