"""Whether the deploy role of the pipeline may do what its deployments do, and no more.

    permissions.py PIPELINE TEMPLATE …

CloudFormation asks IAM with the rights of who deploys. What it calls to create, read, change and delete a resource is in
the schema of its type, under `handlers`; cfn-lint brings these schemas, of the version in requirements.txt. For every
resource of each packaged template of the stage prod this looks up these calls, and asks the policies of the deploy role
about each of them, with the resource's own ARN.

A schema lists what any property may need. PROPERTIES says which calls only such a property leads to: they are asked
about when the template has it. What no schema lists is in BESIDES, and what the role must not have is in NEVER, each with
its reason. A right that is for none of these is a fault too.

Each right is then taken away, and each damage of FAULTS done: what goes unnoticed is a failure of the check itself.
"""

import copy
import functools
import importlib.resources
import json
import re
import sys
from pathlib import Path

import cfnlint.data.schemas as schemas
from cfnlint.decode import cfn_yaml

ACCOUNT, REGION, STAGE = "123456789012", "eu-central-1", "prod"
# The limits of IAM, which counts no white space.
LARGEST_ROLE, LARGEST_MANAGED = 10_240, 6_144
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/FunctionBoundary"

# What IAM knows of a call when the conditions of a policy are read.
CONTEXT = {
    "aws:CalledVia": "cloudformation.amazonaws.com",
    "iam:AWSServiceName": "ops.apigateway.amazonaws.com",
    "iam:PassedToService": "lambda.amazonaws.com",
    "iam:PermissionsBoundary": BOUNDARY,
    "kms:ViaService": f"dynamodb.{REGION}.amazonaws.com",
    "lambda:Principal": "apigateway.amazonaws.com",
    "lambda:SourceFunctionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:notes-{STAGE}-get-note",
}

