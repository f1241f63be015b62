//! Whether texts refer to variables that are there.

use wharf_oci::problem::clean;

use super::document::Item;
use super::error::{Fault, Problem};
use crate::nearest::hint;
use crate::template::{Part, parts};

/// Refuses a text that refers to a variable that is not there.
pub(super) fn check(text: &str, item: &Item<'_>, variables: &[&str]) -> Result<(), Fault> {
    let parts = parts(text).map_err(|problem| item.wrong(problem.to_string()))?;
    for part in parts {
        if let Part::Variable("") = part {
            return Err(item.wrong("has `{{ }}` with no variable in it: write `{{ name }}`"));
        }
        if let Part::Variable(name) = part
            && !variables.contains(&name)
        {
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
    }
    Ok(())
}
