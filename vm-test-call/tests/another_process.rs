//! A function is called in another process of this test program, which the kernel loads at another
//! address.

use std::process::Command;
use vm_test_call::{Address, Function};

/// Holds an address and an argument, in hexadecimal digits, in the other process.
const VARIABLE: &str = "VM_TEST_CALL_TEST";

const MOST: usize = 1024;

/// Where this program was loaded, and what it got.
fn answer(question: String) -> (usize, u32, String) {
    let place = answer as fn(String) -> _ as usize;
    (place, std::process::id(), question + "!")
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2);
    let pairs = pairs.map(|pair| std::str::from_utf8(pair).unwrap());
    pairs
        .map(|pair| u8::from_str_radix(pair, 16).unwrap())
        .collect()
}

/// What the other process does: calls the function, and prints the result.
fn serve(request: &str) {
    let (address, argument) = request.split_once(' ').unwrap();
    let address: Address = postcard::from_bytes(&bytes(address)).unwrap();
    let result = address.call(&bytes(argument), MOST).unwrap();
    println!("\nresult {}", hexadecimal(&result));
}

#[test]
fn a_function_is_called_in_a_process_that_was_loaded_at_another_address() {
    if let Ok(request) = std::env::var(VARIABLE) {
        return serve(&request);
    }
    let function = Function::of(answer);
    let address = postcard::to_allocvec(&function.address()).unwrap();
    let argument = function.encode(&"who".to_owned(), MOST).unwrap();
    let request = hexadecimal(&address) + " " + &hexadecimal(&argument);
    let name = std::thread::current().name().unwrap().to_owned();
    let ask = |_| {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", &name, "--nocapture"])
            .env(VARIABLE, &request)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("result "));
        let (place, process, words) = function.decode(&bytes(line.unwrap())).unwrap();
        assert_ne!(process, std::process::id());
        assert_eq!(words, "who!");
        place
    };
    let places: Vec<usize> = (0..8).map(ask).collect();
    // Where the kernel does not move programs, all of them are at one place.
    let random = std::fs::read_to_string("/proc/sys/kernel/randomize_va_space").unwrap();
    let own = answer as fn(String) -> _ as usize;
    assert!(
        random.trim() == "0" || places.iter().any(|place| *place != own),
        "all are at {own:#x}"
    );
}
