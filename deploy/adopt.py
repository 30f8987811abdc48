"""Makes a stack of a table and a user pool that are there without one, such as after their stack was removed.

    osls print --format json | adopt.py USER_POOL

CloudFormation imports them: they are not changed. A deployment then creates the rest around them. A table without
the local secondary indexes of the template is refused, because it can't get them later.
"""

import json
import secrets
import sys

from botocore.exceptions import ClientError, WaiterError

from stack import client


def template(printed):
    """Only what is imported: an import can create nothing."""
    kinds = ("AWS::DynamoDB::Table", "AWS::Cognito::UserPool")
    resources = printed["resources"]["Resources"]
    options = printed["custom"].get("options", {})
    # Whatever happens to the import, they stay. A deployment gives them their own policy again.
    imported = {name: resource for name, resource in resources.items() if resource["Type"] in kinds}
    if not imported:
        sys.exit(f"{printed['custom']['name']} has neither a table nor a user pool of its own: nothing is adopted")
    for resource in imported.values():
        if resource["Type"] == "AWS::DynamoDB::Table":
            # As options.cjs writes them into a deployment, which would set them again: DynamoDB refuses that.
            if options.get("keyArn"):
                key = {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": options["keyArn"]}
                resource["Properties"]["SSESpecification"] = key
            if options.get("events"):
                resource["Properties"]["StreamSpecification"] = {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    return {"Resources": {name: resource | {"DeletionPolicy": "Retain"} for name, resource in imported.items()}}


def identified(resources, pool):
    for name, resource in resources.items():
        if resource["Type"] == "AWS::DynamoDB::Table":
            identifier = {"TableName": resource["Properties"]["TableName"]}
        else:
            identifier = {"UserPoolId": pool}
        yield {"ResourceType": resource["Type"], "LogicalResourceId": name, "ResourceIdentifier": identifier}


def local_indexes(table):
    """The local secondary indexes of a table by their names: their keys, and what they have of an item."""
    types = {attribute["AttributeName"]: attribute["AttributeType"] for attribute in table["AttributeDefinitions"]}
    return {
        index["IndexName"]: (
            [(key["AttributeName"], types[key["AttributeName"]], key["KeyType"]) for key in index["KeySchema"]],
            index["Projection"],
        )
        for index in table.get("LocalSecondaryIndexes", [])
    }


def check_indexes(dynamodb, resources):
    """CloudFormation imports a table whatever its indexes, and takes them for those of the template."""
    for wanted in (resource["Properties"] for resource in resources.values() if resource["Type"] == "AWS::DynamoDB::Table"):
        name = wanted["TableName"]
        try:
            found = local_indexes(dynamodb.describe_table(TableName=name)["Table"])
        except ClientError as error:
            sys.exit(f"{name} has adopted nothing: {error}")
        for index, described in local_indexes(wanted).items():
            if found.get(index) != described:
                difference = f"its index {index} is not that" if index in found else f"it lacks the index {index}"
                sys.exit(
                    f"{name} has adopted nothing of its table: {difference} of the template, and DynamoDB can't add or change such "
                    "an index. Move the notes to a table that has it, or remove the index from deploy/table.yml: see "
                    "docs/deployment.md, A table without the index of changes."
                )


def reason(cloudformation, error):
    """Why CloudFormation has given up what was waited for: a change set, or the import."""
    said = error.last_response
    if not said.get("Stacks"):
        return said.get("StatusReason") or str(error)
    events = cloudformation.describe_stack_events(StackName=said["Stacks"][0]["StackId"])["StackEvents"]
    failed = [event for event in events if event["ResourceStatus"] == "IMPORT_FAILED"]
    return "; ".join(f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason')}" for event in failed) or str(error)


def take_back(cloudformation, stack):
    """Removes what a failed adoption leaves. A stack without resources blocks the next adoption, and a deployment."""
    try:
        cloudformation.delete_change_set(**stack)
    except ClientError as error:
        print(f"The change set {stack['ChangeSetName']} stays: {error}", file=sys.stderr)
    (found,) = cloudformation.describe_stacks(StackName=stack["StackName"])["Stacks"]
    # The first: nothing has been imported. The second: an import into a new stack was taken back. A stack with
    # resources is in neither of them.
    if found["StackStatus"] in ("REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE"):
        cloudformation.delete_stack(StackName=found["StackId"])
        cloudformation.get_waiter("stack_delete_complete").wait(StackName=found["StackId"])


def adopt(printed, pool):
    name = printed["custom"]["name"]
    region = printed["provider"]["region"]
    body = template(printed)
    check_indexes(client("dynamodb", region), body["Resources"])
    cloudformation = client("cloudformation", region)
    # A name that no adoption has that was killed before it could remove its change set.
    stack = {"StackName": name, "ChangeSetName": f"adopt-{secrets.token_hex(4)}"}
    cloudformation.create_change_set(
        **stack,
        ChangeSetType="IMPORT",
        ResourcesToImport=list(identified(body["Resources"], pool)),
        TemplateBody=json.dumps(body),
    )
    try:
        cloudformation.get_waiter("change_set_create_complete").wait(**stack)
        cloudformation.execute_change_set(**stack)
        cloudformation.get_waiter("stack_import_complete").wait(StackName=name)
    except WaiterError as error:
        print(f"{name} has adopted nothing: {reason(cloudformation, error)}", file=sys.stderr)
        take_back(cloudformation, stack)
        sys.exit(1)
    except BaseException:
        take_back(cloudformation, stack)
        raise
    print(f"{name} has {' and '.join(body['Resources'])}. Now deploy it.")


if __name__ == "__main__":
    adopt(json.load(sys.stdin), sys.argv[1])
