//! Amounts of resources (`resource.Quantity`): `500m`, `2`, `1Gi`.

use serde_json::Value;

/// Returns a quantity in thousandths, rounded up; nothing when it is none.
pub(in crate::controllers) fn milli(quantity: &Value) -> Option<i128> {
    let text = match quantity {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let digits = text.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '+' | '-'));
    let (number, suffix) = text.split_at(digits.unwrap_or(text.len()));
    let factor = match suffix {
        "n" => return thousandths(number).map(|value| value.div_euclid(1_000_000_000)),
        "u" => return thousandths(number).map(|value| value.div_euclid(1_000_000)),
        "m" => return thousandths(number).map(|value| value.div_euclid(1000)),
        "" => 1,
        "k" => 1000,
        "M" => 1000_i128.pow(2),
        "G" => 1000_i128.pow(3),
        "T" => 1000_i128.pow(4),
        "P" => 1000_i128.pow(5),
        "E" => 1000_i128.pow(6),
        "Ki" => 1024,
        "Mi" => 1024_i128.pow(2),
        "Gi" => 1024_i128.pow(3),
        "Ti" => 1024_i128.pow(4),
        "Pi" => 1024_i128.pow(5),
        "Ei" => 1024_i128.pow(6),
        exponent => {
            let power = exponent.strip_prefix(['e', 'E'])?.parse::<u32>().ok()?;
            10_i128.checked_pow(power.min(18))?
        }
    };
    thousandths(number)?.checked_mul(factor)
}

/// Reads a decimal number as thousandths.
fn thousandths(number: &str) -> Option<i128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let is_negative = whole.starts_with('-');
    let whole = if whole.is_empty() {
        0
    } else {
        whole.parse::<i128>().ok()?
    };
    let fraction: String = format!("{fraction}000").chars().take(3).collect();
    let fraction = fraction.parse::<i128>().ok()?;
    let whole = whole.checked_mul(1000)?;
    Some(if is_negative {
        whole - fraction
    } else {
        whole + fraction
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_the_forms_of_the_api() {
        assert_eq!(milli(&json!("500m")), Some(500));
        assert_eq!(milli(&json!("1.5")), Some(1500));
        assert_eq!(milli(&json!(2)), Some(2000));
        assert_eq!(milli(&json!("1Ki")), Some(1_024_000));
        assert_eq!(milli(&json!("1e3")), Some(1_000_000));
        assert_eq!(milli(&json!("many")), None);
        assert_eq!(
            milli(&json!("99999999999999999999999999999999999999999E")),
            None
        );
    }
}
