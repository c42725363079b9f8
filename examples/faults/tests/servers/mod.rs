//! The servers of the shop on their node, and what is in them.

use std::thread::sleep;
use std::time::{Duration, Instant};
use vm_test::{Child, Node, lab};

/// How long the servers may take to start.
const START: Duration = Duration::from_secs(60);

/// How many pieces there are before the first order.
pub(crate) const PIECES: u64 = 1_000;

/// How long the description of the goods is: much more than one packet.
pub(crate) const DESCRIPTION: usize = 20_000;

const REDIS: &str = "redis-server --bind * -::* --protected-mode no --dir /tmp --daemonize no";
const MARIADB: &str = "mkdir -p /run/mysqld && chown mysql /run/mysqld && exec mariadbd \
                       --user=mysql --bind-address=* --skip-name-resolve \
                       --innodb-buffer-pool-size=32M";

/// The servers, which run as long as this lives.
pub(crate) struct Servers {
    pub(crate) db: Node,
    _redis: Child,
    _mariadb: Child,
}

impl Servers {
    /// Starts the servers, and fills the stock.
    pub(crate) fn start() -> Self {
        let db = lab().node("db");
        let redis = db.command(REDIS.split(' ')).spawn();
        let mariadb = db.command(["sh", "-c", MARIADB]).spawn();
        let servers = Self {
            db,
            _redis: redis,
            _mariadb: mariadb,
        };
        let limit = Instant::now() + START;
        while servers.sql("SELECT 'ready'") != "ready" {
            assert!(Instant::now() < limit, "{}", servers.sql("SELECT 'ready'"));
            sleep(Duration::from_millis(100));
        }
        db.wait().port(6379).within(START);
        let filled = servers.sql(&format!(
            "CREATE DATABASE shop;
             CREATE TABLE shop.stock (description MEDIUMTEXT, remaining INT UNSIGNED);
             INSERT INTO shop.stock VALUES (REPEAT('x', {DESCRIPTION}), {PIECES});
             CREATE TABLE shop.orders (id BIGINT UNSIGNED PRIMARY KEY);
             CREATE USER shop@'%'; GRANT ALL ON shop.* TO shop@'%'"
        ));
        assert_eq!(filled, "");
        servers
    }

    /// Returns how many pieces have been sold.
    pub(crate) fn sold(&self) -> u64 {
        let remaining = self.sql("SELECT remaining FROM shop.stock");
        PIECES - remaining.parse::<u64>().unwrap()
    }

    /// Returns what MariaDB says to statements on its own node, errors included.
    fn sql(&self, statements: &str) -> String {
        let output = self
            .db
            .command(["mariadb", "-N", "-e", statements])
            .output();
        let said = format!("{}{}", output.stdout(), output.stderr());
        said.trim().to_owned()
    }
}
