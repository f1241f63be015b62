//! Sizes, as people write them.

/// Parses a number of bytes: `500000`, `500k`, `1.5G`, `512MiB`. Units are powers of
/// 1000, as sizes are printed; with an `i` of 1024.
pub(crate) fn parse(text: &str) -> Result<u64, String> {
    let wrong = || "expected a size, for example `500M`, `1.5G` or `512MiB`".to_owned();
    let digits = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = unit.trim_start().to_ascii_lowercase();
    let unit = unit.strip_suffix('b').unwrap_or(&unit);
    let (unit, base) = match unit.strip_suffix('i') {
        Some(unit) if !unit.is_empty() => (unit, 1024_u64),
        Some(_) => return Err(wrong()),
        None => (unit, 1000),
    };
    let power = match unit {
        "" => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        _ => return Err(wrong()),
    };
    let factor = u128::from(base.pow(power));
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let most = 18;
    if whole.is_empty() || number.ends_with('.') || number.len() > most {
        return Err(wrong());
    }
    // In whole numbers, so that what was written is what is meant.
    let scale = 10_u128.pow(u32::try_from(fraction.len()).map_err(|_| wrong())?);
    let digits: u128 = format!("{whole}{fraction}").parse().map_err(|_| wrong())?;
    u64::try_from(digits * factor / scale).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_powers_of_1000_or_1024() {
        for (text, bytes) in [
            ("0", 0),
            ("500000", 500_000),
            ("12b", 12),
            ("500k", 500_000),
            ("500 MB", 500_000_000),
            ("1.5G", 1_500_000_000),
            ("0.5KiB", 512),
            ("512MiB", 536_870_912),
            ("2tb", 2_000_000_000_000),
            ("1Ti", 1_099_511_627_776),
        ] {
            assert_eq!(parse(text), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn anything_else_is_no_size() {
        for text in [
            "",
            "G",
            "-1",
            "1.2.3",
            "1.",
            ".5",
            "1x",
            "1ib",
            "1e9",
            "９",
            "99999999999999999999",
            "99999999T",
            "1GG",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
