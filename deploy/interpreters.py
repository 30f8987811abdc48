"""Whether every script is called through its interpreter: `bash deploy/lint`, never `deploy/lint`.

The source that a pipeline gets is a zip without executable bits, where `deploy/lint` alone is "Permission denied". This
reads the scripts, the buildspecs and the commands of the documentation. It is held against FAULTS first.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILES = [file for name in (".ci", "deploy") for file in (ROOT / name).iterdir() if file.is_file()]
SCRIPTS = sorted(file for file in FILES if file.open("rb").read(2) == b"#!")
NAMES = "|".join(re.escape(script.name) for script in SCRIPTS)
# Where a command starts, with the variables that it may be given, and then a script.
DIRECT = re.compile(
    r"(?:^|[;&|({`]|\$\(|\b(?:then|do|else|exec|if|until|while|noting_skips|covers)\s)\s*"
    r"(?:(?:export\s+)?\w+=(?:\"[^\"]*\"|'[^']*'|\S)*\s+)*"
    rf"[\"']?(?:\./|\$\w+/|\$\{{\w+\}}/)?(?:(?:\.ci|deploy)/|(?<=\$here/))(?:{NAMES})[\"']?(?=[\s);&|`]|$)"
)
FAULTS = [
    "    .ci/engines", "deploy/test", "    noting_skips deploy/test --x", "NOTES_BINARIES=$target/release deploy/lint",
    'local_stack() { NOTES_LOCAL_RUN=$run "$here/local" "$@"; }', "if x; then deploy/lint; fi", "x && ./.ci/run", "# deploy/local",
    "`.ci/run` is what",
]
GOOD = ["bash .ci/run", "NOTES_BINARIES=x bash deploy/test", 'bash "$here/local" "$@"', "cat deploy/lint", "deploy/.local/venv", ". deploy/tools.sh"]


def is_direct(line):
    return DIRECT.search(line.removeprefix("#").removeprefix("!").strip()) is not None


def commands(path):
    """The lines of a file that are commands, or say how one is called."""
    lines = path.read_text().splitlines()
    if path.suffix != ".md":
        return [(number, line) for number, line in enumerate(lines, 1) if not (line.startswith("# ") and not line.startswith("#   "))]
    found, inside = [], False
    for number, line in enumerate(lines, 1):
        if line.strip().startswith("```"):
            inside = not inside and line.strip() in ("```sh", "```bash")
        elif inside:
            found.append((number, line))
    return found


def main():
    for line, wanted in [(command, True) for command in FAULTS] + [(command, False) for command in GOOD]:
        if is_direct(line) != wanted:
            raise SystemExit(f"interpreters.py reads this wrong: {line}")
    files = [*SCRIPTS, *ROOT.glob(".ci/*.sh"), *ROOT.glob("deploy/*.sh"), *ROOT.glob("deploy/*.yml"), *ROOT.glob("*.md"),
             *ROOT.glob("docs/**/*.md"), *ROOT.glob("deploy/*.md")]
    calls = [(file, number, line) for file in files for number, line in commands(file) if is_direct(line)]
    failed = [f"{file.relative_to(ROOT)}:{number}: {line.strip()}" for file, number, line in calls]
    for call in failed:
        print(f"{call}: to be called through its interpreter")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
