//! What is spoken with others. TLS of the server, by rustls on ring: certificate, key and the clients' authority come from files, and anew when told.

mod client;
mod validity;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};
use tokio_rustls::TlsAcceptor;

pub use client::agent;
pub use validity::Validity;

/// Where the parts lie.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The certificate and those above it, PEM.
    pub cert: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
    /// Authorities of which clients must show a certificate, PEM.
    pub client_ca: Option<PathBuf>,
}

/// Why TLS cannot be spoken: the setting, and what is wrong with its file.
#[derive(Debug, thiserror::Error)]
#[error("`server.{setting}`: `{path}` {words}")]
pub struct TlsError {
    /// The setting that names the file.
    pub setting: &'static str,
    path: String,
    words: String,
}

impl TlsError {
    fn new(setting: &'static str, path: &Path, words: impl Into<String>) -> Self {
        Self { setting, path: path.display().to_string(), words: words.into() }
    }
}

/// A certificate as an operator looks at it.
#[derive(Debug)]
pub struct Certificate {
    /// From when until when it holds.
    pub validity: Validity,
    der: CertificateDer<'static>,
}

impl Certificate {
    /// Reads the first one of a file.
    pub fn read(setting: &'static str, path: &Path) -> Result<Self, TlsError> {
        let der = certificates(setting, path)?.swap_remove(0);
        let validity =
            Validity::of(&der).ok_or_else(|| TlsError::new(setting, path, "is no X.509 certificate"))?;
        Ok(Self { validity, der })
    }

    /// Whether it is for that host.
    pub fn names(&self, host: &str) -> bool {
        let (Ok(name), Ok(parsed)) = (ServerName::try_from(host), ParsedCertificate::try_from(&self.der))
        else {
            return false;
        };
        rustls::client::verify_server_name(&parsed, &name).is_ok()
    }
}

/// What new connections are greeted with.
pub struct Tls {
    files: TlsFiles,
    now: ArcSwap<ServerConfig>,
}

impl Tls {
    /// Reads the files.
    pub fn read(files: TlsFiles) -> Result<Self, TlsError> {
        let now = ArcSwap::from(configuration(&files)?);
        Ok(Self { files, now })
    }

    /// Reads the files again, for connections from now on; where one is wrong, what was read before stays.
    pub fn reload(&self) -> Result<(), TlsError> {
        self.now.store(configuration(&self.files)?);
        Ok(())
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.now.load_full())
    }
}

/// TLS 1.3 and 1.2, rustls' own choice of ciphers.
fn configuration(files: &TlsFiles) -> Result<Arc<ServerConfig>, TlsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let chain = certificates("tls_cert", &files.cert)?;
    let wrong_key = |words| TlsError::new("tls_key", &files.key, words);
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|error| wrong_key(pem_words(&error, "private key")))?;
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|_| wrong_key("cannot be used: no version of TLS is there".into()))?;
    let builder = match &files.client_ca {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let wrong = |words: &str| TlsError::new("tls_client_ca", path, words);
            let mut roots = RootCertStore::empty();
            for authority in certificates("tls_client_ca", path)? {
                roots.add(authority).map_err(|_| wrong("holds what is no authority's certificate"))?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.map_err(|_| wrong("names no authority"))?)
        }
    };
    let mut config = builder.with_single_cert(chain, key).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => {
            wrong_key("is not the key of the certificate in `server.tls_cert`".into())
        }
        rustls::Error::InvalidCertificate(_) => {
            TlsError::new("tls_cert", &files.cert, "is no X.509 certificate")
        }
        _ => {
            wrong_key("holds a key that cannot sign for TLS: make one of ECDSA P-256, Ed25519 or RSA".into())
        }
    })?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// At least one.
fn certificates(setting: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let wrong =
        |error: &rustls::pki_types::pem::Error| TlsError::new(setting, path, pem_words(error, "certificate"));
    let read = CertificateDer::pem_file_iter(path).map_err(|error| wrong(&error))?;
    let list = read.collect::<Result<Vec<_>, _>>().map_err(|error| wrong(&error))?;
    if list.is_empty() {
        return Err(TlsError::new(setting, path, "holds no certificate in PEM"));
    }
    Ok(list)
}

/// Never the file's own words.
fn pem_words(error: &rustls::pki_types::pem::Error, what: &str) -> String {
    match error {
        rustls::pki_types::pem::Error::Io(error) => format!("cannot be read: {error}"),
        _ => format!("holds no {what} in PEM"),
    }
}
