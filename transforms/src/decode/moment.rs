//! Days and instants as reports print them: ISO 8601, zone abbreviations, and a column's declared patterns.

use std::str::FromStr;

use chrono::{DateTime, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeDelta, TimeZone};
use chrono_tz::Tz;
use sellerlake_schemas::{DayOrder as Order, Language};

use super::fault::Fault;
use super::month_name::in_english;

const DAY_SECONDS: i64 = 86_400;
const MICROS: i64 = 1_000_000;
/// Longer texts are no dates.
const MAX_LENGTH: usize = 64;
/// Years outside are misread digits, not dates.
const YEARS: std::ops::RangeInclusive<i32> = 1900..=2199;

/// How the order of day and month is settled where both are declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decision {
    /// This order, throughout.
    Always(Order),
    /// Nothing tells the two readings of a date apart but the date itself.
    EachAlone,
}

/// The day that a date is if the day comes first, and if the month does; days since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Readings {
    /// `03/04` as 3 April.
    pub day_first: Option<i32>,
    /// `03/04` as 4 March.
    pub month_first: Option<i32>,
}

impl Readings {
    /// The day under an order.
    pub fn under(self, order: Order) -> Option<i32> {
        match order {
            Order::DayFirst => self.day_first,
            Order::MonthFirst => self.month_first,
        }
    }

    /// Whether the two orders make two different days of it.
    pub fn differ(self) -> bool {
        self.day_first.is_some() && self.month_first.is_some() && self.day_first != self.month_first
    }
}

#[derive(Debug, Clone)]
struct Pattern {
    text: String,
    /// Set where a sibling pattern differs only in the order of day and month.
    order: Option<Order>,
    has_day: bool,
    has_time: bool,
    has_offset: bool,
}

/// How one column's dates and times are read.
#[derive(Debug, Clone)]
pub struct Moments {
    patterns: Vec<Pattern>,
    zone: Option<Tz>,
    month_names: Vec<Language>,
    decision: Decision,
}

/// Exchanges day and month in a chrono pattern.
fn swapped(pattern: &str) -> String {
    pattern.replace("%d", "\u{0}").replace("%m", "%d").replace('\u{0}', "%m")
}

impl Pattern {
    fn new(text: &str, all: &[String]) -> Self {
        let numeric = |text: &str| text.replace("%-d", "%d").replace("%e", "%d").replace("%-m", "%m");
        let plain = numeric(text.trim_end_matches(" %Z"));
        let sibling = swapped(&plain);
        let is_pair = sibling != plain && all.iter().any(|other| numeric(other.trim_end_matches(" %Z")) == sibling);
        let day_at = plain.find("%d");
        let order = day_at.zip(plain.find("%m")).filter(|_| is_pair);
        let any = |specifiers: &[&str]| specifiers.iter().any(|specifier| plain.contains(specifier));
        Self {
            order: order.map(|(day, month)| if day < month { Order::DayFirst } else { Order::MonthFirst }),
            has_day: any(&["%d", "%D", "%F", "%x", "%j", "%v"]),
            has_time: any(&["%H", "%I", "%k", "%l", "%T", "%R", "%r"]),
            has_offset: any(&["%z", "%:z", "%#z"]),
            text: plain,
        }
    }

    /// Local date and time as written, and the offset in seconds where the text has one.
    fn read(&self, text: &str) -> Option<(NaiveDateTime, Option<i32>)> {
        let found = if self.has_offset {
            let at = DateTime::parse_from_str(text, &self.text).ok()?;
            (at.naive_local(), Some(at.offset().local_minus_utc()))
        } else if self.has_time {
            (NaiveDateTime::parse_from_str(text, &self.text).ok()?, None)
        } else if self.has_day {
            (NaiveDate::parse_from_str(text, &self.text).ok()?.and_time(NaiveTime::MIN), None)
        } else {
            let day = NaiveDate::parse_from_str(&format!("{text} 01"), &format!("{} %d", self.text)).ok()?;
            (day.and_time(NaiveTime::MIN), None)
        };
        YEARS.contains(&chrono::Datelike::year(&found.0)).then_some(found)
    }
}

