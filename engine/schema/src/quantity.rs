//! Quantities in the form an API server writes them (Kubernetes API reference, "Quantity").
//!
//! No digits after the point, the largest suffix that allows it: `0.5` is `500m`, `1024Mi` is `1Gi`.

/// The smallest unit: nano.
const NANO: i128 = 1_000_000_000;

const DECIMAL: [(&str, i128); 10] = [
    ("E", 1_000_000_000_000_000_000 * NANO),
    ("P", 1_000_000_000_000_000 * NANO),
    ("T", 1_000_000_000_000 * NANO),
    ("G", 1_000_000_000 * NANO),
    ("M", 1_000_000 * NANO),
    ("k", 1_000 * NANO),
    ("", NANO),
    ("m", NANO / 1_000),
    ("u", NANO / 1_000_000),
    ("n", 1),
];

const BINARY: [(&str, i128); 6] = [
    ("Ei", (1 << 60) * NANO),
    ("Pi", (1 << 50) * NANO),
    ("Ti", (1 << 40) * NANO),
    ("Gi", (1 << 30) * NANO),
    ("Mi", (1 << 20) * NANO),
    ("Ki", (1 << 10) * NANO),
];

/// The exponents a quantity may be written with, as multiples of three.
const EXPONENTS: [(&str, i128); 10] = [
    ("e18", DECIMAL[0].1),
    ("e15", DECIMAL[1].1),
    ("e12", DECIMAL[2].1),
    ("e9", DECIMAL[3].1),
    ("e6", DECIMAL[4].1),
    ("e3", DECIMAL[5].1),
    ("", DECIMAL[6].1),
    ("e-3", DECIMAL[7].1),
    ("e-6", DECIMAL[8].1),
    ("e-9", 1),
];

/// Returns the canonical form; `None` for what is no quantity or too large to be worked out.
pub fn canonical_quantity(text: &str) -> Option<String> {
    let (negative, number) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = number
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(number.len());
    let (digits, suffix) = number.split_at(end);
    let (unit, row) = unit(suffix)?;
    let mut nanos = times(digits, unit)?;
    // Binary suffixes are for whole numbers of some size.
    let row = match row {
        Row::Binary if nanos < 1024 * NANO => Row::Decimal,
        row => row,
    };
    if row == Row::Binary {
        nanos = nanos.div_euclid(NANO) * NANO + if nanos % NANO == 0 { 0 } else { NANO };
    }
    let sign = if negative && nanos != 0 { "-" } else { "" };
    let units = match row {
        Row::Decimal => DECIMAL.as_slice(),
        Row::Exponent => EXPONENTS.as_slice(),
        Row::Binary => BINARY.as_slice(),
    };
    if nanos == 0 {
        return Some("0".to_owned());
    }
    let whole = units.iter().find(|(_, unit)| nanos % unit == 0);
    let (suffix, unit) = whole.copied().unwrap_or(("", NANO));
    Some(format!("{sign}{}{suffix}", nanos / unit))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Row {
    Decimal,
    Exponent,
    Binary,
}

/// Returns the unit of a suffix in nanos.
fn unit(suffix: &str) -> Option<(i128, Row)> {
    let known = |units: &[(&str, i128)]| {
        units
            .iter()
            .find(|(known, _)| *known == suffix)
            .map(|(_, unit)| *unit)
    };
    if let Some(unit) = known(&DECIMAL) {
        return Some((unit, Row::Decimal));
    }
    if let Some(unit) = known(&BINARY) {
        return Some((unit, Row::Binary));
    }
    let exponent: i32 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
    let power = u32::try_from(exponent.checked_add(9)?).ok()?;
    Some((10_i128.checked_pow(power)?, Row::Exponent))
}

/// Returns a decimal number times a unit; what is smaller than a nano counts as one.
fn times(digits: &str, unit: i128) -> Option<i128> {
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
        return None;
    }
    let parse = |text: &str| {
        if text.is_empty() {
            Some(0)
        } else {
            text.parse::<i128>().ok()
        }
    };
    let fraction = fraction.trim_end_matches('0');
    let scale = 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let part = parse(fraction)?.checked_mul(unit)?;
    let rounded = part / scale + i128::from(part % scale != 0);
    parse(whole)?.checked_mul(unit)?.checked_add(rounded)
}

#[cfg(test)]
mod tests {
    use super::canonical_quantity;

    /// Expected values are those of the Kubernetes API reference and of a recorded API server.
    #[test]
    fn canonical_forms() {
        let cases = [
            ("0.5", "500m"),
            ("1024Mi", "1Gi"),
            ("1.5Gi", "1536Mi"),
            ("1000", "1k"),
            ("1", "1"),
            ("0", "0"),
            ("0Gi", "0"),
            ("100m", "100m"),
            ("1000m", "1"),
            ("0.5Ki", "512"),
            ("-2000", "-2k"),
            ("1e3", "1e3"),
            ("12e4", "120e3"),
            ("2Gi", "2Gi"),
            (".5", "500m"),
            ("1Mi", "1Mi"),
            ("1536", "1536"),
            ("100.5Ki", "102912"),
        ];
        for (text, canonical) in cases {
            assert_eq!(
                canonical_quantity(text).as_deref(),
                Some(canonical),
                "{text}"
            );
        }
        for nonsense in [
            "",
            "x",
            "1.2.3",
            "1Kii",
            ".",
            "1e",
            "99999999999999999999999999999999999",
        ] {
            assert_eq!(canonical_quantity(nonsense), None, "{nonsense}");
        }
    }
}
