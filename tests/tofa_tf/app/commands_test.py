"""The commands that work on a trained run: deploy, report, compare, predict; and plan before it."""

import contextlib
import dataclasses
import io
import json
import re
import shutil
from pathlib import Path
from unittest import mock

import tensorflow as tf
from absl.testing import parameterized
from PIL import Image

from tests.tofa_tf.trained import SETTINGS, tiny_space, trained_copy
from tflite_export.common.errors import TofaError
from tflite_export.common.folders import why_not_deleted
from tflite_export.common.markdown import escaped
from tofa_tf.app import baseline, check, compare, deploy, plan, predict, report, train
from tofa_tf.common.workdir import RUN, sha256
from tofa_tf.data.splits import SPLIT, load_split, save_split
from tofa_tf.deploy.results import RunReport
from tofa_tf.select import alone
from tofa_tf.training.experiment import load_experiment


def _run(module, *arguments: str) -> str:
    """Calls a command with arguments, within this process; returns what it prints."""
    settings = module.COMMAND.parse(["tofa", *arguments])
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        module.COMMAND.main(*settings)
    return printed.getvalue()


class CommandsTest(tf.test.TestCase, parameterized.TestCase):
    def setUp(self):
        super().setUp()
        self.enterContext(tiny_space())
        self.root = Path(self.get_temp_dir()) / self.id()
        self.root.mkdir()

    def test_baselines_beside_the_nets_of_a_run(self):
        folder = self.root / "run"
        trained_copy(folder)
        with mock.patch.object(alone, "FROM_SCRATCH", (alone.Recipe(0.03, 1),)):
            printed = _run(baseline, str(folder), "--baselines=scratch", "--levels=2")
        names = [line.split("|")[2].strip() for line in printed.splitlines()[2:]]
        self.assertEqual(names, ["this run", "scratch"] * 2)
        self.assertRegex(printed, r"\| 0.02 M \| scratch \| \d+.\d% \| \d+ \|")
        self.assertEqual(why_not_deleted(folder, RUN), "")

    def test_from_a_trained_run_to_a_prediction(self):
        folder = self.root / "run"
        trained_copy(folder)
        weights = (folder / "supernet.weights.h5").stat().st_mtime_ns
        printed = _run(deploy, str(folder), "--scenarios=macs=60k", "--firmware=make")
        self.assertIn("tiny at 16 pixels, grey: 10 classes of digits, 50 labelled images", printed)
        self.assertIn(f"models: {folder}/scenarios/NAME", printed)
        self.assertIn(f"firmware: {folder}/scenarios/macs_60k/firmware/make; README.md", printed)
        self.assertEqual((folder / "supernet.weights.h5").stat().st_mtime_ns, weights)
        (made,) = RunReport.read(folder / "report.json").scenarios
        model = folder / "scenarios" / "macs_60k"
        self.assertEqual(sha256(model / "model_int8.tflite"), made.sha256)
        self.assertTrue((model / "firmware" / "make" / "Makefile").exists())

        with self.subTest("the report is written again"):
            (folder / "report.html").unlink()
            printed = _run(report, str(folder))
            self.assertIn("| macs_60k |", printed)
            self.assertTrue((folder / "report.html").exists())

        with self.subTest("runs are compared"):
            other = self.root / "other"
            shutil.copytree(folder, other)
            printed = _run(compare, str(folder), str(other))
            for name in (folder, other):
                cells = rf"\| macs_60k \| {re.escape(escaped(name))} \| \d+\.\d+% \(.* to .*%\) \|"
                self.assertRegex(printed, cells)

        with self.subTest("a run is held against another"):
            printed = _run(check, str(folder), f"--against={other}")
            self.assertIn(f"PASS: no model of {folder} is worse than that of {other}", printed)
            worse = json.loads((folder / "report.json").read_text())
            worse["scenarios"][0]["tflite_bytes"] *= 2
            (folder / "report.json").write_text(json.dumps(worse))
            with self.assertRaisesRegex(TofaError, "the .tflite file grew .* by 100.0 %"):
                _run(check, str(folder), f"--against={other}")

        with self.subTest("a run with other test images is held against none"):
            split = load_split(other)
            ids = list(split.parts["test"])
            drawn_anew = {**split.parts["test"], ids[0]: 16 * "0", ids[1]: 16 * "1"}
            parts = {**split.parts, "test": drawn_anew}
            save_split(other / SPLIT, dataclasses.replace(split, parts=parts))
            with self.assertRaisesRegex(TofaError, "cannot be compared: 2 of 359 test images"):
                _run(check, str(folder), f"--against={other}")
            self.assertIn(
                f"Not comparable: 2 of 359 test images of {escaped(other)} are none of "
                f"{escaped(folder)}.",
                _run(compare, str(folder), str(other)),
            )
            (other / SPLIT).unlink()
            (folder / "report.json").write_bytes((other / "report.json").read_bytes())
            with contextlib.redirect_stderr(io.StringIO()) as warned:
                self.assertIn("PASS", _run(check, str(folder), f"--against={other}"))
            self.assertIn("warning: a run has lost its split.json", warned.getvalue())

        with self.subTest("images are classified as the verification says"):
            experiment = load_experiment(SETTINGS)
            images, labels = experiment.dataset.test.images, experiment.dataset.test.labels
            for number, image in enumerate(images[:40]):
                path = self.root / "images" / f"{number:02}.png"
                path.parent.mkdir(exist_ok=True)
                Image.fromarray(image[..., 0]).save(path)
            (self.root / "images" / "broken.png").write_bytes(b"no image")
            lines = _run(predict, str(model), str(path.parent), "--top=2").splitlines()
            self.assertLen(lines, 40)
            answers = [line.split("  ")[1].split()[0] for line in lines]
            right = sum(a == str(b) for a, b in zip(answers, labels, strict=False))
            # On 40 of 359 images the accuracy differs by chance, not by its nature.
            self.assertBetween(right / 40 - made.int8_accuracy, -0.3, 0.3)
            path = path.rename(path.with_name("a\x1b[2J\nb.png"))
            (one,) = _run(predict, str(model / "model_int8.tflite"), str(path)).splitlines()
            self.assertStartsWith(one, rf"{path.parent}/a\x1b[2J\nb.png  {answers[-1]} ")
            self.assertLen(one.split("  "), 4)

        with self.subTest("frames of a camera"):
            frame = self.root / "frame.grey"
            frame.write_bytes(image.tobytes())
            size = (f"--width={image.shape[1]}", f"--height={image.shape[0]}")
            (same,) = _run(predict, str(model), str(frame), *size).splitlines()
            self.assertEqual(same.split("  ")[1:], one.split("  ")[1:])
            with self.assertRaisesRegex(TofaError, "need both width and height"):
                _run(predict, str(model), str(frame), "--width=16")

    def test_plan_counts_classes_and_needs_no_images(self):
        printed = _run(plan, "digits", "--search_space=tiny", "--boards=rp2040@20fps")
        self.assertIn("tiny, grey (16 images looked at), 10 classes", printed)
        self.assertIn("## rp2040_20fps", printed)
        for name in ("cat", "dog", "unlabelled"):
            (self.root / "photos" / name).mkdir(parents=True)
        printed = _run(plan, str(self.root / "photos"), "--search_space=tiny", "--resolutions=16")
        self.assertIn("tiny, RGB (0 images looked at), 2 classes", printed)
        self.assertIn("tiny, RGB, 2 classes", _run(plan, "--num_classes=2", "--search_space=tiny"))

    def test_one_file_of_settings_serves_all_commands(self):
        config = self.root / "run.toml"
        config.write_text(
            'dataset = "digits"\nsearch_space = "tiny"\nworkdir = "runs/x"\nsteps = 7\n'
            'boards = "rp2040"\n'
        )
        settings, place = train.COMMAND.parse(["tofa", f"--config={config}", "--steps=8"])
        self.assertEqual((settings.dataset, settings.train.steps), ("digits", 8))
        self.assertEqual(place.workdir, "runs/x")
        place, models = deploy.COMMAND.parse(["tofa", f"--config={config}"])
        self.assertEqual((place.workdir, models.boards), ("runs/x", "rp2040"))
        (asked,) = plan.COMMAND.parse(["tofa", f"--config={config}"])
        self.assertEqual((asked.boards, asked.search_space), ("rp2040", "tiny"))

    def test_the_settings_of_a_run_can_be_given_again(self):
        folder = trained_copy(self.root / "run").folder
        (settings, place) = train.COMMAND.parse(
            ["tofa", f"--config={folder}/config.toml", f"--workdir={self.root}/again"]
        )
        self.assertEqual(settings.to_json(), load_experiment(SETTINGS).settings.to_json())
        self.assertEqual(place.workdir, f"{self.root}/again")


if __name__ == "__main__":
    tf.test.main()