impl Moments {
    /// Reads the declared chrono patterns besides ISO 8601; times without an offset are in `zone` (default UTC).
    pub fn new(formats: &[String], zone: Option<&str>) -> Self {
        Self {
            patterns: formats.iter().map(|text| Pattern::new(text, formats)).collect(),
            zone: zone.and_then(|name| Tz::from_str(name).ok()),
            month_names: Vec::new(),
            decision: Decision::EachAlone,
        }
    }

    /// Reads these languages' names of months too.
    pub fn with_month_names(mut self, languages: &[Language]) -> Self {
        self.month_names = languages.to_vec();
        self
    }

    /// Whether the file has to say which of day and month comes first.
    pub fn is_order_open(&self) -> bool {
        self.patterns.iter().any(|pattern| pattern.order.is_some())
    }

    /// Settles the order of day and month. Until then a date of which the two orders make different days is refused.
    pub fn decide(&mut self, order: Order) {
        self.decision = Decision::Always(order);
    }

    /// What a date is under either order; `None` where it is written in another way.
    pub fn readings(&self, text: &str) -> Option<Readings> {
        if text.len() > MAX_LENGTH || starts_with_year(text) || !self.is_order_open() {
            return None;
        }
        let (stripped, _) = split_zone(text);
        let reads = |order| {
            let mut patterns = self.patterns.iter().filter(|pattern| pattern.order == Some(order));
            let found = patterns.find_map(|pattern| pattern.read(text).or_else(|| pattern.read(stripped)));
            found.map(|(at, _)| days_of(at.date()))
        };
        let found = short_date(text)
            .unwrap_or_else(|| Readings { day_first: reads(Order::DayFirst), month_first: reads(Order::MonthFirst) });
        (found.day_first.is_some() || found.month_first.is_some()).then_some(found)
    }

    /// The instant, in microseconds since 1970 UTC. A day alone is its first instant.
    pub fn instant(&self, text: &str) -> Result<i64, Fault> {
        let (day, second, micro, offset) = match iso(text.as_bytes()) {
            Some(found) => found,
            None => self.by_pattern(text)?,
        };
        let local = i64::from(day) * DAY_SECONDS + i64::from(second);
        let utc = match (offset, self.zone) {
            (Some(offset), _) => local - i64::from(offset),
            (None, None) => local,
            (None, Some(zone)) => utc_of(local, zone).ok_or("is not a time")?,
        };
        Ok(utc * MICROS + i64::from(micro))
    }

    /// The calendar day as written, in days since 1970; a time and an offset after it don't move it.
    pub fn day(&self, text: &str) -> Result<i32, Fault> {
        match iso(text.as_bytes()) {
            Some((day, ..)) => Ok(day),
            None => self.by_pattern(text).map(|(day, ..)| day),
        }
    }

    fn by_pattern(&self, text: &str) -> Result<Written, Fault> {
        if text.len() > MAX_LENGTH {
            return Err("is not a date".into());
        }
        let text = &*in_english(text, &self.month_names);
        let (stripped, zone_offset) = split_zone(text);
        let mut other_order = false;
        if self.decision == Decision::EachAlone && self.readings(text).is_some_and(Readings::differ) {
            return Err("is one day with the day first and another with the month first".into());
        }
        for pattern in &self.patterns {
            let Some((at, offset)) = pattern.read(text).or_else(|| pattern.read(stripped)) else { continue };
            if let (Some(order), Decision::Always(wanted)) = (pattern.order, self.decision)
                && order != wanted
            {
                other_order = true;
                continue;
            }
            let time = at.time().signed_duration_since(NaiveTime::MIN);
            let micro = time.num_microseconds().unwrap_or(0) % MICROS;
            return Ok((days_of(at.date()), time.num_seconds() as i32, micro as i32, offset.or(zone_offset)));
        }
        let other = "has day and month in the other order than the rest of the file";
        Err(if other_order { other.into() } else { "is not a date".into() })
    }
}

