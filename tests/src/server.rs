//! The real binary, serving a demonstration in a process of its own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use gridvault::demo::DemoFile;
use serde_json::Value;

use crate::Site;

/// The binary, built once per run of the tests.
pub fn binary() -> PathBuf {
    built("gridvault")
}

fn built(name: &str) -> PathBuf {
    let here = std::env::current_exe().unwrap();
    let above = here.ancestors().skip(1).take(2).map(|folder| folder.join(name));
    above.filter(|binary| binary.exists()).last().unwrap_or_else(|| {
        panic!("`{name}` is missing beside {}: build it with `cargo build --workspace`", here.display())
    })
}

/// One instance of a test's vault in a process of its own.
pub struct Instance {
    child: Child,
    pub url: String,
}

impl Instance {
    /// Starts one on what lies at that site, with that pin, and waits until it serves.
    pub fn start(site: &Site, pin: &str) -> Self {
        Self::try_start(site, pin).unwrap()
    }

    /// Likewise; gives its words where it ends instead.
    pub fn try_start(site: &Site, pin: &str) -> Result<Self, String> {
        use std::io::{BufRead as _, Read as _};
        let mut child = Command::new(built("instance"))
            .arg(site.dir.path())
            .args([site.url().as_deref().unwrap_or("-"), pin])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        std::io::BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        if line.is_empty() {
            let mut words = String::new();
            child.stderr.take().unwrap().read_to_string(&mut words).unwrap();
            child.wait().unwrap();
            return Err(words);
        }
        Ok(Self { child, url: format!("http://{}", line.trim()) })
    }

    /// `KILL`, `STOP`, `CONT` or `TERM`.
    pub fn signal(&mut self, name: &str) {
        Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status().unwrap();
        if matches!(name, "KILL" | "TERM") {
            self.child.wait().unwrap();
        }
    }

    /// Resident memory, bytes.
    pub fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|l| l.starts_with("VmRSS")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A serving demonstration.
pub struct Server {
    child: Child,
    pub out: PathBuf,
    pub err: PathBuf,
    pub data: PathBuf,
    pub demo: DemoFile,
}

impl Server {
    /// Starts `gridvault demo` on a free port and waits until it answers.
    pub fn start(data: &Path, residents: u32) -> Self {
        Self::try_start(data, residents).expect("the demonstration starts")
    }

    /// Starts what is there already with one worker thread, so that its calls have their places.
    pub fn narrow(data: &Path) -> Self {
        Self::launch(data, 100, &[("TOKIO_WORKER_THREADS", "1")]).expect("the demonstration starts")
    }

    /// Likewise; gives its words where it ends instead.
    pub fn try_start(data: &Path, residents: u32) -> Result<Self, String> {
        Self::launch(data, residents, &[])
    }

    fn launch(data: &Path, residents: u32, with: &[(&str, &str)]) -> Result<Self, String> {
        let (out, err) = (data.with_extension("out"), data.with_extension("err"));
        let mut child = Command::new(binary())
            .args(["demo", "--listen", "127.0.0.1:0", "--residents", &residents.to_string(), "--data"])
            .arg(data)
            .envs(with.iter().copied())
            .stdout(std::fs::File::create(&out).unwrap())
            .stderr(std::fs::OpenOptions::new().create(true).append(true).open(&err).unwrap())
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let deadline = Instant::now() + Duration::from_secs(120);
        loop {
            if child.try_wait().unwrap().is_some() {
                return Err(std::fs::read_to_string(&err).unwrap());
            }
            let text = std::fs::read_to_string(&out).unwrap();
            if text.contains("Ctrl-C stops it") {
                let demo = DemoFile::read(&data.join("demo.json")).unwrap();
                return Ok(Self { child, out, err, data: data.to_owned(), demo });
            }
            assert!(Instant::now() < deadline, "the demonstration does not start: {text}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Kills it as a power cut would.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended by itself, or does so within a moment.
    pub fn ended(&mut self) -> bool {
        ended(&mut self.child)
    }

    /// Stops it as an operator would, and waits.
    pub fn stop(&mut self) {
        Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(self.child.wait().unwrap().success());
    }

    /// Posts JSON; status 0 where no whole answer came.
    pub fn post(&self, path: &str, token: &str, body: &Value) -> (u16, Value) {
        post(&format!("{}{path}", self.demo.url), token, body)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether a process has ended, or does so within a moment.
pub fn ended(child: &mut Child) -> bool {
    (0..20).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        child.try_wait().unwrap().is_some()
    })
}

/// Posts JSON; status 0 where no whole answer came.
pub fn post(url: &str, token: &str, body: &Value) -> (u16, Value) {
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(30)));
    let agent = ureq::Agent::new_with_config(config.build());
    let sent = agent
        .post(url)
        .header("authorization", &format!("Bearer {token}"))
        .header("content-type", "application/json")
        .send(body.to_string().as_bytes());
    let Ok(mut response) = sent else { return (0, Value::Null) };
    let status = response.status().as_u16();
    match response.body_mut().read_to_string() {
        Ok(text) => (status, serde_json::from_str(&text).unwrap_or(Value::Null)),
        Err(_) => (0, Value::Null),
    }
}