# Calls that only these properties of these types lead to.
PROPERTIES = {
    "AWS::S3::Bucket": {
        "AbacStatus": ["s3:PutBucketAbac"],
        "AccelerateConfiguration": ["s3:PutAccelerateConfiguration"],
        "AccessControl": ["s3:PutBucketAcl", "s3:PutObjectAcl", "s3:GetBucketAcl"],
        "AnalyticsConfigurations": ["s3:PutAnalyticsConfiguration", "s3:DeleteBucketAnalyticsConfiguration"],
        "CorsConfiguration": ["s3:PutBucketCORS", "s3:DeleteBucketCors"],
        "IntelligentTieringConfigurations": ["s3:PutIntelligentTieringConfiguration"],
        "InventoryConfigurations": ["s3:PutInventoryConfiguration"],
        "LifecycleConfiguration": ["s3:PutLifecycleConfiguration", "s3:DeleteBucketLifecycle"],
        "LoggingConfiguration": ["s3:PutBucketLogging"],
        "MetadataConfiguration": [
            "s3:CreateBucketMetadataTableConfiguration", "s3:DeleteBucketMetadataTableConfiguration",
            "s3:UpdateBucketMetadataAnnotationTableConfiguration", "s3:UpdateBucketMetadataInventoryTableConfiguration",
            "s3:UpdateBucketMetadataJournalTableConfiguration", "s3tables:*",
        ],
        "MetricsConfigurations": ["s3:PutMetricsConfiguration", "s3:DeleteBucketMetricsConfiguration"],
        "NotificationConfiguration": ["s3:PutBucketNotification"],
        "ObjectLockConfiguration": ["s3:PutBucketObjectLockConfiguration", "s3:PutObjectLockConfiguration", "s3:DeleteObject"],
        "OwnershipControls": ["s3:PutBucketOwnershipControls"],
        "ReplicationConfiguration": [
            "s3:PutBucketReplication", "s3:PutReplicationConfiguration", "s3:DeleteBucketReplication", "iam:PassRole",
        ],
        "VersioningConfiguration": ["s3:PutBucketVersioning"],
        "WebsiteConfiguration": ["s3:PutBucketWebsite", "s3:DeleteBucketWebsite"],
    },
    "AWS::Logs::LogGroup": {
        "BearerTokenAuthenticationEnabled": ["logs:PutBearerTokenAuthentication"],
        "DataProtectionPolicy": [
            "logs:PutDataProtectionPolicy", "logs:DeleteDataProtectionPolicy", "s3:REST.PUT.OBJECT",
            "firehose:TagDeliveryStream",
        ],
        "DeletionProtectionEnabled": ["logs:PutLogGroupDeletionProtection"],
        "FieldIndexPolicies": ["logs:PutIndexPolicy", "logs:DeleteIndexPolicy"],
        "KmsKeyId": ["logs:AssociateKmsKey", "logs:DisassociateKmsKey"],
        "ResourcePolicyDocument": ["logs:DeleteResourcePolicy"],
    },
    "AWS::Lambda::Function": {
        "CapacityProviderConfig": ["lambda:PassCapacityProvider"],
        "CodeSigningConfigArn": [
            "lambda:GetCodeSigningConfig", "lambda:PutFunctionCodeSigningConfig", "lambda:DeleteFunctionCodeSigningConfig",
        ],
        "FileSystemConfigs": ["elasticfilesystem:*", "s3files:*"],
        "FunctionScalingConfig": ["lambda:PutFunctionScalingConfig"],
        "KmsKeyArn": ["kms:*"],
        "Layers": ["lambda:GetLayerVersion"],
        "PublishToLatestPublished": ["lambda:PublishVersion"],
        "RecursiveLoop": ["lambda:PutFunctionRecursionConfig"],
        "ReservedConcurrentExecutions": ["lambda:PutFunctionConcurrency", "lambda:DeleteFunctionConcurrency"],
        "RuntimeManagementConfig": ["lambda:PutRuntimeManagementConfig", "lambda:AssociateRuntimeAlias"],
        "VpcConfig": ["ec2:*"],
    },
    "AWS::Lambda::Version": {
        "FunctionScalingConfig": ["lambda:PutFunctionScalingConfig"],
        "ProvisionedConcurrencyConfig": ["lambda:PutProvisionedConcurrencyConfig", "lambda:GetProvisionedConcurrencyConfig"],
        "RuntimePolicy": ["lambda:PutRuntimeManagementConfig"],
    },
    "AWS::Lambda::Alias": {"ProvisionedConcurrencyConfig": ["lambda:*ProvisionedConcurrencyConfig"]},
    "AWS::IAM::Role": {"ManagedPolicyArns": ["iam:AttachRolePolicy", "iam:DetachRolePolicy"]},
    "AWS::DynamoDB::Table": {
        "ContributorInsightsSpecification": ["dynamodb:UpdateContributorInsights", "iam:CreateServiceLinkedRole"],
        "ImportSourceSpecification": [
            "dynamodb:ImportTable", "dynamodb:DescribeImport", "logs:*", "s3:GetObject", "s3:GetObjectMetadata",
            "s3:ListBucket",
        ],
        "KinesisStreamSpecification": [
            "dynamodb:EnableKinesisStreamingDestination", "dynamodb:DisableKinesisStreamingDestination",
            "dynamodb:UpdateKinesisStreamingDestination", "iam:CreateServiceLinkedRole", "kinesis:*",
        ],
        "ResourcePolicy": ["dynamodb:PutResourcePolicy", "dynamodb:DeleteResourcePolicy"],
        "SSESpecification.KMSMasterKeyId": ["kms:*"],
    },
    "AWS::Cognito::UserPool": {
        "EmailConfiguration": ["iam:CreateServiceLinkedRole"],
        "KeyConfiguration": ["kms:*"],
        "LambdaConfig.KMSKeyID": ["kms:*"],
        "Schema": ["cognito-idp:AddCustomAttributes"],
        "SmsConfiguration": ["iam:PassRole"],
    },
    "AWS::Cognito::UserPoolClient": {
        "AnalyticsConfiguration": ["iam:PassRole", "iam:PutRolePolicy", "iam:DeleteRolePolicy", "iam:CreateServiceLinkedRole"],
    },
    "AWS::ApiGatewayV2::Api": {"BodyS3Location": ["s3:getObject"]},
    "AWS::ApiGatewayV2::Authorizer": {"AuthorizerCredentialsArn": ["iam:PassRole"]},
    "AWS::ApiGatewayV2::Integration": {"CredentialsArn": ["iam:PassRole"]},
    "AWS::ApiGateway::RestApi": {"BodyS3Location": ["s3:GetObject", "iam:PassRole"]},
    "AWS::ApiGateway::Method": {"Integration.Credentials": ["iam:PassRole"]},
    "AWS::ApiGateway::Authorizer": {"AuthorizerCredentials": ["iam:PassRole"]},
}