fn starts_with_year(text: &str) -> bool {
    text.len() > 4 && text.as_bytes()[..4].iter().all(u8::is_ascii_digit)
}

/// Day, second of the day, microsecond, offset in seconds; local as written.
type Written = (i32, i32, i32, Option<i32>);

/// `2026-08-18`, `2026-08-18T09:12:44+00:00`, `2026-08-31 01:02:03 UTC`, `2026-08-12 PDT` and their kin; month, day
/// and hour may have one digit.
fn iso(bytes: &[u8]) -> Option<Written> {
    let [y0, y1, y2, y3, separator, rest @ ..] = bytes else { return None };
    if !matches!(separator, b'-' | b'/') {
        return None;
    }
    let year = pair(*y0, *y1)? * 100 + pair(*y2, *y3)?;
    let (month, rest) = short_number(rest)?;
    let (day, rest) = short_number(rest.strip_prefix(&[*separator])?)?;
    let day = day_number(year, month, day)?;
    match rest {
        [] => Some((day, 0, 0, None)),
        [b'T' | b't' | b' ', time @ ..] if time.first().is_some_and(u8::is_ascii_digit) => {
            let (second, micro, zone) = clock_time(time)?;
            Some((day, second, micro, offset(zone)?))
        }
        zone => Some((day, 0, 0, offset(zone)?)),
    }
}

/// `03/04/2026`, `3-4-26`, with or without a time after it: a date whose order of day and month is open.
fn short_date(text: &str) -> Option<Readings> {
    let (one, rest) = short_number(text.as_bytes())?;
    let [separator @ (b'/' | b'-'), rest @ ..] = rest else { return None };
    let (other, rest) = short_number(rest)?;
    let (year, rest) = match rest.strip_prefix(&[*separator])? {
        [y0, y1, y2, y3, rest @ ..] if y2.is_ascii_digit() => (pair(*y0, *y1)? * 100 + pair(*y2, *y3)?, rest),
        // As `%y` has it.
        [y0, y1, rest @ ..] => (pair(*y0, *y1).map(|year| if year < 69 { year + 2000 } else { year + 1900 })?, rest),
        _ => return None,
    };
    let found = Readings { day_first: day_number(year, other, one), month_first: day_number(year, one, other) };
    matches!(rest, [] | [b' ' | b'T', ..]).then_some(found)
}

/// A number of one or two digits and what follows it.
fn short_number(bytes: &[u8]) -> Option<(i32, &[u8])> {
    match bytes {
        [tens, ones, rest @ ..] if ones.is_ascii_digit() => Some((pair(*tens, *ones)?, rest)),
        [ones, rest @ ..] if ones.is_ascii_digit() => Some((i32::from(ones - b'0'), rest)),
        _ => None,
    }
}

fn pair(tens: u8, ones: u8) -> Option<i32> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| i32::from(tens) * 10 + i32::from(ones))
}

/// Days since 1970 of a proleptic Gregorian date.
fn day_number(year: i32, month: i32, day: i32) -> Option<i32> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i32::from(leap),
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=length).contains(&day) || !YEARS.contains(&year) {
        return None;
    }
    let shifted = if month <= 2 { year - 1 } else { year };
    let (century, of_century) = (shifted.div_euclid(400), shifted.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(century * 146_097 + of_century * 365 + of_century / 4 - of_century / 100 + of_year - 719_468)
}

