//! What can be said of the settings and of the files that they name, without the passphrase and without a database.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use axum::http::Uri;
use serde_json::{Value, json};

use super::say;
use super::serve::tls_files;
use crate::clock::{Clock, SystemClock, days, rfc3339};
use crate::config::Config;
use crate::tls::{Certificate, Tls};

/// A certificate that ends sooner is to be renewed now.
const SOON: i64 = 14;

/// One thing looked at.
pub(super) struct Finding {
    /// The setting, or what else was looked at.
    pub(super) what: &'static str,
    pub(super) found: String,
    /// What to do, where something must be done.
    pub(super) mend: Option<String>,
}

impl Finding {
    pub(super) fn new(what: &'static str, found: impl Into<String>, mend: Option<String>) -> Self {
        Self { what, found: found.into(), mend }
    }

    pub(super) fn json(&self) -> Value {
        json!({ "what": self.what, "found": self.found, "good": self.mend.is_none(), "mend": self.mend })
    }

    pub(super) fn say(&self) {
        match &self.mend {
            None => say(&format!("ok    {}: {}", self.what, self.found)),
            Some(mend) => say(&format!("MEND  {}: {}: {mend}", self.what, self.found)),
        }
    }
}

/// The files that settings name, the certificate, and what callers are told to call it by.
pub(super) fn settings(file: &Path, config: &Config) -> Vec<Finding> {
    let mut findings = vec![if config.keys.file.exists() {
        private("keys.file", &config.keys.file, 0o077)
    } else {
        let mend = "it is not there: put it back; if this is a new vault, `gridvault init` makes it";
        Finding::new("keys.file", config.keys.file.display().to_string(), Some(mend.into()))
    }];
    findings.push(match config.passphrase_file() {
        Some(path) => private("keys.passphrase_file", &path, 0o077),
        None => Finding::new("keys.passphrase_file", "none: the passphrase is asked for at each start", None),
    });
    if config.database.url.has_password() {
        findings.push(private("database.url (it holds a password)", file, 0o007));
    }
    findings.push(folder("log.pin_file", &config.log.pin_file));
    if config
        .layout()
        .database
        .file()
        .is_some_and(|database| database.parent() == config.log.pin_file.parent())
    {
        let words = "it lies beside the database: whoever puts back an old folder puts back both; another disk is better";
        findings.push(Finding::new("log.pin_file", words, None));
    }
    findings.extend(tls(config));
    findings.push(public_url(config));
    findings
}

/// Certificate, key and the clients' authority.
fn tls(config: &Config) -> Vec<Finding> {
    let Some(files) = tls_files(&config.server) else {
        let found = if config.server.trusted_proxies.is_empty() {
            "no TLS: only this machine reaches it"
        } else {
            "no TLS: only the trusted proxies are answered"
        };
        return vec![Finding::new("server.tls_cert", found, None)];
    };
    let mut findings = vec![certificate("server.tls_cert", "tls_cert", &files.cert, config)];
    findings.push(private("server.tls_key", &files.key, 0o007));
    if let Some(authority) = &files.client_ca {
        findings.push(certificate("server.tls_client_ca", "tls_client_ca", authority, config));
    }
    // Together, as at the start: the key must be the certificate's.
    if let Err(error) = Tls::read(files) {
        let name = match error.setting {
            "tls_key" => "server.tls_key",
            "tls_client_ca" => "server.tls_client_ca",
            _ => "server.tls_cert",
        };
        let told = findings.iter().any(|finding| finding.what == name && finding.mend.is_some());
        if !told {
            findings.push(Finding::new(name, "", Some(error.to_string())));
        }
    }
    findings
}

fn certificate(name: &'static str, setting: &'static str, path: &Path, config: &Config) -> Finding {
    let certificate = match Certificate::read(setting, path) {
        Ok(certificate) => certificate,
        Err(error) => return Finding::new(name, path.display().to_string(), Some(error.to_string())),
    };
    let (now, validity) = (SystemClock.now(), certificate.validity);
    let left = (validity.not_after - now).div_euclid(days(1));
    let found = format!("{}, until {}, {left} days left", path.display(), rfc3339(validity.not_after));
    let host = host(config).filter(|_| setting == "tls_cert");
    let mend = if validity.not_before > now {
        Some(format!("it holds only from {} on", rfc3339(validity.not_before)))
    } else if validity.not_after <= now {
        Some("it has expired: renew it, then SIGHUP".into())
    } else if left < SOON {
        Some("it expires soon: renew it, then SIGHUP".into())
    } else {
        host.filter(|host| !certificate.names(host))
            .map(|host| format!("it is not for `{host}`, which `server.public_url` names"))
    };
    Finding::new(name, found, mend)
}

/// The host of `public_url`.
fn host(config: &Config) -> Option<String> {
    let url: Uri = config.server.public_url.as_deref()?.parse().ok()?;
    Some(url.host()?.trim_matches(['[', ']']).to_owned())
}

fn public_url(config: &Config) -> Finding {
    let (name, server) = ("server.public_url", &config.server);
    match &server.public_url {
        Some(url) if url.starts_with("https://") => Finding::new(name, url, None),
        Some(url) => Finding::new(name, format!("{url}: this machine only"), None),
        None if server.tls_cert.is_some() || !server.trusted_proxies.is_empty() => {
            let mend = "say what people call it by: https://…";
            Finding::new(name, "not set", Some(mend.into()))
        }
        None => Finding::new(name, "not set: this machine only", None),
    }
}

/// A file that may be read, and by nobody whom `mask` names.
fn private(what: &'static str, path: &Path, mask: u32) -> Finding {
    let mend = match std::fs::File::open(path).and_then(|file| file.metadata()) {
        Err(error) => Some(format!("it cannot be read: {error}")),
        Ok(file) if file.permissions().mode() & mask != 0 => Some("others may read it: chmod 600".into()),
        Ok(_) => None,
    };
    Finding::new(what, path.display().to_string(), mend)
}

/// The folder of a file that is yet to be written.
fn folder(what: &'static str, path: &Path) -> Finding {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mend = (!folder.is_dir()).then(|| format!("make the folder `{}`", folder.display()));
    Finding::new(what, path.display().to_string(), mend)
}

/// Prints findings; whether all is well.
pub(super) fn report(findings: &[Finding], more: Value, json_asked: bool) -> u8 {
    let sound = findings.iter().all(|finding| finding.mend.is_none());
    if json_asked {
        let mut report =
            json!({ "sound": sound, "findings": findings.iter().map(Finding::json).collect::<Vec<_>>() });
        if let (Some(report), Value::Object(more)) = (report.as_object_mut(), more) {
            report.extend(more);
        }
        say(&report.to_string());
    } else {
        findings.iter().for_each(Finding::say);
    }
    u8::from(!sound)
}