# How notes are read and written. A schema lists them for the replicas of a table, which are of another type.
DATA = ["BatchGetItem", "BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "Scan", "UpdateItem"]
NEVER = {
    **{f"dynamodb:{action}": "reads or writes notes" for action in DATA},
    "dynamodb:AssociateTableReplica": "is for replicas",
    "dynamodb:CreateTableReplica": "is for replicas",
    "iam:DeleteRolePermissionsBoundary": "without its boundary a role could be given any right",
    "s3:DeleteBucketTagging": "is no action of IAM: s3:PutBucketTagging stands for it",
    "s3:DeleteBucketEncryption": "is no action of IAM: s3:PutEncryptionConfiguration stands for it",
}
FORBIDDEN = [f"dynamodb:{action}" for action in DATA + ["ExportTableToPointInTime", "PartiQLSelect", "DescribeStream", "GetRecords"]]


def arn(service, resource, region=REGION, account=ACCOUNT):
    return f"arn:aws:{service}:{region}:{account}:{resource}"


OF_STACK = arn("cloudformation", f"stack/notes-{STAGE}/01234567")
CHANGE_SET = arn("cloudformation", f"changeSet/notes-{STAGE}-change-set/01234567")
BUCKET = f"arn:aws:s3:::notes-{STAGE}-serverlessdeploymentbucket-abc"
TABLE = arn("dynamodb", f"table/notes-{STAGE}")
REST_STAGE = f"arn:aws:apigateway:{REGION}::/restapis/abc/stages/{STAGE}"

# Calls that no schema lists: who makes them, and about what.
BESIDES = [
    ("osls deploys by change sets", OF_STACK, [
        "cloudformation:CreateChangeSet", "cloudformation:DeleteChangeSet", "cloudformation:DescribeChangeSet",
        "cloudformation:DescribeStackEvents", "cloudformation:DescribeStackResource", "cloudformation:DescribeStacks", "cloudformation:ExecuteChangeSet", "cloudformation:GetTemplate",
        "cloudformation:ListStackResources", "cloudformation:TagResource", "cloudformation:UntagResource",
        "cloudformation:UpdateTerminationProtection",
    ]),
    ("osls reads and removes change sets", CHANGE_SET, ["cloudformation:DescribeChangeSet", "cloudformation:DeleteChangeSet"]),
    ("osls has a template validated", "*", ["cloudformation:ValidateTemplate"]),
    ("osls looks for its bucket", BUCKET, ["s3:GetBucketLocation", "s3:ListBucket"]),
    ("osls uploads, CloudFormation and Lambda fetch", f"{BUCKET}/1.zip", ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]),
    ("osls sets up the stage of a REST API itself", REST_STAGE, ["apigateway:GET", "apigateway:PATCH"]),
    ("osls removes the access log of a REST API that has none any more",
     arn("logs", f"log-group:/aws/api-gateway/notes-{STAGE}"), ["logs:DeleteLogGroup"]),
    ("API Gateway has an access log delivered", "*", [
        "logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:GetLogDelivery", "logs:ListLogDeliveries",
        "logs:UpdateLogDelivery", "logs:PutResourcePolicy", "logs:DescribeResourcePolicies", "logs:DescribeLogGroups",
    ]),
    ("API Gateway looks for what else reads a log", arn("logs", f"log-group:/aws/http-api/notes-{STAGE}:log-stream:"),
     ["logs:DescribeSubscriptionFilters"]),
    ("the first API of an account makes a role for API Gateway",
     f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/ops.apigateway.amazonaws.com/AWSServiceRoleForAPIGateway",
     ["iam:CreateServiceLinkedRole"]),
    # The tags of a stack are given to what is in it, and the schemas of these say so only where tags are in the
    # template.
    ("CloudFormation tags an API, through its service", f"arn:aws:apigateway:{REGION}::/tags/arn%3Aaws%3Aapigateway",
     ["apigateway:GET", "apigateway:POST", "apigateway:PUT", "apigateway:DELETE"]),
]