/// `HH:MM[:SS[.fraction]]`, or `H:MM` and so on, and what follows it.
fn clock_time(bytes: &[u8]) -> Option<(i32, i32, &[u8])> {
    let (hour, rest) = short_number(bytes)?;
    let [b':', m0, m1, rest @ ..] = rest else { return None };
    let minute = pair(*m0, *m1)?;
    let (second, rest) = match rest {
        [b':', s0, s1, rest @ ..] => (pair(*s0, *s1)?, rest),
        rest => (0, rest),
    };
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let seconds = hour * 3600 + minute * 60 + second;
    let [b'.' | b',', fraction @ ..] = rest else { return Some((seconds, 0, rest)) };
    let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 {
        return None;
    }
    let micro = (0..6).fold(0, |micro, at| micro * 10 + if at < digits { i32::from(fraction[at] - b'0') } else { 0 });
    Some((seconds, micro, &fraction[digits..]))
}

/// The offset at the end of a time: absent, `Z`, `+02:00`, `+0200`, `-7`, or an abbreviation.
#[allow(clippy::option_option)] // outer: readable; inner: present
fn offset(bytes: &[u8]) -> Option<Option<i32>> {
    let seconds = |hours: i32, minutes: i32, sign: u8| {
        let total = hours * 3600 + minutes * 60;
        (hours <= 14 && minutes < 60).then_some(Some(if sign == b'-' { -total } else { total }))
    };
    match bytes.trim_ascii() {
        [] => Some(None),
        [b'Z' | b'z'] => Some(Some(0)),
        [sign @ (b'+' | b'-'), h0, h1, b':', m0, m1] | [sign @ (b'+' | b'-'), h0, h1, m0, m1] => {
            seconds(pair(*h0, *h1)?, pair(*m0, *m1)?, *sign)
        }
        [sign @ (b'+' | b'-'), h0, h1] => seconds(pair(*h0, *h1)?, 0, *sign),
        name => abbreviation(std::str::from_utf8(name).ok()?).map(Some),
    }
}

/// Takes a zone abbreviation off the end of a text.
fn split_zone(text: &str) -> (&str, Option<i32>) {
    match text.rsplit_once(' ') {
        Some((rest, name)) => match abbreviation(name) {
            Some(offset) => (rest.trim_end(), Some(offset)),
            None => (text, None),
        },
        None => (text, None),
    }
}

/// Zone abbreviations as seller reports print them, with their offsets in minutes. `CST` and `IST` are the
/// American and the Indian ones: Amazon's Chinese and Irish sellers get numeric offsets.
const ABBREVIATIONS: [(&str, i32); 41] = [
    ("UTC", 0),
    ("GMT", 0),
    ("Z", 0),
    ("WET", 0),
    ("PST", -480),
    ("PDT", -420),
    ("MST", -420),
    ("MDT", -360),
    ("CST", -360),
    ("CDT", -300),
    ("EST", -300),
    ("EDT", -240),
    ("AKST", -540),
    ("AKDT", -480),
    ("HST", -600),
    ("BRT", -180),
    ("BRST", -120),
    ("BST", 60),
    ("WEST", 60),
    ("CET", 60),
    ("MET", 60),
    ("MEZ", 60),
    ("CEST", 120),
    ("MEST", 120),
    ("MESZ", 120),
    ("EET", 120),
    ("SAST", 120),
    ("EEST", 180),
    ("TRT", 180),
    ("MSK", 180),
    ("GST", 240),
    ("IST", 330),
    ("SGT", 480),
    ("AWST", 480),
    ("JST", 540),
    ("KST", 540),
    ("ACST", 570),
    ("ACDT", 630),
    ("AEST", 600),
    ("AEDT", 660),
    ("NZST", 720),
];

fn abbreviation(name: &str) -> Option<i32> {
    let known = ABBREVIATIONS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    known.map(|(_, minutes)| minutes * 60)
}

