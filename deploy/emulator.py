"""What the template says and the emulator does not read when it deploys it."""

from stack import client


def complete(stack):
    template = client("cloudformation").get_template(StackName=stack.name)["TemplateBody"]
    for name, resource in template["Resources"].items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::DynamoDB::Table":
            expire(properties["TableName"], properties["TimeToLiveSpecification"])
        if resource["Type"] == "AWS::IAM::Role" and "PermissionsBoundary" in properties:
            client("iam").put_role_permissions_boundary(
                RoleName=properties["RoleName"], PermissionsBoundary=properties["PermissionsBoundary"]
            )
        if resource["Type"] == "AWS::ApiGatewayV2::Api":
            # It keeps the setting, and then looks for it in another spelling.
            client("apigatewayv2").update_api(
                ApiId=stack.outputs["HttpApiId"], CorsConfiguration=properties["CorsConfiguration"]
            )


def expire(table, setting):
    dynamodb = client("dynamodb")
    known = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    if known["TimeToLiveStatus"] == "DISABLED":
        dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification=setting)
