"""Checks the pipeline as far as that goes without an AWS account: see deploy/pipeline-test.

It lints deploy/pipeline.yml, creates it with deploy/deploy-pipeline on an emulator on this machine, and runs the
commands of both buildspecs in a copy of what a checkout has, without executable bits, as CodePipeline hands it on. The
emulator enforces IAM, so the deploy stage deploys with no more rights than its role gives it, and what the roles must not
do is refused.

The tools come from PyPI, at fixed versions, into deploy/.local. Nothing listens beyond this machine, nothing stays.
"""

import hashlib
import json
import os
import platform
import re
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).absolute()
VENV = ROOT / "deploy" / ".local" / "pipeline-test"
# What these machines are to Lambda.
ARCHITECTURE = {"x86_64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}[platform.machine()]
# Beside what deploy/requirements.txt has, and with all that they bring.
TOOLS = """
awscli==1.46.3
colorama==0.4.6
docutils==0.19
pyasn1==0.6.5
rsa==4.7.2
"""
FUNCTIONS = ("create-note", "list-notes", "list-changes", "get-note", "update-note", "delete-note")
REGION = "eu-central-1"
STAGE = "prod"
STACK, PIPELINE = f"notes-{STAGE}", f"notes-pipeline-{STAGE}"
# Set for the commands of the buildspecs: .ci/run may run this script, and it .ci/run.
NESTED = "NOTES_PIPELINE_TEST"
# Set when this script has its tools.
STARTED = "NOTES_PIPELINE_TEST_TOOLS"

# What parliament's list of IAM actions, older than these, has wrong.
OUTDATED = {
    "apigateway:TagResource": "on no list of IAM's, and asked for nevertheless",
    "apigateway:UntagResource": "as that",
    "lambda:GetFunctionScalingConfig": "newer than the list",
    "s3:GetBucketAbac": "newer than the list",
    "dynamodb:GetResourcePolicy": "it takes a table too",
    "cognito-idp:ListUserPoolClientSecrets": "newer than the list",
    "codestar-connections:UseConnection": "the connection here has the service's new name",
}


def tools():
    """Starts this script again with its tools: those of the other scripts here, and a few more."""
    install = f". {shlex.quote(str(ROOT / 'deploy' / 'tools.sh'))} && install_python >&2 && printf %s \"$venv\""
    shared = Path(subprocess.run(["bash", "-ec", install], check=True, stdout=subprocess.PIPE, text=True).stdout)
    python = VENV / "bin" / "python"
    stamp = VENV / hashlib.sha256(f"{TOOLS}{shared}".encode()).hexdigest()[:16]
    if not stamp.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=True)
        packages = "import sysconfig; print(sysconfig.get_path('purelib'))"
        own, other = (Path(subprocess.check_output([venv / "bin" / "python", "-c", packages], text=True).strip())
                      for venv in (VENV, shared))
        (own / "shared.pth").write_text(f"{other}\n")
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile", "--no-deps"]
        subprocess.run([*pip, *TOOLS.split()], check=True)
        stamp.touch()
    path = f"{VENV / 'bin'}:{shared / 'bin'}:{os.environ['PATH']}"
    os.execve(python, [python, __file__, *sys.argv[1:]], os.environ | {"PATH": path, STARTED: "1"})


class Results:
    passed, failed = 0, []

    def section(self, title):
        print(f"\n=== {title}", flush=True)

    def check(self, what, ok, detail=""):
        if ok:
            self.passed += 1
        else:
            self.failed.append(what)
        print(f"ok      {what}" if ok else f"FAILED  {what}: {detail}", flush=True)
        return ok

    def skipped(self, what, reason):
        print("SKIPPED", f"{what}: {reason}", flush=True)


results = Results()
check = results.check


