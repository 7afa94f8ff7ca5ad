//! Moments, days and times of day as text of fixed width, which orders as they do.
//!
//! What is written always has the fixed width. What is read may also be what sqlx and SQLite's own
//! functions write: there the general parser of `chrono` helps out, at ten times the cost.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, SubsecRound, Timelike, Utc};
use repo_core::InvalidValue;

/// `2026-01-31T23:59:59.000001+00:00`
pub(crate) type TimestampText = [u8; 32];
/// `2026-01-31`
pub(crate) type DateText = [u8; 10];
/// `23:59:59.000001`
pub(crate) type TimeText = [u8; 15];

/// What sqlx reads as a moment beside RFC 3339, each taken as UTC.
const MOMENTS: [&str; 4] = ["%F %T%.f", "%FT%T%.f", "%F %R", "%FT%R"];
/// The same with an offset of their own.
const MOMENTS_WITH_OFFSET: [&str; 4] = ["%F %T%.f%#z", "%FT%T%.f%#z", "%F %R%#z", "%FT%R%#z"];

/// A moment as the tables of the repositories store it, for SQL that is written by hand:
/// `2026-01-31T23:59:59.000001+00:00`, always 32 characters. What is finer than a microsecond is cut off.
///
/// Drivers write moments in other forms, which these tables refuse: bind this text instead, in conditions too.
///
/// ```
/// let at = chrono::DateTime::from_timestamp(1_769_904_000, 999).expect("a moment");
/// assert_eq!(repo_sqlite::moment_text(at)?, "2026-02-01T00:00:00.000000+00:00");
/// # Ok::<(), repo_core::InvalidValue>(())
/// ```
///
/// # Errors
///
/// [`InvalidValue`]: it is a leap second, or not in the years 1 to 9999.
pub fn moment_text(moment: DateTime<Utc>) -> Result<String, InvalidValue> {
    timestamp_text(moment).map(text)
}

/// A time of day as the tables of the repositories store it: as [`moment_text`], `23:59:59.000001`, always 15
/// characters.
///
/// # Errors
///
/// [`InvalidValue`]: it is a leap second.
pub fn time_of_day_text(time: NaiveTime) -> Result<String, InvalidValue> {
    time_text(time).map(text)
}

/// Writes a moment of the years 1 to 9999.
pub(crate) fn timestamp_text(value: DateTime<Utc>) -> Result<TimestampText, InvalidValue> {
    let value = value.naive_utc();
    let mut text = *b"0000-00-00T00:00:00.000000+00:00";
    text[..10].copy_from_slice(&date_text(value.date())?);
    text[11..26].copy_from_slice(&time_text(value.time())?);
    Ok(text)
}

/// Writes a day of the years 1 to 9999.
pub(crate) fn date_text(value: NaiveDate) -> Result<DateText, InvalidValue> {
    let year = u32::try_from(value.year()).ok().filter(|year| (1..=9999).contains(year));
    let year = year.ok_or_else(|| InvalidValue::new("is not in the years 1 to 9999"))?;
    let mut text = *b"0000-00-00";
    write_digits(&mut text[..4], year);
    write_digits(&mut text[5..7], value.month());
    write_digits(&mut text[8..], value.day());
    Ok(text)
}

/// Writes a time of day.
pub(crate) fn time_text(value: NaiveTime) -> Result<TimeText, InvalidValue> {
    let micros = value.nanosecond() / 1_000;
    if micros >= 1_000_000 {
        return Err(InvalidValue::new("is a leap second, which no database keeps"));
    }
    let mut text = *b"00:00:00.000000";
    write_digits(&mut text[..2], value.hour());
    write_digits(&mut text[3..5], value.minute());
    write_digits(&mut text[6..8], value.second());
    write_digits(&mut text[9..], micros);
    Ok(text)
}

