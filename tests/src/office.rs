//! An office by its commands alone: settings in a folder, `gridvault init`, and `gridvault serve` in a process of its own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig};

use crate::binary;

/// A vault on SQLite with nothing but its two first members.
pub struct Office {
    pub dir: TempDir,
    /// The log's verifier key.
    pub key: String,
    /// The data steward's one-time code.
    pub steward: String,
    /// The privacy officer's.
    pub officer: String,
}

/// One that serves.
pub struct Serving {
    child: Child,
    pub url: String,
    /// Where metrics are.
    pub admin: String,
    pub log: PathBuf,
}

impl Default for Office {
    fn default() -> Self {
        Self::new()
    }
}

impl Office {
    /// Makes it.
    pub fn new() -> Self {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let pass = dir.path().join("pass");
        std::fs::write(&pass, "a passphrase of some length\n").unwrap();
        std::fs::set_permissions(&pass, std::fs::Permissions::from_mode(0o600)).unwrap();
        let none = String::new;
        let mut office = Self { dir, key: none(), steward: none(), officer: none() };
        office.settings("");
        let out = office.run(&["init"]);
        let words = String::from_utf8(out.stdout).unwrap();
        let after = |label: &str| {
            let line = words.lines().find_map(|line| line.strip_prefix(label));
            line.unwrap_or_else(|| panic!("no `{label}` in {words}")).trim().to_owned()
        };
        (office.key, office.steward) = (after("log key "), after("data steward, one-time code:"));
        office.officer = after("privacy officer, one-time code:");
        office
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes the settings, with these of `[server]` and what follows them.
    pub fn settings(&self, server: &str) {
        let at = self.dir.path().display();
        let listen = if server.contains("\nlisten") || server.starts_with("listen") {
            ""
        } else {
            "listen = \"127.0.0.1:0\""
        };
        let text = format!(
            "[deployment]\nname = \"office\"\n[database]\nurl = \"sqlite://{at}/vault.db\"\n[keys]\nfile = \"{at}/keys.json\"\n\
             passphrase_file = \"{at}/pass\"\n[log]\npin_file = \"{at}/pin\"\n[server]\nadmin_listen = \"127.0.0.1:0\"\n{listen}\n{server}"
        );
        std::fs::write(self.path("gridvault.toml"), text).unwrap();
    }

    /// Runs a command with `--config` behind its words.
    pub fn run(&self, words: &[&str]) -> Output {
        Command::new(binary()).args(words).arg("--config").arg(self.path("gridvault.toml")).output().unwrap()
    }

    /// Serves, and waits until it does.
    pub fn serve(&self) -> Serving {
        self.launch(&[])
    }

    /// Serves with one worker thread, so that its calls have their places.
    pub fn serve_narrow(&self) -> Serving {
        self.launch(&[("TOKIO_WORKER_THREADS", "1")])
    }

    fn launch(&self, with: &[(&str, &str)]) -> Serving {
        let (out, log) = (self.path("out"), self.path("log"));
        let mut child = Command::new(binary())
            .args(["serve", "--config"])
            .arg(self.path("gridvault.toml"))
            .envs(with.iter().copied())
            .stdout(std::fs::File::create(&out).unwrap())
            .stderr(std::fs::File::create(&log).unwrap())
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let text = std::fs::read_to_string(&out).unwrap();
            let after =
                |label: &str| text.lines().find_map(|line| line.strip_prefix(label)).map(str::to_owned);
            if let (Some(url), Some(admin)) = (after("serving on "), after("metrics on ")) {
                return Serving { child, url, admin, log };
            }
            let ended = child.try_wait().unwrap();
            let words = std::fs::read_to_string(&log).unwrap();
            assert!(ended.is_none() && Instant::now() < deadline, "it does not serve: {words}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Serving {
    pub fn signal(&self, name: &str) {
        let done = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(done.unwrap().success());
    }

    /// Kills it as a power cut would, if it has not ended by itself.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        self.child.wait().unwrap();
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended by itself, or does so within a moment.
    pub fn ended(&mut self) -> bool {
        crate::ended(&mut self.child)
    }

    /// `host:port`.
    pub fn address(&self) -> &str {
        self.url.split("://").nth(1).unwrap()
    }

    /// Stops it as an operator would.
    pub fn stop(mut self) {
        self.signal("TERM");
        assert!(self.child.wait().unwrap().success());
    }

    /// The metrics' page.
    pub fn metrics(&self) -> String {
        ureq::get(&self.admin).call().unwrap().body_mut().read_to_string().unwrap()
    }

    /// The value of a metric without labels.
    pub fn metric(&self, name: &str) -> f64 {
        let page = self.metrics();
        let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {name} in {page}")).parse().unwrap()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Certificates made by openssl in that folder: `<name>.pem` with `<name>.key`.
pub struct Certificates<'f>(pub &'f Path);

impl Certificates<'_> {
    fn openssl(&self, words: &str) {
        let out = Command::new("openssl").args(words.split(' ')).current_dir(self.0).output();
        let out = out.expect("openssl is needed: apt-get install openssl");
        assert!(out.status.success(), "{words}: {}", String::from_utf8_lossy(&out.stderr));
    }

    /// An authority of its own, `<name>-ca`, and one of that for `127.0.0.1` and `vault.example`, good for so many days.
    pub fn own(&self, name: &str, days: u32) -> &Self {
        self.openssl(&format!(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout {name}-ca.key -out {name}-ca.pem -days 30 -subj /CN={name}-ca"
        ));
        self.signed(name, name, days)
    }

    /// One of another's authority.
    pub fn signed(&self, name: &str, by: &str, days: u32) -> &Self {
        self.openssl(&format!(
            "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout {name}.key -out {name}.csr -subj /CN={name}"
        ));
        let extensions = "basicConstraints=CA:FALSE\nsubjectAltName=IP:127.0.0.1,DNS:vault.example\n";
        std::fs::write(self.0.join("extensions"), extensions).unwrap();
        self.openssl(&format!(
            "x509 -req -in {name}.csr -CA {by}-ca.pem -CAkey {by}-ca.key -days {days} -out {name}.pem -extfile extensions"
        ));
        self
    }

    /// A client that trusts that one's authority, and shows its own where it has one.
    pub fn client(&self, trusts: &str, shows: Option<&str>) -> ureq::Agent {
        let certificate = |name: &str| {
            let pem = std::fs::read(self.0.join(format!("{name}.pem"))).unwrap();
            Certificate::from_pem(&pem).unwrap()
        };
        let shown = shows.map(|name| {
            let pem = std::fs::read(self.0.join(format!("{name}.key"))).unwrap();
            ClientCert::new_with_certs(&[certificate(name)], PrivateKey::from_pem(&pem).unwrap())
        });
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::new_with_certs(&[certificate(&format!("{trusts}-ca"))]))
            .client_cert(shown)
            .build();
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(30)))
            .max_idle_connections(0)
            .tls_config(tls);
        ureq::Agent::new_with_config(config.build())
    }
}