/// The UTC second of a local one: the earlier of two, and after a gap what the clock would have shown without it.
fn utc_of(local: i64, zone: Tz) -> Option<i64> {
    let naive = DateTime::from_timestamp(local, 0)?.naive_utc();
    match zone.from_local_datetime(&naive) {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => Some(at.timestamp()),
        LocalResult::None => {
            let before = zone.from_local_datetime(&(naive - TimeDelta::hours(3))).earliest()?;
            Some(local - i64::from(before.offset().fix().local_minus_utc()))
        }
    }
}

/// The calendar day this many days after 1970-01-01.
pub fn date_of(days: i32) -> NaiveDate {
    NaiveDate::default().checked_add_signed(TimeDelta::days(i64::from(days))).unwrap_or_default()
}

/// Days from 1970-01-01 to this day.
pub fn days_of(date: NaiveDate) -> i32 {
    (date - NaiveDate::default()).num_days() as i32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn utc(text: &str) -> i64 {
        DateTime::parse_from_rfc3339(text).unwrap().timestamp_micros()
    }

    fn moments(formats: &[&str], zone: Option<&str>) -> Moments {
        let formats: Vec<String> = formats.iter().map(|text| (*text).to_owned()).collect();
        Moments::new(&formats, zone)
    }

    #[test]
    fn instants_as_reports_print_them() {
        let cases = [
            ("2026-08-18T09:12:44+00:00", "2026-08-18T09:12:44Z"),
            ("2026-08-18T09:12:44-07:00", "2026-08-18T16:12:44Z"),
            ("2026-08-18T09:12:44.123456789Z", "2026-08-18T09:12:44.123456Z"),
            ("2026-08-18T09:12Z", "2026-08-18T09:12:00Z"),
            ("2026-08-18T09:12:44+0530", "2026-08-18T03:42:44Z"),
            ("2026-08-31 01:02:03 UTC", "2026-08-31T01:02:03Z"),
            ("2026-08-31 01:02:03", "2026-08-31T01:02:03Z"),
            ("2022-07-11 01:34:18 PDT", "2022-07-11T08:34:18Z"),
            ("2022-07-11 01:34:18 MEST", "2022-07-10T23:34:18Z"),
            ("2022-07-11 01:34:18 jst", "2022-07-10T16:34:18Z"),
            ("2026-08-12 PDT", "2026-08-12T07:00:00Z"),
            ("2026/08/31 10:00:00", "2026-08-31T10:00:00Z"),
            ("2026/01/01 0:51:55 JST", "2025-12-31T15:51:55Z"),
            ("2026/3/5 9:12:00 JST", "2026-03-05T00:12:00Z"),
            ("2026/3/5", "2026-03-05T00:00:00Z"),
            ("2026-8-1", "2026-08-01T00:00:00Z"),
            ("2026-08-12", "2026-08-12T00:00:00Z"),
        ];
        for (text, expected) in cases {
            assert_eq!(moments(&[], None).instant(text), Ok(utc(expected)), "{text}");
        }
        let no_dates =
            ["", "2026-02-29", "2026-13-01", "2026-8-", "2026-3/5", "18.08.2026", "2026-08-18T25:00:00Z", "0026-01-01"];
        for text in no_dates.into_iter().chain(["2026-08-18T09:12:44+99:00", "2026-08-18 XYZ", "2026-08-18T"]) {
            assert!(moments(&[], None).instant(text).is_err(), "{text}");
        }
    }

    #[test]
    fn declared_patterns_come_second() {
        let settlement = moments(&["%d.%m.%Y %H:%M:%S UTC", "%d.%m.%Y", "%m/%d/%y", "%Y-%m", "%d-%b-%Y"], None);
        let cases = [
            ("31.08.2026 01:02:03 UTC", "2026-08-31T01:02:03Z"),
            ("31.08.2026", "2026-08-31T00:00:00Z"),
            ("8/31/26", "2026-08-31T00:00:00Z"),
            ("2026-07", "2026-07-01T00:00:00Z"),
            ("05-Mar-2026", "2026-03-05T00:00:00Z"),
            ("05-Mar-2026 CET", "2026-03-04T23:00:00Z"),
        ];
        for (text, expected) in cases {
            assert_eq!(settlement.instant(text), Ok(utc(expected)), "{text}");
        }
        assert!(settlement.instant("31.08.26").is_err(), "two digits are no year of four");
        assert_eq!(settlement.day("31.08.2026"), Ok((utc("2026-08-31T00:00:00Z") / 86_400_000_000) as i32));
    }

    #[test]
    fn a_day_is_the_day_as_written() {
        let written = moments(&[], None);
        assert_eq!(written.day("2026-08-12 PDT"), written.day("2026-08-12"));
        assert_eq!(written.day("2026-08-12T23:30:00-07:00"), written.day("2026-08-12"));
    }

    #[test]
    fn local_times_without_offset_follow_the_columns_zone() {
        let madrid = moments(&[], Some("Europe/Madrid"));
        assert_eq!(madrid.instant("2026-08-18 10:00:00"), Ok(utc("2026-08-18T08:00:00Z")));
        assert_eq!(madrid.instant("2026-08-18T10:00:00Z"), Ok(utc("2026-08-18T10:00:00Z")));
        // The hour that happens twice is its first; the one that doesn't is what a stopped clock would show.
        assert_eq!(madrid.instant("2026-10-25 02:30:00"), Ok(utc("2026-10-25T00:30:00Z")));
        assert_eq!(madrid.instant("2026-03-29 02:30:00"), Ok(utc("2026-03-29T01:30:00Z")));
    }

    #[test]
    fn the_order_of_day_and_month_is_the_files() {
        let mut open = moments(&["%d/%m/%Y", "%m/%d/%Y", "%d/%m/%y %H:%M", "%m/%d/%y %H:%M"], None);
        assert!(open.is_order_open());
        assert!(!moments(&["%d/%m/%Y", "%d.%m.%Y"], None).is_order_open());
        let day = |text: &str| moments(&[], None).day(text).ok();
        let readings = |text: &str| open.readings(text).map(|found| (found.day_first, found.month_first));
        assert_eq!(readings("13/02/2026"), Some((day("2026-02-13"), None)));
        assert_eq!(readings("02/13/2026"), Some((None, day("2026-02-13"))));
        assert_eq!(readings("1/2/26 10:30"), Some((day("2026-02-01"), day("2026-01-02"))));
        for text in ["2026-02-01", "01.02.2026", "13/13/2026", "1/2/3", ""] {
            assert_eq!(readings(text), None, "{text}");
        }
        assert!(open.day("01/02/2026").unwrap_err().0.contains("one day with the day first"), "undecided");
        assert_eq!(open.day("05/05/2026").ok(), day("2026-05-05"), "which comes first doesn't matter");
        assert_eq!(open.day("13/02/2026").ok(), day("2026-02-13"));
        open.decide(Order::MonthFirst);
        assert_eq!(open.day("01/02/2026").ok(), day("2026-01-02"));
        assert!(open.day("13/02/2026").unwrap_err().0.contains("other order"));
        assert!(open.day("2026-02-01").is_ok());
    }

    proptest! {
        #[test]
        fn days_agree_with_chrono(days in -25_567_i32..84_000) {
            let date = super::super::moment::date_of(days);
            prop_assert_eq!(moments(&[], None).day(&date.to_string()), Ok(days));
        }

        #[test]
        fn no_text_panics(text in ".{0,40}", dated in "[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}[T ]?[0-9:.+ A-Z-]{0,20}") {
            let all = moments(&["%d/%m/%Y", "%m/%d/%Y %H:%M", "%b %d, %Y", "%Y-%m", "%H:%M %d.%m.%y %z"], Some("Asia/Tokyo"));
            for text in [text, dated] {
                let _ = (all.instant(&text), all.day(&text), all.readings(&text));
            }
        }
    }
}
