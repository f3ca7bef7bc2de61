"""All Orders reports of a shop that doesn't exist: the same bytes for the same seed, on any machine."""

import datetime
from pathlib import Path

HEADER = (
    "amazon-order-id merchant-order-id purchase-date last-updated-date order-status fulfillment-channel sales-channel "
    "order-channel url ship-service-level product-name sku asin item-status quantity currency item-price item-tax "
    "shipping-price shipping-tax gift-wrap-price gift-wrap-tax item-promotion-discount ship-promotion-discount "
    "ship-city ship-state ship-postal-code ship-country promotion-ids is-business-order purchase-order-number "
    "price-designation is-replacement-order is-exchange-order original-order-id"
).split()

MASK = (1 << 64) - 1
SKUS = 3000

# (sales channel, currency, country, shares of a hundred)
CHANNELS = [
    ("Amazon.com", "USD", "US", 70), ("Amazon.ca", "CAD", "CA", 15), ("Amazon.com.mx", "MXN", "MX", 13),
    ("Non-Amazon US", "USD", "US", 2),
]
BY_SHARE = [channel for *channel, share in CHANNELS for _ in range(share)]
PLACES = [
    ("SEATTLE", "WA", "98101"), ("New York", "NY", "10001-2233"), ("Los Angeles", "CA", "90012"),
    ("Saint Paul", "MN", "55101"), ("MOSCOW MILLS", "MO", "63362-1259"), ("Montréal", "QC", "H2X 1Y4"),
    ("Toronto", "ON", "M5H 2N2"), ("Monterrey", "Nuevo León", "64000"), ("Guadalajara", "Jalisco", "44100"),
    ("Austin", "TX", "73301"), ("Miami", "FL", "33101"), ("Portland", "OR", "97201"), ("Boise", "ID", "83701"),
]
MATERIALS = ["Stainless Steel", "Bamboo", "Silicone", "Organic Cotton", "Recycled Glass", "Cast Iron", "Walnut"]
THINGS = ["Water Bottle", "Cutting Board", "Baking Mat", "Bath Towel", "Storage Jar", "Frying Pan", "Phone Stand"]
TRAITS = ["BPA Free, 1 l", "Heavy Duty, Large", "Gift Box Included", "with Lid, 12\" x 8\""]
SERVICES = ["Standard", "Expedited", "SecondDay", "NextDay", "Std US D2D Dom"]


