//! One instance in a process of its own, to be killed and stopped: `instance DIR URL PIN` serves the synthetic vault of that
//! database (`-` is `DIR/vault.db`) with `DIR/keys.json` on a free port, which it prints.

use std::path::PathBuf;
use std::sync::Arc;

use gridvault::Layout;
use gridvault::clock::SteadyClock;
use gridvault::store::Location;

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, dir, url, pin] = arguments.as_slice() else { panic!("usage: instance DIR URL PIN") };
    let folder = Layout::in_folder(&PathBuf::from(dir));
    let database = if url == "-" { folder.database.clone() } else { Location::parse(url).unwrap() };
    let layout = Layout { database, pin: PathBuf::from(dir).join(pin), ..folder };
    let vault = gridvault_tests::open(&layout, Arc::new(SteadyClock::start()), None).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    let told = async {
        let mut term = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).unwrap();
        term.recv().await;
    };
    gridvault::api::serve(Arc::new(vault), listener, told).await;
}
