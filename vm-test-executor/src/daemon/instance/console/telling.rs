//! Which lines of a console tell why a guest ended. A kernel that panics prints registers and a
//! call trace; the reason stands before them.

/// How many lines are shown.
pub(super) const MOST_LINES: usize = 20;

/// How many earlier lines of the agent are shown.
const MOST_OF_AGENT: usize = 5;

/// The prefixes of the agent's lines.
const AGENT: [&str; 2] = ["vm-test-agent: ", "vm-test: "];

/// The prefixes of lines about a kernel's registers and call stack.
const TRACE: [&str; 33] = [
    "<IRQ>",
    "</IRQ>",
    "<TASK>",
    "</TASK>",
    "<NMI>",
    "</NMI>",
    "Call Trace:",
    "RIP:",
    "RSP:",
    "RAX:",
    "RDX:",
    "RBP:",
    "R10:",
    "R13:",
    "CS:",
    "FS:",
    "CR2:",
    "DR0:",
    "DR3:",
    "PKRU:",
    "Code:",
    "EIP:",
    "EAX:",
    "ESI:",
    "DS:",
    "CR0:",
    "EFLAGS:",
    "Modules linked in:",
    "Hardware name:",
    "Kernel Offset:",
    "Dumping ftrace buffer:",
    "---[ end trace",
    "CPU:",
];

/// Returns the most informative lines: the last ones, with one line in place of each call stack,
/// preceded by the agent's lines.
pub(super) fn telling(lines: &[String]) -> Vec<String> {
    let mut short: Vec<String> = Vec::new();
    let mut left_out = 0;
    for line in lines {
        if is_trace(line) {
            left_out += 1;
            continue;
        }
        note_left_out(&mut short, &mut left_out);
        short.push(line.clone());
    }
    note_left_out(&mut short, &mut left_out);
    let begin = short.len().saturating_sub(MOST_LINES);
    let of_agent = |line: &&String| {
        let words = without_time(line);
        AGENT.iter().any(|begin| words.starts_with(begin))
    };
    let mut told: Vec<String> = short[..begin].iter().filter(of_agent).cloned().collect();
    told.drain(..told.len().saturating_sub(MOST_OF_AGENT));
    told.extend_from_slice(&short[begin..]);
    told
}

fn note_left_out(lines: &mut Vec<String>, left_out: &mut usize) {
    match std::mem::take(left_out) {
        0 => {}
        1 => lines.push("(1 line of registers and call trace omitted)".to_owned()),
        many => lines.push(format!(
            "({many} lines of registers and call trace omitted)"
        )),
    }
}

/// Returns the line without the kernel's timestamp.
fn without_time(line: &str) -> &str {
    let line = line.trim_start();
    let Some((time, words)) = line.strip_prefix('[').and_then(|rest| rest.split_once(']')) else {
        return line;
    };
    let is_time = |c: char| c.is_ascii_digit() || matches!(c, ' ' | '.' | 'T' | 'C');
    if time.chars().all(is_time) {
        words.trim_start()
    } else {
        line
    }
}

fn is_trace(line: &str) -> bool {
    let words = without_time(line);
    TRACE.iter().any(|begin| words.starts_with(begin)) || is_call(words)
}

/// Returns whether the text is a stack frame, such as `? do_exit+0x8f3/0xad0 [ext4]`.
fn is_call(words: &str) -> bool {
    let words = words.strip_prefix("? ").unwrap_or(words);
    let name = words.split(' ').next().unwrap_or_default();
    name.split_once("+0x")
        .is_some_and(|(_, place)| place.contains("/0x"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    /// From a kernel of Debian 12.
    const PANIC: &str = "\
[    1.601275] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100
[    1.602147] CPU: 0 PID: 1 Comm: init Not tainted 6.1.0-56-amd64 #1  Debian 6.1.192-2
[    1.602988] Hardware name: QEMU Standard PC (Q35 + ICH9, 2009), BIOS rel-1.16.2-0-gea1b7a073390
[    1.604120] Call Trace:
[    1.604425]  <TASK>
[    1.604691]  dump_stack_lvl+0x44/0x5c
[    1.605133]  panic+0x118/0x2f2
[    1.605513]  ? do_exit+0x8f3/0xad0 [ext4]
[    1.606011]  </TASK>
[    1.606290] RIP: 0033:0x7f2a7d9b2ea9
[    1.606722] Code: 00 48 89 5c 24 10 48 c7 c2 ff ff ff ff
[    1.607311] RSP: 002b:00007ffc4c0f3ce8 EFLAGS: 00000246 ORIG_RAX: 00000000000000e7
[    1.608054] RAX: ffffffffffffffda RBX: 00007f2a7dac6878 RCX: 00007f2a7d9b2ea9
[    1.608801] Kernel Offset: 0x1a000000 from 0xffffffff81000000";

    #[test]
    fn what_stands_before_a_panic_is_shown_and_the_call_trace_is_not() {
        let console = format!(
            "first\nvm-test-agent: cannot load driver libcrc32c: No such file or directory (os error 2)\n{PANIC}"
        );
        assert_eq!(
            telling(&lines(&console)),
            [
                "first",
                "vm-test-agent: cannot load driver libcrc32c: No such file or directory (os error 2)",
                "[    1.601275] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100",
                "(13 lines of registers and call trace omitted)",
            ]
        );
    }

    #[test]
    fn what_the_agent_said_is_shown_however_much_came_after_it() {
        let many = "a service says something\n".repeat(50);
        let console = format!("[    1.0] vm-test: continuing without driver x\n{many}{PANIC}");
        let told = telling(&lines(&console));
        assert_eq!(told.len(), MOST_LINES + 1);
        assert_eq!(told[0], "[    1.0] vm-test: continuing without driver x");
        assert!(told.iter().any(|line| line.contains("Kernel panic")));
    }

    #[test]
    fn the_cause_of_a_fatal_exception_is_shown_though_two_traces_follow_it() {
        let oops = "\
[   12.1] BUG: kernel NULL pointer dereference, address: 0000000000000000
[   12.2] #PF: supervisor write access in kernel mode
[   12.3] CPU: 0 PID: 300 Comm: sh Not tainted 6.1.0-56-amd64
[   12.4] Call Trace:
[   12.5]  sysrq_handle_crash+0x16/0x20";
        let told = telling(&lines(&format!("{oops}\n{PANIC}")));
        assert_eq!(
            told[..3],
            [
                "[   12.1] BUG: kernel NULL pointer dereference, address: 0000000000000000",
                "[   12.2] #PF: supervisor write access in kernel mode",
                "(3 lines of registers and call trace omitted)",
            ]
        );
    }

    #[test]
    fn lines_that_only_look_like_a_trace_are_shown() {
        let console =
            lines("[ OK ] Started a.\nCall me\n1+0x2 is 3\nRAM: 512M\n[0.1] usb 1-1: new device");
        assert_eq!(telling(&console), console);
    }
}
