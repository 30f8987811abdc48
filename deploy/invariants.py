"""What must hold for the packaged templates of the stack, and for the template of the pipeline, beyond what cfn-lint knows.

    invariants.py TEMPLATE …

Each template is then damaged in every way that FAULTS lists: damage that goes unnoticed is a
failure too, of the check itself.
"""

import copy
import json
import sys
from pathlib import Path

from cfnlint.decode import cfn_yaml

BOUNDARY = "arn:aws:iam::123456789012:policy/FunctionBoundary"  # what deploy/lint packages with
FUNCTIONS = {
    "create-note": ({"dynamodb:PutItem"}, ["POST /notes"]),
    "list-notes": ({"dynamodb:Query"}, ["GET /notes", "HEAD /notes"]),
    "list-changes": ({"dynamodb:BatchGetItem", "dynamodb:Query"}, ["GET /notes/changes", "HEAD /notes/changes"]),
    "get-note": ({"dynamodb:GetItem"}, ["GET /notes/{id}", "HEAD /notes/{id}"]),
    "update-note": ({"dynamodb:GetItem", "dynamodb:UpdateItem"}, ["PATCH /notes/{id}"]),
    "delete-note": ({"dynamodb:GetItem", "dynamodb:UpdateItem"}, ["DELETE /notes/{id}"]),
}


# The one function that reads through the index, and nothing but queries.
INDEX = ("list-changes", "dynamodb:Query", {"Fn::Sub": "${NotesTable.Arn}/index/byChange"})

# The stages that may lose their data. Any other is protected, whatever it is called.
DEVELOPMENT = ("notes-dev",)


class Template:
    def __init__(self, template):
        self.resources = template["Resources"]
        # What osls packages beside the template, and applies itself.
        self.provider = template.get("osls", {}).get("service", {}).get("provider", {})

    def all(self, kind):
        """The properties of all resources of a kind, by their names."""
        found = {k: v for k, v in self.resources.items() if v["Type"] == f"AWS::{kind}"}
        return {name: it.get("Properties", {}) for name, it in found.items()}

    def one(self, kind):
        (properties,) = self.all(kind).values()
        return properties

    @property
    def is_http_api(self):
        return bool(self.all("ApiGatewayV2::Api"))

    @property
    def is_protected(self):
        return self.one("DynamoDB::Table")["TableName"] not in DEVELOPMENT

    @property
    def is_pipeline(self):
        return bool(self.all("CodePipeline::Pipeline"))


def referenced(it):
    """The names of resources that something refers to."""
    if isinstance(it, dict):
        if "Ref" in it:
            yield it["Ref"]
        if "Fn::GetAtt" in it:
            yield it["Fn::GetAtt"][0]
        it = it.values()
    elif not isinstance(it, list):
        return
    for part in it:
        yield from referenced(part)


def table(template):
    it = template.one("DynamoDB::Table")
    keys = [key["AttributeName"] for key in it["KeySchema"]]
    types = {key["AttributeName"]: key["AttributeType"] for key in it["AttributeDefinitions"]}
    if keys != ["userId", "timestamp"] or types != {"userId": "S", "timestamp": "N", "changed": "B"}:
        yield "the table has other keys"
    if it.get("BillingMode") != "PAY_PER_REQUEST":
        yield "the table is not billed on demand"
    if it.get("TimeToLiveSpecification") != {"AttributeName": "purgeAt", "Enabled": True}:
        yield "nothing purges the table"
    if not it.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled"):
        yield "the table has no point-in-time recovery"
    # It is encrypted either way.
    if it.get("SSESpecification", {}).get("SSEEnabled") is not False:
        yield "the table is encrypted with a key whose every use is billed"
    indexes = [
        (index["IndexName"], [key["AttributeName"] for key in index["KeySchema"]], index["Projection"])
        for index in it.get("LocalSecondaryIndexes", [])
    ]
    if indexes != [("byChange", ["userId", "changed"], {"ProjectionType": "KEYS_ONLY"})]:
        yield "the table has not the index of changes, which it can't get later"
    if "GlobalSecondaryIndexes" in it:
        yield "the table has an index that every write pays for"


