//! What `wharf registry push` publishes along with it: a signature, and a bill of materials.

use serde::Serialize;
use wharf_host::trust::{BILL_PREDICATE, Bill, Document, Predicate, Signing};
use wharf_host::{Digest, Error as HostError, PushOptions, Reference, Report, Wharf};

use crate::error::CommandError;
use crate::options::{Signatory, SigningArgs};
use crate::output::Output;

/// What goes along.
#[derive(Debug, clap::Args)]
pub(in crate::command) struct AlongArgs {
    /// Sign it, too: the tags are set when the signature is there
    #[arg(long, conflicts_with_all = ["dry_run", "offline"])]
    sign: bool,

    /// Attach a bill of materials, too: `CycloneDX` 1.6, of what the WebAssembly says of itself
    ///
    /// The tags are set when it is there. With --sign it is attested, as by `wharf registry
    /// attest --type cyclonedx`; without, it is attached as by `wharf registry attach --sbom`.
    #[arg(long, conflicts_with_all = ["dry_run", "offline"])]
    generate_sbom: bool,

    #[command(flatten)]
    signing: SigningArgs,
}

/// The same, when it is known that it can be done.
pub(super) struct Along {
    signatory: Option<Signatory>,
    has_bill: bool,
}

/// The same, ready to be published.
pub(super) struct Ready {
    signing: Option<Signing>,
    bill: Option<Bill>,
}

/// What was published along with it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Sbom {
    /// The document's.
    digest: String,
    /// Whether it is signed.
    signed: bool,
    /// The digests of the manifests that it was published in.
    manifests: Vec<String>,
}

impl Sbom {
    /// What is said of it.
    pub(super) fn line(&self) -> String {
        let done = if self.signed { "Attested" } else { "Attached" };
        format!("{done} a bill of materials: {}", self.digest)
    }
}

impl AlongArgs {
    /// Whether anything goes along.
    pub(in crate::command) fn is_any(&self) -> bool {
        self.sign || self.generate_sbom
    }

    /// What signs, where it is signed.
    pub(in crate::command) fn signing(&self) -> Option<&SigningArgs> {
        self.sign.then_some(&self.signing)
    }

    /// Refuses what fits nothing. May ask a person for a passphrase, or read standard input.
    pub(super) fn accept(&self) -> Result<Along, CommandError> {
        let signatory = match (self.sign, self.signing.given()) {
            (true, _) => Some(self.signing.signatory()?),
            (false, Some(option)) => {
                return Err(CommandError::usage(format!(
                    "{option} is about a signature: give --sign too"
                )));
            }
            (false, None) => None,
        };
        Ok(Along {
            signatory,
            has_bill: self.generate_sbom,
        })
    }
}

impl Along {
    /// Makes ready what is to be published with a manifest of the store.
    pub(super) async fn ready(
        self,
        wharf: &Wharf,
        manifest: &Digest,
        target: &Reference,
        created: Option<u64>,
        output: Output,
    ) -> Result<Ready, CommandError> {
        let bill = if self.has_bill {
            let bill = wharf.bill(target, manifest, created).await;
            Some(bill.map_err(|error| {
                CommandError::from(error).while_doing("cannot write a bill of materials".to_owned())
            })?)
        } else {
            None
        };
        let signing = match self.signatory {
            Some(signatory) => Some(signatory.signing(wharf, Vec::new(), None, output).await?),
            None => None,
        };
        Ok(Ready { signing, bill })
    }
}

impl Ready {
    /// What the author should know.
    pub(super) fn warnings(&self) -> Vec<String> {
        let bill = self.bill.iter();
        bill.flat_map(|bill| bill.warnings.clone()).collect()
    }

    /// Sends it by its digest, then what goes along, and has the tags lead there last:
    /// whoever sees one has the rest.
    pub(super) async fn push(
        self,
        wharf: &Wharf,
        digest: &Digest,
        target: &Reference,
        options: &PushOptions,
    ) -> Result<(Report, Option<Sbom>), HostError> {
        if self.signing.is_none() && self.bill.is_none() {
            let report = wharf.push_with(digest, target, options).await?;
            return Ok((report, None));
        }
        let at = target.at_digest(digest.clone());
        let untagged = PushOptions {
            tags: Vec::new(),
            ..options.clone()
        };
        let report = wharf.push_with(digest, &at, &untagged).await?;
        if let Some(signing) = &self.signing {
            let _ = signed(wharf, target, &report, signing).await?;
        }
        let sbom = match self.bill {
            None => None,
            Some(Bill { document, .. }) => {
                Some(billed(wharf, target, &report, self.signing, document).await?)
            }
        };
        // All of it is there: only names are set.
        let tagged = PushOptions {
            referrers: false,
            ..options.clone()
        };
        wharf.push_with(digest, target, &tagged).await?;
        Ok((report, sbom))
    }
}

/// Publishes a bill of materials, and tells how.
async fn billed(
    wharf: &Wharf,
    target: &Reference,
    report: &Report,
    signing: Option<Signing>,
    document: Document,
) -> Result<Sbom, HostError> {
    let digest = document.digest().to_string();
    let is_signed = signing.is_some();
    let manifests = if let Some(signing) = signing {
        let predicate = Predicate {
            kind: BILL_PREDICATE.to_owned(),
            content: document.content().to_vec(),
        };
        let attesting = Signing {
            predicate: Some(predicate),
            ..signing
        };
        signed(wharf, target, report, &attesting).await?
    } else {
        let attached = wharf.attach_document(target, &report.manifest, document);
        vec![attached.await?.digest.to_string()]
    };
    Ok(Sbom {
        digest,
        signed: is_signed,
        manifests,
    })
}

/// Signs it, and tells the digests of the manifests that the signatures are in.
async fn signed(
    wharf: &Wharf,
    target: &Reference,
    report: &Report,
    signing: &Signing,
) -> Result<Vec<String>, HostError> {
    let mut manifests = Vec::new();
    for proved in wharf.sign(Some(target), &report.manifest, signing).await? {
        let published = wharf.publish(target, &report.manifest, &proved, signing.created);
        manifests.push(published.await?.digest.to_string());
    }
    Ok(manifests)
}
