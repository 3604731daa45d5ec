from absl.testing import absltest

from tests.tflite_export.firmware.native import temporary_folder
from tofa_tf.deploy.baseline_results import (
    BaselineResult,
    BaselineResults,
    read_baselines,
    write_baselines,
)

_RIDGE = BaselineResult("ridge", 100, 10, 0.5, 1.0)


class BaselineResultsTest(absltest.TestCase):
    def test_measured_again_takes_the_place_of_the_earlier_one(self):
        folder = temporary_folder(self)
        self.assertEqual(read_baselines(folder), BaselineResults())
        larger, better = (
            BaselineResult("ridge", 200, 20, 0.6, 1.0),
            BaselineResult("ridge", 100, 10, 0.7, 2.0),
        )
        results = BaselineResults((_RIDGE,)).with_one(larger).with_one(better)
        self.assertEqual(results.baselines, (larger, better))
        write_baselines(results, folder)
        self.assertEqual(read_baselines(folder), results)

    def test_a_damaged_file_is_left_out(self):
        folder = temporary_folder(self)
        (folder / "baselines.json").write_text("[]")
        self.assertEqual(read_baselines(folder), BaselineResults())


if __name__ == "__main__":
    absltest.main()
