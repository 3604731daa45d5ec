import dataclasses
from pathlib import Path

import tensorflow as tf

from tests.tofa_tf.deploy.results_for_tests import ON_BOARD, REPORT, RESULT
from tofa_tf.deploy.report import PLOT, SCENARIO_COLUMNS, write_report
from tofa_tf.deploy.tables import markdown_table


class ReportTest(tf.test.TestCase):
    def test_table_has_units(self):
        row = markdown_table([RESULT], SCENARIO_COLUMNS).splitlines()[2]
        self.assertEqual(
            row,
            "| macs_1M | 0.95 M | 31 k | 64.0 | 30.0 | 91.23% | 90.00% | 99.00% | 0.12 | 1.2 |",
        )

    def test_boards_and_npus_have_the_word_estimate_at_every_latency(self):
        folder = Path(self.get_temp_dir())
        write_report(REPORT, folder)
        text = (folder / "report.md").read_text(encoding="utf-8")
        self.assertIn("| latency, estimate |", text)
        self.assertIn("| rp2040 | 129 of 2016 | 30 of 248 | 450 ms ± 35% |", text)
        self.assertIn("| latency on the NPU, estimate | on the board's CPU, estimate |", text)
        self.assertIn("| 0.7 ms | 450 ms | 280000 | 87.9 | 585.9 | 100% |", text)
        page = (folder / "report.html").read_text(encoding="utf-8")
        self.assertIn("estimate 450 ms ± 35%", page)

    def test_both_ways_of_quantisation_stand_side_by_side(self):
        folder = Path(self.get_temp_dir())
        write_report(REPORT, folder)
        text = (folder / "report.md").read_text(encoding="utf-8")
        self.assertIn("| loses by ptq, points | loses by qat, points |", text)
        # 91.234 % - 90 % and - 91 %.
        self.assertIn("| rp2040 | 91.23% | 90.00% | 91.00% | 1.23 | 0.23 | 150 | 41 |", text)

    def test_tables_without_rows_are_left_out(self):
        folder = Path(self.get_temp_dir())
        write_report(dataclasses.replace(REPORT, scenarios=(RESULT,)), folder)
        text = (folder / "report.md").read_text(encoding="utf-8")
        for words in ("by qat", "NPU", "latency"):
            self.assertNotIn(words, text)

    def test_writes_markdown_page_and_plot(self):
        folder = Path(self.get_temp_dir())
        scenarios = (RESULT, dataclasses.replace(ON_BOARD, name="macs_2M", macs=2_000_000))
        write_report(dataclasses.replace(REPORT, dataset="a <b> & c", scenarios=scenarios), folder)
        text = (folder / "report.md").read_text(encoding="utf-8")
        self.assertIn(markdown_table(scenarios, SCENARIO_COLUMNS), text)
        self.assertIn("(5 a class), 1388 unlabelled, 0 validation and 359 test images", text)
        self.assertIn("does not fit: scenario 'x': nothing fits", text)
        page = (folder / "report.html").read_text(encoding="utf-8")
        self.assertIn("a &lt;b&gt; &amp; c: 2 int8 models", page)
        self.assertNotIn("<b>", page)
        self.assertGreater((folder / PLOT).stat().st_size, 1000)

    def test_names_of_the_users_are_no_markdown(self):
        folder = Path(self.get_temp_dir())
        write_report(
            dataclasses.replace(
                REPORT,
                dataset="<script>|`\n# photos",
                scenarios=(dataclasses.replace(RESULT, name="a|b"),),
                search_space="<b>mine",
            ),
            folder,
        )
        text = (folder / "report.md").read_text(encoding="utf-8")
        self.assertStartsWith(text, r"# \<script>\|\`\\n# photos: 1 int8 models")
        self.assertIn(r"| a\|b | 0.95 M |", text)
        self.assertIn(r"search space \<b>mine,", text)

    def test_says_that_a_run_was_extended(self):
        folder = Path(self.get_temp_dir())
        write_report(REPORT, folder)
        self.assertIn(" 400 steps, seed 0", (folder / "report.md").read_text(encoding="utf-8"))
        longer = dataclasses.replace(REPORT, settings={"extended_from": [100, 200]})
        write_report(longer, folder)
        text = (folder / "report.md").read_text(encoding="utf-8")
        self.assertIn(" 400 steps (begun for 100, then 200), seed 0", text)

    def test_says_how_many_labels_were_used(self):
        folder = Path(self.get_temp_dir())
        for labels, words in (("all", "all of each class"), (0.125, "12.5% of each class")):
            write_report(dataclasses.replace(REPORT, labels_per_class=labels), folder)
            text = (folder / "report.md").read_text(encoding="utf-8")
            self.assertIn(f"50 labelled images ({words})", text)


if __name__ == "__main__":
    tf.test.main()