# Calls that IAM can give for everything only.
NO_RESOURCE = {
    "cloudformation:ValidateTemplate", "cognito-idp:CreateUserPool", "kms:ListAliases", "logs:CreateLogDelivery",
    "logs:DescribeLogGroups", "logs:DescribeIndexPolicies", "logs:DescribeResourcePolicies", "logs:PutResourcePolicy",
}


def api_arns(paths):
    return [f"arn:aws:apigateway:{REGION}::{path}" for path in paths]


def arns(kind, properties, action):
    """What a call is about that creates, reads, changes or deletes such a resource."""
    service = action.split(":")[0]
    match kind.removeprefix("AWS::").split("::"):
        case _ if action in NO_RESOURCE:
            return ["*"]
        case ["Lambda", "Function"] if service == "s3":
            return [f"{BUCKET}/1.zip"]
        case ["Lambda", "Function"] if service == "iam":
            return [f"arn:aws:iam::{ACCOUNT}:role/notes-{STAGE}-{REGION}-get-note"]
        case ["Lambda", "Version" | "Alias"] if service == "lambda":
            function = arn("lambda", f"function:notes-{STAGE}-get-note")
            return [function, f"{function}:live"]
        case ["CloudWatch", "Alarm"]:
            return [arn("cloudwatch", f"alarm:{properties['AlarmName']}")]
        case ["CloudWatch", "Dashboard"]:
            return [f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/{properties['DashboardName']}"]
        case ["Lambda", _]:
            name = properties["FunctionName"]
            name = name if isinstance(name, str) else f"notes-{STAGE}-get-note"
            return [arn("lambda", f"function:{name}")]
        case ["S3", _]:
            return [BUCKET]
        case ["Logs", "LogGroup"]:
            group = arn("logs", f"log-group:{properties['LogGroupName']}")
            return [group, f"{group}:*"] if action == "logs:CreateLogGroup" else [group]
        case ["IAM", "Role"]:
            return [f"arn:aws:iam::{ACCOUNT}:role/{properties['RoleName']}"]
        case ["DynamoDB", "Table"] if service == "kms":
            return [properties["SSESpecification"]["KMSMasterKeyId"]]
        case ["DynamoDB", "Table"]:
            return [arn("dynamodb", f"table/{properties['TableName']}")]
        case ["Cognito", _]:
            return [arn("cognito-idp", f"userpool/{REGION}_abc")]
        case ["ApiGatewayV2", "Api"]:
            return api_arns(["/apis"] if action == "apigateway:POST" else ["/apis/abc"])
        case ["ApiGatewayV2", part]:
            parts = f"/apis/abc/{part.lower()}s"
            return api_arns([parts, f"{parts}/def"] if "Tag" in action else [parts if action == "apigateway:POST" else f"{parts}/def"])
        case ["ApiGateway", "RestApi"]:
            return api_arns(["/restapis"] if action == "apigateway:POST" else ["/restapis/abc"])
        case ["ApiGateway", part]:
            return api_arns([f"/restapis/abc/{part.lower()}s", f"/restapis/abc/{part.lower()}s/def"])
        case _:
            raise SystemExit(f"what is the ARN of {kind}?")


@functools.cache
def schema(kind):
    directory = importlib.resources.files(schemas)
    name = json.loads((directory / "providers" / f"{REGION}.json").read_text())[kind]
    return json.loads((directory / "resources" / f"{name}.json").read_text())


def matches(pattern, text):
    """As IAM compares: * is anything, ? is one character."""
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, text, re.DOTALL) is not None


