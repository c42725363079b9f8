//! The TCP ports on which something listens, as the kernel lists them in `/proc`. Connects to none.

use super::look::{Look, Watched};
use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;

/// The tables of sockets in the calling thread's own network namespace.
///
/// Without IPv6 there is no second one.
const TABLES: [&str; 2] = ["/proc/thread-self/net/tcp", "/proc/thread-self/net/tcp6"];

/// How the tables write that a socket listens.
const LISTENS: &str = "0A";

/// How many ports are named.
const MOST: usize = 16;

/// Waits until something listens on this port, at any address.
pub(super) struct Port(pub(super) u16);

impl Watched for Port {
    type Value = ();

    fn what(&self) -> String {
        format!("port {} open", self.0)
    }

    fn look(&mut self) -> Look<()> {
        match listening() {
            Ok(ports) if ports.contains(&self.0) => Look::Met(()),
            Ok(ports) => Look::NotYet(format!("nothing listens there; {}", described(&ports))),
            Err(cause) => Look::NotYet(cause),
        }
    }
}

/// Returns all ports on which something listens.
fn listening() -> Result<BTreeSet<u16>, String> {
    let mut ports = BTreeSet::new();
    for (number, table) in TABLES.into_iter().enumerate() {
        match fs::read_to_string(table) {
            Ok(text) => ports.extend(of_table(&text)),
            Err(error) if number > 0 && error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(format!("cannot read {table}: {error}")),
        }
    }
    Ok(ports)
}

/// Returns the ports of the listening sockets in a table.
fn of_table(table: &str) -> impl Iterator<Item = u16> {
    table.lines().skip(1).filter_map(|line| {
        let mut fields = line.split_whitespace().skip(1);
        let local = fields.next()?;
        // After the remote address.
        let state = fields.nth(1)?;
        let (_, port) = local.rsplit_once(':')?;
        let port = u16::from_str_radix(port, 16).ok()?;
        (state == LISTENS).then_some(port)
    })
}

/// Names the ports on which something listens.
fn described(ports: &BTreeSet<u16>) -> String {
    if ports.is_empty() {
        return "listening: no port".to_owned();
    }
    let shown: Vec<_> = ports.iter().take(MOST).map(u16::to_string).collect();
    let more = match ports.len().saturating_sub(MOST) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("listening: {}{more}", shown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const IPV4: &str = "  \
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 19567 1 0000000000000000 100 0 0 10 0
   1: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 20000 1 0000000000000000 100 0 0 10 0
   2: 0100007F:0050 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 20001 1 0000000000000000 20 4 30 10 -1
";

    const IPV6: &str = "  \
  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000001000000:006F 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 21000 1 0000000000000000 100 0 0 10 0
";

    #[test]
    fn only_sockets_that_listen_count_in_the_tables_of_both_families() {
        let ports = |table: &str| of_table(table).collect::<Vec<_>>();
        assert_eq!(ports(IPV4), [22, 8080]);
        assert_eq!(ports(IPV6), [111]);
        for strange in [
            "",
            "a\nb c d e\n",
            "a\n 0: 1:GG 2:0 0A\n",
            "a\n 0: 16 2:0 0A\n",
        ] {
            assert_eq!(ports(strange), [0; 0], "{strange}");
        }
    }

    #[test]
    fn open_ports_are_named_in_order_and_not_without_end() {
        assert_eq!(described(&BTreeSet::new()), "listening: no port");
        assert_eq!(described(&BTreeSet::from([111, 22])), "listening: 22, 111");
        let many = described(&(1..=100).collect());
        assert!(many.ends_with(", 15, 16 and 84 more"), "{many}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_port_is_open_while_something_listens_there() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let number = listener.local_addr().unwrap().port();
        let mut port = Port(number);
        assert_eq!(port.look(), Look::Met(()));
        drop(listener);
        let look = port.look();
        assert!(
            matches!(&look, Look::NotYet(words) if words.starts_with("nothing listens there; listening: ")),
            "{look:?}"
        );
        assert_eq!(port.what(), format!("port {number} open"));
    }
}
