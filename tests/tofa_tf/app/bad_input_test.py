"""What users can get wrong: refused with the same words by the library and by the command.

Each row is a case: settings by name, and what the message has to say.
"""

import tempfile
from pathlib import Path

import keras
import tensorflow as tf
from absl.testing import parameterized

import tofa_tf as tofa
from tests.scripts import run_script
from tests.tofa_tf.trained import tiny_space, trained_copy
from tflite_export.common.settings import as_text, keys_of
from tofa_tf.deploy.settings import DeploySettings

TRAINING = (
    ({"dataset": "digitz"}, "unknown data set 'digitz'; available: digits"),
    ({"dataset": "~nosuchuser/x"}, "cannot use the path ~nosuchuser/x: there is no such user"),
    ({"dataset": "x" * 300}, "File name too long"),
    ({"dataset": "bad\udcff"}, "it must be valid UTF-8"),
    ({"labels_per_class": 0}, "labels_per_class is 0: training needs at least 1 label a class"),
    ({"labels_per_class": 1000}, "1000 labels asked"),
    ({"labels_per_class": "some"}, "labels_per_class is 'some'"),
    ({"unlabelled": "nowhere"}, "the unlabelled folder nowhere does not exist"),
    ({"test": "nowhere"}, "the test folder nowhere does not exist"),
    ({"test_fraction": 1.5}, "test_fraction is "),
    ({"validation": -0.5}, "validation is "),
    ({"foreign": "drop"}, "foreign is 'drop': available: guard, keep"),
    ({"foreign": "guard", "pretrained": "none"}, "foreign is guard, and pretrained is none"),
    ({"search_space": "mcv"}, "unknown search space 'mcv'; available: "),
    ({"search_space": "no.json"}, "cannot read no.json: No such file"),
    ({"resolutions": 33}, "resolution 33 is not one of 32"),
    ({"resolutions": "big"}, "resolutions is 'big': it must be a whole number"),
    ({"pretrained": "imagenet"}, "unknown pretrained weights 'imagenet'; wanted tiny_imagenet"),
    ({"pretrained": "no.weights.h5"}, "there is no file no.weights.h5"),
    ({"steps": 0}, "it must lie between 1 and 100000000"),
    ({"steps": 10**12}, "it must lie between 1 and 100000000"),
    ({"steps": "many"}, "steps is 'many': it must be a whole number"),
    ({"seed": -1}, "it must lie between 0 and 4294967295"),
    ({"seed": 2**32}, "it must lie between 0 and 4294967295"),
    ({"learning_rate": -0.1}, "learning_rate is -0.1: it must be above 0"),
    ({"learning_rate": "nan"}, "learning_rate is 'nan': it must be a finite number"),
    ({"threshold": 1.5}, "threshold is 1.5: it must lie between 0 and 1"),
    (
        {"pseudo_label": "best"},
        "pseudo_label is 'best': available: adamatch, fixed, freematch, soft, softmatch",
    ),
    ({"distillation": "kd"}, "distillation is 'kd': available: alpha, kl"),
    ({"min_loss": "distil=1"}, "min_loss is 'distil=1': wanted labelled=NUMBER,pseudo=NUMBER"),
    ({"pretrained": "{root}/vector.keras"}, "not a MobileNetV1, V2 or V3: Conv2D expected"),
    ({"teacher": "resnet"}, "unknown teacher 'resnet'; wanted efficientnet_lite0, a .keras file"),
    ({"teacher": "no.keras"}, "there is no model file no.keras"),
    ({"teacher": "{root}/vector.keras"}, "takes no images of ours: its input is (4,)"),
    ({"teacher": "{root}/flat.keras"}, "is not pooled: an image has features of shape (49152,)"),
    (
        {"teacher": "{root}/flat.keras", "teacher_resolution": 96},
        "teacher_resolution is 96: the teacher",
    ),
    (
        {"teacher": "efficientnet_lite0", "teacher_resolution": 100},
        "efficientnet_lite0: resolution 100 is not one of 96, 128",
    ),
    ({"strategy": "horovod"}, "strategy is 'horovod': available: mirrored, multiworker, none"),
    ({"strategy": "multiworker"}, "strategy is multiworker, and the environment has no TF_CONFIG"),
    ({"workdir": "{file}"}, "is a file: choose a folder as workdir"),
    ({"workdir": "{foreign}"}, "choose another workdir"),
    ({"workdir": "{root}/" + "x" * 300}, "File name too long"),
)
DEPLOYMENT = (
    ({"boards": "pdp11"}, "unknown board 'pdp11'"),
    ({"boards": "rp2040@soon"}, "rp2040@soon: wanted a limit such as @100ms"),
    ({"boards": f"rp2040@{'9' * 400}ms"}, "wanted a limit"),
    ({"boards": "no.toml"}, "cannot read board file no.toml"),
    ({"boards": "rp2040@1000fps"}, "nothing fits; the smallest subnet of "),
    ({"scenarios": "sram=3"}, "cannot read 'sram=3'"),
    ({"scenarios": "macs=-1"}, "'-1' is not a positive number"),
    ({"scenarios": "macs=1k"}, "nothing fits; the smallest subnet of "),
    ({"scenarios": f"macs=1{'0' * 300}"}, "its name becomes a folder"),
    ({"boards": "rp2040", "quantization": "int4"}, "quantization is 'int4': available: auto, ptq"),
    ({"boards": "rp2040", "tolerance": -1}, "tolerance is -1.0: it must lie between 0 and 100"),
    ({"boards": "rp2040", "rule": "best"}, "rule is 'best': available: best_of_random, evolution"),
    ({"boards": "rp2040", "objective": "fair"}, "objective is 'fair': available: accuracy"),
    ({"boards": "rp2040", "vela": "ethos-u55"}, "unknown NPU 'ethos-u55'"),
)


