//! Texts that refer to the application's variables: `https://{{ host }}/users`.

/// A piece of such a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'a> {
    /// As it stands there.
    Text(&'a str),
    /// The value of the variable of this name.
    Variable(&'a str),
}

/// A text has `{{` without the `}}` that ends it. To be read after the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("has `{{{{` without the `}}}}` that ends it")]
pub struct Unfinished;

/// Whether a text refers to a variable.
#[must_use]
pub fn is_template(text: &str) -> bool {
    text.contains("{{")
}

/// The pieces of a text, in order. Texts between them may be empty.
pub fn parts(text: &str) -> Result<Vec<Part<'_>>, Unfinished> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, expression)) = rest.split_once("{{") {
        let (name, after) = expression.split_once("}}").ok_or(Unfinished)?;
        parts.extend([Part::Text(before), Part::Variable(name.trim())]);
        rest = after;
    }
    parts.push(Part::Text(rest));
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn pieces() {
        use Part::{Text, Variable};
        assert_eq!(
            parts("a {{ b }}{{c}}").unwrap(),
            [Text("a "), Variable("b"), Text(""), Variable("c"), Text("")]
        );
        assert_eq!(parts("}} { x").unwrap(), [Text("}} { x")]);
        assert_eq!(parts("a {{ b"), Err(Unfinished));
        assert!(is_template("{{") && !is_template("{ {"));
    }

    proptest! {
        #[test]
        fn every_text_is_cut_or_refused(text in "[a{} ]{0,12}") {
            if let Ok(parts) = parts(&text) {
                let without = |text: &str| text.replace(['{', '}', ' '], "");
                let joined: String = parts
                    .iter()
                    .map(|part| match part {
                        Part::Text(text) | Part::Variable(text) => *text,
                    })
                    .collect();
                prop_assert_eq!(without(&joined), without(&text));
            }
        }
    }
}
