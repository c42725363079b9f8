//! The page that customers see, made from what is in the stock. Knows no cache.

use mysql::Conn;
use mysql::prelude::Queryable;

/// The key of the page in the cache.
pub(crate) const KEY: &str = "page";

/// Reads the page from the stock.
pub(crate) fn read(connection: &mut Conn) -> Result<String, mysql::Error> {
    let goods: Option<(String, u64)> =
        connection.query_first("SELECT description, remaining FROM stock")?;
    let (description, remaining) = goods.unwrap_or_default();
    Ok(format!("{description}\n{remaining} left"))
}
