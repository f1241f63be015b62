//! Paths among the preopened directories.

/// The path that stands in a document, which lies in `directory`. The parts `.` and `..`
/// are resolved as text; none when it leads above the root.
pub(crate) fn within(directory: &str, path: &str) -> Option<String> {
    let whole = match path.strip_prefix('/') {
        Some(_) => path.to_owned(),
        None => format!("{directory}/{path}"),
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    Some(if whole.starts_with('/') {
        format!("/{joined}")
    } else {
        joined
    })
}

/// What is left of a path below a preopened directory; none when it is not below it.
pub(crate) fn below<'a>(path: &'a str, root: &str) -> Option<&'a str> {
    let root = root.trim_end_matches('/');
    if matches!(root, "" | ".") && path.starts_with('/') == (root != ".") {
        return Some(path.trim_start_matches('/'));
    }
    let rest = path.strip_prefix(root)?;
    match rest.strip_prefix('/') {
        Some(rest) => Some(rest),
        None => rest.is_empty().then_some(rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_begins_at_its_document() {
        for (directory, path, whole) in [
            ("/app", "a.wasm", Some("/app/a.wasm")),
            ("/app", "./b/../a.wasm", Some("/app/a.wasm")),
            ("/app", "../target/a.wasm", Some("/target/a.wasm")),
            ("/app", "/a.wasm", Some("/a.wasm")),
            ("/app", "../../a.wasm", None),
            (".", "a.wasm", Some("a.wasm")),
            ("app", "../a.wasm", Some("a.wasm")),
            (".", "../a.wasm", None),
        ] {
            assert_eq!(within(directory, path).as_deref(), whole, "{path}");
        }
    }

    #[test]
    fn a_path_is_below_its_directory() {
        for (path, root, rest) in [
            ("/app/a/b", "/app", Some("a/b")),
            ("/app", "/app", Some("")),
            ("/application/a", "/app", None),
            ("/app/a", "/", Some("app/a")),
            ("a/b", ".", Some("a/b")),
            ("/a", ".", None),
            ("a", "/", None),
            ("app/a", "app", Some("a")),
        ] {
            assert_eq!(below(path, root), rest, "{path} {root}");
        }
    }
}
