//! Sources at an address whose transfer breaks off, or whose server is busy.

use std::sync::atomic::{AtomicUsize, Ordering};

use wharf_tests::scripted::{Ending, Request};
use wharf_tests::{Answer, Server};

use crate::sources::{at, program, write};
use crate::{environment, text, up};

/// A server whose answers depend on how many came before.
fn server(script: impl Fn(usize, &Request) -> Answer + Send + Sync + 'static) -> Server {
    let count = AtomicUsize::new(0);
    Server::start(move |request: &Request| script(count.fetch_add(1, Ordering::Relaxed), request))
}

/// Runs an application whose component has its WebAssembly there.
fn runs(server: &Server, wasm: &[u8]) {
    let env = environment();
    write(&env, &at(&server.url(), wasm), "");
    let (_running, url) = up(&env, "-f app");
    assert!(text(&url).contains("GET"), "{}", text(&url));
}

/// The first byte that is asked for, where not all are.
fn from(request: &Request) -> Option<usize> {
    let range = request.header("range")?.strip_prefix("bytes=")?;
    range.strip_suffix('-')?.parse().ok()
}

/// The rest of a file, as servers answer that have ranges.
fn rest(wasm: &[u8], request: &Request) -> Answer {
    let Some(from) = from(request) else {
        return Answer::content("application/wasm", wasm);
    };
    let range = format!("bytes {from}-{}/{}", wasm.len() - 1, wasm.len());
    let mut answer = Answer::content("application/wasm", &wasm[from..]);
    answer.status = 206;
    answer.header("Content-Range", &range)
}

fn froms(server: &Server) -> Vec<Option<usize>> {
    server.requests().iter().map(from).collect()
}

#[test]
fn what_came_is_not_asked_for_again() {
    const CUT: usize = 1_000;
    let wasm = program(b'p');
    let server = server({
        let wasm = wasm.clone();
        move |count, request: &Request| {
            let answer = rest(&wasm, request).header("ETag", "\"one\"");
            match count {
                0 | 1 => answer.ending(Ending::CloseAfter(CUT)),
                _ => answer,
            }
        }
    });
    runs(&server, &wasm);
    assert_eq!(froms(&server), [None, Some(CUT), Some(2 * CUT)]);
    let requests = server.requests();
    let conditions = requests.iter().map(|request| request.header("if-range"));
    let conditions: Vec<_> = conditions.collect();
    assert_eq!(conditions, [None, Some("\"one\""), Some("\"one\"")]);
}

#[test]
fn what_is_another_file_by_then_is_fetched_from_its_beginning() {
    let (before, wasm) = (program(b'b'), program(b'a'));
    let script = |others: fn(&[u8], &Request) -> Answer| {
        let (before, wasm) = (before.clone(), wasm.clone());
        server(move |count, request: &Request| match count {
            0 => rest(&before, request).ending(Ending::CloseAfter(1_000)),
            1 => others(&wasm, request),
            _ => rest(&wasm, request),
        })
    };
    // The server knows that it is another one.
    let knows = script(|wasm, _| Answer::content("application/wasm", wasm));
    runs(&knows, &wasm);
    assert_eq!(froms(&knows), [None, Some(1_000)]);
    // It answers with something else than was asked for.
    let astray = script(|wasm, request| {
        let mut answer = rest(wasm, request);
        answer.headers.retain(|(name, _)| name != "Content-Range");
        answer.header("Content-Range", &format!("bytes 0-9/{}", wasm.len()))
    });
    runs(&astray, &wasm);
    assert_eq!(froms(&astray), [None, Some(1_000), None]);
    // Nothing tells but the digest.
    let lies = server({
        let (before, wasm) = (before.clone(), wasm.clone());
        move |count, request: &Request| {
            let mut start = wasm.clone();
            start[500] ^= 1;
            match count {
                0 => rest(&start, request).ending(Ending::CloseAfter(1_000)),
                1 => rest(&before, request),
                _ => rest(&wasm, request),
            }
        }
    });
    runs(&lies, &wasm);
    assert_eq!(froms(&lies), [None, Some(1_000), None]);
}

#[test]
fn without_ranges_it_is_begun_anew() {
    let wasm = program(b'c');
    let server = server({
        let wasm = wasm.clone();
        move |count, _: &Request| {
            let all = Answer::content("application/wasm", wasm.clone());
            match count {
                0 => all.ending(Ending::CloseAfter(1_000)),
                _ => all,
            }
        }
    });
    runs(&server, &wasm);
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn a_busy_server_is_asked_again_when_it_says() {
    let wasm = program(b's');
    let busy = |after: &'static str| {
        let wasm = wasm.clone();
        server(move |count, request: &Request| match count {
            0 => Answer::status(503).header("Retry-After", after),
            _ => rest(&wasm, request),
        })
    };
    let soon = busy("0");
    runs(&soon, &wasm);
    assert_eq!(soon.requests().len(), 2);
    // Nobody waits that long.
    let late = busy("3600");
    let env = environment();
    write(&env, &at(&late.url(), &wasm), "");
    let _ = env.run("up -f app").code(5).says(&["503"]);
    assert_eq!(late.requests().len(), 1);
}

#[test]
fn pieces_that_never_fit_together_are_not_fetched_for_ever() {
    let wasm = program(b'n');
    let server = server({
        let wasm = wasm.clone();
        move |count, request: &Request| {
            let mut other = wasm.clone();
            other[500] ^= 1;
            let answer = rest(&other, request);
            if count % 2 == 0 {
                answer.ending(Ending::CloseAfter(1_000))
            } else {
                answer
            }
        }
    });
    let env = environment();
    write(&env, &at(&server.url(), &wasm), "");
    let _ = env
        .run("up -f app")
        .code(6)
        .says(&[&wharf_tests::digest(&wasm)]);
    assert_eq!(froms(&server), [None, Some(1_000), None, Some(1_000)]);
}
