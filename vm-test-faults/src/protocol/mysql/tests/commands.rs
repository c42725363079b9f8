//! Commands of MySQL and their replies.

use super::dialogue::{
    DEFINITION, DEPRECATE_EOF, EOF, EOF_AND_MORE, EOF_WITH_CURSOR, ERR, LONG_PASSWORD, OK,
    OK_AND_MORE, OK_IN_PLACE_OF_EOF, OK_IN_PLACE_OF_EOF_AND_MORE, USUAL, exchange, logged_in,
    nothing, packets,
};

const QUERY: &[u8] = b"\x03SELECT a FROM t";
const ROW: &[u8] = b"\x01\x31";
const NULL: &[u8] = b"\xfb";
const EMPTY: &[u8] = b"\x00";
const PROGRESS: &[u8] = b"\xff\xff\xff\x01\x01\x03\0\0\0\x05stage";
const FULL: usize = 0xff_ffff;

fn query(bits: u32, reply: &[&[u8]]) {
    exchange(bits, 0, &packets(0, &[QUERY]), &packets(1, reply));
}

fn command(payload: &[u8], reply: &[&[u8]]) {
    exchange(USUAL, 0, &packets(0, &[payload]), &packets(1, reply));
}

#[test]
fn a_result_ends_behind_its_last_row() {
    let columns: &[&[u8]] = &[b"\x02", DEFINITION, DEFINITION];
    let rows: &[&[u8]] = &[ROW, NULL, EMPTY];
    let ends = [EOF].as_slice();
    query(USUAL, &[columns, ends, rows, ends].concat());
    query(USUAL, &[columns, ends, ends].concat());
    query(USUAL, &[columns, ends, rows, &[ERR]].concat());
    let ends = [OK_IN_PLACE_OF_EOF].as_slice();
    query(USUAL | DEPRECATE_EOF, &[columns, rows, ends].concat());
    query(USUAL | DEPRECATE_EOF, &[columns, ends].concat());
    for bits in [USUAL, USUAL | DEPRECATE_EOF] {
        query(bits, &[OK]);
        query(bits, &[ERR]);
        query(bits, &[PROGRESS, PROGRESS, OK]);
    }
}

#[test]
fn several_results_are_one_reply() {
    let first: &[&[u8]] = &[OK_AND_MORE, b"\x01", DEFINITION, EOF, ROW, EOF_AND_MORE];
    query(USUAL, &[first, &[OK_AND_MORE, OK]].concat());
    query(USUAL, &[first, &[ERR]].concat());
    let first: &[&[u8]] = &[b"\x01", DEFINITION, ROW, OK_IN_PLACE_OF_EOF_AND_MORE];
    query(USUAL | DEPRECATE_EOF, &[first, first, &[OK]].concat());
}

#[test]
fn more_than_250_columns_are_counted() {
    let columns = vec![DEFINITION; 300];
    let count = b"\xfc\x2c\x01".as_slice();
    query(USUAL, &[&[count], &columns[..], &[EOF, EOF]].concat());
}

#[test]
fn definitions_that_mariadb_leaves_out_are_not_waited_for() {
    let (bits, cache) = (USUAL & !LONG_PASSWORD, 1 << 4);
    let request = packets(0, &[b"\x17\x01\0\0\0\0\x01\0\0\0"]);
    let without = [b"\x01\x00", EOF, ROW, EOF];
    exchange(bits, cache, &request, &packets(1, &without));
    let with = [b"\x01\x01", DEFINITION, EOF, ROW, EOF];
    exchange(bits, cache, &request, &packets(1, &with));
    let without = [b"\x01\x00", ROW, OK_IN_PLACE_OF_EOF];
    exchange(bits | DEPRECATE_EOF, cache, &request, &packets(1, &without));
}

