import pathlib

import numpy as np
from absl.testing import absltest, parameterized

from tests.tflite_export.firmware.facts import facts_of
from tests.tflite_export.firmware.native import temporary_folder
from tflite_export.common.errors import ExportError
from tflite_export.common.raw_frames import PIXELS, named_frames
from tflite_export.firmware.test_vectors import make_frames
from tflite_export.input_spec import image_spec

_OF_FIRMWARE = {"RGB888": "rgb888", "RGB565": "rgb565", "RGB565_BIG_ENDIAN": "rgb565be",
                "GREY": "grey"}  # fmt: skip


class RawFramesTest(parameterized.TestCase):
    def setUp(self):
        super().setUp()
        self.folder = temporary_folder(self)

    def _file(self, name: str, content: bytes) -> pathlib.Path:
        path = self.folder / name
        path.write_bytes(content)
        return path

    def test_frames_are_those_that_firmware_is_tested_with(self):
        images = np.random.default_rng(0).integers(0, 256, (4, 40, 30, 3), np.uint8)
        made = make_frames(images, facts_of(image_spec(16, 12)))
        self.assertCountEqual([_OF_FIRMWARE[frame.format] for frame in made], PIXELS)
        for frame in made:
            height, width = frame.image.shape[:2]
            kind = _OF_FIRMWARE[frame.format]
            pixel_bytes = {"rgb888": 3, "grey": 1}.get(kind, 2)
            # A row may be longer than its pixels; a file has nothing between its rows.
            content = frame.rows[:, : width * pixel_bytes].tobytes()
            named = self._file(f"one.{kind}", content)
            other = self._file("frame.raw", content)
            for found in (
                list(named_frames(named, width, height)),
                list(named_frames(other, width, height, kind)),
            ):
                self.assertLen(found, 1)
                np.testing.assert_array_equal(found[0][1], frame.image)

    def test_several_frames(self):
        path = self._file("many.grey", bytes(range(24)))
        found = list(named_frames(path, 4, 3))
        self.assertEqual([name for name, _ in found], [f"{path}[0]", f"{path}[1]"])
        np.testing.assert_array_equal(found[1][1][..., 0], np.arange(12, 24).reshape(3, 4))

    @parameterized.parameters(
        ("a.grey", b"12345", 2, 3, "", "has 5 bytes; a frame of 2 x 3 pixels of grey has 6: mend"),
        ("a.grey", b"", 2, 3, "", "has 0 bytes"),
        ("a.raw", b"1", 1, 1, "", "say what its pixels are, pixels=rgb888, .* or grey"),
        ("a.grey", b"1", 1, 0, "", "width=1, height=0: a frame has at least one pixel"),
        ("a.grey", b"1", 1, 1, "yuv422", "say what its pixels are"),
    )
    def test_refused(self, name, content, width, height, pixels, message):
        with self.assertRaisesRegex(ExportError, message):
            list(named_frames(self._file(name, content), width, height, pixels))

    def test_no_file(self):
        with self.assertRaisesRegex(ExportError, "cannot read .*nowhere.grey: No such file"):
            list(named_frames(self.folder / "nowhere.grey", 1, 1))


if __name__ == "__main__":
    absltest.main()