def data(template):
    if not template.is_protected:
        return
    if template.one("DynamoDB::Table").get("DeletionProtectionEnabled") is not True:
        yield "the table may be deleted"
    if template.one("Cognito::UserPool").get("DeletionProtection") != "ACTIVE":
        yield "the user pool may be deleted"
    if template.provider.get("deletionProtection") is not True:
        yield "the stack may be deleted"
    for name, it in template.resources.items():
        if it["Type"] in ("AWS::DynamoDB::Table", "AWS::Cognito::UserPool"):
            policies = (it.get("DeletionPolicy"), it.get("UpdateReplacePolicy"))
            if policies != ("RetainExceptOnCreate", "Retain"):
                yield f"{name} goes with the stack, or stays when its creation failed: {policies}"
    if "ALLOW_USER_PASSWORD_AUTH" in template.one("Cognito::UserPoolClient")["ExplicitAuthFlows"]:
        yield "passwords are sent as they are"


def retained(template):
    """What a failed first deployment leaves takes the names that the second one needs."""
    for name, it in template.resources.items():
        if it.get("DeletionPolicy") == "Retain":
            yield f"{name} stays when its creation failed"


def users(template):
    """What can't be changed later without losing the users, and what should not be left to Cognito's defaults."""
    pool, app = template.one("Cognito::UserPool"), template.one("Cognito::UserPoolClient")
    if pool.get("UsernameConfiguration") != {"CaseSensitive": False}:
        yield "an address in capitals is another user"
    if pool.get("UserPoolTier") != "LITE":
        yield "the user pool is of a dearer tier than what is used"
    if app.get("TokenValidityUnits") != {"IdToken": "minutes", "AccessToken": "minutes", "RefreshToken": "days"}:
        yield "how long tokens are valid has no units"
    elif not (5 <= app.get("IdTokenValidity", 0) == app.get("AccessTokenValidity") <= 60):
        yield "a token that was stolen is good for longer than an hour"
    elif not 1 <= app.get("RefreshTokenValidity", 0) <= 30:
        yield "a user remains signed in for longer than a month"
    if app.get("EnableTokenRevocation") is not True:
        yield "a token can't be revoked"


def logs_and_metrics(template):
    """What the gateway writes and publishes: no bodies, no tokens, and nothing at the price of custom metrics."""
    if template.is_http_api:
        if template.one("ApiGatewayV2::Stage").get("DefaultRouteSettings", {}).get("DetailedMetricsEnabled") is not False:
            yield "the API publishes metrics for each route"
        return
    # Of a REST API's stage osls sets these itself.
    log = template.provider.get("logs", {}).get("restApi", {})
    if log.get("executionLogging") is not False or log.get("fullExecutionData") is not False:
        yield "the gateway logs what is in requests"
    if template.provider.get("apiGateway", {}).get("metrics") is not False:
        yield "the API publishes metrics for each method"
    if template.one("ApiGateway::Authorizer").get("AuthorizerResultTtlInSeconds") != 0:
        yield "a token is good for longer than it says"


def functions(template):
    all_ = template.all("Lambda::Function").values()
    if sorted(it["Handler"] for it in all_) != sorted(FUNCTIONS):
        yield "these are not the six functions"
    if len({it["Code"]["S3Key"] for it in all_}) != len(all_):
        yield "functions share an artifact"
    if len({json.dumps(it["Role"]) for it in all_}) != len(all_):
        yield "functions share a role"
    identity = "jwt:sub" if template.is_http_api else "cognito:sub"
    for it in all_:
        if it["Runtime"] != "provided.al2023":
            yield f"{it['Handler']} has another runtime"
        if it["Environment"]["Variables"]["NOTES_IDENTITY"] != identity:
            yield f"{it['Handler']} takes the user from elsewhere"


def roles(template):
    all_ = template.all("IAM::Role")
    used = set()
    for function in template.all("Lambda::Function").values():
        name = function["Handler"]
        (role_name,) = referenced(function["Role"])
        used.add(role_name)
        role = all_[role_name]
        if template.is_protected and role.get("PermissionsBoundary") != BOUNDARY:
            yield f"{role_name} has no boundary"
        if "ManagedPolicyArns" in role:
            yield f"{role_name} has policies of others"
        statements = [s for it in role["Policies"] for s in it["PolicyDocument"]["Statement"]]
        actions = [a for s in statements for a in ([s["Action"]] if isinstance(s["Action"], str) else s["Action"])]
        (allowed, _) = FUNCTIONS.get(name, (set(), None))
        if set(actions) != allowed | {"logs:CreateLogStream", "logs:PutLogEvents"}:
            yield f"{role_name} allows {actions}"
        for it in statements:
            log = f"log-group:/aws/lambda/{function['FunctionName']}:*"
            own = (
                it["Resource"].get("Fn::Sub", "").endswith(log)
                if "logs:" in json.dumps(it["Action"])
                else it["Resource"] == {"Fn::GetAtt": ["NotesTable", "Arn"]} or (name, it["Action"], it["Resource"]) == INDEX
            )
            if not own:
                yield f"{role_name} reaches {it['Resource']}"
        trusted = [it["Principal"] for it in role["AssumeRolePolicyDocument"]["Statement"]]
        if trusted != [{"Service": "lambda.amazonaws.com"}]:
            yield f"{role_name} is not for functions only"
    if set(all_) != used:
        yield f"no function has the roles {set(all_) - used}"