#[test]
fn statements_are_prepared_executed_and_fetched() {
    let prepare = b"\x16SELECT ?".as_slice();
    let prepared = |columns, parameters| [0, 1, 0, 0, 0, columns, 0, parameters, 0, 0, 0, 0];
    command(prepare, &[&prepared(0, 0)]);
    command(prepare, &[&prepared(1, 0), DEFINITION, EOF]);
    command(prepare, &[&prepared(0, 1), DEFINITION, EOF]);
    let both = [DEFINITION, EOF, DEFINITION, DEFINITION, EOF];
    command(prepare, &[&[&prepared(2, 1)[..]], &both[..]].concat());
    command(prepare, &[ERR]);
    let both: &[&[u8]] = &[&prepared(2, 1), DEFINITION, DEFINITION, DEFINITION];
    let request = packets(0, &[prepare]);
    exchange(USUAL | DEPRECATE_EOF, 0, &request, &packets(1, both));
    let execute = b"\x17\x01\0\0\0\x01\x01\0\0\0".as_slice();
    command(execute, &[b"\x01", DEFINITION, EOF, b"\0\0\x05", EOF]);
    command(execute, &[b"\x01", DEFINITION, EOF_WITH_CURSOR]);
    command(
        b"\x1c\x01\0\0\0\x0a\0\0\0",
        &[b"\0\0\x05", b"\0\0\x06", EOF],
    );
    command(b"\x1c\x01\0\0\0\x0a\0\0\0", &[ERR]);
}

#[test]
fn single_answers_are_single_whatever_they_begin_with() {
    for request in [0x02, 0x07, 0x08, 0x0d, 0x0e, 0x1a, 0x1b, 0x1f] {
        for reply in [OK, EOF, ERR] {
            command(&[request], &[reply]);
        }
    }
    command(b"\x09", &[b"Uptime: 5  Threads: 1"]);
    command(b"\x04t\0", &[DEFINITION, DEFINITION, EOF]);
    command(b"", &[ERR]);
}

#[test]
fn commands_without_reply_are_waited_for_by_nobody() {
    let long_data = b"\x18\x01\0\0\0\0\0data".as_slice();
    let all = packets(0, &[long_data]);
    let close = packets(0, &[b"\x19\x01\0\0\0"]);
    let execute = packets(0, &[b"\x17\x01\0\0\0"]);
    exchange(
        USUAL,
        0,
        &[all, execute, close].concat(),
        &packets(1, &[OK]),
    );
    let mut driver = logged_in(USUAL, 0, nothing);
    driver.client(&packets(0, &[b"\x01"])).unwrap();
    assert_eq!(driver.names, ["(COM_QUIT)"]);
    driver
        .server(&packets(0, &[b"\xff\x87\x07#70100killed"]))
        .unwrap();
}

#[test]
fn a_file_is_an_exchange_of_its_own_up_to_an_empty_packet() {
    let load = packets(0, &[b"\x03LOAD DATA LOCAL INFILE 'f' INTO TABLE t"]);
    let ping = packets(0, &[b"\x0e"]);
    for size in [1, 3, 7, 1000] {
        let mut driver = logged_in(USUAL, 0, nothing);
        driver.client(&load).unwrap();
        driver
            .server(&packets(1, &[OK_AND_MORE, b"\xfbf"]))
            .unwrap();
        assert_eq!(driver.unanswered(), 0);
        let file = packets(3, &[b"\x03not a query", &[1; 300], b""]);
        for piece in [&file[..], &ping].concat().chunks(size) {
            driver.client(piece).unwrap();
        }
        assert_eq!(driver.names[1..], ["(LOCAL INFILE)", "COM_PING"]);
        assert_eq!(driver.asked(), [&load[..], &file, &ping].concat());
        driver.server(&packets(6, &[OK_AND_MORE, OK])).unwrap();
        assert_eq!(driver.unanswered(), 1);
    }
    let mut driver = logged_in(USUAL, 0, nothing);
    driver.client(&load).unwrap();
    driver.server(&packets(1, &[b"\xfbf"])).unwrap();
    driver.client(&packets(2, &[b""])).unwrap();
    driver.client(&ping).unwrap();
    assert_eq!(driver.names.len(), 3, "{:?}", driver.names);
}

