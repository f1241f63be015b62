//! JSON that anybody may have sent, as a tree. One reader for every document of the
//! protocol is a good deal smaller than one for each, and the guest's size counts.

use alloc::borrow::ToOwned as _;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// A JSON value. A member whose value is `null` is as good as absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Node {
    Null,
    Bool(bool),
    /// A number from 0 to 2^64-1 without a fraction, as sizes and versions are.
    Number(u64),
    /// Any other number. Nothing here has a use for one, so its value is not kept.
    OtherNumber,
    Text(String),
    List(Vec<Self>),
    /// In the order in which they stand there; no name stands there twice.
    Object(Vec<(String, Self)>),
}

impl Node {
    /// Reads a document. An object with two members of one name is an error, since
    /// two readers would understand it in two ways.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(bytes).map_err(|error| error.to_string())
    }

    /// A member of an object.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        let Self::Object(members) = self else {
            return None;
        };
        let (_, value) = members.iter().find(|(key, _)| key == name)?;
        (*value != Self::Null).then_some(value)
    }

    /// A member that has to be a text where it is there.
    pub(crate) fn text(&self, name: &str) -> Result<Option<String>, String> {
        match self.get(name) {
            Some(Self::Text(text)) => Ok(Some(text.clone())),
            None => Ok(None),
            Some(_) => Err(bad(name)),
        }
    }

    /// A member that has to be a size or another such number where it is there.
    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, String> {
        match self.get(name) {
            Some(Self::Number(number)) => Ok(Some(*number)),
            None => Ok(None),
            Some(_) => Err(bad(name)),
        }
    }

    /// A member that has to be an object of texts where it is there.
    pub(crate) fn texts(&self, name: &str) -> Result<Vec<(String, String)>, String> {
        let members = match self.get(name) {
            Some(Self::Object(members)) => members,
            None => return Ok(Vec::new()),
            Some(_) => return Err(bad(name)),
        };
        let pairs = members.iter().map(|(key, value)| match value {
            Self::Text(value) => Ok((key.clone(), value.clone())),
            _ => Err(bad(key)),
        });
        pairs.collect()
    }

    /// A member that has to be a list where it is there.
    pub(crate) fn list(&self, name: &str) -> Result<Option<&[Self]>, String> {
        match self.get(name) {
            Some(Self::List(list)) => Ok(Some(list)),
            None => Ok(None),
            Some(_) => Err(bad(name)),
        }
    }
}

impl Node {
    /// Writes it as JSON. False when it has a number whose value was not kept.
    pub(crate) fn write(&self, to: &mut String) -> bool {
        match self {
            Self::Null => to.push_str("null"),
            Self::Bool(value) => to.push_str(if *value { "true" } else { "false" }),
            Self::Number(value) => to.push_str(&value.to_string()),
            Self::OtherNumber => return false,
            Self::Text(text) => write_text(text, to),
            Self::List(list) => {
                to.push('[');
                for (place, item) in list.iter().enumerate() {
                    if place > 0 {
                        to.push(',');
                    }
                    if !item.write(to) {
                        return false;
                    }
                }
                to.push(']');
            }
            Self::Object(members) => {
                to.push('{');
                for (place, (name, value)) in members.iter().enumerate() {
                    if place > 0 {
                        to.push(',');
                    }
                    write_text(name, to);
                    to.push(':');
                    if !value.write(to) {
                        return false;
                    }
                }
                to.push('}');
            }
        }
        true
    }
}

fn write_text(text: &str, to: &mut String) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    to.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                to.push('\\');
                to.push(c);
            }
            '\0'..='\u{1f}' => {
                let code = c as usize;
                to.push_str("\\u00");
                to.push(char::from(HEX[code / 16]));
                to.push(char::from(HEX[code % 16]));
            }
            c => to.push(c),
        }
    }
    to.push('"');
}

/// What is wrong with a member that is absent or of another kind than it should be.
pub(crate) fn bad(name: &str) -> String {
    "`".to_owned() + name + "` is missing or is not what it should be"
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Node;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Number(value))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Node, E> {
        Ok(Node::OtherNumber)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Ok(Node::OtherNumber)
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Node, A::Error> {
        let mut object: Vec<(String, Node)> = Vec::new();
        while let Some(name) = members.next_key::<Node>()? {
            let Node::Text(name) = name else {
                return Err(A::Error::custom("a name is not a text"));
            };
            if object.iter().any(|(known, _)| *known == name) {
                return Err(A::Error::custom("a name stands there twice"));
            }
            if object.len() == MEMBERS {
                return Err(A::Error::custom("an object has too many members"));
            }
            object.push((name, members.next_value()?));
        }
        Ok(Node::Object(object))
    }
}

/// How many members an object may have. Annotations have a few dozen; without a bound,
/// looking for repeated names could take for ever.
const MEMBERS: usize = 2_000;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_kind_of_value() {
        let text = r#"{"a": null, "b": [true, 1, -1, 1.5, "x\u00e4"], "c": {}}"#;
        let node = Node::parse(text.as_bytes()).unwrap();
        assert_eq!(node.get("a"), None);
        assert_eq!(
            node.list("b").unwrap().unwrap(),
            [
                Node::Bool(true),
                Node::Number(1),
                Node::OtherNumber,
                Node::OtherNumber,
                Node::Text("xä".into()),
            ]
        );
        assert_eq!(node.get("c"), Some(&Node::Object(Vec::new())));
        assert!(node.text("b").is_err());
        assert_eq!(node.number("d"), Ok(None));
    }

    #[test]
    fn what_can_be_understood_in_two_ways_is_refused() {
        assert!(Node::parse(br#"{"a": 1, "\u0061": 2}"#).is_err());
        assert!(Node::parse(br#"{"a": 1} {}"#).is_err());
    }

    #[test]
    fn depth_and_breadth_are_bounded() {
        assert!(Node::parse("[".repeat(100_000).as_bytes()).is_err());
        let members: Vec<String> = (0..10_000).map(|n| format!("\"{n}\":1")).collect();
        let text = format!("{{{}}}", members.join(","));
        assert!(Node::parse(text.as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_and_read_the_same(
            text in "\\PC{0,20}",
            control in "[\0-\u{1f}\"\\\\]{0,5}",
            number in any::<u64>(),
        ) {
            let node = Node::Object(vec![
                (text.clone(), Node::List(vec![Node::Number(number), Node::Null])),
                (control.clone() + "!" + &text, Node::Text(control)),
            ]);
            let mut written = String::new();
            prop_assert!(node.write(&mut written));
            prop_assert_eq!(Node::parse(written.as_bytes()), Ok(node));
        }

        #[test]
        fn never_panics(text in "[\\[\\]{}:,\"a-c0-9. -]{0,60}") {
            let _ = Node::parse(text.as_bytes());
        }
    }
}
