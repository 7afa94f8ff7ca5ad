//! Conditions: every operator on every type, with NULL, with lists, with text that looks special.

use chrono::TimeDelta;
use repo_core::{Column, ColumnType, Comparable, Error, Filter, PageRequest, schema};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{Fixture, moment};

type Samples = OptionalRepository<repo_core::NoTenant>;

/// The labels of the rows for which `filter` holds, in order.
async fn labels(samples: &Samples, filter: Filter<Optional>) -> Vec<String> {
    let found = samples.filter(filter).order_by(Optional::LABEL.asc()).all().await.unwrap();
    found.into_iter().map(|row| row.label).collect()
}

/// Rows `1`, `2` and `3` with values in this order, and a row `null` with none.
async fn four_rows(samples: &Samples) {
    let start = moment("1999-12-31T23:59:59.999999Z");
    for n in 1..=3_i16 {
        let moment = start + TimeDelta::microseconds(n.into()) * 3_600_000;
        let new = NewOptional {
            flag: Some(n > 1),
            small: Some(n - 2),
            medium: Some(i32::from(n) - 2),
            large: Some(i64::from(n) - 2),
            single: Some(f32::from(n) - 2.5),
            double: Some(f64::from(n) - 2.5),
            text: Some(["A", "a", "é"][n as usize - 1].to_owned()),
            bytes: Some([vec![0x7f], vec![0x80], vec![0x80, 0]][n as usize - 1].clone()),
            uuid: Some(Uuid::from_u128([1, 1 << 63, 1 << 127][n as usize - 1])),
            moment: Some(moment),
            date: Some(moment.date_naive() + TimeDelta::days(n.into())),
            time: Some(start.time() - TimeDelta::seconds(10 - i64::from(n))),
            fraction: Some(Decimal::new(i64::from(n) - 2, 1)),
            whole: Some(Decimal::new(10_i64.pow(n as u32) * if n == 1 { -1 } else { 1 }, 0)),
            status: Some([Status::Done, Status::InProgress, Status::New][n as usize - 1]),
            instant: Some(Instant(moment)),
            ..nothing(&n.to_string())
        };
        samples.create(new).await.unwrap();
    }
    samples.create(nothing("null")).await.unwrap();
}

/// Every comparison of `column`, whose rows are [`four_rows`].
async fn compared<T>(samples: &Samples, column: Column<Optional, Option<T>>)
where
    T: ColumnType<Bare = T> + Clone,
    T::Class: Comparable,
    Option<T>: ColumnType<Bare = T>,
{
    let rows = samples.query().order_by(Optional::LABEL.asc()).all().await.unwrap();
    let value = |index: usize| -> T { value_of(&rows[index], column) };
    let (one, two, three) = (value(0), value(1), value(2));
    for (filter, expected) in [
        (column.eq(&two), &["2"][..]),
        (column.ne(&two), &["1", "3"]),
        (column.lt(&two), &["1"]),
        (column.le(&two), &["1", "2"]),
        (column.gt(&two), &["3"]),
        (column.ge(&two), &["2", "3"]),
        (column.between(&one, &two), &["1", "2"]),
        (column.between(&two, &two), &["2"]),
        (column.between(&three, &one), &[]),
        (column.in_list([&one, &three, &one]), &["1", "3"]),
        (column.in_list(Vec::<T>::new()), &[]),
        (column.not_in([&one, &three]), &["2"]),
        (column.not_in(Vec::<T>::new()), &["1", "2", "3"]),
        (column.is_null(), &["null"]),
        (column.is_not_null(), &["1", "2", "3"]),
    ] {
        assert_eq!(labels(samples, filter.clone()).await, expected, "{filter:?}");
        let all = ["1", "2", "3", "null"];
        let others: Vec<_> = all.into_iter().filter(|row| !expected.contains(row)).collect();
        assert_eq!(labels(samples, !filter.clone()).await, others, "not {filter:?}");
        assert_eq!(labels(samples, !!filter.clone()).await, expected, "not not {filter:?}");
    }
}

