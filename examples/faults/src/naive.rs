//! The same shop as it is often written first. Each of its mistakes shows only under a fault, and
//! stands in a comment; copy nothing from here.

use crate::stock::server;
use crate::{Error, page};
use mysql::prelude::Queryable;
use mysql::{Conn, Opts};
use std::io::{Read, Write};
use std::net::TcpStream;

/// A shop that works as long as nothing fails.
#[derive(Debug)]
pub struct NaiveShop {
    server: Opts,
    stock: Conn,
    cache: TcpStream,
}

impl NaiveShop {
    /// Opens the shop on the servers of a host.
    ///
    /// # Errors
    /// If one of them cannot be reached.
    pub fn open(host: &str) -> Result<Self, Error> {
        // There is no limit to how long it waits for an answer, neither here nor there.
        let server = Opts::from(server(host));
        Ok(Self {
            stock: Conn::new(server.clone())?,
            server,
            cache: TcpStream::connect((host, 6379))?,
        })
    }

    /// Sells one piece.
    ///
    /// # Errors
    /// If the stock cannot be changed.
    pub fn buy(&mut self) -> Result<(), Error> {
        let sell = "UPDATE stock SET remaining = remaining - 1";
        match self.stock.query_drop(sell) {
            // The first attempt may have done it; and an error of the server is never tried again.
            Err(mysql::Error::IoError(_) | mysql::Error::CodecError(_)) => {
                self.stock = Conn::new(self.server.clone())?;
                self.stock.query_drop(sell)?;
            }
            result => result?,
        }
        self.ask(&format!("DEL {}\r\n", page::KEY))?;
        Ok(())
    }

    /// Returns the page with the goods, and how many are left.
    ///
    /// # Errors
    /// If the cache or the stock cannot be asked.
    pub fn page(&mut self) -> Result<String, Error> {
        let answer = self.ask(&format!("GET {}\r\n", page::KEY))?;
        match answer.split_once("\r\n") {
            Some((length, value)) if length != "$-1" => Ok(value.trim_end().to_owned()),
            _ => Ok(page::read(&mut self.stock)?),
        }
    }

    /// Returns what the cache answers.
    fn ask(&mut self, request: &str) -> Result<String, Error> {
        self.cache.write_all(request.as_bytes())?;
        let mut answer = vec![0; 1 << 16];
        // What has come so far need not be all of it.
        let length = self.cache.read(&mut answer)?;
        answer.truncate(length);
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }
}
