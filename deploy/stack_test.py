"""Tests of a deployed stack: run by deploy/test, which deploys one with each kind of API."""

import base64
import contextlib
import hashlib
import io
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request
import uuid
import zipfile
from functools import cache
from pathlib import Path
from unittest import mock

import jsonschema

import adopt
import costs
from stack import LOCAL, Stack, UserPool, client

HERE = Path(__file__).parent
OPERATIONS = {
    "create-note": ["PutItem"],
    "list-notes": ["Query"],
    "list-changes": ["Query", "QueryIndex", "BatchGetItem"],
    "get-note": ["GetItem"],
    "update-note": ["GetItem", "UpdateItem"],
    "delete-note": ["GetItem", "UpdateItem"],
}
# What deploy/test has deployed both with.
SYNC = "--param=syncEpoch=test"


@cache
def stack(stage):
    return Stack(stage)


HTTP = stack(os.environ["NOTES_TEST_HTTP_STAGE"])
REST = stack(os.environ["NOTES_TEST_REST_STAGE"])


class Response:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.body[:300]!r}"


class User:
    def __init__(self, stack, token):
        self.stack = stack
        self.token = token

    def ask(self, method, path="", body=None, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token is not None:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
            body = json.dumps(body).encode()
        url = f"{self.stack.url}/notes{path}"
        request = urllib.request.Request(url, body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return Response(response.status, response.headers, response.read().decode())
        except urllib.error.HTTPError as error:
            return Response(error.code, error.headers, error.read().decode())

    def create(self, title):
        return self.ask("POST", body={"title": title, "content": "2 litres"})


def new_user(stack):
    return User(stack, stack.users.token(f"{uuid.uuid4()}@example.org"))


def new_id():
    """A UUIDv7 of now."""
    random = secrets.randbits(74)
    milliseconds = time.time_ns() // 1_000_000
    return str(uuid.UUID(int=milliseconds << 80 | 7 << 76 | random >> 62 << 64 | 2 << 62 | random & (1 << 62) - 1))


def claims(token):
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def encoded(part):
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


@contextlib.contextmanager
def other_pool():
    """A user pool that has nothing to do with the stack, with an app of its own."""
    cognito = client("cognito-idp")
    pool = cognito.create_user_pool(PoolName="other", UsernameAttributes=["email"])["UserPool"]["Id"]
    try:
        yield UserPool(pool, new_app(pool))
    finally:
        cognito.delete_user_pool(UserPoolId=pool)


def new_app(pool):
    created = client("cognito-idp").create_user_pool_client(
        UserPoolId=pool, ClientName="other", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    )
    return created["UserPoolClient"]["ClientId"]


@contextlib.contextmanager
def tokens_that_expire_after(users, seconds):
    """Shorter than Cognito allows; the emulator does."""
    cognito = client("cognito-idp")
    app = {"UserPoolId": users.pool, "ClientId": users.app}
    known = cognito.describe_user_pool_client(**app)["UserPoolClient"]
    # An update takes back what it doesn't say.
    names = ("ExplicitAuthFlows", "IdTokenValidity", "AccessTokenValidity", "RefreshTokenValidity", "TokenValidityUnits")
    settings = {name: known[name] for name in names}
    units = settings["TokenValidityUnits"] | {"IdToken": "seconds"}
    cognito.update_user_pool_client(**app, **settings | {"IdTokenValidity": seconds, "TokenValidityUnits": units})
    try:
        yield
    finally:
        cognito.update_user_pool_client(**app, **settings)


class Api:
    """What holds for both kinds of API."""

    stack: Stack

    def assert_status(self, status, response):
        self.assertEqual(response.status, status, response)
        return response

    def assert_unauthorized(self, token):
        stranger = User(self.stack, token)
        note = f"/{uuid.uuid4()}"
        for method, path in [("GET", ""), ("HEAD", ""), ("GET", "/changes"), ("GET", note), ("HEAD", note), ("DELETE", note)]:
            self.assert_status(401, stranger.ask(method, path))
        self.assert_status(401, stranger.create("stranger"))
        self.assert_status(401, stranger.ask("PATCH", note, {"title": "stranger"}))

    def test_all_operations(self):
        alice = new_user(self.stack)
        created = self.assert_status(201, alice.create("Milk"))
        note, etag = created.json, created.headers["ETag"]
        path = f"/{note['id']}"
        self.assertTrue(created.headers["Location"].endswith(f"/notes{path}"), created.headers)
        self.assertEqual(self.assert_status(200, alice.ask("GET", path)).json, note)
        head = self.assert_status(200, alice.ask("HEAD", path))
        self.assertEqual((head.headers["ETag"], head.body), (etag, ""))
        self.assert_status(304, alice.ask("GET", path, If_None_Match=etag))

        changed = self.assert_status(200, alice.ask("PATCH", path, {"title": "Oat milk"}, If_Match=etag))
        self.assertEqual(changed.json["title"], "Oat milk")
        merge = "application/merge-patch+json"
        self.assert_status(200, alice.ask("PATCH", path, {"category": "shop"}, Content_Type=merge))
        stale = alice.ask("PATCH", path, {"title": "Soy milk"}, If_Match=etag)
        self.assert_status(412, stale)
        self.assertEqual(stale.headers.get_content_type(), "application/problem+json")

        listed = self.assert_status(200, alice.ask("GET", "?limit=5")).json["items"]
        self.assertEqual([note["title"] for note in listed], ["Oat milk"])
        self.assert_status(200, alice.ask("HEAD"))
        self.assert_status(400, alice.ask("GET", "?limit=101"))
        token = self.assert_copied(alice, changed_notes=listed)
        self.assert_status(204, alice.ask("DELETE", path))
        self.assert_copied(alice, token, gone=[note["id"]])
        self.assertEqual(self.assert_status(200, alice.ask("HEAD", "/changes")).body, "")
        restart = self.assert_status(410, new_user(self.stack).ask("GET", f"/changes?since={token}"))
        self.assertTrue(restart.json["type"].endswith("#sync-restart"), restart)
        self.assert_status(404, alice.ask("GET", path))
        self.assertEqual(self.assert_status(200, alice.ask("GET")).json["items"], [])

    def assert_copied(self, user, token=None, changed_notes=(), gone=()):
        """Asks for what has changed since the token, page by page, and returns the next token."""
        items, ended, more = {}, set(), True
        while more:
            page = self.assert_status(200, user.ask("GET", f"/changes?since={token}" if token else "/changes")).json
            items |= {note["id"]: note for note in page["items"]}
            ended |= set(page.get("gone", []))
            token, more = page["token"], page["more"]
        self.assertEqual((list(items.values()), ended), (list(changed_notes), set(gone)))
        return token

    def test_a_repeated_creation_makes_one_note(self):
        alice = new_user(self.stack)
        first = self.assert_status(201, alice.create("Milk"))
        key = first.headers["Idempotency-Key"]
        body = {"title": "Milk", "content": "2 litres"}
        second = self.assert_status(201, alice.ask("POST", body=body, Idempotency_Key=key))
        self.assertEqual(second.headers["Idempotent-Replayed"], "true")
        self.assertEqual(len(alice.ask("GET").json["items"]), 1)

    def test_users_have_their_own_notes(self):
        users = [new_user(self.stack) for _ in range(4)]
        notes = [self.assert_status(201, user.create(f"{i}")).json for i, user in enumerate(users)]
        for user, note in zip(users, notes):
            self.assertEqual(user.ask("GET").json["items"], [note])
            for other in notes:
                if other != note:
                    path = f"/{other['id']}"
                    self.assert_status(404, user.ask("GET", path))
                    self.assert_status(404, user.ask("PATCH", path, {"title": "mine"}))
                    self.assert_status(404, user.ask("DELETE", path))

    def test_a_user_is_who_signed_in_again(self):
        name = f"{uuid.uuid4()}@example.org"
        first = User(self.stack, self.stack.users.token(name))
        note = first.create("Milk").json
        again = User(self.stack, self.stack.users.token(name))
        self.assertNotEqual(first.token, again.token)
        self.assertEqual(again.ask("GET").json["items"], [note])

    def test_a_header_is_no_identity(self):
        alice, bob = new_user(self.stack), new_user(self.stack)
        alice.create("Milk")
        sub = claims(alice.token)["sub"]
        for name in ["app_user_id", "X-User-Id", "x-amzn-oidc-identity", "X-Amzn-Claims-Sub"]:
            self.assertEqual(bob.ask("GET", **{name: sub}).json["items"], [])

    def test_no_token(self):
        self.assert_unauthorized(None)
        self.assert_unauthorized("")
        self.assert_unauthorized("alice")

    def test_tampered_token(self):
        alice, bob = new_user(self.stack), new_user(self.stack)
        header, payload, signature = alice.token.split(".")
        as_bob = encoded(claims(alice.token) | {"sub": claims(bob.token)["sub"]})
        self.assert_unauthorized(f"{header}.{as_bob}.{signature}")
        other = ("A" if signature[0] != "A" else "B") + signature[1:]
        self.assert_unauthorized(f"{header}.{payload}.{other}")
        unsigned = encoded({"alg": "none", "typ": "JWT"})
        self.assert_unauthorized(f"{unsigned}.{payload}.")
        self.assertEqual(alice.ask("GET").status, 200)

    def test_expired_token(self):
        with tokens_that_expire_after(self.stack.users, 5):
            alice = new_user(self.stack)
        expiry = claims(alice.token)["exp"]
        self.assertLess(expiry - time.time(), 6)
        self.assert_status(200, alice.ask("GET"))
        time.sleep(max(0, expiry + 0.1 - time.time()))
        self.assert_unauthorized(alice.token)

    def test_token_of_another_pool(self):
        with other_pool() as users:
            token = users.token("alice@example.org")
            self.assertNotEqual(claims(token)["iss"], claims(new_user(self.stack).token)["iss"])
            self.assert_unauthorized(token)

    def test_pages_of_other_origins_may_call(self):
        page = {"Origin": "https://notes.example"}
        nobody = User(self.stack, None)
        preflight = nobody.ask(
            "OPTIONS",
            **page,
            Access_Control_Request_Method="POST",
            Access_Control_Request_Headers="authorization,idempotency-key",
        )
        self.assert_status(204, preflight)
        allowed = preflight.headers["Access-Control-Allow-Headers"].lower()
        for header in ["authorization", "content-type", "idempotency-key", "if-match", "if-none-match", "traceparent"]:
            self.assertIn(header, allowed)
        response = self.assert_status(201, new_user(self.stack).ask("POST", body={"title": "Milk", "content": ""}, **page))
        self.assertEqual(len(response.headers.get_all("Access-Control-Allow-Origin")), 1)
        exposed = response.headers["Access-Control-Expose-Headers"].lower()
        for header in ["etag", "location", "idempotency-key", "idempotent-replayed", "retry-after"]:
            self.assertIn(header, exposed)


class HttpApi(Api, unittest.TestCase):
    stack = HTTP

    def test_access_tokens_are_good_too(self):
        tokens = self.stack.users.sign_in(f"{uuid.uuid4()}@example.org")
        by_access, by_id = (User(self.stack, tokens[kind]) for kind in ("AccessToken", "IdToken"))
        note = self.assert_status(201, by_access.create("Milk")).json
        self.assertEqual(by_id.ask("GET").json["items"], [note])

    def test_token_of_another_app(self):
        other = UserPool(self.stack.users.pool, new_app(self.stack.users.pool))
        self.assert_unauthorized(other.token(f"{uuid.uuid4()}@example.org"))


class RestApi(Api, unittest.TestCase):
    stack = REST

    def test_a_page_may_see_that_it_was_refused(self):
        refused = User(self.stack, None).ask("GET", Origin="https://notes.example")
        self.assert_status(401, refused)
        self.assertEqual(refused.headers["Access-Control-Allow-Origin"], "*")

    def test_the_gateway_logs_neither_headers_nor_bodies(self):
        gateway = client("apigateway")
        apis = gateway.get_rest_apis()["items"]
        (api,) = [api["id"] for api in apis if api["name"].startswith(self.stack.stage)]
        stage = gateway.get_stage(restApiId=api, stageName=self.stack.stage)
        settings = stage["methodSettings"]["*/*"]
        self.assertEqual((settings["dataTraceEnabled"], settings["loggingLevel"]), (False, "OFF"))
        self.assertIs(settings["metricsEnabled"], False)


class Users(unittest.TestCase):
    def test_tokens_are_good_for_an_hour(self):
        tokens = HTTP.users.sign_in(f"{uuid.uuid4()}@example.org")
        for kind in ("IdToken", "AccessToken"):
            claimed = claims(tokens[kind])
            self.assertEqual(claimed["exp"] - claimed["iat"], 3600, kind)


def functions(stack):
    """The deployed functions, by their names within the stack."""
    aws = client("lambda")
    return {operation: aws.get_function(FunctionName=f"{stack.name}-{operation}")["Configuration"] for operation in OPERATIONS}


def codes(stack):
    return {name: function["CodeSha256"] for name, function in functions(stack).items()}


def osls(*arguments, binaries=None):
    environment = dict(os.environ, NODE_NO_WARNINGS="1")
    if binaries:
        environment["NOTES_BINARIES"] = str(binaries)
    command = ["node", "node_modules/osls/bin/serverless.js", *arguments]
    done = subprocess.run(
        command, cwd=HERE, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


class Deployment(unittest.TestCase):
    """What was deployed, and what another deployment does."""

    @classmethod
    def setUpClass(cls):
        cls.package = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.package.cleanup)
        osls("package", "--stage", HTTP.stage, "--package", cls.package.name)
        cls.binaries = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.binaries.cleanup)
        for operation in OPERATIONS:
            with zipfile.ZipFile(cls.artifact(operation)) as artifact:
                artifact.extract("bootstrap", cls.binaries.name)
            (Path(cls.binaries.name) / "bootstrap").rename(Path(cls.binaries.name) / operation)

    @classmethod
    def artifact(cls, name):
        return Path(cls.package.name) / f"{name}.zip"

    def test_six_functions_run_six_codes(self):
        for stack in (HTTP, REST):
            self.assertEqual(len(set(codes(stack).values())), 6)
        self.assertEqual(codes(HTTP), codes(REST))

    def test_a_build_without_changes_makes_the_artifacts_that_are_deployed(self):
        for name, code in codes(HTTP).items():
            packed = base64.b64encode(hashlib.sha256(self.artifact(name).read_bytes()).digest())
            self.assertEqual(packed.decode(), code, name)

    def test_an_artifact_is_one_executable(self):
        for name in OPERATIONS:
            with zipfile.ZipFile(self.artifact(name)) as artifact:
                (entry,) = artifact.infolist()
            self.assertEqual(entry.filename, "bootstrap")
            self.assertEqual(entry.external_attr >> 16 & 0o777, 0o755)

    def test_a_binary_needs_no_library_of_amazon_linux_2023(self):
        for name in OPERATIONS:
            headers = subprocess.check_output(["readelf", "-ld", f"{self.binaries.name}/{name}"], text=True)
            self.assertIn("LOAD", headers)
            self.assertNotIn("(NEEDED)", headers, name)
            self.assertNotIn("INTERP", headers, name)

    def test_the_functions_are_configured(self):
        roles = set()
        for stack, identity in ((HTTP, "jwt:sub"), (REST, "cognito:sub")):
            for function in functions(stack).values():
                variables = function["Environment"]["Variables"]
                self.assertEqual(variables["NOTES_SYNC_EPOCH"], "test")
                self.assertEqual(function["Runtime"], "provided.al2023")
                self.assertEqual(variables["NOTES_TABLE"], stack.table)
                self.assertEqual(variables["NOTES_IDENTITY"], identity)
                roles.add(function["Role"])
        self.assertEqual(len(roles), 12)

    # The emulator reads neither the encryption nor the backups that the template asks for;
    # deploy/lint looks at the template.
    def test_the_table_is_as_designed(self):
        dynamodb = client("dynamodb")
        table = dynamodb.describe_table(TableName=HTTP.table)["Table"]
        keys = [(key["AttributeName"], key["KeyType"]) for key in table["KeySchema"]]
        self.assertEqual(keys, [("userId", "HASH"), ("timestamp", "RANGE")])
        types = {attribute["AttributeName"]: attribute["AttributeType"] for attribute in table["AttributeDefinitions"]}
        self.assertEqual(types, {"userId": "S", "timestamp": "N", "changed": "B"})
        (index,) = table["LocalSecondaryIndexes"]
        self.assertEqual(index["IndexName"], "byChange")
        keys = [(key["AttributeName"], key["KeyType"]) for key in index["KeySchema"]]
        self.assertEqual(keys, [("userId", "HASH"), ("changed", "RANGE")])
        self.assertEqual(index["Projection"], {"ProjectionType": "KEYS_ONLY"})
        self.assertEqual(table["BillingModeSummary"]["BillingMode"], "PAY_PER_REQUEST")
        expiry = dynamodb.describe_time_to_live(TableName=HTTP.table)["TimeToLiveDescription"]
        self.assertEqual(expiry["AttributeName"], "purgeAt")

    def test_deploying_twice_changes_nothing(self):
        for stack, options in ((HTTP, []), (REST, ["--param=api=rest"])):
            before = functions(stack)
            options += ["--param=development=true", SYNC]
            said = osls("deploy", "--stage", stack.stage, *options, binaries=self.binaries.name)
            self.assertIn("No changes to deploy", said)
            self.assertEqual(functions(stack), before)

    def test_deploying_one_function_changes_only_it(self):
        alice = new_user(HTTP)
        note = alice.create("Milk").json
        before = codes(HTTP)
        with tempfile.TemporaryDirectory() as changed:
            for operation in OPERATIONS:
                shutil.copy(f"{self.binaries.name}/{operation}", changed)
            # Bytes after its end change a binary, and not what it does.
            with open(f"{changed}/get-note", "ab") as binary:
                binary.write(secrets.token_bytes(8))
            deploy = ["deploy", "function", "--stage", HTTP.stage, SYNC, "-f", "get-note"]
            try:
                osls(*deploy, binaries=changed)
                after = codes(HTTP)
                self.assertNotEqual(after.pop("get-note"), before["get-note"])
                self.assertEqual(after, {operation: before[operation] for operation in after})
                self.assertEqual(alice.ask("GET", f"/{note['id']}").json, note)
            finally:
                osls(*deploy, binaries=self.binaries.name)
        self.assertEqual(codes(HTTP), before)


# Runs as each of the roles, and says of each action whether it was refused.
PROBE = '''
import boto3
from botocore.exceptions import ClientError

def handler(event, context):
    dynamodb = boto3.client("dynamodb")
    table, other = event["table"], event["other"]
    key = {"userId": {"S": "probe"}, "timestamp": {"N": "1"}}
    update = {"Key": key, "UpdateExpression": "SET a = :a", "ExpressionAttributeValues": {":a": {"S": "a"}}}
    query = {"KeyConditionExpression": "userId = :u", "ExpressionAttributeValues": {":u": {"S": "probe"}}}
    calls = {
        "PutItem": (dynamodb.put_item, {"Item": key}),
        "GetItem": (dynamodb.get_item, {"Key": key}),
        "Query": (dynamodb.query, query),
        "QueryIndex": (dynamodb.query, {"IndexName": "byChange", **query}),
        "UpdateItem": (dynamodb.update_item, update),
        "DeleteItem": (dynamodb.delete_item, {"Key": key}),
        "Scan": (dynamodb.scan, {}),
        "DescribeTable": (dynamodb.describe_table, {}),
        "DeleteTable": (dynamodb.delete_table, {}),
    }
    spread = {
        "BatchGetItem": (dynamodb.batch_get_item, lambda table: {"RequestItems": {table: {"Keys": [key]}}}),
        "BatchWriteItem": (dynamodb.batch_write_item, lambda table: {"RequestItems": {table: [{"PutRequest": {"Item": key}}]}}),
    }
    allowed = []
    for where in (table, other):
        here = [(name, call, {"TableName": where, **more}) for name, (call, more) in calls.items()]
        here += [(name, call, arguments(where)) for name, (call, arguments) in spread.items()]
        for name, call, arguments in here:
            try:
                call(**arguments)
                allowed.append((where, name))
            except ClientError as error:
                if error.response["Error"]["Code"] != "AccessDeniedException":
                    raise
    for call in (boto3.client("s3").list_buckets, boto3.client("iam").list_roles):
        try:
            call()
            allowed.append(("", call.__name__))
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 403:
                raise
    return allowed
'''


@contextlib.contextmanager
def deployed(name, code, role, **settings):
    """A function that is no part of the stack, to be invoked without an API."""
    aws = client("lambda")
    name = f"{HTTP.name}-probe-{name}"
    aws.create_function(FunctionName=name, Code={"ZipFile": code}, Role=role, Timeout=60, **settings)
    try:
        aws.get_waiter("function_active_v2").wait(FunctionName=name)
        yield lambda event: json.load(aws.invoke(FunctionName=name, Payload=json.dumps(event))["Payload"])
    finally:
        aws.delete_function(FunctionName=name)


def code_of(function):
    location = client("lambda").get_function(FunctionName=function)["Code"]["Location"]
    with urllib.request.urlopen(location, timeout=30) as response:
        return response.read()


class Roles(unittest.TestCase):
    def test_a_role_may_do_what_its_function_does_and_nothing_else(self):
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as file:
            file.writestr("probe.py", PROBE)
        python = {"Runtime": "python3.13", "Handler": "probe.handler"}
        for name, function in functions(HTTP).items():
            with self.subTest(name), deployed(name, code.getvalue(), function["Role"], **python) as invoke:
                allowed = invoke({"table": HTTP.table, "other": REST.table})
                self.assertEqual(allowed, [[HTTP.table, action] for action in OPERATIONS[name]])

    def test_a_function_without_its_role_fails_and_says_nothing(self):
        known = functions(HTTP)
        function = known["list-notes"]
        event = {
            "version": "2.0",
            "routeKey": "GET /notes",
            "rawPath": "/notes",
            "headers": {},
            "requestContext": {
                "http": {"method": "GET", "path": "/notes"},
                "authorizer": {"jwt": {"claims": {"sub": "probe"}}},
            },
        }
        settings = {setting: function[setting] for setting in ("Runtime", "Handler", "Environment")}
        code = code_of(function["FunctionName"])
        with deployed("own", code, function["Role"], **settings) as invoke:
            self.assertEqual(invoke(event)["statusCode"], 200)
        with deployed("other", code, known["create-note"]["Role"], **settings) as invoke:
            refused = invoke(event)
        self.assertIn(refused["statusCode"], (500, 503), refused)
        self.assertNotRegex(refused["body"].lower(), "denied|dynamodb|arn:|role")


@contextlib.contextmanager
def stack_with_an_obstacle(*after):
    """A configuration of the stack with a resource more, which is there already and so can't be created."""
    name = f"/notes-test/{uuid.uuid4()}"
    client("ssm").put_parameter(Name=name, Type="String", Value="taken")
    obstacle = {"Type": "AWS::SSM::Parameter", "DependsOn": after, "Properties": {"Name": name, "Type": "String", "Value": "1"}}
    file = HERE / f"serverless-{uuid.uuid4()}.yml"
    file.write_text(f"{(HERE / 'serverless.yml').read_text()}  - Resources: {json.dumps({'Obstacle': obstacle})}\n")
    try:
        yield file.name
    finally:
        file.unlink()


class Protected(unittest.TestCase):
    """A stage that doesn't say that it is for development, deployed by deploy/cloud."""

    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(directory.cleanup)
        cls.binaries = directory.name
        for operation in OPERATIONS:
            with zipfile.ZipFile(io.BytesIO(code_of(f"{HTTP.name}-{operation}"))) as artifact:
                (Path(directory.name) / operation).write_bytes(artifact.read("bootstrap"))

    def cloud(self, *arguments, succeeds=True):
        done = subprocess.run(
            ["bash", HERE / "cloud", *arguments], env=dict(os.environ, NOTES_BINARIES=self.binaries), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        self.assertEqual(done.returncode == 0, succeeds, done.stdout)
        return done.stdout

    def tables(self, name):
        return [table for table in client("dynamodb").list_tables()["TableNames"] if table == name]

    def pools(self, name):
        return [pool["Id"] for pool in client("cognito-idp").list_user_pools(MaxResults=60)["UserPools"] if pool["Name"] == name]

    def assert_protected(self, name, protected):
        (pool,) = self.pools(name)
        table = client("dynamodb").describe_table(TableName=name)["Table"]
        self.assertIs(table.get("DeletionProtectionEnabled", False), protected)
        users = client("cognito-idp").describe_user_pool(UserPoolId=pool)["UserPool"]
        self.assertEqual(users["DeletionProtection"], "ACTIVE" if protected else "INACTIVE")
        return pool

    def delete_stack(self, name):
        """As docs/deployment.md says."""
        cloudformation, s3 = client("cloudformation"), client("s3")
        resource = {"StackName": name, "LogicalResourceId": "ServerlessDeploymentBucket"}
        bucket = cloudformation.describe_stack_resource(**resource)["StackResourceDetail"]["PhysicalResourceId"]
        for item in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
            s3.delete_object(Bucket=bucket, Key=item["Key"])
        cloudformation.update_termination_protection(StackName=name, EnableTerminationProtection=False)
        cloudformation.delete_stack(StackName=name)
        cloudformation.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig={"Delay": 1})

    def test_a_first_deployment_that_fails_half_way_leaves_nothing_and_succeeds_when_repeated(self):
        name = "notes-live"
        with stack_with_an_obstacle("NotesTable", "UserPool", "DeleteDashnoteLambdaFunction") as obstructed:
            said = self.cloud("--stage", "live", "--config", obstructed, succeeds=False)
        self.assertIn("Obstacle", said)
        # CloudFormation could not delete what is protected; the emulator does.
        self.assertIn("protected from deletion by the next one", said)
        pages = client("cloudformation").get_paginator("describe_stack_events").paginate(StackName=name)
        seen = [(event["LogicalResourceId"], event["ResourceStatus"]) for page in pages for event in page["StackEvents"]]
        for protected in ("NotesTable", "UserPool"):
            # The newest first. The emulator says that what an update creates is updated.
            statuses = [status for resource, status in seen if resource == protected]
            self.assertEqual(statuses[:2], ["DELETE_COMPLETE", "DELETE_IN_PROGRESS"])
            self.assertIn(statuses[2], ("CREATE_COMPLETE", "UPDATE_COMPLETE"), "it failed before it was half-way")
        self.assertEqual((self.tables(name), self.pools(name)), ([], []))

        said = self.cloud("--stage", "live")
        self.assertIn("protected from deletion by the next one", said)
        self.assert_protected(name, True)
        (stack,) = client("cloudformation").describe_stacks(StackName=name)["Stacks"]
        self.assertIs(stack["EnableTerminationProtection"], True)
        self.assertIn("No changes to deploy", self.cloud("--stage", "live"))

    def test_a_stage_for_development_is_not_protected(self):
        self.assert_protected(HTTP.name, False)

    def test_what_stays_of_a_removed_stage_is_adopted_by_a_new_stack(self):
        name, dynamodb, cognito = "notes-kept", client("dynamodb"), client("cognito-idp")
        self.cloud("--stage", "kept")
        pool = self.assert_protected(name, True)
        alice = cognito.admin_create_user(UserPoolId=pool, Username="alice@example.org", MessageAction="SUPPRESS")["User"]
        item = {"userId": {"S": "alice"}, "timestamp": {"N": "1"}, "title": {"S": "Milk"}}
        dynamodb.put_item(TableName=name, Item=item)

        def assert_all_there():
            self.assertEqual(self.assert_protected(name, True), pool)
            self.assertEqual(dynamodb.scan(TableName=name)["Items"], [item])
            found = cognito.admin_get_user(UserPoolId=pool, Username="alice@example.org")
            self.assertEqual(found["Username"], alice["Username"])

        self.delete_stack(name)
        assert_all_there()
        self.cloud("adopt", pool, "--stage", "kept")
        assert_all_there()
        self.cloud("--stage", "kept")
        assert_all_there()
        found = client("cloudformation").describe_stack_resources(StackName=name)["StackResources"]
        physical = {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in found}
        self.assertEqual((physical["NotesTable"], physical["UserPool"]), (name, pool))
        self.assertEqual(len([resource for resource in found if resource["ResourceType"] == "AWS::Lambda::Function"]), 6)


BY_CHANGE = {"index": {"userId": "HASH", "changed": "RANGE"}, "projection": "KEYS_ONLY"}


def create_table(name, changes=None):
    """A table of notes, with an index byChange of these keys and this projection, or without any."""
    types = {"userId": "S", "timestamp": "N", "changed": "B"}

    def schema(keys):
        return [{"AttributeName": attribute, "KeyType": key} for attribute, key in keys.items()]

    keys = {"userId": "HASH", "timestamp": "RANGE"}
    table = {"TableName": name, "BillingMode": "PAY_PER_REQUEST", "KeySchema": schema(keys)}
    if changes:
        projection = {"ProjectionType": changes["projection"]}
        index = {"IndexName": "byChange", "KeySchema": schema(changes["index"]), "Projection": projection}
        table["LocalSecondaryIndexes"] = [index]
        keys |= changes["index"]
    table["AttributeDefinitions"] = [{"AttributeName": attribute, "AttributeType": types[attribute]} for attribute in keys]
    client("dynamodb").create_table(**table)


def copy_table(source, target):
    subprocess.run(["bash", HERE / "cloud", "copy", source, target], check=True, stdout=subprocess.PIPE)


class Options(unittest.TestCase):
    """Stages whose options change what is deployed, by deploy/cloud."""

    cloud = Protected.cloud

    @classmethod
    def setUpClass(cls):
        Protected.setUpClass.__func__(cls)

    def removed(self, stage):
        self.addCleanup(self.cloud, "remove", "--stage", stage, "--param=development=true")

    def test_an_own_issuer_and_a_table_that_was_there_are_used_and_neither_is_made_nor_removed(self):
        name, table, dynamodb = "notes-own", f"restored-{secrets.token_hex(4)}", client("dynamodb")
        known = dynamodb.describe_table(TableName=HTTP.table)["Table"]
        index = known["LocalSecondaryIndexes"][0]
        dynamodb.create_table(
            TableName=table, BillingMode="PAY_PER_REQUEST", KeySchema=known["KeySchema"],
            AttributeDefinitions=known["AttributeDefinitions"],
            LocalSecondaryIndexes=[{part: index[part] for part in ("IndexName", "KeySchema", "Projection")}],
        )
        self.addCleanup(dynamodb.delete_table, TableName=table)
        with other_pool() as users:
            token = users.token("alice@example.org")
            options = ["--stage", "own", "--param=development=true", f"--param=issuer={claims(token)['iss']}",
                       f"--param=audience={users.app}", f"--param=tableName={table}"]
            self.cloud(*options)
            own = Stack("own")
            self.assertEqual((self.tables(name), self.pools(name)), ([], []))
            self.assertNotIn("UserPoolId", own.outputs)
            created = User(own, token).create("Milk")
            self.assertEqual(created.status, 201, created)
            (item,) = dynamodb.scan(TableName=table)["Items"]
            self.assertEqual(item["userId"]["S"], claims(token)["sub"])
            # A token of the pool of another stage is of another issuer.
            self.assertEqual(new_user(HTTP).ask("GET").status, 200)
            self.assertEqual(User(own, new_user(HTTP).token).ask("GET").status, 401)
            self.cloud("remove", *options)
        self.assertEqual(len(dynamodb.scan(TableName=table)["Items"]), 1)

    tables = Protected.tables
    pools = Protected.pools

    def test_a_restore_brings_back_what_was_deleted_since_and_forgets_what_was_made(self):
        """The drill of docs/deployment.md."""
        options = ["--stage", "drill", "--param=development=true"]
        self.cloud(*options, "--param=syncEpoch=first")
        self.removed("drill")
        stack = Stack("drill")
        alice = new_user(stack)
        kept, deleted = alice.create("kept").json, alice.create("deleted").json
        before_key, before = new_id(), {"title": "before", "content": ""}
        spent = alice.ask("POST", body=before, Idempotency_Key=before_key)
        self.assertEqual(alice.ask("DELETE", f"/{spent.json['id']}").status, 204)
        backup = client("dynamodb").create_backup(TableName=stack.table, BackupName="drill")["BackupDetails"]["BackupArn"]
        token = alice.ask("GET", "/changes").json["token"]
        self.assertEqual(alice.ask("DELETE", f"/{deleted['id']}").status, 204)
        late_key, late = new_id(), {"title": "late", "content": ""}
        self.assertEqual(alice.ask("POST", body=late, Idempotency_Key=late_key).status, 201)

        said = self.cloud("restore", "--stage", "drill", "--backup", backup)
        table, epoch = (re.search(rf"{name}: '(.+)'", said)[1] for name in ("tableName", "syncEpoch"))
        self.addCleanup(client("dynamodb").delete_table, TableName=table)
        settings = client("dynamodb").describe_time_to_live(TableName=table)["TimeToLiveDescription"]
        self.assertEqual((settings["AttributeName"], settings["TimeToLiveStatus"]), ("purgeAt", "ENABLED"))
        self.cloud(*options, f"--param=tableName={table}", f"--param=syncEpoch={epoch}")

        titles = [note["title"] for note in alice.ask("GET").json["items"]]
        self.assertEqual(titles, ["deleted", "kept"], "a deletion since is undone, a creation since is gone")
        self.assertEqual(alice.ask("GET", f"/{kept['id']}").json, kept)
        # A tombstone from before the backup still keeps its id.
        again = alice.ask("POST", body=before, Idempotency_Key=before_key)
        self.assertEqual(again.status, 409, again)
        # An id from after it is free, so a client that repeats its creation has its note again.
        self.assertEqual(alice.ask("POST", body=late, Idempotency_Key=late_key).status, 201)
        # A token of the former epoch is of no use: copies begin again.
        self.assertEqual(alice.ask("GET", f"/changes?since={token}").status, 410)
        self.assertEqual(len(alice.ask("GET", "/changes").json["items"]), 3)

    def test_an_alias_leads_to_the_version_of_the_last_deployment_and_a_rollback_to_the_one_before(self):
        options = ["--stage", "versions", "--param=development=true", "--param=versions=true", "--param=tracing=true",
                   "--param=alarms=true", "--param=alarmEmail=ops@example.org"]
        self.cloud(*options)
        self.removed("versions")
        aws, name = client("lambda"), "notes-versions-get-note"

        def live():
            return aws.get_function(FunctionName=name, Qualifier="live")["Configuration"]

        alice = new_user(Stack("versions"))
        note = alice.create("Milk").json
        first = live()
        self.assertEqual(first["TracingConfig"]["Mode"], "Active")
        alarms = client("cloudwatch").describe_alarms(AlarmNamePrefix="notes-versions-")["MetricAlarms"]
        self.assertEqual(len(alarms), costs.ALARMS)
        (told,) = {action for alarm in alarms for action in alarm["AlarmActions"]}
        self.assertTrue(told.endswith(":notes-versions-alarms"), told)

        with tempfile.TemporaryDirectory() as changed:
            for program in OPERATIONS:
                shutil.copy(f"{self.binaries}/{program}", changed)
            with open(f"{changed}/get-note", "ab") as binary:
                binary.write(secrets.token_bytes(8))
            binaries, self.binaries = self.binaries, changed
            try:
                self.cloud(*options)
            finally:
                self.binaries = binaries
        second = live()
        self.assertNotEqual((second["Version"], second["CodeSha256"]), (first["Version"], first["CodeSha256"]))
        self.assertEqual(alice.ask("GET", f"/{note['id']}").json, note)

        # As docs/deployment.md says: the alias of each function, in a moment.
        aws.update_alias(FunctionName=name, Name="live", FunctionVersion=first["Version"])
        self.assertEqual(live()["CodeSha256"], first["CodeSha256"])
        self.assertEqual(alice.ask("GET", f"/{note['id']}").json, note)
        # The whole stack, as it was.
        said = self.cloud("rollback", "--stage", "versions")
        earlier = re.findall(r"Timestamp: (\d+)", said)
        self.assertEqual(len(earlier), 2, said)
        self.cloud("rollback", "--stage", "versions", "--timestamp", earlier[0])
        self.assertEqual(live()["CodeSha256"], first["CodeSha256"])
        self.assertEqual(alice.ask("GET", f"/{note['id']}").json, note)

        self.assertIn("notes-versions", self.cloud("info", *options))
        refused = self.cloud("function", "-f", "get-note", *options, succeeds=False)
        self.assertIn("the API calls versions of the functions", refused)


class Feed(unittest.TestCase):
    """The change feed, as far as the emulator goes: its pipes know no event bus. So the parts are tried one by one, in
    their order: the stream of the deployed table, the filters of the pipe, the function, the bus and a rule."""

    def records(self):
        """All that the stream has, as JSON."""
        streams = client("dynamodbstreams")
        arn = client("dynamodb").describe_table(TableName=self.name)["Table"]["LatestStreamArn"]
        (shard,) = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        place = {"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
        found = streams.get_records(ShardIterator=streams.get_shard_iterator(**place)["ShardIterator"])["Records"]
        as_json = json.dumps(found, default=lambda value: base64.b64encode(value).decode() if isinstance(value, bytes) else str(value))
        return json.loads(as_json)

    def passes(self, record):
        """Whether the pipe's filters let it through."""
        template = client("cloudformation").get_template(StackName=self.name)["TemplateBody"]
        filters = template["Resources"]["EventPipe"]["Properties"]["SourceParameters"]["FilterCriteria"]["Filters"]
        patterns = [one["Pattern"] for one in filters]
        return any(client("events").test_event_pattern(EventPattern=one, Event=json.dumps(record))["Result"] for one in patterns)

    def test_what_is_done_to_notes_comes_to_a_subscriber_of_the_bus(self):
        self.name = "notes-feed"
        osls("deploy", "--stage", "feed", "--param=development=true", "--param=events=contents")
        self.addCleanup(osls, "remove", "--stage", "feed")
        stack = Stack("feed")
        alice = new_user(stack)
        note = alice.create("Milk").json
        alice.ask("PATCH", f"/{note['id']}", {"title": "Oat milk"})
        alice.ask("DELETE", f"/{note['id']}")
        erased = alice.create("Bread").json
        # An erasure removes the tombstone, too.
        for key in [record["dynamodb"]["Keys"] for record in self.records() if record["eventName"] == "INSERT"]:
            client("dynamodb").delete_item(TableName=self.name, Key=key)

        records = self.records()
        self.assertEqual([one["eventName"] for one in records], ["INSERT", "MODIFY", "MODIFY", "INSERT", "REMOVE", "REMOVE"])
        self.assertTrue(all(self.passes(record) for record in records))
        purged = records[-1] | {"userIdentity": {"type": "Service", "principalId": "dynamodb.amazonaws.com"}}
        self.assertFalse(self.passes(purged), "what the table removes after its time is no event")

        response = client("lambda").invoke(FunctionName=f"{self.name}-note-events", Payload=json.dumps(records))
        events = json.load(response["Payload"])
        self.assertEqual(
            [(one["detailType"], one["detail"]["noteId"], one["detail"].get("note", {}).get("title")) for one in events],
            [
                ("NoteCreated", note["id"], "Milk"),
                ("NoteChanged", note["id"], "Oat milk"),
                ("NoteDeleted", note["id"], None),
                ("NoteCreated", erased["id"], "Bread"),
                ("NoteDeleted", erased["id"], None),
            ],
        )
        sub = claims(alice.token)["sub"]
        revisions = [one["detail"]["revision"] for one in events if one["detail"]["noteId"] == note["id"]]
        self.assertEqual(revisions, sorted(set(revisions)), "a later event has a greater revision")
        self.assertEqual({one["detail"]["userId"] for one in events}, {sub})

        received = self.published(stack.outputs["EventBusName"], events)
        schema = json.loads((HERE.parent / "docs" / "events.schema.json").read_text())
        for event in received:
            jsonschema.validate(event, schema)
        self.assertEqual(sorted(one["detail"]["noteId"] for one in received), sorted([note["id"], erased["id"]]))

    def published(self, bus, events):
        """What a rule about deletions hands on, when these are published as the pipe does."""
        sqs, bridge = client("sqs"), client("events")
        queue = sqs.create_queue(QueueName="feed")["QueueUrl"]
        self.addCleanup(sqs.delete_queue, QueueUrl=queue)
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        pattern = {"source": ["notes"], "detail-type": ["NoteDeleted"]}
        bridge.put_rule(Name="deleted", EventBusName=bus, EventPattern=json.dumps(pattern))
        bridge.put_targets(Rule="deleted", EventBusName=bus, Targets=[{"Id": "queue", "Arn": arn}])
        self.addCleanup(bridge.delete_rule, Name="deleted", EventBusName=bus)
        self.addCleanup(bridge.remove_targets, Rule="deleted", EventBusName=bus, Ids=["queue"])
        entries = [
            {"Source": "notes", "DetailType": one["detailType"], "Detail": json.dumps(one["detail"]), "EventBusName": bus}
            for one in events
        ]
        self.assertEqual(bridge.put_events(Entries=entries)["FailedEntryCount"], 0)
        received = []
        while len(received) < 2:
            polled = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=10)
            # Without a message for ten seconds, this fails.
            received += [json.loads(one["Body"]) for one in polled["Messages"]]
            for one in polled["Messages"]:
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=one["ReceiptHandle"])
        return received


