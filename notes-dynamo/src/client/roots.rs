//! Which certificate authorities a client trusts.

use std::env;
use std::fs;
use std::sync::{Arc, LazyLock};

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::client::EnvironmentError;

/// The authorities of AWS's endpoints.
static AMAZON_ROOTS: &[u8] = include_bytes!("amazon_roots.pem");

/// What starts the names of the regions whose endpoints have certificates of Amazon's authorities. China, the European
/// Sovereign Cloud and the isolated regions have others.
const AMAZON_REGIONS: [&str; 9] = ["af", "ap", "ca", "eu", "il", "me", "mx", "sa", "us"];

/// The authorities to trust, for the endpoint of AWS in this region or for another one.
///
/// Those of the file that `AWS_CA_BUNDLE` names come first, as in all of AWS's tools. Then those of `SSL_CERT_FILE` and
/// `SSL_CERT_DIR`, as in OpenSSL. If none is set, Amazon's own five suffice for AWS's endpoints: reading and parsing
/// the system's, some 150, takes a fifth of a cold start (docs/adr/0008-amazons-roots.md).
pub(super) fn trusted(
    region: &str,
    other_endpoint: bool,
) -> Result<Arc<RootCertStore>, EnvironmentError> {
    let is_set = |name: &&str| env::var_os(name).is_some_and(|value| !value.is_empty());
    if is_set(&BUNDLE) {
        return Ok(Arc::new(bundle()?));
    }
    if let Some(named) = ["SSL_CERT_FILE", "SSL_CERT_DIR"].into_iter().find(is_set) {
        // rustls-native-certs, which reads them, honours the two variables.
        let roots = of_the_system();
        return if roots.is_empty() {
            Err(EnvironmentError::unusable(named, NO_CERTIFICATE))
        } else {
            Ok(roots)
        };
    }
    if other_endpoint || !is_of_amazon(region) {
        return Ok(of_the_system());
    }
    Ok(Arc::new(of_amazon()))
}

/// Those of the system, or of `SSL_CERT_FILE` and `SSL_CERT_DIR`, read and parsed once. What can't be used is left out.
pub(super) fn of_the_system() -> Arc<RootCertStore> {
    static ROOTS: LazyLock<Arc<RootCertStore>> = LazyLock::new(|| {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        Arc::new(roots)
    });
    Arc::clone(&ROOTS)
}

fn of_amazon() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(CertificateDer::pem_slice_iter(AMAZON_ROOTS).flatten());
    roots
}

const BUNDLE: &str = "AWS_CA_BUNDLE";
const NO_CERTIFICATE: &str = "it has no certificate";

/// The authorities in the file that `AWS_CA_BUNDLE` names.
fn bundle() -> Result<RootCertStore, EnvironmentError> {
    let path = env::var_os(BUNDLE).unwrap_or_default();
    let pem = fs::read(path).map_err(|error| EnvironmentError::unusable(BUNDLE, error))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| EnvironmentError::unusable(BUNDLE, error))?;
        let added = roots.add(certificate);
        added.map_err(|error| EnvironmentError::unusable(BUNDLE, error))?;
    }
    if roots.is_empty() {
        return Err(EnvironmentError::unusable(BUNDLE, NO_CERTIFICATE));
    }
    Ok(roots)
}

fn is_of_amazon(region: &str) -> bool {
    let mut parts = region.split('-');
    let (area, place) = (parts.next(), parts.next());
    let is_isolated = place.is_some_and(|place| place.starts_with("iso"));
    area.is_some_and(|area| AMAZON_REGIONS.contains(&area)) && !is_isolated
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    /// As Amazon publishes them: <https://www.amazontrust.com/repository/>.
    const FINGERPRINTS: [&str; 5] = [
        "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
        "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
        "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
        "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
        "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5",
    ];

    #[test]
    fn the_bundled_roots_are_amazons() {
        let roots: Vec<_> = CertificateDer::pem_slice_iter(AMAZON_ROOTS)
            .map(|certificate| certificate.unwrap())
            .collect();
        let fingerprints = roots.iter().map(|root| {
            let hash = Sha256::digest(root);
            let hex = |hex: String, byte: &u8| hex + &format!("{byte:02x}");
            hash.iter().fold(String::new(), hex)
        });
        assert_eq!(fingerprints.collect::<Vec<_>>(), FINGERPRINTS);
        assert_eq!(of_amazon().len(), 5);
    }

    #[test]
    fn only_regions_with_amazons_certificates_have_its_roots() {
        for region in ["eu-central-1", "us-gov-west-1", "mx-central-1", "us-east-1"] {
            assert!(is_of_amazon(region), "{region}");
        }
        for region in [
            "cn-north-1",
            "cn-northwest-1",
            "eusc-de-east-1",
            "us-iso-east-1",
            "us-isob-east-1",
            "eu-isoe-west-1",
            "local",
            "",
        ] {
            assert!(!is_of_amazon(region), "{region}");
        }
    }
}
