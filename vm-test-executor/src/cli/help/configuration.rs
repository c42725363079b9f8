//! The long texts of `--help` about a workspace's configuration. Words only.

pub(in super::super) const INIT: &str = "\
Prepares a package for tests in guests: adds the crate vm-test to its dev-dependencies, writes vm-test.toml at the workspace's \
root, and a first test, tests/on_vm.rs, which passes as it is.

Files that exist stay as they are. A vm-test.toml above the package is the workspace's, and none is written then.";

pub(in super::super) const INIT_AFTER: &str = "\
EXAMPLES
  vm-test init && cargo test --test on_vm
  vm-test init --path ../vm-test/vm-test      with a clone of vm-test beside this package
  vm-test init --package firewall             in a workspace with several packages";

pub(in super::super) const GUESTS: &str = "\
Lists the guests of the nearest vm-test.toml and the built-in one. Of each it shows the settings that somebody has set, with the \
line and the table that say so: the guest's own, one of a guest that it extends, or [guest-defaults]. With names it shows all \
settings of these guests, defaults included. What a test or an option sets comes on top.";

pub(in super::super) const GUESTS_AFTER: &str = "\
EXAMPLES
  vm-test guests
  vm-test guests deb12-vm
  vm-test guests --json | jq -r '.[] | [.name, .settings.memory.value] | @tsv'

JSON
  [{ name, description, extends, settings: { KEY: { value, from, file, line } } }]; from is \"default\" or the name of a table;
  value is null if the image decides

EXIT CODES
  0 all are right; 1 there is no such guest, or a setting is wrong; 2 the command line is wrong";

pub(in super::super) const CONFIG: &str = "\
Checks vm-test.toml and recipes of images, and prints their JSON schemas.

No guest is started and no image is built: a check takes milliseconds, as in a hook of git or in an editor.";

pub(in super::super) const CONFIG_AFTER: &str = "\
EXAMPLES
  vm-test config check
  vm-test config schema > vm-test.schema.json
  vm-test config schema recipe > images/recipe.schema.json";

pub(in super::super) const CHECK_AFTER: &str = "\
An image that has no recipe here and is not in the store is only warned of: it may be imported elsewhere.

EXAMPLES
  vm-test config check && cargo nextest run
  vm-test config check --json | jq -r '.[].message'

EXIT CODES
  0 everything is right; 1 there are mistakes, or there is no vm-test.toml; 2 the command line is wrong";

pub(in super::super) const SCHEMA_AFTER: &str = "\
EXAMPLES
  vm-test config schema > vm-test.schema.json     then begin vm-test.toml with: #:schema ./vm-test.schema.json
  vm-test config schema recipe > images/recipe.schema.json";
