from pathlib import Path

import numpy as np
import tensorflow as tf

from tests.tofa_tf.data.images import noise, on_disk
from tests.tofa_tf.teacher.small_trunk import small_trunk
from tofa_tf.common.errors import UserError
from tofa_tf.teacher.features import FEATURES, Described, describe_all, digest

# 64 features in half precision behind the image's name.
_ROW_BYTES = 16 + 64 * 2


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

    def _describe(self, **changes) -> Described:
        how = {"trunk": self.trunk, "images": self.images, "show": self._show, **changes}
        return describe_all(folder=self.folder, **how)

    def test_is_the_teachers_and_progress_is_shown(self):
        described = self._describe()
        features = described.of(slice(None))
        self.assertAllClose(features, self.trunk.features(self.images), atol=1e-3)
        self.assertEqual(self.shown, [(128, 300), (256, 300), (300, 300)])
        self.assertEqual(described.path.stat().st_size, 300 * _ROW_BYTES)
        # A second time nothing is computed, wherever the images are kept.
        for images in (self.images, on_disk(self.images)):
            self.assertAllEqual(self._describe(images=images).of(slice(None)), features)
        self.assertLen(self.shown, 3)

    def test_goes_on_after_an_interruption(self):
        def stop(done: int, total: int) -> None:
            raise _InterruptedError

        with self.assertRaises(_InterruptedError):
            self._describe(show=stop)
        (path,) = self.folder.glob(f"{FEATURES}*")
        self.assertEqual(path.stat().st_size, 128 * _ROW_BYTES)
        # Killed amidst a row.
        with path.open("ab") as file:
            file.write(b"half of a row")
        features = self._describe().of(slice(None))
        self.assertEqual(self.shown, [(256, 300), (300, 300)])
        self.assertAllClose(features, self.trunk.features(self.images), atol=1e-3)

    def test_only_images_not_seen_before_are_described(self):
        first = self._describe()
        changed = self.images[::-1].copy()
        changed[0, 15, 15, 2] ^= 1
        second = self._describe(images=changed)
        self.assertEqual(second.path, first.path)
        self.assertEqual(self.shown[3:], [(300, 300)])
        self.assertEqual(second.path.stat().st_size, 301 * _ROW_BYTES)
        self.assertAllEqual(second.of(slice(1, None)), first.of(slice(None))[-2::-1])
        self.assertAllClose(second.of([0]), self.trunk.features(changed[:1]), atol=1e-3)

    def test_equal_images_are_described_once(self):
        described = self._describe(images=self.images[[5, 5, 7]])
        self.assertEqual(described.path.stat().st_size, 2 * _ROW_BYTES)
        self.assertAllEqual(described.of([0]), described.of([1]))

    def test_another_teacher_has_a_file_of_its_own(self):
        self.assertNotEqual(self._describe().path, self._describe(trunk=small_trunk("b")).path)

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
