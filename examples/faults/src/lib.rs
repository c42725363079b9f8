//! A shop with one kind of goods: how many are left is in MariaDB, and the page that shows it is
//! cached in Redis.
//!
//! [`Shop`] goes on when its servers or the network fail for a moment, and never sells twice for
//! one order. [`NaiveShop`] does the same as long as nothing fails. The tests of both run on a lab
//! with real servers, and show for each fault what the difference is.
#![forbid(unsafe_code)]

mod cache;
mod error;
mod naive;
mod page;
mod retry;
mod shop;
mod stock;

pub use error::Error;
pub use naive::NaiveShop;
pub use shop::Shop;
