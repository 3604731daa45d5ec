import tempfile
from pathlib import Path

import h5py
import numpy as np
from absl.testing import absltest

from benchmarks.benchmark_distribute import COMMAND, _difference


class BenchmarkDistributeTest(absltest.TestCase):
    def test_the_largest_difference_of_any_weight_is_found(self):
        root = Path(self.enterContext(tempfile.TemporaryDirectory()))
        one, other = (root / f"{name}.h5" for name in ("one", "other"))
        for path, values in ((one, [1.0, -4.0]), (other, [1.0, -4.5])):
            with h5py.File(path, "w") as file:
                file["stem/conv/kernel"] = np.array([2.0, 3.0])
                file["classifier/bias"] = np.array(values)
        self.assertEqual(_difference(one, other), (0.5, 0.125))
        self.assertEqual(_difference(one, one), (0.0, 0.0))

    def test_by_default_every_step_is_recorded(self):
        settings, *_ = COMMAND.parse(["benchmark", "--output=x"])
        self.assertEqual((settings.train.steps, settings.train.log_every_steps), (50, 1))


if __name__ == "__main__":
    absltest.main()
