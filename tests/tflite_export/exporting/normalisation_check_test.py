import tensorflow as tf
from absl.testing import parameterized

from tests.tflite_export.trained_models import linear_classifier, tinted_digits
from tflite_export.exporting.normalisation_check import better_normalisation
from tflite_export.input_spec import image_spec
from tflite_export.task import CLASSIFICATION

_UNIT = {"mean": (0.0,), "std": (255.0,)}
_RAW = {"mean": (0.0,), "std": (1.0,)}


class BetterNormalisationTest(tf.test.TestCase, parameterized.TestCase):
    def setUp(self):
        super().setUp()
        pixels, classes = tinted_digits()
        self.pixels, self.classes = pixels[1000:], classes[1000:]

    def _better(self, model, spec, count: int | None = None):
        pixels = self.pixels[:count, ..., ::-1] if spec.colour == "bgr" else self.pixels[:count]
        return better_normalisation(model, pixels, self.classes[:count], spec, CLASSIFICATION)

    @parameterized.parameters(
        # Trained on (p - mean) / std, blue first or not, and given as.
        (0, 255, False, {}, ("rgb", (0.0,), (255.0,))),
        (0, 1, False, {}, ("rgb", (0.0,), (1.0,))),
        (0, 255, True, {}, ("bgr", (0.0,), (255.0,))),
        (0, 255, True, _UNIT, ("bgr", (0.0,), (255.0,))),
        (0, 255, False, {"colour": "bgr", **_UNIT}, ("rgb", (0.0,), (255.0,))),
        # These two differ by half a pixel value; either is right.
        (128, 128, False, _UNIT, ("rgb", (127.5,), (127.5,))),
    )
    def test_what_the_model_was_trained_on_is_found(self, mean, std, backwards, given, expected):
        better = self._better(linear_classifier(mean, std, backwards), image_spec(8, 8, **given))
        self.assertEqual((better.spec.colour, better.spec.mean, better.spec.std), expected)
        self.assertEqual(better.images, 797)
        self.assertGreater(better.accuracy - better.given_accuracy, 2 * better.difference_error)

    @parameterized.parameters(
        (0, 255, False, _UNIT),
        (0, 1, False, _RAW),
        (128, 128, False, {}),
        (0, 255, True, {"colour": "bgr", **_UNIT}),
    )
    def test_what_is_right_is_not_doubted(self, mean, std, backwards, given):
        model = linear_classifier(mean, std, backwards)
        self.assertIsNone(self._better(model, image_spec(8, 8, **given)))

    def test_figures(self):
        model = linear_classifier(0, 255)
        better = self._better(model, image_spec(8, 8))
        right = {}
        for name, inputs in (
            ("given", (self.pixels - 128.0) / 128.0),
            ("better", self.pixels / 255.0),
        ):
            right[name] = model(inputs).numpy().argmax(axis=1) == self.classes
        self.assertAllClose(better.given_accuracy, right["given"].mean())
        self.assertAllClose(better.accuracy, right["better"].mean())
        only_better = (right["better"] & ~right["given"]).sum()
        only_given = (right["given"] & ~right["better"]).sum()
        mean = (only_better - only_given) / 797
        error = ((only_better + only_given) / 797 - mean**2) ** 0.5 / 796**0.5
        self.assertAllClose(better.difference_error, error)

    def test_a_few_images_prove_nothing(self):
        model = linear_classifier(0, 255)
        self.assertIsNone(self._better(model, image_spec(8, 8), count=1))
        self.assertIsNone(self._better(model, image_spec(8, 8), count=8))


if __name__ == "__main__":
    tf.test.main()
