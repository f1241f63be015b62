//! Names that a file can't have on every system. What is wrong on this one is wrong on
//! none less: a directory is copied, and checked out, elsewhere.

/// Names of devices on Windows, whatever follows a dot
/// (Microsoft Learn, "Naming Files, Paths, and Namespaces").
const DEVICES: [&str; 7] = ["con", "prn", "aux", "nul", "conin$", "conout$", "clock$"];

/// Devices that have a number behind their name.
const NUMBERED: [&str; 2] = ["com", "lpt"];

/// Why a name of a path can't be had everywhere, to be read after it; none when it can.
pub(super) fn objection(name: &str) -> Option<&'static str> {
    if name.ends_with(['.', ' ']) {
        return Some("has a name that ends with a dot or a space, which Windows leaves out");
    }
    if name.contains(':') {
        return Some("has a colon in its name, which means something else to Windows");
    }
    if is_device(name) {
        return Some("has a name that is a device's on Windows");
    }
    None
}

/// A form of a path that two paths share when a system may take them for one: upper and
/// lower case alike.
pub(super) fn folded(path: &str) -> String {
    // By the character, so that the same character is always the same.
    path.chars().flat_map(char::to_lowercase).collect()
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default();
    let stem = stem.trim_end_matches(' ').to_lowercase();
    if DEVICES.contains(&stem.as_str()) {
        return true;
    }
    NUMBERED.iter().any(|device| {
        let number = stem.strip_prefix(device).unwrap_or_default();
        let mut characters = number.chars();
        matches!(
            (characters.next(), characters.next()),
            (Some('0'..='9' | '¹' | '²' | '³'), None)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_by_any_spelling_and_ends_that_vanish() {
        for name in [
            "con",
            "NUL",
            "aux.txt",
            "Com1.tar.gz",
            "lpt³",
            "PRN .x",
            "CONIN$",
            "a.",
            "a ",
            "a:b",
            "C:",
            "...",
        ] {
            assert!(objection(name).is_some(), "{name}");
        }
        for name in [
            "console", "com", "com10", "comx", "nul-1", ".nul", "a.con", "a b", ".hidden", "ü",
        ] {
            assert_eq!(objection(name), None, "{name}");
        }
    }

    #[test]
    fn case_is_folded() {
        assert_eq!(
            folded("A/Straße/ΑΣ"),
            folded("a/straße/ας".replace('ς', "σ").as_str())
        );
        assert_ne!(folded("a"), folded("b"));
    }
}
