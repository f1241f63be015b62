//! `[trust]`: what has to be signed, and by whom, before it is used; and the same in a
//! policy, `[sandbox.require-signature]`.
//!
//! ```text
//!   default             what holds for all others
//!   for."ghcr.io/team"  what holds for references that begin so
//!     mode              require, warn or off
//!     keys              files of public keys
//!     identities        certificate-identity and certificate-oidc-issuer, each
//!     threshold         how many of them: a number, or "all"
//!     match-repository  whether a signature that names another repository counts
//!   trusted-root        a file that says which authorities identities may have
//! ```

use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use wharf_host::trust::{Authority, Identity, Matcher, Mode, Requirement, Rule, Rules, Signer};

use super::table::{Fault, Reader, in_order, tables, texts, unknown};
use crate::bounded;
use crate::options::{TRUST_BYTES, identity_name, trusted_root};

/// The table.
pub(super) const TRUST: &str = "trust";

const DEFAULT: &str = "default";
const FOR: &str = "for";
const TRUSTED_ROOT: &str = "trusted-root";
const AT_THE_TOP: [&str; 3] = [DEFAULT, FOR, TRUSTED_ROOT];

const MODE: &str = "mode";
const KEYS: &str = "keys";
const IDENTITIES: &str = "identities";
const THRESHOLD: &str = "threshold";
const MATCH_REPOSITORY: &str = "match-repository";
const OF_A_RULE: [&str; 5] = [MODE, KEYS, IDENTITIES, THRESHOLD, MATCH_REPOSITORY];

const NAME: &str = "certificate-identity";
const NAME_PATTERN: &str = "certificate-identity-regexp";
const ISSUER: &str = "certificate-oidc-issuer";
const ISSUER_PATTERN: &str = "certificate-oidc-issuer-regexp";
const OF_AN_IDENTITY: [&str; 4] = [NAME, NAME_PATTERN, ISSUER, ISSUER_PATTERN];

impl Reader<'_> {
    /// The rules of a table. In a policy they are all meant as `require`.
    pub(super) fn trust(&self, table: &DeTable<'_>, is_policy: bool) -> Result<Rules, Fault> {
        let mut rules = Rules::default();
        let mut root = None;
        for (key, value) in in_order(table) {
            match key.get_ref().as_ref() {
                DEFAULT => {
                    let rule = self.rule(key, tables(key, value)?, is_policy)?;
                    rules.default = Some(rule);
                }
                FOR => {
                    for (prefix, value) in in_order(tables(key, value)?) {
                        let rule = self.rule(prefix, tables(prefix, value)?, is_policy)?;
                        let known = prefix.get_ref().parse().map_err(|expected| {
                            let problem =
                                format!("`{}` can't be this: {expected}", prefix.get_ref());
                            (prefix.span().start, problem)
                        })?;
                        if rules.prefixes.insert(known, rule).is_some() {
                            let problem = format!("`{}` is there twice", prefix.get_ref());
                            return Err((prefix.span().start, problem));
                        }
                    }
                }
                TRUSTED_ROOT => {
                    let path = value.get_ref().as_str().map(|text| self.path_of(text));
                    let bytes = path.ok_or_else(|| "expected the name of a file".to_owned());
                    let bytes = bytes.and_then(|path| read(&path)).map_err(|problem| {
                        let problem = format!("`{TRUSTED_ROOT}` can't be this: {problem}");
                        (value.span().start, problem)
                    })?;
                    root = Some(bytes);
                }
                other => {
                    let problem = unknown(other, &format!("in `[{TRUST}]`"), &AT_THE_TOP);
                    return Err((key.span().start, problem));
                }
            }
        }
        let each = rules.prefixes.values_mut().chain(&mut rules.default);
        for requirement in each.map(|rule| &mut rule.requirement) {
            let has_identity = requirement
                .signers
                .iter()
                .any(|signer| matches!(signer.authority, Authority::Identity(_)));
            if has_identity {
                requirement.trusted_root = Some(match &root {
                    Some(root) => root.clone(),
                    None => trusted_root(None).map_err(|error| (0, error.messages.join(": ")))?,
                });
            }
        }
        Ok(rules)
    }

    fn rule(
        &self,
        name: &Spanned<std::borrow::Cow<'_, str>>,
        table: &DeTable<'_>,
        is_policy: bool,
    ) -> Result<Rule, Fault> {
        let mut rule = Rule {
            mode: Mode::Require,
            requirement: Requirement::default(),
            place: format!("`{}` in {}", name.get_ref(), self.place(name.span().start)),
        };
        let mut threshold = None;
        for (key, value) in in_order(table) {
            let wrong = |expected: String| {
                let problem = format!("`{}` can't be this: {expected}", key.get_ref());
                (value.span().start, problem)
            };
            let given = value.get_ref();
            match key.get_ref().as_ref() {
                MODE if is_policy => {
                    let problem = format!("a policy requires always, and has no `{MODE}`");
                    return Err((key.span().start, problem));
                }
                MODE => rule.mode = mode(given).map_err(wrong)?,
                KEYS => {
                    let files = texts(given).ok_or_else(|| {
                        wrong("expected a list of files of public keys".to_owned())
                    })?;
                    for file in files {
                        let signer = self.key(file).map_err(wrong)?;
                        rule.requirement.signers.push(signer);
                    }
                }
                IDENTITIES => {
                    let members = given.as_array().ok_or_else(|| {
                        wrong(format!(
                            "expected a list of tables with `{NAME}` and `{ISSUER}`"
                        ))
                    })?;
                    for member in members {
                        let signer = identity(member)?;
                        rule.requirement.signers.push(signer);
                    }
                }
                THRESHOLD => threshold = Some((value, wrong(String::new()).0)),
                MATCH_REPOSITORY => {
                    let flag = given.as_bool();
                    rule.requirement.match_repository =
                        flag.ok_or_else(|| wrong("expected `true` or `false`".to_owned()))?;
                }
                other => {
                    let place = format!("in `{}`", name.get_ref());
                    return Err((key.span().start, unknown(other, &place, &OF_A_RULE)));
                }
            }
        }
        let signers = rule.requirement.signers.len();
        if let Some((value, at)) = threshold {
            rule.requirement.threshold = number(value.get_ref(), signers)
                .map_err(|expected| (at, format!("`{THRESHOLD}` can't be this: {expected}")))?;
        }
        Ok(rule)
    }

    /// A signer by the file of a public key.
    fn key(&self, file: &str) -> Result<Signer, String> {
        let pem = read(&self.path_of(file))?;
        let pem = String::from_utf8(pem);
        Ok(Signer {
            name: file.to_owned(),
            authority: Authority::Key(pem.map_err(|_| format!("`{file}` is no PEM"))?),
        })
    }

    fn path_of(&self, file: &str) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).join(file)
    }
}

