"""Copies all items of a table into another one that has the same key, with all their attributes.

    copy_table.py FROM TO

Nothing may write to either table meanwhile. After an interruption, call it again.
"""

import sys

import boto3

from stack import REGION


def copy(source, target):
    dynamodb = boto3.resource("dynamodb", REGION)
    pages = dynamodb.meta.client.get_paginator("scan").paginate(TableName=source, ConsistentRead=True)
    copied = 0
    with dynamodb.Table(target).batch_writer() as batch:
        for page in pages:
            for item in page["Items"]:
                batch.put_item(item)
                copied += 1
    print(f"{copied} items copied from {source} to {target}")


if __name__ == "__main__":
    copy(*sys.argv[1:])