class Emulator:
    """ministack, with TLS and IAM, on a free port of the loopback interface."""

    def __init__(self, scratch):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        # With TLS it would take the customary port too, if that is free when it starts.
        self.https = socket.socket()
        try:
            self.https.bind(("127.0.0.1", 443))
            self.https.listen()
        except OSError:
            pass
        self.url = f"https://127.0.0.1:{port}"
        self.home = scratch / "emulator"
        self.home.mkdir()
        self.certificate = self.home / "ministack-tls" / "server.crt"
        self.log = []
        self.process = subprocess.Popen(
            ["ministack"],
            env=clean_environment() | self.environment("root", "root") | {
                "AUTH": "true",
                "BIND_HOST": "127.0.0.1",
                "GATEWAY_PORT": str(port),
                "IOT_MTLS_ENABLED": "0",
                "LAMBDA_EXECUTOR": "local",
                "MINISTACK_REGION": REGION,
                "SFTP_ENABLED": "0",
                "TMPDIR": str(self.home),
                "USE_SSL": "1",
            },
            cwd=self.home, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
            start_new_session=True,
        )
        self.running = threading.Event()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.log.append(line)
            if f"Running on {self.url}" in line:
                self.running.set()
        self.running.set()

    def __enter__(self):
        started = self.running.wait(timeout=120) and self.process.poll() is None
        self.https.close()
        if not started:
            self.__exit__()
            raise SystemExit("The emulator did not start:\n" + "".join(self.log[-20:]))
        return self

    def __exit__(self, *_):
        for end in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, end)
                self.process.wait(timeout=20)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue

    def environment(self, key, secret):
        return {
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_CA_BUNDLE": str(self.certificate),
            "NODE_EXTRA_CA_CERTS": str(self.certificate),
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_PAGER": "",
        }

    def as_root(self):
        return Principal(self, "test", "test")

    def as_role(self, logical):
        """A user with the policies of a role of the pipeline. The role itself is for an AWS service."""
        root = self.as_root()
        iam = root.client("iam")
        role = root.physical(PIPELINE, logical)
        iam.create_user(UserName=logical)
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            policy = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
            iam.put_user_policy(UserName=logical, PolicyName=name, PolicyDocument=json.dumps(policy))
        key = iam.create_access_key(UserName=logical)["AccessKey"]
        return Principal(self, key["AccessKeyId"], key["SecretAccessKey"])


class Principal:
    def __init__(self, emulator, key, secret, token=None):
        self.environment = emulator.environment(key, secret)
        import boto3

        self.session = boto3.Session(key, secret, token, region_name=REGION)
        self.options = {"endpoint_url": emulator.url, "verify": str(emulator.certificate)}

    def client(self, service):
        return self.session.client(service, **self.options)

    def physical(self, stack, logical):
        found = self.client("cloudformation").describe_stack_resource(StackName=stack, LogicalResourceId=logical)
        return found["StackResourceDetail"]["PhysicalResourceId"]

    def may(self, service, call, **arguments):
        """Whether IAM lets it through; a response that something is missing has passed IAM."""
        from botocore.exceptions import ClientError

        try:
            getattr(self.client(service), call)(**arguments)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            return not (code.startswith("AccessDenied") or code in ("UnauthorizedOperation", "403"))
        return True


