//! JSON that anybody may have sent, as a tree that keeps the order of members. Where two
//! readers could understand a document in two ways, it is refused: what is judged here
//! has to be what others read.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap as _, SerializeSeq as _, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::Number;

use crate::limit;

/// A JSON value. A member whose value is `null` is as good as absent.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Self>),
    /// In the order in which they stand there; no name stands there twice.
    Object(Vec<(String, Self)>),
}

impl Json {
    /// Reads a document, and nothing after it.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        if values(bytes) > limit::JSON_VALUES {
            return Err(format!("it has more than {} values", limit::JSON_VALUES));
        }
        serde_json::from_slice(bytes)
            .map_err(|error| format!("it is not the JSON it should be: {error}"))
    }

    /// An object of these members.
    pub(crate) fn object<const N: usize>(members: [(&str, Self); N]) -> Self {
        let members = members.into_iter();
        Self::Object(
            members
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        )
    }

    /// An object of texts.
    pub(crate) fn texts(members: &[(String, String)]) -> Self {
        let members = members.iter();
        Self::Object(
            members
                .map(|(name, value)| (name.clone(), value.as_str().into()))
                .collect(),
        )
    }

    /// A member of an object.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        let Self::Object(members) = self else {
            return None;
        };
        let (_, value) = members.iter().find(|(key, _)| key == name)?;
        (*value != Self::Null).then_some(value)
    }

    /// A member that is an object and has to be there.
    pub(crate) fn inner(&self, name: &str) -> Result<&Self, String> {
        match self.get(name) {
            Some(value @ Self::Object(_)) => Ok(value),
            _ => Err(bad(name)),
        }
    }

    /// A member that has to be a text where it is there.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&str>, String> {
        match self.get(name) {
            Some(Self::Text(text)) => Ok(Some(text)),
            None => Ok(None),
            Some(_) => Err(bad(name)),
        }
    }

    /// A member that is a text and has to be there.
    pub(crate) fn needed(&self, name: &str) -> Result<&str, String> {
        self.text(name)?.ok_or_else(|| bad(name))
    }

    /// A member that has to be a list where it is there; absent, it is empty.
    pub(crate) fn list(&self, name: &str) -> Result<&[Self], String> {
        match self.get(name) {
            Some(Self::List(list)) => Ok(list),
            None => Ok(&[]),
            Some(_) => Err(bad(name)),
        }
    }

    /// A member that has to be an object where it is there; absent, it has no members.
    pub(crate) fn members(&self, name: &str) -> Result<&[(String, Self)], String> {
        match self.get(name) {
            Some(Self::Object(members)) => Ok(members),
            None => Ok(&[]),
            Some(_) => Err(bad(name)),
        }
    }

    /// Fails when there are other members than these.
    pub(crate) fn has_only(&self, names: &[&str]) -> Result<(), String> {
        let Self::Object(members) = self else {
            return Err("an object is expected, and something else is there".to_owned());
        };
        match members
            .iter()
            .find(|(name, _)| !names.contains(&name.as_str()))
        {
            None => Ok(()),
            Some((name, _)) => Err(format!(
                "it has a member that is not known: {}",
                quoted(name)
            )),
        }
    }

    /// A text as it is, and everything else as JSON.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            other => String::from_utf8_lossy(&other.written()).into_owned(),
        }
    }

    /// The document, without white space.
    pub(crate) fn written(&self) -> Vec<u8> {
        // A tree of texts and numbers can always be written to memory.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// What is wrong with a member that is absent or of another kind than it should be.
pub(crate) fn bad(name: &str) -> String {
    format!("`{name}` is missing or is not what it should be")
}

/// A foreign text, to be shown.
pub(crate) fn quoted(text: &str) -> String {
    let clean = wharf_oci::problem::clean(text, crate::limit::SHOWN_CHARS);
    format!("`{clean}`")
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(number) => number.serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(list) => {
                let mut sequence = serializer.serialize_seq(Some(list.len()))?;
                for item in list {
                    sequence.serialize_element(item)?;
                }
                sequence.end()
            }
            Self::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (name, value) in members {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Json;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Json, E> {
        let number = Number::from_f64(value);
        number
            .map(Json::Number)
            .ok_or_else(|| E::custom("a number is out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Json, E> {
        Ok(Json::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json, A::Error> {
        let mut object: Vec<(String, Json)> = Vec::new();
        while let Some(member) = members.next_entry()? {
            object.push(member);
        }
        let names: BTreeSet<&str> = object.iter().map(|(name, _)| name.as_str()).collect();
        if names.len() != object.len() {
            return Err(A::Error::custom("a name stands there twice"));
        }
        Ok(Json::Object(object))
    }
}

/// How many values a document has: each but the first comes after one of these.
fn values(document: &[u8]) -> usize {
    let (mut count, mut in_text, mut is_escaped) = (1, false, false);
    for byte in document {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_text => is_escaped = true,
            b'"' => in_text = !in_text,
            b',' | b'[' | b'{' if !in_text => count += 1,
            _ => {}
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_are_counted_and_texts_are_not_looked_into() {
        for (text, count) in [
            ("1", 1),
            (r#"{"a":1,"b":[2,3],"c":{"d":null}}"#, 7),
            (r#"["a,b[{","\",[","\\",1]"#, 5),
        ] {
            assert_eq!(values(text.as_bytes()), count, "{text}");
        }
    }

    #[test]
    fn what_can_be_understood_in_two_ways_is_refused() {
        for text in [
            r#"{"a": 1, "\u0061": 2}"#,
            r#"{"a": {"b": 1, "b": 1}}"#,
            r#"{"a": 1} {}"#,
            r#"{"a": 1e999}"#,
            "{'a': 1}",
            "\u{feff}{}",
            "",
        ] {
            assert!(Json::parse(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        assert!(Json::parse("[".repeat(100_000).as_bytes()).is_err());
        let nested = "[".repeat(1_000) + &"]".repeat(1_000);
        assert!(Json::parse(nested.as_bytes()).is_err());
    }

    #[test]
    fn members_keep_their_order() {
        let text = r#"{"z":1,"a":-1.5,"m":[null,true,"\n\"ä"]}"#;
        let json = Json::parse(text.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(json.written()).unwrap(), text);
        assert!(json.has_only(&["a", "m", "z"]).is_ok());
        assert!(json.has_only(&["a", "m"]).unwrap_err().contains("`z`"));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_the_same(text in ".{0,20}", number in any::<u64>()) {
            let json = Json::object([
                ("a", text.as_str().into()),
                ("b", Json::List(vec![Json::Number(number.into()), Json::Null])),
            ]);
            prop_assert_eq!(Json::parse(&json.written()), Ok(json));
        }

        #[test]
        fn never_panics(text in "[\\[\\]{}:,\"a-c0-9. -]{0,60}") {
            let _ = Json::parse(text.as_bytes());
        }
    }
}