def listed(value):
    return value if isinstance(value, list) else [value]


def holds(condition, context):
    for operator, keys in condition.items():
        if operator not in ("StringEquals", "ForAnyValue:StringEquals", "StringLike", "ForAnyValue:StringLike", "ArnEquals", "ArnLike"):
            raise SystemExit(f"this check can't read the condition {operator}")
        for key, wanted in keys.items():
            given = context.get(key)
            # For ARNs, equal is alike.
            alike = "Like" in operator or "Arn" in operator
            if given is None or not any(matches(value, given) if alike else value == given for value in listed(wanted)):
                return False
    return True


def allows(statements, action, resource, context=None):
    """As IAM decides: one statement has to allow it, and none may deny it."""
    effects = {
        statement["Effect"]
        for statement in statements
        if any(matches(pattern.lower(), action.lower()) for pattern in listed(statement["Action"]))
        and any(matches(pattern, resource) for pattern in listed(statement["Resource"]))
        and holds(statement.get("Condition", {}), CONTEXT if context is None else context)
    }
    return effects == {"Allow"}


def resolved(value):
    """A value of the pipeline's template, as it is for the stage prod."""
    values = {
        "AWS::Partition": "aws", "AWS::Region": REGION, "AWS::AccountId": ACCOUNT, "AWS::StackName": f"notes-pipeline-{STAGE}",
        "Stage": STAGE, "FunctionBoundary": BOUNDARY,
        "ConnectionArn": arn("codeconnections", "connection/01234567-89ab-cdef-0123-456789abcdef"),
    }
    if isinstance(value, list):
        return [resolved(part) for part in value]
    if not isinstance(value, dict):
        return value
    if "Ref" in value:
        return values.get(value["Ref"], f"notes-pipeline-{STAGE}-{value['Ref'].lower()}-abc")
    if "Fn::GetAtt" in value:
        name = value["Fn::GetAtt"]
        name = ".".join(name) if isinstance(name, list) else name
        return f"arn:aws:of-the-pipeline:::{name}"
    if "Fn::Sub" in value:
        return re.sub(r"\$\{([\w:.]+)\}", lambda m: str(values.get(m[1], f"of-the-pipeline-{m[1]}")), value["Fn::Sub"])
    return {key: resolved(part) for key, part in value.items()}


class Role:
    """A role of the pipeline's template, with all policies that the template gives it."""

    def __init__(self, pipeline, name):
        policies = pipeline["Resources"][name]["Properties"]["Policies"]
        self.inline = [resolved(policy["PolicyDocument"]) for policy in policies]

    @property
    def statements(self):
        return [statement for document in self.inline for statement in document["Statement"]]

    @property
    def size(self):
        return sum(len(re.sub(r"\s", "", json.dumps(document))) for document in self.inline)


def has(properties, path):
    for part in path.split("."):
        if not isinstance(properties, dict) or part not in properties:
            return False
        properties = properties[part]
    return True


def needed_by(name, resource):
    """The calls that CloudFormation makes for a resource: pairs of an action and an ARN."""
    kind, properties = resource["Type"], resource.get("Properties", {})
    only = {}
    for path, patterns in PROPERTIES.get(kind, {}).items():
        for pattern in patterns:
            only.setdefault(pattern.lower(), []).append(path)
    # The tags of the stack are given to what is in it.
    tagging = schema(kind).get("tagging", {})
    handlers = schema(kind)["handlers"] | ({"tagging": tagging} if "permissions" in tagging else {})
    for handler, of in handlers.items():
        if handler == "list":
            continue
        for action in of["permissions"]:
            paths = [path for pattern, paths in only.items() if matches(pattern, action.lower()) for path in paths]
            # CodeDeploy is asked only where a change of an alias is its own.
            if action.startswith("codedeploy:") and "UpdatePolicy" not in resource:
                continue
            if action in NEVER or (paths and not any(has(properties, path) for path in paths)):
                continue
            for about in arns(kind, properties, action):
                yield action, about, f"{name} ({kind}, {handler})"