def clean_environment():
    """This one, without anything of a real account."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}


def lint():
    results.section("Lint")
    template = ROOT / "deploy" / "pipeline.yml"
    done = subprocess.run(["cfn-lint", "--regions", REGION, "--", template])
    check("cfn-lint finds nothing in deploy/pipeline.yml", done.returncode == 0, "see above")
    # What the emulator would not notice.
    done = subprocess.run([sys.executable, ROOT / "deploy" / "pipeline_invariants.py", template])
    check("nor does deploy/pipeline_invariants.py", done.returncode == 0, "see above")


def template():
    from cfnlint.decode.cfn_yaml import load

    return json.loads(json.dumps(load(str(ROOT / "deploy" / "pipeline.yml"))))


def deploy_pipeline(environment, template_path=None):
    """The one command, as docs/deployment.md has it."""
    chosen = {"NOTES_PIPELINE_TEMPLATE": str(template_path)} if template_path else {}
    while True:
        done = subprocess.run(
            ["bash", ROOT / "deploy" / "deploy-pipeline", "RepositoryId=example/notes",
             f"ConnectionArn=arn:aws:codeconnections:{REGION}:000000000000:connection/01234567-89ab-cdef-0123-456789abcdef"],
            env=clean_environment() | environment | chosen,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        # The AWS CLI names a change set after the current second, and the one before may have begun in the same second.
        if not re.search(r"ChangeSet \[awscli-cloudformation-package-deploy-\d+\] already exists", done.stdout):
            return done


def create(emulator, scratch, pipeline):
    results.section("deploy/deploy-pipeline, on the emulator")
    root = emulator.as_root()
    done = deploy_pipeline(root.environment)
    if done.returncode != 0 and "Unrecognized resource types: [AWS::CodePipeline::Pipeline]" in done.stdout:
        results.skipped("creating AWS::CodePipeline::Pipeline", f"the emulator says: {done.stdout.strip()}")
        del pipeline["Resources"]["Pipeline"], pipeline["Outputs"]["Pipeline"]
        copy = scratch / "pipeline.json"
        copy.write_text(json.dumps(pipeline))
        done = deploy_pipeline(root.environment, copy)
        check("it creates everything else", done.returncode == 0, done.stdout)
        done = deploy_pipeline(root.environment, copy)
    else:
        check("it creates everything", done.returncode == 0, done.stdout)
        done = deploy_pipeline(root.environment)
    check("a second time it finds nothing to change", "No changes to deploy" in done.stdout, done.stdout)

    found = root.client("cloudformation").describe_stack_resources(StackName=PIPELINE)["StackResources"]
    there = {resource["LogicalResourceId"] for resource in found if resource["ResourceStatus"] == "CREATE_COMPLETE"}
    check("every resource is there", there == set(pipeline["Resources"]), there ^ set(pipeline["Resources"]))
    bucket = root.physical(PIPELINE, "ArtifactBucket")
    s3 = root.client("s3")
    check("artifacts have versions", s3.get_bucket_versioning(Bucket=bucket).get("Status") == "Enabled")
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    check("artifacts are never public", len(block) == 4 and all(block.values()), block)


def policies(emulator):
    results.section("Policies, as created")
    warnings.simplefilter("ignore")  # about how parliament finds its data
    from parliament import analyze_policy_string

    root = emulator.as_root()
    iam = root.client("iam")
    for logical in ("TestRole", "DeployRole", "PipelineRole"):
        role = root.physical(PIPELINE, logical)
        findings = []
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            policy = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
            written = json.dumps(policy)
            for finding in analyze_policy_string(written).findings:
                details = finding.detail if isinstance(finding.detail, list) else [finding.detail]
                # A wildcard also names actions that have no resource of this kind: it gives nothing of those.
                details = [f"{finding.issue} {detail}" for detail in details
                           if "action" not in detail or isinstance(detail, str) or detail["action"] in written]
                findings += [detail for detail in details if not any(action in detail for action in OUTDATED)]
        check(f"parliament finds nothing in {logical}", not findings, findings)


def boundary(emulator):
    results.section("The boundary of the functions' roles")
    from parliament import analyze_policy_string

    root = emulator.as_root()
    iam = root.client("iam")
    arn = root.physical(PIPELINE, "FunctionBoundary")
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    policy = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    # parliament knows which keys DynamoDB has, and not that Lambda adds one to the calls of a function.
    findings = [f"{finding.issue} {finding.detail}" for finding in analyze_policy_string(json.dumps(policy)).findings
                if "lambda:SourceFunctionArn" not in str(finding.detail)]
    check("parliament finds nothing in it", not findings, findings)
    return arn


def rights_of_test_and_pipeline(emulator):
    results.section("Rights of the test stage and of the pipeline")
    root, test, pipeline = emulator.as_root(), emulator.as_role("TestRole"), emulator.as_role("PipelineRole")
    bucket = root.physical(PIPELINE, "ArtifactBucket")
    log = root.physical(PIPELINE, "TestLog")
    artifact = {"Bucket": bucket, "Key": "notes/source/1"}
    check("the pipeline writes artifacts", pipeline.may("s3", "put_object", **artifact, Body=b"zip"))
    check("the pipeline starts its builds", pipeline.may("codebuild", "start_build", projectName=f"{PIPELINE}-test"))
    check("the pipeline starts no others", not pipeline.may("codebuild", "start_build", projectName="other"))
    check("the pipeline deploys nothing", not pipeline.may("cloudformation", "describe_stacks", StackName=STACK))
    check("a test reads artifacts", test.may("s3", "get_object", **artifact))
    check("a test writes its log", test.may("logs", "create_log_stream", logGroupName=log, logStreamName="1"))
    for service, call, arguments in (
        ("s3", "put_object", artifact | {"Body": b"zip"}),
        ("s3", "list_buckets", {}),
        ("logs", "create_log_stream", {"logGroupName": f"/aws/codebuild/{PIPELINE}-deploy", "logStreamName": "1"}),
        ("codebuild", "start_build", {"projectName": f"{PIPELINE}-deploy"}),
        ("cloudformation", "describe_stacks", {"StackName": STACK}),
        ("dynamodb", "scan", {"TableName": STACK}),
        ("lambda", "list_functions", {}),
        ("iam", "list_roles", {}),
    ):
        check(f"a test is refused {service}:{call}", not test.may(service, call, **arguments))
    policy = json.loads(root.client("s3").get_bucket_policy(Bucket=bucket)["Policy"])
    refused = [statement for statement in policy["Statement"] if statement["Effect"] == "Deny" and statement["Principal"] == "*"]
    check("artifacts travel over TLS only", refused and refused[0]["Condition"]["Bool"] == {"aws:SecureTransport": "false"})


def checkout(root, copy):
    """What a checkout of root has, without executable bits. CodePipeline's copy has neither those bits nor a .git."""
    # Without .git, root is itself such a copy: there the bits are gone already.
    has_git = (root / ".git").exists()
    copy_sources(root, copy, has_git)
    executable = 0
    for path in copy.rglob("*"):
        if path.is_file() and not path.is_symlink():
            executable += bool(path.stat().st_mode & 0o111)
            path.chmod(0o644)
    check("the sources come without the executable bits that they had", (executable > 0 or not has_git)
          and not [path for path in copy.rglob("*") if path.is_file() and os.access(path, os.X_OK)], executable)
    return copy


