//! `allowed_http_hosts`, from before there was `allowed_outbound_hosts`: what each
//! entry means today, as Spin reads it.

use wharf_oci::problem::clean;

use super::document::{Item, Table};
use super::error::Fault;

/// The entry that allows everything.
const ALL: &str = "insecure:allow-all";

/// The entries of `allowed_outbound_hosts` that mean the same, in the order of the text.
pub(super) fn outbound(table: &Table<'_>) -> Result<Vec<String>, Fault> {
    let entries = table.texts("allowed_http_hosts")?;
    if entries.iter().any(|(entry, _)| *entry == ALL) {
        return Ok(["http://*:*", "https://*:*", "http://self"]
            .map(str::to_owned)
            .into());
    }
    let mut hosts = Vec::new();
    for (entry, item) in entries {
        if entry == "self" {
            hosts.push("http://self".to_owned());
            continue;
        }
        let host = host(entry, &item)?;
        hosts.extend(["http", "https"].map(|scheme| format!("{scheme}://{host}")));
    }
    Ok(hosts)
}

/// The host of an entry, with its port where there is one: `example.com`,
/// `example.com:8080` or `https://example.com`.
fn host<'a>(entry: &'a str, item: &Item<'_>) -> Result<&'a str, Fault> {
    let wrong = || {
        item.wrong(format!(
            "is `{}`, and has to be a host such as `example.com` or `example.com:8080`",
            clean(entry, 200)
        ))
    };
    let host = match entry.split_once("://") {
        None => entry,
        Some(("http" | "https", rest)) => rest.strip_suffix('/').unwrap_or(rest),
        Some(_) => return Err(wrong()),
    };
    let (name, port) = host.split_once(':').unwrap_or((host, "1"));
    let is_name = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
    let is_port = port.parse::<u16>().is_ok_and(|port| port > 0);
    if name.is_empty() || !name.bytes().all(is_name) || !is_port {
        return Err(wrong());
    }
    Ok(host)
}
