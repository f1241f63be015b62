//! The export `signing`.

use wharf_signature as signature;
use wharf_signature::making;

use crate::bindings::signing as contract;
use crate::bindings::verification::Format;
use crate::bindings::{Component, Descriptor, Error, signer};
use crate::given;

impl contract::Guest for Component {
    async fn sign(
        statement: contract::Statement,
        format: Format,
    ) -> Result<contract::Signed, Error> {
        let said = making::Statement {
            subject: given::descriptor(statement.subject)?,
            repository: statement.repository,
            annotations: statement.annotations,
            predicate: statement.predicate.map(|predicate| making::Predicate {
                kind: predicate.kind,
                content: predicate.content,
            }),
        };
        let making::Unsigned { payload, message } = making::message(&said, known(format))?;
        let signature = signer::sign(message.clone()).await;
        Ok(contract::Signed {
            format,
            payload,
            message,
            signature: signature.map_err(Error::InvalidInput)?,
        })
    }

    fn bundle(signed: contract::Signed, proof: contract::Proof) -> Result<Vec<u8>, Error> {
        Ok(making::bundle(&made(signed), &proved(proof))?)
    }

    fn bundle_artifact(
        subject: Descriptor,
        bundle: Vec<u8>,
        created: Option<u64>,
    ) -> Result<contract::Artifact, Error> {
        let subject = given::descriptor(subject)?;
        Ok(artifact(making::bundle_artifact(
            &subject, &bundle, created,
        )?))
    }

    fn legacy_artifact(
        present: Option<Vec<u8>>,
        signed: contract::Signed,
        proof: contract::Proof,
    ) -> Result<contract::Artifact, Error> {
        let made = making::legacy_artifact(present.as_deref(), &made(signed), &proved(proof))?;
        Ok(artifact(made))
    }
}

fn known(format: Format) -> signature::Format {
    match format {
        Format::Bundle => signature::Format::Bundle,
        Format::Legacy => signature::Format::Legacy,
    }
}

fn made(signed: contract::Signed) -> making::Signed {
    making::Signed {
        format: known(signed.format),
        payload: signed.payload,
        message: signed.message,
        signature: signed.signature,
    }
}

fn proved(proof: contract::Proof) -> making::Proof {
    making::Proof {
        public_key: proof.public_key,
        certificates: proof.certificates,
        log_entries: proof.log_entries,
        timestamps: proof.timestamps,
    }
}

fn artifact(made: making::Artifact) -> contract::Artifact {
    contract::Artifact {
        media_type: made.media_type,
        manifest: made.manifest,
        blobs: made.blobs,
    }
}
