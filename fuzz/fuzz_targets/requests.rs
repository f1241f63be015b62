//! Requests: what is recognised as one can be written, and is recognised again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wharf_oci::request::{Operation, Request};

// The first line of a request.
fuzz_target!(|line: &str| {
    let (method, target) = line.split_once(' ').unwrap_or(("GET", line));
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    let Some(request) = Request::classify(method, path, query) else {
        return;
    };
    // What only reads never writes.
    assert!(!matches!(method, "GET" | "HEAD") || !writes(&request.operation));
    let (Some(repository), operation) = (&request.repository, &request.operation) else {
        assert_eq!(request.operation, Operation::CheckVersion);
        return;
    };
    let Some(written) = operation.path(repository) else {
        assert_eq!(*operation, Operation::ContinueUpload);
        return;
    };
    let (path, query) = match written.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (&*written, None),
    };
    assert_eq!(
        Request::classify(method, path, query),
        Some(request),
        "{written}"
    );
});

/// An upload's state is asked for with GET.
fn writes(operation: &Operation) -> bool {
    operation.writes() && *operation != Operation::ContinueUpload
}
