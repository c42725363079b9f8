//! Many connections, and clients that send little or nothing.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use vm_test_faults::api::Exported;
use vm_test_faults::proxy::{Proxy, Setup};

use crate::client::Api;
use crate::flow::{connect, echo_server, exchange};

/// Lets this process have as many descriptors as it may; returns how many that is.
fn descriptors() -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    let _ = setrlimit(Resource::Nofile, raised);
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// Returns the resident memory of this process in bytes.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.unwrap().split_whitespace().next().unwrap();
    kilobytes.parse::<u64>().unwrap() * 1024
}

async fn echo(address: SocketAddr) -> tokio::net::TcpStream {
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(b"hello").await.unwrap();
    let mut back = [0; 5];
    stream.read_exact(&mut back).await.unwrap();
    assert_eq!(&back, b"hello");
    stream
}

/// A server for many connections, since a thread for each would be too much.
async fn crowd_server() -> SocketAddr {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(4096).unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut bytes = [0; 16];
                while let Ok(length @ 1..) = stream.read(&mut bytes).await {
                    let _ = stream.write_all(&bytes[..length]).await;
                }
            });
        }
    });
    address
}

#[test]
fn ten_thousand_connections_at_once_all_work_and_cost_little_memory() {
    // Each has two ends in this process and two in the proxy, which is in this process, too.
    let wanted = usize::try_from((descriptors().saturating_sub(200) / 4).min(10_000)).unwrap();
    assert!(
        wanted >= 1_000,
        "the limit of descriptors is too low for a crowd"
    );
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let upstream = crowd_server().await;
        let proxy = Proxy::start(Setup::new("", upstream.to_string()))
            .await
            .unwrap();
        let address = proxy.address();
        let before = memory();
        let begin = Instant::now();
        let mut open = Vec::with_capacity(wanted);
        while open.len() < wanted {
            let batch: Vec<_> = (0..100.min(wanted - open.len()))
                .map(|_| tokio::spawn(echo(address)))
                .collect();
            for stream in batch {
                open.push(stream.await.unwrap());
            }
        }
        assert_eq!(proxy.traffic().open(), wanted);
        let each = memory().saturating_sub(before) / wanted as u64;
        let time = begin.elapsed();
        eprintln!("{wanted} connections in {time:?}, {each} bytes of memory each");
        // Client, server and both halves of the proxy together.
        assert!(each < 32 * 1024, "{each} bytes");
        drop(open);
        let deadline = Instant::now() + Duration::from_secs(20);
        while proxy.traffic().open() > 0 {
            assert!(
                Instant::now() < deadline,
                "{} are open",
                proxy.traffic().open()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        proxy.stop().await;
    });
}

#[test]
fn clients_that_trickle_do_not_hold_up_others() {
    let api = Api::start(Exported::default());
    let address = api.proxy("p", echo_server());
    // Requests to the API that never end, and connections through the proxy that send a byte.
    let slow: Vec<TcpStream> = (0..200)
        .map(|number| {
            let mut stream = connect(if number % 2 == 0 {
                api.address
            } else {
                address
            });
            stream.write_all(b"G").unwrap();
            stream
        })
        .collect();
    let begin = Instant::now();
    api.must("GET", "/proxies", "");
    exchange(&mut connect(address), b"hello").unwrap();
    assert!(begin.elapsed() < Duration::from_secs(2));
    drop(slow);
    api.must("DELETE", "/proxies/p", "");
}
