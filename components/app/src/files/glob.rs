//! Patterns of paths.
//!
//! ```text
//! ?        any one character
//! *        any number of characters
//! [a-c!]   one of these characters; [!a-c] one that is none of these
//! **       as a whole name: any number of directories; at the end, everything
//! ```
//!
//! A `*`, `?` or `[…]` does not stand for a `/` where files are chosen, and does
//! where they are excluded: that is how Spin has it. One difference: `**` at the
//! end chooses all files below, where Spin chooses none.

mod git;

use std::str::FromStr;

use crate::path::AppPath;

/// The longest pattern, in bytes: no path that it could match is longer.
const PATTERN_BYTES: usize = 4_096;

/// A pattern that paths in the application's directory match or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob {
    text: String,
    tokens: Vec<Token>,
    base: AppPath,
}

/// Why a text is not a pattern. To be read after the pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GlobError {
    /// There is nothing in it.
    #[error("is empty")]
    Empty,
    /// It begins with a `/`.
    #[error("is absolute: patterns are relative to the directory of the application")]
    Absolute,
    /// It has `..` in it.
    #[error("has `..` in it, and only files in the application's directory are published")]
    Outside,
    /// It has `**` within a name.
    #[error("has `**` as a part of a name, and it can only stand for whole directories: `a/**/b`")]
    Recursive,
    /// A `[` has no `]`.
    #[error("has a `[` without the `]` that ends it")]
    Class,
    /// A `\\` has nothing behind it.
    #[error("ends with a `\\`, which has to be followed by a character")]
    Escape,
    /// It is longer than a path can be.
    #[error("is too long: a pattern has at most {PATTERN_BYTES} bytes")]
    Length,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Literal(char),
    /// `?`
    Any,
    /// `[…]`
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
    /// `*`
    Star,
    /// `**/`
    Directories,
    /// `**` at the end
    Everything,
}

impl Glob {
    /// Whether a text has anything in it that stands for something else.
    #[must_use]
    pub fn is_pattern(text: &str) -> bool {
        text.contains(['*', '?', '['])
    }

    /// The pattern, without what means nothing.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The directory in which all that matches lies.
    #[must_use]
    pub fn base(&self) -> &AppPath {
        &self.base
    }

    /// Whether the pattern chooses a file.
    #[must_use]
    pub fn chooses(&self, path: &AppPath) -> bool {
        let mut run = Run::new(&self.tokens, false);
        run.read(path.as_str());
        run.accepts()
    }

    /// Whether the pattern may choose a file that lies, however deeply, in a
    /// directory.
    #[must_use]
    pub fn chooses_below(&self, directory: &AppPath) -> bool {
        let mut run = Run::new(&self.tokens, false);
        run.enter(directory);
        run.goes_on()
    }

    /// Whether the pattern excludes a file.
    #[must_use]
    pub fn excludes(&self, path: &AppPath) -> bool {
        let mut run = Run::new(&self.tokens, true);
        run.read(path.as_str());
        run.accepts()
    }

    /// Whether the pattern is known to exclude every file in a directory.
    #[must_use]
    pub fn excludes_below(&self, directory: &AppPath) -> bool {
        let mut run = Run::new(&self.tokens, true);
        run.enter(directory);
        run.accepts_all()
    }
}

impl FromStr for Glob {
    type Err = GlobError;

    fn from_str(text: &str) -> Result<Self, GlobError> {
        if text.is_empty() {
            return Err(GlobError::Empty);
        }
        if text.starts_with('/') {
            return Err(GlobError::Absolute);
        }
        if text.len() > PATTERN_BYTES {
            return Err(GlobError::Length);
        }
        let names: Vec<_> = text
            .split('/')
            .filter(|name| !matches!(*name, "" | "."))
            .collect();
        if names.contains(&"..") {
            return Err(GlobError::Outside);
        }
        let Some((last, directories)) = names.split_last() else {
            return Err(GlobError::Empty);
        };
        let mut tokens = Vec::new();
        for name in directories {
            if *name == "**" {
                // Any number of any number of directories is any number.
                if tokens.last() != Some(&Token::Directories) {
                    tokens.push(Token::Directories);
                }
            } else {
                tokenize(name, &mut tokens)?;
                tokens.push(Token::Literal('/'));
            }
        }
        if *last == "**" {
            tokens.push(Token::Everything);
        } else {
            tokenize(last, &mut tokens)?;
        }
        let plain = directories
            .iter()
            .take_while(|name| !Self::is_pattern(name));
        let base = plain.copied().collect::<Vec<_>>().join("/");
        Ok(Self {
            text: names.join("/"),
            tokens,
            base: base.parse().unwrap_or_else(|_| AppPath::root()),
        })
    }
}

