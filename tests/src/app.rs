//! Applications as their authors keep them: a directory with a `spin.toml`.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// An application to be written.
pub struct App {
    name: String,
    components: Vec<Component>,
    more: String,
}

/// One of its components.
pub struct Component {
    id: String,
    program: PathBuf,
    route: String,
    environment: Vec<(String, String)>,
    files: Vec<(String, Vec<u8>)>,
    hosts: Vec<String>,
}

impl App {
    /// An application without components.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            components: Vec::new(),
            more: String::new(),
        }
    }

    /// An application of one component that answers everywhere.
    pub fn of(name: &str, program: &str) -> Self {
        Self::new(name).component(Component::new("hello", program, "/..."))
    }

    /// The same with one more component.
    #[must_use]
    pub fn component(mut self, component: Component) -> Self {
        self.components.push(component);
        self
    }

    /// The same with more at the end of its `spin.toml`.
    #[must_use]
    pub fn more(mut self, toml: &str) -> Self {
        self.more.push_str(toml);
        self
    }

    /// Writes it to a new directory `parent/NAME`, and gives that.
    pub fn write(&self, parent: &Path) -> PathBuf {
        let directory = parent.join(&self.name);
        write(&directory.join("spin.toml"), self.manifest().as_bytes());
        for component in &self.components {
            let wasm = fs::read(&component.program).expect("the program was built");
            write(&directory.join(component.wasm()), &wasm);
            for (path, content) in &component.files {
                write(&directory.join(component.assets()).join(path), content);
            }
        }
        directory
    }

    /// Its `spin.toml`.
    pub fn manifest(&self) -> String {
        let mut toml = format!(
            "spin_manifest_version = 2\n\n[application]\nname = {:?}\nversion = \"1.0.0\"\n",
            self.name
        );
        for component in &self.components {
            let id = &component.id;
            let _ = write!(
                toml,
                "\n[[trigger.http]]\nroute = {:?}\ncomponent = {id:?}\n\
                 \n[component.{id}]\nsource = {:?}\n",
                component.route,
                component.wasm(),
            );
            if !component.hosts.is_empty() {
                let _ = writeln!(toml, "allowed_outbound_hosts = {:?}", component.hosts);
            }
            if !component.files.is_empty() {
                let assets = component.assets();
                let _ = writeln!(
                    toml,
                    "files = [{{ source = {assets:?}, destination = \"/\" }}]"
                );
            }
            if !component.environment.is_empty() {
                let _ = writeln!(toml, "\n[component.{id}.environment]");
                for (key, value) in &component.environment {
                    let _ = writeln!(toml, "{key} = {value:?}");
                }
            }
        }
        toml.push_str(&self.more);
        toml
    }
}

impl Component {
    /// A component with its program (see [`crate::programs`]) and its route.
    pub fn new(id: &str, program: &str, route: &str) -> Self {
        Self {
            id: id.to_owned(),
            program: program.into(),
            route: route.to_owned(),
            environment: Vec::new(),
            files: Vec::new(),
            hosts: Vec::new(),
        }
    }

    /// The same with one more environment variable.
    #[must_use]
    pub fn environment(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same with one more file, at `/PATH` for the program.
    #[must_use]
    pub fn file(mut self, path: &str, content: impl Into<Vec<u8>>) -> Self {
        self.files.push((path.to_owned(), content.into()));
        self
    }

    /// The same with one more host that it may reach, for example
    /// `http://127.0.0.1:8080`.
    #[must_use]
    pub fn host(mut self, host: &str) -> Self {
        self.hosts.push(host.to_owned());
        self
    }

    fn wasm(&self) -> String {
        format!("{}.wasm", self.id)
    }

    fn assets(&self) -> String {
        format!("assets/{}", self.id)
    }
}

fn write(path: &Path, content: &[u8]) {
    let parent = path.parent().expect("it lies in a directory");
    fs::create_dir_all(parent).expect("it can be made");
    fs::write(path, content).expect("it can be written");
}
