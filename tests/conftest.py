"""Which of the tests count, and which of them `make check` leaves out."""

import functools
import gc
import os
from pathlib import Path

import pytest

from tests.shared import FOLDER

_ROOT = Path(__file__).parents[1]
# Tests trace graphs of a hundred thousand objects, which would be looked through again and again.
gc.set_threshold(100_000, 50, 100)

# Files and folders whose tests take seconds each: training, conversion, processes of their own.
# `make check` is for the inner loop; `make test` runs all of them, in this order and before all
# others: a long file at the end would keep one process waiting for the other.
SLOW = (
    "tests/tofa_tf/pretrained",
    "tests/tofa_tf/training/trainer_test.py",
    "tests/tofa_tf/select/alone_test.py",
    "tests/tofa_tf/data/pipeline_test.py",
    "tests/tofa_tf/nets",
    "tests/tofa_tf/deploy/scenario_test.py",
    "tests/benchmarks",
    "tests/corpus",
    "tests/examples_test.py",
    "tests/package_test.py",
    "tests/readme_test.py",
    "tests/tflite_export/convert",
    "tests/tflite_export/exporting/export_again_test.py",
    "tests/tflite_export/exporting/run_export_test.py",
    "tests/tflite_export/export_test.py",
    "tests/tflite_export/exporting/exporter_kinds_test.py",
    "tests/tflite_export/exporting/exporter_test.py",
    "tests/tflite_export/firmware",
    "tests/tflite_export/graph/arena_test.py",
    "tests/tflite_export/pack",
    "tests/tflite_export/predictor_test.py",
    "tests/tflite_export/runtimes",
    "tests/tflite_export/task_test.py",
    "tests/tofa_tf/api_test.py",
    "tests/tofa_tf/app",
    "tests/tofa_tf/blocks",
    "tests/tofa_tf/data/rand_augment_test.py",
    "tests/tofa_tf/deploy/accuracy_plot_test.py",
    "tests/tofa_tf/deploy/deploy_test.py",
    "tests/tofa_tf/deploy/firmware_test.py",
    "tests/tofa_tf/deploy/report_test.py",
    "tests/tofa_tf/distribute",
    "tests/tofa_tf/layers",
    "tests/tofa_tf/select/rules_test.py",
    "tests/tofa_tf/space/cost_test.py",
    "tests/tofa_tf/space/operator_net_test.py",
    "tests/tofa_tf/pretraining/loop_test.py",
    "tests/tofa_tf/pretraining/run_test.py",
    "tests/tofa_tf/pretraining/step_test.py",
    "tests/tofa_tf/teacher/keras_trunk_test.py",
    "tests/tofa_tf/teacher/lite0_test.py",
    "tests/tofa_tf/training/evaluate_test.py",
    "tests/tofa_tf/training/extension_test.py",
    "tests/tofa_tf/training/guard_test.py",
    "tests/tofa_tf/training/head_start_test.py",
    "tests/tofa_tf/training/mixed_precision_test.py",
    "tests/tofa_tf/training/together_test.py",
    "tests/tofa_tf/training/train_step_test.py",
    "tests/tofa_tf/training/trained_run_test.py",
)


@pytest.fixture(scope="session", autouse=True)
def _session_folder(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> None:
    own = tmp_path_factory.getbasetemp()
    os.environ[FOLDER] = str(own if worker_id == "master" else own.parent)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests of slow files, which come first; single ones are marked where they stand."""
    # A method of every tf.test.TestCase that is called like a test and is none.
    items[:] = [item for item in items if item.name != "test_session"]
    for item in items:
        if _place(item.path) < len(SLOW):
            item.add_marker(pytest.mark.slow)
    items.sort(key=lambda item: _place(item.path))


@functools.cache
def _place(path: Path) -> int:
    """Returns where a file stands in the table of slow ones; behind its end if it does not."""
    own = path.relative_to(_ROOT)
    places = (place for place, slow in enumerate(SLOW) if own.is_relative_to(slow))
    return next(places, len(SLOW))
