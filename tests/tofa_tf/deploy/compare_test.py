import dataclasses

import tensorflow as tf

from tests.tofa_tf.deploy.results_for_tests import REPORT
from tofa_tf.deploy.compare import compare_runs
from tofa_tf.deploy.judged_on import JudgedOn


class CompareTest(tf.test.TestCase):
    def test_equal_scenarios_stand_together_with_their_intervals(self):
        other = dataclasses.replace(REPORT, scenarios=REPORT.scenarios[::-1])
        lines = compare_runs({"runs/a": REPORT, "runs/b": other}).splitlines()
        rows = [line.split(" | ") for line in lines if line.startswith("| ")][2:]
        names = [scenario.name for scenario in REPORT.scenarios]
        self.assertEqual([row[0].strip("| ") for row in rows], [n for n in names for _ in "ab"])
        self.assertEqual([row[1] for row in rows], ["runs/a", "runs/b"] * len(names))
        self.assertIn("90.00% (86.5% to 92.7%)", rows[0][2])
        self.assertNotIn("Not comparable", "\n".join(lines))

    def test_other_test_images_are_pointed_out(self):
        other = dataclasses.replace(REPORT, test_images=500, dataset="flowers")
        text = compare_runs({"a": REPORT, "b": other})
        self.assertIn("Not comparable: the numbers of test images differ (359; 500).", text)
        self.assertIn(f"Not comparable: the data sets differ ({REPORT.dataset}; flowers).", text)

    def test_other_draws_of_as_many_test_images_are_pointed_out(self):
        same, other = JudgedOn({"a": "1", "b": "2"}, ()), JudgedOn({"a": "1", "c": "3"}, ())
        reports = dict.fromkeys(("x", "y", "z"), REPORT)
        text = compare_runs(reports, {"x": same, "y": same, "z": other})
        self.assertIn("Not comparable: 1 of 2 test images of z are none of x.", text)
        self.assertEqual(text.count("Not comparable"), 1)
        self.assertNotIn("Not comparable", compare_runs(reports, {"x": same, "y": None, "z": None}))

    def test_names_of_the_users_break_no_table_and_are_no_html(self):
        other = dataclasses.replace(REPORT, class_names=("a|b", "<script>`"), dataset="x\ny")
        text = compare_runs({"runs/<b>|`": REPORT, "b": other})
        self.assertIn(r" | runs/\<b>\|\` | ", text)
        self.assertIn(r"the classes differ (0, 1; a\|b, \<script>\`).", text)
        self.assertIn(r"; x\\ny).", text)


if __name__ == "__main__":
    tf.test.main()
