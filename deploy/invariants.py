"""What must hold for the packaged templates of the stack, beyond what CloudFormation demands.

    invariants.py TEMPLATE …

What cfn-lint can say is in rules.txt. The policies of the roles are read by parliament too, which knows which action
takes which resource.
"""

import functools
import json
import re
import sys
import warnings
from pathlib import Path

import cfnlint.template
from cfnlint.rules import RulesCollection

from template import held, listed, referenced

def account_arn(service, resource):
    return {"Fn::Sub": f"arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{resource}"}


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
INDEX = ("list-changes", "dynamodb:Query")
TRACES = {"xray:PutTelemetryRecords", "xray:PutTraceSegments"}
# The function of the change feed, which no route leads to.
FEED = "note-events"
# The roles that are for another service than Lambda, what they may do, and to what.
STREAM = {"Fn::GetAtt": ["NotesTable", "StreamArn"]}
OTHER_ROLES = {
    "EventPipeRole": ("pipes.amazonaws.com", [
        *((f"dynamodb:{call}", STREAM) for call in ("DescribeStream", "GetRecords", "GetShardIterator")),
        ("dynamodb:ListStreams", "*"),
        ("lambda:InvokeFunction", {"Fn::GetAtt": ["NoteDasheventsLambdaFunction", "Arn"]}),
        ("events:PutEvents", {"Fn::GetAtt": ["EventBus", "Arn"]}),
    ]),
    "CanaryRole": ("codedeploy.amazonaws.com", [
        *((f"lambda:{call}", account_arn("lambda", "function:notes-live-*"))
          for call in ("GetAlias", "GetProvisionedConcurrencyConfig", "UpdateAlias")),
        ("cloudwatch:DescribeAlarms", account_arn("cloudwatch", "alarm:notes-live-*")),
    ]),
}


@functools.cache
def rules():
    found = RulesCollection()
    found.create_from_custom_rules_file(str(Path(__file__).with_name("rules.txt")))
    return found


def custom_rules(template):
    body = {name: part for name, part in template.body.items() if name != "osls"}
    for match in rules().run("", cfnlint.template.Template("", body, ["eu-central-1"])):
        yield f"{'/'.join(map(str, match.path[:2]))}: {match.message}"


def table_arn(template):
    """How the stack names its table, or a table that was there before."""
    if template.all("DynamoDB::Table"):
        return {"Fn::GetAtt": ["NotesTable", "Arn"]}, {"Fn::Sub": "${NotesTable.Arn}/index/byChange"}
    name = next(iter(template.functions.values()))["Environment"]["Variables"]["NOTES_TABLE"]
    return account_arn("dynamodb", f"table/{name}"), account_arn("dynamodb", f"table/{name}/index/byChange")


