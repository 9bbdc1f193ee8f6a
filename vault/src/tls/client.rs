//! Asking others over HTTP: commands ask servers, a server asks its witnesses.

use std::time::Duration;

use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

/// Trusts the public authorities, or those in the file that `SSL_CERT_FILE` names: an office may have one of its own.
/// Answers are waited for as long as `patience`; no redirect is followed. Words for people where that file cannot be read.
pub fn agent(patience: Option<Duration>) -> Result<ureq::Agent, String> {
    let config = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0);
    let mut config = config.timeout_global(patience);
    #[expect(clippy::disallowed_methods, reason = "what other clients of the machine read too")]
    if let Ok(file) = std::env::var("SSL_CERT_FILE") {
        let pem = std::fs::read(&file).map_err(|error| format!("SSL_CERT_FILE: `{file}`: {error}"))?;
        let roots: Vec<_> = parse_pem(&pem)
            .filter_map(|item| if let Ok(PemItem::Certificate(root)) = item { Some(root) } else { None })
            .collect();
        config =
            config.tls_config(TlsConfig::builder().root_certs(RootCerts::new_with_certs(&roots)).build());
    }
    Ok(ureq::Agent::new_with_config(config.build()))
}