def needed(templates):
    calls = {}
    for template in templates:
        for name, resource in template["Resources"].items():
            for action, about, why in needed_by(name, resource):
                calls.setdefault((action, about), why)
    for why, about, actions in BESIDES:
        for action in actions:
            calls.setdefault((action, about), why)
    return calls


def stale():
    """What the tables of this check say about a schema that is not so."""
    for kind, of in PROPERTIES.items():
        listed_actions = [action.lower() for handler in schema(kind)["handlers"].values() for action in handler["permissions"]]
        for path, patterns in of.items():
            if path.split(".")[0] not in schema(kind)["properties"]:
                yield f"{kind} has no property {path}"
            for pattern in patterns:
                if not any(matches(pattern.lower(), action) for action in listed_actions):
                    yield f"no handler of {kind} calls {pattern}"


def missing(role, calls):
    for (action, about), why in calls.items():
        if not allows(role.statements, action, about):
            yield f"the deploy role lacks {action} on {about}: {why}"


def unneeded(role, calls):
    for statement in role.statements:
        if statement["Effect"] == "Deny":
            continue
        for pattern in listed(statement["Action"]):
            # The policy "build" is what CodeBuild itself needs.
            if not any(allows([{**statement, "Action": pattern}], *call) for call in calls) and statement not in role.inline[0]["Statement"]:
                yield f"the deploy role has {pattern}, and nothing calls it"


def forbidden(role, pipeline, calls):
    for action, about in calls:
        # A table, a function and the like of another stage. APIs and user pools are named by AWS.
        other = about.replace(f"notes-{STAGE}", "notes-other")
        if other != about and allows(role.statements, action, other):
            yield f"the deploy role has {action} on {other}"
    for action in FORBIDDEN:
        if any(allows(role.statements, action, about) for about in (TABLE, f"{TABLE}/stream/1")):
            yield f"the deploy role has {action} on the table"
    # A key is used for the table alone.
    beside = {key: value for key, value in CONTEXT.items() if key != "kms:ViaService"}
    for action, about in calls:
        if action.startswith("kms:") and about != "*" and allows(role.statements, action, about, beside):
            yield f"the deploy role itself has {action} on {about}"
    # Only CloudFormation deletes, taking back what a failed deployment has created.
    by_itself = {key: value for key, value in CONTEXT.items() if key != "aws:CalledVia"}
    for action, about in (("dynamodb:DeleteTable", TABLE), ("cognito-idp:DeleteUserPool", arn("cognito-idp", f"userpool/{REGION}_abc"))):
        if allows(role.statements, action, about, by_itself):
            yield f"the deploy role itself has {action}"
    # What is imported into a stack goes with it, or when its template says so: any pool that isn't protected.
    for kind in ("AWS::Cognito::UserPool", "AWS::DynamoDB::Table"):
        if allows(role.statements, "cloudformation:CreateChangeSet", OF_STACK, {**CONTEXT, "cloudformation:ImportResourceTypes": kind}):
            yield f"the deploy role imports {kind} into its stack"
    other = {**CONTEXT, "iam:PermissionsBoundary": "arn:aws:iam::aws:policy/AdministratorAccess"}
    bare = {key: value for key, value in CONTEXT.items() if key != "iam:PermissionsBoundary"}
    for action in ("iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:PutRolePermissionsBoundary"):
        for context in (other, bare):
            if allows(role.statements, action, f"arn:aws:iam::{ACCOUNT}:role/notes-{STAGE}-{REGION}-get-note", context):
                yield f"the deploy role has {action} without the boundary"
    # Nothing of the pipeline is the deploy role's to change.
    for name, resource in pipeline["Resources"].items():
        own = {
            "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role/notes-pipeline-{STAGE}-{name}-abc",
            "AWS::IAM::ManagedPolicy": BOUNDARY,
            "AWS::S3::Bucket": f"arn:aws:s3:::notes-pipeline-{STAGE}-{name.lower()}-abc",
            "AWS::Logs::LogGroup": arn("logs", f"log-group:/aws/codebuild/notes-pipeline-{STAGE}-{name.lower()}"),
        }.get(resource["Type"], f"arn:aws:of-the-pipeline:::{name}.Arn")
        for handler in ("create", "update", "delete"):
            for action in schema(resource["Type"]).get("handlers", {}).get(handler, {}).get("permissions", []):
                changes = not re.match(r"\w[\w-]*:(Get|List|Describe)", action) and action not in NO_RESOURCE
                if changes and allows(role.statements, action, own):
                    yield f"the deploy role has {action} on {name} of the pipeline"