def copy_sources(root, copy, has_git):
    """The files that git knows, or would add; without git all but what is built and installed."""
    if not has_git:
        made = shutil.ignore_patterns("target", "node_modules", ".local", ".serverless", "__pycache__")
        shutil.copytree(root, copy, symlinks=True, ignore=made)
        return
    listed = subprocess.run(["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            stdout=subprocess.PIPE, check=True)
    for name in filter(None, listed.stdout.decode().split("\0")):
        source, destination = root / name, copy / name
        if source.exists():
            destination.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, destination)


def sources(copy):
    return {str(path.relative_to(copy)): path.read_bytes() for path in copy.rglob("*") if path.is_file()}


def checkouts(scratch):
    results.section("The sources, as CodePipeline hands them on")
    copy = checkout(ROOT, scratch / "checkout")
    # In CodeBuild this script starts from such a copy.
    again = checkout(copy, scratch / "checkout-of-the-copy")
    check("a copy of the copy has the same files", sources(again) == sources(copy))
    return copy


def run_buildspec(name, copy, scratch, environment, skip):
    """Its commands, in one shell, until one fails: what CodeBuild does with version 0.2."""
    import yaml

    spec = yaml.safe_load((copy / "deploy" / name).read_text())
    known = set(spec) <= {"version", "env", "phases", "cache"} and set(spec["phases"]) <= {"install", "pre_build", "build", "post_build"}
    check(f"{name} has only what this script runs", spec["version"] == 0.2 and known, list(spec))
    lines, commands = [], []
    for phase in ("install", "pre_build", "build", "post_build"):
        commands += spec["phases"].get(phase, {}).get("commands", [])
    for command in commands:
        if "rustup-init" in command:
            results.skipped("the installation of Rust", "it would change that of this machine")
            continue
        if command in skip:
            results.skipped(command, skip[command])
            continue
        lines.append(f"printf '%s\\n' {shlex.quote('$ ' + command.strip())}\n{{\n{command}\n}} || exit\n")
    check(f"{name} has the commands to skip", set(skip) <= set(commands), set(skip) - set(commands))
    script = scratch / f"{name}.sh"
    script.write_text("".join(lines))
    # A group of its own, so that nothing outlives this script when it is ended.
    shell = subprocess.Popen(
        [spec["env"]["shell"], script], cwd=copy, stdin=subprocess.DEVNULL, start_new_session=True,
        env=clean_environment() | spec["env"]["variables"] | environment | {NESTED: "1", "CARGO_TARGET_DIR": str(TARGET)},
    )
    try:
        code = shell.wait()
    finally:
        if shell.poll() is None:
            os.killpg(shell.pid, signal.SIGTERM)
            shell.wait()
    return check(f"the commands of {name} succeed in a clean checkout", code == 0, f"exit {code}")


# How each kind of resource that the stack has is read, so that a name that the role doesn't cover is noticed, and so
# is a kind that nobody has given it rights for. None: covered with its API, or read by nothing.
READ = {
    "AWS::ApiGatewayV2::Api": lambda name: ("apigatewayv2", "get_api", {"ApiId": name}),
    "AWS::ApiGatewayV2::Authorizer": None,
    "AWS::ApiGatewayV2::Integration": None,
    "AWS::ApiGatewayV2::Route": None,
    "AWS::ApiGatewayV2::Stage": None,
    # The emulator asks IAM about all alarms, whichever is read; permissions.py asks about these.
    "AWS::CloudWatch::Alarm": None,
    "AWS::CloudWatch::Dashboard": None,
    "AWS::Cognito::UserPool": lambda name: ("cognito-idp", "describe_user_pool", {"UserPoolId": name}),
    "AWS::Cognito::UserPoolClient": None,
    "AWS::DynamoDB::Table": lambda name: ("dynamodb", "describe_table", {"TableName": name}),
    "AWS::IAM::Role": lambda name: ("iam", "get_role", {"RoleName": name}),
    "AWS::Lambda::Function": lambda name: ("lambda", "get_function", {"FunctionName": name}),
    "AWS::Lambda::Permission": None,
    "AWS::Logs::LogGroup": lambda name: ("logs", "list_tags_for_resource",
                                       {"resourceArn": f"arn:aws:logs:{REGION}:000000000000:log-group:{name}"}),
    "AWS::S3::Bucket": lambda name: ("s3", "get_bucket_encryption", {"Bucket": name}),
    "AWS::S3::BucketPolicy": None,
}


def made_for_one_path(since):
    """What is in the cached tree, was made since then, and is good at its own path only."""
    return [path for pattern in ("*/pyvenv.cfg", "*/*/pyvenv.cfg", "*/*/*/pyvenv.cfg") for path in TARGET.glob(pattern)
            if path.stat().st_mtime >= since]


def deployed_code(root):
    return {name: root.client("lambda").get_function(FunctionName=f"{STACK}-{name}")["Configuration"]["CodeSha256"]
            for name in FUNCTIONS}


def boundaries(root):
    """Those of the roles in the template that is deployed."""
    resources = root.client("cloudformation").get_template(StackName=STACK)["TemplateBody"]["Resources"]
    roles = {name: resource for name, resource in resources.items() if resource["Type"] == "AWS::IAM::Role"}
    return {name: role["Properties"].get("PermissionsBoundary") for name, role in roles.items()}


def by_hand(copy, root, binaries, *arguments):
    return subprocess.run(
        ["bash", copy / "deploy" / "cloud", *arguments, "--stage", STAGE], env=clean_environment() | root.environment
        | {"NOTES_BINARIES": str(binaries)}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )


def fetch_binaries(root, scratch):
    """The binaries as they are deployed."""
    import io
    import ssl
    import urllib.request
    import zipfile

    directory = scratch / "deployed"
    directory.mkdir(parents=True)
    context = ssl.create_default_context(cafile=root.options["verify"])
    for name in FUNCTIONS:
        location = root.client("lambda").get_function(FunctionName=f"{STACK}-{name}")["Code"]["Location"]
        # It listens for TLS only, and says http.
        location = location.replace("http://", "https://")
        with urllib.request.urlopen(location, timeout=30, context=context) as response:
            with zipfile.ZipFile(io.BytesIO(response.read())) as artifact:
                (directory / name).write_bytes(artifact.read("bootstrap"))
    return directory


def stages(emulator, scratch, with_ci, boundary_arn):
    copy = checkouts(scratch)
    started = time.time()

    results.section("deploy/buildspec.test.yml")
    skip = {} if with_ci else {"bash .ci/run": "only deploy/pipeline-test --with-ci runs it, as it may be what runs this script"}
    run_buildspec("buildspec.test.yml", copy, scratch, {"CI": "true"}, skip)

    results.section("deploy/buildspec.deploy.yml, with the rights of the deploy stage")
    root, deploy = emulator.as_root(), emulator.as_role("DeployRole")
    told = {"CI": "true", "STAGE": STAGE, "ARCHITECTURE": ARCHITECTURE, "PERMISSIONS_BOUNDARY": boundary_arn}

    def deploy_stage():
        return run_buildspec("buildspec.deploy.yml", copy, scratch, deploy.environment | told, {})

    if not deploy_stage():
        return
    made = made_for_one_path(started)
    check("nothing that knows its own path is in the cached tree", not made, made)
    found = root.client("cloudformation").describe_stack_resources(StackName=STACK)["StackResources"]
    code = deployed_code(root)
    check("it deployed every function, each with code of its own", len(set(code.values())) == len(FUNCTIONS), code)
    table = root.client("dynamodb").describe_table(TableName=STACK)["Table"]
    check("the table is protected from deletion", table.get("DeletionProtectionEnabled") is True, table)
    pool = root.client("cognito-idp").describe_user_pool(UserPoolId=root.physical(STACK, "UserPool"))["UserPool"]
    check("the user pool is protected from deletion", pool.get("DeletionProtection") == "ACTIVE", pool)

    results.section("Rights of the deploy stage")
    kinds = {resource["ResourceType"] for resource in found}
    check("every kind of resource has been thought of", kinds <= set(READ), kinds - set(READ))
    for resource in found:
        read = READ.get(resource["ResourceType"])
        if read:
            service, call, arguments = read(resource["PhysicalResourceId"])
            check(f"it reads {resource['LogicalResourceId']}", deploy.may(service, call, **arguments))
    bucket = root.physical(PIPELINE, "ArtifactBucket")
    own = root.physical(PIPELINE, "DeployRole")
    lambda_role = root.physical(STACK, "GetNoteRole")
    trust = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]})
    for what, service, call, arguments in (
        ("deletes the table", "dynamodb", "delete_table", {"TableName": STACK}),
        ("reads notes", "dynamodb", "scan", {"TableName": STACK}),
        ("lists users", "cognito-idp", "list_users", {"UserPoolId": root.physical(STACK, "UserPool")}),
        ("deletes the user pool", "cognito-idp", "delete_user_pool", {"UserPoolId": root.physical(STACK, "UserPool")}),
        ("deletes the stack", "cloudformation", "delete_stack", {"StackName": STACK}),
        ("changes the pipeline", "cloudformation", "update_stack", {"StackName": PIPELINE, "UsePreviousTemplate": True}),
        ("extends its own rights", "iam", "put_role_policy",
         {"RoleName": own, "PolicyName": "more", "PolicyDocument": "{}"}),
        ("extends the boundary", "iam", "create_policy_version",
         {"PolicyArn": boundary_arn, "PolicyDocument": "{}", "SetAsDefault": True}),
        ("makes a role without the boundary", "iam", "create_role",
         {"RoleName": f"{STACK}-{REGION}-other", "AssumeRolePolicyDocument": trust}),
        ("removes a boundary", "iam", "delete_role_permissions_boundary", {"RoleName": lambda_role}),
        ("gives a function a policy of AWS", "iam", "attach_role_policy",
         {"RoleName": lambda_role, "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}),
        ("makes a user", "iam", "create_user", {"UserName": "other"}),
        ("opens a function to another account", "lambda", "add_permission",
         {"FunctionName": f"{STACK}-get-note", "StatementId": "other", "Action": "lambda:InvokeFunction",
          "Principal": "123456789012"}),
        ("calls a function", "lambda", "invoke", {"FunctionName": f"{STACK}-get-note"}),
        ("replaces an artifact", "s3", "put_object", {"Bucket": bucket, "Key": "notes/source/1", "Body": b"zip"}),
    ):
        check(f"it never {what}", not deploy.may(service, call, **arguments))

    results.section("What the boundary keeps from a role that others can assume")
    iam = root.client("iam")
    bounds = boundaries(root)
    check("each role has the boundary", len(bounds) == len(FUNCTIONS) and set(bounds.values()) == {boundary_arn}, bounds)
    # The emulator does not read it from the template.
    iam.put_role_permissions_boundary(RoleName=lambda_role, PermissionsBoundary=boundary_arn)
    iam.update_assume_role_policy(RoleName=lambda_role, PolicyDocument=trust)
    key = {"userId": {"S": "alice"}, "timestamp": {"N": "1"}}

    def reads_notes():
        role = iam.get_role(RoleName=lambda_role)["Role"]["Arn"]
        given = root.client("sts").assume_role(RoleArn=role, RoleSessionName="notes")["Credentials"]
        principal = Principal(emulator, given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
        return principal.may("dynamodb", "get_item", TableName=STACK, Key=key)

    check("who assumes it reads no note", not reads_notes())
    iam.delete_role_permissions_boundary(RoleName=lambda_role)
    check("and without the boundary it would", reads_notes())
    for name in bounds:
        iam.put_role_permissions_boundary(RoleName=root.physical(STACK, name), PermissionsBoundary=boundary_arn)

    results.section("What was deployed by hand")
    changed = fetch_binaries(root, scratch)
    other = {"x86_64": "arm64", "arm64": "x86_64"}[ARCHITECTURE]
    with open(changed / "get-note", "r+b") as binary:
        own_machine = binary.read(20)[18]
        binary.seek(18)
        binary.write(bytes([{"x86_64": 0xB7, "arm64": 0x3E}[ARCHITECTURE]]))
    done = by_hand(copy, root, changed, "function", "-f", "get-note", f"--param=architecture={other}")
    check("code for another processor is refused", done.returncode != 0 and "is deployed for" in done.stdout, done.stdout)
    check("and the function is as it was", deployed_code(root) == code)
    with open(changed / "get-note", "r+b") as binary:
        binary.seek(18)
        binary.write(bytes([own_machine]))
        binary.seek(0, os.SEEK_END)
        # Bytes after its end change a binary, and not what it does.
        binary.write(secrets.token_bytes(8))
    done = by_hand(copy, root, changed, "function", "-f", "get-note")
    check("code for its own is deployed", done.returncode == 0 and deployed_code(root) != code, done.stdout)
    if deploy_stage():
        check("the next run of the pipeline undoes it", deployed_code(root) == code)
    done = by_hand(copy, root, fetch_binaries(root, scratch / "again"), "--force")
    bounds = boundaries(root)
    check("a deployment of all by hand keeps the boundary", done.returncode == 0 and set(bounds.values()) == {boundary_arn},
          done.stdout)

    done = by_hand(copy, root, scratch / "again" / "deployed", "--param=permissionsBoundary=none")
    bounds = boundaries(root)
    check("unless it says that there is none", done.returncode == 0 and set(bounds.values()) == {None}, done.stdout)

    results.section("A REST API, with the rights of the deploy stage")
    spec = copy / "deploy" / "buildspec.deploy.yml"
    spec.write_text(spec.read_text().replace("bash deploy/cloud", "bash deploy/cloud --param=api=rest"))
    if deploy_stage():
        gateway = root.client("apigateway")
        (api,) = [api["id"] for api in gateway.get_rest_apis()["items"] if api["name"] == f"{STAGE}-notes"]
        stage = gateway.get_stage(restApiId=api, stageName=STAGE)
        settings = stage.get("methodSettings", {}).get("*/*", {})
        check("its stage logs who asked for which route", stage.get("accessLogSettings", {}).get("destinationArn"), stage)
        check("and neither headers nor bodies", not settings.get("dataTraceEnabled")
              and settings.get("loggingLevel", "OFF") == "OFF", settings)
        check("and publishes no metrics for each method", not settings.get("metricsEnabled"), settings)


def main():
    arguments = sys.argv[1:]
    if arguments not in ([], ["--with-ci"]):
        raise SystemExit(__doc__)
    if os.environ.get(NESTED):
        results.skipped("deploy/pipeline-test", "it is what runs this")
        return
    if not os.environ.pop(STARTED, None):
        tools()
    if os.environ.get("NOTES_BINARIES"):
        # Relative to here, not to the checkout.
        os.environ["NOTES_BINARIES"] = str(Path(os.environ["NOTES_BINARIES"]).absolute())
    # So that an end by a signal cleans up too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    lint()
    pipeline = template()
    with tempfile.TemporaryDirectory(prefix="notes-pipeline-") as directory:
        scratch = Path(directory)
        with Emulator(scratch) as emulator:
            create(emulator, scratch, pipeline)
            policies(emulator)
            boundary_arn = boundary(emulator)
            rights_of_test_and_pipeline(emulator)
            stages(emulator, scratch, arguments == ["--with-ci"], boundary_arn)
    print(f"\npipeline-test: {results.passed} passed, {len(results.failed)} failed")
    if results.failed:
        raise SystemExit("Failed: " + "; ".join(results.failed))


if __name__ == "__main__":
    main()
