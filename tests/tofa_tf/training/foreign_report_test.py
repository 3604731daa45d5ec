import json
from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image

from tests.tofa_tf.data.images import noise
from tofa_tf.data.records import ImageSet
from tofa_tf.training.foreign_report import FOREIGN_JSON, FOREIGN_PNG, sheet, write_foreign


class SheetTest(tf.test.TestCase):
    def test_small_images_stand_side_by_side_and_enlarged_on_white(self):
        images = noise(14, 20)
        page = sheet(images)
        # Three times as large: four times would be more than 64 pixels.
        self.assertEqual(page.shape, (2 * 60, 12 * 60, 3))
        cells = page.reshape(2, 20, 3, 12, 20, 3, 3)
        for row in range(3):
            for column in range(3):
                cell = cells[:, :, row, :, :, column].transpose(0, 2, 1, 3, 4)
                self.assertAllEqual(cell.reshape(24, 20, 20, 3)[:14], images)
                self.assertAllEqual(cell.reshape(24, 20, 20, 3)[14:], np.full((10, 20, 20, 3), 255))

    def test_large_images_keep_their_size(self):
        images = noise(1, 80)
        self.assertAllEqual(sheet(images)[:, :80], images[0])

    def test_grey_images_are_grey(self):
        images = noise(2, 64)[..., :1]
        page = sheet(images)
        for channel in range(3):
            self.assertAllEqual(page[:, 64:128, channel], images[1, ..., 0])


class WriteForeignTest(tf.test.TestCase):
    def setUp(self):
        super().setUp()
        self.folder = Path(self.get_temp_dir(), self.id())
        self.folder.mkdir()
        self.pool = ImageSet(noise(60, 64), np.zeros(60, np.int32))

    def _written(self, left_out: np.ndarray) -> dict:
        write_foreign(self.folder, self.pool, 55, left_out)
        return json.loads((self.folder / FOREIGN_JSON).read_text())

    def test_all_are_counted_and_the_most_foreign_ones_shown(self):
        left_out = np.arange(59, 9, -1)
        told = self._written(left_out)
        self.assertEqual((told["unlabelled_images"], told["look_foreign"]), (55, 50))
        self.assertEqual(told["most_foreign"], [str(number) for number in range(59, 11, -1)])
        with Image.open(self.folder / FOREIGN_PNG) as image:
            shown = np.asarray(image)
        self.assertAllEqual(shown[:64, :64], self.pool.images[59])
        self.assertAllEqual(shown[-64:, -64:], self.pool.images[12])

    def test_nothing_left_out_is_no_picture(self):
        told = self._written(np.array([], int))
        self.assertEqual((told["look_foreign"], told["most_foreign"]), (0, []))
        self.assertFalse((self.folder / FOREIGN_PNG).exists())


if __name__ == "__main__":
    tf.test.main()
