"""Firmware projects for a scenario's model, with test images as test vectors."""

from collections.abc import Sequence

import numpy as np

from tflite_export.convert.quantization import quantize
from tflite_export.exporting.export_folder import FIRMWARE_FOLDER
from tflite_export.firmware.generate import TEST_VECTORS, is_firmware_of, write_firmware
from tflite_export.graph.flatbuffer import read_tflite
from tflite_export.runtimes.tflm_pool import TflmPool
from tofa_tf.deploy.results import ScenarioResult
from tofa_tf.training.experiment import Experiment
from tofa_tf.training.trained_run import TrainedRun


def add_firmware(
    run: TrainedRun, result: ScenarioResult, platforms: Sequence[str], tflm: TflmPool
) -> None:
    """Writes `scenarios/NAME/firmware/PLATFORM/` for each platform that has none of this model yet.

    Args:
        run: that the result is of.
        result: its model; its board, if any, sizes the arena.
        platforms: of `tflite_export.firmware.generate.PLATFORMS`.
        tflm: running TFLite Micros.

    Raises:
        ExportError: if TFLite Micro fails, or a folder cannot be written.
    """
    model = run.folder / result.tflite
    tflite = model.read_bytes()
    root = model.parent / FIRMWARE_FOLDER
    missing = [name for name in platforms if not is_firmware_of(root / name, tflite)]
    if not missing:
        return
    inputs = _test_vectors(tflite, run.experiment, result.arch.resolution)
    arena = result.board.fit.arena_used if result.board else None
    for platform in missing:
        write_firmware(
            root / platform, platform, tflite, inputs, tflm, arena_bytes=arena, overwrite=True
        )


def _test_vectors(tflite: bytes, experiment: Experiment, resolution: int) -> np.ndarray:
    source = read_tflite(tflite).inputs[0]
    images = experiment.test_images(resolution)
    # Test images lie class by class in a folder; the board should see several classes.
    chosen = images[:: -(-len(images) // TEST_VECTORS)]
    return quantize(chosen, source.scales[0], source.zero_points[0])
