//! The shop: what customers see and do. It knows where the truth is, and no server.

use crate::cache::Cache;
use crate::stock::Stock;
use crate::{Error, page};

/// A shop that goes on when its servers fail for a moment.
#[derive(Debug)]
pub struct Shop {
    stock: Stock,
    cache: Cache,
}

impl Shop {
    /// Opens the shop on the servers of a host. They need not run yet.
    ///
    /// # Errors
    /// If that is not the name of a host.
    pub fn open(host: &str) -> Result<Self, Error> {
        Ok(Self {
            stock: Stock::new(host),
            cache: Cache::new(host)?,
        })
    }

    /// Sells one piece for an order. An order that is placed again gets nothing more.
    ///
    /// # Errors
    /// If the stock cannot be changed, also after some attempts. The order may be placed again.
    pub fn buy(&mut self, order: u64) -> Result<(), Error> {
        self.stock.sell(order)?;
        self.cache.forget(page::KEY);
        Ok(())
    }

    /// Returns the page with the goods, and how many are left.
    ///
    /// # Errors
    /// If it is not cached, and the stock cannot be read, also after some attempts.
    pub fn page(&mut self) -> Result<String, Error> {
        if let Some(page) = self.cache.get(page::KEY) {
            return Ok(page);
        }
        let page = self.stock.page()?;
        self.cache.set(page::KEY, &page);
        Ok(page)
    }
}
