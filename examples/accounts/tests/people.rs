//! What happens to accounts where there are many. They are made once, before all tests; each test
//! has all of them, whatever another one has done to them.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use accounts::{is_locked, lock, people, remove};
use vm_test::on_vm;

/// How many people there are.
const MANY: usize = 20;

/// Makes the accounts, with their homes and a password each.
fn many_people() -> io::Result<()> {
    for number in 0..MANY {
        let name = format!("person-{number}");
        let words = ["--create-home", "--password", "*", &name];
        let made = Command::new("useradd").args(words).status()?;
        if !made.success() {
            return Err(io::Error::other(format!("useradd {name}: {made}")));
        }
        fs::write(format!("/home/{name}/letter"), "Dear reader\n")?;
    }
    Ok(())
}

#[on_vm("container", setup = many_people)]
#[test]
fn all_are_there_in_order_and_nobody_is_locked() -> io::Result<()> {
    let all = people()?;
    assert_eq!(all.len(), MANY);
    assert_eq!((&*all[0], &*all[MANY - 1]), ("person-0", "person-19"));
    for name in all {
        assert!(!is_locked(&name)?, "{name}");
    }
    Ok(())
}

#[on_vm(each = ["container", "machine"], setup = many_people)]
#[test]
fn one_who_is_removed_goes_with_all_files_and_nobody_else() -> io::Result<()> {
    remove("person-7")?;
    assert_eq!(people()?.len(), MANY - 1);
    assert!(!Path::new("/home/person-7").exists());
    assert!(Path::new("/home/person-8/letter").exists());
    Ok(())
}

#[on_vm("container", setup = many_people)]
#[test]
fn one_who_is_locked_stays_with_all_files() -> io::Result<()> {
    lock("person-7")?;
    assert!(is_locked("person-7")?);
    assert!(!is_locked("person-8")?);
    assert!(Path::new("/home/person-7/letter").exists());
    Ok(())
}

#[on_vm("container", setup = many_people)]
#[test]
fn somebody_who_does_not_exist_cannot_be_removed() {
    let error = remove("nobody-here").unwrap_err();
    assert!(error.to_string().contains("does not exist"), "{error}");
}
