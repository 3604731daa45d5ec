"""What can be wrong with an export: the model file, its inputs, the folder, how."""

from tests.corpus.case import Case
from tests.corpus.surroundings import Surroundings

_SETTINGS = {
    "model": "{vector_keras}",
    "representative": "{vectors_npy}",
    "output": "{root}/exported",
}

_IMAGES = {"model": "{flat_keras}", "representative": "{photos}"}


def _case(name: str, message: str, *, found: int = 0, **settings: object) -> Case:
    return Case(name, "export", _SETTINGS | settings, message, found=found)


CASES = (
    # The model.
    _case("no model", "there is no model file no.keras", model="no.keras"),
    _case("folder as model", "is a folder; a .keras or .h5", model="{empty}"),
    _case("array as model", "is not a Keras model: a .keras or .h5", model="{vectors_npy}"),
    _case("text as model", "damaged or not a Keras model", model="{text_keras}"),
    _case("half a model", "is damaged", model="{half_keras}"),
    _case("weights alone", "holds weights at most", model="{weights_h5}"),
    _case("code in a model", "the Lambda layer 'mine', which is code", model="{code_h5}", found=1),
    _case(
        "model that fills the memory",
        "would take 70 MiB, more than",
        model="{bomb_keras}",
        found=21,
    ),
    # TensorFlow waits ten seconds for memory: once is enough.
    Case(
        "weights that no memory holds",
        "export",
        _SETTINGS | {"model": "{endless_keras}"},
        "OOM when allocating",
        in_python=False,
    ),
    _case(
        "model that loops",
        "layer 'memory' loops ",
        model="{memory_keras}",
        representative="{windows_npy}",
        found=10,
    ),  # fmt: skip
    _case("weights that are no numbers", "contains NaN", model="{nan_keras}"),
    _case("half precision", "layer 'mine' computes in float16", model="{half_precision_keras}"),
    # Its inputs.
    _case("nothing to calibrate with", "no folder or file nowhere", representative="nowhere"),
    _case(
        "inputs of another shape",
        "holds (8, 5); the model needs (n, 4)",
        representative="{wide_npy}",
    ),
    _case("inputs that are no numbers", "contain NaN or infinity", representative="{nan_npy}"),
    _case(
        "inputs beyond float32", "numbers too large for float32", representative="{large_npy}"
    ),  # fmt: skip
    _case("inputs that are objects", "damaged or not a numpy file", representative="{objects_npy}"),
    _case("inputs cut short", "damaged or not a numpy file", representative="{cut_npy}"),
    _case("inputs of flipped bits", "or not a numpy file", representative="{flipped_npy}"),
    _case(
        "inputs of petabytes",
        "endless.npy is not loaded: its arrays would take 1.49e+07 GiB, more than half of",
        representative="{endless_npy}",
    ),
    _case(
        "inputs that unfold to petabytes",
        "endless.npz is not loaded: its arrays would take 1.49e+07 GiB, more than half of",
        representative="{endless_npz}",
    ),
    _case("images for a model of vectors", "is not made of image files", representative="{photos}"),
    _case(
        "images of one endless row",
        "134217720 x 1 pixels, a side of at most 65535 is read; mend or remove it",
        **_IMAGES | {"representative": "{rows}"},
    ),
    _case("nothing to test with", "no folder or file nowhere", test="nowhere"),
    _case("test without labels", "has no labels: an .npz file", test="{vectors_npy}"),
    _case("mean alone", "mean and std go together", mean="1"),
    _case("division by 0", "std is (0.0,): it must be above 0", mean="1", std="0"),
    _case("mean in words", "it must be a number", mean="x", std="1"),
    _case(
        "mean of another number of channels", "mean has 2 values", mean="1,2", std="1", **_IMAGES
    ),  # fmt: skip
    _case(
        "colours of another number of channels",
        "colour='grey' does not suit 3 channels",
        colour="grey",
        **_IMAGES,
    ),  # fmt: skip
    _case("colours of what is no image", "is no image", colour="rgb"),
    _case("no inputs", "inputs is 0: it must be at least 1", inputs=0),
    # How, and where to.
    _case("unknown task", "task is 'guess': available: auto, binary", task="guess"),
    _case("board of export", "unknown board 'rp2041'", boards="rp2041"),
    _case("method of export", "quantization is 'int4'", quantization="int4"),
    _case("unknown platform", "no firmware for 'mbed'", firmware="mbed"),
    _case(
        "a foreign folder for an export",
        "holds no export (it has no",
        output="{foreign}",
        overwrite=True,
        found=3,
    ),
    _case(
        "a run's folder for an export",
        "holds a run, not an export",
        output="{trained}",
        overwrite=True,
        found=4,
    ),
    _case("a file for an export", "is a file; name a folder", output="{file}"),
    _case("a folder in a file for an export", "file is a file; name a folder", output="{file}/out"),
    Case(
        "SIGTERM in an export",
        "export",
        _SETTINGS,
        "what was finished is kept",
        in_python=False,
        found=23,
        around=Surroundings(terminated_in="tflite_export.exporting.run_export.load_model"),
    ),
)