def http_routes(template):
    integrations = template.all("ApiGatewayV2::Integration")
    authorizers = template.all("ApiGatewayV2::Authorizer")
    for it in template.all("ApiGatewayV2::Route").values():
        (_, integration) = it["Target"]["Fn::Join"][1]
        yield it["RouteKey"], referenced(integrations[integration["Ref"]]["IntegrationUri"])
        authorizer = authorizers.get(it.get("AuthorizerId", {}).get("Ref"), {})
        jwt = authorizer.get("JwtConfiguration", {})
        if it.get("AuthorizationType") != "JWT" or not jwt:
            yield f"{it['RouteKey']} needs no token"
        if "${UserPool}" not in json.dumps(jwt.get("Issuer", "")):
            yield f"{it['RouteKey']} takes tokens of any issuer"
        if list(referenced(jwt.get("Audience", []))) != ["UserPoolClient"]:
            yield f"{it['RouteKey']} takes tokens for any app"
    if not template.one("ApiGatewayV2::Stage").get("AccessLogSettings", {}).get("DestinationArn"):
        yield "the API has no access log"


def rest_routes(template):
    parts = template.all("ApiGateway::Resource")
    authorizers = template.all("ApiGateway::Authorizer")

    def path(ref):
        it = parts.get(ref.get("Ref"))
        return f"{path(it['ParentId'])}/{it['PathPart']}" if it else ""

    for it in template.all("ApiGateway::Method").values():
        key = f"{it['HttpMethod']} {path(it['ResourceId'])}"
        if it["HttpMethod"] == "OPTIONS":
            continue  # a preflight
        yield key, referenced(it["Integration"]["Uri"])
        authorizer = authorizers.get(it.get("AuthorizerId", {}).get("Ref"), {})
        if it["AuthorizationType"] != "COGNITO_USER_POOLS" or authorizer.get("Type") != "COGNITO_USER_POOLS":
            yield f"{key} needs no token"
        if list(referenced(authorizer.get("ProviderARNs", []))) != ["UserPool"]:
            yield f"{key} takes tokens of any issuer"
    if not any("api-gateway" in it["LogGroupName"] for it in template.all("Logs::LogGroup").values()):
        yield "the API has no access log"


def routes(template):
    wanted = {(route, name) for name, (_, routes) in FUNCTIONS.items() for route in routes}
    names = {k: it["Handler"] for k, it in template.all("Lambda::Function").items()}
    routed = set()
    for it in http_routes(template) if template.is_http_api else rest_routes(template):
        if isinstance(it, str):
            yield it
        else:
            route, targets = it
            routed |= {(route, names[target]) for target in targets if target in names}
    if routed != wanted:
        yield f"not routed as designed: {sorted(routed ^ wanted)}"


def settings(template):
    """A write by a function that has not the same settings of sync is one that no copy gets to know."""
    all_ = [it["Environment"]["Variables"] for it in template.all("Lambda::Function").values()]
    if any(it != all_[0] for it in all_):
        yield "functions have different settings"
    if not {"NOTES_SYNC_EPOCH", "NOTES_SYNC_DAYS"} <= all_[0].keys():
        yield "functions do not know whether sync is on"


def cors(template):
    allowed = {it["Environment"]["Variables"].get("NOTES_CORS_HEADERS") for it in template.all("Lambda::Function").values()}
    if len(allowed) != 1 or None in allowed:
        yield "functions allow pages different headers"
    elif template.is_http_api:
        by_gateway = template.one("ApiGatewayV2::Api").get("CorsConfiguration", {}).get("AllowHeaders")
        if by_gateway != [it.strip() for it in allowed.pop().split(",")]:
            yield "the gateway allows pages other headers than the functions"


def bucket(template):
    blocked = template.one("S3::Bucket").get("PublicAccessBlockConfiguration", {})
    if len(blocked) != 4 or not all(blocked.values()):
        yield "the bucket of the artifacts may be public"


