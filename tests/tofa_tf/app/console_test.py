import contextlib
import dataclasses
import io
from pathlib import Path
from unittest import mock

import tensorflow as tf

from tests.tofa_tf.deploy.results_for_tests import ON_BOARD, REPORT, RESULT
from tofa_tf.app import console
from tofa_tf.deploy.deploy import Deployed

_ON_BOARD = dataclasses.replace(ON_BOARD, tflite="scenarios/rp2040/model_int8.tflite")


class ConsoleTest(tf.test.TestCase):
    def _printed(self, results, projects, platforms) -> str:
        """What is shown of a deployment that has made these results and projects."""
        folder = Path(self.get_temp_dir()) / self.id()
        for project in projects:
            (folder / "scenarios" / project).mkdir(parents=True)
        run = mock.Mock(folder=folder)
        deployed = Deployed(results, (), dataclasses.replace(REPORT, scenarios=results))
        with (
            mock.patch.object(console, "deploy", return_value=deployed),
            contextlib.redirect_stdout(io.StringIO()) as printed,
        ):
            console.deploy_and_show(run, [], platforms)
        return printed.getvalue().replace(str(folder), "RUN")

    def test_one_model_with_firmware(self):
        printed = self._printed((RESULT,), ["macs_1M/firmware/pico"], ("board",))
        self.assertIn("\nfirmware: RUN/scenarios/macs_1M/firmware/pico; README.md there", printed)

    def test_several_models_and_platforms(self):
        projects = ["macs_1M/firmware/make", "rp2040/firmware/make", "rp2040/firmware/pico"]
        printed = self._printed((RESULT, _ON_BOARD), projects, ("make", "pico"))
        folder = "RUN/scenarios/NAME/firmware"
        self.assertIn(f"\nfirmware: {folder}/make, {folder}/pico; README.md there", printed)

    def test_none_was_asked_for(self):
        self.assertNotIn("firmware", self._printed((RESULT,), ["macs_1M/firmware/pico"], ()))


if __name__ == "__main__":
    tf.test.main()
