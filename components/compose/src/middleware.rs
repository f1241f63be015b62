//! Middleware: components that get the requests of an HTTP trigger before its component
//! does, composed in front of it.

use wac_graph::types::are_semver_compatible;
use wharf_app::locked::Inherit;

use crate::compose::{Composition, component};
use crate::error::{ComposeError, Part, listed};

/// The interface that middleware exports to get requests and imports to hand them on, as
/// in the world `wasi:http/middleware`.
const HANDLER: &str = "wasi:http/handler@0.3.0";

/// A component that is put in front of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Middleware {
    /// Its WebAssembly, a component or a core module.
    pub wasm: Vec<u8>,
    /// What it may use of the component that it is put in front of.
    pub inherit: Inherit,
}

/// Composes a component with middleware, of which the outermost comes first, into one
/// component. It exports what requests come by and nothing else, as with Spin; what is
/// not inherited is denied, as with dependencies. The same input gives the same bytes.
///
/// # Errors
///
/// When something is not WebAssembly, or does not fit. Each error is to be read after
/// the component.
pub fn compose_middleware(
    wasm: Vec<u8>,
    middleware: Vec<Middleware>,
) -> Result<Vec<u8>, ComposeError> {
    let wasm = component(wasm, &Part::Source)?;
    if middleware.is_empty() {
        return Ok(wasm);
    }
    let mut composition = Composition::default();
    let mut outermost = composition.add("the component", wasm, &Part::Source)?;
    let mut export = handler(&Part::Source, "export", &composition.names(outermost).1)?;
    for (place, middleware) in middleware.into_iter().enumerate().rev() {
        let part = Part::Middleware(place + 1);
        let next = composition.add_denying(middleware.wasm, &middleware.inherit, &part)?;
        let (imports, exports) = composition.names(next);
        let import = handler(&part, "import", &imports)?;
        composition
            .link(next, &import, outermost, &export)
            .map_err(|problem| ComposeError::Unlinked {
                part: part.clone(),
                problem,
            })?;
        export = handler(&part, "export", &exports)?;
        outermost = next;
    }
    composition.finish(outermost, &[export])
}

/// The name by which a component imports or exports the interface of requests.
fn handler(part: &Part, verb: &'static str, names: &[String]) -> Result<String, ComposeError> {
    let exact = names.iter().find(|name| *name == HANDLER);
    let mut compatible = names
        .iter()
        .filter(|name| are_semver_compatible(name, HANDLER));
    match exact.or_else(|| compatible.next()) {
        Some(name) => Ok(name.clone()),
        None => Err(ComposeError::NoHandler {
            part: part.clone(),
            verb,
            interface: HANDLER,
            names: listed(names.iter().map(String::as_str)),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::tests::{made, outside};

    /// A component that answers requests, and imports something.
    fn answering() -> Vec<u8> {
        let wit = "package my:app; world w {
            import wasi:clocks/system-clock@0.3.0;
            export wasi:http/handler@0.3.0;
            export mine: func();
        }";
        made(wit, &[])
    }

    /// Middleware that reaches for the network.
    fn passing_on(inherit: Inherit) -> Middleware {
        let wit = "package my:middleware; world w {
            import wasi:http/client@0.3.0;
            import wasi:http/handler@0.3.0;
            export wasi:http/handler@0.3.0;
        }";
        Middleware {
            wasm: made(wit, &[]),
            inherit,
        }
    }

    #[test]
    fn middleware_stands_in_front() {
        let two = vec![passing_on(Inherit::All), passing_on(Inherit::All)];
        let composed = compose_middleware(answering(), two.clone()).unwrap();
        let (imports, exports) = outside(&composed);
        assert!(imports.iter().any(|it| it == "wasi:http/client@0.3.0"));
        assert!(!imports.iter().any(|it| it == HANDLER), "{imports:?}");
        assert_eq!(exports, [HANDLER]);
        assert_eq!(compose_middleware(answering(), two).unwrap(), composed);
        assert_eq!(
            compose_middleware(answering(), vec![]).unwrap(),
            answering()
        );
    }

    #[test]
    fn what_is_not_inherited_is_denied() {
        let middleware = vec![passing_on(Inherit::default())];
        let composed = compose_middleware(answering(), middleware).unwrap();
        let (imports, _) = outside(&composed);
        assert!(
            !imports.iter().any(|it| it.contains("client")),
            "{imports:?}"
        );
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let plain = made("package my:app; world w { export f: func(); }", &[]);
        let error = compose_middleware(plain.clone(), vec![passing_on(Inherit::All)]);
        let error = error.unwrap_err().to_string();
        assert!(error.starts_with("its source does not export `wasi:http/handler"));
        assert!(error.contains("it exports `f`"), "{error}");
        for (wasm, words) in [
            (plain, "its middleware 2 does not import `wasi:http/handler"),
            (b"text".to_vec(), "its middleware 2 can't be read"),
        ] {
            let wrong = Middleware {
                wasm,
                inherit: Inherit::All,
            };
            let middleware = vec![passing_on(Inherit::All), wrong];
            let error = compose_middleware(answering(), middleware).unwrap_err();
            assert!(error.to_string().contains(words), "{error}");
        }
    }
}