/// The value of a column: read back through a cursor over the row's own encoding.
fn value_of<T: ColumnType<Bare = T>>(row: &Optional, column: Column<Optional, Option<T>>) -> T
where
    Option<T>: ColumnType<Bare = T>,
{
    let position = <Optional as repo_core::Entity>::TABLE.position(column.name()).unwrap();
    let kind = <Optional as repo_core::Entity>::TABLE.columns[position].kind;
    let value = |value: &dyn Fn() -> repo_core::Value<'static>| T::decode(value()).unwrap();
    macro_rules! read {
        ($($name:literal => $field:ident),*) => {
            match column.name() {
                $($name => value(&|| row.$field.encode(kind).unwrap().into_owned()),)*
                other => panic!("{other} is compared with nothing"),
            }
        };
    }
    read!(
        "flag" => flag, "small" => small, "medium" => medium, "large" => large,
        "single" => single, "double" => double, "text" => text, "bytes" => bytes,
        "uuid" => uuid, "moment" => moment, "date" => date, "time" => time,
        "fraction" => fraction, "whole" => whole, "status" => status, "instant" => instant
    )
}

pub(crate) async fn every_type_is_compared_alike(fixture: Fixture) {
    let db = fixture.with(&schema![Optional]).await;
    let samples = db.session().repo::<Optional>();
    four_rows(&samples).await;
    compared(&samples, Optional::SMALL).await;
    compared(&samples, Optional::MEDIUM).await;
    compared(&samples, Optional::LARGE).await;
    compared(&samples, Optional::SINGLE).await;
    compared(&samples, Optional::DOUBLE).await;
    compared(&samples, Optional::TEXT).await;
    compared(&samples, Optional::BYTES).await;
    compared(&samples, Optional::UUID).await;
    compared(&samples, Optional::MOMENT).await;
    compared(&samples, Optional::DATE).await;
    compared(&samples, Optional::TIME).await;
    compared(&samples, Optional::FRACTION).await;
    compared(&samples, Optional::WHOLE).await;
    compared(&samples, Optional::STATUS).await;
    compared(&samples, Optional::INSTANT).await;
}

pub(crate) async fn a_bool_is_compared_as_false_before_true(fixture: Fixture) {
    let db = fixture.with(&schema![Optional]).await;
    let samples = db.session().repo::<Optional>();
    four_rows(&samples).await;
    let flag = Optional::FLAG;
    assert_eq!(labels(&samples, flag.eq(true)).await, ["2", "3"]);
    assert_eq!(labels(&samples, flag.ne(true)).await, ["1"]);
    assert_eq!(labels(&samples, flag.lt(true)).await, ["1"]);
    assert_eq!(labels(&samples, flag.in_list([true, false])).await, ["1", "2", "3"]);
    assert_eq!(labels(&samples, flag.not_in([true])).await, ["1"]);
    assert_eq!(labels(&samples, !flag.eq(true)).await, ["1", "null"]);
}

pub(crate) async fn a_value_finer_than_its_column_is_refused_or_cut(fixture: Fixture) {
    let db = fixture.with(&schema![Optional]).await;
    let samples = db.session().repo::<Optional>();
    four_rows(&samples).await;
    for filter in [
        Optional::WHOLE.gt(Decimal::new(15, 1)),
        Optional::WHOLE.in_list([Decimal::ONE, Decimal::new(15, 1)]),
        Optional::WHOLE.between(Decimal::new(15, 1), Decimal::TEN),
    ] {
        assert_error!(samples.filter(filter).all().await, Error::InvalidInput { column, .. } if column == "whole");
    }
    let invalid = Optional::DOUBLE.lt(f64::NAN) | Filter::always();
    assert_error!(samples.filter(invalid).count().await, Error::InvalidInput { column, .. } if column == "double");
}

