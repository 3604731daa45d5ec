"""Read by markdown-it, an independent implementation of CommonMark."""

import html
import re

from absl.testing import absltest, parameterized
from markdown_it import MarkdownIt

from tflite_export.common.markdown import escaped

HOSTILE = (
    "a|b",
    "`code",
    "two ``ticks``",
    "<script>alert(1)</script>",
    "<!-- comment",
    "<b",
    "![x](http://x/y.png)",
    "[x](javascript:alert(1))",
    "<http://x.y>",
    "**bold** *lean* _lean_ __bold__ ~~gone~~",
    "back\\slash\\|pipe\\",
    "&lt;b&gt; &amp; &#60; a & b",
)


def rendered(text: str) -> str:
    """The HTML of a page of Markdown, with tables."""
    return MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(text)


class MarkdownTest(parameterized.TestCase):
    @parameterized.parameters(*HOSTILE)
    def test_every_text_shows_as_it_is(self, text):
        line = escaped(text)
        self.assertEqual(rendered(f"x {line}").strip(), f"<p>x {html.escape(text, False)}</p>")
        self.assertEqual(rendered(f"# {line}").strip(), f"<h1>{html.escape(text, False)}</h1>")
        page = rendered(f"| one | two |\n|---|---|\n| {line} | 2 |\n")
        cells = [html.unescape(cell) for cell in re.findall("<td>(.*?)</td>", page)]
        self.assertEqual(cells, [text, "2"])
        self.assertNotIn("<td></td>", page)

    def test_is_one_line(self):
        self.assertEqual(escaped("a\nb\r\u2028\x1b"), r"a\\nb\\r\\u2028\\x1b")

    def test_ordinary_names_stay_as_they_are(self):
        for name in ("macs_1M", "rp2040@100ms", "photos/cats & dogs", "90.00% (86.5% to 92.7%)"):
            self.assertEqual(escaped(name), name)


if __name__ == "__main__":
    absltest.main()
