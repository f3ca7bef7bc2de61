//! A statement is answered although its objects are replaced all the time.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::site::Site;

fn orders(last: u32) -> String {
    let rows = (1..=last).map(|number| {
        format!("111-{number:07}-{number:07}\t2026-03-01T12:00:00Z\t2026-03-0{last}T00:00:00Z\tShipped\tAmazon.com\tMUG\t1\tUSD\t9.99\n")
    });
    let header = "amazon-order-id\tpurchase-date\tlast-updated-date\torder-status\tsales-channel\tsku\tquantity\t\
                  currency\titem-price\n";
    header.to_owned() + &rows.collect::<String>()
}

#[test]
fn an_object_that_never_rests_is_answered_from_a_copy() {
    let site = Site::new();
    let object = site.path().join("lake/tables/orders/seller_id=A1/month=2026-03/data.parquet");
    let versions = [2, 3].map(|last| {
        site.ingest("all_orders", &site.file("orders.txt", orders(last)), &[]);
        fs::read(&object).unwrap()
    });
    let (done, replaced) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // Whoever publishes does it like this, if not as often.
            let fresh = site.path().join("fresh.parquet");
            for version in versions.iter().cycle() {
                fs::write(&fresh, version).unwrap();
                fs::rename(&fresh, &object).unwrap();
                replaced.fetch_add(1, Ordering::Relaxed);
                if done.load(Ordering::Relaxed) {
                    return;
                }
            }
        });
        for _ in 0..10 {
            let output =
                site.run(&["sql", "--format", "csv", "SELECT count(DISTINCT amazon_order_id) AS n FROM orders"]);
            let words = String::from_utf8_lossy(&output.stderr).into_owned();
            if !output.status.success() {
                done.store(true, Ordering::Relaxed);
            }
            assert!(output.status.success(), "{words}");
            let answer = String::from_utf8(output.stdout).unwrap();
            assert!(["n\n2\n", "n\n3\n"].contains(&answer.as_str()), "one version or the other: {answer}");
        }
        done.store(true, Ordering::Relaxed);
    });
    assert!(replaced.into_inner() > 1000, "it was replaced all the time");
}
