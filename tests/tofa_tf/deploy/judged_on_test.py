import dataclasses
from pathlib import Path

import numpy as np
import tensorflow as tf

from tests.tofa_tf.data.images import noise
from tests.tofa_tf.deploy.results_for_tests import REPORT
from tofa_tf.common.errors import UserError
from tofa_tf.data.records import ImageSet, as_texts
from tofa_tf.data.splits import PARTS, make_split, save_split
from tofa_tf.deploy.judged_on import JudgedOn, others_among, read_judged_on

_NAMES = ("cat", "dog")
_IMAGES = ImageSet(noise(6, 8), np.array([0, 0, 0, 1, 1, 1]), as_texts("abcdef"))


class JudgedOnTest(tf.test.TestCase):
    def setUp(self):
        super().setUp()
        self.folder = Path(self.get_temp_dir()) / self.id()
        self.folder.mkdir()

    def _judged_on(self, test: list[int], images=_IMAGES, **settings) -> JudgedOn:
        nothing = np.array([], np.int64)
        parts = dict.fromkeys(PARTS, (images, nothing)) | {"test": (images, np.array(test))}
        save_split(self.folder / "split.json", make_split(_NAMES, parts))
        report = dataclasses.replace(REPORT, settings=settings)
        return read_judged_on(self.folder, report)

    def test_another_draw_of_as_many_images(self):
        old, new = self._judged_on([0, 3]), self._judged_on([1, 3])
        self.assertEqual(others_among(new, old), 1)
        self.assertEqual(others_among(self._judged_on([3, 0]), old), 0)

    def test_an_image_that_was_edited_or_put_into_another_class(self):
        old = self._judged_on([0, 3])
        edited = _IMAGES.images.copy()
        edited[0] += 1
        changed = dataclasses.replace(_IMAGES, images=edited)
        self.assertEqual(others_among(self._judged_on([0, 3], changed), old), 1)
        moved = dataclasses.replace(_IMAGES, labels=1 - _IMAGES.labels)
        self.assertEqual(others_among(self._judged_on([0, 3], moved), old), 2)

    def test_images_with_other_names(self):
        renamed = dataclasses.replace(_IMAGES, ids=as_texts("uvwxyz"))
        new, old = self._judged_on([0, 3], renamed), self._judged_on([0, 3])
        self.assertEqual(others_among(new, old), 0)

    def test_the_same_images_at_another_size(self):
        small = dataclasses.replace(_IMAGES, images=_IMAGES.images[:, ::2, ::2])
        old = self._judged_on([0, 3], resolutions=[4, 8])
        self.assertEqual(others_among(self._judged_on([0, 3], small, resolutions=[4]), old), 0)
        self.assertEqual(others_among(self._judged_on([1, 3], small, resolutions=[4]), old), 1)

    def test_a_report_of_damaged_settings(self):
        for resolutions in (True, [8, "big"]):
            with self.assertRaisesRegex(UserError, "its resolutions are none"):
                self._judged_on([0, 3], resolutions=resolutions)

    def test_a_run_whose_record_is_lost_or_damaged(self):
        self.assertIsNone(read_judged_on(self.folder, REPORT))
        (self.folder / "split.json").write_text("{}")
        with self.assertRaisesRegex(UserError, "does not say which images are in which part"):
            read_judged_on(self.folder, REPORT)


if __name__ == "__main__":
    tf.test.main()
