"""Makes tables and plots of what the benches have measured. `benches/run` calls it.

    python3 benches/report.py KIND FILE    # of a new measurement, which it keeps in benches/results/
    python3 benches/report.py plots        # of all that is kept
    python3 benches/report.py check        # fails unless the plots and the tables in docs/ are those of what is kept
"""

import datetime
import json
import os
import sys
from html import escape
from math import ceil
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "deploy"))
import costs  # noqa: E402

RESULTS = ROOT / "benches" / "results"

# What the stub in place of DynamoDB does not take: the usual time of a request, which Lambda bills.
DYNAMODB_MS = 5


def criterion(directory):
    """The medians that criterion has written, in the order in which they were measured."""
    found = sorted(Path(directory).rglob("new/estimates.json"), key=lambda file: file.stat().st_mtime)
    for file in found:
        bench = json.loads(file.with_name("benchmark.json").read_text())
        median = json.loads(file.read_text())["median"]["point_estimate"]
        yield {"group": bench["group_id"], "name": bench["function_id"], "microseconds": median / 1_000}


def functions(measured):
    sizes = {(size["contestant"], size["operation"]): size for size in measured["sizes"]}
    for cold in measured["cold"]:
        size = sizes[cold["contestant"], "get"]
        more = {"peak_rss_mib": cold["peak_mib"]["median"], "zip_mb": size["compressed"] / 1e6}
        yield {"group": "cold start, get", "name": cold["contestant"], "cpu_ms": cold["cpu"]["median"], **more}
    for warm in measured["warm"]:
        yield {"group": f"warm {warm['operation']}", "name": warm["contestant"], "cpu_ms": warm["cpu"]["median"]}


def memory(measured):
    for share in measured["shares"]:
        megabytes, busy = share["memory_mb"], share["busy"]
        billed = ceil(DYNAMODB_MS + busy["cpu"] + busy["throttled"])
        seconds = 1e6 * billed / 1_000 * megabytes / 1_024
        price = seconds * costs.PRICES["Lambda on arm64, a GB-second"] + costs.PRICES["Lambda, a million requests"]
        yield {
            "group": f"{share['operation']}, {share['content_bytes'] // 1_000} KB",
            "name": f"{megabytes:,} MB",
            "cpu_ms": busy["cpu"],
            "first_waits_ms": share["first"]["throttled"],
            "idle_waits_ms": share["idle"]["throttled"],
            "busy_waits_ms": busy["throttled"],
            "billed_ms": billed,
            "dollars_a_million": price,
        }


# Of each kind: its rows, what is compared with the base, the base if it is not the first row of a group, a title.
KINDS = {
    "criterion": (criterion, "microseconds", None, "Time on the clock, as a ratio to the first of each group"),
    "load": (list, "requests_per_second", None, "Requests a second to the local API"),
    "pages": (list, "milliseconds", None, "Milliseconds of a page of 10 notes"),
    "functions": (functions, "cpu_ms", "bare-sdk", "CPU time of a function in ms"),
    "memory": (memory, "billed_ms", None, "Milliseconds that Lambda bills for an invocation"),
}


def digits(number):
    """With three digits that mean something."""
    if isinstance(number, int) or number == 0:
        return f"{number:,.0f}"
    decimals = next((places for least, places in ((100, 0), (10, 1), (1, 2)) if abs(number) >= least), 3)
    return f"{number:,.{decimals}f}"


def with_ratios(kind, rows):
    """The rows, each with its ratio to the base of its group, unless it is alone there."""
    _, measure, base, _ = KINDS[kind]
    groups = {}
    for row in rows:
        groups.setdefault(row["group"], []).append(row)
    bases = {group: next((row for row in of if row["name"] == base), of[0])[measure] for group, of in groups.items()}
    return [row | {"ratio": row[measure] / bases[group]} if len(of) > 1 else row for group, of in groups.items() for row in of]


def table(kind, rows):
    columns = list(dict.fromkeys(column for row in rows for column in row))
    lines = [[column.replace("_", " ") for column in columns], ["---", "---", *["---:"] * (len(columns) - 2)]]
    for row in rows:
        cells = (row.get(column, "") for column in columns)
        lines.append([cell if isinstance(cell, str) else digits(cell) for cell in cells])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


STYLE = """text{font:13px sans-serif;fill:#24292f}.group{font-weight:bold}rect{fill:#4c78a8}.page{fill:#fff}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.page{fill:#161b22}}"""


def plot(kind, rows):
    """Bars. Each group has a scale of its own, as only ratios compare."""
    _, measure, _, title = KINDS[kind]
    if kind == "criterion":
        measure = "ratio"
    left, width, height = 260, 320, 18
    y, parts = 24, [f'<text class="group" x="10" y="18">{escape(title)}</text>']
    for number, row in enumerate(rows):
        if number == 0 or row["group"] != rows[number - 1]["group"]:
            y += height + 6
            parts.append(f'<text class="group" x="10" y="{y}">{escape(row["group"])}</text>')
            greatest = max(other[measure] for other in rows if other["group"] == row["group"])
        y += height
        bar = max(1, round(width * row[measure] / greatest))
        parts.append(f'<text x="{left - 8}" y="{y}" text-anchor="end">{escape(row["name"])}</text>')
        parts.append(f'<rect x="{left}" y="{y - 12}" width="{bar}" height="14"/>')
        parts.append(f'<text x="{left + bar + 6}" y="{y}">{digits(row[measure])}</text>')
    size = f'width="{left + width + 80}" height="{y + 12}"'
    page = f'<rect class="page" {size}/>'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{escape(title)}">'
    return "\n".join([head, f"<style>{STYLE}</style>", page, *parts, "</svg>", ""])


def machine():
    models = [line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
    return f"{len(models)} × {models[0] if models else os.uname().machine}, Linux {os.uname().release.split('-')[0]}"


def keep(kind, file):
    measured = KINDS[kind][0](json.loads(Path(file).read_text()))
    busy = " ".join(open("/proc/loadavg").read().split()[:3])
    kept = {"date": str(datetime.date.today()), "machine": machine(), "load_average": busy, "rows": list(measured)}
    (RESULTS / f"{kind}.json").write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")


def kept():
    """Of each kind that was measured: its name, what is kept, its table, its plot, and the file of the plot."""
    for file in sorted(RESULTS.glob("*.json")):
        kind, result = file.stem, json.loads(file.read_text())
        rows = with_ratios(kind, result["rows"])
        yield kind, result, table(kind, rows), plot(kind, rows), ROOT / "docs" / "images" / f"bench-{kind}.svg"


def main(kind, file=None):
    if kind == "check":
        text = "".join(page.read_text() for page in (ROOT / "docs").glob("*.md"))
        for kind, _, lines, drawn, svg in kept():
            assert svg.read_text() == drawn, f"{svg} is not what is kept: bash benches/run plots"
            assert lines in text, f"the table of {kind} is not in the documentation: bash benches/run plots prints it"
        return
    if kind in KINDS:
        keep(kind, file)
    for name, result, lines, drawn, svg in kept():
        if kind in (name, "plots"):
            svg.write_text(drawn)
            print(f"{name}: {result['date']}, {result['machine']}, load average {result['load_average']}\n\n{lines}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
