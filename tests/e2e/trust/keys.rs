//! Key pairs: made, kept, and read with their passphrases.

use std::os::unix::fs::PermissionsExt as _;

use super::{author, read};
use crate::environment;

#[test]
fn a_key_pair_is_written_once_and_only_its_owner_reads_it() {
    let env = author();
    let private = env.work().join("cosign.key");
    let mode = std::fs::metadata(&private).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let before = read(&private);
    assert!(
        before.contains("ENCRYPTED SIGSTORE PRIVATE KEY"),
        "{before}"
    );
    let _ = env
        .run("trust generate-key-pair")
        .code(2)
        .says(&["cosign.key", "may be the only copy"]);
    assert_eq!(read(&private), before);
    let _ = env
        .run("trust generate-key-pair --output-key-prefix other")
        .success();
    assert_ne!(read(&env.work().join("other.key")), before);
}

#[test]
fn a_passphrase_comes_by_standard_input_the_environment_or_not_at_all() {
    let env = environment();
    let make = "trust generate-key-pair --passphrase-stdin";
    let _ = env
        .command(make.split(' '))
        .input("correct horse\n")
        .run()
        .success();
    let show = "trust public-key --key cosign.key";
    let by_stdin = format!("{show} --passphrase-stdin");
    let shown = env
        .command(by_stdin.split(' '))
        .input("correct horse")
        .run();
    let public = read(&env.work().join("cosign.pub"));
    assert_eq!(shown.success().stdout.trim(), public.trim());
    let shown = env
        .command(show.split(' '))
        .variable("COSIGN_PASSWORD", "correct horse")
        .run()
        .success();
    assert_eq!(shown.stdout.trim(), public.trim());
    let wrong = env
        .command(show.split(' '))
        .variable("COSIGN_PASSWORD", "battery staple")
        .run();
    let wrong = wrong.code(2).says(&["cosign.key", "passphrase is wrong"]);
    assert!(!wrong.stderr.contains("battery"), "{}", wrong.stderr);
    let _ = env
        .run(show)
        .code(2)
        .says(&["no passphrase", "--passphrase-stdin", "COSIGN_PASSWORD"]);
}

#[test]
fn a_key_may_stand_in_the_environment() {
    let env = author();
    let pem = read(&env.work().join("cosign.key"));
    let shown = env
        .command("trust public-key --key env://SIGNING_KEY".split(' '))
        .variable("SIGNING_KEY", pem)
        .run()
        .success();
    let public = read(&env.work().join("cosign.pub"));
    assert_eq!(shown.stdout.trim(), public.trim());
    let _ = env
        .run("trust public-key --key env://SIGNING_KEY")
        .code(2)
        .says(&["env://SIGNING_KEY", "no such variable"]);
    let _ = env
        .run("trust public-key --key awskms:///alias/x")
        .code(2)
        .says(&["awskms", "env://NAME"]);
}

#[test]
fn standard_input_has_one_secret() {
    let env = author();
    let line = "registry sign --key cosign.key --passphrase-stdin -u ada --password-stdin \
                localhost:1/app:1";
    let refused = env.command(line.split_whitespace()).input("x\n").run();
    let _ = refused.code(2).says(&["cannot be used with"]);
}
