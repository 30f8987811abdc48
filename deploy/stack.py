"""A deployed stack, and users who sign in to it.

Speaks to AWS, or to what AWS_ENDPOINT_URL says is in its place.
"""

import os
import secrets
from functools import cached_property
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

SERVICE = "notes"
LOCAL = os.environ.get("AWS_ENDPOINT_URL")
# As serverless.yml has it. boto3 itself reads AWS_DEFAULT_REGION, and not the variable of the AWS CLI.
REGION = os.environ.get("AWS_REGION", "eu-central-1")


def client(name, region=REGION):
    return boto3.client(name, region, config=Config(retries={"max_attempts": 3}))


class Stack:
    def __init__(self, stage, region=REGION):
        self.stage = stage
        self.region = region
        self.name = f"{SERVICE}-{stage}"

    @cached_property
    def outputs(self):
        (stack,) = client("cloudformation", self.region).describe_stacks(StackName=self.name)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    @property
    def is_http_api(self):
        return "HttpApiUrl" in self.outputs

    @property
    def table(self):
        return self.outputs["TableName"]

    @property
    def url(self):
        """The base URL of the API, to which /notes is appended."""
        url = self.outputs["HttpApiUrl" if self.is_http_api else "ServiceEndpoint"]
        if not LOCAL:
            return url
        # The name of an API on AWS leads nowhere here, but its API is found by its path too.
        api = urlsplit(url).hostname.split(".")[0]
        stage = "$default" if self.is_http_api else self.stage
        return f"{LOCAL}/_aws/execute-api/{api}/{stage}"

    @cached_property
    def users(self):
        return UserPool(self.outputs["UserPoolId"], self.outputs["UserPoolClientId"], self.region)


class UserPool:
    def __init__(self, pool, app, region=REGION):
        self.pool = pool
        self.app = app
        self.cognito = client("cognito-idp", region)

    def sign_in(self, email):
        """The tokens of a user, who is signed up first if need be. Passwords are not kept."""
        password = f"Aa1!{secrets.token_urlsafe(18)}"
        try:
            self.cognito.sign_up(
                ClientId=self.app,
                Username=email,
                Password=password,
                UserAttributes=[{"Name": "email", "Value": email}],
            )
            self.cognito.admin_confirm_sign_up(UserPoolId=self.pool, Username=email)
        except self.cognito.exceptions.UsernameExistsException:
            self.cognito.admin_set_user_password(
                UserPoolId=self.pool, Username=email, Password=password, Permanent=True
            )
        signed_in = self.cognito.initiate_auth(
            ClientId=self.app,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": email, "PASSWORD": password},
        )
        return signed_in["AuthenticationResult"]

    def token(self, email):
        """An ID token: the one kind that both an HTTP API and a REST API take."""
        return self.sign_in(email)["IdToken"]
