//! Texts that refer to the application's variables: `https://{{ host }}/users`.

use wharf_oci::problem::clean;

use super::document::Item;
use super::error::{Fault, Problem, hint};

/// Whether a text refers to a variable.
pub(super) fn is_template(text: &str) -> bool {
    text.contains("{{")
}

/// Refuses a text that refers to a variable that is not there.
pub(super) fn check(text: &str, item: &Item<'_>, variables: &[&str]) -> Result<(), Fault> {
    let mut rest = text;
    while let Some((_, expression)) = rest.split_once("{{") {
        let Some((name, after)) = expression.split_once("}}") else {
            return Err(item.wrong("has `{{` without the `}}` that ends it"));
        };
        let name = name.trim();
        if !variables.contains(&name) {
            return Err(item.fault(Problem::NotThere {
                what: item.what(),
                kind: "variable",
                id: clean(name, 100),
                hint: match variables {
                    [] => ": add it to `[variables]`".into(),
                    variables => hint(name, variables),
                },
            }));
        }
        rest = after;
    }
    Ok(())
}
