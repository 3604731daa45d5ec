from absl.testing import absltest

from tofa_tf.deploy.html_page import page


class PageTest(absltest.TestCase):
    def test_title_is_escaped_and_the_body_is_not(self):
        made = page("<b> & co", "<p>TITLE</p>")
        self.assertIn("<title>&lt;b&gt; &amp; co</title>", made)
        self.assertIn("\n<p>TITLE</p>\n</body>", made)

    def test_a_title_may_be_the_mark_of_the_body(self):
        made = page("BODY", "<p>once</p>")
        self.assertIn("<title>BODY</title>", made)
        self.assertEqual(made.count("<p>once</p>"), 1)

    def test_loads_nothing_from_elsewhere(self):
        made = page("x", "")
        for word in ("<script", "<link", "@import", "http"):
            self.assertNotIn(word, made)

    def test_letters_of_charts_are_larger_on_a_phone(self):
        self.assertIn("@media (max-width: 640px) { svg text { font-size: 22px; } }", page("x", ""))


if __name__ == "__main__":
    absltest.main()
