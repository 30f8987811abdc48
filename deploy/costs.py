"""What a stage costs in a month, by arithmetic: python3 deploy/costs.py prints the tables of docs/operations.md.

Nothing is measured here but what benches and emulators count: requests, capacity units, bytes. Free tiers are left out.
"""

from dataclasses import dataclass, field, replace
from math import ceil

# US dollars in us-east-1: where each was found, and of when that is. Look them up before you rely on them.
PRICES_OF = "us-east-1"
PRICE_LIST = {
    "HTTP API, a million requests up to 300 million": (1.00, "an example of aws.amazon.com/api-gateway/pricing", "September 2026"),
    "HTTP API, a million requests beyond": (0.90, "the same", "September 2026"),
    "Lambda, a million requests": (0.20, "aws.amazon.com/lambda/pricing", "September 2026"),
    "Lambda on arm64, a GB-second": (0.0000133334, "articles of others", "May 2026"),
    "DynamoDB, a million write units": (0.625, "articles of others: half of what it was until November 2024", "July 2025"),
    "DynamoDB, a million read units": (0.125, "the same", "July 2025"),
    "DynamoDB, a GB-month": (0.25, "aws.amazon.com/dynamodb/pricing", "no date"),
    "point-in-time recovery, a GB-month": (0.20, "articles of others", "2025"),
    "CloudWatch, a GB of logs": (0.50, "articles of others", "June 2026"),
    "CloudWatch, a GB-month of logs": (0.03, "not verified: output of Infracost without a date", "no date"),
    "CloudWatch, an alarm": (0.10, "articles of others", "no date"),
    "Cognito LITE, an active user up to 100,000": (0.0055, "an example of aws.amazon.com/cognito/pricing", "September 2026"),
    "Cognito LITE, an active user beyond": (0.0046, "the same, which does not say where this begins", "September 2026"),
    "data sent to the internet, a GB": (0.09, "articles of others", "June 2026"),
}
PRICES = {name: price for name, (price, _, _) in PRICE_LIST.items()}
DAYS = 30
GB = 2**30
# What DynamoDB adds to each item, and to each entry of an index, when it bills storage.
OVERHEAD = 100
# Of the alarms in alarms.cjs: 1 + 1 + 6 + 6 + 6 + 3 + 5.
ALARMS = 28


@dataclass(frozen=True)
class Day:
    """What one user does in a day."""

    creates: float = 2
    updates: float = 4  # in two sessions
    deletes: float = 0.5
    gets: float = 10
    lists: float = 6
    changes: float = 20  # asked for by a copy, with sync; nearly always nothing has changed
    sessions: float = 2  # windows of 17.5 minutes in which the same note is written


@dataclass(frozen=True)
class Usage:
    users: int  # a day
    notes: int  # stored
    sync: bool = False
    day: Day = field(default_factory=Day)
    item: int = 1_000  # bytes: the texts, 150 bytes of names and keys
    page: int = 20  # notes in a list
    milliseconds: float = 12  # of a function, cold starts included
    megabytes: int = 256
    active: float = 3  # users in a month for each user of a day
    line: int = 1_100  # bytes of logs for a request: a line, the access log's, Lambda's own


def per_month(usage, a_day):
    return usage.users * DAYS * a_day


def requests(usage):
    day = usage.day
    return per_month(usage, day.creates + day.updates + day.deletes + day.gets + day.lists + (day.changes if usage.sync else 0))


def write_units(usage):
    """A unit for each KB of the larger of an item before and after. Sync: docs/data-model.md#changes."""
    day, each = usage.day, ceil(usage.item / 1024)
    units = (day.creates + day.updates + day.deletes) * each
    if usage.sync:
        # An entry appears: one unit. It moves, at the first write in a window: two. A tombstone moves it too.
        units += day.creates + 2 * min(day.updates + day.deletes, day.sessions + day.deletes)
    return per_month(usage, units)


def read_units(usage):
    """A unit for each 4 KB, once over all that a query reads."""
    day = usage.day
    units = day.gets * ceil(usage.item / 4096) + day.lists * ceil(usage.page * usage.item / 4096)
    return per_month(usage, units + (day.changes if usage.sync else 0))


def stored(usage):
    """GB of the table, and of its index with sync."""
    return usage.notes * (usage.item + OVERHEAD + (27 + OVERHEAD if usage.sync else 0)) / GB


def sent(usage):
    """GB to the internet."""
    day = usage.day
    whole = day.creates + day.updates + day.gets + day.lists * usage.page
    headers = 500 * requests(usage)
    return (per_month(usage, whole * usage.item) + headers) / GB


