from pathlib import Path

import numpy as np
import tensorflow as tf

from tests.tofa_tf.data.images import noise
from tests.tofa_tf.teacher.small_trunk import small_trunk
from tofa_tf.common.errors import UserError
from tofa_tf.teacher.features import FEATURES, describe_all, digest


class _InterruptedError(Exception):
    pass


class DescribeAllTest(tf.test.TestCase):
    def setUp(self):
        super().setUp()
        self.folder = Path(self.get_temp_dir())
        self.trunk, self.images = small_trunk(), noise(300, 16)
        self.shown = []

    def _show(self, done: int, total: int) -> None:
        self.shown.append((done, total))

    def _describe(self, **changes) -> tuple[np.ndarray, Path]:
        how = {"trunk": self.trunk, "images": self.images, "show": self._show, **changes}
        return describe_all(folder=self.folder, **how)

    def test_is_the_teachers_and_progress_is_shown(self):
        features, path = self._describe()
        self.assertAllClose(features, self.trunk.features(self.images), atol=1e-3)
        self.assertEqual(self.shown, [(128, 300), (256, 300), (300, 300)])
        self.assertEqual(path.stat().st_size, 300 * 64 * 2)
        # A second time nothing is computed.
        again, _ = self._describe()
        self.assertAllEqual(again, features)
        self.assertLen(self.shown, 3)

    def test_goes_on_after_an_interruption(self):
        def stop(done: int, total: int) -> None:
            raise _InterruptedError

        with self.assertRaises(_InterruptedError):
            self._describe(show=stop)
        (path,) = self.folder.glob(f"{FEATURES}*")
        self.assertEqual(path.stat().st_size, 128 * 64 * 2)
        # Killed amidst a row.
        with path.open("ab") as file:
            file.write(b"half of a row")
        features, _ = self._describe()
        self.assertEqual(self.shown, [(256, 300), (300, 300)])
        self.assertAllClose(features, self.trunk.features(self.images), atol=1e-3)

    def test_other_images_and_other_teachers_have_files_of_their_own(self):
        _, first = self._describe()
        changed = self.images.copy()
        changed[299, 15, 15, 2] ^= 1
        _, second = self._describe(images=changed)
        _, third = self._describe(trunk=small_trunk("other"))
        self.assertLen({first, second, third}, 3)

    def test_digest_tells_shapes_apart(self):
        a = np.zeros((2, 3), np.uint8)
        self.assertNotEqual(digest(a), digest(a.reshape(3, 2)))
        self.assertNotEqual(digest("x", a), digest("y", a))
        self.assertEqual(digest("x", a[:, ::-1]), digest("x", a))

    def test_folder_that_cannot_be_written(self):
        (self.folder / "file").write_text("no folder")
        with self.assertRaisesRegex(UserError, "cannot write .*file/teacher_features_"):
            describe_all(self.trunk, self.images, self.folder / "file")


if __name__ == "__main__":
    tf.test.main()
