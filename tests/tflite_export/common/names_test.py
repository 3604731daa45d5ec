import tensorflow as tf

from tflite_export.common.names import is_name


class NamesTest(tf.test.TestCase):
    def test_names(self):
        for name in ("a", "rp2040_12.5fps", "flash_kib_96-arena_kib_64", "1e+6", 100 * "a", "a..b"):
            self.assertTrue(is_name(name), name)

    def test_what_leaves_its_folder_or_line_is_none(self):
        for text in ("", ".", "..", "../a", "/a", "a/b", "a\\b", "a\n", "\na", "a\0", "-a", " a"):
            self.assertFalse(is_name(text), text)
        for text in ("ä", "a\u2028b", 101 * "a", None, 3, ["a"]):
            self.assertFalse(is_name(text), text)


if __name__ == "__main__":
    tf.test.main()
