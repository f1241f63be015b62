//! Tables of a file in TOML, read in the order of their text; whatever is wrong is told with
//! its place there.

use std::borrow::Cow;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Something wrong, and the byte of the text where it is.
pub(super) type Fault = (usize, String);

/// A file that is read.
pub(super) struct Reader<'a> {
    pub(super) path: &'a Path,
    pub(super) text: &'a str,
}

impl<'a> Reader<'a> {
    /// All that stands there.
    pub(super) fn table(&self) -> Result<Spanned<DeTable<'a>>, Fault> {
        DeTable::parse(self.text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            (at, format!("this is not TOML: {}", error.message()))
        })
    }

    /// Where a byte of the text is, for people. The first line and the first column
    /// are 1.
    pub(super) fn place(&self, at: usize) -> String {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        let column = before.get(start..).map_or(0, |line| line.chars().count()) + 1;
        format!("`{}`, line {line}, column {column}", self.path.display())
    }
}

pub(super) type Entry<'a, 'i> = (&'a Spanned<Cow<'i, str>>, &'a Spanned<DeValue<'i>>);

/// The entries in the order of the text, so that the first mistake is told first.
pub(super) fn in_order<'a, 'i>(table: &'a DeTable<'i>) -> Vec<Entry<'a, 'i>> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

pub(super) fn tables<'a, 'i>(
    key: &Spanned<Cow<'i, str>>,
    value: &'a Spanned<DeValue<'i>>,
) -> Result<&'a DeTable<'i>, Fault> {
    value.get_ref().as_table().ok_or_else(|| {
        let problem = format!("`{}` has to be a table", key.get_ref());
        (key.span().start, problem)
    })
}

/// The members of an array of texts.
pub(super) fn texts<'a>(value: &'a DeValue<'_>) -> Option<Vec<&'a str>> {
    let members = value.as_array()?.iter();
    members.map(|member| member.get_ref().as_str()).collect()
}

/// What is said of a key that is not known: which one may be meant.
pub(super) fn unknown(key: &str, place: &str, known: &[&str]) -> String {
    /// How much alike two words must be, from 0 to 1, for one to be meant by the other.
    const ALIKE: f64 = 0.8;
    let word = key.to_ascii_lowercase().replace('_', "-");
    let nearest = known
        .iter()
        .map(|known| (strsim::jaro_winkler(&word, known), known))
        .filter(|(alike, _)| *alike >= ALIKE)
        .max_by(|(one, _), (other, _)| one.total_cmp(other));
    match nearest {
        Some((_, known)) => {
            format!("the key `{key}` is not known {place}: did you mean `{known}`?")
        }
        None => format!(
            "the key `{key}` is not known {place}: known are `{}`",
            known.join("`, `")
        ),
    }
}
