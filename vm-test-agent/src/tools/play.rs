//! The life of a tool: it is told what to do, does it, and says what came of it.

use super::stop::Stop;
use super::streams::Streams;
use super::{exchange, faults, files, http, ping, sniffer, tcp_server, traceroute, udp, vlan};
use std::io;
use std::process::ExitCode;
use vm_test_protocol::tool::{Told, Tool};

/// Runs as a tool.
pub(crate) fn play() -> ExitCode {
    match Streams::take().and_then(|mut streams| perform(&mut streams)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("vm-test-agent: the test no longer hears this tool: {error}");
            ExitCode::FAILURE
        }
    }
}

fn perform(streams: &mut Streams) -> io::Result<()> {
    let tool = streams.tool()?;
    let told = match act(tool, streams) {
        Ok(()) => Told::Over,
        Err(Stop::Hindered(hindrance)) => Told::Hindered(hindrance),
        Err(Stop::Failed(failure)) => Told::Failed(failure),
        Err(Stop::Unable(unable)) => Told::Unable(unable),
        Err(Stop::Unheard(error)) => return Err(error),
    };
    match streams.say(&told) {
        // Whoever has ended it need not hear that.
        Err(Stop::Unheard(error)) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}

fn act(tool: Tool, streams: &mut Streams) -> Result<(), Stop> {
    match tool {
        Tool::Write {
            path,
            mode,
            append,
            bytes,
        } => files::write(&path, mode, append, &bytes),
        Tool::Read { path } => files::read(&path, streams),
        Tool::Vlan {
            interface,
            id,
            address,
        } => vlan::have(&interface, id, address, streams),
        Tool::TcpServer { at, answer } => tcp_server::serve(at, answer, streams),
        Tool::UdpServer { at } => udp::serve(at, streams),
        Tool::Connect { to, send, within } => {
            let reply = exchange::exchange(&to, &send, within)?;
            streams.say_bytes(&reply)
        }
        Tool::UdpSend {
            to,
            bytes,
            count,
            from_port,
        } => udp::send(&to, &bytes, count, from_port),
        Tool::HttpGet {
            to,
            host,
            path,
            within,
        } => http::get(&to, &host, &path, within, streams),
        Tool::Ping {
            to,
            count,
            interval,
            within,
        } => ping::ping(&to, count, interval, within, streams),
        Tool::Traceroute { to, hops, within } => traceroute::trace(&to, hops, within, streams),
        Tool::Sniff { interface, filter } => sniffer::sniff(&interface, filter, streams),
        Tool::Fault(fault) => faults::have(fault, streams),
    }
}
