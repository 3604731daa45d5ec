import json

import tensorflow as tf
from absl.testing import parameterized

from tflite_export.common.errors import ExportError, TofaError
from tflite_export.input_spec import RESIZE, InputSpec, default_spec, image_spec

_IMAGE = {"crop": "centre", "resize": RESIZE}


class InputSpecTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.parameters(
        (image_spec(48, 64, "bgr", mean=(1, 2, 3), std=(4,), augmentations=("flip", "shift")),),
        (InputSpec((128, 3), mean=(0.5, 0.25, 1e-9), std=(9.81,)),),
        (InputSpec((640,)),),
    )
    def test_round_trip(self, spec):
        self.assertEqual(InputSpec.from_json(json.loads(json.dumps(spec.to_json()))), spec)

    def test_default_makes_pixels_what_int8_has(self):
        spec = image_spec(48, 64)
        self.assertEqual((spec.shape, spec.colour), ((48, 64, 3), "rgb"))
        self.assertEqual((spec.mean, spec.std, spec.crop), ((128.0,), (128.0,), "centre"))
        self.assertTrue(spec.is_image)
        self.assertEqual(image_spec(4, 4, "grey").channels, 1)

    def test_default_goes_by_the_shape(self):
        self.assertEqual(default_spec((48, 64, 3)), image_spec(48, 64))
        self.assertEqual(default_spec((8, 8, 1)), image_spec(8, 8, "grey"))
        self.assertEqual(default_spec((8, 8, 2)).colour, "")
        self.assertEqual(default_spec((8, 3)), InputSpec((8, 3), mean=(0.0,), std=(1.0,)))

    def test_for_reading(self):
        self.assertEqual(
            str(image_spec(8, 8, mean=(123.5, 1, 0), std=(58,))),
            "(pixel - [123.5, 1, 0]) / [58], rgb, centre",
        )
        self.assertEqual(str(InputSpec((16, 2))), "(value - [0]) / [1]")

    @parameterized.parameters(
        ({"shape": ()}, r"shape=\(\): \(height, width, channels\), \(steps, sensors\) or"),
        ({"shape": (1, 2, 3, 4)}, "without the batch"),
        ({"shape": (8, 0)}, "without the batch"),
        ({"shape": (8, 2), "colour": "rgb"}, r"are of images, and \(8, 2\) is none"),
        ({"shape": (8,), "crop": "centre"}, "are of images"),
        ({"shape": (8, 8, 3), "colour": "grey", **_IMAGE}, "'grey' does not suit 3 .*'rgb' or 'bg"),
        ({"shape": (8, 8, 2), "colour": "rgb", **_IMAGE}, "suit 2 channels; an empty text does"),
        ({"shape": (8, 8, 3), "resize": RESIZE}, "crop='': choose one of centre, stretch"),
        ({"shape": (8, 8, 3), "crop": "centre", "resize": "x"}, "resize='x': the only rule is"),
        ({"shape": (8, 3), "mean": (1.0, 2.0)}, "mean has 2 values; give one, or .* 3 along"),
        ({"shape": (8, 3), "std": (1.0, 0.0, 1.0)}, "every value must be above 0"),
        ({"shape": (8, 3), "std": (float("inf"),)}, "finite numbers"),
        ({"shape": (8, 3), "mean": (float("nan"),)}, "finite numbers"),
        ({"shape": (8,), "augmentations": ("a b",)}, "names are needed"),
    )
    def test_refused(self, fields, message):
        with self.assertRaisesRegex(ExportError, message):
            InputSpec(**fields)

    def test_unknown_colour(self):
        with self.assertRaisesRegex(ExportError, "colour='yuv': choose one of rgb, bgr, grey"):
            image_spec(8, 8, "yuv")

    def test_what_is_read_is_checked_too(self):
        data = InputSpec((8, 3)).to_json() | {"std": [-1.0]}
        with self.assertRaisesRegex(TofaError, "above 0"):
            InputSpec.from_json(data)


if __name__ == "__main__":
    tf.test.main()
