"""The faults that invariants.py must notice: how a packaged template is damaged, and what has to be said of it."""

from template import IMPOSSIBLE


def variables(function):
    return function["Environment"]["Variables"]


def first(role):
    return role["Policies"][0]["PolicyDocument"]["Statement"][0]


def second(role):
    return role["Policies"][0]["PolicyDocument"]["Statement"][1]


def of_changes(template):
    return template.all("IAM::Role")["ListChangesRole"]["Policies"][0]["PolicyDocument"]["Statement"]


def in_protected(damage):
    """Only what is protected can lose it."""
    return lambda template: damage(template) if template.is_protected else IMPOSSIBLE


def of_rest(damage):
    return lambda template: IMPOSSIBLE if template.is_http_api else damage(template)


def with_option(name, damage):
    return lambda template: damage(template) if template.options[name] else IMPOSSIBLE


def resource(name, damage):
    return lambda template: damage(template.resources[name]) if name in template.resources else IMPOSSIBLE


FAULTS = {
    # The table.
    "no recovery": (
        "DynamoDB::Table", lambda table: table.pop("PointInTimeRecoverySpecification"), "no point-in-time recovery",
    ),
    "recovery switched off": (
        "DynamoDB::Table",
        lambda table: table["PointInTimeRecoverySpecification"].update(PointInTimeRecoveryEnabled=False),
        "no point-in-time recovery",
    ),
    "a key that is billed": (
        "DynamoDB::Table", lambda table: table.update(SSESpecification={"SSEEnabled": True}), "encrypted with another key",
    ),
    "another key than asked for": (
        None,
        with_option(
            "keyArn",
            lambda template: IMPOSSIBLE if not template.all("DynamoDB::Table") else
            template.one("DynamoDB::Table").update(SSESpecification={"SSEEnabled": True, "SSEType": "KMS"}),
        ),
        "encrypted with another key",
    ),
    "other TTL": (
        "DynamoDB::Table",
        lambda table: table["TimeToLiveSpecification"].update(AttributeName="expiresAt"),
        "purged by another attribute",
    ),
    "no TTL": ("DynamoDB::Table", lambda table: table.pop("TimeToLiveSpecification"), "nothing purges the table"),
    "TTL switched off": (
        "DynamoDB::Table", lambda table: table["TimeToLiveSpecification"].update(Enabled=False), "nothing purges the table",
    ),
    "other key": ("DynamoDB::Table", lambda table: table["AttributeDefinitions"][1].update(AttributeType="S"), "other keys"),
    "keys changed about": ("DynamoDB::Table", lambda table: table["KeySchema"].reverse(), "other keys"),
    "provisioned": ("DynamoDB::Table", lambda table: table.pop("BillingMode"), "not billed on demand"),
    "an index": ("DynamoDB::Table", lambda table: table.update(GlobalSecondaryIndexes=[{}]), "every write pays for"),
    "no index of changes": ("DynamoDB::Table", lambda table: table.pop("LocalSecondaryIndexes"), "not the index of changes"),
    "a larger index": (
        "DynamoDB::Table",
        lambda table: table["LocalSecondaryIndexes"][0].update(Projection={"ProjectionType": "ALL"}),
        "not the index of changes",
    ),
    # What is kept.
    "table goes with the stack": (
        None,
        in_protected(resource("NotesTable", lambda table: table.pop("DeletionPolicy"))),
        "NotesTable goes with the stack",
    ),
    "users go with the stack": (
        None,
        in_protected(resource("UserPool", lambda pool: pool.update(DeletionPolicy="Delete"))),
        "UserPool goes with the stack",
    ),
    "a failed creation stays": (
        None, resource("NotesTable", lambda table: table.update(DeletionPolicy="Retain")), "NotesTable stays",
    ),
    "a replaced table goes": (
        None,
        in_protected(resource("NotesTable", lambda table: table.pop("UpdateReplacePolicy"))),
        "NotesTable goes with the stack",
    ),
    "stack not protected": (
        None, in_protected(lambda template: template.provider.update(deletionProtection=False)), "the stack may be deleted",
    ),
    "table not protected": (
        None,
        in_protected(resource("NotesTable", lambda table: table["Properties"].update(DeletionProtectionEnabled=False))),
        "the table may be deleted",
    ),
    "users not protected": (
        None,
        in_protected(resource("UserPool", lambda pool: pool["Properties"].pop("DeletionProtection"))),
        "the user pool may be deleted",
    ),
    "passwords": (
        None,
        in_protected(
            resource("UserPoolClient", lambda app: app["Properties"]["ExplicitAuthFlows"].append("ALLOW_USER_PASSWORD_AUTH"))
        ),
        "passwords are sent",
    ),
    # The users.
    "case-sensitive": ("Cognito::UserPool", lambda pool: pool.pop("UsernameConfiguration"), "capitals is another user"),
    "another tier": ("Cognito::UserPool", lambda pool: pool.update(UserPoolTier="PLUS"), "dearer tier"),
    "long tokens": ("Cognito::UserPoolClient", lambda app: app.update(IdTokenValidity=1440), "longer than an hour"),
    "tokens by default": ("Cognito::UserPoolClient", lambda app: app.pop("TokenValidityUnits"), "has no units"),
    "signed in for years": (
        "Cognito::UserPoolClient", lambda app: app.update(RefreshTokenValidity=3650), "longer than a month",
    ),
    "no revocation": ("Cognito::UserPoolClient", lambda app: app.pop("EnableTokenRevocation"), "can't be revoked"),
    # The functions.
    "shared artifact": (
        None,
        lambda template: [
            function["Code"].update(S3Key="prefix/get-note.zip")
            for function in template.all("Lambda::Function").values()
            if function["Handler"].startswith("get") or function["Handler"].startswith("create")
        ],
        "share an artifact",
    ),
    "shared role": (
        "Lambda::Function", lambda function: function.update(Role={"Fn::GetAtt": ["GetNoteRole", "Arn"]}), "share a role",
    ),
    "other code": ("Lambda::Function", lambda function: function.update(Handler="notes-api"), "not the functions of the stack"),
    "other runtime": ("Lambda::Function", lambda function: function.update(Runtime="provided.al2"), "another runtime"),
    "other identity": (
        "Lambda::Function", lambda function: variables(function).update(NOTES_IDENTITY="lambda:x"), "from elsewhere",
    ),
    "other CORS": (
        "Lambda::Function",
        lambda function: variables(function).update(NOTES_CORS_HEADERS="Authorization"),
        "different headers",
    ),
    "other epoch": (
        "Lambda::Function", lambda function: variables(function).update(NOTES_SYNC_EPOCH="2"), "different settings",
    ),
    "no days": (
        None,
        lambda template: [variables(function).pop("NOTES_SYNC_DAYS") for function in template.functions.values()],
        "whether sync is on",
    ),
    "unlimited": (
        None,
        with_option(
            "reservedConcurrency",
            lambda template: template.functions["get-note"].pop("ReservedConcurrentExecutions"),
        ),
        "get-note may run other than",
    ),
    "untraced": (
        None, with_option("tracing", lambda template: template.functions["get-note"].pop("TracingConfig")), "has the tracing",
    ),
    "no alias": (
        None,
        with_option("versions", lambda template: template.resources.pop("GetDashnoteAlias")),
        "GetDashnoteLambdaFunction has no alias",
    ),
    "alias of another version": (
        "Lambda::Alias", lambda alias: alias.update(FunctionVersion="1"), "has no alias of its new version",
    ),
    "latest is called": (
        None,
        with_option(
            "versions",
            lambda template: next(iter(template.all("Lambda::Permission").values())).update(
                FunctionName={"Fn::GetAtt": ["GetDashnoteLambdaFunction", "Arn"]}
            ),
        ),
        "calls a function without its alias",
    ),
    # The roles.
    "no boundary": (
        None,
        in_protected(lambda template: template.all("IAM::Role")["GetNoteRole"].pop("PermissionsBoundary")),
        "GetNoteRole has no boundary",
    ),
    "any index": (
        None,
        lambda template: of_changes(template)[1].update(Resource={"Fn::Sub": "${NotesTable.Arn}/index/*"}),
        "ListChangesRole allows",
    ),
    "reads items of the index": (
        None,
        lambda template: of_changes(template)[1].update(Action=["dynamodb:Query", "dynamodb:Scan"]),
        "ListChangesRole allows",
    ),
    "two actions": (
        "IAM::Role",
        lambda role: first(role).update(Action=["dynamodb:PutItem", "dynamodb:GetItem"]),
        "CreateNoteRole allows",
    ),
    "any action": ("IAM::Role", lambda role: first(role).update(Action="dynamodb:*"), "CreateNoteRole allows"),
    "any table": ("IAM::Role", lambda role: first(role).update(Resource="*"), "CreateNoteRole allows"),
    "any log": ("IAM::Role", lambda role: second(role).update(Resource={"Fn::Sub": "*"}), "CreateNoteRole allows"),
    "no log of its own": ("IAM::Role", lambda role: second(role).update(Action="logs:PutLogEvents"), "CreateNoteRole lacks"),
    "no such action": (
        "IAM::Role", lambda role: first(role).update(Action="dynamodb:PutItems"), "parliament: UNKNOWN_ACTION",
    ),
    "an action of another resource": (
        "IAM::Role", lambda role: first(role).update(Action="dynamodb:ListTables"), "parliament: RESOURCE_MISMATCH",
    ),
    "managed policy": (
        "IAM::Role",
        lambda role: role.update(ManagedPolicyArns=["arn:aws:iam::aws:policy/ReadOnlyAccess"]),
        "policies of others",
    ),
    "trusts all": (
        "IAM::Role", lambda role: role["AssumeRolePolicyDocument"]["Statement"][0].update(Principal="*"), "CreateNoteRole is for",
    ),
    "a role of nobody": (
        None,
        lambda template: template.resources.update(OtherRole=template.resources["GetNoteRole"]),
        'OtherRole allows ["Allow", "dynamodb:GetItem"',
    ),
    "the key of others": (
        None,
        with_option(
            "keyArn",
            lambda template: template.all("IAM::Role")["GetNoteRole"]["Policies"][-1]["PolicyDocument"]["Statement"][0].update(
                Resource="*"
            ),
        ),
        "GetNoteRole allows",
    ),
    "any function's alias": (
        None,
        with_option("canary", lambda template: first(template.all("IAM::Role")["CanaryRole"]).update(Resource="*")),
        'CanaryRole allows ["Allow", "lambda:UpdateAlias", "*"]',
    ),
    # The API.
    "no authorizer": ("ApiGatewayV2::Route", lambda route: route.update(AuthorizationType="NONE"), "needs no token"),
    "authorizer gone": ("ApiGatewayV2::Route", lambda route: route.pop("AuthorizerId"), "needs no token"),
    "other route": ("ApiGatewayV2::Route", lambda route: route.update(RouteKey="PUT /notes"), "not routed as designed"),
    "no issuer": (
        "ApiGatewayV2::Authorizer",
        lambda authorizer: authorizer["JwtConfiguration"].pop("Issuer"),
        "tokens of any issuer",
    ),
    "no audience": (
        "ApiGatewayV2::Authorizer", lambda authorizer: authorizer["JwtConfiguration"].pop("Audience"), "tokens for any app",
    ),
    "another issuer": (
        "ApiGatewayV2::Authorizer",
        lambda authorizer: authorizer["JwtConfiguration"].update(Issuer="https://login.example.com/"),
        "tokens of any issuer",
    ),
    "another audience": (
        "ApiGatewayV2::Authorizer", lambda authorizer: authorizer["JwtConfiguration"]["Audience"].append("other"), "tokens for any app",
    ),
    "no access log": ("ApiGatewayV2::Stage", lambda stage: stage.pop("AccessLogSettings"), "no access log"),
    "other CORS of the gateway": (
        "ApiGatewayV2::Api", lambda api: api["CorsConfiguration"]["AllowHeaders"].pop(), "pages other headers",
    ),
    "dear metrics": (
        "ApiGatewayV2::Stage",
        lambda stage: stage["DefaultRouteSettings"].update(DetailedMetricsEnabled=True),
        "metrics for each route",
    ),
    "no authorizer of a method": (
        "ApiGateway::Method", lambda method: method.update(AuthorizationType="NONE"), "needs no token",
    ),
    "authorizer of a method gone": ("ApiGateway::Method", lambda method: method.pop("AuthorizerId"), "needs no token"),
    "other method": ("ApiGateway::Method", lambda method: method.update(HttpMethod="PUT"), "not routed as designed"),
    "no pool": ("ApiGateway::Authorizer", lambda authorizer: authorizer.update(ProviderARNs=[]), "tokens of any issuer"),
    "tokens that live on": (
        "ApiGateway::Authorizer", lambda authorizer: authorizer.pop("AuthorizerResultTtlInSeconds"), "longer than it says",
    ),
    "logged bodies": (
        None,
        of_rest(lambda template: template.provider["logs"]["restApi"].pop("fullExecutionData")),
        "logs what is in requests",
    ),
    "logged requests": (
        None,
        of_rest(lambda template: template.provider["logs"]["restApi"].update(executionLogging=True)),
        "logs what is in requests",
    ),
    "dear metrics of methods": (
        None, of_rest(lambda template: template.provider["apiGateway"].update(metrics=True)), "metrics for each method",
    ),
    # The change feed.
    "no stream": (
        None, with_option("events", lambda template: template.one("DynamoDB::Table").pop("StreamSpecification")), "no stream",
    ),
    "keys only": (
        None,
        with_option(
            "events", lambda template: template.one("DynamoDB::Table")["StreamSpecification"].update(StreamViewType="KEYS_ONLY")
        ),
        "no stream with both images",
    ),
    "a stream that nobody reads": (
        None,
        lambda template: IMPOSSIBLE if template.options["events"] or not template.all("DynamoDB::Table") else
        template.one("DynamoDB::Table").update(StreamSpecification={"StreamViewType": "NEW_IMAGE"}),
        "nobody has asked for it",
    ),
    "contents that nobody asked for": (
        None,
        lambda template: IMPOSSIBLE if template.options["events"] != "true" else
        variables(template.functions["note-events"]).update(NOTES_EVENT_CONTENTS="true"),
        "the contents of notes are published",
    ),
    "records as they are": ("Pipes::Pipe", lambda pipe: pipe.pop("Enrichment"), "does not lead from the stream"),
    "large batches": (
        "Pipes::Pipe",
        lambda pipe: pipe["SourceParameters"]["DynamoDBStreamParameters"].pop("BatchSize"),
        "more records in a batch",
    ),
    "what the table purges": (
        "Pipes::Pipe",
        lambda pipe: pipe["SourceParameters"]["FilterCriteria"]["Filters"][1].update(Pattern='{"eventName":["REMOVE"]}'),
        "the pipe takes",
    ),
    "a pipe to any bus": (
        None,
        with_option(
            "events",
            lambda template: template.all("IAM::Role")["EventPipeRole"]["Policies"][0]["PolicyDocument"]["Statement"][3].update(
                Resource="*"
            ),
        ),
        'EventPipeRole allows ["Allow", "events:PutEvents", "*"]',
    ),
    "failures of the pipe": (
        None, with_option("events", lambda template: template.resources.pop("EventsFailedAlarm")), "'ExecutionFailed'",
    ),
    # The alarms.
    "an alarm less": (
        None, in_protected(lambda template: template.resources.pop("LatencyAlarm")), "no alarm is about ('AWS/ApiGateway', 'Latency'",
    ),
    "a function without an alarm": (
        None,
        in_protected(lambda template: template.resources.pop("UnreadableItemsGetNoteAlarm")),
        "no alarm is about ('Notes', 'UnreadableItems'",
    ),
    "an alarm where nothing happens": (
        "CloudWatch::Alarm", lambda alarm: alarm.pop("TreatMissingData"), "goes off where nothing happens",
    ),
    "an alarm that nobody explains": (
        None,
        in_protected(lambda template: template.all("CloudWatch::Alarm")["LatencyAlarm"].update(AlarmName="notes-prod-Slow")),
        "does not explain LatencyAlarm",
    ),
    "an alarm that there is no more": (
        None, in_protected(lambda template: template.resources.pop("ServerErrorsAlarm")), "explains ServerErrors, which there is not",
    ),
    "an alarm for nobody": (
        None,
        with_option("alarmEmail", lambda template: template.all("CloudWatch::Alarm")["LatencyAlarm"].pop("AlarmActions")),
        "LatencyAlarm tells nobody",
    ),
    "no dashboard": (None, in_protected(lambda template: template.resources.pop("Dashboard")), "no dashboard"),
    # The logs and the artifacts.
    "a log for ever": ("Logs::LogGroup", lambda group: group.pop("RetentionInDays"), "kept for ever"),
    "a log for years": ("Logs::LogGroup", lambda group: group.update(RetentionInDays=3653), "longer than three months"),
    "a log of its own making": (
        None, lambda template: template.resources.pop("GetDashnoteLogGroup"), "which nothing ever empties",
    ),
    "public bucket": (
        "S3::Bucket", lambda bucket: bucket["PublicAccessBlockConfiguration"].update(BlockPublicAcls=False), "may be public",
    ),
    "bucket by default": ("S3::Bucket", lambda bucket: bucket.pop("PublicAccessBlockConfiguration"), "may be public"),
}
