//! Which texts go-yaml takes for a time: its four layouts, read as Go's `time.Parse` reads them.

/// Tells whether `text` has the form of a time that exists.
///
/// The layouts are `2006-1-2T15:4:5.999999999Z07:00` (`t` too), `2006-1-2 15:4:5.999999999` and `2006-1-2`.
pub(crate) fn is_timestamp(text: &str) -> bool {
    date(text).is_some_and(|rest| match rest.as_bytes().first() {
        None => true,
        Some(b'T' | b't') => clock(&rest[1..]).is_some_and(is_zone),
        Some(b' ') => clock(rest.trim_start_matches(' ')).is_some_and(str::is_empty),
        Some(_) => false,
    })
}

/// Reads a date of four, one to two and one to two digits, and gives what follows it.
fn date(text: &str) -> Option<&str> {
    let year: u32 = text
        .get(..4)
        .filter(|year| all_digits(year))?
        .parse()
        .ok()?;
    let (month, rest) = number(text[4..].strip_prefix('-')?, 12)?;
    let (day, rest) = number(rest.strip_prefix('-')?, 31)?;
    (month >= 1 && day >= 1 && day <= days_in(month, year)).then_some(rest)
}

/// Reads hours, minutes, seconds and a fraction, and gives what follows.
fn clock(text: &str) -> Option<&str> {
    let (_, rest) = number(text, 23)?;
    let (_, rest) = number(rest.strip_prefix(':')?, 59)?;
    let (_, rest) = number(rest.strip_prefix(':')?, 59)?;
    let Some(fraction) = rest.strip_prefix(['.', ',']) else {
        return Some(rest);
    };
    let after = fraction.trim_start_matches(|each: char| each.is_ascii_digit());
    // A point without digits is not part of the time.
    Some(if after.len() == fraction.len() {
        rest
    } else {
        after
    })
}

fn is_zone(text: &str) -> bool {
    if text == "Z" {
        return true;
    }
    let Some((hours, minutes)) = text
        .strip_prefix(['+', '-'])
        .and_then(|zone| zone.split_once(':'))
    else {
        return false;
    };
    let within = |part: &str, most: u32| {
        part.len() == 2 && all_digits(part) && part.parse::<u32>().is_ok_and(|part| part <= most)
    };
    within(hours, 24) && within(minutes, 59)
}

/// Reads one or two digits up to `most`.
fn number(text: &str, most: u32) -> Option<(u32, &str)> {
    let digits = text.bytes().take(2).take_while(u8::is_ascii_digit).count();
    let number: u32 = text[..digits].parse().ok()?;
    (number <= most).then(|| (number, &text[digits..]))
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn days_in(month: u32, year: u32) -> u32 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}
