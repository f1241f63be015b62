//! A package of WIT as WebAssembly, the form in which it is published
//! (component model, "WIT.md", "Binary Format").

use wit_parser::decoding::{DecodedWasm, decode};
use wit_parser::{PackageName, ParseError, Resolve, ResolveError, SourceMap, Span};
use wit_parser::{ResolveErrorKind, UnresolvedPackageGroup};

/// A file of WIT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Where it is, for people.
    pub path: String,
    /// What is in it.
    pub text: String,
}

/// A package that another one uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dependency {
    /// The sources of one package.
    Sources(Vec<Source>),
    /// A package as WebAssembly, with all that it uses.
    Encoded {
        /// Where it is, for people.
        path: String,
        /// What is in it.
        wasm: Vec<u8>,
    },
}

/// A package as WebAssembly.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Package {
    /// Its namespace, for example `wasi`.
    pub namespace: String,
    /// Its name in there, for example `http`.
    pub name: String,
    /// Its version.
    pub version: Option<String>,
    /// The WebAssembly. The same sources give the same bytes.
    pub wasm: Vec<u8>,
}

/// Why sources are not a package.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PackageError {
    /// A source is wrong.
    #[error("{place}: {problem}")]
    Source {
        /// File, line and column.
        place: String,
        /// What is wrong.
        problem: String,
    },
    /// A package that is used is not there.
    #[error(
        "{place}: the package `{requested}` is used and is not here: put it into `deps`, as \
         `wkg wit fetch` does"
    )]
    NotFound {
        /// File, line and column.
        place: String,
        /// The package.
        requested: String,
    },
    /// A dependency is not a package.
    #[error("`{path}` is no package of WIT: {problem}")]
    Encoded {
        /// Where it is.
        path: String,
        /// What is wrong.
        problem: String,
    },
    /// There are no sources, or none that says which package they are.
    #[error("there is no package of WIT: {0}")]
    NoPackage(String),
}

/// The package of these sources, which uses at most those dependencies.
pub fn package(
    sources: Vec<Source>,
    dependencies: Vec<Dependency>,
) -> Result<Package, PackageError> {
    let mut resolve = Resolve::new();
    let main = parsed(sources)?;
    let mut others = Vec::new();
    for dependency in dependencies {
        match dependency {
            Dependency::Sources(sources) => others.push(parsed(sources)?),
            Dependency::Encoded { path, wasm } => {
                let wrong = |problem| PackageError::Encoded {
                    path: path.clone(),
                    problem,
                };
                merge(&mut resolve, &wasm).map_err(wrong)?;
            }
        }
    }
    let id = resolve
        .push_groups(main, others)
        .map_err(|error| unresolved(&error, &resolve))?;
    let PackageName {
        namespace,
        name,
        version,
    } = resolve.packages[id].name.clone();
    let wasm = wit_component::encode(&resolve, id)
        .map_err(|error| PackageError::NoPackage(error.to_string()))?;
    Ok(Package {
        namespace,
        name,
        version: version.map(|version| version.to_string()),
        wasm,
    })
}

fn parsed(sources: Vec<Source>) -> Result<UnresolvedPackageGroup, PackageError> {
    let mut map = SourceMap::new();
    let first = sources.first().map(|source| source.path.clone());
    for Source { path, text } in sources {
        map.push_str(&path, text);
    }
    map.parse().map_err(|(map, error)| {
        let place = |span: Span| map.render_location(span);
        unparsed(&error, place, first)
    })
}

fn unparsed(
    error: &ParseError,
    place: impl Fn(Span) -> String,
    first: Option<String>,
) -> PackageError {
    let span = error.kind().span();
    let place = match first {
        Some(_) if span.is_known() => place(span),
        // Nothing to point at: it is about all of them.
        Some(first) => first,
        None => return PackageError::NoPackage(error.to_string()),
    };
    PackageError::Source {
        place,
        problem: one_line(&error.to_string()),
    }
}