class Operator(unittest.TestCase):
    """The roles of operator.yml."""

    def test_a_role_exports_or_erases_a_user_and_does_nothing_else(self):
        name, operator = f"notes-operator-{secrets.token_hex(4)}", "arn:aws:iam::000000000000:user/operator"
        cloudformation = client("cloudformation")
        cloudformation.create_stack(
            StackName=name, TemplateBody=(HERE / "operator.yml").read_text(), Capabilities=["CAPABILITY_NAMED_IAM"],
            Parameters=[{"ParameterKey": key, "ParameterValue": value}
                        for key, value in (("TableName", HTTP.table), ("Operator", operator))],
        )
        self.addCleanup(cloudformation.delete_stack, StackName=name)
        cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
        (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
        roles = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        (statement,) = client("iam").get_role(RoleName=f"{HTTP.table}-erase")["Role"]["AssumeRolePolicyDocument"]["Statement"]
        self.assertEqual(statement["Principal"], {"AWS": operator})
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as file:
            file.writestr("probe.py", PROBE)
        python = {"Runtime": "python3.13", "Handler": "probe.handler"}
        for role, may in (("ExportRole", ["Query"]), ("EraseRole", ["Query", "BatchWriteItem"])):
            with self.subTest(role), deployed(role, code.getvalue(), roles[role], **python) as invoke:
                self.assertEqual(invoke({"table": HTTP.table, "other": REST.table}), [[HTTP.table, action] for action in may])


@unittest.skipUnless("CHROMIUM" in os.environ, "there is no browser")
class Page(unittest.TestCase):
    """The notes app, in a browser. deploy/test finds that, and builds what drives it."""

    def test_a_user_signs_in_on_the_pages_of_cognito_and_writes_a_note(self):
        users, email, password = HTTP.users, f"{uuid.uuid4()}@example.org", f"Aa1!{secrets.token_urlsafe(18)}"
        users.sign_in(email)
        users.cognito.admin_set_user_password(
            UserPoolId=users.pool, Username=email, Password=password, Permanent=True
        )
        listener = self.enterContext(socket.create_server(("127.0.0.1", 0)))
        # What the template leaves to who has a page: the app's callback URL and scopes.
        app = {"UserPoolId": users.pool, "ClientId": users.app}
        before = users.cognito.describe_user_pool_client(**app)["UserPoolClient"]
        known = users.cognito.meta.service_model.operation_model("UpdateUserPoolClient").input_shape.members
        before = {name: value for name, value in before.items() if name in known and value != ""}
        self.addCleanup(users.cognito.update_user_pool_client, **before)
        users.cognito.update_user_pool_client(**{
            **before,
            "AllowedOAuthFlowsUserPoolClient": True,
            "AllowedOAuthFlows": ["code"],
            "AllowedOAuthScopes": ["openid", "email"],
            "CallbackURLs": ["http://{}:{}/".format(*listener.getsockname())],
            "SupportedIdentityProviders": ["COGNITO"],
        })
        issuer = f"https://cognito-idp.{users.pool.split('_')[0]}.amazonaws.com/{users.pool}"
        page = {"api": HTTP.url, "issuer": issuer, "clientId": users.app, "emulator": LOCAL, "socket": listener.fileno()}
        program = HERE.parent / "examples/typescript/build/browser/deployed.js"
        ran = subprocess.run(
            ["node", program, json.dumps({**page, "email": email, "password": password})],
            capture_output=True, text=True, timeout=120, pass_fds=[listener.fileno()],
        )
        self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)
        notes = User(HTTP, users.token(email)).ask("GET").json["items"]
        self.assertEqual([note["title"] for note in notes], ["Written on the page"])