def time(template):
    """A new account may build one thing at a time, so either build waits for the other, which may take all of its time."""
    projects = template.all("CodeBuild::Project")
    together = sum(it["TimeoutInMinutes"] for it in projects.values())
    for name, it in projects.items():
        if it["TimeoutInMinutes"] > 90:
            yield f"{name} may run for {it['TimeoutInMinutes']} minutes"
        if not together <= it["QueuedTimeoutInMinutes"] <= 480:
            yield f"{name} leaves the queue after {it['QueuedTimeoutInMinutes']} minutes, before the others are done"


def builds(template):
    if sorted(template.all("CodeBuild::Project")) != ["DeployProject", "TestProject"]:
        yield "these are not the two builds"
    groups = template.all("Logs::LogGroup")
    for name, it in template.all("CodeBuild::Project").items():
        if it["Environment"]["Type"] != "ARM_CONTAINER" or "aarch64" not in it["Environment"]["Image"]:
            yield f"{name} does not build on ARM"
        log = it.get("LogsConfig", {}).get("CloudWatchLogs", {})
        if log.get("Status") != "ENABLED" or not groups.get(log["GroupName"]["Ref"], {}).get("RetentionInDays"):
            yield f"{name} logs to no group that expires"
        if it["Cache"]["Type"] != "LOCAL":
            yield f"{name} shares its cache with other projects"
        if not (Path(__file__).parent.parent / it["Source"]["BuildSpec"]).is_file():
            yield f"{name}'s buildspec is not there"
    deploy = template.all("CodeBuild::Project").get("DeployProject", {"Environment": {}})["Environment"]
    variables = {it["Name"]: it["Value"] for it in deploy.get("EnvironmentVariables", [])}
    if variables != {"STAGE": {"Ref": "Stage"}, "ARCHITECTURE": "arm64", "PERMISSIONS_BOUNDARY": {"Ref": "FunctionBoundary"}}:
        yield f"the deploy stage is told {variables}"


def pipeline(template):
    it = template.one("CodePipeline::Pipeline")
    if (it["PipelineType"], it["ExecutionMode"]) != ("V2", "QUEUED"):
        yield "the pipeline does not queue its runs"
    stages = [stage["Actions"][0]["Configuration"].get("ProjectName", {}).get("Ref") for stage in it["Stages"]]
    if stages != [None, "TestProject", "DeployProject"]:
        yield f"it does not test before it deploys: {stages}"


def artifacts(template):
    it = template.one("S3::Bucket")
    rules = it["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    if [(rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"], rule.get("BucketKeyEnabled")) for rule in rules] != [("aws:kms", True)]:
        yield "artifacts are not encrypted with KMS and a bucket key"
    if not all(rule.get("ExpirationInDays") for rule in it["LifecycleConfiguration"]["Rules"]):
        yield "artifacts do not expire"


CHECKS = [table, data, retained, users, functions, roles, routes, settings, cors, logs_and_metrics, bucket]
CHECKS_PIPELINE = [time, builds, pipeline, artifacts, retained, bucket]


def faults(template):
    it = Template(template)
    return [fault for check in (CHECKS_PIPELINE if it.is_pipeline else CHECKS) for fault in check(it)]


