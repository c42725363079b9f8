//! Drives a protocol with any bytes in any pieces, as the proxy does, and checks what every
//! protocol has to keep to. Fuzz targets and unit tests share it.

#[cfg(test)]
mod campaign;
#[cfg(test)]
mod dialogue;
mod pieces;
mod replies;
mod requests;
mod run;

#[cfg(test)]
pub(crate) use campaign::{Sample, campaign};
#[cfg(test)]
pub(crate) use dialogue::Dialogue;
pub use run::run;