pub(crate) async fn filters_are_joined_in_every_way(fixture: Fixture) {
    let db = fixture.with(&schema![Optional]).await;
    let samples = db.session().repo::<Optional>();
    four_rows(&samples).await;
    let one = || Optional::LABEL.eq("1");
    let two = || Optional::LABEL.eq("2");
    let wanted = |n: Option<i16>| n.map(|n| Optional::SMALL.ge(n));
    type Case = (Filter<Optional>, &'static [&'static str]);
    let cases: Vec<Case> = vec![
        (one() | two(), &["1", "2"]),
        (one() & two(), &[]),
        (one().or(two()).and(Optional::FLAG.eq(true)), &["2"]),
        (one() | (two() & Optional::FLAG.eq(false)), &["1"]),
        (!(one() | two()), &["3", "null"]),
        (!(!one() & !two()), &["1", "2"]),
        (Filter::all([one(), !two()]), &["1"]),
        (Filter::any([one(), two(), one()]), &["1", "2"]),
        (Filter::all(Vec::<Filter<Optional>>::new()), &["1", "2", "3", "null"]),
        (Filter::any(Vec::<Filter<Optional>>::new()), &[]),
        (!Filter::any(Vec::<Filter<Optional>>::new()), &["1", "2", "3", "null"]),
        (Filter::all([wanted(None), Some(!one())]), &["2", "3", "null"]),
        (Filter::all([wanted(Some(0)), None]), &["2", "3"]),
        (Filter::any([wanted(None), None]), &[]),
        (Filter::always(), &["1", "2", "3", "null"]),
        (Filter::never(), &[]),
        (!Filter::always(), &[]),
        (Filter::always() & one(), &["1"]),
        (Filter::never() | one(), &["1"]),
    ];
    for (filter, expected) in cases {
        assert_eq!(labels(&samples, filter.clone()).await, expected, "{filter:?}");
        let count = samples.filter(filter.clone()).count().await.unwrap();
        assert_eq!(count, expected.len() as u64, "{filter:?}");
        assert_eq!(samples.filter(filter).exists().await.unwrap(), !expected.is_empty());
    }
    let chained = samples.filter(Some(one())).filter(None).filter(Optional::FLAG.eq(false));
    assert_eq!(chained.one().await.unwrap().label, "1");
}

pub(crate) async fn thousands_of_conditions_are_no_problem(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    let items = db.session().repo::<Item>();
    let created = items.create(item("n4999")).await.unwrap();
    let other = items.create(item("other")).await.unwrap();
    let equal = |n: usize| Item::NAME.eq(format!("n{n:04}"));
    let differs = |n: usize| Item::NAME.ne(format!("n{n:04}"));
    let any = Filter::any((0..5_000).map(equal));
    assert_eq!(items.filter(any).one().await.unwrap(), created);
    let all = Filter::all((0..5_000).map(differs));
    assert_eq!(items.filter(all).one().await.unwrap(), other);
    let one_by_one = (0..5_000).map(equal).reduce(Filter::or);
    assert_eq!(items.filter(one_by_one).one().await.unwrap(), created);
    let one_by_one = (0..5_000).map(differs).reduce(Filter::and);
    assert_eq!(items.filter(one_by_one).one().await.unwrap(), other);
    let chained = (0..2_000).fold(items.query(), |query, n| query.filter(differs(n)));
    assert_eq!(chained.count().await.unwrap(), 2);
}

pub(crate) async fn more_conditions_than_parameters_are_refused(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    let items = db.session().repo::<Item>();
    items.create(item("7")).await.unwrap();
    let any = |count: usize| Filter::any((0..count).map(|n| Item::NAME.eq(n.to_string())));
    let refused = items.filter(any(70_000)).all().await;
    assert_error!(refused, Error::InvalidInput { column, .. } if column == "parameters");
    assert_eq!(items.filter(any(8)).count().await.unwrap(), 1);
}

const TOO_DEEP: &str =
    "is nested too deeply: at most 50 levels of `&` and `|`, fewer with `!` and relations";

