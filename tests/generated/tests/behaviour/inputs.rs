//! `NewX`, `XDraft` and `XPatch`: what they show, and what they leave out.

use generated_code::every_key::{Context, IncidentPatch, NewIncident, Status};

pub(crate) fn new_incident() -> NewIncident {
    NewIncident {
        signature: "timeout".to_owned(),
        status: Status::New,
        external_id: None,
        context: Context { host: "a1".to_owned() },
        cost: None,
        reporter_email: Some("alice@example.com".to_owned()),
        team_id: None,
        follows: None,
    }
}

#[test]
fn debug_shows_columns_and_hides_sensitive_ones() {
    assert_eq!(
        format!("{:?}", new_incident()),
        r#"NewIncident { signature: "timeout", status: "new", externalId: NULL, context: {"host": "a1"}, cost: NULL, reporter_email: <sensitive>, team_id: NULL, follows: NULL }"#
    );
    let draft = format!("{:?}", new_incident().event_count(3).steps(None));
    assert!(draft.starts_with("IncidentDraft { signature: "), "{draft}");
    assert!(draft.ends_with("event_count: 3, steps: NULL }"), "{draft}");
    assert!(!draft.contains("alice"), "{draft}");
}

#[test]
fn a_patch_holds_what_was_set_and_tells_none_from_nothing() {
    assert_eq!(format!("{:?}", IncidentPatch::new()), "Patch");
    let patch = IncidentPatch::new()
        .status(Status::InReview)
        .status(Status::Done)
        .external_id(None)
        .reporter_email("bob@example.com".to_owned())
        .context(Context { host: "b2".to_owned() })
        .steps(vec!["called".to_owned()]);
    assert_eq!(
        format!("{patch:?}"),
        r#"Patch { status: "closed", externalId: NULL, context: {"host": "b2"}, steps: ["called"], reporter_email: <sensitive> }"#
    );
}

#[test]
fn text_that_does_not_fit_is_shown_as_what_is_wrong_with_it() {
    let mut new = new_incident();
    new.signature = "\0".to_owned();
    let shown = format!("{new:?}");
    assert!(shown.contains("signature: <holds a NUL character>"), "{shown}");
}
