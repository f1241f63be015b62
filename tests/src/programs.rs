//! The guest programs of `programs/`, built for `wasm32-wasip2`: paths to them.

/// The same as [`HELLO_P2`], as the core module that a component is made of.
pub const HELLO_MODULE: &str = concat!(env!("OUT_DIR"), "/hello-module.wasm");

/// Answers with what it saw, over `wasi:http/incoming-handler@0.2`.
pub const HELLO_P2: &str = concat!(env!("OUT_DIR"), "/hello-p2.wasm");

/// Answers with what it saw, over `wasi:http/handler@0.3`.
pub const HELLO_P3: &str = concat!(env!("OUT_DIR"), "/hello-p3.wasm");

/// The world `wharf:oci/packager`, with hostile code behind it. Its source tells what
/// it tries.
pub const HOSTILE_PACKAGER: &str = concat!(env!("OUT_DIR"), "/hostile-packager.wasm");

/// The world `wharf:oci/registry`, with hostile code behind it. Its source tells
/// how an attack is chosen.
pub const HOSTILE_REGISTRY: &str = concat!(env!("OUT_DIR"), "/hostile-registry.wasm");

/// An HTTP component that needs `fermyon:spin/key-value@2.0.0`.
pub const IMPORTS_KV: &str = concat!(env!("OUT_DIR"), "/imports-kv.wasm");

/// Exports `test:library/desk@0.1.0`, and uses what it can get of WASI 0.2.
pub const LIBRARY_P2: &str = concat!(env!("OUT_DIR"), "/library-p2.wasm");

/// Exports `test:library/counter@0.1.0`, and uses what it can get of WASI 0.3.
pub const LIBRARY_P3: &str = concat!(env!("OUT_DIR"), "/library-p3.wasm");

/// Middleware over `wasi:http/handler@0.3` that hands requests on, and says so in a header
/// `passed` of the answer, with the environment variable `SECRET` or `nothing`.
pub const MIDDLEWARE_P3: &str = concat!(env!("OUT_DIR"), "/middleware-p3.wasm");

/// An HTTP component of WASI 0.2 that answers with what `test:library/desk@0.1.0` says.
pub const READER_P2: &str = concat!(env!("OUT_DIR"), "/reader-p2.wasm");

/// An HTTP component made with Spin's SDK that answers with what
/// `test:library/counter@0.1.0` says.
pub const READER_SPIN: &str = concat!(env!("OUT_DIR"), "/reader-spin.wasm");

/// An HTTP component that never answers and never rests.
pub const SPIN_LOOP: &str = concat!(env!("OUT_DIR"), "/spin-loop.wasm");

/// An HTTP component that traps on every request.
pub const TRAP: &str = concat!(env!("OUT_DIR"), "/trap.wasm");

/// Answers with its variables, over `fermyon:spin/variables@2.0.0` and
/// `wasi:config/store@0.2.0-draft-2024-09-27`.
pub const VARIABLES_P2: &str = concat!(env!("OUT_DIR"), "/variables-p2.wasm");

/// Answers with a variable, over `spin:variables/variables@3.0.0`.
pub const VARIABLES_P3: &str = concat!(env!("OUT_DIR"), "/variables-p3.wasm");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_program_is_a_component() {
        for program in [
            HELLO_P2,
            HELLO_P3,
            HOSTILE_PACKAGER,
            HOSTILE_REGISTRY,
            IMPORTS_KV,
            LIBRARY_P2,
            LIBRARY_P3,
            MIDDLEWARE_P3,
            READER_P2,
            READER_SPIN,
            SPIN_LOOP,
            TRAP,
            VARIABLES_P2,
            VARIABLES_P3,
        ] {
            let bytes = std::fs::read(program).unwrap();
            assert_eq!(&bytes[..8], b"\0asm\x0d\0\x01\0", "{program}");
        }
        let module = std::fs::read(HELLO_MODULE).unwrap();
        assert_eq!(&module[..8], b"\0asm\x01\0\0\0");
    }
}