# A kind of resource, and the damage done to the properties of the first of them.
FAULTS = {
    "no recovery": ("DynamoDB::Table", lambda it: it.pop("PointInTimeRecoverySpecification")),
    "a key that is billed": ("DynamoDB::Table", lambda it: it["SSESpecification"].update(SSEEnabled=True)),
    "other TTL": ("DynamoDB::Table", lambda it: it["TimeToLiveSpecification"].update(AttributeName="expiresAt")),
    "other key": ("DynamoDB::Table", lambda it: it["AttributeDefinitions"][1].update(AttributeType="S")),
    "provisioned": ("DynamoDB::Table", lambda it: it.pop("BillingMode")),
    "an index": ("DynamoDB::Table", lambda it: it.update(GlobalSecondaryIndexes=[])),
    "no index of changes": ("DynamoDB::Table", lambda it: it.pop("LocalSecondaryIndexes")),
    "a larger index": ("DynamoDB::Table", lambda it: it["LocalSecondaryIndexes"][0].update(Projection={"ProjectionType": "ALL"})),
    "shared artifact": ("Lambda::Function", lambda it: it["Code"].update(S3Key="prefix/get-note.zip")),
    "shared role": ("Lambda::Function", lambda it: it.update(Role={"Fn::GetAtt": ["GetNoteRole", "Arn"]})),
    "other code": ("Lambda::Function", lambda it: it.update(Handler="notes-api")),
    "other identity": ("Lambda::Function", lambda it: it["Environment"]["Variables"].update(NOTES_IDENTITY="lambda:x")),
    "other CORS": ("Lambda::Function", lambda it: it["Environment"]["Variables"].update(NOTES_CORS_HEADERS="Authorization")),
    "other epoch": ("Lambda::Function", lambda it: it["Environment"]["Variables"].update(NOTES_SYNC_EPOCH="2")),
    "no days": (None, lambda it: [f["Environment"]["Variables"].pop("NOTES_SYNC_DAYS") for f in it.all("Lambda::Function").values()]),
    "any index": (None, lambda it: of_changes(it)[1].update(Resource={"Fn::Sub": "${NotesTable.Arn}/index/*"})),
    "reads items of the index": (None, lambda it: of_changes(it)[1].update(Action=["dynamodb:Query", "dynamodb:Scan"])),
    "two actions": ("IAM::Role", lambda it: statement(it).update(Action=["dynamodb:PutItem", "dynamodb:GetItem"])),
    "any action": ("IAM::Role", lambda it: statement(it).update(Action="dynamodb:*")),
    "any table": ("IAM::Role", lambda it: statement(it).update(Resource="*")),
    "any log": ("IAM::Role", lambda it: it["Policies"][0]["PolicyDocument"]["Statement"][1].update(Resource={"Fn::Sub": "*"})),
    "managed policy": ("IAM::Role", lambda it: it.update(ManagedPolicyArns=["arn:aws:iam::aws:policy/ReadOnlyAccess"])),
    "trusts all": ("IAM::Role", lambda it: it["AssumeRolePolicyDocument"]["Statement"][0].update(Principal="*")),
    "case-sensitive": ("Cognito::UserPool", lambda it: it.pop("UsernameConfiguration")),
    "another tier": ("Cognito::UserPool", lambda it: it.pop("UserPoolTier")),
    "long tokens": ("Cognito::UserPoolClient", lambda it: it.update(IdTokenValidity=1440)),
    "tokens by default": ("Cognito::UserPoolClient", lambda it: it.pop("TokenValidityUnits")),
    "signed in for years": ("Cognito::UserPoolClient", lambda it: it.update(RefreshTokenValidity=3650)),
    "no revocation": ("Cognito::UserPoolClient", lambda it: it.pop("EnableTokenRevocation")),
    "public bucket": ("S3::Bucket", lambda it: it["PublicAccessBlockConfiguration"].update(BlockPublicAcls=False)),
}
FAULTS_HTTP = {
    "no authorizer": ("ApiGatewayV2::Route", lambda it: it.update(AuthorizationType="NONE")),
    "authorizer gone": ("ApiGatewayV2::Route", lambda it: it.pop("AuthorizerId")),
    "other route": ("ApiGatewayV2::Route", lambda it: it.update(RouteKey="PUT /notes")),
    "no issuer": ("ApiGatewayV2::Authorizer", lambda it: it["JwtConfiguration"].pop("Issuer")),
    "no audience": ("ApiGatewayV2::Authorizer", lambda it: it["JwtConfiguration"].pop("Audience")),
    "no access log": ("ApiGatewayV2::Stage", lambda it: it.pop("AccessLogSettings")),
    "other CORS of the gateway": ("ApiGatewayV2::Api", lambda it: it["CorsConfiguration"]["AllowHeaders"].pop()),
    "dear metrics": ("ApiGatewayV2::Stage", lambda it: it["DefaultRouteSettings"].update(DetailedMetricsEnabled=True)),
}
FAULTS_REST = {
    "no authorizer": ("ApiGateway::Method", lambda it: it.update(AuthorizationType="NONE")),
    "authorizer gone": ("ApiGateway::Method", lambda it: it.pop("AuthorizerId")),
    "other route": ("ApiGateway::Method", lambda it: it.update(HttpMethod="PUT")),
    "no pool": ("ApiGateway::Authorizer", lambda it: it.update(ProviderARNs=[])),
    "tokens that live on": ("ApiGateway::Authorizer", lambda it: it.pop("AuthorizerResultTtlInSeconds")),
    "logged bodies": (None, lambda it: it.provider["logs"]["restApi"].pop("fullExecutionData")),
    "logged requests": (None, lambda it: it.provider["logs"]["restApi"].update(executionLogging=True)),
    "dear metrics": (None, lambda it: it.provider["apiGateway"].update(metrics=True)),
}
FAULTS_PROTECTED = {
    "table goes with the stack": (None, lambda it: it.resources["NotesTable"].pop("DeletionPolicy")),
    "users go with the stack": (None, lambda it: it.resources["UserPool"].update(DeletionPolicy="Delete")),
    "a failed creation stays": (None, lambda it: it.resources["NotesTable"].update(DeletionPolicy="Retain")),
    "a replaced table goes": (None, lambda it: it.resources["NotesTable"].pop("UpdateReplacePolicy")),
    "stack not protected": (None, lambda it: it.provider.update(deletionProtection=False)),
    "no boundary": ("IAM::Role", lambda it: it.pop("PermissionsBoundary")),
    "table not protected": ("DynamoDB::Table", lambda it: it.update(DeletionProtectionEnabled=False)),
    "users not protected": ("Cognito::UserPool", lambda it: it.pop("DeletionProtection")),
    "passwords": ("Cognito::UserPoolClient", lambda it: it["ExplicitAuthFlows"].append("ALLOW_USER_PASSWORD_AUTH")),
}
FAULTS_PIPELINE = {
    "a short queue": ("CodeBuild::Project", lambda it: it.update(QueuedTimeoutInMinutes=60)),
    "a longer test": ("CodeBuild::Project", lambda it: it.update(TimeoutInMinutes=480)),
    "another processor": ("CodeBuild::Project", lambda it: it["Environment"].update(Type="LINUX_CONTAINER")),
    "a shared cache": ("CodeBuild::Project", lambda it: it.update(Cache={"Type": "S3"})),
    "no buildspec": ("CodeBuild::Project", lambda it: it["Source"].update(BuildSpec="buildspec.yml")),
    "no log": ("CodeBuild::Project", lambda it: it.pop("LogsConfig")),
    "a log for ever": ("Logs::LogGroup", lambda it: it.pop("RetentionInDays")),
    "no boundary": (None, lambda it: it.all("CodeBuild::Project")["DeployProject"]["Environment"]["EnvironmentVariables"].pop()),
    "parallel runs": ("CodePipeline::Pipeline", lambda it: it.update(ExecutionMode="PARALLEL")),
    "no test": ("CodePipeline::Pipeline", lambda it: it["Stages"].pop(1)),
    "a failed creation stays": (None, lambda it: it.resources["ArtifactBucket"].update(DeletionPolicy="Retain")),
    "artifacts for ever": ("S3::Bucket", lambda it: it["LifecycleConfiguration"]["Rules"][0].pop("ExpirationInDays")),
    "public artifacts": ("S3::Bucket", lambda it: it.pop("PublicAccessBlockConfiguration")),
    "no KMS": ("S3::Bucket", lambda it: it["BucketEncryption"]["ServerSideEncryptionConfiguration"].pop()),
}


