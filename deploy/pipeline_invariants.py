"""What must hold for the template of the pipeline, beyond what cfn-lint knows.

    pipeline_invariants.py TEMPLATE
"""

import sys
from pathlib import Path

from invariants import custom_rules, retained
from template import held


def time(template):
    """A new account may build one thing at a time, so either build waits for the other, which may take all of its time."""
    projects = template.all("CodeBuild::Project")
    together = sum(project["TimeoutInMinutes"] for project in projects.values())
    for name, project in projects.items():
        if not together <= project["QueuedTimeoutInMinutes"] <= 480:
            yield f"{name} leaves the queue after {project['QueuedTimeoutInMinutes']} minutes, before the others are done"


def builds(template):
    if sorted(template.all("CodeBuild::Project")) != ["DeployProject", "TestProject"]:
        yield "these are not the two builds"
    groups = template.all("Logs::LogGroup")
    for name, project in template.all("CodeBuild::Project").items():
        if project["Environment"]["Type"] != "ARM_CONTAINER" or "aarch64" not in project["Environment"]["Image"]:
            yield f"{name} does not build on ARM"
        log = project.get("LogsConfig", {}).get("CloudWatchLogs", {})
        if log.get("Status") != "ENABLED" or log["GroupName"]["Ref"] not in groups:
            yield f"{name} logs to no group of the template"
        if project["Cache"]["Type"] != "LOCAL":
            yield f"{name} shares its cache with other projects"
        if not (Path(__file__).parent.parent / project["Source"]["BuildSpec"]).is_file():
            yield f"{name}'s buildspec is not there"
    deploy = template.all("CodeBuild::Project").get("DeployProject", {"Environment": {}})["Environment"]
    variables = {variable["Name"]: variable["Value"] for variable in deploy.get("EnvironmentVariables", [])}
    if variables != {"STAGE": {"Ref": "Stage"}, "ARCHITECTURE": "arm64", "PERMISSIONS_BOUNDARY": {"Ref": "FunctionBoundary"}}:
        yield f"the deploy stage is told {variables}"


def pipeline(template):
    properties = template.one("CodePipeline::Pipeline")
    if (properties["PipelineType"], properties["ExecutionMode"]) != ("V2", "QUEUED"):
        yield "the pipeline does not queue its runs"
    stages = [stage["Actions"][0]["Configuration"].get("ProjectName", {}).get("Ref") for stage in properties["Stages"]]
    if stages != [None, "TestProject", "DeployProject"]:
        yield f"it does not test before it deploys: {stages}"


def artifacts(template):
    bucket = template.one("S3::Bucket")
    rules = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    if [(rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"], rule.get("BucketKeyEnabled")) for rule in rules] != [("aws:kms", True)]:
        yield "artifacts are not encrypted with KMS and a bucket key"
    if not all(rule.get("ExpirationInDays") for rule in bucket["LifecycleConfiguration"]["Rules"]):
        yield "artifacts do not expire"


CHECKS = [time, builds, pipeline, artifacts, retained, custom_rules]
FAULTS = {
    "a short queue": ("CodeBuild::Project", lambda project: project.update(QueuedTimeoutInMinutes=60), "leaves the queue after 60"),
    "a longer test": ("CodeBuild::Project", lambda project: project.update(TimeoutInMinutes=480), "may run for too long"),
    "another processor": ("CodeBuild::Project", lambda project: project["Environment"].update(Type="LINUX_CONTAINER"), "does not build on ARM"),
    "a shared cache": ("CodeBuild::Project", lambda project: project.update(Cache={"Type": "S3"}), "shares its cache"),
    "no buildspec": ("CodeBuild::Project", lambda project: project["Source"].update(BuildSpec="buildspec.yml"), "buildspec is not there"),
    "no log": ("CodeBuild::Project", lambda project: project.pop("LogsConfig"), "logs to no group"),
    "a log for ever": ("Logs::LogGroup", lambda group: group.pop("RetentionInDays"), "kept for ever"),
    "no boundary": (
        None,
        lambda template: template.all("CodeBuild::Project")["DeployProject"]["Environment"]["EnvironmentVariables"].pop(),
        "the deploy stage is told",
    ),
    "parallel runs": ("CodePipeline::Pipeline", lambda properties: properties.update(ExecutionMode="PARALLEL"), "does not queue its runs"),
    "no test": ("CodePipeline::Pipeline", lambda properties: properties["Stages"].pop(1), "does not test before it deploys"),
    "a failed creation stays": (
        None, lambda template: template.resources["ArtifactBucket"].update(DeletionPolicy="Retain"), "ArtifactBucket stays",
    ),
    "artifacts for ever": (
        "S3::Bucket", lambda bucket: bucket["LifecycleConfiguration"]["Rules"][0].pop("ExpirationInDays"), "artifacts do not expire",
    ),
    "public artifacts": ("S3::Bucket", lambda bucket: bucket.pop("PublicAccessBlockConfiguration"), "may be public"),
    "no KMS": (
        "S3::Bucket",
        lambda bucket: bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"].pop(),
        "not encrypted with KMS",
    ),
}

if __name__ == "__main__":
    found = list(held(sys.argv[1:], CHECKS, FAULTS))
    print(*found, sep="\n", end="\n" if found else "")
    sys.exit(bool(found))
