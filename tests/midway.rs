//! A lake that begins midway through a seller's history, and what of it can be true.

use chrono::NaiveTime;
use sellerlake_simulator::FaultPlan;
use sellerlake_simulator::world::Profile;

use crate::desk::Desk;

/// One seller of four months, of whom so many days are pulled by these pipelines.
pub fn pulled(days: &str, pipelines: &[&str]) -> Desk {
    let mut profile = Profile::demo(120);
    profile.sellers.truncate(1);
    let seller = &mut profile.sellers[0];
    (seller.orders_per_day, seller.products) = (12.0, 6);
    let evening = profile.to.and_time(NaiveTime::from_hms_opt(20, 0, 0).unwrap()).and_utc();
    let desk = Desk::at(profile, evening, FaultPlan::default());
    let named = pipelines.iter().flat_map(|name| ["--pipeline", name]);
    desk.site.ok(&["sync", "--days", days].into_iter().chain(named).collect::<Vec<_>>());
    desk
}

/// How many facts of each table were compared and found equal.
pub fn compared(desk: &Desk, table: &str) -> u64 {
    let output = desk.site.run(&["verify", "--against", desk.simulator.url()]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = said.lines().find(|line| line.split_whitespace().nth(1) == Some(table));
    line.and_then(|line| line.split_whitespace().nth(2)?.parse().ok()).unwrap_or_else(|| panic!("{table}: {said}"))
}

#[test]
fn money_deferred_before_the_first_pull_is_no_difference() {
    let desk = pulled("60", &["transactions"]);
    desk.assert_true();
    for table in ["ledger_accrual", "ledger_cash", "fees", "refunds"] {
        assert!(compared(&desk, table) > 0, "{table}");
    }
    let output = desk.site.run(&["verify", "--against", desk.simulator.url()]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(said.matches(" fee_estimates ").count(), 1, "{said}");
}

#[test]
fn amazons_own_view_of_a_sku_knows_its_advertising() {
    let desk = pulled("20", &["sku_economics", "ads_sp_products", "ads_sp_campaigns", "ads_sd_products"]);
    let differing = "WITH ads AS (
            SELECT day, marketplace_id, sku, sum(cost) AS cost FROM ppc WHERE sku IS NOT NULL GROUP BY 1, 2, 3
        )
        SELECT e.local_day, e.sku, e.ads, coalesce(a.cost, 0) AS cost
        FROM sku_economics AS e
        LEFT JOIN ads AS a ON a.day = e.local_day AND a.marketplace_id = e.marketplace_id AND a.sku = e.sku
        -- Amazon corrects clicks for some days, and the two were asked at different hours.
        WHERE e.local_day < DATE '2026-10-25' AND e.ads <> coalesce(a.cost, 0)
            OR e.net_proceeds <> e.ordered_sales - e.refunded_sales - e.fees - e.ads";
    let differing = desk.site.sql(differing);
    assert!(differing.is_empty(), "{differing:?}");
    assert_ne!(
        desk.site.value("SELECT count(*) AS n FROM sku_economics WHERE ads > 0 AND local_day < DATE '2026-10-25'"),
        "0"
    );
}