/// Reads a moment. What is finer than a microsecond is cut off.
pub(crate) fn parse_timestamp(text: &str) -> Option<DateTime<Utc>> {
    fixed_timestamp(text.as_bytes()).or_else(|| lenient_timestamp(text))
}

/// Reads a day.
pub(crate) fn parse_date(text: &str) -> Option<NaiveDate> {
    fixed_date(text.as_bytes())
}

/// Reads a time of day. What is finer than a microsecond is cut off.
pub(crate) fn parse_time(text: &str) -> Option<NaiveTime> {
    fixed_time(text.as_bytes()).or_else(|| lenient_time(text))
}

/// Reads a moment of the fixed width.
pub(crate) fn fixed_timestamp(text: &[u8]) -> Option<DateTime<Utc>> {
    let text: &TimestampText = text.try_into().ok()?;
    if text[10] != b'T' || text[26..] != *b"+00:00" {
        return None;
    }
    let moment = fixed_date(&text[..10])?.and_time(fixed_time(&text[11..26])?);
    Some(moment.and_utc())
}

fn fixed_date(text: &[u8]) -> Option<NaiveDate> {
    let text: &DateText = text.try_into().ok()?;
    if text[4] != b'-' || text[7] != b'-' {
        return None;
    }
    let year = i32::try_from(digits(&text[..4])?).ok().filter(|year| *year > 0)?;
    NaiveDate::from_ymd_opt(year, digits(&text[5..7])?, digits(&text[8..])?)
}

fn fixed_time(text: &[u8]) -> Option<NaiveTime> {
    let text: &TimeText = text.try_into().ok()?;
    if text[2] != b':' || text[5] != b':' || text[8] != b'.' {
        return None;
    }
    let (hour, minute) = (digits(&text[..2])?, digits(&text[3..5])?);
    NaiveTime::from_hms_micro_opt(hour, minute, digits(&text[6..8])?, digits(&text[9..])?)
}

#[cold]
fn lenient_timestamp(text: &str) -> Option<DateTime<Utc>> {
    let with_offset = || {
        MOMENTS_WITH_OFFSET.iter().find_map(|format| DateTime::parse_from_str(text, format).ok())
    };
    let plain = || {
        let text = text.strip_suffix('Z').unwrap_or(text);
        MOMENTS.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
    };
    let moment = DateTime::parse_from_rfc3339(text)
        .ok()
        .or_else(with_offset)
        .map(|moment| moment.naive_utc())
        .or_else(plain)?;
    let is_kept = (1..=9999).contains(&moment.year()) && moment.nanosecond() < 1_000_000_000;
    is_kept.then(|| moment.trunc_subsecs(6).and_utc())
}

#[cold]
fn lenient_time(text: &str) -> Option<NaiveTime> {
    let time = ["%T%.f", "%R"]
        .iter()
        .find_map(|format| NaiveTime::parse_from_str(text, format).ok())
        .filter(|time| time.nanosecond() < 1_000_000_000)?;
    Some(time.trunc_subsecs(6))
}

fn text<const N: usize>(ascii: [u8; N]) -> String {
    ascii.into_iter().map(char::from).collect()
}

