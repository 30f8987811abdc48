"""Splits the instructions that valgrind counted between the parts of a function: python3 parts.py PROFILES

A line counts what its code executes itself, and not what it calls. What the compiler has inlined counts where it is.
"""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

CONTESTANTS = ["null", "bare-sdk", "notes"]
# Of the warm profile, after the one of the cold start.
INVOCATIONS = 20

# The first that the name of a function matches. A name in Rust begins with its crate.
PARTS = {
    "loading and relocating the binary": r"_dl_|do_lookup|dl_|check_match|elf_|intel_|handle_intel|init_cpu|update_active",
    "allocator": r"_?_?(malloc|free|calloc|realloc)|_int_|unlink_chunk|sysmalloc|alloc_perturb|tcache|__rustc?::|__rust_|__rdl",
    "copying and comparing bytes": r"_*(mem|str)(cpy|cmp|move|set|len|chr|ncmp|nlen|rchr|casecmp)",
    "cryptography (ring)": r"ring|fiat_|x25519|fe_|ge_|table_select|bn_|aes|gcm|sha(256|512)|_?(aesni|gcm)|limbs|LIMBS|p256",
    "TLS and certificates (rustls, webpki)": r"rustls|webpki|tokio_rustls|untrusted",
    "partitions of AWS (regular expressions)": r"regex_lite|aws_sdk_dynamodb::endpoint_lib",
    "signature of the request (sha2, hmac, sigv4)": r"sha2|hmac|digest|aws_sigv4|block_buffer|hybrid_array",
    "HTTP (hyper, http)": r"hyper|http|h2|httparse|want|url|idna|percent_encoding|form_urlencoded|aws_smithy_http_client",
    "JSON (serde, aws-smithy-json)": r"serde|aws_smithy_json|itoa|ryu|zmij",
    "the rest of the SDK": r"aws_",
    "Lambda's runtime and tokio": r"tokio|mio|lambda_runtime|tower|futures|async_stream|tracing|bytes|slab|socket2",
    "notes": r"notes_|get_note|jiff|uuid|base64",
    "functions of the standard library": r"core|alloc|std|hashbrown|fastrand|memchr",
}


def part(function):
    name = re.sub(r"^(<|&|mut |dyn |impl |\(|\[|\*const |\*mut )+", "", function)
    return next((part for part, pattern in PARTS.items() if re.match(pattern, name)), "other")


def profile(file):
    command = ["callgrind_annotate", "--threshold=100", "--auto=no", "--show=Ir", str(file)]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    parts = Counter()
    for line in text.splitlines():
        # Instructions, their share, the file and the function.
        found = re.match(r"\s*([\d,]+) \(\s*[\d.]+%\)\s+(?:\S*?:)?(?!:)(.+?)(?: \[\S+\])?$", line)
        if found and "PROGRAM TOTALS" not in line:
            parts[part(found[2])] += int(found[1].replace(",", ""))
    return parts


def main():
    directory = Path(sys.argv[1])
    cold = [profile(directory / f"{name}-get.cold") for name in CONTESTANTS]
    warm = [profile(directory / f"{name}-get.warm") for name in CONTESTANTS]
    for parts, started in zip(warm, cold):
        parts.subtract(started)
        for name in parts:
            parts[name] //= INVOCATIONS
    for title, columns in (("Cold start", cold), ("Warm invocation", warm)):
        print(f"\n| {title}, thousands of instructions | {' | '.join(CONTESTANTS)} |\n|---|--:|--:|--:|")
        for name in [*PARTS, "other"]:
            print(f"| {name} | {' | '.join(f'{column[name] / 1_000:,.0f}' for column in columns)} |")
        print(f"| all | {' | '.join(f'{sum(column.values()) / 1_000:,.0f}' for column in columns)} |")


main()
