//! How a type says no.

use wit_parser::{Enum, Int, Resolve, Result_, SizeAlign, Type, TypeDefKind, Variant};

/// Names of cases that say that something may not be done, the best first. All of
/// them stand in interfaces of WASI or Spin.
const DENIED: [&str; 6] = [
    "access-denied",
    "http-request-denied",
    "destination-not-allowed",
    "not-permitted",
    "denied",
    "access",
];

/// Names of cases that say that something else went wrong, the best first.
const FAILED: [&str; 8] = [
    "other",
    "runtime-error",
    "internal-error",
    "provider",
    "io",
    "upstream",
    "unknown",
    "error",
];

/// Where a text lies in the memory that an answer is read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) address: u32,
    pub(super) length: u32,
}

/// The bytes of a value, as the canonical ABI has it in memory.
pub(super) struct Refusal<'a> {
    resolve: &'a Resolve,
    sizes: &'a SizeAlign,
    /// What is said where there is room for it.
    text: Text,
}

impl<'a> Refusal<'a> {
    pub(super) fn new(resolve: &'a Resolve, sizes: &'a SizeAlign, text: Text) -> Self {
        Self {
            resolve,
            sizes,
            text,
        }
    }

    /// The value of this type that says no: an error, none, or an empty list. None
    /// where the type has nothing of the kind.
    pub(super) fn bytes(&self, ty: &Type) -> Option<Vec<u8>> {
        let mut bytes = vec![0; self.sizes.size(ty).size_wasm32()];
        self.refuse(ty, &mut bytes)?;
        Some(bytes)
    }

    /// Writes a refusal over zeros.
    fn refuse(&self, ty: &Type, to: &mut [u8]) -> Option<()> {
        let Type::Id(id) = ty else {
            return None;
        };
        match &self.resolve.types[*id].kind {
            TypeDefKind::Type(ty) => self.refuse(ty, to),
            TypeDefKind::Result(result) => self.error(result, to),
            TypeDefKind::Option(_) | TypeDefKind::List(_) | TypeDefKind::Map(..) => Some(()),
            _ => None,
        }
    }

    fn error(&self, result: &Result_, to: &mut [u8]) -> Option<()> {
        put(to, 0, &[1])?;
        match &result.err {
            None => Some(()),
            Some(error) => {
                let cases = [result.ok.as_ref(), result.err.as_ref()];
                let offset = self.sizes.payload_offset(Int::U8, cases).size_wasm32();
                self.report(error, to.get_mut(offset..)?)
            }
        }
    }

    /// Writes over zeros what reports the refusal as well as it can.
    fn report(&self, ty: &Type, to: &mut [u8]) -> Option<()> {
        match ty {
            Type::String => {
                put(to, 0, &self.text.address.to_le_bytes())?;
                put(to, 4, &self.text.length.to_le_bytes())
            }
            Type::ErrorContext => None,
            Type::Id(id) => match &self.resolve.types[*id].kind {
                TypeDefKind::Type(ty) => self.report(ty, to),
                TypeDefKind::Enum(cases) => Self::one_of(cases, to),
                TypeDefKind::Variant(variant) => self.case(variant, to),
                TypeDefKind::Record(record) => {
                    self.each(record.fields.iter().map(|field| &field.ty), to)
                }
                TypeDefKind::Tuple(tuple) => self.each(&tuple.types, to),
                TypeDefKind::Result(result) => self.error(result, to),
                TypeDefKind::Option(_)
                | TypeDefKind::List(_)
                | TypeDefKind::Map(..)
                | TypeDefKind::Flags(_) => Some(()),
                // There is nothing to point to.
                _ => None,
            },
            // Numbers are zero.
            _ => Some(()),
        }
    }

    fn each<'t>(&self, types: impl IntoIterator<Item = &'t Type>, to: &mut [u8]) -> Option<()> {
        for (offset, ty) in self.sizes.field_offsets(types) {
            self.report(ty, to.get_mut(offset.size_wasm32()..)?)?;
        }
        Some(())
    }

    fn one_of(cases: &Enum, to: &mut [u8]) -> Option<()> {
        let names: Vec<_> = cases.cases.iter().map(|case| case.name.as_str()).collect();
        let chosen = by_name(&names, &DENIED).or_else(|| by_name(&names, &FAILED));
        // The first one may say that all is well.
        let chosen = chosen.or(names.len().checked_sub(1))?;
        tag(to, cases.tag(), chosen)
    }

    fn case(&self, variant: &Variant, to: &mut [u8]) -> Option<()> {
        let cases = &variant.cases;
        let names: Vec<_> = cases.iter().map(|case| case.name.as_str()).collect();
        let says = |place: &usize| {
            let case = cases.get(*place);
            case.is_some_and(|case| matches!(case.ty, Some(Type::String)))
        };
        let best = [
            by_name(&names, &DENIED),
            by_name(&names, &FAILED),
            (0..cases.len()).find(says),
        ];
        let rest = (0..cases.len()).rev();
        let types = cases.iter().map(|case| case.ty.as_ref());
        let offset = self
            .sizes
            .payload_offset(variant.tag(), types)
            .size_wasm32();
        best.into_iter().flatten().chain(rest).find_map(|place| {
            // Anew for each, so that nothing stays of one that has no value.
            let mut bytes = vec![0; to.len()];
            tag(&mut bytes, variant.tag(), place)?;
            if let Some(ty) = &cases.get(place)?.ty {
                self.report(ty, bytes.get_mut(offset..)?)?;
            }
            to.copy_from_slice(&bytes);
            Some(())
        })
    }
}

