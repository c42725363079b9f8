//! A MariaDB server of its own for one test, on a port of this host.

use std::fs::{self, File};
use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Where Debian has the statements that make the system's tables.
const STATEMENTS: &str = "/usr/share/mysql";

/// How long a server may take until it answers.
const LIMIT: Duration = Duration::from_secs(60);

/// The password of its user `root`.
pub(crate) const PASSWORD: &str = "secret";

/// A running server.
pub(crate) struct MariaDb {
    home: TempDir,
    server: Child,
    port: u16,
}

impl MariaDb {
    /// Starts a server with an empty database `test`.
    pub(crate) fn start() -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("data")).unwrap();
        bootstrap(home.path());
        let port = free_port();
        let mut server = command(home.path());
        server
            .arg(format!("--port={port}"))
            .args([
                "--bind-address=127.0.0.1",
                "--max-allowed-packet=64M",
                "--local-infile=1",
            ])
            .arg(format!("--socket={}", home.path().join("socket").display()))
            .stdin(Stdio::null());
        let server = server.spawn().unwrap();
        let mut server = Self { home, server, port };
        server.wait();
        server
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    fn wait(&mut self) {
        let deadline = Instant::now() + LIMIT;
        while !self.log().contains("ready for connections") {
            let ended = self.server.try_wait().unwrap();
            assert!(
                ended.is_none() && Instant::now() < deadline,
                "{}",
                self.log()
            );
            sleep(Duration::from_millis(20));
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.home.path().join("log")).unwrap_or_default()
    }
}

impl Drop for MariaDb {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Returns the server's program with what it always needs. It writes to a log in its home.
fn command(home: &Path) -> Command {
    let log = File::options()
        .create(true)
        .append(true)
        .open(home.join("log"));
    let log = log.unwrap();
    let mut command = Command::new("setpriv");
    command
        // It ends with the test, however that ends.
        .args(["--pdeathsig", "KILL", "/usr/sbin/mariadbd"])
        .args(["--no-defaults", "--user=root", "--skip-log-bin"])
        .args(["--innodb-log-file-size=8M", "--innodb-buffer-pool-size=32M"])
        .arg(format!("--datadir={}", home.join("data").display()))
        .arg(format!("--pid-file={}", home.join("pid").display()))
        // A server that starts removes the temporary tables of all others in a shared one.
        .arg(format!("--tmpdir={}", home.display()))
        .stdout(log.try_clone().unwrap())
        .stderr(log);
    command
}

/// Makes the system's tables.
fn bootstrap(home: &Path) {
    let mut statements = String::from("CREATE DATABASE mysql;\nUSE mysql;\n");
    for file in ["system_tables", "performance_tables", "system_tables_data"] {
        let path = format!("{STATEMENTS}/mysql_{file}.sql");
        statements.push_str(&fs::read_to_string(path).unwrap());
    }
    statements.push_str("FLUSH PRIVILEGES;\n");
    statements.push_str("DELETE FROM global_priv WHERE User = '';\n");
    statements.push_str(&format!(
        "SET PASSWORD FOR root@localhost = PASSWORD('{PASSWORD}');\nCREATE DATABASE test;\n"
    ));
    let mut server = command(home)
        .arg("--bootstrap")
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = server.stdin.take().unwrap();
    input.write_all(statements.as_bytes()).unwrap();
    drop(input);
    assert!(
        server.wait().unwrap().success(),
        "{}",
        fs::read_to_string(home.join("log")).unwrap()
    );
}

/// Returns a port that nobody uses at this moment.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}
