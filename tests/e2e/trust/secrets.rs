//! Keys and passphrases appear nowhere.

use wharf_tests::environment::files_below;
use wharf_tests::{Proxy, Registry};

use super::read;
use crate::{environment, greeting};

const PASSPHRASE: &str = "correct-horse-battery";

#[test]
fn neither_a_key_nor_its_passphrase_is_told_stored_or_sent() {
    let registry = Registry::start();
    let proxy = Proxy::start(registry.address());
    let address = proxy.address();
    let env = environment();
    let make = "trust generate-key-pair --passphrase-stdin";
    let _ = env
        .command(make.split(' '))
        .input(PASSPHRASE)
        .run()
        .success();
    greeting("app").write(&env.work());
    let mut said = String::new();
    for line in [
        format!("registry push {address}/app:1 -f app --sign --key cosign.key --audit a.jsonl -v"),
        format!("registry sign {address}/app:1 --key cosign.key --audit a.jsonl --verbose"),
        format!("registry sign {address}/none:1 --key cosign.key --audit a.jsonl --verbose"),
        format!("registry sign {address}/app:1 --key env://KEY --audit a.jsonl --verbose"),
    ] {
        let run = env
            .command(format!("{line} --passphrase-stdin").split(' '))
            .variable("KEY", read(&env.work().join("cosign.key")))
            .input(PASSPHRASE)
            .run();
        said.push_str(&run.stdout);
        said.push_str(&run.stderr);
    }
    let wrong = format!("registry sign {address}/app:1 --key cosign.key --passphrase-stdin");
    let wrong = env
        .command(wrong.split(' '))
        .input("wrong-horse-battery")
        .run()
        .code(2);
    said.push_str(&wrong.stderr);
    said.push_str(&read(&env.work().join("a.jsonl")));
    for exchange in proxy.take_all() {
        said += &exchange.target;
        said.extend(exchange.headers.into_iter().map(|(_, value)| value));
    }
    for file in files_below(&env.cache()) {
        said.push_str(&String::from_utf8_lossy(&std::fs::read(file).unwrap()));
    }
    // The ciphertext of the key is not public either.
    let key = read(&env.work().join("cosign.key"));
    let body = key.lines().nth(1).expect("it is PEM");
    for secret in [PASSPHRASE, "horse", body] {
        assert!(!said.contains(secret), "{secret} is told");
    }
    assert!(said.contains("/manifests/"), "the test sees nothing");
}
