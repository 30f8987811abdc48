"""Tests of scale.py: run by deploy/lint."""

import unittest
from pathlib import Path

import costs
import scale

SCALE = Path(__file__).parent.parent / "docs" / "scale.md"


class Scale(unittest.TestCase):
    def test_users_send_the_requests_of_a_month(self):
        self.assertAlmostEqual(costs.requests(scale.usage_at(100)), 100 * 30 * 86_400)

    def test_an_environment_serves_ten_requests_a_second_and_one_at_a_time(self):
        environments = scale.needs(10_000)["Lambda: environments"]
        self.assertEqual(environments, 1_000)  # 120 would do, if only the 12 ms counted

    def test_units_are_those_of_the_costs(self):
        usage, needs = scale.usage_at(10_000), scale.needs(10_000)
        self.assertEqual(needs["DynamoDB: read units a second"], 17_778)
        self.assertAlmostEqual(costs.read_units(usage) / (30 * 86_400), 17_777.8, delta=0.1)
        self.assertEqual(needs["partitions for the reads"], 6)

    def test_a_user_has_one_partition(self):
        small, with_sync = scale.of_a_user(1_000, False), scale.of_a_user(1_000, True)
        self.assertEqual(small["creations a second"], 1_000)
        self.assertEqual(with_sync["creations a second"], 500)  # the item and its entry
        self.assertEqual(small["pages of 20 a second"], 600)  # 20,000 bytes are five times 4 KB
        self.assertEqual(with_sync["notes"], 10 * 2**30 // 1_227)

    def test_the_documentation_has_the_tables_that_the_script_prints(self):
        documented = SCALE.read_text()
        for table in (scale.user_table(), scale.needs_table(), scale.costs_table()):
            self.assertIn(table, documented)


if __name__ == "__main__":
    unittest.main()
