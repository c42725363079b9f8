//! What a client and a server of each protocol say to each other. It sends nothing.

/// A connection's beginning, and an exchange that may follow it any number of times.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Talk {
    /// What the server says first; empty if it waits for the client.
    pub(crate) greeting: &'static [u8],
    /// What the client says once, before all requests, and the reply; empty if there is no such
    /// thing.
    pub(crate) login: (&'static [u8], &'static [u8]),
    pub(crate) request: &'static [u8],
    pub(crate) reply: &'static [u8],
}

/// For TCP without a protocol above it.
pub(crate) const BYTES: Talk = Talk {
    greeting: b"",
    login: (b"", b""),
    request: b"how do you do",
    reply: b"well",
};

/// The protocols that the proxy understands, by their names.
pub(crate) const PROTOCOLS: [(&str, Talk); 6] = [
    ("tcp", BYTES),
    (
        "http",
        Talk {
            request: b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n",
            reply: b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
            ..BYTES
        },
    ),
    (
        "memcache",
        Talk {
            request: b"set a 0 0 5\r\nhello\r\n",
            reply: b"STORED\r\n",
            ..BYTES
        },
    ),
    (
        "redis",
        Talk {
            request: b"*2\r\n$3\r\nGET\r\n$1\r\na\r\n",
            reply: b"$5\r\nhello\r\n",
            ..BYTES
        },
    ),
    (
        "mysql",
        Talk {
            // Protocol 4.1 and authentication by plugins, and nothing else.
            greeting: b"\x4a\0\0\0\x0a11.4.2\0\x01\0\0\x0012345678\0\x01\x02\x2d\x02\0\x08\0\x15\
                        \0\0\0\0\0\0\0\0\0\x00123456789012\0mysql_native_password\0",
            login: (
                b"\x3c\0\0\x01\x01\x02\x08\0\0\0\0\x01\x2d\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\
                  \0\0\0root\0\0mysql_native_password\0",
                b"\x07\0\0\x02\0\0\0\x02\0\0\0",
            ),
            request: b"\x09\0\0\0\x03SELECT 1",
            reply: b"\x07\0\0\x01\0\0\0\x02\0\0\0",
        },
    ),
    (
        "smtp",
        Talk {
            greeting: b"220 a\r\n",
            request: b"VRFY hello\r\n",
            reply: b"252 b\r\n",
            ..BYTES
        },
    ),
];
