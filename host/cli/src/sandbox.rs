//! What watches over a command: its policies, and its audit.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use wharf_host::credentials::SourceKind;
use wharf_host::policy::Policies;
use wharf_host::{Audit, Builder, Error as HostError};

use crate::error::CommandError;
use crate::output;

/// What watches over a command.
#[derive(Debug, Clone)]
pub(crate) struct Sandbox {
    policies: Policies,
    audit: Option<Audit>,
}

/// What stands for standard output in place of a file's name.
const STANDARD_OUTPUT: &str = "-";

impl Sandbox {
    /// Opens the audit, before anything is done that it tells of. What it tells is added
    /// to what is in the file.
    pub(crate) fn open(policies: Policies, audit: Option<&Path>) -> Result<Self, CommandError> {
        let audit = match audit {
            None => None,
            Some(path) if path.as_os_str() == STANDARD_OUTPUT => Some(Audit::to(output::lines())),
            Some(path) => {
                let mut options = OpenOptions::new();
                // It says what was published, and by whom: not for everybody.
                let opened = options.append(true).create(true).mode(0o600).open(path);
                let file = opened.map_err(|error| {
                    let shown = path.display();
                    CommandError::usage(format!("cannot write the audit `{shown}`: {error}"))
                })?;
                Some(Audit::to(file))
            }
        };
        Ok(Self { policies, audit })
    }

    /// The same client, watched over.
    pub(crate) fn over(&self, builder: Builder) -> Builder {
        let builder = builder.policies(&self.policies);
        match &self.audit {
            Some(audit) => builder.audit(audit.clone()),
            None => builder,
        }
    }

    /// Fails when a credential may not be given for this run.
    pub(crate) fn check_given(&self) -> Result<(), CommandError> {
        let checked = self.policies.credential(SourceKind::Given);
        checked.map_err(|violation| CommandError::from(HostError::from(violation)))
    }
}
