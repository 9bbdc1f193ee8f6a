//! The load: kept connections that each send prepared requests in turn and read each whole answer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Answers per second, and how long half and 99 of 100 took at most, milliseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rate {
    pub per_second: f64,
    pub p50: f64,
    pub p99: f64,
}

/// POSTs of JSON to that path.
pub fn requests(path: &str, token: &str, bodies: &[String]) -> Arc<Vec<Vec<u8>>> {
    let request = |body: &String| {
        format!(
            "POST {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    };
    Arc::new(bodies.iter().map(request).collect())
}

/// Sends them in turn from so many connections, spread over the addresses; every answer has to be 200.
pub async fn rate(to: &[SocketAddr], clients: usize, during: Duration, requests: &Arc<Vec<Vec<u8>>>) -> Rate {
    let next = Arc::new(AtomicUsize::new(0));
    let begun = Instant::now();
    let workers: Vec<_> = (0..clients)
        .map(|n| {
            let (requests, next, to) = (Arc::clone(requests), Arc::clone(&next), to[n % to.len()]);
            tokio::spawn(async move {
                let mut stream = TcpStream::connect(to).await.unwrap();
                stream.set_nodelay(true).unwrap();
                let mut buffer = Vec::with_capacity(16 * 1024);
                let mut took = Vec::new();
                while begun.elapsed() < during {
                    let request = &requests[next.fetch_add(1, Ordering::Relaxed) % requests.len()];
                    let sent = Instant::now();
                    stream.write_all(request).await.unwrap();
                    answer(&mut stream, &mut buffer).await;
                    took.push(sent.elapsed());
                }
                took
            })
        })
        .collect();
    let mut took = Vec::new();
    for worker in workers {
        took.extend(worker.await.unwrap());
    }
    let per_second = took.len() as f64 / begun.elapsed().as_secs_f64();
    took.sort_unstable();
    let at = |part: f64| took[((took.len() - 1) as f64 * part) as usize].as_secs_f64() * 1e3;
    Rate { per_second, p50: at(0.5), p99: at(0.99) }
}

async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) {
    buffer.clear();
    loop {
        assert!(stream.read_buf(buffer).await.unwrap() > 0, "the server closed the connection");
        let Some(head) = buffer.windows(4).position(|w| w == b"\r\n\r\n") else { continue };
        let text = std::str::from_utf8(&buffer[..head]).unwrap();
        assert!(text.starts_with("HTTP/1.1 200"), "{}", String::from_utf8_lossy(buffer));
        let length =
            text.lines().find_map(|l| l.strip_prefix("content-length: ")).unwrap().parse::<usize>().unwrap();
        if buffer.len() >= head + 4 + length {
            return;
        }
    }
}
