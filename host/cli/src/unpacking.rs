//! How much an artifact may have that is run or written: it may come from anybody.

use clap::Args;
use wharf_host::{Digest, Error as HostError, PrepareOptions, Wharf};

use crate::size;

/// How much an artifact may have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Limits")]
#[expect(clippy::struct_field_names, reason = "the flags are called so")]
pub(crate) struct UnpackingArgs {
    /// How large its archives may be unpacked, all together: `500M`, `4GiB` [default: 2GiB]
    ///
    /// Without it, beyond 64 MiB they may also not be more than a hundred times as large
    /// unpacked as they are packed, which is what bombs are.
    #[arg(long, value_name = "SIZE", value_parser = size::parse)]
    max_unpacked_size: Option<u64>,

    /// How many files and directories its archives may have [default: 10000]
    #[arg(long, value_name = "COUNT")]
    max_files: Option<u64>,

    /// How many layers it may have [default: 5000]
    #[arg(long, value_name = "COUNT")]
    max_layers: Option<u64>,
}

impl UnpackingArgs {
    /// Which of the flags was given.
    pub(crate) fn given(self) -> Option<&'static str> {
        let size = self.max_unpacked_size.map(|_| "--max-unpacked-size");
        size.or(self.max_files.map(|_| "--max-files"))
            .or(self.max_layers.map(|_| "--max-layers"))
    }

    /// What can be run, or written, in place of an artifact of the store.
    pub(crate) async fn prepare(
        self,
        wharf: &Wharf,
        manifest: &Digest,
    ) -> Result<Digest, HostError> {
        let options = PrepareOptions {
            max_unpacked_size: self.max_unpacked_size,
            max_files: self.max_files,
            max_layers: self.max_layers,
        };
        wharf.prepare_with(manifest, &options).await
    }
}
