"""Commands that read what a run has written: they need no TensorFlow for it."""

import dataclasses
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from absl.testing import absltest

from tests.tofa_tf.deploy.results_for_tests import REPORT
from tofa_tf.data.splits import PARTS, Split, save_split

# One process for all of them: what the first has not loaded, the next may still load.
_PROGRAM = """
import sys
from tofa_tf.app import check, compare, report
first, other = sys.argv[1:]
for module, arguments in (
    (report, [first]), (compare, [first, other]), (check, [first, f"--against={other}"])
):
    assert not module.COMMAND.tensorflow
    module.COMMAND.main(*module.COMMAND.parse(["tofa", *arguments]))
    assert not {"tensorflow", "keras", "tf_keras"} & sys.modules.keys(), module
"""


class ReportTest(absltest.TestCase):
    def test_a_run_is_reported_and_compared_without_tensorflow(self):
        root = Path(self.enterContext(tempfile.TemporaryDirectory()))
        taught = dataclasses.replace(REPORT, settings={"teacher": "efficientnet_lite0"})
        for name in ("a", "b"):
            (root / name).mkdir()
            (root / name / "report.json").write_text(json.dumps(taught.to_json()))
            save_split(root / name / "split.json", Split(("0", "1"), dict.fromkeys(PARTS, {})))
        command = [sys.executable, "-c", _PROGRAM, str(root / "a"), str(root / "b")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("| macs_1M | 0.95 M |", done.stdout)
        self.assertIn(f"| macs_1M | {root}/b | 90.00% (", done.stdout)
        self.assertIn("PASS: no model of", done.stdout)
        page = (root / "a" / "report.md").read_text(encoding="utf-8")
        self.assertIn("taught by efficientnet_lite0: The weights of EfficientNet-Lite0", page)


if __name__ == "__main__":
    absltest.main()
