//! Each toxic on real sockets, set over the API.

use std::io::{ErrorKind, Read, Write};
use std::thread;
use std::time::{Duration, Instant};

use vm_test_faults::api::Exported;

use crate::client::Api;
use crate::flow::{connect, echo_server, exchange, server};

fn toxic(api: &Api, type_name: &str, stream: &str, attributes: &str) {
    let body = format!(
        "{{\"type\":\"{type_name}\",\"stream\":\"{stream}\",\"attributes\":{{{attributes}}}}}"
    );
    api.must("POST", "/proxies/p/toxics", &body);
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

#[test]
fn latency_delays_both_directions_on_an_open_connection() {
    let api = Api::start(Exported::default());
    let mut stream = connect(api.proxy("p", echo_server()));
    exchange(&mut stream, b"before").unwrap();
    toxic(&api, "latency", "upstream", "\"latency\":50");
    toxic(&api, "latency", "downstream", "\"latency\":50");
    let times = (0..9).map(|_| {
        let begin = Instant::now();
        assert_eq!(exchange(&mut stream, b"hello").unwrap(), b"hello");
        begin.elapsed()
    });
    let median = median(times.collect()).as_millis();
    assert!((100..115).contains(&median), "{median} ms");
    api.must("POST", "/reset", "");
    let begin = Instant::now();
    exchange(&mut stream, b"after").unwrap();
    assert!(begin.elapsed() < Duration::from_millis(50));
}

#[test]
fn bandwidth_limits_the_rate() {
    let api = Api::start(Exported::default());
    let mut stream = connect(api.proxy("p", echo_server()));
    toxic(&api, "bandwidth", "upstream", "\"rate\":500");
    let begin = Instant::now();
    let bytes = vec![1; 500_000];
    assert_eq!(exchange(&mut stream, &bytes).unwrap(), bytes);
    let time = begin.elapsed().as_millis();
    assert!((900..1_200).contains(&time), "{time} ms");
}

#[test]
fn slow_close_delays_the_end() {
    let api = Api::start(Exported::default());
    let mut stream = connect(api.proxy("p", server(drop)));
    toxic(&api, "slow_close", "downstream", "\"delay\":200");
    let mut second = connect(stream.peer_addr().unwrap());
    let begin = Instant::now();
    assert_eq!(second.read(&mut [0]).unwrap(), 0);
    let time = begin.elapsed().as_millis();
    assert!((180..400).contains(&time), "{time} ms");
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
}

#[test]
fn timeout_drops_bytes_and_closes_and_so_does_its_removal() {
    let api = Api::start(Exported::default());
    let address = api.proxy("p", echo_server());
    toxic(&api, "timeout", "upstream", "\"timeout\":200");
    let mut stream = connect(address);
    stream.write_all(b"x").unwrap();
    let begin = Instant::now();
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    let time = begin.elapsed().as_millis();
    assert!((190..400).contains(&time), "{time} ms");

    api.must(
        "PATCH",
        "/proxies/p/toxics/timeout_upstream",
        r#"{"attributes":{"timeout":0}}"#,
    );
    let mut stream = connect(address);
    stream.write_all(b"x").unwrap();
    stream
        .set_read_timeout(Some(Duration::from_millis(300)))
        .unwrap();
    let error = stream.read(&mut [0]).unwrap_err().kind();
    assert_eq!(error, ErrorKind::WouldBlock);
    api.must("DELETE", "/proxies/p/toxics/timeout_upstream", "");
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    assert_eq!(exchange(&mut connect(address), b"hello").unwrap(), b"hello");
}

#[test]
fn reset_peer_resets_both_ends_also_of_an_open_connection() {
    let api = Api::start(Exported::default());
    let (tell, told) = std::sync::mpsc::channel();
    let upstream = server(move |mut stream| {
        let mut ends = Vec::new();
        let _ = tell.send(stream.read_to_end(&mut ends).map_err(|error| error.kind()));
    });
    let mut stream = connect(api.proxy("p", upstream));
    stream.write_all(b"before").unwrap();
    thread::sleep(Duration::from_millis(50));
    toxic(&api, "reset_peer", "upstream", "\"timeout\":100");
    stream.write_all(b"x").unwrap();
    let begin = Instant::now();
    let error = stream.read(&mut [0]).unwrap_err().kind();
    let time = begin.elapsed().as_millis();
    assert_eq!(error, ErrorKind::ConnectionReset);
    assert!((90..300).contains(&time), "{time} ms");
    let server_end = told.recv_timeout(Duration::from_secs(5)).unwrap();
    assert_eq!(server_end, Err(ErrorKind::ConnectionReset));
}

#[test]
fn a_slicer_writes_byte_by_byte() {
    let api = Api::start(Exported::default());
    let upstream = server(|mut stream| {
        stream.write_all(&[7; 100]).unwrap();
        thread::sleep(Duration::from_secs(5));
    });
    let address = api.proxy("p", upstream);
    toxic(
        &api,
        "slicer",
        "downstream",
        "\"average_size\":1,\"delay\":2000",
    );
    let mut stream = connect(address);
    let begin = Instant::now();
    let mut lengths = Vec::new();
    while lengths.iter().sum::<usize>() < 100 {
        lengths.push(stream.read(&mut [0; 100]).unwrap());
    }
    let time = begin.elapsed().as_millis();
    assert!((180..500).contains(&time), "{time} ms");
    assert!(lengths.len() > 20, "{lengths:?}");
}

#[test]
fn limit_data_closes_behind_the_last_byte() {
    let api = Api::start(Exported::default());
    let address = api.proxy(
        "p",
        server(|mut stream| {
            let _ = stream.write_all(&[7; 100_000]);
        }),
    );
    toxic(&api, "limit_data", "downstream", "\"bytes\":70000");
    let mut bytes = Vec::new();
    connect(address).read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes.len(), 70_000);
}

#[test]
fn toxicity_chooses_the_share_of_connections() {
    let api = Api::start(Exported::default());
    let address = api.proxy("p", echo_server());
    let body = r#"{"type":"limit_data","toxicity":0.2,"attributes":{"bytes":0}}"#;
    api.must("POST", "/proxies/p/toxics", body);
    let failed = (0..200)
        .filter(|_| exchange(&mut connect(address), b"x").is_err())
        .count();
    assert!((20..60).contains(&failed), "{failed}");
}
