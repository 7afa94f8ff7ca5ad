//! How the text of a JSON value becomes a value of ours, and what is refused.

use chrono::NaiveDate;
use repo_core::{ColumnType as _, Value};
use rust_decimal::Decimal;

use crate::entities::{MONEY_SCALE, Mode};
use crate::fields::Read;

/// A name: some characters, not too many, that can be seen.
pub(crate) fn name(json: &str, most: usize) -> Read<String> {
    let name = text(json)?;
    check_name(&name, most)?;
    Ok(name)
}

/// Why a text is no name, in words that complete "it ...".
pub(crate) fn check_name(name: &str, most: usize) -> Read<()> {
    if name.trim().is_empty() {
        return Err("is empty".to_owned());
    }
    if name.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("is not a name, for it has blanks".to_owned());
    }
    if name.chars().count() > most {
        return Err(format!("is longer than {most} characters"));
    }
    Ok(())
}

/// Any text that a database can hold.
pub(crate) fn text(json: &str) -> Read<String> {
    let text: String = serde_json::from_str(json).map_err(|_| "is not text".to_owned())?;
    if text.contains('\0') {
        return Err("holds a NUL character".to_owned());
    }
    Ok(text)
}

/// The name of a mode.
pub(crate) fn mode(json: &str) -> Read<Mode> {
    let text = text(json)?;
    Mode::decode(Value::Text(text.into())).map_err(|_| "is not a known mode".to_owned())
}

/// Yes or no.
pub(crate) fn flag(json: &str) -> Read<bool> {
    json.parse().map_err(|_| "is neither true nor false".to_owned())
}

/// A number of tokens, which is at least `least`.
pub(crate) fn tokens(json: &str, least: i64) -> Read<i64> {
    let tokens: i64 = json.parse().map_err(|_| "is not a whole number".to_owned())?;
    if tokens < least {
        return Err(format!("is below {least}"));
    }
    Ok(tokens)
}

/// A day.
pub(crate) fn day(json: &str) -> Read<NaiveDate> {
    let text = text(json)?;
    text.parse().map_err(|_| "is not a day, such as 2026-01-31".to_owned())
}

/// A price of one token exactly as it is written, digits that a column has no room for included.
pub(crate) fn price(json: &str) -> Read<Decimal> {
    let number = match json.contains(['e', 'E']) {
        true => Decimal::from_scientific(json),
        false => Decimal::from_str_exact(json),
    };
    let price = number.map_err(|_| "is not a number of at most 28 digits".to_owned())?;
    if price.is_sign_negative() && !price.is_zero() {
        return Err("is below 0".to_owned());
    }
    // What the column has before the point.
    if price.trunc() >= Decimal::ONE_THOUSAND {
        return Err("is 1000 dollars or more for one token".to_owned());
    }
    Ok(price)
}

/// The price as it is kept. Digits beyond are what is left of a float: `0.0000032000000000000003`.
pub(crate) fn kept(price: Decimal) -> Decimal {
    price.round_dp(MONEY_SCALE).normalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_read_from_its_text_to_the_last_digit() {
        for (json, expected) in [
            ("3E-7", "0.0000003"),
            ("0.0", "0"),
            ("8.900000000000001E-7", "0.0000008900000000000001"),
            ("2", "2"),
            ("999.9", "999.9"),
        ] {
            let price = price(json).expect(json);
            assert_eq!(price.normalize().to_string(), expected);
        }
        for (json, expected) in
            [("8.900000000000001E-7", "0.00000089"), ("1.41953125E-7", "0.000000141953125")]
        {
            assert_eq!(kept(price(json).expect(json)).to_string(), expected);
        }
    }

    #[test]
    fn what_is_no_price_is_refused_with_the_reason() {
        for (json, reason) in [
            ("-1E-7", "is below 0"),
            ("1000", "is 1000 dollars or more for one token"),
            ("\"free\"", "is not a number of at most 28 digits"),
            ("1E99", "is not a number of at most 28 digits"),
            ("[]", "is not a number of at most 28 digits"),
        ] {
            assert_eq!(price(json), Err(reason.to_owned()), "{json}");
        }
    }

    #[test]
    fn a_name_can_be_seen_and_is_not_too_long() {
        assert_eq!(name("\"gpt-4o\"", 10).as_deref(), Ok("gpt-4o"));
        for json in ["\"\"", "\" \"", "\"a b\"", "\"a\\u0000\"", "\"longer-than-ten\"", "7", "{}"] {
            assert!(name(json, 10).is_err(), "{json}");
        }
    }

    #[test]
    fn limits_are_whole_numbers_and_days_are_days() {
        assert_eq!(tokens("8192", 1), Ok(8192));
        for json in ["0", "-1", "1.5", "\"8192\"", "99999999999999999999"] {
            assert!(tokens(json, 1).is_err(), "{json}");
        }
        assert!(day("\"2026-02-28\"").is_ok());
        assert!(day("\"2026-02-29\"").is_err());
    }
}
