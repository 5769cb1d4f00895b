//! Zones by name, from the time-zone database that is compiled in.

use std::sync::OnceLock;

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::Zone;

/// Where a time is shown: Go's `*time.Location`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Location {
    /// Also the local zone: KUDO's manager runs where none is set.
    Utc,
    Named(TimeZone),
    /// A zone that a parsed text named or gave the offset of.
    Fixed {
        name: String,
        offset: i64,
    },
}

/// The Gregorian calendar, and with it every zone's rules, repeats after 400 years.
const CYCLE: i64 = 146_097 * 86_400;

/// 9000-01-01: later instants are looked up in an earlier cycle, inside the database's range.
const LATEST: i64 = 221_845_392_000;

impl Location {
    /// `time.LoadLocation(name)`; `None` where Go fails. Names are exact, as files are.
    pub(crate) fn load(name: &str) -> Option<Self> {
        match name {
            "" | "UTC" | "Local" => Some(Self::Utc),
            _ => {
                let zone = database().get(name).ok()?;
                (zone.iana_name() == Some(name)).then_some(Self::Named(zone))
            }
        }
    }

    /// `location.String()`.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Utc => "UTC",
            Self::Named(zone) => zone.iana_name().unwrap_or_default(),
            Self::Fixed { name, .. } => name,
        }
    }

    pub(super) fn zone_at(&self, seconds: i64) -> Zone {
        match self {
            Self::Utc => Zone {
                name: "UTC".to_owned(),
                offset: 0,
            },
            Self::Fixed { name, offset } => Zone {
                name: name.clone(),
                offset: *offset,
            },
            Self::Named(zone) => named_zone_at(zone, seconds),
        }
    }
}

fn database() -> &'static TimeZoneDatabase {
    static DATABASE: OnceLock<TimeZoneDatabase> = OnceLock::new();
    DATABASE.get_or_init(TimeZoneDatabase::bundled)
}

fn named_zone_at(zone: &TimeZone, seconds: i64) -> Zone {
    let seconds = if seconds > LATEST {
        LATEST - CYCLE + (seconds - LATEST) % CYCLE
    } else {
        seconds.max(Timestamp::MIN.as_second())
    };
    let at = Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH);
    let info = zone.to_offset_info(at);
    Zone {
        name: info.abbreviation().to_owned(),
        offset: i64::from(info.offset().seconds()),
    }
}
