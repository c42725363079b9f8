//! The programs that the bench starts: redis, haproxy, and the two proxies of this project. Knows
//! how each is started, and where it listens.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result};

use super::program::{Program, free_address};

/// What leads to both servers: one program, or one for each.
pub(super) struct Proxy {
    pub(super) to_echo: SocketAddr,
    pub(super) to_redis: SocketAddr,
    program: Program,
    for_redis: Option<Program>,
}

impl Proxy {
    /// Returns the process that leads to the server of the bench, or to redis.
    pub(super) fn pid(&self, to_echo: bool) -> u32 {
        let program = self.for_redis.as_ref().filter(|_| !to_echo);
        program.unwrap_or(&self.program).pid()
    }
}

/// The servers behind the proxies: the one of the bench, and redis.
#[derive(Clone, Copy, Debug)]
pub(super) struct Servers {
    pub(super) echo: SocketAddr,
    pub(super) redis: SocketAddr,
}

/// Starts redis, which keeps nothing on disk.
pub(super) fn redis(scratch: &Path) -> Result<(Program, SocketAddr)> {
    let address = free_address()?;
    let port = address.port().to_string();
    let words = ["redis-server", "--bind", "127.0.0.1", "--port", &port];
    let words = [&words[..], &["--save", "", "--appendonly", "no"]].concat();
    let program = Program::start("redis-server", &words, &[address], scratch)?;
    Ok((program, address))
}

/// Starts haproxy in TCP mode, with its own defaults but for the timeouts, without which it warns.
pub(super) fn haproxy(servers: Servers, scratch: &Path) -> Result<Proxy> {
    let (to_echo, to_redis) = (free_address()?, free_address()?);
    let mut config = "defaults\n  mode tcp\n  timeout connect 10s\n  timeout client 1h\n  \
                      timeout server 1h\n"
        .to_owned();
    for (name, at, server) in [
        ("echo", to_echo, servers.echo),
        ("redis", to_redis, servers.redis),
    ] {
        config += &format!("listen {name}\n  bind {at}\n  server {name} {server}\n");
    }
    let file = write(scratch, "haproxy.cfg", &config)?;
    let words = ["haproxy", "-db", "-f", &file];
    Ok(Proxy {
        program: Program::start("haproxy", &words, &[to_echo, to_redis], scratch)?,
        for_redis: None,
        to_echo,
        to_redis,
    })
}

/// Starts `vm-test-proxy`, without toxics.
pub(super) fn vm_test_proxy(program: &Path, servers: Servers, scratch: &Path) -> Result<Proxy> {
    let (to_echo, to_redis, api) = (free_address()?, free_address()?, free_address()?);
    let config = serde_json::json!([
        {"name": "echo", "listen": to_echo, "upstream": servers.echo},
        {"name": "redis", "listen": to_redis, "upstream": servers.redis},
    ]);
    let file = write(scratch, "vm-test-proxy.json", &config.to_string())?;
    let program = program.with_file_name("vm-test-proxy");
    let program = program.to_string_lossy();
    let port = api.port().to_string();
    let words = [&*program, "-config", &file, "-port", &port];
    Ok(Proxy {
        program: Program::start("vm-test-proxy", &words, &[to_echo, to_redis], scratch)?,
        for_redis: None,
        to_echo,
        to_redis,
    })
}

/// Starts `vm-test proxy` twice, with behavior `dummy`: for TCP, and for the protocol of redis.
pub(super) fn vm_test(program: &Path, servers: Servers, scratch: &Path) -> Result<Proxy> {
    let start = |protocol: &str, server: SocketAddr| {
        let address = free_address()?;
        let (at, server) = (address.to_string(), server.to_string());
        let program = program.to_string_lossy();
        let words = [&*program, "proxy", "--protocol", protocol, "--proxy", &at];
        let words = [&words[..], &["--backend", &server]].concat();
        let name = format!("vm-test-proxy-{protocol}");
        anyhow::Ok((Program::start(&name, &words, &[address], scratch)?, address))
    };
    let (echo, to_echo) = start("tcp", servers.echo)?;
    let (redis, to_redis) = start("redis", servers.redis)?;
    Ok(Proxy {
        program: echo,
        for_redis: Some(redis),
        to_echo,
        to_redis,
    })
}

fn write(scratch: &Path, name: &str, text: &str) -> Result<String> {
    let path = scratch.join(name);
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path.to_string_lossy().into_owned())
}