fn assert_too_deep<T: std::fmt::Debug>(answer: Result<T, Error>) {
    assert_error!(
        answer,
        Error::InvalidInput { column, reason } if column == "filter" && reason == TOO_DEEP
    );
}

/// So many levels of `&` and `|` inside each other around `inner`, each with others beside what it holds.
fn nested(inner: Filter<Optional>, levels: usize, width: usize) -> Filter<Optional> {
    (0..levels).fold(inner, |inner, level| {
        let beside = std::iter::repeat_with(|| Optional::LABEL.eq("1")).take(width);
        let parts = std::iter::once(inner).chain(beside);
        if level % 2 == 0 { Filter::any(parts) } else { Filter::all(parts) }
    })
}

pub(crate) async fn conditions_are_nested_so_deep_and_no_deeper(fixture: Fixture) {
    let db = fixture.with(&schema![Optional]).await;
    let samples = db.session().repo::<Optional>();
    four_rows(&samples).await;
    let one = || Optional::LABEL.eq("1");
    for width in [1, 3, 99, 300] {
        let filter = nested(Optional::JSON.path(["a"]).gt(1.5), 50, width);
        assert_eq!(labels(&samples, filter.clone()).await, ["1"], "{width}");
        for number in [1, 2] {
            let page =
                samples.filter(filter.clone()).page(PageRequest::number(number).size(10)).await;
            assert_eq!(page.unwrap().total, 1, "{width}");
        }
    }
    let elements = nested(Optional::JSON.path(["a"]).has_element(1.5), 50, 99);
    assert_eq!(labels(&samples, elements).await, ["1"]);
    for levels in [51, 52, 102, 103, 1_200, 50_000] {
        assert_too_deep(samples.filter(nested(one(), levels, 1)).count().await);
    }
    let crossed = |levels: usize| {
        (0..levels).fold(one(), |filter, _| !(filter & Optional::LABEL.is_not_null()))
    };
    assert_eq!(labels(&samples, crossed(44)).await, ["1"]);
    let element = || Optional::JSON.has_element(1.5) | one();
    let elements = (0..43).fold(element(), |filter, _| !(filter & element()));
    assert_eq!(labels(&samples, !elements & one()).await, ["1"]);
    assert_too_deep(samples.filter(crossed(45)).all().await);
    let deep = !(crossed(100_000) | one());
    assert_eq!(format!("{:?}", deep.clone()), format!("{deep:?}"));
    assert_too_deep(samples.filter(deep).exists().await);
}

pub(crate) async fn a_complement_of_a_complement_is_the_filter(fixture: Fixture) {
    let db = fixture.with(&schema![Optional]).await;
    let samples = db.session().repo::<Optional>();
    four_rows(&samples).await;
    let not = |times: usize| (0..times).fold(Optional::TEXT.eq("A"), |filter, _| !filter);
    for times in [0, 2, 100_000] {
        assert_eq!(labels(&samples, not(times)).await, ["1"], "{times}");
    }
    for times in [1, 3, 100_001] {
        assert_eq!(labels(&samples, not(times)).await, ["2", "3", "null"], "{times}");
    }
    assert_eq!(labels(&samples, !(not(2) | Optional::SMALL.eq(0))).await, ["3", "null"]);
    // What is inside of its like is beside it.
    let flat = (0..2_000).fold(not(0), |filter, _| Filter::all([Filter::all([filter]), not(0)]));
    assert_eq!(labels(&samples, flat).await, ["1"]);
}

