"""Firmware projects for a scenario's model, with test images as test vectors."""

from collections.abc import Sequence

from tflite_export.exporting.export_folder import FIRMWARE_FOLDER, read_report
from tflite_export.firmware.generate import is_firmware_of, write_firmware
from tflite_export.firmware.project_plan import boards_by_platform
from tflite_export.firmware.test_vectors import TEST_VECTORS
from tflite_export.runtimes.tflm_pool import TflmPool
from tofa_tf.deploy.results import ScenarioResult
from tofa_tf.training.trained_run import TrainedRun


def add_firmware(
    run: TrainedRun, result: ScenarioResult, platforms: Sequence[str], tflm: TflmPool
) -> None:
    """Writes `scenarios/NAME/firmware/PLATFORM/` for each platform that has none of this model yet.

    Args:
        run: that the result is of.
        result: its model; its board, if any, decides which platforms there are.
        platforms: of `tflite_export.devices.platforms`.
        tflm: running TFLite Micros.

    Raises:
        ExportError: if the board has no such platform, TFLite Micro fails, or a folder cannot be
            written.
    """
    model = run.folder / result.tflite
    tflite = model.read_bytes()
    root = model.parent / FIRMWARE_FOLDER
    boards = [result.asked.board] if result.asked.board else []
    plan = boards_by_platform(platforms, boards)
    missing = [name for name in plan if not is_firmware_of(root / name, tflite)]
    if not missing:
        return
    report = read_report(model.parent)
    # Test images lie class by class in a folder; the board should see several classes.
    images = run.experiment.dataset.test.images
    chosen = images[:: -(-len(images) // TEST_VECTORS)]
    for name in missing:
        write_firmware(
            root / name, name, report, tflite, chosen, tflm, boards=plan[name], overwrite=True
        )
