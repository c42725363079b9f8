//! Knows the settings of a site: their keys, the kind of value each takes, and the variant of the runtime's
//! `Setting` that carries it. It must not know how the attribute is punctuated or expanded.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use syn::{Expr, Ident};
use vm_test_settings::word;

use crate::matrix;
use crate::quantity;
use crate::refusal::cannot;
use crate::spelling;
use crate::value::{Cure, Kind, Value};

/// One key that may follow the guest's name.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    /// The variant of the runtime's `Setting`.
    variant: &'static str,
    kind: Kind,
    /// A value as a user would write it, for hints.
    example: &'static str,
}

/// The device files and groups of device files a guest can be given.
const DEVICES: &[&str] = &["/dev/net/tun", "/dev/fuse", "loop"];

pub(crate) const KEYS: [Key; 19] = [
    Key {
        name: "backend",
        variant: "Backend",
        kind: Kind::Choice(&["lxc", "kvm"]),
        example: r#""kvm""#,
    },
    Key {
        name: "accelerator",
        variant: "Accelerator",
        kind: Kind::Choice(&["auto", "kvm", "tcg"]),
        example: r#""tcg""#,
    },
    Key {
        name: "image",
        variant: "Image",
        kind: Kind::Image,
        example: r#""debian-12""#,
    },
    Key {
        name: "kernel",
        variant: "Kernel",
        kind: Kind::Kernel,
        example: r#""linux-image-amd64""#,
    },
    Key {
        name: "init",
        variant: "Init",
        kind: Kind::Choice(&["agent", "system"]),
        example: r#""system""#,
    },
    Key {
        name: "memory",
        variant: "Memory",
        kind: Kind::Quantity(&quantity::MEMORY),
        example: r#""512M""#,
    },
    Key {
        name: "cpus",
        variant: "Cpus",
        kind: Kind::Count {
            least: 1,
            most: 256,
        },
        example: "2",
    },
    Key {
        name: "network",
        variant: "Network",
        kind: Kind::Choice(&["none", "user"]),
        example: r#""user""#,
    },
    Key {
        name: "timeout",
        variant: "Timeout",
        kind: Kind::Quantity(&quantity::TIME),
        example: r#""60s""#,
    },
    Key {
        name: "boot_timeout",
        variant: "BootTimeout",
        kind: Kind::Quantity(&quantity::TIME),
        example: r#""60s""#,
    },
    Key {
        name: "disks",
        variant: "Disks",
        kind: Kind::Quantities(&quantity::DISK),
        example: r#"["1G"]"#,
    },
    Key {
        name: "keep",
        variant: "Keep",
        kind: Kind::Choice(&["never", "on-failure"]),
        example: r#""on-failure""#,
    },
    Key {
        name: "keep_for",
        variant: "KeepFor",
        kind: Kind::Quantity(&quantity::TIME),
        example: r#""30m""#,
    },
    Key {
        name: "env",
        variant: "Env",
        kind: Kind::Variables,
        example: r#"["DATABASE_URL"]"#,
    },
    Key {
        name: "export",
        variant: "Export",
        kind: Kind::Patterns,
        example: r#"["**/*.snap.new"]"#,
    },
    Key {
        name: "expose",
        variant: "Expose",
        kind: Kind::Paths,
        example: r#"["~/.ssh"]"#,
    },
    Key {
        name: "devices",
        variant: "Devices",
        kind: Kind::Members(DEVICES),
        example: r#"["/dev/net/tun"]"#,
    },
    Key {
        name: "rollback",
        variant: "Rollback",
        kind: Kind::Choice(&["overlay", "snapshot"]),
        example: r#""snapshot""#,
    },
    Key {
        name: "privileged",
        variant: "Privileged",
        kind: Kind::Flag,
        example: "true",
    },
];

/// A key with its checked value.
#[derive(Debug)]
pub(crate) struct Setting {
    key: &'static Key,
    value: Value,
}

impl Key {
    /// The key called `name`, or an error on it that says which was meant.
    pub(crate) fn find(name: &Ident) -> syn::Result<&'static Key> {
        KEYS.iter()
            .find(|key| name == key.name)
            .ok_or_else(|| unknown(name))
    }

    /// "`memory = "512M"`", for hints.
    pub(crate) fn example(&self) -> String {
        format!("`{} = {}`", self.name, self.example)
    }

    /// Checks `value`; an error sits on the value, or on the wrong element of a list.
    pub(crate) fn read(&'static self, value: &Expr) -> syn::Result<Setting> {
        match self.kind.read(value) {
            Ok(value) => Ok(Setting { key: self, value }),
            Err(mistake) => {
                let hint = match mistake.cure {
                    Cure::Say(hint) => hint,
                    Cure::Write(value) => format!("write `{} = {value}`", self.name),
                    Cure::Example => format!("write {}", self.example()),
                };
                let what = format_args!("set `{}`", self.name);
                Err(cannot(mistake.tokens, what, mistake.cause, hint))
            }
        }
    }
}

impl Setting {
    pub(crate) fn key(&self) -> &'static str {
        self.key.name
    }

    /// The setting as a value of the runtime's `Setting`, which is found at `private`.
    pub(crate) fn expand(&self, private: &TokenStream) -> TokenStream {
        let variant = format_ident!("{}", self.key.variant);
        let value = self.value.to_token_stream();
        quote!(#private::Setting::#variant(#value))
    }
}

fn unknown(name: &Ident) -> syn::Error {
    let hint = if name == "guest" || name == "name" {
        "the guest's name comes first and without a key, as in `#[on_vm(\"worker-1\")]`".to_owned()
    } else if name == "guests" {
        format!("did you mean `{}`?", matrix::KEY)
    } else if let Some(key) = word::meant(&name.to_string(), KEYS.iter().map(|key| key.name)) {
        format!("did you mean `{key}`?")
    } else {
        let keys = spelling::enumerate(KEYS.iter().map(|key| key.name), "`", "and");
        format!("the keys are {keys}")
    };
    cannot(
        name,
        format_args!("set `{name}`"),
        "there is no such key",
        hint,
    )
}

#[cfg(test)]
mod tests;
