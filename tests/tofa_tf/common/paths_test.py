from pathlib import Path

from absl.testing import absltest

from tofa_tf.common.errors import UserError
from tofa_tf.common.paths import user_path


class UserPathTest(absltest.TestCase):
    def test_the_home_is_expanded(self):
        self.assertEqual(user_path("~/photos"), Path.home() / "photos")
        self.assertEqual(user_path(Path("photos")), Path("photos"))

    def test_what_is_no_path_is_refused(self):
        for path, message in (
            ("~nosuchuser/x", "cannot use the path ~nosuchuser/x: there is no such user"),
            ("x" * 300, "cannot use the path x+: File name too long"),
        ):
            with self.assertRaisesRegex(UserError, message):
                user_path(path)


if __name__ == "__main__":
    absltest.main()
