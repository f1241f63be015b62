//! What must become of a command when something goes wrong, and why.
//!
//! Written down before it was seen: what passes is survived, what does not is an error
//! of its kind, and what does not matter changes nothing.
#![expect(
    clippy::match_same_arms,
    reason = "each has a reason of its own, which stands beside it"
)]

use crate::fault::{Fault, Lasting, OTHER_DIGEST, Pages, Token, With};
use crate::scenario::Scenario;
use crate::step::{Door, Kind, Step};
use crate::target::Target;

/// What must become of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// It does all that it should.
    Success,
    /// It fails with one of these codes.
    Failure(&'static [i32]),
    /// It does all that it should, or fails with one of these codes.
    Either(&'static [i32]),
    /// It believes what the registry says, and there is no way to find out better; or it
    /// fails with one of these codes.
    Misled(&'static [i32]),
}

use Expected::{Either, Failure, Misled, Success};

const AUTHENTICATION: &[i32] = &[3];
const NOT_FOUND: &[i32] = &[4];
const NETWORK: &[i32] = &[5];
const INTEGRITY: &[i32] = &[6];
const REFUSED: &[i32] = &[7];

/// What must become of a command when this happens to this request.
pub(crate) fn expected(
    scenario: Scenario,
    step: &Step,
    fault: Fault,
    lasting: Lasting,
) -> Expected {
    match (fault, lasting) {
        // Whether the registry heard that an upload ends is of no consequence.
        (_, Lasting::Once) if step.kind == Kind::UploadCancel => Success,
        // Whoever says that less is there than is gets it again, and what it has then is
        // not what was promised.
        (Fault::Header("Range", Some(_)), Lasting::Once) if step.kind == Kind::UploadState => {
            Either(NETWORK)
        }
        // Who does not say how much of an upload is there has none of it.
        (fault, Lasting::Once)
            if step.kind == Kind::UploadState && !matches!(fault, Fault::Location(_)) =>
        {
            Success
        }
        // What is listed may be gone, and then the application itself is still saved.
        (Fault::Status(404, _), _) if scenario == Scenario::Save => match step.kind {
            // Whom the token server does not know.
            Kind::Token => Misled(&[3, 4]),
            _ => Misled(NOT_FOUND),
        },
        (Fault::Status(404, _), _) if hides(scenario, step, lasting) => Misled(&[]),
        (Fault::Status(status, _), Lasting::ForEver) => status_for_ever(status, step),
        (Fault::Status(status, with) | Fault::Early(_, status, with), Lasting::Once) => {
            status_once(scenario, status, with, step)
        }
        (Fault::Token(token), _) => given(scenario, token, lasting),
        // Another one is asked for.
        (Fault::Revoked, _) => Success,
        (Fault::Challenges(_), _) => Failure(AUTHENTICATION),
        (Fault::Realm(target), _) => realm(target, step),
        // What is on pages without end is no answer; a page that was there before is the
        // last, or no page of a list.
        (Fault::Pages(Pages::Full | Pages::Empty), _) => Failure(&[5, 7]),
        (Fault::Pages(Pages::Again), _) => Misled(&[5, 7]),
        // Whoever never answered most likely is not there.
        (Fault::Silence, Lasting::Once) if may_be_first(scenario, step) => Either(NETWORK),
        // Not everything that is said is read.
        (Fault::CutAnswer(_), Lasting::ForEver) => Either(NETWORK),
        // Nothing is tried for ever, and redirects are not followed for ever.
        (_, Lasting::ForEver) => Failure(NETWORK),
        (
            Fault::Unheard
            | Fault::Unanswered
            | Fault::CutHead
            | Fault::CutRequest(_)
            | Fault::CutAnswer(_),
            Lasting::Once,
        ) => Success,
        (Fault::Header(name, value), _) => header(scenario, name, value, step),
        (Fault::Length(more), _) => length(more, step),
        (Fault::Flip, _) => flip(step),
        // All of it came, where a part was asked for.
        (Fault::NoRange, _) => Success,
        (Fault::Redirect(target), _) => redirect(scenario, target, step),
        (Fault::Location(target), _) => location(scenario, target, step),
        // A list is read to its end at the registry, or not at all.
        (Fault::NextPage(Target::Itself), _) => Success,
        (Fault::NextPage(_), _) => Failure(NETWORK),
        // One that says nothing is asked again; slow ones are waited for.
        (Fault::Silence | Fault::Slow, _) => Success,
        (Fault::EndlessHead, _) => endless_head(step),
        (Fault::EndlessBody, _) => endless_body(step),
    }
}

/// Whether nothing may have been heard of a server before it gets this request.
fn may_be_first(scenario: Scenario, step: &Step) -> bool {
    step.is_on_the_way_in() || matches!(scenario.door(), Door::Lists | Door::Newer)
}

/// Whether a 404 to this says that nothing refers to the application, or no longer,
/// which may be true.
fn hides(scenario: Scenario, step: &Step, lasting: Lasting) -> bool {
    let writes = matches!(scenario, Scenario::PushReferrers | Scenario::Delete);
    match step.kind {
        Kind::Referrers => scenario == Scenario::ReferrersListed || lasting == Lasting::ForEver,
        Kind::ListGet => !writes || lasting == Lasting::Once || scenario == Scenario::Delete,
        // A list may name what was deleted since.
        Kind::ManifestGet | Kind::BlobGet => scenario == Scenario::PullReferrers,
        _ => false,
    }
}

fn given(scenario: Scenario, token: Token, lasting: Lasting) -> Expected {
    let writes = scenario.sends() || scenario.deletes();
    match (token, lasting) {
        // Nothing is asked for but to be let in.
        (Token::Less | Token::ReadOnly, _) if scenario == Scenario::Login => Success,
        (Token::ReadOnly, _) if !writes => Success,
        // Whoever finds that nothing is missing writes nothing.
        (Token::ReadOnly, Lasting::ForEver) if scenario == Scenario::PushAgain => {
            Either(AUTHENTICATION)
        }
        // It is used once, and another one is asked for when that is refused.
        (Token::Less | Token::ReadOnly, Lasting::Once) => Success,
        (Token::Less | Token::ReadOnly, Lasting::ForEver) => Failure(AUTHENTICATION),
        // Tokens are good for a minute, whatever clocks say.
        (Token::Expired, _) => Success,
        (Token::None | Token::Page, _) => Failure(&[3, 5]),
    }
}

fn realm(target: Target, step: &Step) -> Expected {
    match target {
        // Done in another way, or not.
        _ if step.kind.is_an_attempt() => Success,
        _ if target.is_forbidden() => Failure(REFUSED),
        // Nobody speaks TLS there.
        _ => Failure(NETWORK),
    }
}

fn endless_head(step: &Step) -> Expected {
    match step.kind {
        Kind::StartWhole | Kind::Mount => Success,
        _ => Failure(&[5, 7]),
    }
}

fn endless_body(step: &Step) -> Expected {
    match step.kind {
        // Whoever does not list referrers says so to anyone.
        Kind::Referrers => Failure(REFUSED),
        _ if step.anonymous => Success,
        Kind::ManifestGet | Kind::ListGet | Kind::Tags => Failure(REFUSED),
        Kind::Token => Failure(&[5, 7]),
        Kind::BlobGet | Kind::BlobRange => Failure(&[5, 6]),
        // Nobody reads it.
        _ => Success,
    }
}

fn status_once(scenario: Scenario, status: u16, with: With, step: &Step) -> Expected {
    match status {
        _ if step.kind.is_an_attempt() => Success,
        // Nobody waits for so long.
        429 | 500 | 502 | 503 if with == With::Later => Failure(NETWORK),
        // Passing, by their meaning.
        429 | 500 | 502 | 503 => Success,
        // A token that expired or was revoked is replaced. Whom the token server does
        // not know, it does not know, and a refusal without a challenge can't be
        // answered.
        401 if with == With::Challenge && step.kind == Kind::Probe && !step.anonymous => {
            // The challenge that was just answered: it would go on for ever.
            Failure(AUTHENTICATION)
        }
        // A token is of no use there.
        401 if step.door == Door::Passwords => Failure(AUTHENTICATION),
        401 if with == With::Challenge && step.kind != Kind::Token => Success,
        401 | 403 => Failure(AUTHENTICATION),
        404 => match step.kind {
            // The token is what is not there, or whoever wants it.
            Kind::Token => Failure(AUTHENTICATION),
            Kind::Probe => Failure(NETWORK),
            // Then it is sent, or fetched.
            Kind::ManifestHead if scenario == Scenario::DeleteTag => Failure(NOT_FOUND),
            Kind::ManifestHead | Kind::BlobHead => Success,
            // It is under a tag then.
            Kind::Referrers => Success,
            // The session is gone: another one is begun.
            Kind::UploadPut | Kind::UploadPatch => Success,
            _ => Failure(NOT_FOUND),
        },
        // How much there is of an upload is asked.
        416 if matches!(step.kind, Kind::UploadPut | Kind::UploadPatch) => Success,
        // A range that can't be had is done without.
        416 if step.kind == Kind::BlobRange => Either(NETWORK),
        _ => Failure(NETWORK),
    }
}

fn status_for_ever(status: u16, step: &Step) -> Expected {
    match status {
        401 | 403 => Failure(AUTHENTICATION),
        404 => match step.kind {
            Kind::Token => Failure(AUTHENTICATION),
            Kind::Probe => Failure(NETWORK),
            _ => Failure(NOT_FOUND),
        },
        _ => Failure(NETWORK),
    }
}

fn header(scenario: Scenario, name: &str, value: Option<&str>, step: &Step) -> Expected {
    let (kind, anonymous) = (step.kind, step.anonymous);
    match (name, kind) {
        // A challenge that can't be understood can't be answered.
        ("WWW-Authenticate", _) if anonymous => Failure(AUTHENTICATION),
        // It is no HTTP, unless nothing can follow the headers.
        ("Content-Length", Kind::ManifestHead | Kind::BlobHead) if value == Some("-1") => Success,
        ("Content-Length", _) if kind.is_an_attempt() => Success,
        ("Content-Length", _) if value == Some("-1") => Failure(NETWORK),
        ("Content-Length", _) if value.is_some() => Either(&[5, 6, 7]),
        _ if anonymous => Success,
        // Without its address an upload session is of no use.
        ("Location", Kind::Start | Kind::UploadPatch) => Failure(NETWORK),
        // It holds what it can't hold, which is seen unless all was sent.
        ("Range", Kind::UploadPatch) if value.is_some() => Either(NETWORK),
        // It is begun in the usual way then, or not.
        ("Location", Kind::StartWhole) => Either(NETWORK),
        // Two answers to what a manifest is (CVE-2021-41190).
        ("Content-Type", Kind::ManifestGet) if value.is_some_and(|v| v.contains("index")) => {
            Failure(NETWORK)
        }
        ("Docker-Content-Digest", Kind::ManifestGet) if value == Some("sha256:zz") => {
            Either(INTEGRITY)
        }
        // The name is what the content is measured by.
        ("Docker-Content-Digest", Kind::ManifestGet)
            if matches!(
                scenario,
                Scenario::PullReferrers | Scenario::Delete | Scenario::Copy | Scenario::CopyBytes
            ) =>
        {
            Success
        }
        // The application goes by its tag, what refers to it by its digest.
        ("Docker-Content-Digest", Kind::ManifestGet)
            if value.is_some() && scenario == Scenario::Save =>
        {
            Either(INTEGRITY)
        }
        ("Docker-Content-Digest", Kind::ManifestGet | Kind::ManifestPut) if value.is_some() => {
            Failure(INTEGRITY)
        }
        ("Docker-Content-Digest", Kind::ListGet) if value == Some(OTHER_DIGEST) => {
            Either(INTEGRITY)
        }
        // That is all there is to know of it.
        ("Docker-Content-Digest", Kind::ManifestHead) if value == Some(OTHER_DIGEST) => {
            match scenario {
                Scenario::Resolve | Scenario::Referrers | Scenario::ReferrersListed => Misled(&[]),
                // There is nothing of that digest.
                Scenario::Copy | Scenario::CopyBytes => Failure(NOT_FOUND),
                _ => Success,
            }
        }
        ("Content-Range", Kind::BlobRange) => Failure(NETWORK),
        // Where the next page is can't be told.
        ("Link", Kind::Referrers | Kind::Tags) => Either(NETWORK),
        // Nothing depends on it.
        _ => Success,
    }
}

fn length(more: i8, step: &Step) -> Expected {
    match step.kind {
        _ if step.anonymous => Success,
        // As if it broke off. That is what passes.
        _ if more > 0 => Success,
        Kind::Token => Failure(NETWORK),
        Kind::ManifestGet => Failure(&[5, 6]),
        // It ends with an empty line, or nobody reads what is said instead of it.
        Kind::ListGet | Kind::Referrers | Kind::Tags => Either(&[5, 6]),
        Kind::BlobGet => Failure(INTEGRITY),
        // The part that is missing is asked for.
        Kind::BlobRange => Either(INTEGRITY),
        _ => Success,
    }
}

fn flip(step: &Step) -> Expected {
    match step.kind {
        _ if step.anonymous => Success,
        // A token that the registry does not accept, or no token.
        Kind::Token => Either(&[3, 5]),
        Kind::ManifestGet => Failure(&[5, 6]),
        Kind::BlobGet | Kind::BlobRange => Failure(INTEGRITY),
        // Where there is no list, nobody reads what is said instead.
        Kind::ListGet => Either(INTEGRITY),
        // Nothing vouches for it.
        Kind::Referrers | Kind::Tags => Misled(NETWORK),
        _ => Success,
    }
}

fn redirect(scenario: Scenario, target: Target, step: &Step) -> Expected {
    match step.kind {
        kind if kind.is_an_attempt() => Success,
        kind if kind.reads() => match target {
            // There they are under a tag.
            _ if target.has_the_same()
                && scenario == Scenario::ReferrersListed
                && step.kind != Kind::ManifestHead =>
            {
                Misled(&[])
            }
            Target::Itself | Target::Further => Success,
            _ if target.has_the_same() => Success,
            _ if target.is_forbidden() => Failure(REFUSED),
            // Nobody speaks TLS there.
            _ => Failure(NETWORK),
        },
        // Nothing that is sent goes anywhere but to the registry, and no credential
        // anywhere but to the server that was named.
        _ => Failure(&[5, 7]),
    }
}

fn location(scenario: Scenario, target: Target, step: &Step) -> Expected {
    let begins = match step.kind {
        Kind::Start | Kind::StartWhole | Kind::UploadState | Kind::UploadPatch => true,
        // The first time it is only to be taken over, and a session for sending it is
        // given up. When it was fetched, it is sent in the session that it got.
        Kind::Mount => scenario == Scenario::CopyBytes && step.nth > 1,
        _ => false,
    };
    if !begins {
        // Nobody looks at it.
        return Success;
    }
    match target {
        // Uploads may be elsewhere; what is secret stays.
        _ if target.has_the_same() => Success,
        _ if target.is_forbidden() => Failure(REFUSED),
        // Nobody speaks TLS there. Another session may be begun.
        Target::OtherScheme => Either(&[5, 7]),
        // Not there, or not of the repository that this is about.
        _ => Either(&[4, 5, 7]),
    }
}
