//! The annotations of an application's manifest (image-spec v1.1.1,
//! "annotations.md").

use std::collections::BTreeMap;

use crate::locked::LockedApp;

const AUTHORS: &str = "org.opencontainers.image.authors";
const DESCRIPTION: &str = "org.opencontainers.image.description";
const LICENSES: &str = "org.opencontainers.image.licenses";
const REVISION: &str = "org.opencontainers.image.revision";
const SOURCE: &str = "org.opencontainers.image.source";
const URL: &str = "org.opencontainers.image.url";
const VERSION: &str = "org.opencontainers.image.version";

/// What the artifact is called; of a layer, which file it is.
pub const TITLE: &str = "org.opencontainers.image.title";

/// When the content was made.
pub const CREATED: &str = "org.opencontainers.image.created";

/// Annotations by key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Annotations(BTreeMap<String, String>);

impl Annotations {
    /// What the application says of itself: authors, description, title, version.
    #[must_use]
    pub fn inferred(app: &LockedApp) -> Self {
        let mut annotations = Self::default();
        annotations.set_unless_empty(AUTHORS, &app.authors().join(", "));
        annotations.set_unless_empty(DESCRIPTION, app.description().unwrap_or_default());
        annotations.set_unless_empty(TITLE, app.name());
        annotations.set_unless_empty(VERSION, app.version().unwrap_or_default());
        annotations
    }

    /// What a component says of itself in a custom section of this name: those that
    /// package tools write (`wasm-metadata`). Others are not looked at.
    pub fn set_section(&mut self, section: &str, text: &str) {
        let key = match section {
            "authors" => AUTHORS,
            "description" => DESCRIPTION,
            "homepage" => URL,
            "licenses" => LICENSES,
            "revision" => REVISION,
            "source" => SOURCE,
            "version" => VERSION,
            _ => return,
        };
        self.set_unless_empty(key, text.trim());
    }

    /// Sets one, in place of one with the same key.
    pub fn set(&mut self, key: impl Into<String>, value: impl Into<String>) {
        self.0.insert(key.into(), value.into());
    }

    /// All of them, sorted by key.
    #[must_use]
    pub fn into_map(self) -> BTreeMap<String, String> {
        self.0
    }

    fn set_unless_empty(&mut self, key: &str, value: &str) {
        if !value.is_empty() {
            self.set(key, value);
        }
    }
}

/// A moment, in seconds since 1970-01-01T00:00:00Z, as RFC 3339 has it, for
/// [`CREATED`]. None after the year 9999, which the format can't express.
#[must_use]
pub fn created(seconds: u64) -> Option<String> {
    const DAY: u64 = 86_400;
    const FIRST_DAY_OF_YEAR_10000: u64 = 2_932_897;
    let (days, time) = (seconds / DAY, seconds % DAY);
    if days >= FIRST_DAY_OF_YEAR_10000 {
        return None;
    }
    let (year, month, day) = date(days);
    let (hour, minute, second) = (time / 3_600, time / 60 % 60, time % 60);
    Some(format!(
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
    ))
}

/// The Gregorian date of a day since 1970-01-01. Years are counted from the first
/// of March, so that the leap day is a year's last one.
fn date(days: u64) -> (u64, u64, u64) {
    const DAYS_TO_1970: u64 = 719_468; // from 0000-03-01
    const DAYS_IN_400_YEARS: u64 = 146_097;
    let days = days + DAYS_TO_1970;
    let (era, day_of_era) = (days / DAYS_IN_400_YEARS, days % DAYS_IN_400_YEARS);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // Months from March have 31, 30, 31, 30, 31 days, twice over: 153 in five.
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_application_says_of_itself() {
        let text = r#"{"spin_lock_version":0,"metadata":{"name":"shop","version":"1.0.0","description":"","authors":["A","B"]},"triggers":[],"components":[]}"#;
        let app = LockedApp::from_json(text.as_bytes()).unwrap();
        let mut annotations = Annotations::inferred(&app);
        annotations.set(TITLE, "Another");
        let expected = [(AUTHORS, "A, B"), (TITLE, "Another"), (VERSION, "1.0.0")];
        let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(annotations.into_map(), BTreeMap::from(expected));
    }

    #[test]
    fn what_a_component_says_of_itself() {
        let mut annotations = Annotations::default();
        for (section, text) in [
            ("licenses", "MIT"),
            ("homepage", "https://a.example/"),
            ("description", " "),
            ("producers", "x"),
        ] {
            annotations.set_section(section, text);
        }
        let expected = [(LICENSES, "MIT"), (URL, "https://a.example/")];
        let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(annotations.into_map(), BTreeMap::from(expected));
    }

    #[test]
    fn moments() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_234_567_890, "2009-02-13T23:31:30Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(created(seconds).as_deref(), Some(text));
        }
        assert_eq!(created(253_402_300_800), None);
        assert_eq!(created(u64::MAX), None);
    }
}