/// Writes `value` as decimal digits over the whole of `text`.
fn write_digits(text: &mut [u8], mut value: u32) {
    for place in text.iter_mut().rev() {
        // Below ten, so it fits.
        *place = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

/// Reads text that is all decimal digits, at most nine of them.
fn digits(text: &[u8]) -> Option<u32> {
    let mut value = 0;
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + u32::from(digit);
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn moment(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(text).expect("a moment of the test").to_utc()
    }

    fn written(value: DateTime<Utc>) -> String {
        moment_text(value).expect("a moment that is kept")
    }

    #[test]
    fn a_moment_is_written_in_32_characters() {
        assert_eq!(
            written(moment("2026-01-31T23:59:59.000001Z")),
            "2026-01-31T23:59:59.000001+00:00"
        );
        assert_eq!(written(moment("0001-01-01T00:00:00Z")), "0001-01-01T00:00:00.000000+00:00");
        assert_eq!(
            written(moment("9999-12-31T23:59:59.999999Z")),
            "9999-12-31T23:59:59.999999+00:00"
        );
    }

    #[test]
    fn a_time_of_day_is_written_in_15_characters() {
        let time = |text: &str| text.parse::<NaiveTime>().expect("a time of the test");
        assert_eq!(time_of_day_text(time("23:59")), Ok("23:59:00.000000".to_owned()));
        assert_eq!(time_of_day_text(time("01:02:03.0000049")), Ok("01:02:03.000004".to_owned()));
        assert!(time_of_day_text(time("23:59:60")).is_err());
    }

    #[test]
    fn every_moment_comes_back_and_text_orders_as_time_does() {
        let mut random = 0x9e37_79b9_7f4a_7c15_u64;
        let (first, last) = (moment("0001-01-01T00:00:00Z"), moment("9999-12-31T23:59:59.999999Z"));
        let span =
            (last - first).num_microseconds().expect("10,000 years in microseconds").unsigned_abs();
        let mut before = (first, written(first));
        for _ in 0..50_000 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let offset = i64::try_from(random % (span + 1)).expect("within the span");
            let value = first + TimeDelta::microseconds(offset);
            let text = written(value);
            assert_eq!(fixed_timestamp(text.as_bytes()), Some(value), "{text}");
            assert_eq!(lenient_timestamp(&text), Some(value), "{text}");
            assert_eq!(before.1.cmp(&text), before.0.cmp(&value), "{text}");
            before = (value, text);
        }
    }

    #[test]
    fn what_sqlx_and_sqlite_write_is_read() {
        let whole = moment("2026-01-31T23:59:59Z");
        for text in [
            "2026-01-31T23:59:59+00:00",
            "2026-01-31T23:59:59Z",
            "2026-01-31 23:59:59",
            "2026-01-31 23:59:59+00:00",
            "2026-02-01T01:59:59+02:00",
            "2026-02-01 01:59:59+02:00",
            "2026-01-31T23:59:59.000000999+00:00",
        ] {
            assert_eq!(parse_timestamp(text), Some(whole), "{text}");
        }
        let millis = moment("2026-01-31T23:59:59.123Z");
        assert_eq!(parse_timestamp("2026-01-31T23:59:59.123+00:00"), Some(millis));
        assert_eq!(parse_timestamp("2026-01-31 23:59:59.123"), Some(millis));
        assert_eq!(parse_time("23:59:59.5"), NaiveTime::from_hms_milli_opt(23, 59, 59, 500));
        assert_eq!(parse_time("23:59:59"), NaiveTime::from_hms_opt(23, 59, 59));
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in [
            "",
            "2026-02-30T00:00:00.000000+00:00",
            "2026-01-31T24:00:00.000000+00:00",
            "2026-01-31T23:59:60.000000+00:00",
            "2026-01-31T23:59:5x.000000+00:00",
            "0000-01-31T23:59:59.000000+00:00",
            "2026-01-31",
            "1769903999",
            "yesterday",
        ] {
            assert_eq!(parse_timestamp(text), None, "{text}");
        }
        assert_eq!(parse_date("2026-13-01"), None);
        assert_eq!(parse_date("2026-1-01"), None);
        assert_eq!(parse_time("24:00:00"), None);
    }

    #[test]
    fn what_no_fixed_width_holds_is_refused() {
        let far = NaiveDate::from_ymd_opt(10_000, 1, 1).expect("a day of the test");
        assert!(date_text(far).is_err());
        assert!(date_text(NaiveDate::from_ymd_opt(0, 1, 1).expect("a day of the test")).is_err());
        let leap =
            NaiveTime::from_hms_micro_opt(23, 59, 59, 1_500_000).expect("chrono's leap second");
        assert!(time_text(leap).is_err());
    }
}