/// The place of the first of the wanted names, whatever its letters' case.
fn by_name(names: &[&str], wanted: &[&str]) -> Option<usize> {
    wanted.iter().find_map(|wanted| {
        let is = |name: &&str| name.eq_ignore_ascii_case(wanted);
        names.iter().position(is)
    })
}

/// Writes which case it is.
fn tag(to: &mut [u8], size: Int, case: usize) -> Option<()> {
    let case = u32::try_from(case).ok()?.to_le_bytes();
    let length = match size {
        Int::U8 => 1,
        Int::U16 => 2,
        Int::U32 | Int::U64 => 4,
    };
    put(to, 0, case.get(..length)?)
}

fn put(to: &mut [u8], offset: usize, bytes: &[u8]) -> Option<()> {
    let end = offset.checked_add(bytes.len())?;
    to.get_mut(offset..end)?.copy_from_slice(bytes);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: Text = Text {
        address: 0x0102,
        length: 7,
    };

    /// The refusal of the function `f` of a WIT interface.
    fn refusal(wit: &str) -> Option<Vec<u8>> {
        let mut resolve = Resolve::default();
        let text = format!("package a:b;\ninterface i {{\n{wit}\n}}");
        resolve.push_source("test.wit", &text).unwrap();
        let mut sizes = SizeAlign::default();
        sizes.fill(&resolve);
        let (_, interface) = resolve.interfaces.iter().next().unwrap();
        let result = interface.functions["f"].result.unwrap();
        Refusal::new(&resolve, &sizes, TEXT).bytes(&result)
    }

    #[test]
    fn an_error_says_that_it_is_denied() {
        let text = [2, 1, 0, 0, 7, 0, 0, 0];
        let error = |error: &str| refusal(&format!("{error}\nf: func() -> result<u64, e>;"));
        assert_eq!(
            error("enum e { success, io, access-denied }").unwrap(),
            [1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]
        );
        assert_eq!(error("enum e { success, bad }").unwrap()[8], 1);
        assert_eq!(error("enum e { success, other, bad }").unwrap()[8], 1);
        let variant = error("variant e { HTTP-request-denied, other(string) }").unwrap();
        assert_eq!(variant[8..], [0; 16]);
        let variant = error("variant e { bad, io(string), worse }").unwrap();
        assert_eq!(variant[8..12], [1, 0, 0, 0]);
        assert_eq!(variant[12..20], text);
        let variant = error("variant e { one(u8), mine(string), worse }").unwrap();
        assert_eq!(variant[8], 1);
        assert_eq!(error("type e = string;").unwrap()[8..], text);
        let record = error("record e { code: u32, why: string, more: option<string> }").unwrap();
        assert_eq!(record[8..12], [0; 4]);
        assert_eq!(record[12..20], text);
    }

    #[test]
    fn what_has_no_error_is_none_or_empty() {
        assert_eq!(refusal("f: func() -> option<u8>;").unwrap(), [0, 0]);
        assert_eq!(refusal("f: func() -> list<string>;").unwrap(), [0; 8]);
        assert_eq!(refusal("f: func() -> result;").unwrap(), [1]);
        assert_eq!(
            refusal("type r = result<string>;\nf: func() -> r;").unwrap()[0],
            1
        );
    }

    #[test]
    fn what_can_not_say_no_says_nothing() {
        for wit in [
            "f: func() -> u32;",
            "f: func() -> string;",
            "resource r;\nf: func() -> result<u8, r>;",
            "record r { a: option<u8> }\nf: func() -> r;",
        ] {
            assert_eq!(refusal(wit), None, "{wit}");
        }
    }

    #[test]
    fn a_case_that_points_to_something_is_passed_over() {
        let wit = "resource r;\nvariant e { one, other(r), two(string) }\n\
                   f: func() -> result<_, e>;";
        let bytes = refusal(wit).unwrap();
        assert_eq!(bytes[4], 2);
    }
}
