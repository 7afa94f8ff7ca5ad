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

#[cfg(test)]
mod tests {
    use super::{read, write};

    fn written(units: i64, scale: u8) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(units, scale, &mut bytes);
        bytes
    }

    #[test]
    fn the_bytes_are_those_of_the_server() {
        assert_eq!(written(0, 0), [0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(written(-12_345, 2), [0, 2, 0, 0, 0x40, 0, 0, 2, 0, 123, 0x11, 0x94]);
        assert_eq!(written(10_000, 0), [0, 1, 0, 1, 0, 0, 0, 0, 0, 1]);
        assert_eq!(written(1, 5), [0, 1, 0xff, 0xfe, 0, 0, 0, 5, 0x03, 0xe8]);
    }

    #[test]
    fn what_is_written_is_read_with_every_scale() {
        let mut units = 1_i64;
        for round in 0..2_000_i64 {
            units = units.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(round);
            for value in
                [units, units >> 20, units >> 40, units >> 60, 10_i64.pow(round as u32 % 19)]
            {
                for scale in 0..=18 {
                    assert_eq!(read(&written(value, scale), scale), Ok(value), "{value} {scale}");
                }
            }
        }
        for value in [0, 1, -1, i64::MAX, i64::MIN] {
            assert_eq!(read(&written(value, 9), 9), Ok(value));
        }
    }

    #[test]
    fn another_scale_is_exact_or_an_error() {
        assert_eq!(read(&written(1_500, 3), 1), Ok(15));
        assert_eq!(read(&written(15, 1), 3), Ok(1_500));
        assert!(read(&written(15, 1), 0).is_err());
        assert!(read(&written(i64::MAX, 0), 1).is_err());
        assert!(read(&[0, 1], 0).is_err());
    }
}