#[test]
fn sixteen_mebibytes_and_more_pass_in_parts_both_ways() {
    let mut long = vec![b'x'; FULL];
    long[0] = 3;
    let request = packets(0, &[&long, b"and the end"]);
    let exact = packets(0, &[&long, b""]);
    let mut row = vec![b'y'; FULL];
    // The first byte of a row this long is that of an EOF.
    row[0] = 0xfe;
    let rows: &[&[u8]] = &[b"\x01", DEFINITION, EOF, &row, EOF, ROW, EOF];
    let reply = packets(1, rows);
    for request in [request, exact] {
        let mut driver = logged_in(USUAL, 0, nothing);
        for piece in request.chunks(65_000) {
            driver.client(piece).unwrap();
        }
        assert_eq!(driver.asked(), request);
        for piece in reply.chunks(65_000) {
            assert_eq!(driver.unanswered(), 1);
            driver.server(piece).unwrap();
        }
        assert_eq!(driver.unanswered(), 0);
        assert_eq!(driver.names.len(), 1);
    }
}

#[test]
fn a_file_that_is_wanted_too_early_comes_behind_the_command_and_alone() {
    let text = format!(
        "\x03LOAD DATA LOCAL INFILE 'f' INTO TABLE t -- {}",
        "x".repeat(5000)
    );
    let load = packets(0, &[text.as_bytes()]);
    let wants = packets(1, &[b"\xfbf"]);
    let mut driver = logged_in(USUAL, 0, nothing);
    driver.client(&load).unwrap();
    let (begins, rest) = load.split_at(4000);
    // The name of the second command is known, its end has not come.
    driver.client(begins).unwrap();
    driver.server(&wants).unwrap();
    driver.client(rest).unwrap();
    assert_eq!(driver.names.len(), 2);
    driver.client(&packets(2, &[b"1", b""])).unwrap();
    assert_eq!(driver.names.last().unwrap(), "(LOCAL INFILE)");
    assert_eq!(driver.names.len(), 3);

    let mut driver = logged_in(USUAL, 0, nothing);
    driver.client(&[&load[..], &load].concat()).unwrap();
    let refused = driver.server(&[&wants[..], &wants].concat());
    assert!(refused.unwrap_err().0.contains("all of another one"));
}

#[test]
fn replication_and_unknown_commands_end_what_is_understood() {
    for number in [0x12, 0x13, 0x15, 0x1e, 0x20, 0x21, 0x7f] {
        let mut driver = logged_in(USUAL, 0, nothing);
        driver.client(&packets(0, &[&[number, 1]])).unwrap();
        assert!(driver.is_opaque);
    }
}

#[test]
fn names_hold_the_beginning_of_the_text_and_no_attributes() {
    let name = |bits, payload: &[u8]| {
        let mut driver = logged_in(bits, 0, nothing);
        driver.client(&packets(0, &[payload])).unwrap();
        driver.names.pop().unwrap()
    };
    assert_eq!(name(USUAL, QUERY), "COM_QUERY SELECT a FROM t");
    assert_eq!(name(USUAL, b"\x02shop"), "COM_INIT_DB shop");
    assert_eq!(name(USUAL, b"\x16INSERT\n?"), "COM_STMT_PREPARE INSERT ?");
    assert_eq!(name(USUAL, b"\x11root\0secret"), "COM_CHANGE_USER");
    let attributes = USUAL | 1 << 27;
    assert_eq!(
        name(attributes, b"\x03\0\x01SELECT 1"),
        "COM_QUERY SELECT 1"
    );
    assert_eq!(name(attributes, b"\x03\x01\x01\0\x01SELECT 1"), "COM_QUERY");
}