def boundary_faults(pipeline, templates):
    """A boundary allows what the roles of the functions do, to functions only, and nothing else."""
    boundary = resolved(pipeline["Resources"]["FunctionBoundary"]["Properties"]["PolicyDocument"])["Statement"]
    elsewhere = {key: value for key, value in CONTEXT.items() if key not in ("lambda:SourceFunctionArn", "kms:ViaService")}
    for template in templates:
        for name, resource in template["Resources"].items():
            if resource["Type"] != "AWS::IAM::Role":
                continue
            for policy in resource["Properties"]["Policies"]:
                for statement in policy["PolicyDocument"]["Statement"]:
                    about = statement["Resource"]
                    if about == "*":
                        for action in listed(statement["Action"]):
                            if not allows(boundary, action, "*"):
                                yield f"the boundary keeps {name} from {action}"
                        continue
                    if isinstance(about, dict) and isinstance(about.get("Fn::Sub"), str):
                        about = {"Fn::Sub": about["Fn::Sub"].replace("${NotesTable.Arn}", TABLE)}
                    about = TABLE if about == {"Fn::GetAtt": ["NotesTable", "Arn"]} else resolved(about).replace(":*", ":1")
                    for action in listed(statement["Action"]):
                        if not allows(boundary, action, about):
                            yield f"the boundary keeps {name} from {action}"
                        if action.startswith(("dynamodb:", "kms:")) and allows(boundary, action, about, elsewhere):
                            yield f"the boundary lets others than functions use {action}"
    for action, about in (
        ("dynamodb:Scan", TABLE), ("dynamodb:DeleteItem", TABLE), ("dynamodb:DeleteTable", TABLE),
        ("dynamodb:GetItem", arn("dynamodb", "table/other")), ("dynamodb:GetItem", arn("dynamodb", f"table/notes-{STAGE}2")), ("iam:CreateRole", f"arn:aws:iam::{ACCOUNT}:role/other"),
        ("s3:GetObject", f"{BUCKET}/1.zip"), ("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/other"),
    ):
        if allows(boundary, action, about):
            yield f"the boundary has {action} on {about}"
    size = len(re.sub(r"\s", "", json.dumps(boundary)))
    if size > LARGEST_MANAGED:
        yield f"the boundary has {size} characters, and IAM takes {LARGEST_MANAGED}"


def faults(pipeline, templates, calls):
    role = Role(pipeline, "DeployRole")
    yield from missing(role, calls)
    yield from unneeded(role, calls)
    yield from forbidden(role, pipeline, calls)
    yield from boundary_faults(pipeline, templates)
    if role.size > LARGEST_ROLE:
        yield f"the policies of the deploy role have {role.size} characters, and IAM takes {LARGEST_ROLE}"


