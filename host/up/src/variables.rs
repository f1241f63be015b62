//! The variables of a component, by the interfaces that ask for them.

use std::collections::BTreeMap;
use std::sync::Arc;

use wasmtime::Result;
use wasmtime::component::{Accessor, HasSelf, Linker};
use wharf_oci::problem::clean;

use crate::guest::Guest;

mod bindings {
    wasmtime::component::bindgen!({
        inline: "
            package wharf:up;

            world variables {
                import fermyon:spin/variables@2.0.0;
                import spin:variables/variables@3.0.0;
                import wasi:config/store@0.2.0-draft-2024-09-27;
            }

            package fermyon:spin@2.0.0 {
                interface variables {
                    variant error {
                        invalid-name(string),
                        undefined(string),
                        provider(string),
                        other(string),
                    }
                    get: func(name: string) -> result<string, error>;
                }
            }

            package spin:variables@3.0.0 {
                interface variables {
                    variant error {
                        invalid-name(string),
                        undefined(string),
                        provider(string),
                        other(string),
                    }
                    get: async func(name: string) -> result<string, error>;
                }
            }

            package wasi:config@0.2.0-draft-2024-09-27 {
                interface store {
                    variant error {
                        upstream(string),
                        io(string),
                    }
                    get: func(key: string) -> result<option<string>, error>;
                    get-all: func() -> result<list<tuple<string, string>>, error>;
                }
            }
        ",
        world: "wharf:up/variables",
        imports: { default: trappable },
    });
}

use bindings::fermyon::spin::variables as spin2;
use bindings::spin::variables::variables as spin3;
use bindings::wasi::config::store;

/// What of these interfaces components may import.
pub(crate) const OFFERED: [&str; 3] = [
    "fermyon:spin/variables@2.0.0",
    "spin:variables/variables@3.0.0",
    "wasi:config/store@0.2.0-draft-2024-09-27",
];

/// The variables of a component, by its own names for them. They may be secrets.
#[derive(Clone, Default)]
pub(crate) struct Variables(Arc<BTreeMap<String, String>>);

impl Variables {
    pub(crate) fn new(values: BTreeMap<String, String>) -> Self {
        Self(Arc::new(values))
    }

    fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }
}

/// Adds the interfaces to what components can import.
pub(crate) fn add_to_linker(linker: &mut Linker<Guest>) -> Result<()> {
    spin2::add_to_linker::<Guest, HasSelf<Guest>>(linker, |guest| guest)?;
    spin3::add_to_linker::<Guest, HasSelf<Guest>>(linker, |guest| guest)?;
    store::add_to_linker::<Guest, HasSelf<Guest>>(linker, |guest| guest)
}

fn undefined(name: &str) -> String {
    format!("the component has no variable `{}`", clean(name, 100))
}

impl spin2::Host for Guest {
    fn get(&mut self, name: String) -> Result<Result<String, spin2::Error>> {
        let value = self.variables.get(&name);
        Ok(value.ok_or_else(|| spin2::Error::Undefined(undefined(&name))))
    }
}

impl spin3::Host for Guest {}

impl spin3::HostWithStore<Guest> for HasSelf<Guest> {
    async fn get(
        accessor: &Accessor<Guest, Self>,
        name: String,
    ) -> Result<Result<String, spin3::Error>> {
        let value = accessor.with(|mut access| access.get().variables.get(&name));
        Ok(value.ok_or_else(|| spin3::Error::Undefined(undefined(&name))))
    }
}

impl store::Host for Guest {
    fn get(&mut self, key: String) -> Result<Result<Option<String>, store::Error>> {
        Ok(Ok(self.variables.get(&key)))
    }

    fn get_all(&mut self) -> Result<Result<Vec<(String, String)>, store::Error>> {
        let all = self.variables.0.iter();
        Ok(Ok(all
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()))
    }
}
