//! Images in registries: fetches documents and layers by HTTP, with docker's credentials.
//!
//! Everything is checked by its digest and size before it is used. Knows no store and unpacks
//! nothing. Without the feature `registries` there is only an error that says so.

#[cfg(not(feature = "registries"))]
mod absent;
#[cfg(feature = "registries")]
mod address;
#[cfg(feature = "registries")]
mod attempts;
#[cfg(feature = "registries")]
mod challenge;
#[cfg(feature = "registries")]
mod credentials;
#[cfg(feature = "registries")]
mod download;
#[cfg(feature = "registries")]
mod http;
#[cfg(feature = "registries")]
mod keychain;
#[cfg(feature = "registries")]
mod login;
#[cfg(feature = "registries")]
#[expect(
    clippy::module_inception,
    reason = "the module has the name of what it is about"
)]
mod registry;
#[cfg(feature = "registries")]
mod status;

#[cfg(not(feature = "registries"))]
pub(super) use absent::Registry;
#[cfg(feature = "registries")]
pub(super) use registry::Registry;
