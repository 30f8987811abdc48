"""Restores the table of a stage into a new one, which a deployment with the option tableName then uses.

    restore.py [--stage NAME] [--region NAME] [--at 2026-11-26T14:30:00Z | --backup ARN]

Without a time and a backup: the latest moment that there is. Nothing of the stage changes.
"""

import argparse
from datetime import datetime, timezone

from botocore.exceptions import ClientError

from stack import REGION, Stack, client


def restored(stack, at, backup):
    """A new table with the items, all indexes and the settings that a restore leaves behind."""
    dynamodb = client("dynamodb", stack.region)
    known = dynamodb.describe_table(TableName=stack.table)["Table"]
    name = f"{stack.name}-{datetime.now(timezone.utc):%Y%m%d%H%M%S}"
    if backup:
        dynamodb.restore_table_from_backup(TargetTableName=name, BackupArn=backup)
    else:
        moment = {"RestoreDateTime": at} if at else {"UseLatestRestorableTime": True}
        dynamodb.restore_table_to_point_in_time(SourceTableName=stack.table, TargetTableName=name, **moment)
    print(f"{stack.table} is restored to {name}, which may take hours", flush=True)
    # 12 hours. The waiter's own limit is 8 minutes.
    dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 5, "MaxAttempts": 8_640})

    # A restore brings the items, the indexes and the encryption, and none of these.
    dynamodb.update_time_to_live(
        TableName=name, TimeToLiveSpecification={"AttributeName": "purgeAt", "Enabled": True}
    )
    dynamodb.update_continuous_backups(
        TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    if known.get("DeletionProtectionEnabled"):
        dynamodb.update_table(TableName=name, DeletionProtectionEnabled=True)

    indexes = {index["IndexName"] for index in known.get("LocalSecondaryIndexes", [])}
    there = dynamodb.describe_table(TableName=name)["Table"].get("LocalSecondaryIndexes", [])
    missing = indexes - {index["IndexName"] for index in there}
    if missing:
        raise SystemExit(f"{name} lacks the indexes {missing}: it is of no use with sync")
    return name


def main():
    parser = argparse.ArgumentParser(prog="bash deploy/cloud restore")
    parser.add_argument("--stage", "-s", default="prod")
    parser.add_argument("--region", default=REGION)
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--at", type=datetime.fromisoformat, help="such as 2026-11-26T14:30:00+00:00")
    source.add_argument("--backup", help="the ARN of a backup")
    arguments = parser.parse_args()
    if arguments.at and not arguments.at.tzinfo:
        parser.error("--at: a time zone is missing, such as Z")
    try:
        name = restored(Stack(arguments.stage, arguments.region), arguments.at, arguments.backup)
    except ClientError as error:
        raise SystemExit(error) from None
    print(f"""Write these into the params of the stage in deploy/serverless.yml, the second only if sync is on, and deploy:

    tableName: '{name}'
    syncEpoch: '{name.rsplit("-", 1)[1]}'
""")


if __name__ == "__main__":
    main()