/// The bytes of a file.
fn read(path: &Path) -> Result<Vec<u8>, String> {
    bounded::read(path, TRUST_BYTES).map_err(|why| format!("`{}` {why}", path.display()))
}

fn mode(value: &DeValue<'_>) -> Result<Mode, String> {
    match value.as_str() {
        Some("require") => Ok(Mode::Require),
        Some("warn") => Ok(Mode::Warn),
        Some("off") => Ok(Mode::Off),
        _ => Err("expected `\"require\"`, `\"warn\"` or `\"off\"`".to_owned()),
    }
}

/// How many signers: at least one, and no more than there are.
fn number(value: &DeValue<'_>, signers: usize) -> Result<u32, String> {
    let all = u32::try_from(signers).unwrap_or(u32::MAX).max(1);
    if value.as_str() == Some("all") {
        return Ok(all);
    }
    let number = value.as_integer();
    let number = number.and_then(|it| u32::from_str_radix(it.as_str(), it.radix()).ok());
    match number {
        Some(number) if (1..=all).contains(&number) => Ok(number),
        _ => Err(format!("expected a number from 1 to {all}, or `\"all\"`")),
    }
}

fn identity(member: &Spanned<DeValue<'_>>) -> Result<Signer, Fault> {
    let at = member.span().start;
    let table = member
        .get_ref()
        .as_table()
        .ok_or_else(|| (at, format!("an identity has to be a table with `{NAME}`")))?;
    let mut name = None;
    let mut issuer = None;
    for (key, value) in in_order(table) {
        let text = value.get_ref().as_str().map(str::to_owned).ok_or_else(|| {
            let problem = format!("`{}` has to be a text", key.get_ref());
            (value.span().start, problem)
        })?;
        let (place, matcher) = match key.get_ref().as_ref() {
            NAME => (&mut name, Matcher::Exact(text)),
            NAME_PATTERN => (&mut name, Matcher::Pattern(text)),
            ISSUER => (&mut issuer, Matcher::Exact(text)),
            ISSUER_PATTERN => (&mut issuer, Matcher::Pattern(text)),
            other => {
                let problem = unknown(other, "of an identity", &OF_AN_IDENTITY);
                return Err((key.span().start, problem));
            }
        };
        if place.replace(matcher).is_some() {
            let problem = format!("`{}` says again what another key says", key.get_ref());
            return Err((key.span().start, problem));
        }
    }
    let (Some(name), Some(issuer)) = (name, issuer) else {
        let problem = format!(
            "an identity needs both: a `{NAME}` or `{NAME_PATTERN}`, and a `{ISSUER}` or \
             `{ISSUER_PATTERN}`"
        );
        return Err((at, problem));
    };
    Ok(Signer {
        name: identity_name(&name, &issuer),
        authority: Authority::Identity(Identity { name, issuer }),
    })
}