pub(crate) async fn what_rows_find_is_nested_so_deep_and_no_deeper(fixture: Fixture) {
    let db = fixture.with(&projects()).await;
    let session = crate::fixture::acme(&db).actor("alice");
    let project = session.repo::<Project>().create(project("a")).await.unwrap();
    let tasks = session.repo::<Task>();
    let first = tasks.create(task("first", &project)).await.unwrap();
    let itself = TaskPatch::new().parent_id(Some(first.id));
    tasks.patch(first.id, itself).await.unwrap();
    let beside = || std::iter::repeat_with(|| Task::CODE.eq("first")).take(100);
    type Step = fn(Filter<Task>) -> Filter<Task>;
    let parent: Step = |filter| Task::parent().has(filter);
    let child: Step = |filter| Task::parent().many().has(filter);
    // How often each is done before the relations, and how many of these there can be.
    for (step, conditions, expected) in
        [(parent, 0, 16), (child, 0, 16), (parent, 10, 3), (child, 24, 1), (parent, 49, 0)]
    {
        let inner = (0..conditions).fold(Task::CODE.eq("first"), |filter, level| {
            let parts = std::iter::once(filter).chain(beside());
            if level % 2 == 0 { Filter::all(parts) } else { Filter::any(parts) }
        });
        let above = |levels: usize| (0..levels).fold(inner.clone(), |filter, _| step(filter));
        assert_eq!(tasks.filter(above(expected)).count().await.unwrap(), 1, "{conditions}");
        assert_too_deep(tasks.filter(above(expected + 1)).count().await);
        assert_too_deep(tasks.filter(above(1_200)).count().await);
    }
}

pub(crate) async fn a_moment_is_of_the_last_day(fixture: Fixture) {
    let db = fixture.with(&schema![Optional]).await;
    let samples = db.session().repo::<Optional>();
    let moments =
        ["9999-12-30T23:59:59.999999Z", "9999-12-31T00:00:00Z", "9999-12-31T23:59:59.999999Z"];
    for (text, label) in moments.into_iter().zip(["1", "2", "3"]) {
        let new = NewOptional { moment: Some(moment(text)), ..nothing(label) };
        samples.create(new).await.unwrap();
    }
    let on = |day: &str| Optional::MOMENT.on(day.parse().unwrap());
    assert_eq!(labels(&samples, on("9999-12-31")).await, ["2", "3"]);
    assert_eq!(labels(&samples, on("9999-12-30")).await, ["1"]);
    assert_eq!(labels(&samples, on("0001-01-01")).await, [""; 0]);
    for day in ["+10000-01-01", "0000-12-31"] {
        let refused = samples.filter(on(day)).count().await;
        assert_error!(refused, Error::InvalidInput { column, .. } if column == "moment");
    }
}

pub(crate) async fn forty_thousand_members_are_one_list(fixture: Fixture) {
    let db = fixture.with(&schema![Optional]).await;
    let samples = db.session().repo::<Optional>();
    four_rows(&samples).await;
    let many = 0..40_000_i64;
    let found = labels(&samples, Optional::LARGE.in_list(many.clone())).await;
    assert_eq!(found, ["2", "3"]);
    let found = labels(&samples, Optional::LARGE.not_in(many.clone())).await;
    assert_eq!(found, ["1"]);
    let texts = Optional::TEXT.in_list(many.clone().map(|n| format!("a{n}")).chain(["a".into()]));
    assert_eq!(labels(&samples, texts).await, ["2"]);
    let moments = many.map(|n| moment("1999-12-31T23:59:59.999999Z") + TimeDelta::microseconds(n));
    let none = Optional::MOMENT.in_list(moments);
    assert_eq!(labels(&samples, none).await, [""; 0]);
}

pub(crate) async fn lists_of_every_text_are_compared_exactly(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    let items = db.session().repo::<Item>();
    let names = ["", "NULL", "{a,b}", "a,b", "\"", "\\", "'", " ", "🦀", "null", "[1]"];
    for name in names {
        items.create(item(name)).await.unwrap();
    }
    assert_eq!(items.filter(Item::NAME.in_list(names)).count().await.unwrap(), 11);
    for name in names {
        let found = items.filter(Item::NAME.in_list([name])).one().await.unwrap();
        assert_eq!(found.name, name);
        assert_eq!(items.filter(Item::NAME.not_in([name])).count().await.unwrap(), 10);
    }
}

