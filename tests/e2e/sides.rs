//! `wharf registry copy` between registries that are reached in different ways.

use wharf_tests::{Authority, Registry};

use crate::{environment, greeting, push};

#[test]
fn each_side_has_its_own_authority_and_user() {
    let authority = Authority::new();
    let open = Registry::start();
    let source = Registry::settings().user("ann", "first").start();
    let target = Registry::settings()
        .tls(&authority)
        .user("bob", "second")
        .start();
    let env = environment();
    let app = greeting("app").write(&env.work());
    let digest = push(&env, &app, &format!("{}/app:1", open.address())).digest();

    // Into the first, as one user there.
    let filled = format!(
        "registry copy {}/app:1 {}/app:1 --to-username ann --to-password-stdin",
        open.address(),
        source.address()
    );
    let filled = env.command(filled.split(' ')).input("first\n").run();
    assert_eq!(filled.success().digest(), digest);

    // From there to the second, as two.
    let copy = format!(
        "registry copy {}/app:1 {}/app:2 --to-ca-file {} --to-username bob --to-password-stdin \
         --from-username ann",
        source.address(),
        target.address(),
        authority.file().display(),
    );
    let right = format!("{copy} --from-password first");
    let copied = env
        .command(right.split_whitespace())
        .input("second\n")
        .run();
    assert_eq!(copied.success().digest(), digest);
    let wrong = format!("{copy} --from-password second");
    let wrong = env.command(wrong.split_whitespace()).input("second\n");
    let _ = wrong.run().code(3);

    // The authority was for the target alone.
    let back = format!(
        "registry copy {}/app:2 {}/app:3 --to-ca-file {} --from-username bob --from-password second",
        target.address(),
        source.address(),
        authority.file().display(),
    );
    let _ = env.run(&back).code(5).says(&["certificate"]);
    // For both, it is for either.
    let both = format!(
        "registry copy {}/app:2 {}/app:3 --ca-file {} --plain-http --from-username bob \
         --from-password second --to-username ann --to-password first",
        target.address(),
        source.address(),
        authority.file().display(),
    );
    let _ = env.run(&both).code(5);
    let both = both.replace("--plain-http", "--to-plain-http");
    assert_eq!(env.run(&both).success().digest(), digest);
}

#[test]
fn one_registry_is_reached_in_one_way() {
    let env = environment();
    for (options, part) in [
        ("--from-plain-http", "reached in one way"),
        (
            "--from-username ann --from-password a",
            "reached in one way",
        ),
        (
            "--from-username a --from-password-stdin --to-username b --to-password-stdin",
            "one password",
        ),
        ("-u a -p b --to-username c", "name the side"),
    ] {
        let copy = format!("registry copy 127.0.0.1:1/a:1 127.0.0.1:1/b:1 {options}");
        let _ = env.run(&copy).code(2).says(&[part]);
    }
    let copy = "registry copy 127.0.0.1:1/a:1 localhost:1/b:1 -u a -p b";
    let _ = env.run(copy).code(2).says(&["--from-username"]);
}