def of_changes(template):
    return template.all("IAM::Role")["ListChangesRole"]["Policies"][0]["PolicyDocument"]["Statement"]


def statement(role):
    return role["Policies"][0]["PolicyDocument"]["Statement"][0]


def unnoticed(template):
    it = Template(template)
    if it.is_pipeline:
        kinds = FAULTS_PIPELINE
    else:
        kinds = FAULTS | (FAULTS_HTTP if it.is_http_api else FAULTS_REST) | (FAULTS_PROTECTED if it.is_protected else {})
    for fault, (kind, damage) in kinds.items():
        damaged = copy.deepcopy(template)
        # The first resource of the kind, or all of the template.
        damage(next(iter(Template(damaged).all(kind).values())) if kind else Template(damaged))
        # A shared artifact needs a second function with that key.
        if fault == "shared artifact":
            for function in Template(damaged).all("Lambda::Function").values():
                if function["Handler"] == "get-note":
                    function["Code"]["S3Key"] = "prefix/get-note.zip"
        if not faults(damaged):
            yield f"not noticed: {fault}"


def read(path):
    if path.suffix == ".yml":
        return json.loads(json.dumps(cfn_yaml.load(str(path))))
    template = json.loads(path.read_text())
    template["osls"] = json.loads((path.parent / "serverless-state.json").read_text())
    return template


failed = 0
for path in map(Path, sys.argv[1:]):
    template = read(path)
    for it in [*faults(template), *unnoticed(template)]:
        print(f"{path}: {it}")
        failed = 1
sys.exit(failed)
