"""Makes a stack of a table and a user pool that are there without one, such as after their stack was removed.

    osls print --format json | adopt.py USER_POOL

CloudFormation imports them: they are not changed. A deployment then creates the rest around them.
"""

import json
import sys

from stack import client


def template(printed):
    """Only what is imported: an import can create nothing."""
    kinds = ("AWS::DynamoDB::Table", "AWS::Cognito::UserPool")
    resources = printed["resources"]["Resources"]
    # Whatever happens to the import, they stay. A deployment gives them their own policy again.
    return {"Resources": {name: it | {"DeletionPolicy": "Retain"} for name, it in resources.items() if it["Type"] in kinds}}


def identified(resources, pool):
    for name, it in resources.items():
        if it["Type"] == "AWS::DynamoDB::Table":
            identifier = {"TableName": it["Properties"]["TableName"]}
        else:
            identifier = {"UserPoolId": pool}
        yield {"ResourceType": it["Type"], "LogicalResourceId": name, "ResourceIdentifier": identifier}


def adopt(printed, pool):
    name = printed["custom"]["name"]
    body = template(printed)
    cloudformation = client("cloudformation", region_name=printed["provider"]["region"])
    stack = {"StackName": name, "ChangeSetName": "adopt"}
    cloudformation.create_change_set(
        **stack,
        ChangeSetType="IMPORT",
        ResourcesToImport=list(identified(body["Resources"], pool)),
        TemplateBody=json.dumps(body),
    )
    cloudformation.get_waiter("change_set_create_complete").wait(**stack)
    cloudformation.execute_change_set(**stack)
    cloudformation.get_waiter("stack_import_complete").wait(StackName=name)
    print(f"{name} has {' and '.join(body['Resources'])}. Now deploy it.")


if __name__ == "__main__":
    adopt(json.load(sys.stdin), sys.argv[1])
