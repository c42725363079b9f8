//! The census of a host.