fn tokenize(name: &str, tokens: &mut Vec<Token>) -> Result<(), GlobError> {
    if name.contains("**") {
        return Err(GlobError::Recursive);
    }
    let mut rest = name;
    while let Some(character) = rest.chars().next() {
        let after = rest.get(character.len_utf8()..).unwrap_or_default();
        rest = after;
        tokens.push(match character {
            '*' => Token::Star,
            '?' => Token::Any,
            '[' => {
                let (class, after) = class(after).ok_or(GlobError::Class)?;
                rest = after;
                class
            }
            character => Token::Literal(character),
        });
    }
    Ok(())
}

/// What follows a `[`, up to its `]`, and the rest. A `]` that comes first is one
/// of the characters.
fn class(text: &str) -> Option<(Token, &str)> {
    let (negated, members) = match text.strip_prefix('!') {
        Some(members) => (true, members),
        None => (false, text),
    };
    let first = members.chars().next()?;
    let end = first.len_utf8() + members.get(first.len_utf8()..)?.find(']')?;
    let mut ranges = Vec::new();
    let mut characters = members.get(..end)?.chars().peekable();
    while let Some(low) = characters.next() {
        let mut ahead = characters.clone();
        let high = match (ahead.next(), ahead.next()) {
            (Some('-'), Some(high)) => {
                characters = ahead;
                high
            }
            _ => low,
        };
        ranges.push((low, high));
    }
    Some((Token::Class { negated, ranges }, members.get(end + 1..)?))
}

/// A pattern at work: all the places in it that what was read so far leads to.
/// Time grows with the lengths of pattern and path multiplied, never faster.
struct Run<'a> {
    tokens: &'a [Token],
    /// Whether `*`, `?` and `[…]` stand for a `/` too.
    crossing: bool,
    places: Vec<Place>,
}

#[derive(Clone, Copy, Default)]
struct Place {
    /// Before the token.
    before: bool,
    /// Within a directory's name, of those that a [`Token::Directories`] stands for.
    within: bool,
}

impl<'a> Run<'a> {
    fn new(tokens: &'a [Token], crossing: bool) -> Self {
        let mut run = Self {
            tokens,
            crossing,
            places: vec![Place::default(); tokens.len() + 1],
        };
        if let Some(first) = run.places.first_mut() {
            first.before = true;
        }
        run.skip_empty();
        run
    }

    fn enter(&mut self, directory: &AppPath) {
        if !directory.is_root() {
            self.read(directory.as_str());
            self.read("/");
        }
    }

    fn read(&mut self, text: &str) {
        for character in text.chars() {
            if !self.is_anywhere() {
                return;
            }
            let mut next = vec![Place::default(); self.places.len()];
            for (index, token) in self.tokens.iter().enumerate() {
                let Some(place) = self.places.get(index).copied() else {
                    continue;
                };
                let (stays, goes) = self.step(token, place, character);
                if let Some(here) = next.get_mut(index) {
                    here.before |= stays.before;
                    here.within |= stays.within;
                }
                if let Some(following) = next.get_mut(index + 1) {
                    following.before |= goes;
                }
            }
            self.places = next;
            self.skip_empty();
        }
    }

    /// Where a character leads from one place: to the same token, to the next.
    fn step(&self, token: &Token, place: Place, character: char) -> (Place, bool) {
        let fits = character != '/' || self.crossing;
        let before = |before| Place {
            before,
            within: false,
        };
        match token {
            Token::Directories => {
                let inside = place.before || place.within;
                let ends = character == '/';
                let stays = Place {
                    before: inside && ends,
                    within: inside && !ends,
                };
                (stays, false)
            }
            Token::Everything => (before(place.before), false),
            Token::Star => (before(place.before && fits), false),
            Token::Any => (before(false), place.before && fits),
            Token::Literal(literal) => (before(false), place.before && *literal == character),
            Token::Class { negated, ranges } => {
                let among = ranges
                    .iter()
                    .any(|(low, high)| (*low..=*high).contains(&character));
                (before(false), place.before && fits && among != *negated)
            }
        }
    }

    /// Tokens that may stand for nothing lead on at once.
    fn skip_empty(&mut self) {
        let mut reached = false;
        for (index, place) in self.places.iter_mut().enumerate() {
            place.before |= reached;
            let empty = matches!(
                self.tokens.get(index),
                Some(Token::Star | Token::Directories | Token::Everything)
            );
            reached = place.before && empty;
        }
    }

    fn is_anywhere(&self) -> bool {
        self.places.iter().any(|place| place.before || place.within)
    }

    fn accepts(&self) -> bool {
        self.places.last().is_some_and(|place| place.before)
    }

    fn goes_on(&self) -> bool {
        let all = self.places.split_last();
        all.is_some_and(|(_, places)| places.iter().any(|place| place.before || place.within))
    }

    fn accepts_all(&self) -> bool {
        let last = self.tokens.last().zip(self.places.iter().nth_back(1));
        last.is_some_and(|(token, place)| {
            place.before
                && match token {
                    Token::Everything => true,
                    Token::Star => self.crossing,
                    _ => false,
                }
        })
    }
}

#[cfg(test)]
mod tests;
