"""What checkov, a linter of security, says of the packaged templates and of the template of the pipeline.

    security.py CHECKOV TEMPLATE …

What it may say is in EXCEPTIONS, each with its reason; one that it does not say any more is a failure. Templates are then
damaged in every way that FAULTS lists, and it has to name each damage.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from template import IMPOSSIBLE, Template, read

EXCEPTIONS = {
    "CKV_AWS_18": "the buckets have source and artifacts, which are in git too; a log of who reads them costs a bucket more",
    "CKV_AWS_21": "osls names each artifact anew, so that nothing in its bucket is ever overwritten",
    "CKV_AWS_26": "an alarm says a number, and CloudWatch can't publish to a topic that is encrypted with AWS's own key",
    "CKV_AWS_115": "the option reservedConcurrency: an account with a limit of 10 could not deploy it",
    "CKV_AWS_116": "an API calls the functions and gets their errors; a queue would get none",
    "CKV_AWS_117": "the functions call DynamoDB alone, over TLS, by their roles; a VPC would need an endpoint for it",
    "CKV_AWS_119": "the option keyArn: a key of one's own costs a fee and a fraction for each call",
    "CKV_AWS_158": "the logs have neither notes nor users; CloudWatch encrypts them with a key of its own in any case",
    "CKV_AWS_173": "the variables are names and numbers, no secrets; Lambda encrypts them with a key of its own in any case",
}

# A kind of resource, what is done to the first of it, and what checkov calls that.
FAULTS = {
    "no recovery": ("DynamoDB::Table", lambda table: table.pop("PointInTimeRecoverySpecification"), "CKV_AWS_28"),
    "a public bucket": ("S3::Bucket", lambda bucket: bucket["PublicAccessBlockConfiguration"].update(BlockPublicAcls=False), "CKV_AWS_53"),
    "a public policy": ("S3::Bucket", lambda bucket: bucket["PublicAccessBlockConfiguration"].update(BlockPublicPolicy=False), "CKV_AWS_54"),
    "a bucket for reading": ("S3::Bucket", lambda bucket: bucket.update(AccessControl="PublicRead"), "CKV_AWS_20"),
    "no token of a method": ("ApiGateway::Method", lambda method: method.update(AuthorizationType="NONE"), "CKV_AWS_59"),
    "no access log": ("ApiGatewayV2::Stage", lambda stage: stage.pop("AccessLogSettings"), "CKV_AWS_95"),
    "a log for ever": ("Logs::LogGroup", lambda group: group.pop("RetentionInDays"), "CKV_AWS_66"),
    "a secret": (
        "Lambda::Function",
        lambda function: function["Environment"]["Variables"].update(AWS_ACCESS_KEY_ID="AKIA" + "IOSFODNN7EXAMPLE"),
        "CKV_AWS_45",
    ),
    "anything": (
        "IAM::Role",
        lambda role: role["Policies"][0]["PolicyDocument"]["Statement"][0].update(Action="*", Resource="*"),
        "CKV_AWS_63",
    ),
    "for anybody": (
        "IAM::Role",
        lambda role: role["AssumeRolePolicyDocument"]["Statement"][0].update(Principal={"AWS": "*"}),
        "CKV_AWS_60",
    ),
}


def failed(checkov, paths):
    """The checks that fail, with the resource that each is about, by the template's path."""
    command = [checkov, "--framework", "cloudformation", "--skip-download", "--quiet", "--compact", "--output", "json"]
    command += [argument for path in paths for argument in ("--file", path)]
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True).stdout
    report = json.loads(said)
    if report["summary"]["parsing_errors"] or not report["summary"]["passed"]:
        raise SystemExit(f"checkov can't read the templates: {report['summary']}")
    found = {}
    for check in report["results"]["failed_checks"]:
        found.setdefault(check["file_abs_path"], []).append((check["check_id"], check["check_name"], check["resource"]))
    return found


def damaged(paths, directory):
    """The file of each fault: the first template that can have it, with it."""
    for number, (name, (kind, damage, _)) in enumerate(FAULTS.items()):
        for path in paths:
            template = read(path)
            template.pop("osls", None)
            part = next(iter(Template(template).all(kind).values()), None)
            if part is not None and damage(part) is not IMPOSSIBLE:
                file = Path(directory) / f"{number}.json"
                file.write_text(json.dumps(template))
                yield name, str(file)
                break
        else:
            raise SystemExit(f"no template has what can have the fault: {name}")


def main():
    checkov, *paths = sys.argv[1:]
    paths = [str(Path(path).resolve()) for path in paths]
    problems = []
    with tempfile.TemporaryDirectory() as directory:
        directory = Path(directory).resolve()
        files = dict(damaged(paths, directory))
        found = failed(checkov, [*paths, *files.values()])
        said = {check for path in paths for check, _, _ in found.get(path, [])}
        for path in paths:
            problems += [f"{path}: {check}: {name}: {resource}" for check, name, resource in found.get(path, []) if check not in EXCEPTIONS]
        problems += [f"the exception {check} is of no use any more" for check in EXCEPTIONS.keys() - said]
        for name, file in files.items():
            if FAULTS[name][2] not in {check for check, _, _ in found.get(file, [])}:
                problems.append(f"not noticed: {name}: {sorted({check for check, _, _ in found.get(file, [])} - said)}")
    print(*problems, sep="\n", end="\n" if problems else "")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