class Adoption(unittest.TestCase):
    """A table and a user pool without a stack, adopted by deploy/cloud. Needs no deployed stack."""

    def setUp(self):
        self.stage = f"lost{secrets.token_hex(4)}"
        self.name = f"notes-{self.stage}"
        cognito = client("cognito-idp")
        create_table(self.name, BY_CHANGE)
        self.addCleanup(client("dynamodb").delete_table, TableName=self.name)
        self.pool = cognito.create_user_pool(PoolName=self.name)["UserPool"]["Id"]
        self.addCleanup(cognito.delete_user_pool, UserPoolId=self.pool)

    def adopt(self, pool, succeeds, options=()):
        done = subprocess.run(
            ["bash", HERE / "cloud", "adopt", pool, "--stage", self.stage, *options], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        self.assertEqual(done.returncode == 0, succeeds, done.stdout)
        return done.stdout

    def stacks(self):
        found = client("cloudformation").list_stacks()["StackSummaries"]
        statuses = [stack["StackStatus"] for stack in found if stack["StackName"] == self.name]
        return [status for status in statuses if status != "DELETE_COMPLETE"]

    def assert_kept(self):
        client("dynamodb").describe_table(TableName=self.name)
        client("cognito-idp").describe_user_pool(UserPoolId=self.pool)

    def test_an_adoption_that_fails_says_why_leaves_no_stack_and_succeeds_when_repeated(self):
        for _ in range(2):
            said = self.adopt("eu-central-1_AbCdEfGhI", succeeds=False)
            self.assertIn("User pool eu-central-1_AbCdEfGhI does not exist", said)
            self.assertNotIn("Traceback", said)
            self.assertEqual(self.stacks(), [])
        self.adopt(self.pool, succeeds=True)
        self.assertEqual(self.stacks(), ["IMPORT_COMPLETE"])
        cloudformation = client("cloudformation")
        cloudformation.delete_stack(StackName=self.name)
        cloudformation.get_waiter("stack_delete_complete").wait(StackName=self.name, WaiterConfig={"Delay": 1})
        self.assert_kept()

    def test_a_table_is_imported_with_the_key_and_the_stream_that_it_has(self):
        """DynamoDB refuses a deployment that sets either as it is already."""
        key = "arn:aws:kms:eu-central-1:123456789012:key/1"

        def imported(options):
            table = {"Type": "AWS::DynamoDB::Table", "Properties": {"SSESpecification": {"SSEEnabled": False}}}
            printed = {"custom": {"name": self.name, "options": options}, "resources": {"Resources": {"NotesTable": table}}}
            return adopt.template(printed)["Resources"]["NotesTable"]["Properties"]

        self.assertEqual(imported({"keyArn": "", "events": ""}), {"SSESpecification": {"SSEEnabled": False}})
        properties = imported({"keyArn": key, "events": "true"})
        self.assertEqual(properties["SSESpecification"], {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": key})
        self.assertEqual(properties["StreamSpecification"], {"StreamViewType": "NEW_AND_OLD_IMAGES"})

    def test_a_stage_without_a_table_and_users_of_its_own_has_nothing_to_adopt(self):
        own = ["--param=tableName=notes-other", "--param=issuer=https://login.example.org/", "--param=audience=notes"]
        said = self.adopt(self.pool, succeeds=False, options=own)
        self.assertIn(f"{self.name} has neither a table nor a user pool of its own", said)
        self.assertNotIn("Traceback", said)
        self.assertEqual(self.stacks(), [])

    def test_an_import_that_is_taken_back_says_why_and_leaves_no_stack(self):
        printed = {
            "custom": {"name": self.name},
            "provider": {"region": os.environ["AWS_REGION"]},
            "resources": {"Resources": {
                "NotesTable": {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": self.name, "AttributeDefinitions": []}},
                "UserPool": {"Type": "AWS::Cognito::UserPool", "Properties": {}},
            }},
        }
        pool = client("cognito-idp").create_user_pool(PoolName=self.name)["UserPool"]["Id"]
        real = client("cloudformation")

        class PoolGoesBeforeTheImport:
            def __getattr__(self, name):
                if name == "execute_change_set":
                    client("cognito-idp").delete_user_pool(UserPoolId=pool)
                return getattr(real, name)

        def clients(name, region):
            return PoolGoesBeforeTheImport() if name == "cloudformation" else client(name, region)

        said = io.StringIO()
        with mock.patch("adopt.client", clients), contextlib.redirect_stderr(said):
            with self.assertRaises(SystemExit) as ended:
                adopt.adopt(printed, pool)
        self.assertEqual(ended.exception.code, 1)
        self.assertIn(f"{self.name} has adopted nothing: UserPool: User pool {pool} does not exist", said.getvalue())
        self.assertEqual(self.stacks(), [])
        self.assert_kept()

    def test_a_table_without_the_index_of_changes_is_refused_until_its_notes_are_in_one_that_has_it(self):
        dynamodb, aside = client("dynamodb"), f"{self.name}-aside"
        note = {"userId": {"S": "alice"}, "timestamp": {"N": "1795373220123" + 23 * "9"}, "revision": {"B": bytes(range(16))},
                "title": {"S": "Milk"}, "ofOthers": {"M": {"number": {"N": "1.5"}}}}
        tombstone = {"userId": {"S": "bob"}, "timestamp": {"N": "1"}, "deleted": {"BOOL": True}}
        items = [note, tombstone]

        def replace(changes):
            dynamodb.delete_table(TableName=self.name)
            create_table(self.name, changes)

        def refused(why):
            said = self.adopt(self.pool, succeeds=False)
            self.assertIn(f"{self.name} has adopted nothing of its table: {why} of the template", said)
            self.assertIn("docs/deployment.md", said)
            self.assertNotIn("Traceback", said)
            self.assertEqual(self.stacks(), [])

        replace({"index": BY_CHANGE["index"], "projection": "ALL"})
        refused("its index byChange is not that")
        replace({"index": {"userId": "HASH", "timestamp": "RANGE"}, "projection": "KEYS_ONLY"})
        refused("its index byChange is not that")
        replace(None)
        refused("it lacks the index byChange")

        for item in items:
            dynamodb.put_item(TableName=self.name, Item=item)
        create_table(aside)
        self.addCleanup(dynamodb.delete_table, TableName=aside)
        copy_table(self.name, aside)
        replace(BY_CHANGE)
        copy_table(aside, self.name)
        found = dynamodb.scan(TableName=self.name)["Items"]
        self.assertEqual(sorted(found, key=str), sorted(items, key=str))
        self.adopt(self.pool, succeeds=True)
        self.assertEqual(self.stacks(), ["IMPORT_COMPLETE"])
        client("cloudformation").delete_stack(StackName=self.name)

    def test_a_table_that_is_not_there_is_named(self):
        self.stage = f"never{secrets.token_hex(4)}"
        said = self.adopt(self.pool, succeeds=False)
        self.assertIn(f"notes-{self.stage} has adopted nothing", said)
        self.assertIn("ResourceNotFoundException", said)


if __name__ == "__main__":
    unittest.main(verbosity=2)
