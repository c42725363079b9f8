//! A module is not one test, but many.

use vm_test::on_vm;

#[on_vm]
mod tests {
    fn test() {}
}

fn main() {}