#[cfg(test)]
mod tests {

    use wharf_host::trust::Mode;

    use super::super::document::Document;

    /// A folder with a key and a file that says this.
    fn parsed(text: &str) -> Result<super::Rules, String> {
        let folder = tempfile::tempdir().unwrap();
        let pem = "-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----\n";
        std::fs::write(folder.path().join("one.pub"), pem).unwrap();
        std::fs::write(folder.path().join("two.pub"), pem).unwrap();
        let path = folder.path().join("wharf.toml");
        let document = Document::parse(&path, text);
        document
            .map(|document| document.trust().cloned().unwrap_or_default())
            .map_err(|error| error.messages.join(": "))
    }

    #[test]
    fn rules_are_read_with_where_they_stand() {
        let rules = parsed(
            "[trust.default]\nmode = \"warn\"\nkeys = [\"one.pub\"]\n\n\
             [trust.for.\"r.example/team/\"]\nkeys = [\"one.pub\", \"two.pub\"]\n\
             threshold = \"all\"\nmatch-repository = true\n",
        )
        .unwrap();
        let default = rules.default.clone().unwrap();
        assert_eq!(default.mode, Mode::Warn);
        assert_eq!(default.requirement.threshold, 1);
        assert!(default.place.contains("`default` in "), "{}", default.place);
        let team = rules.of(&"r.example/team/app:1".parse().unwrap()).unwrap();
        assert_eq!(team.mode, Mode::Require);
        assert_eq!(team.requirement.threshold, 2);
        assert!(team.requirement.match_repository);
        assert_eq!(team.requirement.signers[1].name, "two.pub");
    }

    #[test]
    fn mistakes_are_told_with_what_is_expected() {
        for (text, said) in [
            ("[trust]\ndefalt = 1\n", "did you mean `default`?"),
            (
                "[trust.default]\nkey = [\"one.pub\"]\n",
                "did you mean `keys`?",
            ),
            (
                "[trust.default]\nkeys = \"one.pub\"\n",
                "expected a list of files",
            ),
            ("[trust.default]\nkeys = [\"none.pub\"]\n", "can't be read"),
            ("[trust.default]\nmode = \"on\"\n", "expected `\"require\"`"),
            (
                "[trust.default]\nkeys = [\"one.pub\"]\nthreshold = 2\n",
                "expected a number from 1 to 1",
            ),
            (
                "[trust.default]\nthreshold = 0\n",
                "expected a number from 1",
            ),
            (
                "[trust.default]\nidentities = [{ certificate-identity = \"a\" }]\n",
                "an identity needs both",
            ),
            (
                "[trust.default]\nidentities = [{ certificate-identity = \"a\", \
                 certificate-identity-regexp = \"a\", certificate-oidc-issuer = \"b\" }]\n",
                "says again",
            ),
            ("[trust.for.team]\nkeys = []\n", "expected a registry"),
            (
                "[trust.for.\"r.example/a:1\"]\nkeys = []\n",
                "expected a registry",
            ),
            (
                "[sandbox.require-signature.default]\nmode = \"warn\"\n",
                "a policy requires always",
            ),
        ] {
            let error = parsed(text).unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
            assert!(error.contains("wharf.toml`, line "), "{error}");
        }
    }

    #[test]
    fn identities_have_the_shipped_root() {
        let rules = parsed(
            "[trust.default]\nidentities = [{ certificate-identity-regexp = \".*@r\\\\.example\", \
             certificate-oidc-issuer = \"https://issuer.example\" }]\n",
        )
        .unwrap();
        let rule = rules.default.unwrap();
        assert!(rule.requirement.trusted_root.is_some());
        let name = &rule.requirement.signers[0].name;
        assert!(name.contains("https://issuer.example"), "{name}");
    }
}
