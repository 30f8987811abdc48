"""Tests of costs.py: run by deploy/lint."""

import unittest
from pathlib import Path

import costs
from costs import Day, Usage

OPERATIONS = Path(__file__).parent.parent / "docs" / "operations.md"


class Costs(unittest.TestCase):
    def test_a_write_costs_a_unit_for_each_kb_and_a_read_for_each_4_kb(self):
        day = Day(creates=1, updates=2, deletes=0, gets=3, lists=1, changes=0, sessions=1)
        small = Usage(1, 0, day=day, item=1_024, page=10)
        self.assertEqual(costs.write_units(small), 30 * 3)
        self.assertEqual(costs.read_units(small), 30 * (3 + 3))  # 10,240 bytes of the list are three times 4 KB
        large = Usage(1, 0, day=day, item=1_025, page=10)
        self.assertEqual(costs.write_units(large), 30 * 6)

    def test_sync_adds_a_unit_for_an_insert_and_two_for_the_first_write_in_a_window(self):
        day = Day(creates=1, updates=5, deletes=1, gets=0, lists=0, changes=20, sessions=2)
        without, with_sync = (Usage(1, 100, sync=sync, day=day) for sync in (False, True))
        self.assertEqual(costs.write_units(with_sync) - costs.write_units(without), 30 * (1 + 2 * 3))
        self.assertEqual(costs.read_units(with_sync), 30 * 20)
        self.assertEqual(costs.requests(with_sync) - costs.requests(without), 30 * 20)
        self.assertAlmostEqual((costs.stored(with_sync) - costs.stored(without)) * 2**30, 100 * 127)

    def test_a_bill_is_the_sum_of_amounts_times_prices(self):
        # One price at a time, so that each amount is seen by itself.
        usage = Usage(1_000, 10**9)
        amounts = {}
        for name in costs.PRICES:
            prices = {other: float(other == name) for other in costs.PRICES}
            amounts[name] = sum(costs.costs(usage, prices).values())
        self.assertAlmostEqual(amounts["Lambda, a million requests"], 1_000 * 30 * 22.5 / 1e6)
        self.assertAlmostEqual(amounts["HTTP API, a million requests up to 300 million"], 0.675)
        self.assertEqual(amounts["HTTP API, a million requests beyond"], 0)
        self.assertAlmostEqual(amounts["Lambda on arm64, a GB-second"], 675_000 * 0.012 / 4)
        self.assertAlmostEqual(amounts["DynamoDB, a million write units"], 0.195)
        self.assertAlmostEqual(amounts["DynamoDB, a million read units"], 30_000 * (10 + 6 * 5) / 1e6)
        self.assertAlmostEqual(amounts["DynamoDB, a GB-month"], 1_100e9 / 2**30)
        self.assertAlmostEqual(amounts["point-in-time recovery, a GB-month"], 1_100e9 / 2**30)
        self.assertAlmostEqual(amounts["CloudWatch, a GB of logs"], 675_000 * 1_100 / 2**30)
        self.assertEqual(amounts["CloudWatch, an alarm"], 28)
        self.assertEqual(amounts["Cognito LITE, an active user up to 100,000"], 3_000)
        self.assertEqual(amounts["Cognito LITE, an active user beyond"], 0)

    def test_requests_beyond_300_million_are_cheaper(self):
        usage = Usage(1_000_000, 0)
        self.assertAlmostEqual(costs.costs(usage)["API Gateway (HTTP API)"], 300 * 1.00 + 375 * 0.90)

    def test_active_users_beyond_100_000_are_cheaper(self):
        usage = Usage(50_000, 0)
        self.assertAlmostEqual(costs.costs(usage)["Cognito (tier LITE)"], 100_000 * 0.0055 + 50_000 * 0.0046)

    def test_one_user_costs_no_more_than_a_partition_serves(self):
        for rate in (100, 10_000):
            self.assertAlmostEqual(costs.at_most(rate)["the table"], 86.4 * 0.625 + 259.2 * 0.125)
        self.assertAlmostEqual(costs.at_most(1)["the table"], 86_400 / 1e6 * (344 * 0.625 + 256 * 0.125))
        self.assertAlmostEqual(costs.at_most(200)["requests"], 2 * costs.at_most(100)["requests"])

    def test_the_documentation_has_the_tables_that_the_script_prints(self):
        documented = OPERATIONS.read_text()
        for table in (costs.table(), costs.limits_table(), costs.prices_table()):
            self.assertIn(table, documented)


if __name__ == "__main__":
    unittest.main()
