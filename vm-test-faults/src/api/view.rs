//! Proxies and toxics as JSON, with Toxiproxy's names in Toxiproxy's order. It changes nothing.

use serde::ser::{Serialize, SerializeMap, SerializeStruct, Serializer};

use super::reply::ApiError;
use crate::proxy::Described;
use crate::toxic::Toxic;

/// A proxy with its toxics.
pub(super) struct ProxyView<'a>(pub(super) &'a Described);

impl Serialize for ProxyView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let toxics = self.0.toxics.iter();
        let toxics: Vec<ToxicView> = toxics.map(|toxic| ToxicView(toxic)).collect();
        let mut object = serializer.serialize_struct("Proxy", 5)?;
        object.serialize_field("name", &self.0.name)?;
        object.serialize_field("listen", &self.0.listen)?;
        object.serialize_field("upstream", &self.0.upstream)?;
        object.serialize_field("enabled", &self.0.enabled)?;
        object.serialize_field("toxics", &toxics)?;
        object.end()
    }
}

/// All proxies by their names.
pub(super) struct ProxiesView<'a>(pub(super) &'a [Described]);

impl Serialize for ProxiesView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let proxies = self.0.iter();
        serializer.collect_map(proxies.map(|proxy| (&proxy.name, ProxyView(proxy))))
    }
}

/// What became of a populate call; without any proxy the list is `null`, as Go writes it.
pub(super) struct PopulatedView<'a> {
    pub(super) error: Option<&'a ApiError>,
    pub(super) proxies: &'a [Described],
}

impl Serialize for PopulatedView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let proxies: Vec<ProxyView> = self.proxies.iter().map(ProxyView).collect();
        let proxies = Some(proxies).filter(|proxies| !proxies.is_empty());
        let mut object = serializer.serialize_map(None)?;
        if let Some(error) = self.error {
            object.serialize_entry("error", error.text())?;
            object.serialize_entry("status", &error.status().as_u16())?;
        }
        object.serialize_entry("proxies", &proxies)?;
        object.end()
    }
}

/// A toxic.
pub(super) struct ToxicView<'a>(pub(super) &'a Toxic);

impl Serialize for ToxicView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Toxic {
            name,
            kind,
            direction,
            toxicity,
        } = self.0;
        let mut object = serializer.serialize_struct("Toxic", 5)?;
        object.serialize_field("attributes", &Attributes(kind.attributes()))?;
        object.serialize_field("name", name)?;
        object.serialize_field("type", kind.name())?;
        object.serialize_field("stream", &direction.to_string())?;
        object.serialize_field("toxicity", &Toxicity(*toxicity))?;
        object.end()
    }
}

struct Attributes(Vec<(&'static str, i64)>);

impl Serialize for Attributes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}

/// A number that is written without a fraction if it has none.
struct Toxicity(f32);

impl Serialize for Toxicity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.fract() == 0.0 && self.0.abs() < 1e6 {
            serializer.serialize_i64(self.0 as i64)
        } else {
            serializer.serialize_f32(self.0)
        }
    }
}
