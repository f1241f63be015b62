//! What `wharf --help` says of configuration.

/// What a file looks like, and where it is, for `wharf --help`.
pub(crate) const HELP: &str = "\
Configuration:
  Settings of registries stand in `wharf/wharf.toml` in your configuration folder, or in
  the file of --config or $WHARF_CONFIG. They have the names of the options:

    [registry.\"*\"]
    retries = 3

    [registry.\"docker.io\"]
    mirrors = [\"mirror.example:5000\", \"r.example/hub\"]

    [registry.\"r.example:5000\"]
    ca-file = \"ca.pem\"
    stall-timeout = \"10s\"
    proxy = \"http://proxy.example:3128\"

  Where the packages are that a spin.toml names without a registry, by namespace or by
  package; those of `wasi` are known:

    [packages]
    my-org = \"ghcr.io/my-org/packages\"

  Where this says nothing, `wasm-pkg/config.toml` in your configuration folder counts, the
  file of `wkg`: its default, its namespaces and its packages, in registries of OCI.

  A registry that leads to its blob store or token server on a private network needs
  `allow = [\"https://blobs.internal:9000\", \"10.0.0.0/8\"]`.

  Files that are never published, by patterns as in a `.gitignore`:

    [push]
    ignore = [\"*.key\", \".env\"]

  A `wharf.toml` of a project, from the working folder up to the root of its repository,
  can only narrow: fewer transfers and retries, shorter times, less bandwidth, more files
  that are not published, a policy, and more that has to be signed.

  A policy narrows what may be done at all: where requests go, which repositories are
  written to and read, whose credentials are used, and how much. It stands in either file,
  or in one of its own, --policy or $WHARF_POLICY; all that there are hold together, and
  `wharf policy check` explains them:

    [sandbox]
    origins = [\"https://ghcr.io\"]
    push = [\"ghcr.io/user/*\"]
    credentials = [\"given\"]

  What has to be signed, and by whom, before `up`, `pull`, `copy` and `load` use it, by the
  beginning of references; `mode = \"warn\"` only says so, and `wharf trust check` explains:

    [trust.for.\"ghcr.io/team\"]
    keys = [\"team.pub\"]

    [trust.default]
    mode = \"off\"

  Where no `proxy` is set, the proxies of the environment count, with curl's meaning of
  `no_proxy`, and never for registries on this machine.
";