fn unresolved(error: &ResolveError, resolve: &Resolve) -> PackageError {
    let place = resolve.render_location(error.kind().span());
    match error.kind() {
        ResolveErrorKind::PackageNotFound { requested, .. } => PackageError::NotFound {
            place,
            requested: requested.to_string(),
        },
        other => PackageError::Source {
            place,
            problem: one_line(&other.to_string()),
        },
    }
}

fn merge(resolve: &mut Resolve, wasm: &[u8]) -> Result<(), String> {
    match decode(wasm).map_err(|error| error.to_string())? {
        DecodedWasm::WitPackage(package, _) => resolve
            .merge(package)
            .map(drop)
            .map_err(|error| one_line(&error.to_string())),
        DecodedWasm::Component(..) => Err("it is a component".to_owned()),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Described, Kind};

    const MAIN: &str = "package shop:api@0.1.0;
        interface lamps { use tools:io/streams@1.0.0.{bytes}; light: func() -> bytes; }
        world seller { export lamps; import tools:io/streams@1.0.0; }";
    const TOOLS: &str = "package tools:io@1.0.0; interface streams { type bytes = list<u8>; }";

    fn source(path: &str, text: &str) -> Source {
        Source {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    fn tools() -> Dependency {
        Dependency::Sources(vec![source("deps/tools.wit", TOOLS)])
    }

    #[test]
    fn sources_become_a_package_and_always_the_same() {
        let made = package(vec![source("shop.wit", MAIN)], vec![tools()]).unwrap();
        assert_eq!((&*made.namespace, &*made.name), ("shop", "api"));
        assert_eq!(made.version.as_deref(), Some("0.1.0"));
        let again = package(vec![source("shop.wit", MAIN)], vec![tools()]).unwrap();
        assert_eq!(made, again);
        let names = ["shop:api/lamps@0.1.0", "shop:api/seller@0.1.0"];
        assert_eq!(
            Described::of(&made.wasm).unwrap().kind,
            Kind::Component {
                imports: Vec::new(),
                exports: names.map(str::to_owned).to_vec(),
            }
        );
        // In more than one file, and with a dependency that was encoded before.
        let (interface, world) = MAIN.split_at(MAIN.find("world").unwrap());
        let encoded = package(vec![source("tools.wit", TOOLS)], Vec::new()).unwrap();
        let encoded = Dependency::Encoded {
            path: "deps/tools.wasm".to_owned(),
            wasm: encoded.wasm,
        };
        let files = vec![source("b.wit", world), source("a.wit", interface)];
        let split = package(files, vec![encoded]).unwrap();
        assert_eq!(
            Described::of(&split.wasm).unwrap().kind,
            Described::of(&made.wasm).unwrap().kind
        );
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let said = |sources: Vec<Source>, dependencies| {
            package(sources, dependencies).unwrap_err().to_string()
        };
        let missing = said(vec![source("shop.wit", MAIN)], Vec::new());
        assert!(missing.starts_with("shop.wit:2:"), "{missing}");
        assert!(missing.contains("`tools:io@1.0.0`"), "{missing}");
        let syntax = said(
            vec![source("wit/x.wit", "package a:b;\ninterface {}")],
            Vec::new(),
        );
        assert!(syntax.starts_with("wit/x.wit:2:11: "), "{syntax}");
        let nameless = said(vec![source("x.wit", "interface a {}")], Vec::new());
        assert!(nameless.starts_with("x.wit: "), "{nameless}");
        let nothing = said(Vec::new(), Vec::new());
        assert!(nothing.starts_with("there is no package"), "{nothing}");
        let garbage = Dependency::Encoded {
            path: "deps/x.wasm".to_owned(),
            wasm: b"\0asm\x0d\0\x01\0".to_vec(),
        };
        let wrong = said(vec![source("tools.wit", TOOLS)], vec![garbage]);
        assert!(wrong.starts_with("`deps/x.wasm` is no package"), "{wrong}");
    }
}
