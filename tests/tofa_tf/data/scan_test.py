import os
import tempfile
from pathlib import Path

from absl.testing import absltest

from tofa_tf.data.scan import image_files


class ScanTest(absltest.TestCase):
    def setUp(self):
        super().setUp()
        self.root = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def add(self, *names: str) -> None:
        for name in names:
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()

    def test_images_at_any_depth_in_the_order_of_paths(self):
        names = ["a/2.PNG", "a/b/1.jpg", "a-b.png", "a.png", "a1.gif", "b/c/d/e.tiff", "B.bmp"]
        self.add(*names, "notes.txt", ".hidden.png", ".cache/1.png", "a/.b/1.png", "png")
        (self.root / "folder.png").mkdir()
        expected = sorted(Path(name) for name in names)
        self.assertEqual(image_files(self.root), [str(path) for path in expected])

    def test_links_to_files_count_and_those_to_folders_or_nothing_do_not(self):
        self.add("a/1.png", "b/2.png")
        (self.root / "a" / "link.png").symlink_to(self.root / "b" / "2.png")
        (self.root / "a" / "gone.png").symlink_to(self.root / "nowhere.png")
        (self.root / "a" / "loop.png").symlink_to("loop.png")
        (self.root / "a" / "up").symlink_to(self.root)
        os.mkfifo(self.root / "a" / "pipe.png")
        self.assertEqual(image_files(self.root), ["a/1.png", "a/link.png", "b/2.png"])
        (self.root / "linked").symlink_to(self.root / "b")
        self.assertEqual(image_files(self.root / "linked"), ["2.png"])

    def test_what_a_run_holds_is_no_part_of_a_data_set(self):
        self.add(
            "a/1.png", "a/run/.tofa.json", "a/run/accuracy.png", "a/run/scenarios/x/sample.png"
        )
        self.assertEqual(image_files(self.root), ["a/1.png"])

    def test_says_how_many_there_are(self):
        self.add(*(f"{number}.png" for number in range(2500)))
        said: list[int] = []
        self.assertLen(image_files(self.root, said.append), 2500)
        self.assertEqual(said, [1000, 2000])


if __name__ == "__main__":
    absltest.main()
