"""The library: arrays or folders in, models for boards out, without flags.

    import tofa_tf as tofa

    data = tofa.Images(x, y, unlabelled=u)
    run = tofa.train(data, workdir="runs/x")
    model = run.deploy("rp2040@100ms")

Everything heavy is imported where it is used, so that importing this costs nothing.
"""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tflite_export.common.settings import check_names, keys_of, with_new_names
from tofa_tf.common.errors import UserError
from tofa_tf.deploy.settings import DeploySettings
from tofa_tf.distribute.cluster import CONNECT_SECONDS
from tofa_tf.space.names import DEFAULT_SPACE
from tofa_tf.training.settings import SINGLE, Settings, Workdir

if TYPE_CHECKING:
    import keras
    import numpy as np

    from tflite_export.devices.boards import Board
    from tflite_export.predictor import Predictor
    from tofa_tf.data.arrays import Images
    from tofa_tf.deploy.results import ScenarioResult
    from tofa_tf.space.arch import Arch
    from tofa_tf.space.search_space import SearchSpace
    from tofa_tf.training.trained_run import TrainedRun


@dataclasses.dataclass(frozen=True)
class Data:
    """A data set by name with the settings that say how it is read; see `load`."""

    dataset: str
    settings: dict[str, Any]


def load(dataset: str | Path, **settings: Any) -> Data:
    """Names a data set: a folder with one sub-folder a class, a tensorflow-datasets set, or digits.

    Images are read when a training knows their size.

    Args:
        dataset: path or name.
        **settings: what `tofa train --helpfull` says of data: `unlabelled`, `test`, ...

    Raises:
        UserError: if a setting is unknown or not allowed.
    """
    made = _make(Settings, {"dataset": dataset, **settings})
    return Data(made.dataset, settings)


def train(
    data: "Images | Data | str | Path",
    *,
    space: "str | SearchSpace" = DEFAULT_SPACE,
    workdir: str | Path,
    overwrite: bool = False,
    extend: bool = False,
    strategy: str = SINGLE,
    connect_seconds: int = CONNECT_SECONDS,
    image_memory_mib: int | None = None,
    on_step: Callable[[int, dict[str, float]], None] | None = None,
    **settings: Any,
) -> "Run":
    """Trains one supernet, goes on where an interrupted training stopped, or reads the result.

    Sets the seeds of Python, numpy and TensorFlow.

    Args:
        data: arrays, what `load` returned, or what it takes.
        space: search space: a name, or one of your own.
        workdir: folder of the run; equal settings and images continue there.
        overwrite: delete another run in that folder.
        extend: go on with a run there that is the same but for fewer steps.
        strategy: "none"; "mirrored" for all GPUs of this machine; "multiworker" for the processes
            that TF_CONFIG names, of which all but the first end here once the training has.
        connect_seconds: how long to wait for the others that TF_CONFIG names.
        image_memory_mib: MiB of decoded images of files that this process keeps in memory; where
            there are more, they are kept in the folder for temporary files. By default a quarter
            of the machine's memory.
        on_step: is told of every finished step: its number, and metrics by name.
        **settings: all others that `tofa train --helpfull` shows, by the same names: `steps`,
            `labels_per_class` (by default all), `resolutions`, `pretrained`, `seed`, ...

    Raises:
        UserError: if a setting is unknown or not allowed, the data cannot be used, the folder
            holds another run, training diverges, or another process does not come or is lost.
    """
    _quiet()
    from tofa_tf.common.workdir import reserved
    from tofa_tf.data.arrays import Images
    from tofa_tf.training.experiment import load_experiment, open_folder
    from tofa_tf.training.together import together
    from tofa_tf.training.trained_run import assist, train_or_load

    images = None
    if isinstance(data, Images):
        images, named = data, Data(str(data), {})
    else:
        named = data if isinstance(data, Data) else load(data)
    made = _make(
        Settings,
        {"dataset": named.dataset, **named.settings, "search_space": space, **settings},
    )
    place = Workdir(str(workdir), overwrite, extend, strategy, connect_seconds, image_memory_mib)
    with (
        together(place, made, images) as replicas,
        reserved(workdir if replicas.is_chief else None),
    ):
        experiment = load_experiment(made, images, image_memory_mib=image_memory_mib)
        if not replicas.is_chief:
            assist(experiment, replicas, on_step)
            raise SystemExit
        folder = open_folder(experiment, workdir, overwrite=overwrite, extend=extend)
        return Run(train_or_load(experiment, folder, on_step, replicas=replicas))


