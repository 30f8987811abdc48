"""What the stack needs and costs at scale, by arithmetic: python3 deploy/scale.py prints the tables of docs/scale.md.

Nothing is measured here: prices, requests and capacity units are those of costs.py.
"""

from dataclasses import replace
from math import ceil

from costs import GB, OVERHEAD, PARTITION, PRICES_OF, Usage, as_table, costs, dollars, read_units, requests, stored, write_units

SECONDS = 30 * 86_400
RATES = (100, 10_000, 1_000_000)
# All of them, stored from the start.
NOTES = 10**9
# What one execution environment of Lambda serves in a second at most, however short the invocations are.
INVOCATIONS = 10
# The most bytes of items, and of entries of local secondary indexes, that one partition key may have, and a partition.
COLLECTION = 10 * GB
# The bytes of an item, and whether sync is on. The last is the largest note.
ITEMS = {
    "1,000 bytes": (1_000, False),
    "1,000 bytes, sync on": (1_000, True),
    "100,000 bytes": (100_000, False),
    "351,666 bytes": (351_666, False),
}
# What an entry of the index of changes has: docs/data-model.md#changes.
ENTRY = 27


def usage_at(rate):
    """Users who send so many requests a second all month. Without Cognito, whose price is one for each user."""
    user = Usage(users=1, notes=NOTES, active=0)
    return replace(user, users=rate * SECONDS / requests(user))


def needs(rate):
    """What has to be there for so many requests a second."""
    usage = usage_at(rate)
    writes, reads = write_units(usage) / SECONDS, read_units(usage) / SECONDS
    return {
        "Lambda: environments": max(ceil(rate * usage.milliseconds / 1_000), ceil(rate / INVOCATIONS)),
        "DynamoDB: write units a second": ceil(writes),
        "DynamoDB: read units a second": ceil(reads),
        "partitions for the writes": ceil(writes / PARTITION["write units"]),
        "partitions for the reads": ceil(reads / PARTITION["read units"]),
        "partitions for 10⁹ notes": ceil(stored(usage) * GB / COLLECTION),
    }


def needs_table():
    columns = [needs(rate) for rate in RATES]
    rows = [[row, *(f"{column[row]:,}" for column in columns)] for row in columns[0]]
    return as_table(["requests a second", *(f"{rate:,}" for rate in RATES)], rows)


def costs_table():
    columns = [costs(usage_at(rate)) for rate in RATES]
    parts = [part for part in columns[0] if any(column[part] for column in columns)]
    rows = [[part, *(dollars(column[part]) for column in columns)] for part in parts]
    rows.append(["**together**", *(f"**{dollars(sum(column.values()))}**" for column in columns)])
    a_million = [sum(column.values()) / (rate * SECONDS / 1e6) for rate, column in zip(RATES, columns)]
    rows.append(["for a million requests", *map(dollars, a_million)])
    return as_table([f"$ a month ({PRICES_OF})", *(f"{rate:,} requests a second" for rate in RATES)], rows)


def of_a_user(item, sync):
    """What one user can do in a second, and have, when each of their items has so many bytes."""
    write, read = ceil(item / 1024), ceil(item / 4096)
    entry = ENTRY + OVERHEAD if sync else 0
    return {
        "creations a second": PARTITION["write units"] / (write + sync),
        "changes a second, each of another note": PARTITION["write units"] / (write + 2 * sync),
        "changes a second of the same notes again": PARTITION["write units"] / write,
        "reads of a note a second": PARTITION["read units"] / read,
        "pages of 20 a second": PARTITION["read units"] / ceil(20 * item / 4096),
        "notes": COLLECTION // (item + OVERHEAD + entry),
    }


def user_table():
    columns = [of_a_user(item, sync) for item, sync in ITEMS.values()]
    rows = []
    for row in columns[0]:
        numbers = (column[row] for column in columns)
        rows.append([row, *(f"{number:,.1f}" if number < 10 else f"{number:,.0f}" for number in numbers)])
    return as_table(["items of", *ITEMS], rows)


if __name__ == "__main__":
    print(user_table(), needs_table(), costs_table(), sep="\n\n")
