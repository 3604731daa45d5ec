import random
import tempfile
from pathlib import Path
from unittest import mock

from absl.testing import absltest

from benchmarks.torture.damage import DAMAGES
from benchmarks.torture.full_disks import PLACES, _write_until_full
from benchmarks.torture.jobs import stages
from benchmarks.torture.records import Record
from benchmarks.torture.table import write_results

_RECORDS = [
    Record("kill", "run", 0, "after 1.0 s", "while .12.checkpoint.npz was written", True),
    Record("kill", "run", 0, "after 2.0 s", "while nothing was written", True),
    Record("kill", "report", 0, "after 3.0 s", "it had ended", True),
    Record("kill", "run again", 0, "after 4.0 s", "while nothing was written", True),
    Record("full disk", "export", 0, "from the start", "error: cannot write out", True),
    Record("end", "all", 0, "compared", "model.tflite differs", False),
]


class RunTest(absltest.TestCase):
    def setUp(self):
        super().setUp()
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def test_a_kill_that_came_too_late_is_none(self):
        self.assertEqual([record.hit for record in _RECORDS[:3]], [True, True, False])

    def test_the_table_counts_what_went_well(self):
        write_results(self.folder, _RECORDS, 7)
        text = (self.folder / "README.md").read_text()
        self.assertIn("| SIGKILL in `tofa run` | 2 | 2 |", text)
        self.assertIn("| SIGKILL in `tofa run` again | 1 | 1 |", text)
        self.assertIn("of undisturbed ones | 1 | 0 |", text)
        self.assertIn("1 of 3 kills came while a file was being written", text)
        self.assertIn("| `tofa export` | from the start | error: cannot write out |", text)

    def test_every_damage_is_one(self):
        content = bytes(range(256))
        for damage in DAMAGES.values():
            self.assertNotEqual(damage(content, random.Random(0)), content)

    def test_places_are_of_the_commands(self):
        self.assertGreaterEqual(len(PLACES), 10)
        names = {job.name for stage in stages(8) for job in stage.jobs}
        self.assertEqual({place.job for place in PLACES}, names)
        self.assertLen({(place.job, place.moment) for place in PLACES}, len(PLACES))

    def test_a_device_that_is_full_is_filled(self):
        _write_until_full(Path("/dev/full"))

    def test_room_is_left(self):
        ballast = self.folder / "ballast"
        ballast.write_bytes(bytes(5000))
        with mock.patch.object(Path, "open", side_effect=OSError):
            _write_until_full(ballast, 4)
        self.assertEqual(ballast.stat().st_size, 5000 - 4096)


if __name__ == "__main__":
    absltest.main()
