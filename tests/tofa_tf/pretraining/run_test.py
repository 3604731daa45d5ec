import json
from pathlib import Path

import tensorflow as tf

from tests.tofa_tf.data.tiny_imagenet_folder import make_tiny_imagenet
from tofa_tf.common.errors import UserError
from tofa_tf.nets.weights_file import load_supernet
from tofa_tf.pretraining.recipe import Phase, Recipe
from tofa_tf.pretraining.run import COMMAND, WEIGHTS, main
from tofa_tf.space.presets import get_space

RECIPE = Recipe(phases=(Phase("one step", 1, 0.1, 0.0, ((24, 1.0),)),), batch=4)


class RunTest(tf.test.TestCase):
    def setUp(self):
        super().setUp()
        self.folder = Path(self.get_temp_dir()) / self.id()
        make_tiny_imagenet(self.folder / "images")
        (self.folder / "recipe.json").write_text(json.dumps(RECIPE.to_json()))

    def _run(self, *more: str) -> None:
        flags = (
            f"--data={self.folder}/images",
            f"--recipe={self.folder}/recipe.json",
            f"--workdir={self.folder}/run",
        )
        main(*COMMAND.parse(["run", *flags, *more]))

    def test_writes_weights_in_half_precision_twice(self):
        self._run(f"--copy_to={self.folder}/copy")
        supernet = load_supernet(self.folder / "run" / WEIGHTS, get_space("mcu_wide"))
        self.assertEqual(supernet.num_classes, 2)
        kernel = supernet.stem.conv.kernel.numpy()
        self.assertAllEqual(kernel, kernel.astype("float16"))
        self.assertEqual(
            (self.folder / "run" / WEIGHTS).read_bytes(),
            (self.folder / "copy" / WEIGHTS).read_bytes(),
        )

    def test_unknown_recipe_and_space_are_refused(self):
        with self.assertRaisesRegex(
            UserError, "unknown recipe 'long'; available: full, medium, more, longer, short"
        ):
            self._run("--recipe=long")
        with self.assertRaisesRegex(UserError, "unknown search space 'none'"):
            self._run("--search_space=none")


if __name__ == "__main__":
    tf.test.main()