def deploy_statement(pipeline, sid):
    for policy in pipeline["Resources"]["DeployRole"]["Properties"]["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            if statement.get("Sid") == sid:
                return statement
    raise SystemExit(f"the deploy role has no statement {sid}")


FAULTS = {
    "reads notes": lambda pipeline: deploy_statement(pipeline, "Table")["Action"].append("dynamodb:Query"),
    "deletes the table itself": lambda pipeline: deploy_statement(pipeline, "TakeBack").pop("Condition"),
    "imports the pools of others": lambda pipeline: deploy_statement(pipeline, "NoImport").update(Action="cloudformation:DeleteStack"),
    "is denied the import of other types only": lambda pipeline: import_condition(pipeline).update({"cloudformation:ImportResourceTypes": "AWS::S3::*"}),
    "deploys nothing": lambda pipeline: deploy_statement(pipeline, "NoImport").pop("Condition"),
    "writes roles without a boundary": lambda pipeline: deploy_statement(pipeline, "BoundFunctionRoles").pop("Condition"),
    "more than anything needs": lambda pipeline: deploy_statement(pipeline, "Users")["Action"].append("cognito-idp:ListUsers"),
    "any role": lambda pipeline: deploy_statement(pipeline, "FunctionRoles").update(Resource="*"),
    "too long": lambda pipeline: deploy_statement(pipeline, "Stack")["Resource"].append("x" * LARGEST_ROLE),
    "any use of a key": lambda pipeline: deploy_statement(pipeline, "Key").pop("Condition"),
    "a boundary with all that a key encrypts": lambda pipeline: boundary_statement(pipeline, "kms:Decrypt").pop("Condition"),
    "a boundary without the key": lambda pipeline: boundary_statement(pipeline, "kms:Decrypt").update(Action="kms:DescribeKey"),
    "a boundary for anybody": lambda pipeline: boundary_statement(pipeline).pop("Condition"),
    "a boundary without a limit": lambda pipeline: boundary_statement(pipeline).update(Action="dynamodb:*"),
    "a boundary that is too narrow": lambda pipeline: boundary_statement(pipeline).update(Action="dynamodb:GetItem"),
}


def import_condition(pipeline):
    return deploy_statement(pipeline, "NoImport")["Condition"]["ForAnyValue:StringLike"]


def boundary_statement(pipeline, action="dynamodb:GetItem"):
    statements = pipeline["Resources"]["FunctionBoundary"]["Properties"]["PolicyDocument"]["Statement"]
    (found,) = (statement for statement in statements if action in listed(statement["Action"]))
    return found


def unnoticed(pipeline, templates, calls):
    for fault, damage in FAULTS.items():
        damaged = copy.deepcopy(pipeline)
        damage(damaged)
        if not list(faults(damaged, templates, calls)):
            yield f"not noticed: {fault}"
    role = Role(pipeline, "DeployRole")
    for statement in role.statements:
        if statement["Effect"] == "Deny":
            continue
        for pattern in listed(statement["Action"]):
            less = copy.copy(role)
            less.inline = copy.deepcopy(role.inline)
            for copied in less.statements:
                if copied == statement:
                    copied["Action"] = [other for other in listed(copied["Action"]) if other != pattern]
            if statement not in role.inline[0]["Statement"] and not any(missing(less, calls)):
                yield f"not noticed: the deploy role without {pattern} of {statement.get('Sid')}"


def main():
    pipeline_path, *paths = sys.argv[1:]
    pipeline = json.loads(json.dumps(cfn_yaml.load(pipeline_path)))
    templates = [json.loads(Path(path).read_text()) for path in paths]
    calls = needed(templates)
    found = [*stale(), *faults(pipeline, templates, calls)]
    found = found or list(unnoticed(pipeline, templates, calls))
    for fault in sorted(set(found)):
        print(f"{pipeline_path}: {fault}")
    role = Role(pipeline, "DeployRole")
    print(f"{len({action for action, _ in calls})} actions on {len(calls)} resources, and the deploy role has {len(found)} faults; "
          f"{role.size} of {LARGEST_ROLE} characters.")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
