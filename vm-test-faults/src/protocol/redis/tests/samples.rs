//! Conversations of clients and servers of redis, and what becomes of them when they are damaged.

use crate::protocol::harness::{Sample, campaign};
use crate::protocol::redis::Redis;

#[test]
fn any_bytes_in_any_pieces_mean_the_same() {
    let sample = |client: &'static [u8], server: &'static [u8]| Sample { client, server };
    campaign(
        &Redis::new(),
        &[
            sample(
                b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$2\r\n12\r\nGET a\r\n",
                b"+OK\r\n$2\r\n12\r\n",
            ),
            sample(
                b"*1\r\n$5\r\nMULTI\r\n*2\r\n$4\r\nINCR\r\n$1\r\na\r\n*1\r\n$4\r\nEXEC\r\n",
                b"+OK\r\n+QUEUED\r\n*1\r\n:1\r\n",
            ),
            sample(
                b"*3\r\n$9\r\nSUBSCRIBE\r\n$1\r\na\r\n$1\r\nb\r\n*1\r\n$11\r\nUNSUBSCRIBE\r\n",
                b"*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n*3\r\n$7\r\nmessage\r\n$1\r\na\r\n\
                  $2\r\nhi\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:2\r\n",
            ),
            sample(
                b"HELLO 3\r\nMONITOR\r\n*3\r\n$6\r\nCLIENT\r\n$5\r\nREPLY\r\n$4\r\nSKIP\r\n",
                b"%1\r\n+proto\r\n:3\r\n+OK\r\n+1.2 [0 a] \"GET\"\r\n>2\r\n+invalidate\r\n*0\r\n",
            ),
            sample(
                b"*1\r\n$5\r\nRESET\r\n*1\r\n$4\r\nQUIT\r\n*0\r\n\r\n",
                b"|1\r\n+a\r\n+b\r\n~2\r\n,1.5\r\n#t\r\n=5\r\ntxt:a\r\n(1\r\n!3\r\nERR\r\n_\r\n*-1\r\n",
            ),
        ],
    );
}
