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

    def test_what_is_in_a_row_cannot_end_its_cell(self):
        columns = (("name", str), ("letters", lambda word: f"{len(word)}"))
        rows = markdown_table(["a|b", "`c`\n<d>"], columns).splitlines()[2:]
        self.assertEqual(rows, [r"| a\|b | 3 |", r"| \`c\`\\n\<d> | 7 |"])


if __name__ == "__main__":
    absltest.main()
