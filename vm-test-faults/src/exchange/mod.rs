//! Exchanges: a request of a client and what the server answers, as they pass through the proxy.
