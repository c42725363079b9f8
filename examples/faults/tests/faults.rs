//! For each fault, what the shop does and what its naive twin does. The shop runs on the node `app`,
//! in the body of the test, and knows nothing of proxies: its servers are at `db`, as ever.

mod servers;

use servers::{DESCRIPTION, Servers};
use shop::{Error, NaiveShop, Shop};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};
use vm_test::{PortProxy, lab, on_vm};

/// How long a customer waits at most.
const SOON: Duration = Duration::from_secs(4);

/// What changes the stock, in both shops.
const CHANGE: &str = "COM_QUERY UPDATE*";

/// Returns the number of the server's error.
fn number(error: Error) -> u16 {
    match error {
        Error::Stock(mysql::Error::MySqlError(said)) => said.code,
        other => panic!("{other}"),
    }
}

fn mariadb(servers: &Servers) -> PortProxy {
    servers.db.proxy(3306).mysql()
}

#[on_vm(lab = "shop", node = "app")]
#[test]
fn an_order_counts_once_wherever_the_connection_is_lost() {
    let servers = Servers::start();
    let (_, undisturbed) = mariadb(&servers).during(|| Shop::open("db").unwrap().buy(0).unwrap());
    assert_eq!(servers.sold(), 1);
    assert!(undisturbed.exchanges >= 5, "{undisturbed:?}");
    for at in 1..=undisturbed.exchanges {
        let fault = mariadb(&servers).abort().only(at);
        let (bought, report) = fault.during(|| Shop::open("db").unwrap().buy(at));
        assert!(bought.is_ok(), "{at}: {bought:?}");
        assert_eq!((report.hits, servers.sold()), (1, at + 1), "{report:?}");
    }

    let before = servers.sold();
    let fault = mariadb(&servers).abort().on(CHANGE).first(1);
    let (bought, _) = fault.during(|| NaiveShop::open("db").unwrap().buy());
    assert!(bought.is_ok(), "{bought:?}");
    assert_eq!(servers.sold(), before + 2, "the twin sells twice");
}

#[on_vm(lab = "shop", node = "app")]
#[test]
fn customers_do_not_wait_for_a_server_that_never_answers() {
    let servers = Servers::start();
    let mut shop = Shop::open("db").unwrap();
    shop.page().unwrap();
    let cache = servers.db.proxy(6379).redis().hang().start();
    let stock = mariadb(&servers).hang().on(CHANGE).first(1).start();
    let began = Instant::now();
    assert!(shop.page().unwrap().ends_with("\n1000 left"));
    shop.buy(1).unwrap();
    assert!(shop.page().unwrap().ends_with("\n999 left"));
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    assert_eq!((stock.hits(), servers.sold()), (1, 1));
    stock.stop();

    let mut twin = NaiveShop::open("db").unwrap();
    scope(|scope| {
        let page = scope.spawn(|| twin.page());
        sleep(SOON);
        assert!(!page.is_finished(), "the twin waits");
        // That ends its connection, so that it waits no longer.
        cache.stop();
    });
}

#[on_vm(lab = "shop", node = "app")]
#[test]
fn an_order_waits_until_the_server_has_a_connection_for_it() {
    let servers = Servers::start();
    let fault = mariadb(&servers).error("1040").on("greeting").first(2);
    let (bought, report) = fault.clone().during(|| Shop::open("db").unwrap().buy(1));
    assert!(bought.is_ok(), "{bought:?}");
    assert_eq!((report.hits, report.connections, servers.sold()), (2, 3, 1));

    let (opened, _) = fault.during(|| NaiveShop::open("db"));
    assert_eq!(number(opened.unwrap_err()), 1040, "the twin gives up");
}

#[on_vm(lab = "shop", node = "app")]
#[test]
fn an_order_waits_until_the_server_can_open_its_files() {
    let servers = Servers::start();
    let words = "Can't open file: 'stock.frm' (errno: 24 \"Too many open files\")";
    let fault = mariadb(&servers).error_with_text("1016/HY000", words);
    let fault = fault.on(CHANGE).first(2);
    let (bought, report) = fault.clone().during(|| Shop::open("db").unwrap().buy(1));
    assert!(bought.is_ok(), "{bought:?}");
    assert_eq!((report.hits, servers.sold()), (2, 1));

    let (bought, _) = fault.during(|| NaiveShop::open("db").unwrap().buy());
    assert_eq!(number(bought.unwrap_err()), 1016, "the twin gives up");
    assert_eq!(servers.sold(), 1);
}

#[on_vm(lab = "shop", node = "app")]
#[test]
fn a_page_that_arrives_in_parts_is_shown_whole() {
    let _servers = Servers::start();
    let mut shop = Shop::open("db").unwrap();
    let whole = shop.page().unwrap();
    assert!(whole.len() > DESCRIPTION);
    let mut twin = NaiveShop::open("db").unwrap();
    // At this rate 12 ms pass between two packets.
    let slow = lab().link("db", "lan").outgoing().rate(1_000_000).begin();
    assert_eq!(shop.page().unwrap(), whole);
    let part = twin.page().unwrap();
    assert!(part.len() < DESCRIPTION, "the twin shows a part");
    slow.mend();
}
