//! The stock in MariaDB. Every order is entered beside what it takes, in one transaction, so that
//! an order that is placed again takes nothing.

use crate::page;
use crate::retry::retried;
use mysql::prelude::Queryable;
use mysql::{Conn, Opts, OptsBuilder, TxOpts};
use std::time::Duration;

/// How long the server may take to answer.
const PATIENCE: Duration = Duration::from_millis(500);

/// What MariaDB says of a key that is there already.
const DUPLICATE: u16 = 1062;

/// The stock.
#[derive(Debug)]
pub(crate) struct Stock {
    server: Opts,
    /// The connection, unless there is none yet or the last request on it has failed.
    connection: Option<Conn>,
}

impl Stock {
    pub(crate) fn new(host: &str) -> Self {
        let patience = Some(PATIENCE);
        let server = server(host)
            .tcp_connect_timeout(patience)
            .read_timeout(patience)
            .write_timeout(patience);
        Self {
            server: server.into(),
            connection: None,
        }
    }

    /// Takes one piece out of the stock, once for each order.
    pub(crate) fn sell(&mut self, order: u64) -> Result<(), mysql::Error> {
        retried(|| self.with(|connection| sell(connection, order)))
    }

    /// Reads the page.
    pub(crate) fn page(&mut self) -> Result<String, mysql::Error> {
        retried(|| self.with(page::read))
    }

    /// Uses the connection. After a failure nobody knows what is still to come on it, so that the
    /// next use makes a new one.
    fn with<R>(
        &mut self,
        work: impl FnOnce(&mut Conn) -> Result<R, mysql::Error>,
    ) -> Result<R, mysql::Error> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => Conn::new(self.server.clone())?,
        };
        let result = work(&mut connection)?;
        self.connection = Some(connection);
        Ok(result)
    }
}

/// Returns where the server is, and how to log in.
pub(crate) fn server(host: &str) -> OptsBuilder {
    OptsBuilder::new()
        .ip_or_hostname(Some(host))
        .prefer_socket(false)
        .user(Some("shop"))
        .db_name(Some("shop"))
}

fn sell(connection: &mut Conn, order: u64) -> Result<(), mysql::Error> {
    let mut transaction = connection.start_transaction(TxOpts::default())?;
    let entered = transaction.query_drop(format!("INSERT INTO orders VALUES ({order})"));
    match entered {
        // It was committed before, and only the answer got lost.
        Err(mysql::Error::MySqlError(said)) if said.code == DUPLICATE => {
            return transaction.rollback();
        }
        entered => entered?,
    }
    transaction.query_drop("UPDATE stock SET remaining = remaining - 1")?;
    transaction.commit()
}
