//! `ColumnEnum` and `ColumnType`: what is stored, and what is refused.

use generated_code::every_key::Status;
use generated_code::types::{Preferred, Side, Tagged};
use repo_core::{ColumnType, Kind, Value};

#[test]
fn a_variant_is_stored_by_its_name() {
    let texts = [Status::New, Status::InReview, Status::Done].map(|status| status.as_str());
    assert_eq!(texts, ["new", "in_review", "closed"]);
    assert_eq!(Status::VARIANTS, texts);
    assert_eq!(Status::KIND, Kind::Text);
    assert_eq!(Status::InReview.encode(Kind::Text), Ok(Value::Text("in_review".into())));
    assert_eq!(Side::VARIANTS, ["LEFT_SIDE", "RIGHT_SIDE"]);
}

#[test]
fn a_name_becomes_its_variant_and_any_other_is_refused() {
    assert_eq!(Status::decode(Value::Text("closed".into())), Ok(Status::Done));
    for value in [Value::Text("done".into()), Value::I64(0), Value::Null(Kind::Text)] {
        let refused = Status::decode(value).expect_err("no variant has this name");
        assert_eq!(refused.reason(), "is none of `new`, `in_review`, `closed`");
    }
}

#[test]
fn a_newtype_is_stored_as_what_it_holds() {
    assert_eq!(Preferred::VARIANTS, Side::VARIANTS);
    assert_eq!(Preferred(Side::LeftSide).encode(Kind::Text), Side::LeftSide.encode(Kind::Text));
    assert_eq!(Preferred::decode(Value::Text("LEFT_SIDE".into())), Ok(Preferred(Side::LeftSide)));
    assert_eq!(<Tagged<String> as ColumnType>::KIND, Kind::Text);
    assert_eq!(Tagged("a".to_owned()).encode(Kind::Text), Ok(Value::Text("a".into())));
}