def mix(number):
    """A number without pattern for each number (splitmix64)."""
    number = (number + 0x9E3779B97F4A7C15) & MASK
    number = ((number ^ (number >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    number = ((number ^ (number >> 27)) * 0x94D049BB133111EB) & MASK
    return number ^ (number >> 31)


def amount(cents):
    """An amount as the reports print it: nothing where it is 0."""
    return f"{cents // 100}.{cents % 100:02d}" if cents else ""


class Shop:
    """A shop that takes one order after another at an even pace from `start` on."""

    def __init__(self, seed, start, orders_per_day):
        self.seed = mix(seed)
        self.start = datetime.datetime.fromisoformat(start).replace(tzinfo=datetime.timezone.utc)
        self.pace = 86400 / orders_per_day
        self.products = [self._product(number) for number in range(SKUS)]
        self.days = {}

    def _product(self, number):
        luck = mix(self.seed + number)
        title = f"{MATERIALS[luck % 7]} {THINGS[(luck >> 8) % 7]} - {TRAITS[(luck >> 16) % 4]}, Pack of {luck % 5 + 1}"
        cents = 499 + (luck >> 24) % 9500
        sku = f"{THINGS[(luck >> 8) % 7][:3].upper()}-{number:05d}-{luck % 90 + 10}"
        return title, sku, f"B0{luck % 36**5:08d}", cents

    def _moment(self, seconds):
        day, rest = divmod(int(seconds), 86400)
        if day not in self.days:
            self.days[day] = (self.start + datetime.timedelta(days=day)).strftime("%Y-%m-%d")
        return f"{self.days[day]}T{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}+00:00"

    def order(self, number, final=True):
        """Lines of one order: as it was placed (prices still unknown), or as it ended."""
        luck = mix(self.seed ^ number)
        # One-to-one in `number`, so that no two orders share an id.
        digits = (number * 61_803_398_874_989 + 7_654_321) % 10**14
        order = f"{111 + luck % 4}-{digits // 10**7:07d}-{digits % 10**7:07d}"
        placed = number * self.pace
        channel, currency, country = BY_SHARE[(luck >> 8) % 100]
        fate = (luck >> 16) % 100
        cancelled, merchant = final and fate < 4, fate >= 80
        status = ("Cancelled" if cancelled else "Shipped") if final else "Pending"
        updated = placed + (6 * 3600 + (luck >> 24) % 158_400 if final else 300)
        city, state, postal_code = PLACES[(luck >> 32) % 13]
        head = (
            f"{order}\t{order if luck % 8 == 0 else ''}\t{self._moment(placed)}\t{self._moment(updated)}\t{status}\t"
            f"{'Merchant' if merchant else 'Amazon'}\t{channel}\t\t\t{SERVICES[(luck >> 40) % 5]}\t"
        )
        tail = f"{city}\t{state}\t{postal_code}\t{country}\t"
        business = "true" if (luck >> 44) % 20 == 0 else "false"
        flags = f"\t{business}\t\t{'BusinessPrice' if business == 'true' else ''}\tfalse\tfalse\t\n"
        basket = (luck >> 48) % 100
        lines = [
            self._item(mix(luck + item), head, tail, flags, cancelled, final, currency)
            for item in range(1 + (basket >= 78) + (basket >= 94) + (basket >= 99))
        ]
        # The same article twice in one order comes as two equal rows.
        return lines + lines[:1] if (luck >> 56) % 100 == 0 else lines

    def _item(self, luck, head, tail, flags, cancelled, final, currency):
        title, sku, asin, cents = self.products[min(luck % SKUS, (luck >> 16) % SKUS)]
        units = 1 + ((luck >> 32) % 8 == 0)
        if not final or cancelled:
            money = f"{0 if cancelled else units}\t\t\t\t\t\t\t\t\t\t"
            return f"{head}{title}\t{sku}\t{asin}\t{'Cancelled' if cancelled else 'Unshipped'}\t{money}{tail}{flags}"
        price, tax = cents * units, cents * units * 8 // 100
        shipping = 599 if (luck >> 36) % 4 == 0 else 0
        discount = price // 10 if (luck >> 40) % 6 == 0 else 0
        promotion = f"PAWS-V2-{luck % 10**12:012d}-10-Percentage-13-{luck % 97:02d}" if discount else ""
        money = (
            f"{units}\t{currency}\t{amount(price)}\t{amount(tax)}\t{amount(shipping)}\t{amount(shipping and 48)}\t\t\t"
            f"{amount(discount)}\t\t"
        )
        return f"{head}{title}\t{sku}\t{asin}\tShipped\t{money}{tail}{promotion}{flags}"


def write(path, lines):
    """Writes a report; returns its rows and bytes."""
    path = Path(path)
    part, rows = path.with_suffix(".part"), 0
    with open(part, "w", encoding="utf-8", newline="") as file:
        file.write("\t".join(HEADER) + "\n")
        for line in lines:
            file.write(line)
            rows += 1
    part.rename(path)
    return rows, path.stat().st_size


def history(shop, first, last, twice_in_a_hundred=0):
    """Orders `first..last` as they ended; some also as they had been placed, further up, in the same file."""
    for number in range(first, last):
        if twice_in_a_hundred and mix(number) % 100 < twice_in_a_hundred:
            yield from shop.order(number, final=False)
        late = number - 5000
        if late >= first:
            yield from shop.order(late)
    for number in range(max(first, last - 5000), last):
        yield from shop.order(number)


def hour(shop, first, last, behind):
    """What one hour brings: new orders as placed, and as many from `behind` orders ago as they ended."""
    for number in range(first, last):
        yield from shop.order(number, final=False)
    for number in range(max(first - behind, 0), max(last - behind, 0)):
        yield from shop.order(number)


def big_report(path, rows, days=120):
    """About `rows` rows over `days` days from 2026-01-01 on; cut to exactly `rows`."""
    orders = int(rows / 1.325) + 1
    shop = Shop(seed=11, start="2026-01-01", orders_per_day=orders / days)

    def first_rows():
        for count, line in enumerate(history(shop, 0, orders + orders // 20, twice_in_a_hundred=2)):
            if count == rows:
                return
            yield line

    return write(path, first_rows())
