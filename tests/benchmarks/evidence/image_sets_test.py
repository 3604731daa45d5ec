import zipfile
from pathlib import Path

import tensorflow as tf

from benchmarks.evidence.image_sets import IMAGE_SETS, find_images, get_image_set
from tofa_tf.common.errors import UserError


class ImageSetsTest(tf.test.TestCase):
    def setUp(self):
        super().setUp()
        self.data = Path(self.get_temp_dir()) / self.id()
        (self.data / "neu_steel_defects128").mkdir(parents=True)

    def _archive(self, *names: str) -> None:
        path = self.data / "neu_steel_defects128" / "images.zip"
        with zipfile.ZipFile(path, "w") as file:
            for name in names:
                file.writestr(name, name)

    def test_parts_of_an_archive_become_one_folder_a_class(self):
        self._archive("train/crazing/1.jpg", "train/patches/2.jpg", "val/crazing/3.jpg")
        steel, unpacked = IMAGE_SETS["neu_steel_defects128"], self.data / "unpacked"
        folder = Path(find_images(steel, self.data, unpacked))
        names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.jpg"))
        self.assertEqual(names, ["crazing/1.jpg", "crazing/3.jpg", "patches/2.jpg"])
        self.assertEqual((folder / "crazing/3.jpg").read_text(), "val/crazing/3.jpg")
        (folder / "crazing/1.jpg").unlink()
        self.assertEqual(find_images(steel, self.data, unpacked), str(folder))
        self.assertFalse((folder / "crazing/1.jpg").exists())

    def test_two_images_of_one_name_are_refused(self):
        self._archive("train/crazing/1.jpg", "val/crazing/1.jpg")
        with self.assertRaisesRegex(UserError, "two images are called crazing/1.jpg"):
            find_images(IMAGE_SETS["neu_steel_defects128"], self.data, self.data / "unpacked")
        self.assertFalse((self.data / "unpacked" / "neu_steel_defects128").exists())

    def test_names(self):
        self.assertEqual(find_images(IMAGE_SETS["cifar10"], None, self.data), "cifar10")
        self.assertEqual(get_image_set("photos/@64").resolution, 64)
        self.assertEqual(get_image_set("sign_digits100@48").folder, "sign_digits100")
        with self.assertRaisesRegex(UserError, "'big' is no image size"):
            get_image_set("cifar10@big")
        with self.assertRaisesRegex(UserError, "say with data in which folder"):
            find_images(IMAGE_SETS["gtsrb48"], None, self.data)
        with self.assertRaisesRegex(UserError, "there is no image set .*gtsrb48"):
            find_images(IMAGE_SETS["gtsrb48"], self.data, self.data)


if __name__ == "__main__":
    tf.test.main()
