//! Which known word somebody may have meant.

/// What may be meant by a name that is not known, to be read after a message: the
/// nearest known one, or else all of them when they can be taken in at a glance.
pub(crate) fn hint(name: &str, known: &[&str]) -> String {
    const FEW: usize = 20;
    match nearest(name, known) {
        Some(near) => format!(": did you mean `{near}`?"),
        None if known.is_empty() || known.len() > FEW => String::new(),
        None => format!(": known are `{}`", known.join("`, `")),
    }
}

/// The known word that is nearest to `word`, none when all are too far away for a
/// slip: one letter in three may be wrong, and no more than three.
fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    // Longer than any known word by more than a slip, and costly to compare.
    const LONGEST: usize = 64;
    let word: Vec<char> = word.chars().take(LONGEST).collect();
    let most = (word.len() / 3).clamp(1, 3);
    known
        .iter()
        .map(|candidate| (distance(&word, candidate), *candidate))
        .filter(|(distance, _)| *distance <= most)
        .min()
        .map(|(_, candidate)| candidate)
}

/// How many letters have to be put in, left out, exchanged, or swapped with the
/// next, where case and the difference of `-` and `_` count for nothing
/// (optimal string alignment).
fn distance(word: &[char], other: &str) -> usize {
    let plain = |letter: &char| match letter {
        '_' => '-',
        letter => letter.to_ascii_lowercase(),
    };
    let word: Vec<char> = word.iter().map(plain).collect();
    let other: Vec<char> = other.chars().map(|letter| plain(&letter)).collect();
    let mut earlier: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=word.len()).collect();
    for (line, letter) in other.iter().enumerate() {
        let mut row = vec![line + 1];
        for (column, own) in word.iter().enumerate() {
            let at =
                |row: &[usize], column: usize| row.get(column).copied().unwrap_or(usize::MAX / 2);
            let changed = at(&above, column) + usize::from(own != letter);
            let mut least = changed
                .min(at(&above, column + 1) + 1)
                .min(at(&row, column) + 1);
            let swapped = line > 0
                && column > 0
                && other.get(line - 1) == Some(own)
                && word.get(column - 1) == Some(letter);
            if swapped {
                least = least.min(at(&earlier, column - 1) + 1);
            }
            row.push(least);
        }
        earlier = std::mem::replace(&mut above, row);
    }
    above.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 4] = ["source", "files", "environment", "ai_models"];

    #[test]
    fn a_slip_is_seen_through() {
        for (word, meant) in [
            ("sorce", Some("source")),
            ("Source", Some("source")),
            ("ai-models", Some("ai_models")),
            ("enviroment", Some("environment")),
            ("file", Some("files")),
            ("fiels", Some("files")),
            ("x", None),
            ("", None),
            ("colour", None),
        ] {
            assert_eq!(nearest(word, &KNOWN), meant, "{word}");
        }
    }

    #[test]
    fn what_is_near_nothing_is_told_what_there_is() {
        assert_eq!(hint("sorce", &KNOWN), ": did you mean `source`?");
        assert_eq!(hint("x", &KNOWN[..2]), ": known are `source`, `files`");
        assert_eq!(hint("x", &[]), "");
        assert_eq!(hint("x", &["another"; 21]), "");
    }

    #[test]
    fn distances() {
        let between = |one: &str, other| distance(&one.chars().collect::<Vec<_>>(), other);
        assert_eq!(between("kitten", "sitting"), 3);
        assert_eq!(between("fornt", "front"), 1);
        assert_eq!(between("ba", "abc"), 2);
        assert_eq!(between("", "abc"), 3);
        assert_eq!(between("abc", ""), 3);
        assert_eq!(between("same", "same"), 0);
    }
}
