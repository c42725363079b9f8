//! The flags of the program `vm-test-proxy`, which are those of `toxiproxy-server`.

use super::flags::{Flag, Parsed, Shape, parse, usage};
use crate::api::Exported;
use crate::seed::Seed;

const PROGRAM: &str = "vm-test-proxy";

const FLAGS: &[Flag] = &[
    Flag {
        name: "config",
        shape: Shape::Text,
        help: "JSON file with the proxies to start with",
        default: "",
    },
    Flag {
        name: "host",
        shape: Shape::Text,
        help: "host that the API listens on",
        default: "\"localhost\"",
    },
    Flag {
        name: "port",
        shape: Shape::Text,
        help: "port that the API listens on",
        default: "\"8474\"",
    },
    Flag {
        name: "proxy-metrics",
        shape: Shape::Switch,
        help: "export how many bytes went through each proxy, at /metrics",
        default: "",
    },
    Flag {
        name: "runtime-metrics",
        shape: Shape::Switch,
        help: "export what this process uses, at /metrics",
        default: "",
    },
    Flag {
        name: "seed",
        shape: Shape::Integer,
        help: "seed of all random draws",
        default: "a random one",
    },
    Flag {
        name: "version",
        shape: Shape::Switch,
        help: "print the version and exit",
        default: "",
    },
];

/// What the command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Task {
    /// To serve.
    Serve(Options),
    /// To print this on stdout and exit.
    Print(String),
}

/// How to serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) address: String,
    pub(super) config: Option<String>,
    pub(super) seed: Option<Seed>,
    pub(super) exported: Exported,
}

/// Reads the command line.
///
/// # Errors
///
/// Returns what is wrong, and the usage.
pub(super) fn task(words: &[String], version: &str) -> Result<Task, String> {
    let parsed = parse(FLAGS, words);
    let values = match parsed {
        Ok(Parsed::Values(values)) => values,
        Ok(Parsed::Help) => return Ok(Task::Print(usage(PROGRAM, FLAGS))),
        Err(error) => return Err(format!("{error}\n{}", usage(PROGRAM, FLAGS))),
    };
    // Of a flag that is given twice, the last one counts.
    let last = |name: &str| {
        let found = values.iter().rev().find(|(flag, _)| *flag == name);
        found.map(|(_, value)| value.as_str())
    };
    let is_on = |name: &str| last(name) == Some("true");
    if is_on("version") {
        return Ok(Task::Print(format!("{PROGRAM} version {version}\n")));
    }
    let host = last("host").unwrap_or("localhost");
    let port = last("port").unwrap_or("8474");
    let seed = last("seed").and_then(|seed| seed.parse::<i64>().ok());
    Ok(Task::Serve(Options {
        address: if host.contains(':') {
            format!("[{host}]:{port}")
        } else {
            format!("{host}:{port}")
        },
        config: last("config")
            .filter(|file| !file.is_empty())
            .map(str::to_owned),
        seed: seed.map(|seed| Seed(seed.cast_unsigned())),
        exported: Exported {
            proxies: is_on("proxy-metrics"),
            runtime: is_on("runtime-metrics"),
        },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flags_of_toxiproxy_server_are_understood() {
        let task = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            super::task(&words, "1.0")
        };
        let Ok(Task::Serve(options)) = task(&[]) else {
            panic!("no server");
        };
        assert_eq!(options.address, "localhost:8474");
        let words = "-host ::1 -port=1 --config c.json -seed -3 -proxy-metrics -runtime-metrics=0";
        let words: Vec<&str> = words.split(' ').collect();
        let expected = Options {
            address: "[::1]:1".to_owned(),
            config: Some("c.json".to_owned()),
            seed: Some(Seed(u64::MAX - 2)),
            exported: Exported {
                proxies: true,
                runtime: false,
            },
        };
        assert_eq!(task(&words), Ok(Task::Serve(expected)));
        let version = Task::Print("vm-test-proxy version 1.0\n".to_owned());
        assert_eq!(task(&["-version"]), Ok(version));
        assert!(
            task(&["-x"])
                .unwrap_err()
                .contains("Usage of vm-test-proxy:")
        );
    }
}
