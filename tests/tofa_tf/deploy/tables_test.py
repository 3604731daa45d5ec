from absl.testing import absltest

from tofa_tf.deploy.tables import markdown_table


class TablesTest(absltest.TestCase):
    def test_a_line_for_the_titles_and_one_for_each_row(self):
        columns = (("name", str.upper), ("letters", lambda word: f"{len(word)}"))
        self.assertEqual(
            markdown_table(["tofa", "tf"], columns).splitlines(),
            ["| name | letters |", "| --- | --- |", "| TOFA | 4 |", "| TF | 2 |"],
        )
        self.assertLen(markdown_table([], columns).splitlines(), 2)


if __name__ == "__main__":
    absltest.main()
