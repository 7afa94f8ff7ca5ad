//! Windows of a database, and cursors that end up elsewhere.

use std::fmt::Debug;

use repo_core::{Cursor, Projection, Query, Result, Session, Tenant, WindowRequest};

use crate::answer::{Trace, Windowed};
use crate::entity::{Item, Line};
use crate::operation::{Operation, Selection, Use, Visibility, Walk};
use crate::real::built;
use crate::world::Run;

/// More windows than a run has rows.
const LONGEST: usize = 500;

impl Run {
    pub(crate) async fn walk(&mut self, session: &Session<Tenant<i64>>, walk: &Walk) {
        let mut meanwhile = walk.meanwhile.as_deref();
        let mut beside: Option<Cursor> = None;
        for _ in 0..LONGEST {
            let query = built(session.repo::<Item>().query(), &walk.selection);
            let request = match (walk.backwards, beside.take()) {
                (false, None) => WindowRequest::first(walk.size),
                (true, None) => WindowRequest::last(walk.size),
                (false, Some(cursor)) => WindowRequest::first(walk.size).after(cursor),
                (true, Some(cursor)) => WindowRequest::last(walk.size).before(cursor),
            };
            let trace = &mut self.trace;
            let read = if walk.as_lines {
                window(trace, query.project::<Line>(), request, walk.backwards).await
            } else {
                window(trace, query, request, walk.backwards).await
            };
            let (next, more) = match read {
                Ok(next) => next,
                Err(error) => return self.trace.add::<()>("window", &Err(error)),
            };
            if let Some(operation) = meanwhile.take() {
                self.operate(session, operation).await;
            }
            match next {
                // As a client hands it back.
                Some(cursor) if more => beside = cursor.to_string().parse().ok(),
                _ => return,
            }
        }
        self.trace.note("the walk does not end");
    }

    pub(crate) async fn chunks(
        &mut self,
        session: &Session<Tenant<i64>>,
        selection: &Selection,
        size: u64,
        meanwhile: Option<&Operation>,
    ) {
        let query = || built(session.repo::<Item>().query(), selection);
        let mut first = query().chunks(size);
        self.trace.add("chunk", &first.next().await);
        if let Some(operation) = meanwhile {
            self.operate(session, operation).await;
        }
        let Some(position) = first.position() else { return };
        // As somebody keeps it over night.
        let position: Cursor = position.to_string().parse().expect("a cursor");
        let mut rest = query().chunks(size).after(position);
        for _ in 0..LONGEST {
            let chunk = rest.next().await;
            let is_last = !matches!(chunk, Ok(Some(_)));
            self.trace.add("chunk", &chunk);
            if is_last {
                return;
            }
        }
        self.trace.note("the chunks do not end");
    }

    pub(crate) async fn stray(&mut self, maker: usize, made_by: &Selection, use_of: Use) {
        let items = self.session(maker).repo::<Item>();
        let query = built(items.query(), made_by);
        let cursor = match query.clone().window(WindowRequest::first(1)).await {
            Ok(window) => window.end,
            Err(error) => return self.trace.add::<()>("maker", &Err(error)),
        };
        let Some(cursor) = cursor else { return self.trace.note("no cursor") };
        let other_tenant = self.session(1 - maker).repo::<Item>();
        let (query, cursor) = match use_of {
            Use::SameQuery => (query, cursor),
            Use::OtherTenant => (built(other_tenant.query(), made_by), cursor),
            Use::OtherVisibility if made_by.visibility == Visibility::Live => {
                (query.with_deleted(), cursor)
            }
            Use::OtherVisibility => {
                let live = Selection { visibility: Visibility::Live, ..made_by.clone() };
                (built(items.query(), &live), cursor)
            }
            Use::OtherFilter => (query.filter(Item::ORIGIN.ge(0)), cursor),
            Use::OtherOrder => (query.order_by(Item::ORIGIN.asc()), cursor),
            Use::Changed => (query, changed(&cursor)),
        };
        let window = query.window(WindowRequest::first(2).after(cursor)).await;
        self.trace.add("user", &window.map(Windowed::from));
    }
}

/// A window; where the next one starts, and whether there is one.
async fn window<P: Projection<Entity = Item> + Debug>(
    trace: &mut Trace,
    query: Query<Item, Tenant<i64>, P>,
    request: WindowRequest,
    backwards: bool,
) -> Result<(Option<Cursor>, bool)> {
    let window = query.window(request).await?;
    let next = if backwards {
        (window.start.clone(), window.has_previous)
    } else {
        (window.end.clone(), window.has_next)
    };
    trace.add("window", &Ok(Windowed::from(window)));
    Ok(next)
}

/// The cursor with one of the last characters replaced, which belong to its check.
fn changed(cursor: &Cursor) -> Cursor {
    let mut text = cursor.to_string();
    let at = text.len() - 5;
    let other = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
    text.replace_range(at..=at, other);
    text.parse().expect("it is still base64")
}
