import json
from pathlib import Path

import tensorflow as tf

from tofa_tf.deploy.html_foreign import foreign_html
from tofa_tf.training.foreign_report import FOREIGN_JSON


class ForeignHtmlTest(tf.test.TestCase):
    def setUp(self):
        super().setUp()
        self.folder = Path(self.get_temp_dir())

    def _page(self, found: object) -> str:
        (self.folder / FOREIGN_JSON).write_text(json.dumps(found))
        return "".join(foreign_html(self.folder))

    def test_says_how_many_and_none_is_shown_where_there_are_none(self):
        page = self._page({"unlabelled_images": 8, "look_foreign": 0, "most_foreign": []})
        self.assertIn("0 of 8 unlabelled images (0.0%)", page)
        self.assertNotIn("<details", page)

    def test_names_are_text(self):
        page = self._page({"unlabelled_images": 0, "look_foreign": 1, "most_foreign": ["<b>.jpg"]})
        self.assertIn("&lt;b&gt;.jpg", page)
        self.assertIn("1 of 0 unlabelled images look", page)

    def test_nothing_or_something_else_says_nothing(self):
        self.assertEmpty(foreign_html(self.folder))
        for found in ([], {}, {"unlabelled_images": "x"}):
            self.assertEqual(self._page(found), "")


if __name__ == "__main__":
    tf.test.main()
