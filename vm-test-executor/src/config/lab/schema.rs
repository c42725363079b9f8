//! The JSON schema of a lab's table, with the limits of its parser. Knows no setting of a guest.

use super::network::{self, MTUS, USUAL_MTU};
use super::node::{self, MOST_PORTS};
use super::parts::{CONTAINERLAB, MOST_NETWORKS, MOST_NODES, NETWORKS, NODES};
use super::reference::{GUESTS, IGNORE};
use super::routers::INTERNET;
use crate::config::shape::{NAME, table};
use serde_json::{Map, Value, json};

/// The pattern of names of networks and nodes.
const LABEL: &str = "^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$";

/// Returns the schema of a lab whose nodes take these settings of guests, as far as a node has them.
pub(in crate::config) fn schema(mut settings: Map<String, Value>) -> Value {
    settings.retain(|key, _| !node::OF_A_TEST.contains(&key.as_str()));
    let mut lab = table(Map::from_iter([
        (
            NETWORKS.key.to_owned(),
            json!({
                "description": "The networks, by their names.",
                "type": "object",
                "propertyNames": { "pattern": LABEL },
                "maxProperties": MOST_NETWORKS,
                "additionalProperties": network(),
            }),
        ),
        (
            NODES.key.to_owned(),
            json!({
                "description": "The nodes, by their names.",
                "type": "object",
                "propertyNames": { "pattern": LABEL },
                "minProperties": 1,
                "maxProperties": MOST_NODES,
                "additionalProperties": node(settings),
            }),
        ),
        (
            CONTAINERLAB.to_owned(),
            json!({
                "description": "A file of containerlab with the nodes and their links.",
                "type": "string",
            }),
        ),
        (
            GUESTS.to_owned(),
            json!({
                "description": "The guests of nodes, images or kinds of that file.",
                "type": "object",
                "additionalProperties": { "type": "string" },
            }),
        ),
        (
            IGNORE.to_owned(),
            json!({
                "description": "Keys of nodes in that file that have no effect here.",
                "type": "array",
                "items": { "type": "string" },
            }),
        ),
    ]));
    lab["oneOf"] = json!([{ "required": [NODES.key] }, { "required": [CONTAINERLAB] }]);
    lab
}

fn network() -> Value {
    let routers = network::ROUTERS.map(|(name, _)| name);
    table(Map::from_iter([
        (
            network::TRUNK.to_owned(),
            json!({
                "description": "Whether it carries VLANs and has no addresses of its own.",
                "type": "boolean",
                "default": false,
            }),
        ),
        (
            network::MTU.to_owned(),
            json!({
                "description": "The largest packet that it carries, in bytes.",
                "type": "integer",
                "minimum": MTUS.start(),
                "maximum": MTUS.end(),
                "default": USUAL_MTU,
            }),
        ),
        (
            network::ROUTER.to_owned(),
            json!({
                "description": "What its router does with addresses; or that it has none.",
                "enum": routers,
                "default": network::NO_ROUTER,
            }),
        ),
        (
            network::UPSTREAM.to_owned(),
            json!({
                "description": "The network that its router leads to.",
                "type": "string",
                "default": INTERNET,
            }),
        ),
    ]))
}

fn node(mut settings: Map<String, Value>) -> Value {
    let [on, _] = node::POWERS;
    settings.extend([
        (
            node::GUEST.to_owned(),
            json!({
                "description": "Its guest.",
                "type": "string",
                "pattern": NAME,
            }),
        ),
        (
            node::NETWORKS.to_owned(),
            json!({
                "description": "The networks that it is on, in the order of its interfaces.",
                "type": "array",
                "items": { "type": "string", "pattern": LABEL },
                "uniqueItems": true,
                "maxItems": MOST_PORTS,
            }),
        ),
        (
            node::POWER.to_owned(),
            json!({
                "description": "Whether it starts with its lab, or only when the test says so.",
                "enum": node::POWERS,
                "default": on,
            }),
        ),
    ]);
    let mut node = table(settings);
    node["required"] = json!([node::GUEST]);
    node
}
