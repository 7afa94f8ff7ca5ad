//! `numeric` in the binary format: digits of base 10,000, and where the point is among them.
//!
//! ```text
//! i16 digits   i16 weight   u16 sign   u16 scale   digits * i16
//! ```
//!
//! The first digit counts 10,000^weight, each next one 10,000 times less. There are no zeros at either
//! end. Only what fits a count of units in 64 bits is read, and only where nothing is lost.

use repo_core::InvalidValue;

const BASE: u128 = 10_000;
const POSITIVE: u16 = 0x0000;
const NEGATIVE: u16 = 0x4000;
const HEADER: usize = 8;
/// The most digits of 64 bits with up to three zeros appended: 23 decimal ones, in groups of four.
const MOST_DIGITS: usize = 6;

/// Appends `units` times 10^-`scale`.
pub(super) fn write(units: i64, scale: u8, out: &mut Vec<u8>) {
    let scale = i16::from(scale);
    // Zeros are appended until the point lies between two digits of base 10,000.
    let padding = (4 - scale % 4) % 4;
    let mut rest = u128::from(units.unsigned_abs()) * 10_u128.pow(padding.unsigned_abs().into());
    let mut weight = -(scale + padding) / 4;
    while rest != 0 && rest % BASE == 0 {
        rest /= BASE;
        weight += 1;
    }

    let mut digits = [0_u8; 2 * MOST_DIGITS];
    let mut start = digits.len();
    let mut count = 0_i16;
    while rest != 0 {
        let digit = u16::try_from(rest % BASE).expect("a remainder is below the base");
        start -= 2;
        digits[start..start + 2].copy_from_slice(&digit.to_be_bytes());
        rest /= BASE;
        count += 1;
    }
    let weight = if count == 0 { 0 } else { weight + count - 1 };
    let sign = if units < 0 { NEGATIVE } else { POSITIVE };

    out.extend_from_slice(&count.to_be_bytes());
    out.extend_from_slice(&weight.to_be_bytes());
    out.extend_from_slice(&sign.to_be_bytes());
    out.extend_from_slice(&scale.to_be_bytes());
    out.extend_from_slice(&digits[start..]);
}

/// The number times 10^`scale`.
///
/// # Errors
///
/// When the number is not finite, has more than `scale` digits after the point, or is too large.
pub(super) fn read(bytes: &[u8], scale: u8) -> Result<i64, InvalidValue> {
    let Some((header, digits)) = bytes.split_at_checked(HEADER) else {
        return Err(InvalidValue::new("is no number"));
    };
    let weight = i32::from(i16::from_be_bytes([header[2], header[3]]));
    let sign = u16::from_be_bytes([header[4], header[5]]);
    if sign != POSITIVE && sign != NEGATIVE {
        return Err(InvalidValue::new("is not a finite number"));
    }

    let mut units = 0_i128;
    // The power of ten that the digit counts, in units.
    let mut power = 4 * weight + i32::from(scale);
    for digit in digits.chunks_exact(2) {
        let digit = i128::from(u16::from_be_bytes([digit[0], digit[1]]));
        units = add(units, digit, power, scale)?;
        power -= 4;
    }
    let units = if sign == NEGATIVE { -units } else { units };
    i64::try_from(units).map_err(|_| too_large())
}

fn add(units: i128, digit: i128, power: i32, scale: u8) -> Result<i128, InvalidValue> {
    if digit == 0 {
        return Ok(units);
    }
    if power >= 0 {
        let factor = 10_i128.checked_pow(power.unsigned_abs()).ok_or_else(too_large)?;
        return digit
            .checked_mul(factor)
            .and_then(|value| units.checked_add(value))
            .ok_or_else(too_large);
    }
    match 10_i128.checked_pow(power.unsigned_abs()) {
        Some(divisor) if digit % divisor == 0 => Ok(units + digit / divisor),
        _ => Err(InvalidValue::new(format!("has more than {scale} digits after the point"))),
    }
}

fn too_large() -> InvalidValue {
    InvalidValue::new("is too large")
}
