"""What must hold for the packaged template of the stack, beyond what cfn-lint knows.

    invariants.py TEMPLATE …

Each template is then damaged in every way that FAULTS lists: damage that goes unnoticed is a
failure too, of the check itself.
"""

import copy
import json
import sys

FUNCTIONS = {
    "create-note": ({"dynamodb:PutItem"}, ["POST /notes"]),
    "list-notes": ({"dynamodb:Query"}, ["GET /notes", "HEAD /notes"]),
    "get-note": ({"dynamodb:GetItem"}, ["GET /notes/{id}", "HEAD /notes/{id}"]),
    "update-note": ({"dynamodb:GetItem", "dynamodb:UpdateItem"}, ["PATCH /notes/{id}"]),
    "delete-note": ({"dynamodb:GetItem", "dynamodb:UpdateItem"}, ["DELETE /notes/{id}"]),
}


class Template:
    def __init__(self, template):
        self.resources = template["Resources"]

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
    def is_production(self):
        return self.one("DynamoDB::Table")["TableName"].endswith("-prod")


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
    if keys != ["userId", "timestamp"] or types != {"userId": "S", "timestamp": "N"}:
        yield "the table has other keys"
    if it.get("BillingMode") != "PAY_PER_REQUEST":
        yield "the table is not billed on demand"
    if it.get("TimeToLiveSpecification") != {"AttributeName": "purgeAt", "Enabled": True}:
        yield "nothing purges the table"
    if not it.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled"):
        yield "the table has no point-in-time recovery"
    if not it.get("SSESpecification", {}).get("SSEEnabled"):
        yield "the table is not encrypted"
    if it.keys() & {"GlobalSecondaryIndexes", "LocalSecondaryIndexes"}:
        yield "the table has an index, which every write pays for"


def production(template):
    if not template.is_production:
        return
    if template.one("DynamoDB::Table").get("DeletionProtectionEnabled") is not True:
        yield "the table may be deleted"
    if template.one("Cognito::UserPool").get("DeletionProtection") != "ACTIVE":
        yield "the user pool may be deleted"
    for name, it in template.resources.items():
        if it["Type"] in ("AWS::DynamoDB::Table", "AWS::Cognito::UserPool"):
            if not it.get("DeletionPolicy") == it.get("UpdateReplacePolicy") == "Retain":
                yield f"{name} goes with the stack"
    if "ALLOW_USER_PASSWORD_AUTH" in template.one("Cognito::UserPoolClient")["ExplicitAuthFlows"]:
        yield "passwords are sent as they are"


def functions(template):
    all_ = template.all("Lambda::Function").values()
    if sorted(it["Handler"] for it in all_) != sorted(FUNCTIONS):
        yield "these are not the five functions"
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
                else it["Resource"] == {"Fn::GetAtt": ["NotesTable", "Arn"]}
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


CHECKS = [table, production, functions, roles, routes, cors, bucket]


def faults(template):
    return [fault for check in CHECKS for fault in check(Template(template))]


# A kind of resource, and the damage done to the properties of the first of them.
FAULTS = {
    "no recovery": ("DynamoDB::Table", lambda it: it.pop("PointInTimeRecoverySpecification")),
    "no encryption": ("DynamoDB::Table", lambda it: it["SSESpecification"].update(SSEEnabled=False)),
    "other TTL": ("DynamoDB::Table", lambda it: it["TimeToLiveSpecification"].update(AttributeName="expiresAt")),
    "other key": ("DynamoDB::Table", lambda it: it["AttributeDefinitions"][1].update(AttributeType="S")),
    "provisioned": ("DynamoDB::Table", lambda it: it.pop("BillingMode")),
    "an index": ("DynamoDB::Table", lambda it: it.update(GlobalSecondaryIndexes=[])),
    "shared artifact": ("Lambda::Function", lambda it: it["Code"].update(S3Key="prefix/get-note.zip")),
    "shared role": ("Lambda::Function", lambda it: it.update(Role={"Fn::GetAtt": ["GetNoteRole", "Arn"]})),
    "other code": ("Lambda::Function", lambda it: it.update(Handler="notes-api")),
    "other identity": ("Lambda::Function", lambda it: it["Environment"]["Variables"].update(NOTES_IDENTITY="lambda:x")),
    "other CORS": ("Lambda::Function", lambda it: it["Environment"]["Variables"].update(NOTES_CORS_HEADERS="Authorization")),
    "two actions": ("IAM::Role", lambda it: statement(it).update(Action=["dynamodb:PutItem", "dynamodb:GetItem"])),
    "any action": ("IAM::Role", lambda it: statement(it).update(Action="dynamodb:*")),
    "any table": ("IAM::Role", lambda it: statement(it).update(Resource="*")),
    "any log": ("IAM::Role", lambda it: it["Policies"][0]["PolicyDocument"]["Statement"][1].update(Resource={"Fn::Sub": "*"})),
    "managed policy": ("IAM::Role", lambda it: it.update(ManagedPolicyArns=["arn:aws:iam::aws:policy/ReadOnlyAccess"])),
    "trusts all": ("IAM::Role", lambda it: it["AssumeRolePolicyDocument"]["Statement"][0].update(Principal="*")),
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
}
FAULTS_REST = {
    "no authorizer": ("ApiGateway::Method", lambda it: it.update(AuthorizationType="NONE")),
    "authorizer gone": ("ApiGateway::Method", lambda it: it.pop("AuthorizerId")),
    "other route": ("ApiGateway::Method", lambda it: it.update(HttpMethod="PUT")),
    "no pool": ("ApiGateway::Authorizer", lambda it: it.update(ProviderARNs=[])),
}
FAULTS_PRODUCTION = {
    "table not protected": ("DynamoDB::Table", lambda it: it.update(DeletionProtectionEnabled=False)),
    "users not protected": ("Cognito::UserPool", lambda it: it.pop("DeletionProtection")),
    "passwords": ("Cognito::UserPoolClient", lambda it: it["ExplicitAuthFlows"].append("ALLOW_USER_PASSWORD_AUTH")),
}


def statement(role):
    return role["Policies"][0]["PolicyDocument"]["Statement"][0]


def unnoticed(template):
    kinds = dict(FAULTS)
    it = Template(template)
    kinds |= FAULTS_HTTP if it.is_http_api else FAULTS_REST
    kinds |= FAULTS_PRODUCTION if it.is_production else {}
    for fault, (kind, damage) in kinds.items():
        damaged = copy.deepcopy(template)
        damage(next(iter(Template(damaged).all(kind).values())))
        # A shared artifact needs a second function with that key.
        for function in Template(damaged).all("Lambda::Function").values():
            if function["Handler"] == "get-note" and fault == "shared artifact":
                function["Code"]["S3Key"] = "prefix/get-note.zip"
        if not faults(damaged):
            yield f"not noticed: {fault}"


failed = 0
for path in sys.argv[1:]:
    with open(path) as file:
        template = json.load(file)
    for it in [*faults(template), *unnoticed(template)]:
        print(f"{path}: {it}")
        failed = 1
sys.exit(failed)