def costs(usage, prices=PRICES):
    million = requests(usage) / 1e6
    first = min(million, 300)
    active = usage.users * usage.active
    first_active = min(active, 100_000)
    logs = requests(usage) * usage.line / GB
    seconds = requests(usage) * usage.milliseconds / 1000 * usage.megabytes / 1024
    return {
        "API Gateway (HTTP API)": first * prices["HTTP API, a million requests up to 300 million"]
        + (million - first) * prices["HTTP API, a million requests beyond"],
        "Lambda (arm64, 256 MB)": million * prices["Lambda, a million requests"] + seconds * prices["Lambda on arm64, a GB-second"],
        "DynamoDB: writes": write_units(usage) / 1e6 * prices["DynamoDB, a million write units"],
        "DynamoDB: reads": read_units(usage) / 1e6 * prices["DynamoDB, a million read units"],
        "DynamoDB: storage and recovery": stored(usage)
        * (prices["DynamoDB, a GB-month"] + prices["point-in-time recovery, a GB-month"]),
        "Logs": logs * (prices["CloudWatch, a GB of logs"] + prices["CloudWatch, a GB-month of logs"]),
        "Alarms": ALARMS * prices["CloudWatch, an alarm"],
        "Cognito (tier LITE)": first_active * prices["Cognito LITE, an active user up to 100,000"]
        + (active - first_active) * prices["Cognito LITE, an active user beyond"],
        "Data to the internet": sent(usage) * prices["data sent to the internet, a GB"],
    }


SCENARIOS = {
    "1 user a day": Usage(1, 500),
    "100 users": Usage(100, 100_000),
    "100,000 users": Usage(100_000, 100_000_000),
    "and 10⁹ notes": Usage(100_000, 1_000_000_000),
}


def dollars(amount):
    return f"{amount:,.2f}" if amount < 100 else f"{amount:,.0f}"


def as_table(head, rows, aligned="---:"):
    lines = [head, ["---", *(aligned for _ in head[1:])], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def table():
    columns = {name: costs(usage) for name, usage in SCENARIOS.items()}
    with_sync = {name: costs(replace(usage, sync=True)) for name, usage in SCENARIOS.items()}
    rows = [[part, *(dollars(column[part]) for column in columns.values())] for part in next(iter(columns.values()))]
    rows.append(["**together**", *(f"**{dollars(sum(column.values()))}**" for column in columns.values())])
    more = [sum(with_sync[name].values()) - sum(column.values()) for name, column in columns.items()]
    rows.append(["sync adds", *map(dollars, more)])
    entries = [
        sum(with_sync[name][part] - column[part] for part in column if part.startswith("DynamoDB"))
        for name, column in columns.items()
    ]
    rows.append(["of that, its index and its reads", *map(dollars, entries)])
    return as_table([f"$ a month ({PRICES_OF})", *columns], rows)


# What one partition serves in a second. The notes of one user are in one, which an index like ours keeps DynamoDB from
# splitting.
PARTITION = {"write units": 1_000, "read units": 3_000}


def at_most(rate, prices=PRICES):
    """What one user costs at most in a day, with so many requests a second, whatever these are.

    The table serves no more than a partition does, and sends no more than is read or written of it. What remains are
    the requests themselves, also those that are refused.
    """
    seconds = 86_400
    million = rate * seconds / 1e6
    usage = Usage(users=1, notes=0)
    a_million = (
        prices["HTTP API, a million requests up to 300 million"]
        + prices["Lambda, a million requests"]
        + 1e6 * usage.milliseconds / 1000 * usage.megabytes / 1024 * prices["Lambda on arm64, a GB-second"]
        + 1e6 * usage.line / GB * prices["CloudWatch, a GB of logs"]
    )
    writes = min(rate * 344, PARTITION["write units"]) * seconds
    reads = min(rate * 256, PARTITION["read units"]) * seconds
    sent = (writes * 1024 + reads * 4096) / GB
    return {
        "requests": million * a_million,
        "the table": writes / 1e6 * prices["DynamoDB, a million write units"] + reads / 1e6 * prices["DynamoDB, a million read units"],
        "data to the internet": sent * prices["data sent to the internet, a GB"],
    }


def limits_table():
    rates = (1, 10, 100, 10_000)
    columns = [at_most(rate) for rate in rates]
    rows = [[part, *(dollars(column[part]) for column in columns)] for part in columns[0]]
    rows.append(["**together**", *(f"**{dollars(sum(column.values()))}**" for column in columns)])
    head = [f"$ a day ({PRICES_OF})", *(f"{rate:,} requests a second" if rate > 1 else "1 request a second" for rate in rates)]
    return as_table(head, rows)


def prices_table():
    rows = [[name, f"{price:.2f}" if price == round(price, 2) else f"{price:.10f}".rstrip("0"), where, of]
            for name, (price, where, of) in PRICE_LIST.items()]
    return as_table(["what (us-east-1)", "$", "found in", "as of"], rows, "---")


if __name__ == "__main__":
    print(table(), limits_table(), prices_table(), sep="\n\n")
