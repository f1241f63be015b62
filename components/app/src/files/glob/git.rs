//! The patterns of `.gitignore` (gitignore(5), "Pattern format").
//!
//! They differ from those of a manifest: `\` makes the next character stand for itself,
//! a class may be negated by `^` too and have named classes in it, and `**` within a
//! name is a `*`.

use super::{Glob, GlobError, Token};
use crate::path::AppPath;

/// The named classes of POSIX, in ASCII.
const CLASSES: [(&str, &[(char, char)]); 12] = [
    ("alnum", &[('0', '9'), ('A', 'Z'), ('a', 'z')]),
    ("alpha", &[('A', 'Z'), ('a', 'z')]),
    ("blank", &[(' ', ' '), ('\t', '\t')]),
    ("cntrl", &[('\0', '\x1f'), ('\x7f', '\x7f')]),
    ("digit", &[('0', '9')]),
    ("graph", &[('!', '~')]),
    ("lower", &[('a', 'z')]),
    ("print", &[(' ', '~')]),
    ("punct", &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')]),
    ("space", &[(' ', ' '), ('\t', '\r')]),
    ("upper", &[('A', 'Z')]),
    ("xdigit", &[('0', '9'), ('A', 'F'), ('a', 'f')]),
];

impl Glob {
    /// The pattern of a rule, without the `!` and the slashes around it that belong to the
    /// rule itself.
    pub(in crate::files) fn of_rule(text: &str) -> Result<Self, GlobError> {
        let mut tokens = Vec::new();
        let mut names = text.split('/').peekable();
        while let Some(name) = names.next() {
            let is_last = names.peek().is_none();
            match (name, is_last) {
                ("**", false) => tokens.push(Token::Directories),
                // Alone it is a name like others.
                ("**", true) if !tokens.is_empty() => tokens.push(Token::Everything),
                _ => {
                    tokenize(name, &mut tokens)?;
                    if !is_last {
                        tokens.push(Token::Literal('/'));
                    }
                }
            }
        }
        tokens.dedup_by(|one, other| one == other && matches!(one, Token::Directories));
        Ok(Self {
            text: text.to_owned(),
            tokens,
            base: AppPath::root(),
        })
    }
}

fn tokenize(name: &str, tokens: &mut Vec<Token>) -> Result<(), GlobError> {
    let mut rest = name.chars();
    while let Some(character) = rest.next() {
        let token = match character {
            '*' if tokens.last() == Some(&Token::Star) => continue,
            '*' => Token::Star,
            '?' => Token::Any,
            '[' => {
                let (class, after) = class(rest.as_str()).ok_or(GlobError::Class)?;
                rest = after.chars();
                class
            }
            '\\' => Token::Literal(rest.next().ok_or(GlobError::Escape)?),
            character => Token::Literal(character),
        };
        tokens.push(token);
    }
    Ok(())
}

/// What follows a `[`, up to its `]`, and the rest.
fn class(text: &str) -> Option<(Token, &str)> {
    let (negated, members) = match text.strip_prefix(['!', '^']) {
        Some(members) => (true, members),
        None => (false, text),
    };
    let mut ranges = Vec::new();
    let mut rest = members.chars();
    let mut is_first = true;
    loop {
        let low = match rest.next()? {
            ']' if !is_first => break,
            '[' if rest.as_str().starts_with(':') => {
                let (name, after) = rest.as_str().get(1..)?.split_once(":]")?;
                let (_, named) = CLASSES.iter().find(|(known, _)| *known == name)?;
                ranges.extend_from_slice(named);
                rest = after.chars();
                is_first = false;
                continue;
            }
            '\\' => rest.next()?,
            low => low,
        };
        is_first = false;
        let mut ahead = rest.clone();
        let high = match (ahead.next(), ahead.next()) {
            (Some('-'), Some('\\')) => Some(ahead.next()?),
            (Some('-'), Some(high)) if high != ']' => Some(high),
            _ => None,
        };
        if high.is_some() {
            rest = ahead;
        }
        ranges.push((low, high.unwrap_or(low)));
    }
    Some((Token::Class { negated, ranges }, rest.as_str()))
}
