//! The options of Vaurien's command line, as a table: a program reads its words by it, and a test
//! compares it with what options can be set.

/// An option of the command line.
#[derive(Clone, Copy, Debug)]
pub struct OptionRow {
    /// Its name without the dashes: `behavior-delay-sleep`.
    pub name: &'static str,
    /// The section that it is in, in a file.
    pub section: &'static str,
    /// The key that it is there.
    pub key: &'static str,
    /// Whether it may stand without a value, which is then true.
    pub is_flag: bool,
    /// What it says.
    pub help: &'static str,
}

const fn value(
    name: &'static str,
    section: &'static str,
    key: &'static str,
    help: &'static str,
) -> OptionRow {
    OptionRow {
        name,
        section,
        key,
        is_flag: false,
        help,
    }
}

const fn flag(
    name: &'static str,
    section: &'static str,
    key: &'static str,
    help: &'static str,
) -> OptionRow {
    OptionRow {
        is_flag: true,
        ..value(name, section, key, help)
    }
}

/// All options, in the order of the help.
#[rustfmt::skip]
pub const TABLE: &[OptionRow] = &[
    value("backend", "vaurien", "backend", "Server's address [default: localhost:80]"),
    value("proxy", "vaurien", "proxy", "Where it listens [default: localhost:8000]"),
    value("protocol", "vaurien", "protocol", "Protocol of the server [default: tcp]"),
    value("behavior", "vaurien", "behavior", "Behaviors with percentages, as in 5:hang,10:delay [default: 100:dummy]"),
    value("seed", "vaurien", "seed", "Choose the exchanges that belong to this number [default: others in each run]"),
    flag("http", "vaurien", "http", "Serve the HTTP API, by which the behavior and the backend can be changed"),
    value("http-host", "vaurien", "http_host", "Host of the HTTP API [default: localhost]"),
    value("http-port", "vaurien", "http_port", "Port of the HTTP API [default: 8080]"),
    value("behavior-delay-sleep", "behavior:delay", "sleep", "Seconds, such as 0.5 [default: 1]"),
    flag("behavior-delay-before", "behavior:delay", "before", "Wait before the request is passed on; if false, before the reply is [default: true]"),
    value("behavior-error-code", "behavior:error", "code", "Which error of the protocol, such as 503 or LOADING [default: any]"),
    value("behavior-error-text", "behavior:error", "text", "The text of that error [default: the protocol's]"),
    flag("behavior-error-inject", "behavior:error", "inject", "Insert random bytes into replies instead; not for http"),
    value("behavior-error-warmup", "behavior:error", "warmup", "How many exchanges pass before the first error [default: 0]"),
    value("behavior-transient-agitate", "behavior:transient", "agitate", "How many exchanges fail [default: 1]"),
    value("behavior-transient-code", "behavior:transient", "code", "As for error"),
    value("behavior-transient-text", "behavior:transient", "text", "As for error"),
    flag("behavior-transient-inject", "behavior:transient", "inject", "As for error"),
    value("behavior-transient-warmup", "behavior:transient", "warmup", "As for error"),
    flag("statsd.enabled", "statsd", "enabled", "Send counters to statsd"),
    value("statsd.host", "statsd", "host", "Host of statsd [default: localhost]"),
    value("statsd.port", "statsd", "port", "Port of statsd [default: 8125]"),
    value("statsd.prefix", "statsd", "prefix", "What the counters' names begin with [default: vaurien]"),
    value("statsd.sample-rate", "statsd", "sample_rate", "Share of the counters that is sent [default: 1.0]"),
    value("bufsize", "vaurien", "bufsize", "No effect"),
    value("timeout", "vaurien", "timeout", "No effect: connections may be idle for ever"),
    flag("stay-connected", "vaurien", "stay_connected", "No effect: connections stay"),
    value("pool-max-size", "vaurien", "pool_max_size", "No effect: each client has a connection of its own"),
    value("pool-timeout", "vaurien", "pool_timeout", "No effect"),
    flag("sync", "vaurien", "sync", "No effect"),
    value("backlog", "vaurien", "backlog", "No effect"),
    flag("protocol-tcp-reuse-socket", "protocol:tcp", "reuse_socket", "No effect"),
    value("protocol-tcp-buffer", "protocol:tcp", "buffer", "No effect"),
    flag("protocol-tcp-keep-alive", "protocol:tcp", "keep_alive", "No effect: connections stay"),
    flag("protocol-http-reuse-socket", "protocol:http", "reuse_socket", "No effect"),
    value("protocol-http-buffer", "protocol:http", "buffer", "No effect"),
    flag("protocol-http-keep-alive", "protocol:http", "keep_alive", "No effect: connections stay"),
    flag("protocol-memcache-reuse-socket", "protocol:memcache", "reuse_socket", "No effect"),
    value("protocol-memcache-buffer", "protocol:memcache", "buffer", "No effect"),
    flag("protocol-memcache-keep-alive", "protocol:memcache", "keep_alive", "No effect: connections stay"),
    flag("protocol-redis-reuse-socket", "protocol:redis", "reuse_socket", "No effect"),
    value("protocol-redis-buffer", "protocol:redis", "buffer", "No effect"),
    flag("protocol-redis-keep-alive", "protocol:redis", "keep_alive", "No effect: connections stay"),
    flag("protocol-mysql-reuse-socket", "protocol:mysql", "reuse_socket", "No effect"),
    value("protocol-mysql-buffer", "protocol:mysql", "buffer", "No effect"),
    flag("protocol-smtp-reuse-socket", "protocol:smtp", "reuse_socket", "No effect"),
    value("protocol-smtp-buffer", "protocol:smtp", "buffer", "No effect"),
];