def table(template):
    for properties in template.all("DynamoDB::Table").values():
        keys = [key["AttributeName"] for key in properties["KeySchema"]]
        types = {key["AttributeName"]: key["AttributeType"] for key in properties["AttributeDefinitions"]}
        if keys != ["userId", "timestamp"] or types != {"userId": "S", "timestamp": "N", "changed": "B"}:
            yield "the table has other keys"
        # It is encrypted in any case.
        key = template.options["keyArn"]
        wanted = {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": key} if key else {"SSEEnabled": False}
        if properties.get("SSESpecification") != wanted:
            yield "the table is encrypted with another key, or with one whose every use is billed"
        indexes = [
            (index["IndexName"], [key["AttributeName"] for key in index["KeySchema"]], index["Projection"])
            for index in properties.get("LocalSecondaryIndexes", [])
        ]
        if indexes != [("byChange", ["userId", "changed"], {"ProjectionType": "KEYS_ONLY"})]:
            yield "the table has not the index of changes, which it can't get later"


def data(template):
    if not template.is_protected:
        return
    for properties in template.all("DynamoDB::Table").values():
        if properties.get("DeletionProtectionEnabled") is not True:
            yield "the table may be deleted"
    for properties in template.all("Cognito::UserPool").values():
        if properties.get("DeletionProtection") != "ACTIVE":
            yield "the user pool may be deleted"
    if template.provider.get("deletionProtection") is not True:
        yield "the stack may be deleted"
    for name, resource in template.resources.items():
        if resource["Type"] in ("AWS::DynamoDB::Table", "AWS::Cognito::UserPool"):
            policies = (resource.get("DeletionPolicy"), resource.get("UpdateReplacePolicy"))
            if policies != ("RetainExceptOnCreate", "Retain"):
                yield f"{name} goes with the stack, or stays when its creation failed: {policies}"
    for properties in template.all("Cognito::UserPoolClient").values():
        if "ALLOW_USER_PASSWORD_AUTH" in properties["ExplicitAuthFlows"]:
            yield "passwords are sent as they are"


def retained(template):
    """What a failed first deployment leaves takes the names that the second one needs."""
    for name, resource in template.resources.items():
        # A version goes with its function, and has no name that could be taken.
        if resource.get("DeletionPolicy") == "Retain" and resource["Type"] != "AWS::Lambda::Version":
            yield f"{name} stays when its creation failed"


def users(template):
    """What can't be changed later without losing the users, and what should not be left to Cognito's defaults."""
    for app in template.all("Cognito::UserPoolClient").values():
        if app.get("TokenValidityUnits") != {"IdToken": "minutes", "AccessToken": "minutes", "RefreshToken": "days"}:
            yield "how long tokens are valid has no units"
        elif not (5 <= app.get("IdTokenValidity", 0) == app.get("AccessTokenValidity") <= 60):
            yield "a token that was stolen is good for longer than an hour"


def logs_and_metrics(template):
    """What is logged and published: no bodies, no tokens, and nothing at the price of custom metrics."""
    groups = {properties["LogGroupName"] for properties in template.all("Logs::LogGroup").values()}
    for properties in template.functions.values():
        if f"/aws/lambda/{properties['FunctionName']}" not in groups:
            yield f"{properties['FunctionName']} logs to a group of its own making, which nothing ever empties"
    if template.is_http_api:
        if template.one("ApiGatewayV2::Stage").get("DefaultRouteSettings", {}).get("DetailedMetricsEnabled") is not False:
            yield "the API publishes metrics for each route"
        return
    if not any("api-gateway" in name for name in groups):
        yield "the API has no access log"
    # Of a REST API's stage osls sets these itself.
    log = template.provider.get("logs", {}).get("restApi", {})
    if log.get("executionLogging") is not False or log.get("fullExecutionData") is not False:
        yield "the gateway logs what is in requests"
    if template.provider.get("apiGateway", {}).get("metrics") is not False:
        yield "the API publishes metrics for each method"


def functions(template):
    all_ = template.all("Lambda::Function").values()
    wanted = [*FUNCTIONS, *([FEED] if template.options["events"] else [])]
    if sorted(properties["Handler"] for properties in all_) != sorted(wanted):
        yield "these are not the functions of the stack"
    if len({properties["Code"]["S3Key"] for properties in all_}) != len(all_):
        yield "functions share an artifact"
    if len({json.dumps(properties["Role"]) for properties in all_}) != len(all_):
        yield "functions share a role"
    identity = "jwt:sub" if template.is_http_api else "cognito:sub"
    for properties in all_:
        if properties["Environment"]["Variables"]["NOTES_IDENTITY"] != identity:
            yield f"{properties['Handler']} takes the user from elsewhere"
        concurrency = template.options["reservedConcurrency"]
        if str(properties.get("ReservedConcurrentExecutions", "")) != str(concurrency):
            yield f"{properties['Handler']} may run other than {concurrency} times at once"
        mode = properties.get("TracingConfig", {}).get("Mode", "PassThrough")
        if mode != ("Active" if template.options["tracing"] else "PassThrough"):
            yield f"{properties['Handler']} has the tracing {mode}"


def statements(role):
    return [statement for policy in role["Policies"] for statement in policy["PolicyDocument"]["Statement"]]


def allowed(role):
    """Each action that a role has, with the resource that it may be done to."""
    for statement in statements(role):
        for action in listed(statement["Action"]):
            for resource in listed(statement["Resource"]):
                yield statement["Effect"], action, resource


def wanted_of(template, name, function):
    """What the role of a function has to allow, and nothing else."""
    log = account_arn("logs", f"log-group:/aws/lambda/{function['FunctionName']}:*")
    table, index = table_arn(template)
    wanted = [(action, table) for action in FUNCTIONS.get(name, ([], None))[0]]
    wanted += [(action, log) for action in ("logs:CreateLogStream", "logs:PutLogEvents")]
    if name == INDEX[0]:
        wanted.append((INDEX[1], index))
    if template.options["tracing"]:
        wanted += [(action, "*") for action in TRACES]
    if template.options["keyArn"]:
        wanted.append(("kms:Decrypt", template.options["keyArn"]))
    return wanted


def roles(template):
    all_ = template.all("IAM::Role")
    used = set()
    for function in template.all("Lambda::Function").values():
        (role_name,) = referenced(function["Role"])
        used.add(role_name)
        has = [json.dumps(part) for part in allowed(all_[role_name])]
        wanted = [json.dumps(("Allow", *part)) for part in wanted_of(template, function["Handler"], function)]
        for part in sorted(set(has) ^ set(wanted)):
            yield f"{role_name} {'allows' if part in has else 'lacks'} {part}"
    for role_name, role in all_.items():
        service = "lambda.amazonaws.com"
        if template.is_protected and role.get("PermissionsBoundary") != BOUNDARY:
            yield f"{role_name} has no boundary"
        if role_name not in used:
            service, wanted = OTHER_ROLES.get(role_name, (None, []))
            wanted = [json.dumps(("Allow", *part)) for part in wanted]
            if template.options["keyArn"] and role_name == "EventPipeRole":
                wanted.append(json.dumps(("Allow", "kms:Decrypt", template.options["keyArn"])))
            has = [json.dumps(part) for part in allowed(role)]
            for part in sorted(set(has) ^ set(wanted)):
                yield f"{role_name} {'allows' if part in has else 'lacks'} {part}"
        trusted = [statement["Principal"] for statement in role["AssumeRolePolicyDocument"]["Statement"]]
        if trusted != [{"Service": service}]:
            yield f"{role_name} is for {trusted}"


def as_text(value):
    """A value of a policy as CloudFormation would resolve it, as far as parliament looks at it."""
    names = {"AWS::Partition": "aws", "AWS::Region": "eu-central-1", "AWS::AccountId": "123456789012"}
    table = "arn:aws:dynamodb:eu-central-1:123456789012:table/notes"
    if isinstance(value, list):
        return [as_text(part) for part in value]
    if not isinstance(value, dict):
        return value
    if "Fn::GetAtt" in value:
        return {
            "NotesTable.Arn": table,
            "NotesTable.StreamArn": f"{table}/stream/2026-11-26",
            "NoteDasheventsLambdaFunction.Arn": "arn:aws:lambda:eu-central-1:123456789012:function:notes",
            "EventBus.Arn": "arn:aws:events:eu-central-1:123456789012:event-bus/notes",
        }.get(".".join(value["Fn::GetAtt"]), "*")
    if "Fn::Sub" in value:
        return re.sub(r"\$\{([^}]*)\}", lambda name: names.get(name[1], table), value["Fn::Sub"])
    return {name: as_text(part) for name, part in value.items()}


@functools.cache
def analyzed(policy):
    warnings.simplefilter("ignore")  # about how parliament finds its data
    from parliament import analyze_policy_string

    return [f"{finding.issue} {finding.detail}" for finding in analyze_policy_string(policy).findings]


def policies(template):
    """Whether there is such an action, and whether it takes such a resource."""
    for name, role in template.all("IAM::Role").items():
        for policy in role["Policies"]:
            for finding in analyzed(json.dumps(as_text(policy["PolicyDocument"]))):
                yield f"{name}: parliament: {finding}"


def http_routes(template):
    integrations = template.all("ApiGatewayV2::Integration")
    authorizers = template.all("ApiGatewayV2::Authorizer")
    issuer, audience = (template.custom["users"][name] for name in ("issuer", "audience"))
    for route in template.all("ApiGatewayV2::Route").values():
        (_, integration) = route["Target"]["Fn::Join"][1]
        yield route["RouteKey"], referenced(integrations[integration["Ref"]]["IntegrationUri"])
        authorizer = authorizers.get(route.get("AuthorizerId", {}).get("Ref"), {})
        jwt = authorizer.get("JwtConfiguration", {})
        if route.get("AuthorizationType") != "JWT" or not jwt:
            yield f"{route['RouteKey']} needs no token"
        if jwt.get("Issuer") != issuer or not ("${UserPool}" in str(issuer) or issuer.startswith("https://")):
            yield f"{route['RouteKey']} takes tokens of any issuer"
        if jwt.get("Audience") != [audience] or not audience:
            yield f"{route['RouteKey']} takes tokens for any app"


def rest_routes(template):
    parts = template.all("ApiGateway::Resource")
    authorizers = template.all("ApiGateway::Authorizer")

    def path(ref):
        part = parts.get(ref.get("Ref"))
        return f"{path(part['ParentId'])}/{part['PathPart']}" if part else ""

    for method in template.all("ApiGateway::Method").values():
        key = f"{method['HttpMethod']} {path(method['ResourceId'])}"
        if method["HttpMethod"] == "OPTIONS":
            continue  # a preflight
        yield key, referenced(method["Integration"]["Uri"])
        authorizer = authorizers.get(method.get("AuthorizerId", {}).get("Ref"), {})
        if method["AuthorizationType"] != "COGNITO_USER_POOLS" or authorizer.get("Type") != "COGNITO_USER_POOLS":
            yield f"{key} needs no token"
        if list(referenced(authorizer.get("ProviderARNs", []))) != ["UserPool"]:
            yield f"{key} takes tokens of any issuer"


def routes(template):
    wanted = {(route, name) for name, (_, routes) in FUNCTIONS.items() for route in routes}
    names = {logical: properties["Handler"] for logical, properties in template.all("Lambda::Function").items()}
    routed = set()
    for found in http_routes(template) if template.is_http_api else rest_routes(template):
        if isinstance(found, str):
            yield found
        else:
            route, targets = found
            routed |= {(route, names[target]) for target in targets if target in names}
    if routed != wanted:
        yield f"not routed as designed: {sorted(routed ^ wanted)}"


def aliases(template):
    """A call of a function without its alias would be one of a version that was not shifted to."""
    if not template.options["versions"]:
        return
    live = {alias["FunctionName"]["Ref"]: alias for alias in template.all("Lambda::Alias").values()}
    versions = template.all("Lambda::Version")
    for name, function in template.all("Lambda::Function").items():
        if function["Handler"] == FEED:
            continue
        version = next(referenced(live.get(name, {}).get("FunctionVersion")), None)
        if versions.get(version, {}).get("FunctionName") != {"Ref": name}:
            yield f"{name} has no alias of its new version"
    calls = [("Integration", "ApiGatewayV2::Integration", "IntegrationUri"), ("Permission", "Lambda::Permission", "FunctionName")]
    calls.append(("Method", "ApiGateway::Method", "Integration"))
    for what, kind, member in calls:
        for name, properties in template.all(kind).items():
            if properties.get("HttpMethod") != "OPTIONS" and "live" not in re.split(r'[":]', json.dumps(properties[member])):
                yield f"{what} {name} calls a function without its alias"


def events(template):
    """The change feed publishes what is done to notes, and nothing that is in them unless that is asked for."""
    if not template.options["events"]:
        if template.all("Pipes::Pipe") or any("StreamSpecification" in table for table in template.all("DynamoDB::Table").values()):
            yield "changes are published, and nobody has asked for it"
        return
    if template.one("DynamoDB::Table").get("StreamSpecification") != {"StreamViewType": "NEW_AND_OLD_IMAGES"}:
        yield "the table has no stream with both images"
    contents = template.functions[FEED]["Environment"]["Variables"].get("NOTES_EVENT_CONTENTS")
    if contents != str(template.options["events"] == "contents").lower():
        yield f"the contents of notes are published: {contents}"
    pipe = template.one("Pipes::Pipe")
    function = {"Fn::GetAtt": ["NoteDasheventsLambdaFunction", "Arn"]}
    if (pipe["Source"], pipe.get("Enrichment"), pipe["Target"]) != (STREAM, function, {"Fn::GetAtt": ["EventBus", "Arn"]}):
        yield "the pipe does not lead from the stream by the function to the bus"
    source = pipe["SourceParameters"]
    if source["DynamoDBStreamParameters"].get("BatchSize", 100) > 10:
        yield "the pipe has more records in a batch than one call of PutEvents takes"
    patterns = [json.loads(one["Pattern"]) for one in source.get("FilterCriteria", {}).get("Filters", [])]
    if [pattern["eventName"] for pattern in patterns] != [["INSERT", "MODIFY"], ["REMOVE"]] or "userIdentity" not in patterns[1]:
        yield f"the pipe takes {patterns}"


def settings(template):
    """A write by a function that has not the same settings of sync is one that no copy gets to know."""
    all_ = [
        properties["Environment"]["Variables"]
        for name, properties in template.functions.items()
        if name != FEED
    ]
    if any(variables != all_[0] for variables in all_):
        yield "functions have different settings"
    if not {"NOTES_SYNC_EPOCH", "NOTES_SYNC_DAYS"} <= all_[0].keys():
        yield "functions do not know whether sync is on"


def cors(template):
    functions = template.all("Lambda::Function").values()
    headers = {properties["Environment"]["Variables"].get("NOTES_CORS_HEADERS") for properties in functions}
    if len(headers) != 1 or None in headers:
        yield "functions allow pages different headers"
    elif template.is_http_api:
        by_gateway = template.one("ApiGatewayV2::Api").get("CorsConfiguration", {}).get("AllowHeaders")
        if by_gateway != [header.strip() for header in headers.pop().split(",")]:
            yield "the gateway allows pages other headers than the functions"


OPERATIONS = (Path(__file__).resolve().parent.parent / "docs" / "operations.md").read_text()
EXPLAINED = set(re.findall(r"^\| `(\w+)` \|", OPERATIONS.split("\n## Alarms\n")[1].split("\n## ")[0], re.MULTILINE))
# What raises an alarm, and of which functions.
ALARMS = {
    ("AWS/Lambda", "Errors"): {*FUNCTIONS, FEED},
    ("AWS/Lambda", "Throttles"): {*FUNCTIONS, FEED},
    ("Notes", "Throttled"): set(FUNCTIONS),
    ("Notes", "OutcomeUnknown"): {"create-note", "update-note", "delete-note"},
    ("Notes", "UnreadableItems"): set(FUNCTIONS) - {"create-note"},
}


def alarms(template):
    """Each number that nobody looks at unless it is too large has an alarm that reaches somebody."""
    if not template.is_protected:
        return
    seen, kinds = set(), set()
    stack = template.custom["name"]
    for name, alarm in template.all("CloudWatch::Alarm").items():
        seen.add((alarm["Namespace"], alarm["MetricName"], json.dumps(alarm["Dimensions"][0]["Value"])))
        kind = alarm["AlarmName"].removeprefix(f"{stack}-").split("-")[0]
        kinds.add(kind)
        if kind not in EXPLAINED:
            yield f"docs/operations.md does not explain {name}"
        if alarm.get("TreatMissingData") != "notBreaching":
            yield f"{name} goes off where nothing happens"
        told = template.options["alarmTopic"] or {"Ref": "AlarmTopic"}
        if (template.options["alarmEmail"] or template.options["alarmTopic"]) and alarm.get("AlarmActions") != [told]:
            yield f"{name} tells nobody"
    wanted = {
        (*metric, json.dumps(f"{stack}-{one}"))
        for metric, functions in ALARMS.items()
        for one in functions
        if one != FEED or template.options["events"]
    }
    if template.options["events"]:
        wanted.add(("AWS/EventBridge/Pipes", "ExecutionFailed", json.dumps(stack)))
    api = json.dumps({"Ref": "HttpApi"} if template.is_http_api else template.one("ApiGateway::RestApi")["Name"])
    wanted |= {("AWS/ApiGateway", metric, api) for metric in ("Latency", "5xx" if template.is_http_api else "5XXError")}
    for metric in sorted(wanted - seen):
        yield f"no alarm is about {metric}"
    for kind in sorted(EXPLAINED - kinds - (set() if template.options["events"] else {"EventsFailed"})):
        yield f"docs/operations.md explains {kind}, which there is not"
    if not template.all("CloudWatch::Dashboard"):
        yield "there is no dashboard"


CHECKS = [
    alarms, events, table, data, retained, users, functions, roles, policies, routes, aliases, settings, cors, logs_and_metrics,
    custom_rules,
]


if __name__ == "__main__":
    from faults import FAULTS

    found = list(held(sys.argv[1:], CHECKS, FAULTS))
    print(*found, sep="\n", end="\n" if found else "")
    sys.exit(bool(found))
