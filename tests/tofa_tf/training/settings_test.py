import subprocess
import sys
import tomllib

from absl.testing import absltest

from tflite_export.common.command import Command
from tflite_export.common.config_file import to_toml
from tflite_export.common.settings import keys_of
from tofa_tf.deploy.settings import DeploySettings
from tofa_tf.training.settings import LossWeights, Settings, UnifiedLoss, Workdir

# What README, Makefile and earlier versions call settings.
NAMES = (
    "dataset data_dir unlabelled test test_fraction labels_per_class labelled_only search_space "
    "resolutions pretrained workdir overwrite steps labelled_batch unlabelled_ratio num_random "
    "learning_rate warmup_steps weight_decay ema_decay pseudo_label threshold distillation "
    "max_loss min_loss random_loss seed flip scenarios boards quantization tolerance vela firmware"
)


class SettingsTest(absltest.TestCase):
    def test_names_and_their_one_meaning(self):
        keys = keys_of(Settings, Workdir, DeploySettings)
        self.assertContainsSubset(NAMES.split(), keys)
        self.assertEqual(keys["unlabelled"].about.alias, "unlabeled")
        counts = [len(keys_of(cls)) for cls in (Settings, Workdir, DeploySettings)]
        self.assertLen(keys, sum(counts))

    def test_defaults_are_allowed_themselves(self):
        for cls in (Settings, Workdir, DeploySettings):
            given = {"dataset": "digits", "workdir": "runs/x"}
            default = cls.make(given)
            # Of text, so that nothing is passed over for being the default itself.
            text = {name: tomllib.loads(to_toml({name: value})).get(name)
                    for name, value in default.values().items()}  # fmt: skip
            self.assertEqual(cls.make(text), default)

    def test_help_is_sentences_and_short_help_the_dozen_that_matter(self):
        keys = keys_of(Settings, Workdir, DeploySettings)
        for name, key in keys.items():
            self.assertRegex(key.about.help, r"^[A-Z].*\w.*\.$", name)
        self.assertBetween(sum(bool(key.about.heading) for key in keys.values()), 10, 20)

    def test_json_has_the_names_of_flags_and_comes_back(self):
        given = {"steps": 5, "min_loss": "labelled=0,pseudo=0"}
        settings = Settings.make({"dataset": "digits", **given})
        data = settings.to_json()
        self.assertEqual(data["steps"], 5)
        others = {"distill": 0.0, "teacher": 0.0}
        self.assertEqual(data["min_loss"], {"labelled": 0.0, "pseudo": 0.0, **others})
        self.assertEqual(Settings.make(tomllib.loads(to_toml(data))), settings)
        self.assertEqual(settings.train.loss.min_loss, LossWeights(0.0, 0.0))
        self.assertEqual(settings.train.loss.max_loss, UnifiedLoss().max_loss)

    def test_flags_give_an_equal_instance(self):
        given = {"steps": 5, "min_loss": "labelled=0,pseudo=0.25", "flip": False, "validation": 0}
        settings = Settings.make({"dataset": "my photos", "resolutions": (32, 64), **given})
        flags = settings.flags()
        self.assertContainsSubset(["--dataset=my photos", "--flip=false"], flags)
        self.assertLen(flags, 6)
        command = Command(lambda settings: None, (Settings,))
        self.assertEqual(command.parse(["tofa", *flags]), [settings])

    def test_settings_load_no_tensorflow(self):
        program = (
            "import sys; from tofa_tf.training.settings import Settings; "
            "from tofa_tf.deploy.settings import DeploySettings; "
            "print('tensorflow' in sys.modules)"
        )
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
        self.assertEqual(done.stdout, "False\n", done.stderr)


if __name__ == "__main__":
    absltest.main()
