//! `gridvault demo`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use ring::rand::{SecureRandom as _, SystemRandom};

use super::{Failure, Outcome, log, say, told_to_stop};
use crate::api::{self, Doors};
use crate::clock::SteadyClock;
use crate::config::read_secret;
use crate::demo::{DemoFile, make, refresh, steps};
use crate::seal::{create_key_file, write_new};
use crate::trail::Publishing;
use crate::vault::{Layout, Nature, Vault};

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Where it lies
    #[arg(long, default_value = "gridvault-demo")]
    data: PathBuf,
    /// Where it listens
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// How many residents a new street has
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    residents: u32,
    /// Makes the same people again; keys and tokens are always fresh
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Listen beyond this machine
    #[arg(long)]
    expose_demo: bool,
}

pub(super) async fn run(arguments: Arguments) -> Outcome {
    log();
    if !arguments.listen.ip().is_loopback() && !arguments.expose_demo {
        let words = "a demonstration listens on this machine only; say --expose-demo if others may reach it";
        return Err(Failure(words.into(), 2));
    }
    let listener = tokio::net::TcpListener::bind(arguments.listen).await?;
    let data = &arguments.data;
    let (demo_file, fresh) = (data.join("demo.json"), !data.join("keys.json").exists());
    if fresh {
        begin(data)?;
    } else if !demo_file.exists() {
        let words = format!("`{}` was left half made: remove it and start again", data.display());
        return Err(Failure(words, 1));
    }
    let passphrase = read_secret(&data.join("passphrase"))?;
    let nature = fresh.then_some(Nature::Synthetic);
    // So that proofs are soon ready to be tried.
    let publishing = Publishing { every: Duration::from_secs(10), ..Publishing::default() };
    let layout = Layout { publishing, ..Layout::in_folder(data) };
    let vault = Vault::open(&layout, passphrase, Arc::new(SteadyClock::start()), nature).await?;
    if vault.nature != Nature::Synthetic {
        return Err(Failure("this vault holds real people: `gridvault serve` serves it".into(), 1));
    }
    let mut file = if fresh {
        say(&format!("making a street of {} residents …", arguments.residents));
        make(&vault, arguments.residents, arguments.seed).await?
    } else {
        DemoFile::read(&demo_file)?
    };
    refresh(&vault, &mut file).await?;
    file.url = format!("http://{}", listener.local_addr()?);
    file.write(&demo_file)?;
    print(&file, data);
    let pin = Some(layout.pin);
    api::serve(Arc::new(vault), Doors { pin, ..listener.into() }, told_to_stop()).await;
    Ok(0)
}

fn begin(data: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(data)?;
    if std::fs::read_dir(data)?.next().is_some() {
        return Err(Failure(format!("`{}` is not empty and holds no demonstration", data.display()), 1));
    }
    let mut bytes = [0; 24];
    SystemRandom::new().fill(&mut bytes).map_err(|_| Failure("no randomness".into(), 1))?;
    let passphrase = BASE64URL_NOPAD.encode(&bytes);
    write_new(&data.join("passphrase"), format!("{passphrase}\n").as_bytes())?;
    create_key_file(&data.join("keys.json"), "demo", "donggaodi", &crate::seal::Secret::new(passphrase))?;
    Ok(())
}

fn print(file: &DemoFile, data: &Path) {
    say(&format!(
        "\ngridvault demo on {} — callers, residents and tasks are in {}\n",
        file.url,
        data.join("demo.json").display()
    ));
    let binary =
        std::env::current_exe().map_or_else(|_| "gridvault".into(), |path| path.display().to_string());
    let list = steps(file, &data.display().to_string(), &binary).unwrap_or_default();
    for ((words, command), number) in list.iter().zip(1..) {
        say(&format!("({number}) {words}\n{command}\n"));
    }
    say("Ctrl-C stops it.");
}
