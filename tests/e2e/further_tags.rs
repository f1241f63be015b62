//! `wharf registry push --tag`: several names at once.

use wharf_tests::{Proxy, Registry};

use crate::{environment, greeting, json};

#[test]
fn each_further_tag_is_one_request() {
    let registry = Registry::start();
    let proxy = Proxy::start(registry.address());
    let env = environment();
    greeting("app").write(&env.work());
    let command = format!(
        "registry push {}/app:1.2.3 -f app --tag 1.2 --tag 1 --tag latest --tag 1",
        proxy.address()
    );
    let dry = env.run(&format!("{command} --dry-run")).success();
    assert!(dry.stdout.contains("Would tag it as 1.2, 1, latest"));
    assert!(registry.tags("app").is_empty());
    let _ = proxy.take();

    let output = env.run(&format!("{command} --format json")).success();
    let answer = json(&output.stdout);
    let tags: Vec<_> = answer["tags"].as_array().expect("it is a list").clone();
    assert_eq!(tags, ["1.2", "1", "latest"]);
    let mut there = registry.tags("app");
    there.sort();
    assert_eq!(there, ["1", "1.2", "1.2.3", "latest"]);
    let exchanges = proxy.take();
    let targets: Vec<_> = exchanges
        .iter()
        .map(|one| (one.method.as_str(), one.target.as_str()))
        .collect();
    for tag in ["1.2", "1", "latest"] {
        let target = format!("/v2/app/manifests/{tag}");
        let about: Vec<_> = targets.iter().filter(|(_, one)| *one == target).collect();
        assert_eq!(about, [&("PUT", target.as_str())]);
    }
    // The manifest is there before any of them.
    let put = |tag: &str| {
        let target = format!("/v2/app/manifests/{tag}");
        targets
            .iter()
            .position(|one| *one == ("PUT", target.as_str()))
    };
    assert!(put("1.2.3") < put("1.2"), "{targets:?}");

    // All of them are known here, too.
    let answer = json(&env.run("cache list --format json").success().stdout);
    let names: Vec<_> = answer["names"]
        .as_array()
        .expect("it is a list")
        .iter()
        .collect();
    assert_eq!(names.len(), 4, "{names:?}");
    assert!(
        names
            .iter()
            .all(|name| name["digest"] == names[0]["digest"])
    );

    // A tag that is there already, with nothing else to send.
    let output = env.run(&command).success();
    assert!(
        output.stdout.contains("Tagged it as 1.2, 1, latest"),
        "{output:?}"
    );
    let sent = proxy.take();
    assert!(
        sent.iter().all(|one| one.target.contains("/manifests/")),
        "{sent:#?}"
    );
}

#[test]
fn a_tag_that_is_refused_leaves_the_others_known() {
    let registry = Registry::start();
    let proxy = Proxy::with_fates(registry.address(), |one| {
        if one.method == "PUT" && one.target.ends_with("/manifests/bad") {
            wharf_tests::proxy::Fate::Answer(wharf_tests::Answer::html(403))
        } else {
            wharf_tests::proxy::Fate::Forward
        }
    });
    let env = environment();
    greeting("app").write(&env.work());
    let command = format!(
        "registry push {}/app:1 -f app --tag good --tag bad --tag late",
        proxy.address()
    );
    let _ = env.run(&command).code(3).says(&["manifests/bad", "403"]);
    let mut there = registry.tags("app");
    there.sort();
    assert_eq!(there, ["1", "good"]);
}