class BadInputTest(tf.test.TestCase, parameterized.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.root = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        (cls.root / "file").write_text("no folder")
        (cls.root / "foreign").mkdir()
        (cls.root / "foreign" / "thesis.tex").write_text("years of work")
        for name, shape in (("vector", (4,)), ("flat", (128, 128, 3))):
            image = keras.Input(shape)
            classes = keras.layers.Dense(2)(keras.layers.Flatten()(image))
            keras.Model(image, classes).save(cls.root / f"{name}.keras")
        with tiny_space():
            cls.trained = trained_copy(cls.root / "trained")

    def _placed(self, settings: dict) -> dict:
        """The settings of a case, with what it is not about."""
        places = {name: self.root / name for name in ("file", "foreign")}
        settings = {
            name: value.format(root=self.root, **places) if isinstance(value, str) else value
            for name, value in settings.items()
        }
        return {"dataset": "digits", "workdir": str(self.root / "run"), "steps": 2, **settings}

    def _refused(self, module: str, *arguments: str) -> str:
        """Runs a command that has to fail as commands fail, and returns what it says."""
        done = run_script(module, *arguments)
        self.assertEqual(done.returncode, 1, done.stderr)
        *said_before, error = done.stderr.splitlines()
        self.assertNotIn("Traceback", "".join(said_before))
        self.assertStartsWith(error, "error: ")
        return error

    @parameterized.parameters(*TRAINING)
    def test_training(self, settings, message):
        settings = self._placed(settings)
        with self.assertRaises(tofa.TofaError) as refused:
            tofa.train(settings.pop("dataset"), **settings)
        self.assertIn(message, str(refused.exception))
        self.assertNotIn("--", str(refused.exception))
        self.assertFalse((self.root / "run" / "metrics.jsonl").exists())

    @parameterized.parameters(*TRAINING)
    def test_training_by_the_command(self, settings, message):
        if "\udcff" in str(settings):
            message = "UTF-8"
        flags = [f"--{name}={as_text(value)}" for name, value in self._placed(settings).items()]
        self.assertIn(message, self._refused("tofa_tf.train", *flags))
        self.assertEqual((self.root / "foreign" / "thesis.tex").read_text(), "years of work")

    @parameterized.parameters(*DEPLOYMENT)
    def test_deployment(self, settings, message):
        run = tofa.Run(self.trained)
        target = settings.get("boards") or settings["scenarios"]
        how = {name: settings[name] for name in settings if name not in ("boards", "scenarios")}
        with self.assertRaises(tofa.TofaError) as refused:
            run.deploy(target, **how)
        self.assertIn(message, str(refused.exception))
        self.assertNotIn("--", str(refused.exception))

    @parameterized.parameters(*DEPLOYMENT)
    def test_deployment_by_the_command(self, settings, message):
        workdir = self.root / "before"
        flags = [f"--{name}={as_text(value)}" for name, value in settings.items()]
        flags += ["--dataset=digits", "--labels_per_class=2", f"--workdir={workdir}"]
        self.assertIn(message, self._refused("tofa_tf.run", *flags))
        self.assertFalse(workdir.exists(), "it was refused too late")

    def test_every_case_is_of_settings_that_there_are(self):
        for cases, keys in ((DEPLOYMENT, keys_of(DeploySettings)),):
            for settings, _ in cases:
                self.assertContainsSubset(settings, keys)


if __name__ == "__main__":
    tf.test.main()
