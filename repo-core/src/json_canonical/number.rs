//! A number of JSON without its exponent, as Postgres prints a `numeric`.

use std::borrow::Cow;

use super::no_json;
use crate::value::InvalidValue;

/// The most digits of a `numeric` before and after its point.
const MOST_WHOLE: i64 = 131_072;
const MOST_FRACTION: i64 = 16_383;

/// The number in plain digits. Zero has no sign, and a fraction keeps its zeros.
pub(super) fn plain(number: &str) -> Result<Cow<'_, str>, InvalidValue> {
    let parts = Parts::of(number).ok_or_else(no_json)?;
    let exponent = exponent(parts.exponent)?;
    let fraction = (parts.fraction.len() as i64 - exponent).max(0);
    if parts.whole_digits(exponent) > MOST_WHOLE || fraction > MOST_FRACTION {
        return Err(InvalidValue::new("holds a number of too many digits"));
    }
    if parts.exponent.is_empty() && !(parts.is_negative && parts.is_zero()) {
        return Ok(Cow::Borrowed(number));
    }
    Ok(Cow::Owned(parts.print(exponent, fraction as usize)))
}

struct Parts<'n> {
    is_negative: bool,
    whole: &'n str,
    fraction: &'n str,
    /// With its sign; empty if there is none.
    exponent: &'n str,
}

impl<'n> Parts<'n> {
    fn of(number: &'n str) -> Option<Self> {
        let (is_negative, rest) =
            number.strip_prefix('-').map_or((false, number), |rest| (true, rest));
        let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, Some(exponent)),
            None => (rest, None),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (mantissa, None),
        };
        let is_whole = is_digits(whole) && (whole.len() == 1 || !whole.starts_with('0'));
        let is_exponent =
            exponent.is_none_or(|text| is_digits(text.strip_prefix(['+', '-']).unwrap_or(text)));
        (is_whole && fraction.is_none_or(is_digits) && is_exponent).then(|| Self {
            is_negative,
            whole,
            fraction: fraction.unwrap_or(""),
            exponent: exponent.unwrap_or(""),
        })
    }

    fn is_zero(&self) -> bool {
        self.digits().all(|digit| digit == b'0')
    }

    fn digits(&self) -> impl Iterator<Item = u8> {
        self.whole.bytes().chain(self.fraction.bytes())
    }

    /// How many digits stand before the point, without leading zeros; below 1 there are none.
    fn whole_digits(&self, exponent: i64) -> i64 {
        let leading = self.digits().take_while(|digit| *digit == b'0').count();
        if leading == self.whole.len() + self.fraction.len() {
            return 0;
        }
        self.whole.len() as i64 + exponent - leading as i64
    }

    fn print(&self, exponent: i64, fraction: usize) -> String {
        let whole = self.whole_digits(exponent).max(0) as usize;
        let mut text = String::with_capacity(whole + fraction + 3);
        if self.is_negative && !self.is_zero() {
            text.push('-');
        }
        if whole == 0 {
            text.push('0');
        }
        // The place of a digit: 0 stands right before the point.
        let mut place = whole as i64 - 1;
        let first = self.whole.len() as i64 - 1 + exponent;
        while place >= -(fraction as i64) {
            if place == -1 {
                text.push('.');
            }
            let digit = usize::try_from(first - place).ok().and_then(|index| self.digit(index));
            text.push(char::from(digit.unwrap_or(b'0')));
            place -= 1;
        }
        text
    }

    fn digit(&self, index: usize) -> Option<u8> {
        let whole = self.whole.as_bytes();
        whole.get(index).or_else(|| self.fraction.as_bytes().get(index - whole.len())).copied()
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn exponent(text: &str) -> Result<i64, InvalidValue> {
    if text.is_empty() {
        return Ok(0);
    }
    let exponent = text.strip_prefix('+').unwrap_or(text).parse::<i32>();
    // Postgres takes no exponent above half of an `int`, not of zero either.
    let exponent = exponent.ok().filter(|exponent| exponent.unsigned_abs() < (i32::MAX / 2) as u32);
    let too_large = || InvalidValue::new("holds a number of too many digits");
    exponent.map(i64::from).ok_or_else(too_large)
}
