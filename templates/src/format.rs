//! Go's package fmt.

use crate::limits::{Exceeded, Meter};
use crate::value::Value;

/// Returns what `fmt.Sprint` gives.
pub(crate) fn sprint(meter: &mut Meter, values: &[Value]) -> Result<Vec<u8>, Exceeded> {
    sprintf(meter, b"", values)
}

/// Returns what `fmt.Sprintf` gives.
pub(crate) fn sprintf(
    meter: &mut Meter,
    format: &[u8],
    values: &[Value],
) -> Result<Vec<u8>, Exceeded> {
    meter.allocate(values.len())?;
    Ok(format.to_vec())
}
