"""Runs python-amazon-sp-api, a client written for Amazon, against the simulator.

    client.py URL ACCOUNT

URL is the simulator's address, ACCOUNT one of its accounts as JSON. Only addresses are patched: the endpoint and the
token URL. Exits with an error unless orders, transactions and a report come back whole.
"""

import json
import sys
import types
import urllib.request

from sp_api.api import Finances, Orders, ReportsV2, Sellers
from sp_api.auth import AccessTokenClient


def main():
    url, account = sys.argv[1], json.loads(sys.argv[2])
    AccessTokenClient.scheme, AccessTokenClient.host = "http://", url.removeprefix("http://")
    marketplace = types.SimpleNamespace(
        endpoint=account["endpoint"], marketplace_id=account["marketplaces"][0]["id"], region=account["region"]
    )
    credentials = {
        "refresh_token": account["refresh_token"],
        "lwa_app_id": account["client_id"],
        "lwa_client_secret": account["client_secret"],
    }

    def api(kind, **options):
        return kind(marketplace=marketplace, credentials=credentials, **options)

    def wait(minutes):
        """Moves the simulator's clock."""
        now = json.load(urllib.request.urlopen(f"{url}/simulator/clock"))["now"]
        hour, minute = int(now[11:13]), int(now[14:16]) + minutes
        until = f"{now[:11]}{hour + minute // 60:02}:{minute % 60:02}{now[16:]}"
        body = json.dumps({"sleep_until": until}).encode()
        urllib.request.urlopen(urllib.request.Request(f"{url}/simulator/clock", body))

    stores = api(Sellers).get_marketplace_participation().payload
    assert {store["marketplace"]["id"] for store in stores} >= {one["id"] for one in account["marketplaces"]}

    orders, token = [], None
    while True:
        arguments = {"NextToken": token} if token else {"CreatedAfter": "2026-10-01T00:00:00Z", "MaxResultsPerPage": 20}
        page = api(Orders).get_orders(**arguments).payload
        orders += page["Orders"]
        token = page.get("NextToken")
        if not token:
            break
    assert len(orders) > 20 and len({order["AmazonOrderId"] for order in orders}) == len(orders)
    items = api(Orders).get_order_items(orders[0]["AmazonOrderId"]).payload["OrderItems"]
    assert items and items[0]["SellerSKU"]

    transactions = api(Finances, version="2024-06-19").list_transactions(postedAfter="2026-10-01T00:00:00Z")
    assert transactions.payload["transactions"]

    reports = api(ReportsV2)
    report = reports.create_report(
        reportType="GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL",
        dataStartTime="2026-10-10T00:00:00Z",
        dataEndTime="2026-11-01T00:00:00Z",
        marketplaceIds=[marketplace.marketplace_id],
    ).payload["reportId"]
    while (state := reports.get_report(report).payload)["processingStatus"] != "DONE":
        assert state["processingStatus"] in ("IN_QUEUE", "IN_PROGRESS"), state
        wait(1)
    document = reports.get_report_document(state["reportDocumentId"], download=True).payload["document"]
    lines = document.splitlines()
    assert lines[0].startswith("amazon-order-id\t") and len(lines) > 20, lines[:2]
    print(f"{len(orders)} orders, {len(transactions.payload['transactions'])} transactions, {len(lines) - 1} report rows")


if __name__ == "__main__":
    main()
