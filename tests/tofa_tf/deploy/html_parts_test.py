import itertools
import re
from pathlib import Path

import tensorflow as tf

from tofa_tf.deploy.html_parts import Line, Point, line_chart, link, scatter

_TEXT = re.compile(r'<text x="([\d.]+)" y="([\d.]+)" text-anchor="(\w+)" fill="#343a40">([^<]*)<')
# Pixels of the largest letters, those of a phone.
_WIDTH, _HEIGHT = 12.0, 22.0


def _boxes(chart: str) -> list[tuple[float, float, float, float, str]]:
    """Left, top, right and bottom of the names in a chart."""
    boxes = []
    for x, y, anchor, words in _TEXT.findall(chart):
        width = _WIDTH * len(words)
        left = float(x) - (width if anchor == "end" else 0)
        boxes.append((left, float(y) + 4 - _HEIGHT, left + width, float(y) + 4, words))
    return boxes


class HtmlPartsTest(tf.test.TestCase):
    def test_names_of_points_lie_neither_outside_nor_over_one_another(self):
        points = [
            Point(f"scenario_of_{number}", 0.2 * number % 1.7, 90 + number % 3, 89, 93)
            for number in range(8)
        ]
        boxes = _boxes(scatter(points, "x", "y"))
        self.assertLen(boxes, 8)
        for left, top, right, bottom, _ in boxes:
            self.assertTrue(left >= 0 and top >= 0 and right <= 640 and bottom <= 300)
        for one, other in itertools.combinations(boxes, 2):
            beside = one[2] <= other[0] or other[2] <= one[0]
            self.assertTrue(beside or one[3] <= other[1] or other[3] <= one[1], (one, other))

    def test_a_name_far_from_its_point_is_tied_to_it(self):
        alone = Point("first", 1.0, 90.0, 89, 93)
        self.assertNotIn('class="l"', scatter([alone], "x", "y"))
        points = [alone, Point("second", 1.0, 90.01, 89, 93), Point("third", 1.001, 90.0, 89, 93)]
        tied = re.findall(
            r'<line x1="(\d+)" y1="(\d+)" [^>]*class="l"/>', scatter(points, "x", "y")
        )
        self.assertNotEmpty(tied)
        dots = re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)"', scatter(points, "x", "y"))
        # Lines begin at whole pixels.
        for x, y in tied:
            near = (abs(float(a) - int(x)) < 1 and abs(float(b) - int(y)) < 1 for a, b in dots)
            self.assertTrue(any(near))

    def test_a_name_without_room_is_shown_by_pointing(self):
        points = [Point(f"{number:02}" * 10, number / 1e3, 90.0, 89, 93) for number in range(40)]
        chart = scatter([*points, Point("far", 9.0, 90.0, 89, 93)], "x", "y")
        self.assertEqual(chart.count("<title>"), 41)
        self.assertIn(">far<", chart)

    def test_names_of_curves_stand_where_lines_are_broken(self):
        chart = line_chart([Line("a long <name>", (0, 1), (2, 3))], "step", "loss")
        caption, drawn = chart.split("</figcaption>")
        self.assertIn("loss; to the right: step", caption)
        self.assertIn("a long &lt;name&gt;", caption)
        self.assertNotIn("name", drawn)

    def test_links_are_relative_and_escaped(self):
        folder = Path(self.get_temp_dir())
        (folder / "javascript:x").write_text("x")
        self.assertEqual(
            link(folder, "javascript:x", "<b>"), '<a href="javascript%3Ax">&lt;b&gt;</a>'
        )
        self.assertEqual(link(folder, "gone&"), "gone&amp;")


if __name__ == "__main__":
    tf.test.main()