pub(crate) async fn no_character_of_a_searched_text_is_special(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    let items = db.session().repo::<Item>();
    let pieces = ["%", "_", "\\", "'", "\"", "*", "?", "[a]", "^", "\\%", "🦀", "e\u{301}", "\n"];
    for piece in pieces {
        let new = NewItem { shelf: Some(format!("{piece}x{piece}")), ..item(piece) };
        items.create(new).await.unwrap();
    }
    items.create(item("no shelf")).await.unwrap();
    let plain = NewItem { shelf: Some("xxx".to_owned()), ..item("plain") };
    items.create(plain).await.unwrap();
    for piece in pieces {
        let expected = pieces.iter().filter(|other| other.contains(piece)).count() as u64;
        let count = async |filter| items.filter(filter).count().await.unwrap();
        assert_eq!(count(Item::SHELF.contains(piece)).await, expected, "{piece:?}");
        assert_eq!(count(Item::SHELF.icontains(piece)).await, expected, "{piece:?}");
        let starts = pieces.iter().filter(|other| other.starts_with(piece)).count() as u64;
        assert_eq!(count(Item::SHELF.starts_with(piece)).await, starts, "{piece:?}");
        let ends = pieces.iter().filter(|other| other.ends_with(piece)).count() as u64;
        assert_eq!(count(Item::SHELF.ends_with(piece)).await, ends, "{piece:?}");
        let others = count(!Item::SHELF.contains(piece)).await;
        assert_eq!(others, pieces.len() as u64 + 2 - expected, "{piece:?}");
    }
}

pub(crate) async fn a_search_is_about_place_and_case(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    let items = db.session().repo::<Item>();
    for name in [
        "Ärger",
        "ärger",
        "ARGER",
        "arger",
        "",
        "er",
        "über ärger",
        "İSTANBUL",
        "\u{17f}",
        "\u{212a}",
    ] {
        items.create(item(name)).await.unwrap();
    }
    let found = async |filter| -> Vec<String> {
        let rows = items.filter(filter).order_by(Item::NAME.asc()).all().await.unwrap();
        rows.into_iter().map(|row| row.name).collect()
    };
    let name = Item::NAME;
    assert_eq!(found(name.contains("rge")).await, ["arger", "Ärger", "ärger", "über ärger"]);
    assert_eq!(found(name.starts_with("ä")).await, ["ärger"]);
    assert_eq!(found(name.ends_with("ärger")).await, ["ärger", "über ärger"]);
    assert_eq!(found(name.ends_with("xärger")).await, [""; 0]);
    assert_eq!(found(name.icontains("ARGER")).await, ["ARGER", "arger"]);
    assert_eq!(found(name.icontains("ÄRGER")).await, ["Ärger"], "only A to Z are folded");
    assert_eq!(found(name.icontains("ärger")).await, ["ärger", "über ärger"]);
    assert_eq!(found(name.icontains("istanbul")).await, [""; 0]);
    assert_eq!(found(name.icontains("s")).await, ["İSTANBUL"], "a long s is no s");
    assert_eq!(found(name.icontains("k")).await, [""; 0], "nor is a kelvin sign a k");
    assert_eq!(found(name.starts_with("")).await.len(), 10);
    assert_eq!(found(name.contains("")).await.len(), 10);
    let nul = items.filter(name.contains("a\0")).all().await;
    assert_error!(nul, Error::InvalidInput { column, .. } if column == "name");
}

pub(crate) async fn a_filter_shows_its_shape_and_no_value(_fixture: Fixture) {
    let filter =
        Ticket::REPORTER.eq("eve@x.org") & (Ticket::CODE.contains("7") | Ticket::OWNER.is_null());
    let shown = format!("{filter:?}");
    assert_eq!(shown, "(reporter = ? and (code contains ? or owner is null))");
    let patch = format!("{:?}", TicketPatch::new().reporter("eve@x.org".to_owned()).title("x"));
    assert!(!patch.contains("eve") && patch.contains("reporter"), "{patch}");
    let new = format!("{:?}", ticket("A-1").reporter("eve@x.org".to_owned()));
    assert!(!new.contains("eve") && new.contains("A-1"), "{new}");
}
