//! The cache in Redis. The shop does without it: whatever fails is as if nothing were cached.

use redis::{Client, Cmd, Connection, FromRedisValue, RedisError};
use std::fmt;
use std::time::Duration;

/// How long the server may take to answer: customers wait meanwhile.
const PATIENCE: Duration = Duration::from_millis(100);

/// After how many seconds a value is forgotten. So long customers may see an old page if the cache
/// fails just when it is to forget it.
const LIFE: u32 = 5;

/// The cache.
pub(crate) struct Cache {
    server: Client,
    /// The connection, unless there is none yet or the last request on it has failed.
    connection: Option<Connection>,
}

impl Cache {
    pub(crate) fn new(host: &str) -> Result<Self, RedisError> {
        Ok(Self {
            server: Client::open((host, 6379))?,
            connection: None,
        })
    }

    pub(crate) fn get(&mut self, key: &str) -> Option<String> {
        self.ask(redis::cmd("GET").arg(key)).flatten()
    }

    pub(crate) fn set(&mut self, key: &str, value: &str) {
        let _: Option<()> = self.ask(redis::cmd("SET").arg(key).arg(value).arg("EX").arg(LIFE));
    }

    pub(crate) fn forget(&mut self, key: &str) {
        let _: Option<()> = self.ask(redis::cmd("DEL").arg(key));
    }

    /// Returns the answer, or nothing if there is none in time.
    fn ask<R: FromRedisValue>(&mut self, command: &Cmd) -> Option<R> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.connect().ok()?,
        };
        // An answer that comes too late must not be taken for that of the next request.
        let answer = command.query(&mut connection).ok()?;
        self.connection = Some(connection);
        Some(answer)
    }

    fn connect(&self) -> Result<Connection, RedisError> {
        let connection = self.server.get_connection_with_timeout(PATIENCE)?;
        connection.set_read_timeout(Some(PATIENCE))?;
        connection.set_write_timeout(Some(PATIENCE))?;
        Ok(connection)
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Cache").finish_non_exhaustive()
    }
}