class Run:
    """A trained supernet: models for boards are cut from it in seconds.

    Its folder is this process's own until the run is closed, at the end of a `with` block for
    example, or the process ends.

    Args:
        trained: see `tofa_tf.training.trained_run`.
    """

    def __init__(self, trained: "TrainedRun"):
        self._trained = trained
        self._nets: dict[Arch, keras.Model] = {}

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Lets other processes, `tofa deploy` for example, work in the folder; the last thing."""
        from tofa_tf.common.workdir import close_workdir

        close_workdir(self.workdir)

    @property
    def workdir(self) -> Path:
        """Folder of the run."""
        return self._trained.folder

    @property
    def class_names(self) -> tuple[str, ...]:
        """Name of class i at position i."""
        return tuple(self._trained.experiment.dataset.class_names)

    def deploy(self, target: "str | Board", **settings: Any) -> "Model":
        """Makes a verified int8 model for a board or for budgets; one that is there is kept.

        Args:
            target: a board ("rp2040", "rp2040@100ms", "my_board.toml", a `Board`), or budgets
                ("macs=1M", "flash_kib=256,arena_kib=128").
            **settings: `quantization`, `tolerance`, `vela`, `rule`, `objective`, `firmware`, as
                `tofa deploy --helpfull` says.

        Raises:
            UserError: if no subnet fits, or a setting is unknown or not allowed.
            ExportError: if the board is unknown, or the model fails its verification.
        """
        from tofa_tf.deploy.deploy import deploy
        from tofa_tf.deploy.deployment import check_deployments, make_deployments
        from tofa_tf.deploy.targets import read_deployments

        experiment = self._trained.experiment
        seed = experiment.config.seed
        if isinstance(target, str):
            kind = "scenarios" if "=" in target else "boards"
            how = _make(DeploySettings, {kind: target, **settings})
            wanted = read_deployments(how, seed)
        else:
            how = _make(DeploySettings, settings)
            wanted = make_deployments(
                [], [target], how.int8.asked(seed), how.vela, how.rule, how.objective or ""
            )
        if len(wanted) != 1:
            raise UserError(f"target is {target!r}: name one board or one list of budgets")
        space = experiment.space
        check_deployments(wanted, space, experiment.num_classes, experiment.channels)
        deployed = deploy(self._trained, wanted, platforms=how.firmware)
        if deployed.failures:
            raise UserError(deployed.failures[0])
        return Model(self, deployed.results[0])

    def predict(self, images: "Sequence[np.ndarray] | np.ndarray") -> "np.ndarray":
        """Returns the probability of each class by the largest net, (n, classes) float32.

        Args:
            images: uint8, each (height, width, 3) or grey, (height, width, 1) or (height, width),
                of any size.
        """
        import numpy as np

        from tflite_export.convert.outputs import outputs_of
        from tflite_export.preprocess import to_tensor
        from tflite_export.task import CLASSIFICATION

        experiment = self._trained.experiment
        arch = experiment.space.max_arch
        spec = experiment.input_spec(arch.resolution)
        prepared = np.stack([to_tensor(np.asarray(image), spec) for image in images])
        return CLASSIFICATION.probabilities(outputs_of(self.keras(arch), prepared))

    def baseline(self, name: str, arch: "Arch") -> "keras.Model":
        """Returns what one would make instead of a subnet without a supernet; see `tofa baseline`.

        Args:
            name: ridge, fine_tuned, fine_tuned_semi, scratch, scratch_semi, resnet8 or
                mobilenet_v2_035.
            arch: the subnet that it is compared with.

        Raises:
            UserError: if there is no such baseline, or no start that it could share.
        """
        from tofa_tf.select.alone import baseline_folder, make_alone

        folder = baseline_folder(self.workdir, name, arch)
        return make_alone(name, self._trained.experiment, arch, folder).model

    def keras(self, arch: "Arch") -> "keras.Model":
        """Returns a subnet as a float Keras model, batch norm recalibrated on training images."""
        from tofa_tf.nets.deployable import deployable

        if arch not in self._nets:
            self._nets[arch], _ = deployable(self._trained.supernet, arch, self._trained.experiment)
        return self._nets[arch]


class Model:
    """A verified int8 model of a run, for one board or one list of budgets.

    Args:
        run: that it was cut from.
        result: all figures, see `tofa_tf.deploy.results`.
    """

    def __init__(self, run: Run, result: "ScenarioResult"):
        self._run = run
        self.result = result

    @property
    def tflite(self) -> Path:
        """The model file; its bytes are `tflite.read_bytes()`."""
        return self._run.workdir / self.result.tflite

    @property
    def accuracy(self) -> float:
        """Of the int8 model on the test images, a share of 1."""
        return self.result.int8_accuracy

    @property
    def arena(self) -> int:
        """Bytes to reserve: on its board, or as TFLite Micro counts on a 64-bit machine."""
        board = self.result.board
        return board.fit.arena_used if board else self.result.arena_bytes

    @property
    def arch(self) -> "Arch":
        """The subnet."""
        return self.result.arch

    def keras(self) -> "keras.Model":
        """Returns the float Keras model that it was converted from."""
        return self._run.keras(self.arch)

    def predict(self, images: "Sequence[np.ndarray] | np.ndarray") -> "np.ndarray":
        """Returns the probability of each class by the very .tflite file, in LiteRT.

        Args:
            images: see `Run.predict`.
        """
        return self._predictor.scores(images)

    def report(self) -> Path:
        """Returns the page about the run and its models, report.html."""
        return self._run.workdir / "report.html"

    def firmware(self, platform: str) -> Path:
        """Writes a firmware project for the model, and returns its folder.

        Args:
            platform: make, pico, esp_idf, arduino or zephyr; "board": the usual one of its board.

        Raises:
            ExportError: if there is no such platform, or the folder cannot be written.
        """
        from tflite_export.exporting.export_folder import FIRMWARE_FOLDER
        from tflite_export.firmware.project_plan import boards_by_platform
        from tflite_export.runtimes.tflm_pool import TflmPool
        from tofa_tf.deploy.firmware import add_firmware

        board = self.result.asked.board
        (platform,) = boards_by_platform([platform], [board] if board else [])
        with TflmPool() as tflm:
            add_firmware(self._run._trained, self.result, [platform], tflm)
        return self.tflite.parent / FIRMWARE_FOLDER / platform

    @functools.cached_property
    def _predictor(self) -> "Predictor":
        from tflite_export.predictor import Predictor

        return Predictor.of(self.tflite)


def _make(settings: type[Any], values: dict[str, Any]) -> Any:
    """Makes settings of keyword arguments, of which none may be unknown."""
    keys = keys_of(settings)
    values = with_new_names(values, keys)
    check_names(values, keys)
    return settings.make(values)


def _quiet() -> None:
    """Imports TensorFlow without its greeting, if nobody has imported it yet."""
    from tflite_export.common import quiet_tensorflow  # noqa: F401
